"""Features without a model say what is in an image, and nothing that is not."""

import numpy as np
import pytest
import torch

from ofa_engine.core.errors import InputError
from training.probes.model_free import ImageStatistics, RandomPatches, image_statistics
from training.probes.probe import probe

from ..make_task import make_task


def images(count=4, bands=3):
    return torch.from_numpy(np.random.default_rng(2).normal(0, 1, (count, bands, 64, 64)).astype(np.float32))


@pytest.mark.parametrize(("bands", "features"), [(1, 20), (3, 72), (4, 104)])
def test_statistics_are_finite_even_for_a_constant_image(bands, features):
    x = images(bands=bands)
    x[1] = 0.5
    found = image_statistics(x)
    assert found.shape == (4, features) and torch.isfinite(found).all()


def test_statistics_see_mean_texture_and_colour_but_no_place():
    x = images()
    found = image_statistics(x)
    np.testing.assert_allclose(found[:, :3], x.mean((2, 3)), atol=1e-6)
    np.testing.assert_allclose(image_statistics(x.flip(3)), found, atol=1e-3)
    np.testing.assert_allclose(image_statistics(x.roll(16, 2))[:, :27], found[:, :27], atol=1e-5)
    grey = image_statistics(x[:, :1].expand(-1, 3, -1, -1))
    pairs = slice(27 + 6, 27 + 9)  # of the finest scale
    assert (grey[:, pairs] > 0.99).all() and (found[:, pairs].abs() < 0.1).all()


def test_patches_follow_seed_and_images():
    task = make_task(size_px=64, count=6)
    models = [RandomPatches(task, seed, patches=16) for seed in (0, 0, 1)]
    tokens = [model.tokens(images(), "naip", (0, 1, 2)) for model in models]
    assert tokens[0].shape == (4, 64, 32) and (tokens[0] >= 0).all()
    assert torch.equal(tokens[0], tokens[1]) and not torch.equal(tokens[0], tokens[2])
    prints = [model.fingerprint("naip") for model in models]
    assert prints[0] == prints[1] != prints[2]


def test_patches_are_whitened_so_that_neither_side_of_zero_wins():
    """A filter's positive and negative parts have the same mean over the images that it was drawn from."""
    task = make_task(size_px=64, count=30)
    model = RandomPatches(task, 0, patches=16)
    pixels = torch.stack([torch.from_numpy((p - 120) / 60) for p, _ in task.splits["train"].samples]).float()
    positive, negative = model.tokens(pixels, "naip", (0, 1, 2)).mean((0, 1)).split(16)
    assert ((positive - negative).abs() < 0.3 * (positive + negative)).all()


@pytest.mark.parametrize("model", [lambda task: ImageStatistics(), lambda task: RandomPatches(task, 0, patches=16)])
def test_they_are_probed_like_backbones(model):
    task = make_task(size_px=32)
    result = probe(task, model(task), pooling="mean+deviation")
    assert result.value > 0.85 and result.facts["pooling"] == "mean+deviation"
    with pytest.raises(InputError, match="--normalise task"):
        probe(task, model(task), normalise="checkpoint")
