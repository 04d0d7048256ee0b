"""The second collection: bands, scales and units of its sets, and which samples are listed."""

from pathlib import Path

import numpy as np
import pytest

from training.data.places import held_out_files
from training.data.readers import real_sets

from .raster_files import tiff

NINE = ("B04", "B03", "B02", "B05", "B06", "B07", "B08", "B11", "B12")
TWELVE = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B11", "B12")
THIRTEEN = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B09", "B10", "B11", "B12", "B8A")
WORLDCEREAL = ("B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B11", "B12")


def numbered(names, size_px=4):
    """Bands whose values are 100 x the place of their name in NINE + 1; 9999 for others."""
    values = [100 * (NINE.index(name) + 1) if name in NINE else 9999 for name in names]
    return np.tile(np.array(values, np.uint16)[:, None, None], (1, size_px, size_px))


@pytest.mark.parametrize(
    ["folder", "names", "described", "scale"],
    [
        ("s2_ben", TWELVE, False, 10000),
        ("s2_eotdl", TWELVE, True, 10000),
        ("s2_eurosat_ms", THIRTEEN, False, 10000),
        ("s2_worldcereal", WORLDCEREAL, True, 10000),
        ("s2_eobrowser", TWELVE, True, 65535),
    ],
)
def test_bands_and_scale_of_sentinel_2(tmp_path, folder, names, described, scale):
    path = tiff(tmp_path / folder / "a.tif", numbered(names), names if described else ())
    found = real_sets.read_sentinel2(path)
    np.testing.assert_allclose(found[:, 0, 0], 100 * np.arange(1, 10) / scale, rtol=1e-6)


def test_units_of_sentinel_1(tmp_path):
    ben = tiff(tmp_path / "s1_ben" / "a.tif", np.full((2, 4, 4), -11.5, np.float32))
    scaled = tiff(tmp_path / "s1_worldcereal" / "wc_a.tif", np.full((2, 4, 4), -115000, np.int32))
    numbers = np.full((2, 4, 4), 3750, np.uint16)
    numbers[:, 0, 0] = 0
    amplitude = tiff(tmp_path / "s1_worldcereal" / "be_a.tif", numbers)
    np.testing.assert_allclose(real_sets.read_sentinel1(ben), -11.5)
    np.testing.assert_allclose(real_sets.read_sentinel1(scaled), -11.5)
    found = real_sets.read_sentinel1(amplitude)
    assert np.isnan(found[:, 0, 0]).all() and np.allclose(found[:, 1], 20 * np.log10(3750) - 83, atol=1e-4)


def test_pictures_are_on_the_8_bit_scale(tmp_path):
    eleven_bits = tiff(tmp_path / "rgbn_spacenet6" / "a.tif", np.full((4, 4, 4), 800, np.uint16))
    plain = tiff(tmp_path / "rgbn_treesat" / "a.tif", np.full((4, 4, 4), 200, np.uint8))
    assert (real_sets.read_picture(eleven_bits, "gaofen") == 200).all()
    found = real_sets.read_picture(plain, "naip", (1, 0, 2, 3))
    assert found.shape == (3, 3, 2) and (found == 200).all()


def biomassters(path):
    """Two months, one of them cloudy; the ascending pass of the clear one is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    s2 = np.tile(np.arange(1, 11, dtype=np.uint16)[:, None, None] * 100, (1, 32, 32))
    clear, cloudy = (np.concatenate([s2, np.full((1, 32, 32), p, np.uint16)]) for p in (5, 90))
    s1 = np.tile(np.array([-9999, -9999, -8, -14], np.float32)[:, None, None], (1, 32, 32))
    np.savez(path, S2_May=clear, S2_June=cloudy, S1_May=s1, S1_June=s1)
    return path


def test_layers_of_both_sensors_are_those_of_clear_dates(tmp_path):
    path = biomassters(tmp_path / "a.npz")
    (bands,), (backscatter,) = (real_sets.array_layers(path, key) for key in ("sentinel-2", "sentinel-1"))
    order = [WORLDCEREAL.index(name) + 1 for name in NINE]
    np.testing.assert_allclose(bands[:, 0, 0], np.array(order) / 100, rtol=1e-6)
    assert backscatter[:, 3, 3].tolist() == [-8, -14]


def test_names_leave_held_out_places_and_their_radar_out(tmp_path):
    held_out = next(name for name in sorted(held_out_files()) if "/s2_ben/" in name)
    for name in ("a.tif", Path(held_out).name):
        tiff(tmp_path / "real" / "s2_ben" / name, np.zeros((12, 70, 64), np.uint16))
        tiff(tmp_path / "real" / "s1_ben" / name, np.zeros((2, 70, 64), np.float32))
    tiff(tmp_path / "real" / "s2_eotdl" / "b.tif", np.zeros((12, 64, 96), np.int16))
    tiff(tmp_path / "real" / "s2_eotdl" / "labels_c.tif", np.zeros((1, 64, 96), np.uint8))
    biomassters(tmp_path / "real" / "s1s2_biomassters" / "d.npz")
    layer = "real/s1s2_biomassters/d.npz#0"
    assert list(real_sets.sample_names(tmp_path, "sentinel-2")) == [
        *2 * ["real/s2_ben/a.tif@0,0,64"],
        "real/s2_eotdl/b.tif@0,0,64",
        "real/s2_eotdl/b.tif@32,0,64",
        layer,
    ]
    assert list(real_sets.sample_names(tmp_path, "sentinel-1")) == ["real/s1_ben/a.tif@0,0,64", layer]
    assert list(real_sets.sample_names(tmp_path, "enmap")) == []
    assert real_sets.read_sample(tmp_path, layer, "sentinel-1", None).shape == (2, 32, 32)


def test_pictures_of_both_kinds_are_listed_for_naip(tmp_path):
    tiff(tmp_path / "real" / "rgb_nz" / "a.tif", np.zeros((3, 64, 64), np.uint8))
    for name in ("rgbn_flair/images", "rgbn_satellogic"):
        tiff(tmp_path / "real" / name / "b.tif", np.zeros((4, 64, 64), np.uint8))
    flair, satellogic = "real/rgbn_flair/images/b.tif@0,0,64", "real/rgbn_satellogic/b.tif@0,0,64"
    assert list(real_sets.sample_names(tmp_path, "gaofen")) == [flair, flair, satellogic]
    assert list(real_sets.sample_names(tmp_path, "naip")) == [flair, flair, "real/rgb_nz/a.tif@0,0,64"]
