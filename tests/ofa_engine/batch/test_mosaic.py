import numpy as np
import pytest
import rasterio

from ofa_engine.batch.mosaic import write_mosaics

from ..conftest import CLASSES, write_raster


def layer(path, pixels, left, top, gsd=10.0, crs="EPSG:32633"):
    transform = rasterio.Affine(gsd, 0, left, 0, -gsd, top)
    return write_raster(path, np.array(pixels, np.uint8)[None], transform=transform, nodata=255, crs=crs)


def mosaics(folder, *layers, classes=CLASSES):
    said: list[str] = []
    return write_mosaics(folder, [(path, classes) for path in layers], said.append), said


def test_what_is_not_valid_shows_what_lies_below(tmp_path):
    below = layer(tmp_path / "below.tif", np.full((4, 4), 1), 1000, 2000)
    above = layer(tmp_path / "above.tif", [[255, 2], [7, 255]], 1020, 1990)
    (path,), said = mosaics(tmp_path, below, above)
    with rasterio.open(path) as d:
        assert d.read(1).tolist() == [[1, 1, 1, 1], [1, 1, 1, 2], [1, 1, 7, 1], [1, 1, 1, 1]]
    assert path.name == "mosaic.vrt" and not said


def test_gaps_are_nodata_and_the_finest_pixels_count(tmp_path):
    (tmp_path / "sub").mkdir()
    coarse = layer(tmp_path / "sub" / "coarse.tif", [[1, 2]], 0, 40, gsd=20)
    fine = layer(tmp_path / "fine.tif", [[7]], 50, 30)
    (path,), _ = mosaics(tmp_path, coarse, fine)
    with rasterio.open(path) as d:
        assert d.transform == rasterio.Affine(10, 0, 0, 0, -10, 40)
        assert d.read(1).tolist() == [[1, 1, 2, 2, 255, 255], [1, 1, 2, 2, 255, 7]]
        assert 'relativeToVRT="1">sub/coarse.tif<' in path.read_text()


def test_in_degrees(tmp_path):
    path = layer(tmp_path / "a.tif", [[1, 2, 7]], 13.0, 52.0, gsd=0.001, crs="EPSG:4326")
    (mosaic,), _ = mosaics(tmp_path, path)
    with rasterio.open(path) as one, rasterio.open(mosaic) as d:
        assert d.bounds == pytest.approx(one.bounds) and d.crs == one.crs
        assert d.read(1).tolist() == [[1, 2, 7]]


def test_a_mosaic_for_each_crs_and_set_of_classes(tmp_path):
    here, there = layer(tmp_path / "a.tif", [[1]], 0, 0), layer(tmp_path / "b.tif", [[1]], 0, 0, crs="EPSG:32634")
    other = [dict(CLASSES[0], name="sea")]
    written = write_mosaics(tmp_path, [(here, CLASSES), (there, CLASSES), (here, other)], lambda text: None)
    assert [p.name for p in written] == ["mosaic_EPSG_32633.vrt", "mosaic_EPSG_32634.vrt", "mosaic_EPSG_32633_2.vrt"]
    (only,), _ = mosaics(tmp_path, here)
    assert [p.name for p in tmp_path.glob("*.vrt")] == [only.name] == ["mosaic.vrt"]  # old ones go


def test_what_is_not_north_up_or_nowhere_is_left_out_and_told(tmp_path):
    transform = rasterio.Affine(8, 6, 0, 6, -8, 0)
    turned = write_raster(tmp_path / "t.tif", np.ones((1, 4, 4), np.uint8), transform=transform)
    assert mosaics(tmp_path, turned) == ([], ["t.tif is left out of the mosaic: it is not north up in a CRS"])
    found, said = mosaics(tmp_path, tmp_path / "gone.tif")
    assert not found and "gone.tif" in said[0]
