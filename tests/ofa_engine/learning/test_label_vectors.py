"""Labels from polygons, points and lines."""

import numpy as np
import pyogrio
import pytest
import rasterio
import shapely
from pyproj import Transformer

from ofa_engine.core.errors import InputError
from ofa_engine.learning.labels import read_labels

from ..conftest import UTM
from .label_files import SHAPE, box, label_map, label_raster, polygons, read


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
    assert (picture[:10, 5:10] == -1).all() and "50 pixels lie in labels of two classes" in " ".join(messages)
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
    (tmp_path / "d.geojson").write_text("{")
    with pytest.raises(
        InputError, match="polygons, points, lines or a label raster that GDAL can read, found d.geojson"
    ):
        read(raster, str(tmp_path / "d.geojson"))
    with pytest.raises(InputError, match="found no file"):
        read(raster, str(tmp_path / "none.gpkg"))


def middle(column, row):
    """The middle of a pixel."""
    return shapely.Point(500005 + 10 * column, 5799995 - 10 * row)


def test_points_label_the_pixels_around_them(raster, tmp_path):
    """In the middle of a pixel that pixel, at a corner the four around it, and with a radius all that are nearer."""
    corner = shapely.Point(500300, 5799700)
    path = polygons(tmp_path / "a.geojson", [middle(10, 10), middle(50, 20), corner], ["a", "b", "b"])
    picture = label_map(read(raster, path).rasters[0])
    assert np.argwhere(picture >= 0).tolist() == [[10, 10], [20, 50], [29, 29], [29, 30], [30, 29], [30, 30]]
    row, column = np.mgrid[:60, :80]
    for radius, single in ((0, 1), (0.5, 1), (1.5, 9), (3, None)):
        found = read(raster, path, radius_px=radius)
        picture = label_map(found.rasters[0])
        near = (np.hypot(row - 10, column - 10) < radius) | ((row == 10) & (column == 10))
        assert ((picture == 0) == near).all() and (single is None or near.sum() == single)
        assert len(np.unique(found.rasters[0].group)) == 3, "each point is a place of its own"


def test_lines_and_collections_are_labels_too(raster, tmp_path):
    line = shapely.LineString([(500105, 5799895), (500305, 5799895)])  # along the middle of row 10
    parts = shapely.MultiPoint([middle(40, 40), middle(60, 50)])
    both = shapely.GeometryCollection([box(70, 0, 3, 3), middle(75, 5)])
    found = read(raster, polygons(tmp_path / "a.geojson", [line, parts, both], ["road", "tree", "roof"]))
    picture = label_map(found.rasters[0])
    assert [c["name"] for c in found.classes] == ["road", "roof", "tree"]
    assert (picture[10, 10:31] == 0).all() and (picture == 0).sum() <= 23
    assert np.argwhere(picture == 2).tolist() == [[40, 40], [50, 60]] and (picture == 1).sum() == 9


def test_a_point_labels_its_tile(raster, tmp_path):
    path = polygons(tmp_path / "a.geojson", [middle(1, 2), middle(33, 17), box(48, 0, 16, 16)], ["a", "b", "a"])
    found = read(raster, path, tile_px=16).rasters[0]
    assert sorted(zip(found.row.tolist(), found.column.tolist(), found.index.tolist(), strict=True)) == [
        (0, 0, 0),
        (0, 3, 0),
        (1, 2, 1),
    ]


def test_points_of_two_classes_in_one_pixel_are_not_used(raster, tmp_path):
    messages = []
    path = polygons(tmp_path / "a.geojson", [middle(5, 5), middle(5, 5), middle(9, 9), box(20, 0, 4, 4)], [*"abab"])
    found = read(raster, path, messages=messages)
    assert found.counts().tolist() == [1, 16] and "1 pixels lie in labels of two classes" in " ".join(messages)


def test_spellings_of_one_class_are_one_class(raster, tmp_path):
    messages = []
    shapes = [box(10 * i, 0, 5, 5) for i in range(7)]
    names = ["Forest", "forest", "Forest", "Bare  soil", "bare soil", "bare soil", "water"]
    found = read(raster, polygons(tmp_path / "a.geojson", shapes, names), messages=messages, ignore=["WATER"])
    assert [c["name"] for c in found.classes] == ["Forest", "bare soil"] and found.counts().tolist() == [75, 75]
    assert any('"Forest" and "forest", "Bare  soil" and "bare soil" differ in case' in text for text in messages)
    messages.clear()
    read(raster, polygons(tmp_path / "b.geojson", shapes, [*"abababa"]), messages=messages)
    assert not messages


