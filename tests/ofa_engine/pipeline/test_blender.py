from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ofa_engine.pipeline.blender import Blender
from ofa_engine.pipeline.journal import Journal
from ofa_engine.pipeline.tile_reader import read_batches

from .memory_source import MemorySource, blended, plan_of


@given(
    height=st.integers(1, 90),
    width=st.integers(1, 90),
    tile_px=st.integers(1, 40),
    overlap=st.floats(0, 0.75),
    stripe_tiles=st.integers(1, 5),
    batch=st.integers(1, 4),
    threads=st.tuples(st.booleans(), st.booleans()),
)
@settings(max_examples=60, deadline=None)
def test_identity_in_is_identity_out(height, width, tile_px, overlap, stripe_tiles, batch, threads):
    """A model that returns the tile's own pixels gives the raster back, whatever the tiles, stripes and batches."""
    pixels = np.random.default_rng(0).random((1, height, width), np.float32)
    source = MemorySource(pixels)
    plan = plan_of(source, tile_px, overlap, stripe_tiles=stripe_tiles, batch=batch)
    _, scores, emitted = blended(source, plan, threads=threads)
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
        result = blended(
            source,
            plan,
            lambda x, computed=computed: computed.append(len(x)) or uneven(x),
            (tiles is None, tiles is None),
            piece_bytes=999 if tiles else None,
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
