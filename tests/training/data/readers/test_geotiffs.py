"""Folders of GeoTIFFs: band order, tiles, missing values; and the public samples."""

import warnings

import numpy as np
import pytest
import rasterio

from ofa_engine.core.errors import InputError, SensorError
from ofa_engine.core.sensors import get_sensor
from training.data.readers import geotiffs

from .raster_files import tiff

RNG = np.random.default_rng(4)


def test_geotiffs_follow_band_names(tmp_path):
    names = ["B2", "B3", "B4", "B8", "B5", "B6", "B7", "B11", "B12", "B1"]
    bands = RNG.integers(100, 4000, (10, 32, 32), np.uint16)
    tiff(tmp_path / "a" / "one.tif", bands, names)
    tiff(tmp_path / "two.TIF", bands + 1, names)
    reader, listing = geotiffs.list_samples(tmp_path, None, None, None, None)
    assert (reader.sensor, reader.units, reader.dtype, reader.nodata) == ("sentinel-2", "dn", "uint16", None)
    assert listing.names == ["a/one.tif", "two.TIF"]
    order = [names.index(b) for b in get_sensor("sentinel-2").band_names]
    assert np.array_equal(reader.read("a/one.tif"), bands[order])


def test_geotiffs_are_cut_to_tiles(tmp_path):
    bands = RNG.integers(0, 255, (3, 70, 100), np.uint8)
    tiff(tmp_path / "wide.tif", bands, photometric="RGB")
    tiff(tmp_path / "small.tif", bands[:, :20, :20], photometric="RGB")
    reader, listing = geotiffs.list_samples(tmp_path, None, None, None, 32)
    assert len(listing.names) == 6 and [s["file"] for s in listing.skipped] == ["small.tif"]
    for name in listing.names:
        column, row = map(int, name.split("@")[1].split(","))
        assert np.array_equal(reader.read(name), bands[:, row : row + 32, column : column + 32])
    _, listing = geotiffs.list_samples(tmp_path, None, None, None, None)
    assert "tiles of 20 px" in listing.notes and len(listing.names) == 3 * 5 + 1


def test_geotiffs_explicit_bands_nodata_and_oddities(tmp_path):
    bands = RNG.integers(1, 4000, (6, 24, 24), np.int16)
    bands[:, 3, 3] = -1
    bands[2, 4, 4] = -1  # one band alone
    tiff(tmp_path / "landsat.tif", bands, nodata=-1)
    tiff(tmp_path / "one_band.tif", bands[:1])
    (tmp_path / "empty.tif").write_bytes(b"")
    with pytest.raises(SensorError, match="--bands 3,2,1"):
        geotiffs.list_samples(tmp_path, None, None, None, None)
    (tmp_path / "one_band.tif").unlink()
    reader, listing = geotiffs.list_samples(tmp_path, "sentinel-2", "3,2,1,-,-,-,4,5,6", "dn", None)
    assert (reader.dtype, reader.nodata) == ("int16", -1) and [s["file"] for s in listing.skipped] == ["empty.tif"]
    values = reader.read("landsat.tif")
    assert np.isnan(values).all((1, 2)).tolist() == [False] * 3 + [True] * 3 + [False] * 3
    assert np.isnan(values[:, 3, 3]).all() and np.isnan(values[0, 4, 4]) and values[1, 4, 4] == bands[1, 4, 4]


def test_geotiffs_masked_bytes_are_kept_in_half_precision(tmp_path):
    bands = RNG.integers(0, 255, (4, 24, 24), np.uint8)
    bands[3] = 255
    bands[3, :5] = 0
    path = tiff(tmp_path / "rgba.tif", bands, photometric="RGB", alpha="YES")
    reader, _ = geotiffs.list_samples(tmp_path, None, None, None, None)
    assert (reader.sensor, reader.dtype, reader.nodata) == ("naip", "float16", None)
    values = reader.read(path.name)
    assert np.isnan(values[:, :5]).all() and np.array_equal(values[:, 5:], bands[:3, 5:])


def test_geotiffs_refuse_an_empty_folder(tmp_path):
    with pytest.raises(InputError, match="GeoTIFFs"):
        geotiffs.list_samples(tmp_path, None, None, None, None)


@pytest.mark.parametrize(
    "folder, sensor, units, shape, missing",
    [
        ("s2_chips", "sentinel-2", "dn", (9, 64, 64), 0),
        ("s1_floods/images", "sentinel-1", "db", (2, 512, 512), 0),
        ("enmap_potsdam/images", "enmap", "reflectance", (224, 32, 32), 22),
    ],
)
def test_public_samples(shared_data, folder, sensor, units, shape, missing):
    reader, listing = geotiffs.list_samples(shared_data / folder, None, None, None, None)
    assert (reader.sensor, reader.units) == (sensor, units) and not listing.skipped
    values = reader.read(listing.names[0])
    assert values.shape == shape and np.isnan(values).all((1, 2)).sum() == missing
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        with rasterio.open(shared_data / folder / listing.names[0]) as file:
            stack, nodata = file.read().astype(np.float32), file.nodata
            scales = np.array(file.scales)[:, None, None]
    if nodata is not None:
        stack[stack == nodata] = np.nan
    stack = (stack * scales).astype(np.float32)
    for place, band in enumerate(reader.order):
        assert band is None or np.array_equal(values[place], stack[band - 1], equal_nan=True)
