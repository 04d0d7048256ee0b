import threading
import time
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ofa_engine.core.errors import Cancelled, OfaError
from ofa_engine.pipeline.blender import Blender
from ofa_engine.pipeline.journal import Journal
from ofa_engine.pipeline.memory import Halving
from ofa_engine.pipeline.stages import run
from ofa_engine.pipeline.tile_reader import Batch, Row, read_batches
from ofa_engine.raster.source import Source
from ofa_engine.tiling.axis import Axis
from ofa_engine.tiling.chunks import PIECE_BYTES
from ofa_engine.tiling.plan import Plan, make_plan

from ..conftest import write_raster


class MemorySource:
    """Stands for a raster: pixels in memory, each read counted."""

    def __init__(self, pixels, valid=None):
        self.pixels, self.valid = pixels, valid
        self.reads = np.zeros(pixels.shape[1:], int)
        self.height, self.width = pixels.shape[1:]

    def read(self, bands, window):
        column, row, width, height = window
        area = np.s_[row : row + height, column : column + width]
        self.reads[area] += 1
        valid = None if self.valid is None or self.valid[area].all() else self.valid[area]
        return self.pixels[(slice(None), *area)].copy(), valid


def plan_of(source, tile_px, overlap, *, stripe_tiles=None, batch=3, clipped=False):
    rows, columns = (Axis(size, tile_px, overlap, clipped) for size in (source.height, source.width))
    cuts = [*columns.starts[:: stripe_tiles or len(columns.starts)], columns.size_px]
    return Plan(rows, columns, tuple(zip(cuts[:-1], cuts[1:], strict=True)), batch)


def blended(source, plan, forward=lambda x: x, beside=(True, True)):
    """(class index, score, times emitted) of the whole raster through the pipeline."""
    shape = (source.height, source.width)
    labels, scores, emitted = np.zeros(shape, np.uint8), np.full(shape, np.nan, np.float32), np.zeros(shape, int)

    def emit(index, score, valid, column, row):
        area = np.s_[row : row + index.shape[0], column : column + index.shape[1]]
        labels[area], emitted[area] = index, emitted[area] + 1
        scores[area] = score if valid is None else np.where(valid, score, np.nan)

    done = []
    classes = len(forward(torch.zeros(1, len(source.pixels), 2, 2))[0])
    run(
        read_batches(source, range(len(source.pixels)), plan),
        forward,
        Blender(plan, classes, emit),
        total=plan.tiles,
        progress=lambda *state: done.append(state),
        cancelled=lambda: False,
        read_beside=beside[0],
        sink_beside=beside[1],
    )
    assert done[-1][:2] == (plan.tiles, plan.tiles)
    return labels, scores, emitted


@given(
    height=st.integers(1, 90),
    width=st.integers(1, 90),
    tile_px=st.integers(1, 40),
    overlap=st.floats(0, 0.75),
    stripe_tiles=st.integers(1, 5),
    batch=st.integers(1, 4),
    beside=st.tuples(st.booleans(), st.booleans()),
)
@settings(max_examples=60, deadline=None)
def test_identity_in_is_identity_out(height, width, tile_px, overlap, stripe_tiles, batch, beside):
    """A model that returns the tile's own pixels gives the raster back, whatever the tiles, stripes and batches."""
    pixels = np.random.default_rng(0).random((1, height, width), np.float32)
    source = MemorySource(pixels)
    plan = plan_of(source, tile_px, overlap, stripe_tiles=stripe_tiles, batch=batch)
    _, scores, emitted = blended(source, plan, beside=beside)
    np.testing.assert_allclose(scores, pixels[0], atol=1e-6)
    assert (emitted == 1).all() and (source.reads == 1).all()


def uneven(x):
    """Scores that depend on the place in the tile, so that seams would show."""
    ramp = torch.linspace(0, 1, x.shape[-1])
    return (x * ramp + x.mean((2, 3), keepdim=True)).softmax(1)


