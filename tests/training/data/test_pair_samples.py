"""Samples of pair sets: the same ground for all sensors, and nothing of held-out places."""

import numpy as np
import pytest

from ofa_engine.core.sensors import get_sensor
from training.data import pair_samples
from training.data.pair_sets import PairSet
from training.data.places import held_out_files
from training.pairs import main

from .pair_files import random_pair_set
from .readers.raster_files import tiff

RNG = np.random.default_rng(2)
HELD_OUT_BEN = next(name for name in sorted(held_out_files()) if "/s2_ben/" in name)


def chip(path, bands, low, high, dtype, size_px=64):
    return tiff(path, RNG.uniform(low, high, (bands, size_px, size_px)).astype(dtype))


@pytest.fixture
def root(tmp_path):
    """Two BigEarthNet pairs, one of a held-out place, and a PASTIS file with two dates."""
    for name in ("a.tif", HELD_OUT_BEN.rpartition("/")[2]):
        chip(tmp_path / "real" / "s1_ben" / name, 2, -20, -5, "float32", 92)
        chip(tmp_path / "real" / "s2_ben" / name, 12, 100, 4000, "uint16", 92)
    folder = tmp_path / "real" / "s1s2_pastis"
    folder.mkdir()
    s2 = RNG.integers(1, 5000, (2, 10, 32, 32)).astype(np.int16)
    s1 = RNG.uniform(-20, -5, (2, 2, 32, 32)).astype(np.float16)
    s1[1, :, :16] = np.nan
    np.savez(folder / "p.npz", s2=s2, s1_asc=s1)
    return tmp_path


def test_radar_and_optical_show_the_same_window(root):
    pairs = dict(pair_samples.radar_optical(root))
    assert list(pairs) == [f"real/s2_ben/a.tif@{x},{y},64" for y in (0, 28) for x in (0, 28)] + ["p#0"]
    assert {key: values.shape for key, values in pairs["p#0"].items()} == {
        "sentinel-1": (2, 64, 64),
        "sentinel-2": (9, 64, 64),
    }
    right = pairs["real/s2_ben/a.tif@28,0,64"]
    left = pairs["real/s2_ben/a.tif@0,0,64"]
    for key in ("sentinel-1", "sentinel-2"):
        np.testing.assert_array_equal(right[key][:, :, :36], left[key][:, :, 28:])
    assert -20.1 < right["sentinel-1"].min() and right["sentinel-2"].max() < 0.41


def test_optical_samples_are_read_once_and_seen_by_three_sensors(root):
    names = []
    for name, pixels in pair_samples.optical(root):
        names.append(name)
        assert pixels["naip"].dtype == pixels["gaofen"].dtype == np.uint8
        np.testing.assert_array_equal(pixels["naip"], pixels["gaofen"][:3])
        by_red = pixels["sentinel-2"][0].argsort(axis=None)
        assert np.diff(pixels["naip"][0].ravel()[by_red].astype(int)).min() >= -1, (
            "but for rounding, brighter is brighter"
        )
    assert len(names) == len(set(names)) == 4 + 2 and HELD_OUT_BEN not in "".join(names)


def test_pictures_keep_colours_and_are_the_same_each_time():
    grey = np.full((4, 8, 8), 0.1, np.float32)
    shown = pair_samples.as_picture(grey, "a")
    assert (shown == shown[0, 0, 0]).all() and 0 < shown[0, 0, 0] < 255
    np.testing.assert_array_equal(shown, pair_samples.as_picture(grey, "a"))
    assert len({int(pair_samples.as_picture(grey, str(i)).max()) for i in range(20)}) > 10
    values = np.linspace(-0.1, 1, 64, dtype=np.float32).reshape(1, 8, 8)
    ramp = pair_samples.as_picture(values, "a").ravel().astype(int)
    assert (np.diff(ramp) >= 0).all() and ramp[0] == 0 and ramp[-1] == 255


def test_what_is_written_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(pair_samples, "SHARD_SAMPLES", 2)
    samples = random_pair_set(tmp_path, ["naip", "enmap"], 5, 4)
    pairs = PairSet(tmp_path)
    assert len(pairs) == 5 and pairs.manifest.samples == [name for name, _ in samples]
    assert len(pairs.manifest.shards) == 3 and all(not made.verify() for made in pairs.sets.values())
    for key in ("naip", "enmap"):
        made = pairs.sets[key]
        for i in range(5):
            np.testing.assert_array_equal(made.read([i])[0], samples[i][1][key][made.bands_present])


def test_the_command_writes_three_sets(root, tmp_path, capsys, monkeypatch):
    """Simulated landscapes are cut at the same places for all sensors, EnMAP's pixels are twice as large."""

    def ramps(sensor_ids, size_px, seed, gsd_m):
        ramp = np.arange(size_px, dtype=np.float32) / size_px
        return {key: np.broadcast_to(ramp, (len(get_sensor(key).bands), size_px, size_px)) for key in sensor_ids}

    monkeypatch.setattr(pair_samples, "simulate_together", ramps)
    assert main([str(root), "-o", str(tmp_path / "out"), "--scenes", "1"]) == 0
    text = capsys.readouterr().out
    assert "pairs/s1s2: 5 samples" in text and "pairs/optical: 6 samples" in text
    simulated = PairSet(tmp_path / "out" / "pairs" / "simulated")
    assert len(simulated) == 16 and set(simulated.sets) == {"enmap", "gaofen", "naip", "sentinel-1", "sentinel-2"}
    wanted = (np.arange(64) + 64) / 256
    for key, step in (("sentinel-1", 1), ("enmap", 2)):
        found = simulated.sets[key].read([1])[0, 0, 0]
        np.testing.assert_allclose(found, wanted.reshape(-1, step).mean(1), atol=2e-3)
    assert main([str(tmp_path / "none"), "-o", str(tmp_path / "out")]) == 2
    assert "found no folder" in capsys.readouterr().err
