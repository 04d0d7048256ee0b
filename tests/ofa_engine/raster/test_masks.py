import numpy as np
import pyogrio
import pytest
import rasterio
import shapely
from pyproj import Transformer
from rasterio.warp import transform as warp_points

from ofa_engine.core.callbacks import Callbacks
from ofa_engine.core.errors import InputError
from ofa_engine.core.options import TYPES, SegmentOptions
from ofa_engine.core.sensors import SENSORS
from ofa_engine.inference.classify import classify
from ofa_engine.inference.embed import embed
from ofa_engine.inference.segment import segment
from ofa_engine.raster.georeference import place
from ofa_engine.raster.masks import SCL_MASKED, PolygonMask, RasterMask
from ofa_engine.raster.source import Source

from ..conftest import UTM, pixels_of, write_raster

ROTATED = rasterio.Affine(8, 6, 5e5, 6, -8, 5.8e6)
SOUTH_UP = rasterio.Affine(10, 0, 5e5, 0, 10, 5.79e6)


def write_polygons(path, shapes, crs="EPSG:32633"):
    shapes = np.array(shapes, dtype=object)
    kind = shapes[0].geom_type
    pyogrio.raw.write(
        path, shapely.to_wkb(shapes), [np.arange(len(shapes))], ["n"], driver="GPKG", crs=crs, geometry_type=kind
    )
    return str(path)


def middles(transform, height, width):
    """(x, y) (H, W) of the pixels' middles."""
    row, column = np.mgrid[:height, :width] + 0.5
    return place(transform, column, row)


def valid_of(path, mask, values=None, said=None):
    """(H, W) by the mask alone."""
    with Source(path) as source:
        if values is not None or said is not None:
            found = RasterMask(source, str(mask), values, lambda *note: (said if said is not None else []).append(note))
        else:
            found = PolygonMask(source, str(mask))
        source.restrict(found)
        assert source.may_have_holes
        valid = source.read([1], (0, 0, source.width, source.height))[1]
        return np.ones((source.height, source.width), bool) if valid is None else valid


@pytest.fixture
def base(tmp_path):
    def make(transform=UTM, crs="EPSG:32633", height=60, width=80):
        return write_raster(tmp_path / "base.tif", pixels_of("naip", height, width), transform=transform, crs=crs)

    return make


# --- mask rasters ------------------------------------------------------------------------------------------------


def test_a_mask_on_the_same_grid(base, tmp_path):
    mask = np.random.default_rng(0).integers(0, 4, (1, 60, 80), np.uint8)
    path = write_raster(tmp_path / "m.tif", mask)
    np.testing.assert_array_equal(valid_of(base(), path, [1, 3]), ~np.isin(mask[0], [1, 3]))
    said = []
    np.testing.assert_array_equal(valid_of(base(), path, said=said), mask[0] != 0)
    assert "is 0" in said[0][1]
    path = write_raster(tmp_path / "n.tif", mask, nodata=2)
    np.testing.assert_array_equal(valid_of(base(), path, [1]), ~np.isin(mask[0], [1, 2]))
    floats = np.where(mask == 2, np.nan, mask).astype(np.float32)
    path = write_raster(tmp_path / "f.tif", floats)
    np.testing.assert_array_equal(valid_of(base(), path, [1]), ~np.isin(mask[0], [1, 2]))
    np.testing.assert_array_equal(
        valid_of(base(crs=None), write_raster(tmp_path / "g.tif", mask, crs=None), [1]), mask[0] != 1
    )


@pytest.mark.parametrize("transform", [UTM, ROTATED, SOUTH_UP], ids=["north-up", "rotated", "south-up"])
@pytest.mark.parametrize("crs", ["EPSG:32633", "EPSG:4326", "EPSG:3857"])
def test_a_mask_on_another_grid_by_its_nearest_pixel(base, tmp_path, transform, crs):
    """The reference projects each pixel's middle and looks the mask's pixel up; near the mask's edges a warp may differ
    by an eighth of a pixel."""
    path = base(transform)
    x, y = middles(transform, 60, 80)
    fx, fy = (np.array(v) for v in warp_points("EPSG:32633", crs, x.ravel(), y.ravel()))
    west, east, south, north = fx.min(), fx.max(), fy.min(), fy.max()
    # three quarters of the raster's width: a part has no mask
    pixel = (east - west) / 12
    grid = rasterio.Affine(pixel, 0, west - pixel / 3, 0, -pixel, north + pixel / 3)
    rows = int((north - south) / pixel) + 2
    values = np.random.default_rng(1).integers(0, 3, (1, rows, 9), np.uint8)
    mask = write_raster(tmp_path / "m.tif", values, crs=crs, transform=grid)
    column, row = place(~grid, fx, fy)
    inside = (column >= 0) & (column < 9) & (row >= 0) & (row < rows)
    looked_up = np.where(inside, values[0][row.astype(int).clip(0, rows - 1), column.astype(int).clip(0, 8)], 99)
    wanted = (np.isin(looked_up, [0, 2])).reshape(60, 80)
    off = np.minimum(np.abs(column - column.round()), np.abs(row - row.round())) * pixel
    near_an_edge = (
        off < 0.15 * np.abs(x[0, 1] - x[0, 0] + 1j * (y[0, 1] - y[0, 0])) * pixel / ((x.max() - x.min()) / 12)
    ).reshape(60, 80)
    found = valid_of(path, mask, [1])
    assert near_an_edge.mean() < 0.3
    np.testing.assert_array_equal(found[~near_an_edge], wanted[~near_an_edge])
    assert not found.all() and found.any()


