"""Labels on a raster's grid, from polygons and from label rasters."""

import json

import numpy as np
import pytest
import rasterio
import shapely
from pyproj import Transformer

from ofa_engine.core.errors import InputError
from ofa_engine.learning import labels
from ofa_engine.learning.labels import read_labels
from ofa_engine.raster.class_names import write_class_names
from ofa_engine.raster.source import Source

from ..conftest import UTM, write_raster

WHOLE = shapely.box(500000, 5799400, 500800, 5800000)  # 80 x 60 px of 10 m


@pytest.fixture
def raster(tmp_path):
    with Source(write_raster(tmp_path / "naip.tif", np.ones((3, 60, 80), np.uint8))) as source:
        yield source


def polygons(path, shapes, values, crs="EPSG:32633", name="class"):
    """A GeoJSON file; None is a feature without geometry."""
    features = [
        {
            "type": "Feature",
            "properties": {name: v, "note": 1},
            "geometry": None if s is None else json.loads(shapely.to_geojson(s)),
        }
        for s, v in zip(shapes, values, strict=True)
    ]
    crs_entry = {"type": "name", "properties": {"name": f"urn:ogc:def:crs:{crs.replace(':', '::')}"}}
    path.write_text(json.dumps({"type": "FeatureCollection", "crs": crs_entry, "features": features}))
    return str(path)


def read(raster, path, field=None, ignore=(), said=None):
    say = lambda level, text: said is not None and said.append(text)  # noqa: E731
    return read_labels([raster], [path], field, list(ignore), 16, say)


def box(left, top, width, height):
    """In pixels."""
    return shapely.box(
        500000 + 10 * left, 5800000 - 10 * (top + height), 500000 + 10 * (left + width), 5800000 - 10 * top
    )


def burnt(part, shape=(60, 80)):
    picture = np.full(shape, -1)
    picture[part.row, part.column] = part.index
    return picture


def test_polygons_cover_pixels_whose_middle_they_hold(raster, tmp_path):
    """As GDAL burns them without all-touched, also from another CRS."""
    shapes = [shapely.Point(500203, 5799713).buffer(97), box(50, 10, 7, 9)]
    wanted = rasterio.features.rasterize([(shapes[0], 1), (shapes[1], 2)], (60, 80), transform=UTM)
    found = read(raster, polygons(tmp_path / "a.geojson", shapes, ["wood", "field"]))
    assert [(c["value"], c["name"]) for c in found.classes] == [(1, "field"), (2, "wood")]
    assert (burnt(found.rasters[0]) == np.select([wanted == 1, wanted == 2], [1, 0], -1)).all()
    to_degrees = Transformer.from_crs("EPSG:32633", "EPSG:4326", always_xy=True)
    dense = shapely.segmentize(shapes, 5)
    moved = shapely.transform(dense, to_degrees.transform, interleaved=False)
    again = read(raster, polygons(tmp_path / "b.geojson", moved, ["wood", "field"], "EPSG:4326"))
    assert (burnt(again.rasters[0]) != burnt(found.rasters[0])).sum() <= 3, "but for corners on the very edge"


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


def test_classes_of_a_label_raster_look_as_people_expect(raster, tmp_path):
    values = np.array([[1, 2] * 40] * 60, np.uint8)
    path = label_raster(tmp_path / "l.tif", values)
    write_class_names(tmp_path / "l.tif", [{"value": 2, "name": "lake", "color": "#000000"}], [0])
    assert [(c["name"], c["color"]) for c in read(raster, path).classes] == [("1", "#0072b2"), ("lake", "#2a6fd1")]


def test_where_two_classes_overlap_nothing_is_labelled(raster, tmp_path):
    said = []
    shapes = [box(0, 0, 10, 10), box(5, 0, 10, 10), box(0, 5, 3, 10)]
    found = read(raster, polygons(tmp_path / "a.geojson", shapes, ["a", "b", "a"]), said=said).rasters[0]
    picture = burnt(found)
    assert (picture[:10, 5:10] == -1).all() and "50 pixels lie in polygons of two classes" in " ".join(said)
    assert (picture[:10, :5] == 0).all() and (picture[:10, 10:15] == 1).all() and (picture[10:15, :3] == 0).all()
    assert len(np.unique(found.row * 80 + found.column)) == len(found), "pixels of two polygons of a class count once"


def test_overlaps_are_left_out_of_drawn_polygons_too(raster, tmp_path, monkeypatch):
    """Of the large polygon few pixels are drawn; the small one inside it is lost all the same."""
    monkeypatch.setattr(labels, "LIMIT", 100)
    said = []
    shapes = [box(0, 0, 40, 60), box(10, 10, 8, 8), box(60, 0, 9, 9)]
    found = read(raster, polygons(tmp_path / "a.geojson", shapes, ["a", "b", "b"]), said=said).rasters[0]
    picture = burnt(found)
    assert (picture[10:18, 10:18] == -1).all() and "64 pixels" in " ".join(said)
    assert (picture[:9, 60:69] == 1).all() and (picture == 0).sum() > 60


def test_neighbours_that_share_an_edge_do_not_quarrel(raster, tmp_path):
    said = []
    bow_tie = shapely.Polygon([(500400, 5799900), (500500, 5799800), (500500, 5799900), (500400, 5799800)])
    shapes = [box(0, 0, 10, 10), box(10, 0, 10, 10), bow_tie]
    found = read(raster, polygons(tmp_path / "a.geojson", shapes, ["a", "b", "a"]), said=said)
    assert found.counts()[1] == 100 and 100 < found.counts()[0] < 180 and not said


