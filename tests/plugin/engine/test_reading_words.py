"""The title of what a raster is read as."""

import pytest
from osgeo import gdal
from rasters import make

from qgis_plugin.engine.modules import sensors
from qgis_plugin.engine.raster_facts import facts_of
from qgis_plugin.engine.reading_words import reading_reason, reading_title

LANDSAT = (4, 3, 2, None, None, None, 5, 6, 7)


@pytest.mark.parametrize(
    ("product", "sensor", "bands", "title"),
    [
        (
            "landsat-8-9-l2",
            "sentinel-2",
            LANDSAT,
            "Landsat 8/9 surface reflectance, read as Sentinel-2 without its red-edge bands",
        ),
        ("sentinel-2-l2a", "sentinel-2", tuple(range(1, 10)), "Sentinel-2 L2A"),
        ("rgb", "naip", (1, 2, 3), "RGB image"),
        (None, "sentinel-2", LANDSAT, "Sentinel-2 without its red-edge bands"),
        (None, "sentinel-2", (3, 2, 1, None, 4, 5, 6, 7, 8), "Sentinel-2 without B5"),
        (None, "sentinel-2", (3, 2, 1, 4, *[None] * 5), "Sentinel-2 without B6, B7, B8, its shortwave-infrared bands"),
        ("sentinel-1-grd", "sentinel-1", (1, None), "Sentinel-1 GRD without VH"),
    ],
)
def test_title_names_product_sensor_and_what_is_missing(product, sensor, bands, title):
    assert reading_title(product, sensor, bands) == title


def test_bands_that_a_sensor_never_uses_are_not_missing():
    enmap = sensors.get_sensor("enmap")
    bands = [None if number in enmap.never else number for number in range(1, 225)]
    assert reading_title("enmap-l2a", "enmap", bands) == "EnMAP L2A"
    bands[:40] = [None] * 40
    assert reading_title("enmap-l2a", "enmap", bands) == "EnMAP L2A without 40 of its bands"


def test_reason_does_not_repeat_the_title(layer, tmp_path):
    names = tuple(f"SR_B{number}" for number in range(1, 8))
    path = make(tmp_path / "l8.tif", 7, dtype=gdal.GDT_UInt16, descriptions=names, pixel=30.0)
    found = sensors.detect(facts_of(layer(path)))
    title, reason = reading_title(found.product, found.sensor, found.bands), reading_reason(found)
    assert title.startswith("Landsat 8/9") and "Landsat" not in reason and reason.startswith("7 bands")
    assert "--" not in reason  # options have the titles of their fields
