import pytest
import torch

from ofa_engine.core.sensors import SENSORS, get_sensor
from training.pretraining.augment import mask_noise, prepare_batch, random_resized_crop, uniform


def test_numbers_are_uniform_and_depend_on_seed_epoch_and_sample_alone():
    samples = torch.arange(2000)
    u = uniform(0, 0, samples, 50, 0)
    assert u.min() >= 0 and u.max() < 1
    assert abs(u.mean().item() - 0.5) < 0.005 and abs(u.var().item() - 1 / 12) < 0.002
    counts = torch.histc(u, 20, 0, 1)
    assert ((counts - 5000).abs() < 5 * 5000**0.5).all()
    columns = torch.corrcoef(u.T)
    assert (columns - torch.eye(50)).abs().max() < 0.12
    rows = torch.corrcoef(u[:100])
    assert (rows - torch.eye(100)).abs().max() < 0.7
    assert torch.equal(uniform(0, 0, samples[[7, 3]], 50, 0), u[[7, 3]])
    for other in (uniform(1, 0, samples, 50, 0), uniform(0, 1, samples, 50, 0), uniform(0, 0, samples, 50, 1)):
        assert abs(torch.corrcoef(torch.stack([other.flatten(), u.flatten()]))[0, 1].item()) < 0.02
    assert mask_noise(0, 0, samples[:3], 196).shape == (3, 196)


def test_masks_differ_between_samples_and_epochs():
    noise = mask_noise(0, 0, torch.arange(50), 16)
    again = mask_noise(0, 1, torch.arange(1), 16)
    assert len({tuple(n.argsort().tolist()) for n in torch.cat([noise, again])}) == 51


def test_crops():
    ramp = torch.linspace(0, 1, 64).expand(1, 1, 64, 64).repeat(200, 1, 1, 1)  # its slope tells width and mirroring
    samples = torch.arange(200)
    crops = random_resized_crop(ramp, 32, 0, 0, samples, (0.2, 1.0))
    assert crops.shape == (200, 1, 32, 32) and crops.min() >= 0 and crops.max() <= 1
    slope = crops[:, 0, 0, -1] - crops[:, 0, 0, 0]
    mirrored = (slope < 0).float().mean().item()
    assert 0.38 < mirrored < 0.62
    assert 0.3 < slope.abs().min() < 0.5 and slope.abs().max() > 0.9
    assert torch.equal(random_resized_crop(ramp[:3], 32, 0, 0, samples[[5, 9, 2]], (0.2, 1.0)), crops[[5, 9, 2]])
    whole = random_resized_crop(torch.rand(4, 2, 32, 32), 32, 0, 0, samples[:4], (1.0, 1.0), flip=False)
    assert whole.shape == (4, 2, 32, 32)


@pytest.mark.parametrize("sensor", SENSORS)
def test_batches_of_every_sensor_are_normalised(sensor):
    table = get_sensor(sensor)
    present = [i for i in range(len(table.bands)) if i + 1 not in table.never]
    mean = torch.tensor([table.mean[i] for i in present])
    raw = mean.view(1, -1, 1, 1).repeat(2, 1, 4, 4)
    raw[0, :, 0, 0] = -32768
    raw[1, 0, 1, 1] = float("nan")
    pixels = prepare_batch(raw, table, present, table.unit, -32768.0, (table.mean, table.std), torch.float64)
    assert pixels.dtype == torch.float64
    torch.testing.assert_close(pixels, torch.zeros_like(pixels), atol=1e-4, rtol=0)
