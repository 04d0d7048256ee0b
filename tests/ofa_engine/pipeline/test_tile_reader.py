"""Each block of a file is decoded once, whatever its layout, the tiles and the stripes."""

import io
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import rasterio

from ofa_engine.pipeline.memory import gdal_limits
from ofa_engine.pipeline.tile_reader import read_batches
from ofa_engine.raster.source import Source
from ofa_engine.tiling.axis import Axis, Blocks
from ofa_engine.tiling.plan import PlanLimits, make_plan

from ..conftest import write_raster
from .memory_source import plan_of

LAYOUTS = {
    "tiles": dict(tiled=True, blockxsize=128, blockysize=128, interleave="pixel"),
    "tiles, band by band": dict(tiled=True, blockxsize=64, blockysize=128, interleave="band"),
    "strips": dict(blockysize=16, interleave="pixel"),
    "strips, band by band": dict(blockysize=7, interleave="band"),
    "lines": dict(blockysize=1, interleave="pixel"),
}


class Counted(io.FileIO):
    """A file that notes where each read begins: GDAL reads a compressed block by its offset."""

    starts: Counter

    def read(self, size=-1):
        self.starts[self.tell()] += 1
        return super().read(size)


class CountedSource(Source):
    """A raster whose blocks' reads are counted; GDAL itself reads it."""

    def __init__(self, path):
        super().__init__(path)
        self.dataset.close()
        self.starts: Counter = Counter()

        def opened(name, mode="rb"):
            file = Counted(path, "r")
            file.starts = self.starts
            return file

        self.dataset = rasterio.open(path, opener=opened)
        rows, columns = (-(-n // b) for n, b in zip(self.dataset.shape, self.dataset.block_shapes[0], strict=True))
        bands = self.dataset.indexes if self.dataset.interleaving.name == "band" else [1]
        self.offsets = {
            int(self.dataset.get_tag_item(f"BLOCK_OFFSET_{x}_{y}", "TIFF", band))
            for band in bands
            for y in range(rows)
            for x in range(columns)
        }
        self.starts.clear()

    def decoded(self):
        return {offset: self.starts[offset] for offset in self.offsets}


SMALL_CACHE = rasterio.Env(GDAL_CACHEMAX=200_000)  # bytes: nothing is decoded once only because GDAL keeps it


def tiles_of(source, plan, bands, cache=SMALL_CACHE, **more):
    """The raster put together again from its tiles, and how many there were."""
    found = np.full((len(bands), source.height, source.width), np.nan, np.float32)
    count = 0
    with cache:
        for batch in read_batches(source, bands, plan, **more):
            for column, tile in zip(batch.tiles, batch.pixels.numpy(), strict=True):
                y, x = plan.rows.starts[batch.row.index], plan.columns.starts[column]
                area = np.s_[:, y : y + plan.rows.length(batch.row.index), x : x + plan.columns.length(column)]
                found[area] = tile[:, : plan.rows.length(batch.row.index), : plan.columns.length(column)]
                count += 1
    return found, count


@pytest.mark.parametrize("stripes", [1, 3])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_blocks_are_decoded_once(layout, stripes, tmp_path):
    pixels = np.random.default_rng(0).integers(1, 255, (4, 500, 700), np.uint8)
    path = write_raster(tmp_path / "a.tif", pixels, compress="deflate", **LAYOUTS[layout])
    with CountedSource(path) as source:
        plan = make_plan(
            Axis(500, 48, 0.25),
            Axis(700, 48, 0.25),
            bands=4,
            bytes_per_value=1,
            scores=1,
            tile_gflop=1,
            budget_bytes=2**30,
            on_cpu=True,
            blocks=source.blocks,
            limits=PlanLimits(stripe_bytes=2**27 if stripes == 1 else 480_000, few_tiles=1),
        )
        assert len(plan.stripes) == 1 if stripes == 1 else len(plan.stripes) >= 3
        found, count = tiles_of(source, plan, [1, 2, 3, 4])
        assert count == plan.tiles
        np.testing.assert_array_equal(found, pixels)
        assert set(source.decoded().values()) == {1}


@pytest.mark.parametrize("layout", ["pixel", "band"])
def test_a_raster_in_one_block_is_decoded_once_whatever_the_budget(layout, tmp_path):
    pixels = np.random.default_rng(0).integers(1, 255, (4, 500, 700), np.uint8)
    path = write_raster(tmp_path / "a.tif", pixels, compress="deflate", blockysize=500, interleave=layout)
    with CountedSource(path) as source:
        plan = make_plan(
            Axis(500, 48, 0.25),
            Axis(700, 48, 0.25),
            bands=4,
            bytes_per_value=1,
            scores=1,
            tile_gflop=1,
            budget_bytes=2**20,
            on_cpu=True,
            blocks=source.blocks,
        )
        assert plan.slices.size_px < 500 and source.block_row_bytes > 2**20
        found, _ = tiles_of(source, plan, [1, 2, 3, 4], gdal_limits(source, 2**20, in_parts=True))
        np.testing.assert_array_equal(found, pixels)
        assert set(source.decoded().values()) == {1}


@pytest.mark.parametrize("nodata", [None, 0])
def test_blocks_of_a_part_of_a_raster(nodata, tmp_path):
    """Bounds that cut through blocks: those they touch are decoded once, the others never."""
    pixels = np.random.default_rng(0).integers(0, 255, (3, 500, 700), np.uint8)
    pixels[:, 200:260, 300:400] = 0
    path = write_raster(tmp_path / "a.tif", pixels, compress="deflate", nodata=nodata, **LAYOUTS["tiles"])
    with CountedSource(path) as source:
        left, top = source.transform.c, source.transform.f
        source.crop((left + 1500, top - 4500, left + 6000, top - 300))  # columns 150 to 600, rows 30 to 450
        assert source.blocks == (Blocks(128, 30), Blocks(128, 22))
        plan = make_plan(
            Axis(420, 48, 0.5),
            Axis(450, 48, 0.5),
            bands=3,
            bytes_per_value=4,
            scores=1,
            tile_gflop=1,
            budget_bytes=2**30,
            on_cpu=True,
            blocks=source.blocks,
            limits=PlanLimits(stripe_bytes=2**20, few_tiles=1),
        )
        assert len(plan.stripes) > 1
        found, _ = tiles_of(source, plan, [1, 2, 3])
        wanted = pixels[:, 30:450, 150:600].astype(np.float32)
        if nodata == 0:
            empty = np.isnan(found)
            assert empty.mean() > 0.01 and (wanted[empty] == 0).all()
            found = np.nan_to_num(found)
        np.testing.assert_array_equal(found, wanted)
        assert set(source.decoded().values()) == {0, 1}
        assert sum(source.decoded().values()) == 4 * 4


def test_what_would_take_too_much_room_is_read_again(tmp_path):
    pixels = np.random.default_rng(0).integers(1, 255, (4, 300, 500), np.uint8)
    with CountedSource(write_raster(tmp_path / "a.tif", pixels, compress="deflate", **LAYOUTS["tiles"])) as source:
        plan = make_plan(
            Axis(300, 48, 0.25),
            Axis(500, 48, 0.25),
            bands=4,
            bytes_per_value=1,
            scores=1,
            tile_gflop=1,
            budget_bytes=2**30,
            on_cpu=True,
            blocks=source.blocks,
            limits=PlanLimits(stripe_bytes=480_000, few_tiles=1),
        )
        found, _ = tiles_of(source, plan, [1, 2, 3, 4], carried_bytes=1000)
        np.testing.assert_array_equal(found, pixels)
        assert set(source.decoded().values()) == {1, 2}


@pytest.mark.parametrize("width", [48, 100, 229, 400])
def test_batches_of_a_row_are_even(width, tmp_path):
    holes = np.ones((1, 60, width), np.float32)
    holes[:, :, :30] = np.nan
    path = write_raster(tmp_path / "a.tif", holes, nodata=np.nan)
    with Source(path) as source:
        plan = replace(
            make_plan(
                Axis(60, 24, 0.25),
                Axis(width, 24, 0.25),
                bands=1,
                bytes_per_value=4,
                scores=1,
                tile_gflop=1,
                budget_bytes=2**27,
                on_cpu=True,
            ),
            batch=4,
        )
        rows: dict[int, list] = {}
        for batch in read_batches(source, [1], plan):
            rows.setdefault(batch.row.index, []).append(batch)
    assert len(rows) == len(plan.rows.starts)
    for batches in rows.values():
        sizes = [len(batch.tiles) for batch in batches]
        assert len(sizes) == -(-sum(sizes) // 4) and max(sizes) - min(sizes) <= 1
        tiles = [column for batch in batches for column in batch.tiles]
        assert tiles == [i for i, start in enumerate(plan.columns.starts) if start + 24 > 30]
        assert [batch.last for batch in batches] == [False] * (len(batches) - 1) + [True]


def test_reading_a_file_by_slabs_equals_reading_it_whole(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 255, (3, 100, 90), np.uint8)
    with Source(write_raster(tmp_path / "a.tif", pixels, blockysize=3)) as source:
        plan = plan_of(source, 32, 0.3, stripe_tiles=2)
        found = np.zeros_like(pixels)
        for batch in read_batches(source, [1, 2, 3], plan):
            for column, tile in zip(batch.tiles, batch.pixels.numpy(), strict=True):
                y, x = plan.rows.starts[batch.row.index], plan.columns.starts[column]
                found[:, y : y + 32, x : x + 32] = tile
        np.testing.assert_array_equal(found, pixels)
