"""Which labelled pixels are kept, and rasters with averaged pixels."""

import numpy as np
import rasterio

from ofa_engine.learning.labelled import Labelled
from ofa_engine.learning.refitting.labelled_chips import write_averaged
from ofa_engine.learning.refitting.material import MOST_TILES, chosen_tiles

from ...conftest import UTM, write_raster


def labelled(values):
    row, column = np.nonzero(values >= 0)
    n = len(row)
    index = values[row, column].astype(np.int64)
    return Labelled(row, column, index, np.zeros(n, np.int64), np.ones(n), np.zeros(n, bool))


def test_some_tiles_are_kept_whole_and_those_with_rare_classes_more_often():
    values = np.zeros((400, 400), np.int64)
    values[:8, :40] = 1  # in 5 of 2500 tiles of 8 px
    parts = [labelled(values), labelled(np.full((8, 8), 0))]
    kept = chosen_tiles(parts, 2, 8, 0)
    tiles = {(i, r // 8, c // 8) for i, part in enumerate(kept) for r, c in zip(part.row, part.column, strict=True)}
    assert len(tiles) == MOST_TILES and sum(map(len, kept)) == 64 * MOST_TILES
    assert sum((0, 0, column) in tiles for column in range(5)) >= 3, "by chance it would be one"
    again = chosen_tiles(parts, 2, 8, 0)
    assert all((one.row == other.row).all() for one, other in zip(kept, again, strict=True))
    few = [labelled(values[:64, :64])]
    assert chosen_tiles(few, 2, 8, 0) == few


def test_averaged_pixels_are_means_at_the_same_place(tmp_path):
    pixels = np.arange(2 * 7 * 9, dtype=np.float32).reshape(2, 7, 9)
    source = write_raster(tmp_path / "fine.tif", pixels, names=("B4", "B3"), nodata=-1.0)
    write_averaged(source, 3, tmp_path / "coarse.tif")
    with rasterio.open(tmp_path / "coarse.tif") as coarse, rasterio.open(source) as fine:
        expected = pixels[:, :6].reshape(2, 2, 3, 3, 3).mean((2, 4))
        np.testing.assert_allclose(coarse.read(), expected)
        assert coarse.descriptions == fine.descriptions and coarse.nodata == -1 and coarse.crs == fine.crs
        assert coarse.xy(0, 0) == fine.xy(1, 1) and coarse.transform.a == 3 * UTM.a
