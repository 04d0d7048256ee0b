"""Labelled pixels and tiles, and how they are thinned."""

from dataclasses import replace

import numpy as np
import pytest

from ofa_engine.learning.labelled import Labelled, Labels, in_subset, thin

from .label_files import box, label_raster, polygons, read


def some(count, classes=3, seed=0):
    rng = np.random.default_rng(seed)
    row, column = rng.integers(0, 500, (2, count))
    index, group, weight = rng.integers(0, classes, count), rng.integers(0, 9, count), rng.uniform(1, 5, count)
    return Labelled(row, column, index, group, weight, rng.random(count) < 0.5)


def test_take_keeps_all_arrays_aligned():
    samples = some(50)
    mask = samples.index == 1
    for chosen in (mask, np.flatnonzero(mask)):
        taken = samples.take(chosen)
        assert len(taken) == mask.sum()
        for name in ("row", "column", "index", "group", "weight", "edge"):
            np.testing.assert_array_equal(getattr(taken, name), getattr(samples, name)[mask])


def test_subsets_are_nested_and_of_the_wanted_size():
    row, column = np.mgrid[:300, :300].reshape(2, -1)
    small, large = in_subset(row, column, 0.1), in_subset(row, column, 0.3)
    assert small.mean() == pytest.approx(0.1, abs=0.01) and large.mean() == pytest.approx(0.3, abs=0.01)
    assert large[small].all()


def test_thinning_keeps_rare_classes_whole_and_the_total_weight():
    rare, frequent = some(100, 1), some(5000, 1, seed=1)
    rare = replace(rare, index=rare.index + 1)
    labels = Labels([{}, {}], [rare, frequent])
    thinned = thin(labels, 1000, seed=0)
    assert sum(len(part) for part in thinned.rasters) == pytest.approx(1000, abs=120)
    assert sum((part.index == 1).sum() for part in thinned.rasters) == 100
    np.testing.assert_allclose(thinned.counts(), labels.counts(), rtol=0.1)
    assert thin(labels, 10_000, seed=0) is labels


def test_large_areas_are_sampled_and_weighted(raster, tmp_path):
    """A bounded sample stands for all pixels; another polygon does not change it elsewhere."""
    shapes = [box(0, 0, 40, 60), box(50, 0, 20, 60)]
    one = read(raster, polygons(tmp_path / "a.geojson", shapes[:1], ["a"]), limit=400).rasters[0]
    both = read(raster, polygons(tmp_path / "b.geojson", shapes, ["a", "b"]), limit=400).rasters[0]
    assert abs(len(one) - 400) < 80
    assert set(zip(one.row, one.column, strict=True)) <= set(zip(both.row, both.column, strict=True))
    assert both.weight[both.index == 0].sum() == pytest.approx(2400, rel=0.2)
    values = np.ones((60, 80), np.uint8)
    found = read(raster, label_raster(tmp_path / "l.tif", values), limit=400)
    assert found.counts()[0] == pytest.approx(4800, rel=0.2) and abs(len(found.rasters[0]) - 400) < 80


def test_tiles_take_the_class_that_covers_more_than_half(raster, tmp_path):
    shapes = [box(0, 0, 16, 9), box(16, 0, 16, 8), box(64, 48, 16, 7), box(32, 0, 5, 16), box(37, 0, 5, 16)]
    path = polygons(tmp_path / "a.geojson", shapes, ["a", "b", "b", "a", "b"])
    tiles = read(raster, path, limit=40, tile_px=16).rasters[0]  # the limit of pixels is not that of tiles
    # the lower right tile is clipped to 16 x 12 px: 7 of its 12 rows are enough
    assert list(zip(tiles.row, tiles.column, tiles.index, strict=True)) == [(0, 0, 0), (3, 4, 1)]
    assert tiles.group.tolist() == [0, 2]
    values = np.zeros((60, 80), np.uint8)
    values[:16, :16], values[:7, 16:32], values[8:16, 16:32] = 3, 3, 5
    values[15, 31] = 0
    path = label_raster(tmp_path / "l.tif", values, nodata=0)
    found = read(raster, path, tile_px=16)
    tiles = found.rasters[0]
    assert list(zip(tiles.row, tiles.column, tiles.index, strict=True)) == [(0, 0, 0)] and len(found.classes) == 2
