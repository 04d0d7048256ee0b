"""Each block of a file is decoded once, whatever its layout, the tiles and the stripes."""

import io
from collections import Counter
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import rasterio

from ofa_engine.inference.session import gdal_limits
from ofa_engine.pipeline.tile_reader import read_batches
from ofa_engine.raster.source import Source
from ofa_engine.tiling.axis import Axis, Blocks
from ofa_engine.tiling.plan import make_plan

from ..conftest import write_raster

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


def tiles_of(source, plan, bands, limits=SMALL_CACHE):
    """The raster put together again from its tiles, and how many there were."""
    found = np.full((len(bands), source.height, source.width), np.nan, np.float32)
    count = 0
    with limits:
        for batch in read_batches(source, bands, plan):
            for column, tile in zip(batch.tiles, batch.pixels.numpy(), strict=True):
                y, x = plan.rows.starts[batch.row.index], plan.columns.starts[column]
                area = np.s_[:, y : y + plan.rows.length(batch.row.index), x : x + plan.columns.length(column)]
                found[area] = tile[:, : plan.rows.length(batch.row.index), : plan.columns.length(column)]
                count += 1
    return found, count


@pytest.mark.parametrize("stripes", [1, 3])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_blocks_are_decoded_once(layout, stripes, tmp_path, monkeypatch):
    pixels = np.random.default_rng(0).integers(1, 255, (4, 500, 700), np.uint8)
    path = write_raster(tmp_path / "a.tif", pixels, compress="deflate", **LAYOUTS[layout])
    with CountedSource(path) as source:
        monkeypatch.setattr("ofa_engine.tiling.plan._FEW_TILES", 1)
        monkeypatch.setattr("ofa_engine.tiling.plan._STRIPE_LIMIT_BYTES", 2**27 if stripes == 1 else 480_000)
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
        job = SimpleNamespace(source=source, budget_bytes=2**20)
        found, _ = tiles_of(source, plan, [1, 2, 3, 4], gdal_limits(job, block_rows=True))
        np.testing.assert_array_equal(found, pixels)
        assert set(source.decoded().values()) == {1}


@pytest.mark.parametrize("nodata", [None, 0])
def test_blocks_of_a_part_of_a_raster(nodata, tmp_path, monkeypatch):
    """Bounds that cut through blocks: those they touch are decoded once, the others never."""
    pixels = np.random.default_rng(0).integers(0, 255, (3, 500, 700), np.uint8)
    pixels[:, 200:260, 300:400] = 0
    path = write_raster(tmp_path / "a.tif", pixels, compress="deflate", nodata=nodata, **LAYOUTS["tiles"])
    monkeypatch.setattr("ofa_engine.tiling.plan._FEW_TILES", 1)
    monkeypatch.setattr("ofa_engine.tiling.plan._STRIPE_LIMIT_BYTES", 2**20)
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


def test_what_would_take_too_much_room_is_read_again(tmp_path, monkeypatch):
    monkeypatch.setattr("ofa_engine.tiling.plan._FEW_TILES", 1)
    monkeypatch.setattr("ofa_engine.tiling.plan._STRIPE_LIMIT_BYTES", 480_000)
    monkeypatch.setattr("ofa_engine.pipeline.tile_reader._HANDED_LIMIT_BYTES", 1000)
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
        )
        found, _ = tiles_of(source, plan, [1, 2, 3, 4])
        np.testing.assert_array_equal(found, pixels)
        assert set(source.decoded().values()) == {1, 2}


@pytest.mark.parametrize("block", [(1, 20000), (16, 20000), (128, 128), (512, 512), (1024, 1024), (4000, 20000)])
@pytest.mark.parametrize(("bands", "bytes_per_value", "scores"), [(3, 2, 6), (9, 2, 20), (206, 4, 6)])
@pytest.mark.parametrize("budget_mb", [64, 1024])
def test_what_a_stripe_holds_stays_in_its_quarter(block, bands, bytes_per_value, scores, budget_mb):
    blocks = tuple(Blocks(size) for size in block)
    axis = Axis(20000, 112, 0.25)
    plan = make_plan(
        axis,
        axis,
        bands=bands,
        bytes_per_value=bytes_per_value,
        scores=scores,
        tile_gflop=0.3,
        budget_bytes=budget_mb * 2**20,
        on_cpu=True,
        blocks=blocks,
    )
    assert [a for a, _ in plan.stripes[1:]] == [b for _, b in plan.stripes[:-1]]
    assert plan.stripes[0][0] == 0 and plan.stripes[-1][1] == 20000
    assert sum(len(plan.tiles_of(stripe)) for stripe in plan.stripes) == len(plan.columns.starts)
    widest = max(plan.right_of(i) - stripe[0] for i, stripe in enumerate(plan.stripes))
    held = widest * (bands * bytes_per_value * (112 + plan.slices.size_px) + 112 * 4 * scores)
    assert held < budget_mb * 2**20 / 4 or widest == 112
    assert widest >= 4 * 112 or budget_mb == 64


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