@given(
    height=st.integers(1, 90),
    width=st.integers(30, 150),
    tile_px=st.integers(9, 40),
    overlap=st.floats(0, 0.75),
    stripe_tiles=st.integers(1, 5),
    seed=st.integers(0, 99),
    empty=st.floats(0, 1),
)
@settings(max_examples=60, deadline=None)
def test_stripes_and_pieces_change_no_bit_nor_compute_twice(height, width, tile_px, overlap, stripe_tiles, seed, empty):
    rng = np.random.default_rng(seed)
    valid = rng.random((height, width)) > 0.02
    valid[: height // 2, width // 3 : width // 2] = False
    valid[int(height * 0.6 * empty) : int(height * empty)] = False  # whole rows of tiles, with others above and below
    source = MemorySource(rng.random((3, height, width)).astype(np.float32), valid)
    seen = []
    for tiles in (None, stripe_tiles):
        plan, computed = plan_of(source, tile_px, overlap, stripe_tiles=tiles, batch=1), []
        # batches of one, since the model's scores may differ by the last bit between sizes of batches
        with patch.dict(PIECE_BYTES, cpu=999) if tiles else nullcontext():
            result = blended(
                source,
                plan,
                lambda x, computed=computed: computed.append(len(x)) or uneven(x),
                (tiles is None, tiles is None),
            )
        seen.append((*(array.tobytes() for array in result), sum(computed)))
    assert seen[0] == seen[1] and (source.reads == 2).all()


@given(
    height=st.integers(20, 90),
    width=st.integers(60, 150),
    tile_px=st.integers(5, 30),
    overlap=st.floats(0, 0.75),
    stripe_tiles=st.integers(2, 5),
    where=st.floats(0, 0.999),
)
@settings(max_examples=60, deadline=None)
def test_a_run_that_begins_in_the_middle_changes_no_bit(height, width, tile_px, overlap, stripe_tiles, where):
    """From any row of tiles of any stripe on, with what earlier stripes have handed on."""
    rng = np.random.default_rng(0)
    source = MemorySource(rng.random((3, height, width)).astype(np.float32))
    plan = plan_of(source, tile_px, overlap, stripe_tiles=stripe_tiles, batch=2)
    number, row = divmod(int(where * len(plan.stripes) * len(plan.rows.starts)), len(plan.rows.starts))
    emitted: list[dict] = [{}, {}]

    def emitting(found):
        return lambda *out: found.update({out[3:]: [a.tobytes() for a in out[:2]]})

    with TemporaryDirectory() as folder:
        journal = Journal(Path(folder) / "part.tif")
        for found, start in zip(emitted, [(0, 0), (number, row)], strict=True):
            blender = Blender(plan, 3, emitting(found), journal)
            for batch in read_batches(source, range(3), plan, start):
                blender(batch, uneven(batch.pixels))
            if not found:
                journal.close()
                return
            # files of stripes that are over are gone: written once more, as far as they were when it was stopped
            journal.close()
            journal = Journal(Path(folder) / "part.tif")
            _hand_on(source, plan, journal, (number, row))
        journal.close()
    left = {
        place: arrays
        for place, arrays in emitted[0].items()
        if place >= (plan.stripes[number][0], plan.rows.starts[row])
    }
    assert emitted[1] == left


def _hand_on(source, plan, journal, until):
    blender = Blender(plan, 3, lambda *_: None, journal)
    for batch in read_batches(source, range(3), plan):
        if (plan.stripes.index(batch.row.stripe), batch.row.index) >= until:
            return
        blender(batch, uneven(batch.pixels))


def test_identity_at_224_px():
    pixels = np.random.default_rng(0).random((1, 700, 500), np.float32)
    source = MemorySource(pixels)
    np.testing.assert_allclose(blended(source, plan_of(source, 224, 0.25))[1], pixels[0], atol=1e-6)
    assert (source.reads == 1).all(), "each pixel is read once"


def test_against_a_naive_blend_of_the_whole_raster():
    rng = np.random.default_rng(1)
    source = MemorySource(rng.random((3, 150, 170)).astype(np.float32))
    plan = plan_of(source, 64, 0.4, stripe_tiles=2)

    labels, scores, _ = blended(source, plan, uneven)
    total = np.zeros((3, 150, 170))
    for y, wy in zip(plan.rows.starts, plan.rows.weights, strict=True):
        for x, wx in zip(plan.columns.starts, plan.columns.weights, strict=True):
            tile = uneven(torch.from_numpy(source.pixels[None, :, y : y + 64, x : x + 64]))[0].numpy()
            total[:, y : y + 64, x : x + 64] += tile * wy[:, None] * wx
    np.testing.assert_allclose(scores, total.max(0), atol=1e-6)
    assert (labels == total.argmax(0)).mean() > 0.9999
    np.testing.assert_allclose(total.sum(0), 1, atol=1e-5)


def test_tiles_without_a_valid_pixel_are_not_computed():
    valid = np.zeros((100, 100), bool)
    valid[70:, 70:] = True
    source = MemorySource(np.ones((1, 100, 100), np.float32), valid)
    seen = []
    plan = plan_of(source, 20, 0.0, batch=2)
    _, scores, _ = blended(source, plan, lambda x: seen.append(len(x)) or x)
    assert sum(seen[1:]) == 4  # the first call only asked for the number of classes
    np.testing.assert_array_equal(np.isfinite(scores), valid)


def test_memory_does_not_grow_with_the_raster():
    small, large = (
        make_plan(
            Axis(size, 1000, 0.25),
            Axis(size, 1000, 0.25),
            bands=4,
            bytes_per_value=1,
            scores=6,
            tile_gflop=0.4,
            budget_bytes=2**30,
            on_cpu=True,
        )
        for size in (6000, 60000)
    )
    widest = [max(b - a for a, b in plan.stripes) for plan in (small, large)]
    assert widest[1] <= 1.3 * widest[0]
    assert small.batch == large.batch
    huge = make_plan(
        Axis(500, 100, 0),
        Axis(500, 100, 0),
        bands=3,
        bytes_per_value=1,
        scores=6,
        tile_gflop=1e3,
        budget_bytes=2**30,
        on_cpu=True,
    )
    assert huge.batch == 1


def test_a_batch_is_as_large_as_what_is_held_of_it_allows():
    def plan(**held):
        axis = Axis(4000, 256, 0.25)
        return make_plan(
            axis,
            axis,
            bands=4,
            bytes_per_value=2,
            scores=50,
            tile_gflop=0.1,
            **{"on_cpu": True, "budget_bytes": 2**29} | held,
        )

    def held(plan, scores):
        return plan.batch * 256**2 * 4 * (3 * 4 + scores * 50)

    in_turn, beside, mirrored = plan(spare_core=False), plan(), plan(spare_core=False, scores_in_work=3)
    assert (in_turn.beside, beside.beside, mirrored.beside) == (False, True, False)
    for one, scores in ((in_turn, 1), (beside, 3), (mirrored, 3)):
        assert 0.8 * 2**27 < held(one, scores) <= 2**27
    assert in_turn.stripes == beside.stripes, "how stages run cannot be seen in where stripes are"
    assert plan(on_cpu=False, spare_core=False).beside, "a GPU's stages wait for it, not for each other"
    assert not plan(budget_bytes=2**25).beside and plan(budget_bytes=2**25).batch == 1, "a tile would not fit"


@pytest.mark.parametrize("beside", [(True, True), (True, False), (False, False)])
@pytest.mark.parametrize("stage", ["read", "forward", "sink"])
def test_errors_of_every_stage_reach_the_caller_and_leave_no_thread(stage, beside):
    before = threading.active_count()

    def batches():
        for index in range(5):
            if stage == "read" and index == 2:
                raise OSError("read")
            yield Batch(torch.zeros(1, 1, 2, 2), [0], Row(index, (0, 2), range(1), None), 0, True)

    def forward(x):
        if stage == "forward":
            raise ValueError("forward")
        return x

    def sink(batch, scores):
        if stage == "sink":
            raise KeyError("sink")

    with pytest.raises((OSError, ValueError, KeyError), match=stage):
        run(
            batches(),
            forward,
            sink,
            total=5,
            progress=lambda *_: None,
            cancelled=lambda: False,
            read_beside=beside[0],
            sink_beside=beside[1],
        )
    assert threading.active_count() == before


@pytest.mark.parametrize("beside", [(True, True), (True, False), (False, False)])
@pytest.mark.parametrize("slow", ["read", "forward"])
def test_cancel_is_quick(slow, beside):
    before = threading.active_count()
    started = time.monotonic()

    def batches():
        for index in range(1000):
            time.sleep(0.2 if slow == "read" else 0)
            yield Batch(torch.zeros(1, 1, 2, 2), [0], Row(index, (0, 2), range(1), None), 0, True)

    def forward(x):
        time.sleep(0.2 if slow == "forward" else 0)
        return x

    with pytest.raises(Cancelled):
        run(
            batches(),
            forward,
            lambda *_: None,
            total=1000,
            progress=lambda *_: None,
            cancelled=lambda: time.monotonic() - started > 0.5,
            read_beside=beside[0],
            sink_beside=beside[1],
        )
    assert time.monotonic() - started < 1.5 and threading.active_count() == before


OUT_OF_MEMORY = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:124] . DefaultCPUAllocator: can't allocate memory: you tried ..."),
    RuntimeError("[enforce fail at alloc_cpu.cpp:81] data. DefaultCPUAllocator: not enough memory: you tried ..."),
    MemoryError(),
]