def test_odd_features_are_left_out_and_told(raster, tmp_path):
    said = []
    shapes = [box(0, 0, 5, 5), None, shapely.Polygon(), box(10, 0, 5, 5), box(20, 0, 5, 5), box(900, 0, 5, 5)]
    path = polygons(tmp_path / "a.geojson", shapes, ["a", "a", "b", "b", None, "far"])
    found = read(raster, path, said=said)
    assert [c["name"] for c in found.classes] == ["a", "b"] and found.counts().tolist() == [25, 25]
    assert any("3 of 6 polygons" in text for text in said) and any("far" in text for text in said)


def test_messages(raster, tmp_path):
    path = polygons(tmp_path / "a.geojson", [box(0, 0, 5, 5)], ["a"], name="kind")
    with pytest.raises(InputError, match=r"class field in a.geojson \(kind, note\), found none that is meant"):
        read(raster, path)
    with pytest.raises(InputError, match="found colour: tell with --field"):
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


def label_raster(path, values, **more):
    return str(write_raster(path, values[None], **more))


def test_label_rasters_keep_values_and_leave_out_nodata_and_ignored(raster, tmp_path):
    values = np.zeros((60, 80), np.uint8)
    values[:20], values[20:30], values[30:40] = 5, 9, 77
    path = label_raster(tmp_path / "l.tif", values, nodata=0)
    found = read(raster, path, ignore=["77"])
    assert [c["value"] for c in found.classes] == [5, 9] and found.counts().tolist() == [1600, 800]
    assert (burnt(found.rasters[0]) == np.select([values == 5, values == 9], [0, 1], -1)).all()
    part = found.rasters[0]
    assert (part.group == part.row // 16 * 5 + part.column // 16).all(), "blocks of 16 px"
    for other, problem in ((values[:50], "80 x 50 px"), (values - 300.0, "--ignore")):
        with pytest.raises(InputError, match=problem):
            read(raster, label_raster(tmp_path / "m.tif", other))
    with pytest.raises(InputError, match="found 3 bands in rgb.tif"):
        read(raster, str(write_raster(tmp_path / "rgb.tif", np.stack([values] * 3))))
    with pytest.raises(InputError, match="another place"):
        read(raster, label_raster(tmp_path / "n.tif", values, transform=rasterio.Affine(10, 0, 0, 0, -10, 0)))
    with pytest.raises(InputError, match="one label raster a raster, found 2 for 1"):
        read_labels([raster], [path, path], None, [], 16, print)
    with pytest.raises(InputError, match="whole numbers to ignore"):
        read(raster, path, ignore=["none"])


def test_three_label_rasters_are_places_of_their_own(raster, tmp_path):
    values = np.ones((60, 80), np.uint8)
    values[:, 40:] = 2
    paths = [label_raster(tmp_path / f"{i}.tif", values) for i in range(3)]
    found = read_labels([raster] * 3, paths, None, [], 16, print)
    assert [np.unique(part.group).tolist() for part in found.rasters] == [[0], [1], [2]]
    assert len(np.unique(read_labels([raster] * 2, paths[:2], None, [], 16, print).rasters[0].group)) > 1
    ones = [label_raster(tmp_path / f"o{i}.tif", np.full((60, 80), i + 1, np.uint8)) for i in range(3)]
    found = read_labels([raster] * 3, ones, None, [], 16, print)
    assert len(np.unique(found.rasters[0].group)) > 1, "each class in one raster: nothing could be scored"


def test_large_areas_are_drawn_and_weighted(raster, tmp_path, monkeypatch):
    """A bounded draw stands for all pixels; a polygon more does not change the draw elsewhere."""
    monkeypatch.setattr(labels, "LIMIT", 400)
    shapes = [box(0, 0, 40, 60), box(50, 0, 20, 60)]
    one = read(raster, polygons(tmp_path / "a.geojson", shapes[:1], ["a"])).rasters[0]
    both = read(raster, polygons(tmp_path / "b.geojson", shapes, ["a", "b"])).rasters[0]
    assert abs(len(one) - 400) < 80
    assert set(zip(one.row, one.column, strict=True)) <= set(zip(both.row, both.column, strict=True))
    assert both.weight[both.index == 0].sum() == pytest.approx(2400, rel=0.2)
    values = np.ones((60, 80), np.uint8)
    found = read(raster, label_raster(tmp_path / "l.tif", values))
    assert found.counts()[0] == pytest.approx(4800, rel=0.2) and abs(len(found.rasters[0]) - 400) < 80


def test_tiles_take_the_class_that_covers_more_than_half(raster, tmp_path, monkeypatch):
    shapes = [box(0, 0, 16, 9), box(16, 0, 16, 8), box(64, 48, 16, 7), box(32, 0, 5, 16), box(37, 0, 5, 16)]
    path = polygons(tmp_path / "a.geojson", shapes, ["a", "b", "b", "a", "b"])
    monkeypatch.setattr(labels, "LIMIT", 40)  # of pixels: tiles are counted exactly
    tiles = read_labels([raster], [path], None, [], 16, print, tile_px=16).rasters[0]
    # the lower right tile is clipped to 16 x 12 px: 7 of its 12 rows are enough
    assert list(zip(tiles.row, tiles.column, tiles.index, strict=True)) == [(0, 0, 0), (3, 4, 1)]
    assert tiles.group.tolist() == [0, 2]
    values = np.zeros((60, 80), np.uint8)
    values[:16, :16], values[:7, 16:32], values[8:16, 16:32] = 3, 3, 5
    values[15, 31] = 0
    path = label_raster(tmp_path / "l.tif", values, nodata=0)
    found = read_labels([raster], [path], None, [], 16, print, tile_px=16)
    tiles = found.rasters[0]
    assert list(zip(tiles.row, tiles.column, tiles.index, strict=True)) == [(0, 0, 0)] and len(found.classes) == 2