def test_sentinel_2s_scene_classification_is_known_by_name_and_values(base, tmp_path):
    scl = np.arange(12, dtype=np.uint8).reshape(1, 2, 6).repeat(30, 1).repeat(14, 2)[:, :, :80]
    wanted = ~np.isin(scl[0], list(SCL_MASKED))
    for name, band in (("T33UXP_20240601T101031_SCL_20m.tif", ""), ("mask.tif", "SCL")):
        said = []
        path = write_raster(tmp_path / name, scl, names=[band])
        np.testing.assert_array_equal(valid_of(base(), path, said=said), wanted)
        assert said[0][0] == "info" and "scene classification" in said[0][1] and "thin cirrus" in said[0][1]
        np.testing.assert_array_equal(valid_of(base(), path, [9]), scl[0] != 9)  # the user's word wins
    for name, values in (("muscle.tif", scl), ("SCL.tif", scl * 10)):  # other name, other values
        np.testing.assert_array_equal(valid_of(base(), write_raster(tmp_path / name, values), said=[]), values[0] != 0)


# --- polygons ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("transform", [UTM, ROTATED, SOUTH_UP], ids=["north-up", "rotated", "south-up"])
@pytest.mark.parametrize("crs", ["EPSG:32633", "EPSG:4326", "EPSG:3857"])
def test_polygons_leave_pixels_whose_middle_they_hold(base, tmp_path, transform, crs):
    x, y = middles(transform, 60, 80)
    center = shapely.Point(x.mean() + 13.7, y.mean() - 3.1)
    shapes = [center.buffer(190.3) - center.buffer(77.7), shapely.box(x.min(), y.min(), x.min() + 111, y.min() + 99.7)]
    to_crs = Transformer.from_crs("EPSG:32633", crs, always_xy=True)
    written = [shapely.transform(shape, to_crs.transform, interleaved=False) for shape in shapes]
    path = write_polygons(tmp_path / "p.gpkg", written, crs)
    wanted = np.logical_or.reduce([shapely.contains_xy(shape, x, y) for shape in shapes])
    found = valid_of(base(transform), path)
    # a middle on the very line may fall to either side
    line = np.minimum.reduce([shapely.distance(shape.boundary, shapely.points(x, y)) for shape in shapes]) < 1e-3
    np.testing.assert_array_equal(found[~line], wanted[~line])
    assert 0.05 < found.mean() < 0.9


def test_masks_and_own_validity_and_crop_combine(tmp_path):
    pixels = pixels_of("naip", 60, 80)
    pixels[:, :7] = 0
    path = write_raster(tmp_path / "a.tif", pixels, nodata=0)
    mask = write_raster(tmp_path / "m.tif", np.eye(60, 80, dtype=np.uint8)[None])
    area = write_polygons(tmp_path / "p.gpkg", [shapely.box(500100, 5799500, 500300, 5799950)])
    with Source(path) as source:
        source.restrict(RasterMask(source, str(mask), [1], lambda *_: None))
        source.restrict(PolygonMask(source, area))
        source.crop([500050, 5799600, 500250, 5800000])
        values, valid = source.read([1, 2, 3], (3, 2, 10, 30))
        _, nothing = source.read([1, 2, 3], (0, 0, 5, 40))
    whole = np.zeros((60, 80), bool)
    whole[5:50, 10:30] = True
    whole &= np.eye(60, 80) == 0
    whole[:7] = False
    np.testing.assert_array_equal(valid, whole[2:32, 8:18])
    assert nothing is not None and not nothing.any()
    np.testing.assert_array_equal(values[:, valid], pixels[:, 2:32, 8:18][:, valid])


