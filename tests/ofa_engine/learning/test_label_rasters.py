"""Labels from label rasters."""

import numpy as np
import pytest
import rasterio
from rasterio.warp import reproject, transform_bounds

from ofa_engine.core.errors import InputError
from ofa_engine.learning.labels import read_labels
from ofa_engine.raster.class_names import write_class_names

from ..conftest import UTM, write_raster
from .label_files import SHAPE, label_map, label_raster, read


def test_names_and_colours(raster, tmp_path):
    values = np.array([[1, 2] * 40] * 60, np.uint8)
    path = label_raster(tmp_path / "l.tif", values)
    write_class_names(tmp_path / "l.tif", [{"value": 2, "name": "lake", "color": "#000000"}], [0])
    assert [(c["name"], c["color"]) for c in read(raster, path).classes] == [("1", "#009e73"), ("lake", "#2a6fd1")]


def test_values_are_kept_without_nodata_and_ignored_ones(raster, tmp_path):
    values = np.zeros((60, 80), np.uint8)
    values[:20], values[20:30], values[30:40] = 5, 9, 77
    path = label_raster(tmp_path / "l.tif", values, nodata=0)
    found = read(raster, path, ignore=["77"])
    assert [c["value"] for c in found.classes] == [5, 9] and found.counts().tolist() == [1600, 800]
    assert (label_map(found.rasters[0]) == np.select([values == 5, values == 9], [0, 1], -1)).all()
    part = found.rasters[0]
    assert (part.group == part.row // 16 * 5 + part.column // 16).all(), "blocks of 16 px"
    with pytest.raises(InputError, match="--ignore"):
        read(raster, label_raster(tmp_path / "m.tif", values - 300.0))
    with pytest.raises(InputError, match="found 3 bands .a picture of the classes.* in rgb.tif"):
        read(raster, str(write_raster(tmp_path / "rgb.tif", np.stack([values] * 3))))
    with pytest.raises(InputError, match="one label raster per raster, found 2 for 1"):
        read_labels([raster], [path, path], None, [], 16, print)
    with pytest.raises(InputError, match="whole numbers to ignore"):
        read(raster, path, ignore=["none"])


def test_three_label_rasters_are_groups(raster, tmp_path):
    values = np.ones((60, 80), np.uint8)
    values[:, 40:] = 2
    paths = [label_raster(tmp_path / f"{i}.tif", values) for i in range(3)]
    found = read_labels([raster] * 3, paths, None, [], 16, print)
    assert [np.unique(part.group).tolist() for part in found.rasters] == [[0], [1], [2]]
    assert len(np.unique(read_labels([raster] * 2, paths[:2], None, [], 16, print).rasters[0].group)) > 1
    ones = [label_raster(tmp_path / f"o{i}.tif", np.full((60, 80), i + 1, np.uint8)) for i in range(3)]
    found = read_labels([raster] * 3, ones, None, [], 16, print)
    assert len(np.unique(found.rasters[0].group)) > 1, "each class in one raster: nothing could be scored"


@pytest.mark.parametrize("driver, ending", [("PNG", "png"), ("ENVI", "dat"), ("GTiff", "data"), ("BMP", "bmp")])
def test_label_rasters_of_any_format(raster, tmp_path, driver, ending):
    values = np.zeros((60, 80), np.uint8)
    values[:20], values[30:40] = 1, 2
    path = label_raster(tmp_path / f"l.{ending}", values, driver=driver)
    for more in ("georeferenced", "with a world file alone", "a plain picture"):
        if more != "georeferenced":
            if driver in ("ENVI", "GTiff"):
                break
            (tmp_path / f"l.{ending}.aux.xml").unlink(missing_ok=True)
            world = tmp_path / f"l.{ending[0]}{ending[-1]}w"
            world.unlink(missing_ok=True)
            if more == "with a world file alone":
                world.write_text("10\n0\n0\n-10\n500005\n5799995\n")
        messages = []
        found = read(raster, path, ignore=["0"], messages=messages)
        assert (label_map(found.rasters[0]) == np.select([values == 1, values == 2], [0, 1], -1)).all()
        assert ("by its size it is taken to lie on its raster" in " ".join(messages)) == (more == "a plain picture")


def test_the_place_of_a_label_raster_is_compared_on_the_ground(raster, tmp_path):
    values = np.ones((60, 80), np.uint8)
    values[:30] = 2
    same = "+proj=utm +zone=33 +datum=WGS84 +units=m +no_defs"  # in other words
    assert read(raster, label_raster(tmp_path / "a.tif", values, crs=same)).counts().tolist() == [2400, 2400]
    for crs in ("EPSG:32632", "EPSG:3857"):
        with pytest.raises(InputError, match="another place or CRS .*in b.tif"):
            read(raster, label_raster(tmp_path / "b.tif", values, crs=crs))


GRIDS = {  # name: (CRS, transform or None for one that covers the raster, shape)
    "degrees": ("EPSG:4326", None, (70, 90)),
    "another zone": ("EPSG:32632", None, (65, 85)),
    "Mercator": ("EPSG:3857", None, (65, 85)),
    "twice the pixel size": ("EPSG:32633", rasterio.Affine(20, 0, 500000, 0, -20, 5800000), (30, 40)),
    "a third of the pixel size": ("EPSG:32633", rasterio.Affine(3.4, 0, 499990, 0, -3.4, 5800010), (200, 270)),
    "shifted": ("EPSG:32633", rasterio.Affine(10, 0, 500103, 0, -10, 5799952), (60, 80)),
    "another size": ("EPSG:32633", UTM, (50, 80)),
    "upside down": ("EPSG:32633", rasterio.Affine(10, 0, 500000, 0, 10, 5799400), (60, 80)),
}


@pytest.mark.parametrize("nodata", [None, 0])
@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32"])
@pytest.mark.parametrize("grid", GRIDS)
def test_label_rasters_on_another_grid_are_resampled_by_nearest_neighbour(raster, tmp_path, grid, dtype, nodata):
    crs, transform, shape = GRIDS[grid]
    if transform is None:
        west, south, east, north = transform_bounds("EPSG:32633", crs, 500000, 5799400, 500800, 5800000)
        transform = rasterio.Affine((east - west) / shape[1], 0, west, 0, (south - north) / shape[0], north)
    values = np.random.default_rng(0).integers(nodata is None, 5, shape).astype(dtype)
    path = label_raster(tmp_path / "l.tif", values, crs=crs, transform=transform, nodata=nodata)
    wanted = np.full(SHAPE, -1, np.int16)
    georeferences = {"src_crs": crs, "src_transform": transform, "dst_crs": "EPSG:32633", "dst_transform": UTM}
    reproject(values.astype(np.int16), wanted, **georeferences, src_nodata=nodata, dst_nodata=-1)
    messages = []
    found = read(raster, path, messages=messages, limit=10**6)
    picture = label_map(found.rasters[0])
    assert [c["value"] for c in found.classes] == [1, 2, 3, 4]
    assert (np.where(picture < 0, -1, picture + 1) == wanted).all()
    assert len(messages) == 1 and "resampled by nearest neighbour onto that of naip.tif" in messages[0]


def test_an_internal_mask_is_resampled_with_the_labels(raster, tmp_path):
    values = np.ones((30, 40), np.uint8)
    values[:10] = 2
    path = label_raster(tmp_path / "l.tif", values, transform=rasterio.Affine(20, 0, 500000, 0, -20, 5800000))
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, "r+") as dataset:
        dataset.write_mask(np.arange(40)[None].repeat(30, 0) < 25)
    found = read(raster, path)
    assert found.counts().tolist() == [40 * 50, 20 * 50] and found.rasters[0].column.max() == 49