@pytest.mark.parametrize("error", OUT_OF_MEMORY, ids=lambda e: f"{type(e).__name__} {str(e)[-25:]}")
@pytest.mark.parametrize("fits", [1, 2, 3, 7, 8, 100])
def test_the_batch_is_halved_until_it_fits_and_stays_so(error, fits):
    tried, said = [], []

    def forward(x):
        tried.append(len(x))
        if len(x) > fits:
            raise error
        return x * 2

    careful = Halving(forward, 8, lambda *note: said.append(note))
    pixels = torch.arange(20.0).reshape(20, 1, 1, 1)
    out = torch.cat([careful(part) for part in pixels.split(8)])
    assert torch.equal(out, pixels * 2)
    failed = [size for size in tried if size > fits]
    assert failed == [size for size in (8, 4, 2) if size > fits]  # once each, not once a batch
    assert len(said) == len(failed) and all(level == "warning" for level, _ in said)


def test_one_tile_that_does_not_fit_is_told_and_other_errors_pass():
    def forward(x):
        raise OUT_OF_MEMORY[1]

    with pytest.raises(OfaError, match="--tile-px"):
        Halving(forward, 4, lambda *_: None)(torch.zeros(4, 1, 2, 2))

    def broken(x):
        raise RuntimeError("shapes do not match")

    with pytest.raises(RuntimeError, match="shapes"):
        Halving(broken, 4, lambda *_: None)(torch.zeros(4, 1, 2, 2))


def test_a_real_allocation_that_fails_is_known():
    def forward(x):
        torch.empty(2**46 if len(x) > 2 else 1)  # 256 TB
        return x

    assert len(Halving(forward, 8, lambda *_: None)(torch.zeros(8, 1, 2, 2))) == 8


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