@pytest.mark.parametrize("sensor", SENSORS)
@pytest.mark.parametrize("verb,name", [(segment, "o.tif"), (classify, "o.tif"), (embed, "o.tif")])
def test_every_verb_and_sensor_leaves_out_what_is_masked(sensor, verb, name, scene, tmp_path):
    path = scene(sensor, 96, 130)
    with rasterio.open(path) as d:
        transform = d.transform
    left, top = place(transform, 60, 0)
    right, bottom = place(transform, 130, 96)
    area = write_polygons(tmp_path / "p.gpkg", [shapely.box(left, bottom, right, top)])
    clouds = np.zeros((1, 96, 130), np.uint8)
    clouds[:, 20:30, 100:] = 9
    mask = write_raster(tmp_path / "SCL.tif", clouds, transform=transform)
    done, said = [], []
    options = TYPES[verb.__name__](
        str(path),
        str(tmp_path / name),
        mask=area,
        valid_mask=str(mask),
        mask_values=[9],
        tile_px=48 if verb is not embed else 64,
    )
    answer = verb(options, Callbacks(lambda *state: done.append(state), lambda *note: said.append(note)))
    with rasterio.open(tmp_path / name) as d:
        found, tags = d.read(1), d.tags(ns="OFANET")
    assert tags["MASK"] == "p.gpkg" and tags["VALID_MASK"] == "SCL.tif" and tags["MASK_VALUES"] == "9"
    if verb is segment:
        wanted = clouds[0] == 9
        wanted[:, :60] = True
        np.testing.assert_array_equal(found == 255, wanted)
        assert sum(c["pixels"] for c in answer["classes"]) == (~wanted).sum()
    elif verb is classify:
        np.testing.assert_array_equal(found == 255, [[True, False, False]] * 2)
        assert answer["tiles"] == 4
    else:
        np.testing.assert_array_equal(np.isnan(found[:, :3]), True)
        assert np.isfinite(found[:, 4:]).all()
    assert done[-1][0] == done[-1][1]


def test_tiles_outside_of_the_polygons_are_not_computed(scene, tmp_path):
    path = scene("naip", 480, 480)
    with rasterio.open(path) as d:
        (left, bottom), (right, top) = place(d.transform, 100, 140), place(d.transform, 140, 100)
    area = write_polygons(tmp_path / "p.gpkg", [shapely.box(left, bottom, right, top)])
    assert segment(SegmentOptions(str(path), str(tmp_path / "o.tif"), mask=area, overlap=0.0))["tiles"] == 1


def test_nothing_left_is_said(scene, tmp_path):
    path = scene("naip", 60, 60)
    with rasterio.open(path) as d:
        mask = write_raster(tmp_path / "m.tif", np.zeros((1, 60, 60), np.uint8), transform=d.transform)
    said = []
    segment(
        SegmentOptions(str(path), str(tmp_path / "o.tif"), valid_mask=str(mask)),
        Callbacks(log=lambda *n: said.append(n)),
    )
    assert any(level == "warning" and "empty" in text for level, text in said)


def test_bad_masks_are_told_in_one_line(scene, tmp_path):
    path = scene("naip", 60, 60)
    far = rasterio.Affine(1, 0, 7e5, 0, -1, 5e6)
    zeros = np.zeros((1, 20, 20), np.uint8)
    cases = [
        (dict(mask_values=[1]), "--valid-mask"),
        (dict(valid_mask=str(tmp_path / "none.tif")), "no file"),
        (dict(valid_mask=str(write_raster(tmp_path / "far.tif", zeros, transform=far))), "lies on the raster"),
        (dict(valid_mask=str(write_raster(tmp_path / "no_crs.tif", zeros, crs=None))), "no CRS"),
        (dict(valid_mask=str(tmp_path / "far.tif"), mask_values=["x"]), "numbers"),
        (dict(mask=str(tmp_path / "none.gpkg")), "no file"),
        (dict(mask=str(path)), "expected"),
        (dict(mask=write_polygons(tmp_path / "far.gpkg", [shapely.box(0, 0, 1, 1)])), "lie on the raster"),
        (dict(mask=write_polygons(tmp_path / "points.gpkg", [shapely.Point(0, 0)])), "found Point"),
        (dict(output=str(tmp_path / "far.tif"), valid_mask=str(tmp_path / "far.tif")), "must not be an input"),
    ]
    for more, says in cases:
        with pytest.raises(InputError, match=says) as caught:
            segment(SegmentOptions(**(dict(input=str(path), output=str(tmp_path / "o.tif")) | more)))
        assert "\n" not in str(caught.value) and not (tmp_path / "o.tif").exists()
