"""Statistics of patches, contrast and their sum, against independent references."""

import numpy as np
import pytest
import torch
from torch import nn

from ofa_engine.core.errors import InputError
from ofa_engine.model.mae import DecoderSize
from ofa_engine.model.ofanet import Architecture, OFANet, patchify
from training.data.shards import find_sets
from training.pretraining import config
from training.pretraining.batches import Batch
from training.pretraining.objectives import OBJECTIVES
from training.pretraining.objectives.statistics_contrast import StatisticsContrastModule, info_nce, patch_statistics
from training.pretraining.objectives.views import ViewMaker
from training.pretraining.schedule import Step

ARCH = Architecture(32, 2, 2, patch_px=8, input_px=32)
BANDS = {"naip": 3, "sentinel-2": 9}


def module(**weights):
    torch.manual_seed(0)
    return StatisticsContrastModule(OFANet(ARCH, list(BANDS)), DecoderSize(16, 1, 2), 0.5, **weights)


def view(number=0, sensor="naip", count=4):
    bands = BANDS[sensor]
    pixels = torch.randn(count, bands, 32, 32, generator=torch.Generator().manual_seed(1))
    return ViewMaker(32, 4).make(number, pixels, sensor, list(range(bands)), 0, torch.arange(count))


def reference_statistics(patch):
    """Of one band of one patch (P, P)."""
    patch = patch.astype(np.float64)
    halves = patch.reshape(4, 2, 4, 2).mean((1, 3))
    gradients = [(np.abs(np.diff(v, axis=0)).mean() + np.abs(np.diff(v, axis=1)).mean()) / 2 for v in (patch, halves)]
    return [patch.mean(), *np.log(np.array([patch.std(), *gradients]) + 0.05)]


def test_statistics_of_patches():
    pixels = np.random.default_rng(3).normal(size=(2, 3, 16, 24)).astype(np.float32)
    found = patch_statistics(patchify(torch.from_numpy(pixels), 8), 8).numpy()
    assert found.shape == (2, 6, 3, 4)
    for place in np.ndindex(2, 2, 3, 3):  # image, row, column, band
        image, row, column, band = place
        patch = pixels[image, band, 8 * row : 8 * row + 8, 8 * column : 8 * column + 8]
        wanted = reference_statistics(patch)
        np.testing.assert_allclose(found[image, 3 * row + column, band], wanted, rtol=1e-4, atol=1e-5)


class Oracle(nn.Module):
    """Knows the statistics of each patch of a view, in the order of the grid."""

    def __init__(self, pixels):
        super().__init__()
        parts = pixels.numpy().reshape(len(pixels), -1, 4, 8, 4, 8)
        known = [
            [[reference_statistics(parts[b, c, y, :, x]) for c in range(parts.shape[1])] for y, x in np.ndindex(4, 4)]
            for b in range(len(pixels))
        ]
        self.known = torch.tensor(known, dtype=torch.float32)  # (B, L, C, Q)

    def forward(self, features, ids_shuffle, sensor, present):
        masked = ids_shuffle[:, features.shape[1] :]
        return torch.stack([known[ids] for known, ids in zip(self.known, masked, strict=True)])


def test_the_statistics_wanted_are_those_of_the_masked_patches():
    model, made = module(), view()
    patches = patchify(made.pixels, 8)
    model.decoder = Oracle(made.pixels)
    features = model.encode(made, patches)
    assert features.shape == (4, 8, 32)
    assert model.statistics_loss(made, patches, features).max() < 1e-8
    model.decoder.known = model.decoder.known.flip(1)
    assert model.statistics_loss(made, patches, features).min() > 0.01


def test_masked_patches_are_never_seen():
    model, made = module(), view()
    patches = patchify(made.pixels, 8)
    before = model.encode(made, patches)
    for image, ids in enumerate(made.ids_shuffle):
        patches[image, ids[8:]] = 99.0
    assert torch.equal(model.encode(made, patches), before)


def test_missing_bands_are_left_out_of_the_prediction():
    """The prediction for the bands that are there is a part of that for all; the others' weights get no gradient."""
    decoder, ids = module().decoder, torch.stack([torch.randperm(16) for _ in range(4)])
    features = torch.randn(4, 8, 32)
    every = decoder(features, ids, "sentinel-2", range(9))
    some = decoder(features, ids, "sentinel-2", [0, 4, 8])
    torch.testing.assert_close(some, every[:, :, [0, 4, 8]])
    some.sum().backward()
    rows = decoder.predict["sentinel-2"].weight.grad.view(9, 4, -1).abs().sum((1, 2))
    assert torch.nonzero(rows)[:, 0].tolist() == [0, 4, 8]


