import numpy as np
import pytest
import rasterio
import shapely

from ofa_engine.batch.stac import acquisition_times, footprint, item_collection
from ofa_engine.raster.georeference import place
from ofa_engine.raster.source import Source

from ..conftest import write_raster


def footprint_of(tmp_path, transform, crs, shape=(100, 200)):
    path = write_raster(tmp_path / "a.tif", np.ones((1, *shape), np.uint8), transform=transform, crs=crs)
    with Source(path) as source:
        bbox, geometry = footprint(source)
    return bbox, shapely.geometry.shape(geometry)


def test_footprint_in_degrees(tmp_path):
    bbox, shape = footprint_of(tmp_path, rasterio.Affine(0.01, 0, 10, 0, -0.01, 50), "EPSG:4326")
    assert bbox == pytest.approx([10, 49, 12, 50]) and shape.area == pytest.approx(2) and shape.exterior.is_ccw


@pytest.mark.parametrize(
    "transform",
    [
        rasterio.Affine(10, 0, 5e5, 0, -10, 5.8e6),
        rasterio.Affine(8, 6, 5e5, 6, -8, 5.8e6),
        rasterio.Affine(10, 0, 5e5, 0, 10, 5.8e6),
    ],
)
def test_footprint_of_projected_rasters(tmp_path, transform):
    bbox, shape = footprint_of(tmp_path, transform, "EPSG:32633")
    assert shape.is_valid and shape.exterior.is_ccw and list(shape.bounds) == pytest.approx(bbox)
    corners = [place(transform, *corner) for corner in ((0, 0), (200, 0), (200, 100), (0, 100), (100, 50))]
    *edge, middle = shapely.points(*rasterio.warp.transform("EPSG:32633", "EPSG:4326", *zip(*corners, strict=True)))
    assert shape.contains(middle) and all(shape.boundary.distance(corner) < 1e-6 for corner in edge)


def test_footprint_over_the_antimeridian(tmp_path):
    """UTM zone 1 begins at 180 degrees: a raster over its western edge."""
    bbox, shape = footprint_of(tmp_path, rasterio.Affine(100, 0, 160000, 0, -100, 1000000), "EPSG:32601", (100, 400))
    assert shape.geom_type == "MultiPolygon" and len(shape.geoms) == 2 and shape.is_valid
    assert bbox[0] > 179 and bbox[2] < -179 and all(part.exterior.is_ccw for part in shape.geoms)
    assert sum(part.area for part in shape.geoms) == pytest.approx(0.363 * 0.09, rel=0.1)


def test_no_place_without_crs(tmp_path):
    path = write_raster(tmp_path / "a.tif", np.ones((1, 5, 5), np.uint8), crs=None)
    with Source(path) as source:
        assert footprint(source) == (None, None)


def test_times_from_names():
    stamp = [1, 1_700_000_000_000_000_000]
    assert acquisition_times("S2B_MSIL2A_20230512T103031_N0509.tif", stamp) == {"datetime": "2023-05-12T10:30:31Z"}
    day = {"datetime": None, "start_datetime": "2023-05-12T00:00:00Z", "end_datetime": "2023-05-12T23:59:59Z"}
    assert acquisition_times("m_4007_20230512.tif", stamp) == acquisition_times("x-2023-05-12-y.tif", stamp) == day
    unknown = {"datetime": None, "start_datetime": "1970-01-01T00:00:00Z", "end_datetime": "2023-11-14T22:13:20Z"}
    for name in ("a.tif", "20231399.tif", "120230512.tif", "2023051.tif"):
        assert acquisition_times(name, stamp) == unknown


def test_times_of_the_input_take_precedence():
    entry = {
        "id": "a",
        "input": "https://h/20200101.tif",
        "output": "a.tif",
        "sensor": "naip",
        "head": {"name": "h"},
        "engine": "1",
        "classes": [],
        "bbox": [0, 0, 1, 1],
        "geometry": {},
        "stamp": None,
    }
    given = {"datetime": None, "start_datetime": "2021-01-01T00:00:00Z", "end_datetime": "2021-02-01T00:00:00Z"}
    for times, wanted in [(given, "2021-01-01T00:00:00Z"), ({"datetime": None}, "2020-01-01T00:00:00Z")]:
        properties = item_collection([entry | {"times": times}], "now")["features"][0]["properties"]
        assert properties["datetime"] is None and properties["start_datetime"] == wanted
