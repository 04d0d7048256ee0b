"""Labels from label rasters."""

import numpy as np
import pytest
import rasterio

from ofa_engine.core.errors import InputError
from ofa_engine.learning.labels import read_labels
from ofa_engine.raster.class_names import write_class_names

from ..conftest import write_raster
from .label_files import label_map, label_raster, read


def test_names_and_colours(raster, tmp_path):
    values = np.array([[1, 2] * 40] * 60, np.uint8)
    path = label_raster(tmp_path / "l.tif", values)
    write_class_names(tmp_path / "l.tif", [{"value": 2, "name": "lake", "color": "#000000"}], [0])
    assert [(c["name"], c["color"]) for c in read(raster, path).classes] == [("1", "#0072b2"), ("lake", "#2a6fd1")]


def test_values_are_kept_without_nodata_and_ignored_ones(raster, tmp_path):
    values = np.zeros((60, 80), np.uint8)
    values[:20], values[20:30], values[30:40] = 5, 9, 77
    path = label_raster(tmp_path / "l.tif", values, nodata=0)
    found = read(raster, path, ignore=["77"])
    assert [c["value"] for c in found.classes] == [5, 9] and found.counts().tolist() == [1600, 800]
    assert (label_map(found.rasters[0]) == np.select([values == 5, values == 9], [0, 1], -1)).all()
    part = found.rasters[0]
    assert (part.group == part.row // 16 * 5 + part.column // 16).all(), "blocks of 16 px"
    for other, problem in ((values[:50], "80 x 50 px"), (values - 300.0, "--ignore")):
        with pytest.raises(InputError, match=problem):
            read(raster, label_raster(tmp_path / "m.tif", other))
    with pytest.raises(InputError, match="found 3 bands in rgb.tif"):
        read(raster, str(write_raster(tmp_path / "rgb.tif", np.stack([values] * 3))))
    with pytest.raises(InputError, match="another place"):
        read(raster, label_raster(tmp_path / "n.tif", values, transform=rasterio.Affine(10, 0, 0, 0, -10, 0)))
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
