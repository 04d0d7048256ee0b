"""Features are the model's, cached under what decides them; what is damaged is named."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from ofa_engine.core.errors import InputError, OfaError
from ofa_engine.core.sensors import get_sensor
from ofa_engine.model.ofanet import Architecture
from training.probes.backbones import random_backbone
from training.probes.features import extract_features, statistics_of
from training.probes.image_folder import folder_task

from ..make_task import ARCH, Memory, make_task


def test_features_are_the_models_mean_tokens(backbone):
    task = make_task(size_px=24)
    task.splits["test"].samples[3][0][1, 4:9, 4:9] = np.nan
    x, y = extract_features(backbone, task, "test", batch=7)
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
    x, _ = extract_features(backbone, task, "test")
    pixels = torch.from_numpy((task.splits["test"].samples[0][0] - 120) / 60)[None].float()
    np.testing.assert_allclose(x[0], backbone.model(pixels, "naip", (0, 2))[0].mean(0), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", ["classify", "multilabel", "segment"])
def test_the_second_time_comes_from_the_cache(backbone, tmp_path, kind):
    task = make_task(kind, count=6)
    fresh = extract_features(backbone, task, "test")
    first = extract_features(backbone, task, "test", tmp_path)
    reads = task.splits["test"].reads
    again = extract_features(backbone, task, "test", tmp_path)
    assert task.splits["test"].reads == reads, "read from the cache"
    for a, b, c in zip(fresh, first, again, strict=True):
        assert np.array_equal(a, b) and np.array_equal(a, c) and a.dtype == c.dtype
    assert len(list(tmp_path.iterdir())) == 2, "and nothing is left over"


def test_the_cache_is_keyed_by_all_that_decides(backbone, tmp_path):
    def files(*arguments, **settings):
        extract_features(*arguments, tmp_path, **settings)
        return len(list(tmp_path.glob("*.x.npy")))

    task = make_task(count=4)
    assert files(backbone, task, "test") == files(backbone, task, "test") == 1
    assert files(backbone, task, "train") == 2
    assert files(random_backbone(ARCH, 1), task, "test") == 3, "weights"
    assert files(random_backbone(Architecture(24, 2, 2, input_px=16), 0), task, "test") == 4, "input size"
    assert files(backbone, make_task(count=4, key="other"), "test") == 5, "data"
    assert files(backbone, make_task(count=4, mean=(100.0,) * 3), "test") == 6, "normalisation"
    assert files(backbone, task, "test", normalise="checkpoint") == 7
    assert files(backbone, task, "test", flips=(True, False)) == 8
    assert files(backbone, task, "test", pooling="mean+deviation") == 9


def test_deviations_of_tokens_stand_beside_their_mean(backbone):
    task = make_task(size_px=32, count=3)
    x, _ = extract_features(backbone, task, "test", pooling="mean+deviation")
    pixels = torch.from_numpy((task.splits["test"].samples[1][0] - 120) / 60)[None].float()
    tokens = backbone.model(pixels, "naip")[0].numpy()
    np.testing.assert_allclose(x[1], np.concatenate([tokens.mean(0), tokens.std(0)]), rtol=1e-4, atol=1e-5)


def test_a_stopped_run_leaves_nothing_in_the_cache(backbone, tmp_path):
    task = make_task(count=9)
    task.splits["train"].samples[8] = (np.full((3, 32, 32), 1e38, np.float32), 0)  # overflows in the model
    with pytest.raises(OfaError, match="finite"), np.errstate(all="ignore"):
        extract_features(backbone, make_task(count=9, splits=task.splits, std=(1e-30,) * 3), "train", tmp_path, batch=4)
    assert list(tmp_path.iterdir()) == []


def test_flips_turn_image_and_label_alike(backbone):
    task = make_task("segment", count=2)
    x, y = extract_features(backbone, task, "test", flips=(True, True))
    mirrored = Memory([(p[:, ::-1, ::-1], m[::-1, ::-1]) for p, m in task.splits["test"].samples])
    expected = extract_features(backbone, make_task("segment", splits={"test": mirrored}), "test")
    assert np.array_equal(x, expected[0]) and np.array_equal(y, expected[1])


def test_checkpoint_statistics_are_refused_for_a_foreign_unit(backbone):
    task = make_task(mean=(0.5,) * 3, std=(0.2,) * 3)  # reflectance where 8-bit values are expected
    with pytest.raises(InputError, match="--normalise task"):
        statistics_of(backbone, task, "checkpoint")
    mean, std = statistics_of(backbone, make_task(bands=(2, 1, 0)), "checkpoint")
    assert mean == get_sensor("naip").mean[::-1] and std == get_sensor("naip").std[::-1]


@pytest.mark.parametrize("workers", [0, 1])
def test_a_damaged_image_is_named_in_one_line(pictures, backbone, workers):
    task = folder_task(pictures, per_class_valid=2)
    damaged = task.splits["test"].files[3]
    damaged.write_bytes(damaged.read_bytes()[:40])
    with pytest.raises(InputError, match=f"^expected an image of 3 bands, found: .*{damaged.name}") as caught:
        extract_features(backbone, task, "test", workers=workers)
    assert "\n" not in str(caught.value)


def test_workers_change_nothing(pictures, backbone):
    task = folder_task(pictures, per_class_valid=2)
    one, two = (extract_features(backbone, task, "test", batch=5, workers=n) for n in (0, 2))
    assert np.array_equal(one[0], two[0]) and np.array_equal(one[1], two[1])
