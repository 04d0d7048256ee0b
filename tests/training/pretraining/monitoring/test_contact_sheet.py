"""Contact sheets show what the samples hold."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from ofa_engine.core.sensors import get_sensor
from training.pretraining.monitoring.contact_sheet import SheetRow, write_contact_sheet

RNG = np.random.default_rng(3)
SIZE, CELL, LEFT, TOP = 32, 224, 16, 16 + 38  # of the sheet's first picture


def sample(present, count=2, hidden=0.0):
    """What is masked is reconstructed as zeros."""
    pixels = RNG.normal(size=(count, len(present), SIZE, SIZE)).astype(np.float32)
    mask = (RNG.random((count, 1, 2, 2)) < hidden).repeat(16, 2).repeat(16, 3)
    return SheetRow(pixels, mask, np.where(mask, 0, pixels), present)


def cells(path, line=0):
    """The pictures of a line, each (SIZE, SIZE, 3)."""
    page = np.asarray(Image.open(path).convert("RGB"))
    top = TOP + line * (38 + CELL + 16)
    row = page[top : top + CELL]
    step, jump = CELL + 4, 3 * CELL + 8 + 16
    count = (page.shape[1] - LEFT) // jump
    lefts = [LEFT + n * jump + k * step for n in range(count) for k in range(3)]
    assert (CELL % SIZE) == 0
    return [row[3 :: CELL // SIZE, left : left + CELL][:, 3 :: CELL // SIZE] for left in lefts]


def stretched(channels):
    """(N, 3, H, W) to bytes (N, H, W, 3), 2 to 98 % of each channel over all samples."""
    low, high = np.percentile(channels, (2, 98), axis=(0, 2, 3), keepdims=True)
    return ((channels - low) / (high - low) * 255).clip(0, 255).transpose(0, 2, 3, 1)


@pytest.mark.parametrize(
    ("sensor", "present", "shown"),
    [
        ("sentinel-2", range(9), (0, 1, 2)),
        ("sentinel-2", (1, 2, 0, 6), (2, 0, 1)),
        ("gaofen", (0, 1, 2, 3), (0, 1, 2)),
        ("gaofen", (0, 1, 3), (2, 0, 1)),  # no blue: near infrared, red, green
        ("naip", (0, 1, 2), (0, 1, 2)),
        ("naip", (1,), (0, 0, 0)),
        ("sentinel-1", (1,), (0, 0, 0)),
    ],
)
def test_colours_of_visible_pixels(tmp_path, sensor, present, shown):
    row = sample(list(present), hidden=0.5)
    write_contact_sheet(tmp_path / "a.png", {sensor: row})
    pixels, mask = row.pixels, row.mask.transpose(0, 2, 3, 1)
    want = stretched(pixels[:, list(shown)])
    found = cells(tmp_path / "a.png")
    for n in range(len(pixels)):
        before, hidden, after = found[3 * n : 3 * n + 3]
        assert np.abs(before - want[n]).max() <= 1
        assert (hidden == np.where(mask[n], 128, before)).all()
        assert (after[~mask[n, ..., 0]] == before[~mask[n, ..., 0]]).all()
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]


def test_radar_and_hyperspectral_colours(tmp_path):
    radar, many = sample([0, 1]), sample(list(get_sensor("enmap").usable_bands))
    write_contact_sheet(tmp_path / "a.png", {"sentinel-1": radar, "enmap": many})
    vv, vh = radar.pixels[:, 0], radar.pixels[:, 1]
    assert np.abs(cells(tmp_path / "a.png")[0] - stretched(np.stack([vv, vh, vv - vh], 1))[0]).max() <= 1
    lengths = [get_sensor("enmap").bands[i].wavelength_um for i in many.present]
    nearest = [int(np.abs(np.subtract(lengths, um)).argmin()) for um in (0.66, 0.56, 0.48)]
    assert np.abs(cells(tmp_path / "a.png", 1)[0] - stretched(many.pixels[:, nearest])[0]).max() <= 1


def test_constant_and_missing_values_make_a_picture(tmp_path):
    row = sample([0, 1, 2])
    row = replace(row, pixels=np.zeros_like(row.pixels), reconstructed=np.full_like(row.pixels, np.nan))
    write_contact_sheet(tmp_path / "a.png", {"naip": row})
    assert len(cells(tmp_path / "a.png")) == 6
