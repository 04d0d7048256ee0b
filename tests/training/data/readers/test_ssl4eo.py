"""SSL4EO-S12 on generated files in its own layout."""

import numpy as np
import pytest

from ofa_engine.core.errors import InputError
from ofa_engine.core.sensors import get_sensor
from training.data.readers import ssl4eo
from training.data.readers.reader import UnusableSample

from .raster_files import tiff

RNG = np.random.default_rng(4)
L2A = ("B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B9", "B11", "B12")
SIZES = {"B2": 264, "B3": 264, "B4": 264, "B8": 264, "B1": 44, "B9": 44}


@pytest.mark.parametrize("folder", ["s2_l2a", "s2c"])
def test_ssl4eo_sentinel2(tmp_path, folder):
    levels = {band: 1000 + 100 * i for i, band in enumerate(L2A)}
    for number, season in (("0000000", "20200607T094041_20200607T094220_T34VDM"), ("0000001", "x")):
        for band, level in levels.items():
            size = SIZES.get(band, 132) + (1 if band == "B8" else 0)  # a pixel more now and then
            values = np.full((1, size, size), level, np.uint16)
            if band == "B4":
                values[0, 0, 0] = 0
            tiff(tmp_path / folder / number / season / f"{band}.tif", values)
    (tmp_path / folder / "0000002").mkdir()
    reader, listing = ssl4eo.list_samples(tmp_path, "sentinel-2", None)
    assert listing.names == ["0000000/20200607T094041_20200607T094220_T34VDM", "0000001/x"]
    values = reader.read(listing.names[0])
    assert values.shape == (9, 264, 264) and (reader.units, reader.dtype, reader.nodata) == ("dn", "uint16", 0)
    wanted = [levels[b] for b in get_sensor("sentinel-2").band_names]
    assert np.allclose(values[:, 5, 5], wanted) and np.isnan(values[0, 0, 0]) and np.isnan(values).sum() == 1
    (tmp_path / folder / "0000001" / "x" / "B5.tif").unlink()
    with pytest.raises(UnusableSample, match="B5.tif"):
        reader.read("0000001/x")


def test_ssl4eo_sentinel1(tmp_path):
    made = {band: RNG.normal(-12, 4, (1, 264, 264)).astype(np.float32) for band in ("VH", "VV")}
    for band, values in made.items():
        tiff(tmp_path / "s1_grd" / "0000000" / "S1A_IW" / f"{band}.tif", values)
    reader, listing = ssl4eo.list_samples(tmp_path, "sentinel-1", None)
    values = reader.read(listing.names[0])
    assert np.array_equal(values, np.concatenate([made["VV"], made["VH"]])) and reader.units == "db"
    with pytest.raises(InputError, match="s2_l2a"):
        ssl4eo.list_samples(tmp_path, "sentinel-2", None)
