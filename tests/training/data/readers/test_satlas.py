"""SatlasPretrain on generated files in its own layout."""

from pathlib import Path

import numpy as np
import pytest

from ofa_engine.core.sensors import get_sensor
from training.data.readers import satlas
from training.data.readers.reader import UnusableSample

from .raster_files import greys, png, rgb

OLD = "S2A_MSIL1C_20160808T181452_N0204_R041_T12SVC_20160808T181447"
NEW = "S2B_MSIL1C_20221230T180749_N0509_R041_T13UCR_20221230T195817"


def satlas_s2(root: Path, scene: str, tile: str, bands=satlas.S2_BANDS, coarse_px: int = 512) -> dict:
    made = {}
    for band in bands:
        size = coarse_px if band in ("b05", "b06", "b07", "b11", "b12") else 512
        pixels = rgb(512) if band == "tci" else greys(size, 0)
        made[band] = png(root / "sentinel2" / scene / band / f"{tile}.png", pixels)
    return made


def test_satlas_sentinel2_units(tmp_path):
    old, new = satlas_s2(tmp_path, OLD, "1867_3287"), satlas_s2(tmp_path, NEW, "1900_3300")
    reader, listing = satlas.list_samples(tmp_path, "sentinel-2")
    assert listing.names == [f"{OLD}/1867_3287", f"{NEW}/1900_3300"] and reader.units == "reflectance"
    for made, name, offset in ((old, listing.names[0], 0), (new, listing.names[1], 1000)):
        values = reader.read(name)
        assert values.shape == (9, 512, 512)
        assert np.allclose(values[:3], made["tci"].transpose(2, 0, 1) * (0.3558 / 255), atol=1e-6)
        for index, band in enumerate(satlas.S2_BANDS[1:], 3):
            wanted = (made[band].astype(float) * 32 + 16 - offset) / 10000
            assert np.allclose(values[index], wanted, atol=1e-6), band


def test_satlas_sentinel2_error_is_at_most_half_a_step():
    dn = np.arange(8160)
    stored = np.clip(dn // 32, 0, 255).astype(np.uint8)
    assert np.abs(satlas.s2_to_reflectance(stored, 0) - dn / 10000).max() <= 16.001e-4


def test_satlas_coarse_bands_are_enlarged_and_black_is_missing(tmp_path):
    made = satlas_s2(tmp_path, OLD, "1_2", coarse_px=256)
    made["tci"][:8, :8] = 0
    made["tci"][100, 100] = (0, 9, 9)  # one dark band alone is a value
    png(tmp_path / "sentinel2" / OLD / "tci" / "1_2.png", made["tci"])
    png(tmp_path / "sentinel2" / OLD / "b05" / "1_2.png", np.full((256, 256), 7, np.uint8))
    values = satlas.list_samples(tmp_path, "sentinel-2")[0].read(f"{OLD}/1_2")
    assert np.isnan(values[:, :8, :8]).all()
    assert not np.isnan(values[:, 9:, 9:]).any() and values[0, 100, 100] == 0
    assert np.allclose(values[3, 9:, 9:], 240e-4)
    b11 = satlas.s2_to_reflectance(made["b11"], 0)
    assert abs(np.nanmean(values[7]) - b11.mean()) < 1e-3


def test_satlas_missing_bands(tmp_path):
    """Absent in all scenes: NaN. Absent in some: those samples are refused."""
    some = ("tci", "b08", "b11")
    satlas_s2(tmp_path, OLD, "1_2", some)
    reader, _ = satlas.list_samples(tmp_path, "sentinel-2")
    values = reader.read(f"{OLD}/1_2")
    assert np.isnan(values).all((1, 2)).tolist() == [False] * 3 + [True] * 3 + [False, False, True]
    satlas_s2(tmp_path, NEW, "3_4", ("tci", "b08"))
    with pytest.raises(UnusableSample, match="b11/3_4.png"):
        satlas.list_samples(tmp_path, "sentinel-2")[0].read(f"{NEW}/3_4")


def test_satlas_sentinel1(tmp_path):
    vh = png(tmp_path / "sentinel1" / "2022-03" / "vh" / "5_6.png", greys(512, 0))
    vv = png(tmp_path / "sentinel1" / "2022-03" / "vv" / "5_6.png", greys(512, 0))
    reader, listing = satlas.list_samples(tmp_path, "sentinel-1")
    values = reader.read(listing.names[0])
    assert reader.units == "db" and values.shape == (2, 512, 512)
    assert np.isnan(values[0]).tolist() == (vv == 0).tolist(), "VV comes first; amplitude 0 is no echo"
    known = vh > 0
    assert np.allclose(values[1][known], 10 * np.log10(vh[known].astype(float) ** 2) - 55.6, atol=1e-4)


def test_satlas_sentinel1_bytes_have_the_usual_backscatter():
    """The set's mean amplitudes, 166 and 88, lie near the sensor table's means in dB."""
    found = satlas.s1_to_db(np.array([166, 88], np.uint8))
    assert np.abs(found - np.array(get_sensor("sentinel-1").mean)).max() < 3


def test_satlas_naip(tmp_path):
    pixels = png(tmp_path / "naip" / "m_2508008_nw_17_1_20151013" / "tci" / "36368_55726.png", rgb(512, 0))
    png(tmp_path / "naip" / "m_2508008_nw_17_1_20151013" / "ir" / "36368_55726.png", greys(512))
    reader, listing = satlas.list_samples(tmp_path, "naip")
    values = reader.read(listing.names[0])
    assert values.dtype == np.uint8 and np.array_equal(values, pixels.transpose(2, 0, 1))
