"""Features are cached under what decides them; heads, scores and intervals agree with independent references."""

import json
import warnings

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional as F

from ofa_engine import sensors
from ofa_engine.checkpoint import save_checkpoint
from ofa_engine.errors import InputError, OfaError
from ofa_engine.model import Architecture
from training import linear_probe as lp
from training.readers_starter import chip_digest
from training.tasks import Task

ARCH = Architecture(24, 2, 2, input_px=32)


class Memory:
    """A split in memory that counts how often it is read."""

    def __init__(self, samples):
        self.samples, self.reads = samples, 0

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, number):
        self.reads += 1
        return self.samples[number]


def sample(kind, classes, rng, size_px):
    """Grey level (classes) or grey stripes (pixels) say the class, in noise."""
    noise = rng.normal(0, 4, (3, size_px, size_px)).astype(np.float32)
    if kind == "classify":
        label = int(rng.integers(classes))
        return 60 + 60 * label + noise, label
    if kind == "multilabel":
        label = rng.integers(0, 2, classes).astype(np.float32)
        return 100 + noise + 80 * np.resize(label, 3)[:, None, None].astype(np.float32), label
    label = np.repeat(rng.permutation(np.resize(np.arange(classes), size_px // 16)), 16)
    label = np.broadcast_to(label, (size_px, size_px)).astype(np.int64).copy()
    pixels = (60 + 60 * label + noise).astype(np.float32)
    label[:2] = -1
    return pixels, label


def make_task(kind="classify", classes=3, count=40, seed=0, size_px=32, **changes):
    rng = np.random.default_rng(seed)
    splits = {name: Memory([sample(kind, classes, rng, size_px) for _ in range(count)])
              for name in ("train", "valid", "test")}  # fmt: skip
    told = dict(name="made", kind=kind, classes=tuple("abcdefgh"[:classes]), sensor="naip", bands=(0, 1, 2),
                source_bands=("R", "G", "B"), mean=(120.0,) * 3, std=(60.0,) * 3, splits=splits, key=f"{kind}{seed}")
    return Task(**(told | changes))


@pytest.fixture(scope="module")
def backbone():
    return lp.random_backbone(ARCH, 0)


# --- features ---


def test_features_are_the_models_mean_tokens(backbone):
    task = make_task(size_px=24)
    task.splits["test"].samples[3][0][1, 4:9, 4:9] = np.nan
    x, y = lp.features(backbone, task, "test", batch=7)
    assert x.shape == (40, 24) and x.dtype == np.float32 and y.dtype == np.int64
    for number in (0, 3, 39):
        pixels, label = task.splits["test"].samples[number]
        values = np.nan_to_num((pixels - 120) / 60)  # missing values become the mean
        values = F.interpolate(torch.from_numpy(values)[None], size=(32, 32), mode="bilinear", align_corners=False)
        expected = backbone.model(values, "naip")[0].mean(0)
        np.testing.assert_allclose(x[number], expected, rtol=1e-4, atol=1e-5)
        assert y[number] == label


def test_missing_bands_are_left_out_of_the_embedder(backbone):
    task = make_task(bands=(0, 2), source_bands=("R", "B"), mean=(120.0,) * 2, std=(60.0,) * 2)
    for split in task.splits.values():
        split.samples = [(pixels[[0, 2]], label) for pixels, label in split.samples]
    x, _ = lp.features(backbone, task, "test")
    pixels = torch.from_numpy((task.splits["test"].samples[0][0] - 120) / 60)[None].float()
    np.testing.assert_allclose(x[0], backbone.model(pixels, "naip", (0, 2))[0].mean(0), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", ["classify", "multilabel", "segment"])
def test_the_second_time_comes_from_the_cache(backbone, tmp_path, kind):
    task = make_task(kind, count=6)
    fresh = lp.features(backbone, task, "test")
    first = lp.features(backbone, task, "test", tmp_path)
    reads = task.splits["test"].reads
    again = lp.features(backbone, task, "test", tmp_path)
    assert task.splits["test"].reads == reads, "read from the cache"
    for a, b, c in zip(fresh, first, again, strict=True):
        assert np.array_equal(a, b) and np.array_equal(a, c) and a.dtype == c.dtype
    assert len(list(tmp_path.iterdir())) == 2, "and nothing is left over"


def test_the_cache_is_keyed_by_all_that_decides(backbone, tmp_path):
    def files(*arguments, **settings):
        lp.features(*arguments, tmp_path, **settings)
        return len(list(tmp_path.glob("*.x.npy")))

    task = make_task(count=4)
    assert files(backbone, task, "test") == files(backbone, task, "test") == 1
    assert files(backbone, task, "train") == 2
    assert files(lp.random_backbone(ARCH, 1), task, "test") == 3, "weights"
    assert files(lp.random_backbone(Architecture(24, 2, 2, input_px=16), 0), task, "test") == 4, "input size"
    assert files(backbone, make_task(count=4, key="other"), "test") == 5, "data"
    assert files(backbone, make_task(count=4, mean=(100.0,) * 3), "test") == 6, "normalisation"
    assert files(backbone, task, "test", normalise="checkpoint") == 7
    assert files(backbone, task, "test", flips=(True, False)) == 8


def test_a_stopped_run_leaves_nothing_in_the_cache(backbone, tmp_path):
    task = make_task(count=9)
    task.splits["train"].samples[8] = (np.full((3, 32, 32), 1e38, np.float32), 0)  # overflows in the model
    with pytest.raises(OfaError, match="finite"), np.errstate(all="ignore"):
        lp.features(backbone, make_task(count=9, splits=task.splits, std=(1e-30,) * 3), "train", tmp_path, batch=4)
    assert list(tmp_path.iterdir()) == []


def test_flips_turn_image_and_label_alike(backbone):
    task = make_task("segment", count=2)
    x, y = lp.features(backbone, task, "test", flips=(True, True))
    mirrored = Memory([(p[:, ::-1, ::-1], m[::-1, ::-1]) for p, m in task.splits["test"].samples])
    expected = lp.features(backbone, make_task("segment", splits={"test": mirrored}), "test")
    assert np.array_equal(x, expected[0]) and np.array_equal(y, expected[1])


def test_checkpoint_statistics_are_refused_for_a_foreign_unit(backbone):
    task = make_task(mean=(0.5,) * 3, std=(0.2,) * 3)  # reflectance where 8-bit values are expected
    with pytest.raises(InputError, match="--normalise task"):
        lp.statistics_of(backbone, task, "checkpoint")
    mean, std = lp.statistics_of(backbone, make_task(bands=(2, 1, 0)), "checkpoint")
    assert mean == sensors.get("naip").mean[::-1] and std == sensors.get("naip").std[::-1]


# --- backbones ---


def test_a_checkpoint_gives_its_own_tokens_and_statistics(tmp_path):
    model = lp.random_backbone(ARCH, 3).model
    save_checkpoint(tmp_path / "m.safetensors", model, "mine", {},
                    statistics={"naip": ([1.0, 2, 3], [4.0, 5, 6])})  # fmt: skip
    loaded = lp.checkpoint_backbone(tmp_path / "m.safetensors")
    pixels = torch.randn(2, 3, 32, 32)
    assert torch.equal(loaded.tokens(pixels, "naip", (0, 1, 2)), model(pixels, "naip"))
    assert loaded.fingerprint("naip") == model.fingerprint("naip") and loaded.input_px == 32
    assert loaded.statistics("naip") == ([1, 2, 3], [4, 5, 6]) and loaded.name == "mine"


def test_random_weights_follow_the_seed_alone():
    before = torch.get_rng_state()
    prints = [lp.random_backbone(ARCH, seed).fingerprint("enmap") for seed in (0, 0, 1)]
    assert prints[0] == prints[1] != prints[2]
    assert torch.equal(torch.get_rng_state(), before), "the global generator is left as it was"


def test_a_missing_embedder_is_named(tmp_path):
    from ofa_engine.model import OFANet

    save_checkpoint(tmp_path / "m.safetensors", OFANet(ARCH, ["naip"]), "one", {})
    with pytest.raises(InputError, match="expected an embedder for enmap, found naip"):
        lp.checkpoint_backbone(tmp_path / "m.safetensors").fingerprint("enmap")


@pytest.mark.parametrize("name", ["vit_tiny_patch16_224", "resnet10t"])
def test_timm_tokens(name):
    model = lp.TimmBackbone(name, pretrained=False)
    side = model.input_px
    tokens = model.tokens(torch.zeros(1, 3, side, side), "naip", (0, 1, 2))
    assert tokens.ndim == 3 and round(tokens.shape[1] ** 0.5) ** 2 == tokens.shape[1]
    assert model.tokens(torch.zeros(1, 4, side, side), "gaofen", (0, 1, 2, 3)).shape == tokens.shape
    assert model.fingerprint("naip") == lp.TimmBackbone(name, pretrained=False).fingerprint("naip")
    assert model.fingerprint("naip") != lp.TimmBackbone(name, pretrained=False, seed=1).fingerprint("naip")
    assert 100 < model.statistics("naip")[0][0] < 130
    with pytest.raises(InputError, match="--normalise task"):
        model.statistics("sentinel-2")


def test_timm_vit_tokens_are_its_patch_tokens(tmp_path):
    """Also: weights come from a file, and nothing is downloaded unless told."""
    import timm

    plain = timm.create_model("vit_tiny_patch16_224", num_classes=0).eval()
    torch.save(plain.state_dict(), tmp_path / "weights.pth")
    with warnings.catch_warnings():
        model = lp.TimmBackbone("vit_tiny_patch16_224", file=tmp_path / "weights.pth")
    pixels = torch.randn(1, 3, 224, 224)
    with torch.no_grad():
        expected = plain.forward_features(pixels)[:, 1:]
        torch.testing.assert_close(model.tokens(pixels, "naip", (0, 1, 2)), expected, rtol=1e-4, atol=1e-5)
    with pytest.raises(InputError, match="--download"):
        lp.TimmBackbone("vit_giant_patch14_224")
    with pytest.raises(InputError, match="a model that timm has"):
        lp.TimmBackbone("no_such_model")


def test_satmae_is_for_sentinel_2_alone(tmp_path):
    from training.satmae import SatMAE

    model = SatMAE(96, 1, 1, 8, 2, 32).eval()  # one head: that of an unknown width
    torch.save({"model": model.state_dict()}, tmp_path / "satmae.pth")
    loaded = lp.SatMAEBackbone(tmp_path / "satmae.pth")
    pixels = torch.randn(1, 3, 16, 16)
    assert torch.equal(loaded.tokens(pixels, "sentinel-2", (0, 1, 2)), model(pixels, (0, 1, 2)))
    assert loaded.input_px == 16
    assert loaded.fingerprint("sentinel-2") == lp.SatMAEBackbone(tmp_path / "satmae.pth").fingerprint("sentinel-2")
    for wrong in (lambda: loaded.fingerprint("naip"), lambda: loaded.statistics("sentinel-2")):
        with pytest.raises(InputError, match="expected"):
            wrong()


# --- heads ---


def blobs(rng, count, classes=4, width=6, spread=1.0):
    y = rng.integers(0, classes, count)
    return (10 * np.eye(classes, width)[y] * 0.2 + rng.normal(0, spread, (count, width))).astype(np.float32), y


def reference(x, y, strength, classes):
    """Multinomial logistic regression in torch: the same problem, another solver."""
    z = torch.from_numpy((x - x.mean(0)) / x.std(0)).double()
    weight = torch.zeros(classes, x.shape[1], dtype=torch.float64, requires_grad=True)
    bias = torch.zeros(classes, dtype=torch.float64, requires_grad=True)
    solver = torch.optim.LBFGS([weight, bias], max_iter=2000, tolerance_grad=1e-10, tolerance_change=1e-14,
                               line_search_fn="strong_wolfe")  # fmt: skip

    def loss():
        solver.zero_grad()
        fit = F.cross_entropy(F.linear(z, weight, bias), torch.from_numpy(y), reduction="sum")
        total = strength * fit + 0.5 * weight.square().sum()
        total.backward()
        return total

    solver.step(loss)
    return weight.detach().numpy(), bias.detach().numpy()


def test_logistic_regression_is_that_of_another_solver():
    rng = np.random.default_rng(1)
    train, valid, test = (blobs(rng, n) for n in (300, 100, 500))
    model = lp.fit_logistic(train, valid)
    x = train[0].astype(np.float64)
    weight, bias = reference(x, train[1], model.strength, 4)
    logits = ((test[0] - x.mean(0)) / x.std(0)) @ weight.T + bias
    assert np.array_equal(model.predict(test[0]), logits.argmax(1)) and model.converged
    expected = torch.from_numpy(logits).softmax(1).numpy()
    np.testing.assert_allclose(model.scores(test[0]), expected, atol=1e-3)


def test_strength_is_the_best_on_validation():
    rng = np.random.default_rng(2)
    train, valid = blobs(rng, 60, spread=2.0), blobs(rng, 400, spread=2.0)

    def accuracy(strength):
        return (lp.fit_logistic(train, valid, strengths=[strength]).predict(valid[0]) == valid[1]).mean()

    chosen = lp.fit_logistic(train, valid)
    assert accuracy(chosen.strength) >= max(map(accuracy, (1e-4, 1e-2, 1.0))) - 1e-9


def test_two_classes_missing_classes_and_one_class():
    rng = np.random.default_rng(3)
    x, y = blobs(rng, 200, classes=2)
    weight, bias = reference(x.astype(np.float64), y, 0.1, 2)
    model = lp.fit_logistic((x, y), (x, y), strengths=[0.1])
    logits = ((x - x.mean(0)) / x.std(0)) @ weight.T + bias
    assert (model.predict(x) == logits.argmax(1)).mean() > 0.99
    gap = lp.fit_logistic((x, 2 * y), (x, np.where(np.arange(200) < 5, 3, 2 * y)))  # none of 1 and 3 to train
    assert gap.scores(x).shape == (200, 4) and set(gap.predict(x)) == {0, 2}
    np.testing.assert_allclose(gap.scores(x).sum(1), 1)
    assert set(lp.fit_logistic((x, np.ones(200, int)), (x, y)).predict(x)) == {1}


def test_multilabel_is_one_regression_a_class():
    rng = np.random.default_rng(4)
    x = rng.normal(size=(200, 5)).astype(np.float32)
    y = (x @ rng.normal(size=(5, 4)) > 0).astype(np.float32)
    y[:, 2], y[:, 3] = 0, 1  # never, always
    model = lp.fit_logistic((x, y), (x, y), strengths=[1.0])
    assert model.multilabel and not model.predict(x)[:, 2].any() and model.predict(x)[:, 3].all()
    one = lp.fit_logistic((x, y[:, 0].astype(int)), (x, y[:, 0].astype(int)), strengths=[1.0])
    np.testing.assert_allclose(model.scores(x)[:, 0], one.scores(x)[:, 1], atol=1e-6)


def test_token_head_scores_pixels_by_convolution_and_upsampling():
    head = lp.TokenHead(8, 3).eval()
    head.norm.running_mean.normal_()
    torch.nn.init.normal_(head.linear.weight)
    tokens = torch.randn(2, 16, 8)
    up = torch.nn.functional.interpolate(tokens.transpose(1, 2).reshape(2, 8, 4, 4), size=(24, 20), mode="bilinear")
    expected = F.conv2d((up - head.norm.running_mean[:, None, None]) / (1 + 1e-5) ** 0.5,
                        head.linear.weight[..., None, None], head.linear.bias)  # fmt: skip
    torch.testing.assert_close(head(tokens, (24, 20)), expected, rtol=1e-4, atol=1e-4)


def test_batches_cover_all_and_none_is_single():
    for count in range(2, 30):
        parts = lp._parts(count, 7)
        assert [i for part in parts for i in range(count)[part]] == list(range(count))
        assert all(part.stop - part.start > 1 for part in parts)


@pytest.mark.parametrize("wrong", [lp.Recipe("other"), lp.Recipe(augment=True), lp.Recipe("paper", "lars")])
def test_recipes_that_cannot_be_used(wrong):
    with pytest.raises(InputError, match="expected"):
        wrong.resolved("classify")


def test_the_papers_rates():
    assert lp.PAPER.resolved("classify").lr == 1e-2 and lp.PAPER.resolved("segment").lr == 1e-4


# --- scores ---


def stacked_scores(rng, kind, classes, count):
    shape = (count, classes, 12, 10) if kind == "segment" else (count, classes)
    scores = rng.random(shape)
    if kind == "multilabel":
        return scores, (rng.random(shape) < 0.4).astype(np.float32)
    y = rng.integers(-1 if kind == "segment" else 0, classes - 1, (count, *shape[2:]))  # the last class never occurs
    return scores / scores.sum(1, keepdims=True), y


@pytest.mark.parametrize("kind", ["classify", "multilabel", "segment"])
def test_scores_are_torchmetrics_and_intervals_hold_them(kind):
    """Sums of our own counts give what torchmetrics gives; resampling them is resampling the samples."""
    rng = np.random.default_rng(6)
    scores, y = stacked_scores(rng, kind, 5, 60)
    scored, each = lp.evaluate(kind, 5, [(scores[:25], y[:25]), (scores[25:], y[25:])], resamples=200)
    counts = lp._counts(kind, scores, y)
    own = lp._values(kind, counts.sum(0))
    for name, value in own.items():
        assert scored[name][0] == pytest.approx(float(value), abs=1e-6), name
    for name, (value, low, high) in scored.items():
        assert 0 <= low <= value <= high <= 1 and high - low < 0.4, name
    tp, fp, fn = counts.sum(0).T
    wanted = {"classify": tp / np.maximum(tp + fn, 1), "multilabel": 2 * tp / (2 * tp + fp + fn),
              "segment": tp / (tp + fp + fn)}[kind]  # fmt: skip
    np.testing.assert_allclose(each, wanted, atol=1e-6)
    if kind != "multilabel":
        rows = rng.integers(0, 60, 60)
        again, _ = lp.evaluate(kind, 5, [(scores[rows], y[rows])], resamples=10)
        drawn = lp._values(kind, (np.bincount(rows, minlength=60) @ counts.reshape(60, -1)).reshape(5, 3))
        assert again[lp.METRIC[kind]][0] == pytest.approx(float(drawn[lp.METRIC[kind]]), abs=1e-6)


def test_interval_is_that_of_a_share():
    """Of 400 samples, 80 % right: the binomial's standard error is 2 %."""
    scores = np.eye(2)[np.r_[np.zeros(320, int), np.ones(80, int)]]
    value, low, high = lp.evaluate("classify", 2, [(scores, np.zeros(400, int))])[0]["accuracy"]
    assert value == pytest.approx(0.8)
    assert low == pytest.approx(0.76, abs=0.01) and high == pytest.approx(0.84, abs=0.01)


# --- the probe ---


@pytest.mark.parametrize("kind", ["classify", "multilabel", "segment"])
@pytest.mark.parametrize("recipe", [lp.FAST, lp.Recipe("paper", "adamw", 0.05, 20, 16, augment=True)],
                         ids=["fast", "paper"])  # fmt: skip
def test_a_separable_task_is_solved(backbone, kind, recipe, tmp_path):
    task = make_task(kind, 3 if kind != "segment" else 2)
    result = lp.probe(task, backbone, recipe=recipe, cache=tmp_path)
    least = 0.85 if kind == "segment" else 0.97
    assert result.value > least and result.low <= result.value <= result.high
    assert result.metric == lp.METRIC[kind] and set(result.per_class) == set(task.classes)
    assert result.facts["samples"] == {"train": 40, "valid": 40, "test": 40}
    json.dumps(result.facts)
    again = lp.probe(task, backbone, recipe=recipe, cache=tmp_path)
    assert again.value == result.value and again.per_class == result.per_class, "the same seed, the same answer"


def test_labels_without_meaning_give_chance(backbone):
    rng = np.random.default_rng(8)
    splits = {name: Memory([(p, int(rng.integers(3))) for p, _ in split.samples])
              for name, split in make_task(count=100).splits.items()}  # fmt: skip
    assert lp.probe(make_task(splits=splits), backbone).value == pytest.approx(1 / 3, abs=0.2)


def test_mean_over_seeds(backbone):
    results = [lp.probe(make_task(seed=s, count=12), lp.random_backbone(ARCH, s), s) for s in (0, 1)]
    mean = lp.mean_result(results)
    assert mean.value == pytest.approx(np.mean([r.value for r in results])) and mean.facts["seeds"] == [0, 1]
    assert mean.low <= mean.value <= mean.high


# --- folders and the command ---


@pytest.fixture
def pictures(tmp_path):
    rng = np.random.default_rng(9)
    for label, name in enumerate(("field", "lake", "town")):
        for i in range(20):
            path = tmp_path / "pictures" / name / f"{i:02d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            pixels = rng.normal(60 + 60 * label, 5, (16, 16, 3)).clip(0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(path)
    return tmp_path / "pictures"


def test_held_out_images_are_the_test_split(pictures):
    held_out = frozenset(chip_digest(p) for p in pictures.glob("*/1?.png"))
    tasks = [lp.folder_task(pictures, per_class_train=5, per_class_valid=3, seed=seed, held_out=held_out)
             for seed in (0, 0, 1)]  # fmt: skip
    for task in tasks:
        files = {name: set(split.files) for name, split in task.splits.items()}
        assert files["test"] == set(pictures.glob("*/1?.png")) and len(files["train"]) == 15
        assert len(files["valid"]) == 9 and len(set.union(*files.values())) == 30 + 15 + 9
        assert task.classes == ("field", "lake", "town") and task.kind == "classify" and not task.notes
    assert tasks[0].key == tasks[1].key != tasks[2].key
    train = np.stack([pixels for pixels, _ in map(tasks[0].splits["train"].__getitem__, range(15))])
    np.testing.assert_allclose(tasks[0].mean, train.mean((0, 2, 3)), rtol=1e-6)
    np.testing.assert_allclose(tasks[0].std, train.std((0, 2, 3)), rtol=1e-5)
    pixels, label = tasks[0].splits["test"][10]
    assert label == 1 and pixels.shape == (3, 16, 16) and 100 < pixels.mean() < 140


def test_without_a_list_the_test_split_is_a_share_that_seeds_do_not_move(pictures):
    tasks = [lp.folder_task(pictures, per_class_valid=2, seed=seed, test_share=0.3) for seed in (0, 1)]
    assert tasks[0].splits["test"].files == tasks[1].splits["test"].files
    assert tasks[0].splits["train"].files != tasks[1].splits["train"].files
    assert sum(map(len, tasks[0].splits.values())) == 60, "all that are left train"


def test_tif_bands_by_number(tmp_path):
    import rasterio

    for name in ("a", "b"):
        for i in range(8):
            path = tmp_path / name / f"{i}.tif"
            path.parent.mkdir(exist_ok=True)
            with rasterio.open(path, "w", driver="GTiff", width=8, height=8, count=5, dtype="uint16", crs="EPSG:32633",
                               transform=rasterio.Affine(10, 0, 0, 0, -10, i)) as file:  # fmt: skip
                ramp = np.arange(64, dtype=np.uint16).reshape(8, 8) + np.uint16(i)
                file.write(np.arange(5, dtype=np.uint16)[:, None, None] * np.uint16(100) + ramp)
    held_out = frozenset(chip_digest(p) for p in tmp_path.glob("*/0.tif"))
    task = lp.folder_task(tmp_path, per_class_valid=1, held_out=held_out, sensor="gaofen", bands=(5, 2, None, 1))
    pixels, _ = task.splits["test"][0]
    assert task.bands == (0, 1, 3) and pixels[:, 0, 0].tolist() == [400, 100, 0] and task.sensor == "gaofen"


def test_too_few_images_and_no_folder(pictures, tmp_path):
    with pytest.raises(InputError, match="others of class field, found"):
        lp.folder_task(pictures, per_class_train=30, per_class_valid=5)
    with pytest.raises(InputError, match="found none"):
        lp.folder_task(tmp_path / "nowhere")
    with pytest.raises(InputError, match="at least two classes"):
        lp.folder_task(tmp_path)


@pytest.mark.parametrize("workers", [0, 1])
def test_a_damaged_image_is_named_in_one_line(pictures, backbone, workers):
    task = lp.folder_task(pictures, per_class_valid=2)
    damaged = task.splits["test"].files[3]
    damaged.write_bytes(damaged.read_bytes()[:40])
    with pytest.raises(InputError, match=f"^expected an image of 3 bands, found: .*{damaged.name}") as caught:
        lp.features(backbone, task, "test", workers=workers)
    assert "\n" not in str(caught.value)


def test_workers_change_nothing(pictures, backbone):
    task = lp.folder_task(pictures, per_class_valid=2)
    one, two = (lp.features(backbone, task, "test", batch=5, workers=n) for n in (0, 2))
    assert np.array_equal(one[0], two[0]) and np.array_equal(one[1], two[1])


SMALL = ["--model", "tiny", "--width", "24", "--depth", "1", "--heads", "2", "--input-px", "16", "--device", "cpu"]


def run(capsys, *arguments, code=0):
    assert lp.main([*map(str, arguments), *SMALL]) == code
    out = capsys.readouterr()
    return out.out if code == 0 else out.err


def test_the_command(pictures, tmp_path, capsys):
    few = ["--per-class-train", 6, "--per-class-valid", 3, "--random-init", "--cache", tmp_path / "cache"]
    told = json.loads(run(capsys, pictures, *few, "--seeds", 2, "--json"))
    assert told["value"] > 0.95 and told["facts"]["seeds"] == [0, 1] and len(told["facts"]["values"]) == 2
    text = run(capsys, pictures, *few, "--normalise", "checkpoint")
    assert "accuracy" in text and "town" in text and "recall of each class" in text
    assert "expected device" not in text


def test_the_users_errors_are_one_line(pictures, tmp_path, capsys):
    for more in (["--timm", "no_such_model"], ["--checkpoint", tmp_path / "none.safetensors"],
                 ["--random-init", "--held-out", tmp_path / "none.txt"], ["--random-init", "--batch", 0],
                 ["--random-init", "--bands", "1,2"], ["--random-init", "--bands", "1,x,2"]):  # fmt: skip
        error = run(capsys, pictures, *more, code=2)
        assert error.startswith("training.linear_probe: ") and error.count("\n") == 1, error