def test_predictions_follow_their_patches():
    """Another order of the masked patches reorders the prediction, and changes nothing else."""
    decoder, ids = module().decoder, torch.randperm(16)[None]
    features, reordered = torch.randn(1, 8, 32), torch.cat([ids[:, :8], ids[:, 8:].flip(1)], 1)
    found, other = (decoder(features, order, "naip", [0, 1, 2]) for order in (ids, reordered))
    torch.testing.assert_close(other, found.flip(1))


def test_info_nce():
    generator = torch.Generator().manual_seed(0)
    a, b = torch.randn(5, 7, generator=generator), torch.randn(5, 7, generator=generator)
    x, y = (v.numpy() / np.linalg.norm(v.numpy(), axis=1, keepdims=True) for v in (a, b))
    e = np.exp(x @ y.T / 0.2)
    wanted = (-np.log(np.diag(e) / e.sum(1)) - np.log(np.diag(e) / e.sum(0))) / 2
    np.testing.assert_allclose(info_nce(a, b, 0.2).numpy(), wanted, rtol=1e-4)
    alike = torch.ones(8, 3)
    np.testing.assert_allclose(info_nce(alike, alike, 0.2).numpy(), np.log(8), rtol=1e-5)


def test_autocast_leaves_the_contrast_exact():
    a, b = torch.randn(16, 64), torch.randn(16, 64)
    with torch.autocast("cpu", torch.bfloat16):
        found = info_nce(a, b, 0.2)
    assert torch.equal(found, info_nce(a, b, 0.2))


def test_the_loss_is_the_weighted_sum_of_both():
    first, second = view(), view(1, "sentinel-2")
    losses = [
        module(statistics_weight=s, contrast_weight=c)(first, second) for s, c in ((1.0, 0.0), (0.0, 1.0), (2.0, 3.0))
    ]
    assert losses[0].shape == (4,)
    torch.testing.assert_close(2 * losses[0] + 3 * losses[1], losses[2])


def test_gradients_reach_what_takes_part_and_nothing_else():
    model = module()
    model(view(), view(1, "sentinel-2")).mean().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name
    model.zero_grad(set_to_none=True)
    model(view(), view(1)).mean().backward()
    assert model.model.embedders["sentinel-2"].weight.grad is None
    assert model.decoder.predict["sentinel-2"].weight.grad is None


def settings(data, **more):
    sizes = dict(width=32, depth=1, heads=2, input_px=32, decoder_width=16, decoder_depth=1, decoder_heads=2)
    more = sizes | dict(precision="fp32", data=str(data), output="-", patch_px=8) | more
    return config.load(None, dict(objective="statistics+contrast") | more)


def test_views_of_a_sample_are_normalised_by_the_samples_statistics(prepared):
    """The mean of many views is near 0 and their deviation near 1, whatever the unit."""
    data = prepared(["sentinel-1"], 12, 32)
    sets = find_sets(data)
    made = OBJECTIVES["statistics+contrast"](settings(data), sets, {})
    numbers = np.arange(12)
    batch = Batch(
        Step(0, 0, "sentinel-1", numbers), torch.from_numpy(numbers), torch.from_numpy(sets["sentinel-1"].read(numbers))
    )
    for one in made.inputs(batch):
        assert one.sensor == "sentinel-1" and one.present == [0, 1] and one.pixels.shape == (12, 2, 32, 32)
        assert one.pixels.mean().abs() < 0.3 and 0.7 < one.pixels.std() < 1.3
    assert made.reconstruct(batch) is None and made.decoders is None


@pytest.mark.parametrize(
    ["changes", "says"],
    [
        ({"objective": "mae", "weights": ["pairs/optical=1"]}, "expected pairs/optical.*training.pairs"),
        ({"objective": "contrast"}, "objective mae or statistics.contrast"),
        ({"patch_px": 2}, "at least 4 px"),
    ],
)
def test_what_does_not_fit_is_said(prepared, tmp_path, changes, says):
    from training.pretraining.run import pretrain

    data = prepared(["naip"])
    with pytest.raises(InputError, match=says):
        pretrain(settings(data, output=str(tmp_path), device="cpu", **changes), lambda text: None)
