"""Labels from polygons."""

import numpy as np
import pytest
import rasterio
import shapely
from pyproj import Transformer

from ofa_engine.core.errors import InputError

from ..conftest import UTM
from .label_files import box, label_map, polygons, read


def test_polygons_label_pixels_whose_centre_they_contain(raster, tmp_path):
    """As GDAL burns them without all-touched, also from another CRS."""
    shapes = [shapely.Point(500203, 5799713).buffer(97), box(50, 10, 7, 9)]
    wanted = rasterio.features.rasterize([(shapes[0], 1), (shapes[1], 2)], (60, 80), transform=UTM)
    found = read(raster, polygons(tmp_path / "a.geojson", shapes, ["wood", "field"]))
    assert [(c["value"], c["name"]) for c in found.classes] == [(1, "field"), (2, "wood")]
    assert (label_map(found.rasters[0]) == np.select([wanted == 1, wanted == 2], [1, 0], -1)).all()
    to_degrees = Transformer.from_crs("EPSG:32633", "EPSG:4326", always_xy=True)
    dense = shapely.segmentize(shapes, 5)
    moved = shapely.transform(dense, to_degrees.transform, interleaved=False)
    again = read(raster, polygons(tmp_path / "b.geojson", moved, ["wood", "field"], "EPSG:4326"))
    assert (label_map(again.rasters[0]) != label_map(found.rasters[0])).sum() <= 3, "but for corners on the very edge"


def test_integers_keep_their_values_and_text_is_numbered(raster, tmp_path):
    shapes = [box(0, 0, 5, 5), box(10, 0, 5, 5), box(20, 0, 5, 5)]
    found = read(raster, polygons(tmp_path / "a.geojson", shapes, [7, 3, 12]))
    assert [(c["value"], c["name"]) for c in found.classes] == [(3, "3"), (7, "7"), (12, "12")]
    found = read(raster, polygons(tmp_path / "b.geojson", shapes, [7.0, 3.0, 12.0]))
    assert [c["value"] for c in found.classes] == [3, 7, 12]
    found = read(raster, polygons(tmp_path / "c.geojson", shapes, ["b", "a", "c"]), ignore=["c"])
    assert [(c["value"], c["name"]) for c in found.classes] == [(1, "a"), (2, "b")]
    with pytest.raises(InputError, match="0 to 254, found 3 to 300"):
        read(raster, polygons(tmp_path / "d.geojson", shapes, [3, 300, 5]))


def test_overlaps_of_different_classes_are_unlabelled(raster, tmp_path):
    messages = []
    shapes = [box(0, 0, 10, 10), box(5, 0, 10, 10), box(0, 5, 3, 10)]
    found = read(raster, polygons(tmp_path / "a.geojson", shapes, ["a", "b", "a"]), messages=messages).rasters[0]
    picture = label_map(found)
    assert (picture[:10, 5:10] == -1).all() and "50 pixels lie in polygons of two classes" in " ".join(messages)
    assert (picture[:10, :5] == 0).all() and (picture[:10, 10:15] == 1).all() and (picture[10:15, :3] == 0).all()
    assert len(np.unique(found.row * 80 + found.column)) == len(found), "pixels of two polygons of a class count once"


def test_overlaps_are_removed_before_pixels_are_sampled(raster, tmp_path):
    """Only few pixels of the large polygon are kept; the small one inside it is unlabelled all the same."""
    messages = []
    shapes = [box(0, 0, 40, 60), box(10, 10, 8, 8), box(60, 0, 9, 9)]
    found = read(
        raster, polygons(tmp_path / "a.geojson", shapes, ["a", "b", "b"]), messages=messages, limit=100
    ).rasters[0]
    picture = label_map(found)
    assert (picture[10:18, 10:18] == -1).all() and "64 pixels" in " ".join(messages)
    assert (picture[:9, 60:69] == 1).all() and (picture == 0).sum() > 60


def test_polygons_that_share_an_edge_do_not_overlap(raster, tmp_path):
    messages = []
    bow_tie = shapely.Polygon([(500400, 5799900), (500500, 5799800), (500500, 5799900), (500400, 5799800)])
    shapes = [box(0, 0, 10, 10), box(10, 0, 10, 10), bow_tie]
    found = read(raster, polygons(tmp_path / "a.geojson", shapes, ["a", "b", "a"]), messages=messages)
    assert found.counts()[1] == 100 and 100 < found.counts()[0] < 180 and not messages


def test_unusable_features_are_skipped_with_a_warning(raster, tmp_path):
    messages = []
    shapes = [box(0, 0, 5, 5), None, shapely.Polygon(), box(10, 0, 5, 5), box(20, 0, 5, 5), box(900, 0, 5, 5)]
    path = polygons(tmp_path / "a.geojson", shapes, ["a", "a", "b", "b", None, "far"])
    found = read(raster, path, messages=messages)
    assert [c["name"] for c in found.classes] == ["a", "b"] and found.counts().tolist() == [25, 25]
    assert any("3 of 6 polygons" in text for text in messages) and any("far" in text for text in messages)


def test_messages(raster, tmp_path):
    path = polygons(tmp_path / "a.geojson", [box(0, 0, 5, 5)], ["a"], name="kind")
    with pytest.raises(InputError, match=r"class field in a.geojson \(kind, note\), found no obvious one"):
        read(raster, path)
    with pytest.raises(InputError, match="found colour: name it with --field"):
        read(raster, path, field="colour")
    assert read(raster, path, field="kind").counts().tolist() == [25]
    with pytest.raises(InputError, match="found none of 1: do they lie elsewhere"):
        read(raster, polygons(tmp_path / "b.geojson", [box(900, 900, 5, 5)], ["a"]))
    with pytest.raises(InputError, match="found Point: buffer"):
        read(raster, polygons(tmp_path / "c.geojson", [shapely.Point(500005, 5799995)], ["a"]))
    (tmp_path / "d.geojson").write_text("{")
    with pytest.raises(InputError, match="expected a file of polygons that GDAL can read, found d.geojson"):
        read(raster, str(tmp_path / "d.geojson"))
    with pytest.raises(InputError, match="found no file"):
        read(raster, str(tmp_path / "none.gpkg"))