def test_label_rasters_that_cannot_be_brought_to_the_raster(raster, tmp_path):
    values = np.ones((60, 80), np.uint8)
    elsewhere = rasterio.Affine(10, 0, 600000, 0, -10, 5800000)
    with pytest.raises(
        InputError, match="expected labels on the grid of naip.tif .*found another place or CRS .*a.tif"
    ):
        read(raster, label_raster(tmp_path / "a.tif", values, transform=elsewhere))
    with pytest.raises(InputError, match="found 80 x 50 px in b.tif"):
        read(raster, label_raster(tmp_path / "b.tif", values[:50], crs=None, transform=rasterio.Affine.identity()))


def test_label_rasters_of_values_that_are_no_classes(raster, tmp_path):
    values = np.ones((60, 80), np.float32)
    with pytest.raises(InputError, match="whole numbers as classes in a.tif, found fractions"):
        read(raster, label_raster(tmp_path / "a.tif", values * 0.5))
    with pytest.raises(InputError, match="found 311 to 311: name those that are no classes with --ignore.* in b.tif"):
        read(raster, label_raster(tmp_path / "b.tif", (values * 311).astype(np.int16)))
    (tmp_path / "c.png").write_text("no picture")
    with pytest.raises(InputError, match="polygons, points, lines or a label raster that GDAL can read, found c.png"):
        read(raster, str(tmp_path / "c.png"))