def test_a_layer_per_class(raster, tmp_path):
    """Of several layers each is a class, unless a field is named; they may have CRSs of their own."""
    path = tmp_path / "a.gpkg"
    for name, column in (("forest", 0), ("water", 20)):
        wkb = shapely.to_wkb(np.array([box(column, 0, 5, 5), box(column, 30, 5, 5)]))
        more = dict(layer=name, append=path.exists(), geometry_type="Polygon", crs="EPSG:32633")
        pyogrio.raw.write(path, wkb, [np.array(["x", "y"], object)], ["kind"], **more)
    degrees = Transformer.from_crs("EPSG:32633", "EPSG:4326", always_xy=True)
    town = shapely.transform(box(40, 0, 5, 5), degrees.transform, interleaved=False)
    paths = [f"{path}|layername=forest", f"{path}|layername=water"]
    paths.append(polygons(tmp_path / "town.geojson", [town], ["z"], "EPSG:4326", "kind"))
    messages = []
    log = lambda level, text: messages.append(text)  # noqa: E731
    found = read_labels([raster], paths, None, [], 16, log)
    assert [c["name"] for c in found.classes] == ["forest", "town", "water"]
    assert found.counts().tolist() == [50, 25, 50] and "each layer is one class" in messages[0]
    by_field = read_labels([raster], paths, "kind", [], 16, log)
    assert [c["name"] for c in by_field.classes] == ["x", "y", "z"] and by_field.counts().tolist() == [50, 50, 25]
    tif = label_raster(tmp_path / "l.tif", np.ones(SHAPE, np.uint8))
    with pytest.raises(InputError, match="vector files or label rasters, found both"):
        read_labels([raster], [*paths, tif], None, [], 16, log)


def test_coordinates_that_are_no_degrees(raster, tmp_path):
    """A GeoJSON file without CRS is in degrees by its rule; nothing is logged before it is refused."""
    messages = []
    path = polygons(tmp_path / "a.geojson", [box(0, 0, 5, 5), None], ["a", "b"], "EPSG:4326")
    with pytest.raises(
        InputError, match="expected degrees in a.geojson, as its CRS is WGS 84, found coordinates up to"
    ):
        read(raster, path, messages=messages)
    assert not messages
    some = [box(0, 0, 5, 5), shapely.Point(15.0005, 52.348)]
    found = read(raster, polygons(tmp_path / "b.geojson", some, [*"ab"], "EPSG:4326"), messages=messages)
    assert [c["name"] for c in found.classes] == ["b"]
    assert any("1 of 2 features have no place in a raster's CRS" in text for text in messages)


def test_codes_that_a_map_cannot_hold(raster, tmp_path):
    shapes = [box(0, 0, 5, 5), box(10, 0, 5, 5)]
    for values in ([311, 112], [-1, 3], [255, 0]):
        with pytest.raises(InputError, match=r"0 to 254, found .* number the others anew, or make them text"):
            read(raster, polygons(tmp_path / "a.geojson", shapes, values))
    found = read(raster, polygons(tmp_path / "a.geojson", shapes, ["c311", "c112"]))
    assert [(c["value"], c["name"]) for c in found.classes] == [(1, "c112"), (2, "c311")]


def test_places_in_a_table(raster, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("id,class,x,y\n1,forest,500105,5799895\n2,water,500305,5799795\n")
    assert np.argwhere(label_map(read(raster, str(path)).rasters[0]) >= 0).tolist() == [[10, 10], [20, 30]]
    path.write_text("class,lon,lat\nforest,15.0005,52.348\nwater,15.006,52.346\n")
    assert len(read(raster, str(path)).classes) == 2
    path.write_text("class,lon,lat\nforest,13.1,52.2\nwater,13.2,52.3\n")
    with pytest.raises(InputError, match="points that cover pixels of the raster, found none of 2"):
        read(raster, str(path))


def test_pixels_at_the_outline_of_their_polygon_are_known(raster, tmp_path):
    """Those within two rows and columns of a pixel outside, of which a box of 12 by 9 pixels has all but 8 by 5."""
    shapes = [box(20, 10, 12, 9), box(50, 10, 4, 30), shapely.Point(500203, 5799503)]
    part = read(raster, polygons(tmp_path / "a.geojson", shapes, ["a", "b", "b"])).rasters[0]
    picture = np.full(SHAPE, -1)
    picture[part.row, part.column] = part.edge
    assert (picture[12:17, 22:30] == 0).all() and (picture == 0).sum() == 40
    assert (picture == 1).sum() == 12 * 9 - 40 + 4 * 30 + (part.row > 45).sum()
    few = read(raster, polygons(tmp_path / "b.geojson", shapes, ["a", "b", "b"]), limit=30).rasters[0]
    assert (few.edge == picture[few.row, few.column]).all()
