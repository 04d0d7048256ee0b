"""Crops of labelled rasters: reproducible, and labels stay on their pixels."""

import numpy as np
import pytest
import torch

from training.finetuning.crops import CropSampler, DeviceRasters, class_weights
from training.finetuning.dense_sets import UNLABELLED, DenseTask

S2_STATISTICS = ([0.0] * 9, [1.0] * 9)


def task(crops=((16, 1),), optional=(), sensor="sentinel-2", bands=9, **more) -> DenseTask:
    """Rasters whose bands hold the class of each pixel, over ten."""
    made = DenseTask("x", sensor, ("a", "b", "c"), crops, optional=optional, **more)
    rng = np.random.default_rng(0)
    for number in range(3):
        labels = np.kron(rng.integers(0, 3, (8, 8)), np.ones((6, 6))).astype(np.uint8)
        made.add(np.repeat(labels[None] / 10, bands, 0), labels, f"place {number}")
    return made


@pytest.mark.parametrize("crops", [((16, 1),), ((16, 2),)])
def test_labels_stay_on_their_pixels(crops):
    batch = CropSampler(task(crops), S2_STATISTICS, 8, seed=0).draw(5)
    assert batch.pixels.shape == (8, 9, 16, 16) and batch.labels.shape == (8, 16, 16)
    means = [batch.pixels.mean(1)[batch.labels == k].mean() for k in range(3)]
    assert np.allclose(means, [0, 0.1, 0.2], atol=0.04)  # gain, offset, and edges where pixels are averaged


def test_a_step_draws_the_same_crops_again_and_another_step_others():
    one, two = (CropSampler(task(), S2_STATISTICS, 4, seed=0) for _ in range(2))
    one.draw(0)
    assert torch.equal(one.draw(7).pixels, two.draw(7).pixels)
    assert not torch.equal(one.draw(7).pixels, one.draw(8).pixels)


def test_optional_bands_are_left_out_of_some_batches():
    sampler = CropSampler(task(optional=((3, 4, 5),)), S2_STATISTICS, 2, seed=0)
    batches = [sampler.draw(step) for step in range(30)]
    assert {batch.present for batch in batches} == {tuple(range(9)), (0, 1, 2, 6, 7, 8)}
    assert all(batch.pixels.shape[1] == len(batch.present) for batch in batches)


def test_pictures_are_grey_values_of_reflectance():
    made = task(sensor="naip", bands=3, as_picture=True)
    pixels = CropSampler(made, ([0.0] * 3, [1.0] * 3), 16, seed=0).draw(0).pixels
    assert 0 < pixels[:, :, :].mean() < 255 and pixels.max() > 60


def test_radar_gets_no_gain():
    """A gain on decibels would change the contrast between surfaces."""
    made = DenseTask("x", "sentinel-1", ("a", "b"), ((32, 1),))
    labels = np.repeat([[0], [1]], 32, 0).repeat(64, 1).astype(np.uint8)
    made.add(np.repeat(np.where(labels, -10.0, -20.0)[None], 2, 0), labels, "p")
    batch = CropSampler(made, ([0.0] * 2, [1.0] * 2), 4, seed=0).draw(0)
    for pixels, known in zip(batch.pixels, batch.labels, strict=True):
        if 0 < known.float().mean() < 1:
            assert pixels[:, known == 1].mean() - pixels[:, known == 0].mean() == pytest.approx(10, abs=0.3)


def test_weights_of_classes_follow_the_root_of_their_shares():
    made = DenseTask("x", "naip", ("a", "b", "c"), ((4, 1),))
    labels = np.full((10, 10), UNLABELLED, np.uint8)
    labels.flat[:80], labels.flat[80:85] = 0, 1
    made.add(np.zeros((3, 10, 10)), labels, "p")
    assert np.allclose(class_weights(made), [1, 4, 0])


@pytest.mark.parametrize(("sensor", "bands"), [("sentinel-2", 9), ("sentinel-1", 2), ("naip", 3)])
def test_rasters_on_a_device_are_cut_with_the_same_numbers(sensor, bands):
    """Here on the CPU, which is a device as any other."""
    made = task(((16, 1), (12, 2)), sensor=sensor, bands=bands, as_picture=sensor == "naip")
    sampler, rasters = CropSampler(made, S2_STATISTICS, 6, seed=0), DeviceRasters(made, torch.device("cpu"))
    for step in range(10):
        draws = sampler.random_draws(step)
        pixels, labels = rasters.cut(draws)
        expected = CropSampler(made, ([0.0] * bands, [1.0] * bands), 6, seed=0).draw(step)
        assert torch.equal(labels, expected.labels)
        np.testing.assert_allclose(pixels, expected.pixels, rtol=1e-5, atol=1e-4)


def test_crops_of_sparsely_labelled_rasters_hold_labels_of_each_class():
    made = DenseTask("x", "naip", ("a", "b"), ((16, 1),))
    labels = np.full((200, 200), UNLABELLED, np.uint8)
    labels[10:60, 10:60], labels[150:152, 180:182] = 0, 1
    made.add(np.zeros((3, 200, 200)), labels, "p")
    sampler = CropSampler(made, ([0.0] * 3, [1.0] * 3), 8, seed=0)
    found = torch.cat([sampler.draw(step).labels for step in range(10)])
    assert all((crop != UNLABELLED).any() for crop in found)
    with_rare = sum(bool((crop == 1).any()) for crop in found)
    assert 20 <= with_rare <= 60  # of 80: half of the crops, though one labelled pixel in 600 is of that class
