"""Classifiers of pixels: features against their definition, and what can be learned is learned."""

import numpy as np
import pytest

from training.assessment.pixel_models import PIXEL_MODELS, WINDOWS_PX, bands_and_surroundings, fit_pixel_model

RNG = np.random.default_rng(8)


def test_surroundings_are_means_and_deviations_in_windows():
    pixels = RNG.normal(100, 5, (2, 40, 40)).astype(np.float32)
    found = bands_and_surroundings(pixels)
    assert found.shape == (14, 40, 40) and np.array_equal(found[:2], pixels)
    for number, side in enumerate(WINDOWS_PX):
        half = side // 2
        window = pixels[:, 20 - half : 21 + half, 18 - half : 19 + half]
        part = found[2 + 4 * number : 6 + 4 * number, 20, 18]
        np.testing.assert_allclose(part, [*window.mean((1, 2)), *window.std((1, 2))], rtol=1e-3)


def scene(spread):
    """Left and right half differ in level (spread 0), or in nothing but the size of the noise."""
    truth = np.repeat([[0] * 24 + [1] * 24], 48, 0)
    pixels = RNG.normal(0, 1, (2, 48, 48)) * (1 + spread * truth) + (0 if spread else 8 * truth)
    pixels[:, 0, 0] = np.nan
    truth[:3] = -1
    return pixels.astype(np.float32), truth


@pytest.mark.parametrize("name", PIXEL_MODELS)
def test_they_learn_levels_from_labelled_pixels(name):
    predict = fit_pixel_model(PIXEL_MODELS[name], [scene(0), scene(0)], 2, 0)
    pixels, truth = scene(0)
    assert (predict(pixels) == truth)[3:].mean() > 0.97


def test_only_local_statistics_see_texture():
    accuracy = {}
    for name, model in PIXEL_MODELS.items():
        pixels, truth = scene(1)
        accuracy[name] = (fit_pixel_model(model, [scene(1)], 1, 0)(pixels) == truth)[3:].mean()
    assert accuracy["forest-local"] > 0.9 > accuracy["forest"] and accuracy["logistic"] < 0.7


def test_the_same_seed_gives_the_same_map():
    pairs, (pixels, _) = [scene(1)], scene(1)
    maps = [fit_pixel_model(PIXEL_MODELS["forest"], pairs, 1, seed)(pixels) for seed in (0, 0, 1)]
    assert np.array_equal(maps[0], maps[1]) and not np.array_equal(maps[0], maps[2])
