"""Bounded stages read > batch > forward > blend > write. Knows memory budgets and tiles, not tasks.

A raster is worked through in stripes of tile columns, each from top to bottom, one row of tiles after the other. Only
a row's pixels and scores are in memory, and how wide a stripe may be follows from the budget: peak memory does not
depend on the raster's size. With overlap, the tiles across a stripe's edge are computed for both sides.
"""

import ctypes
import functools
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import psutil
import torch
from numpy.typing import NDArray
from torch import Tensor

from .errors import Cancelled, OfaError
from .raster import Source
from .tiling import Axis, pad_to_tile

GIB = 2**30
_STRIPE_LIMIT_BYTES = 128 * 2**20  # wider stripes gain nothing, and memory stays the same for any raster
_BATCH_GFLOP = 8.0  # multiply-adds a batch on a CPU: under half a second on two cores, so that a cancel is quick
_READ_LIMIT_VALUES = 2**24  # values read at once, for the same reason

Progress = Callable[[int, int, float | None], None]  # tiles done, tiles in all, seconds left (None: not known yet)


def default_budget_bytes() -> int:
    """min(1 GB, a quarter of the memory that is free)."""
    return min(GIB, psutil.virtual_memory().available // 4)


@dataclass(frozen=True)
class Plan:
    """Where tiles lie and how many are computed at once."""

    rows: Axis
    columns: Axis
    stripes: tuple[tuple[int, int], ...]  # [first, stop) pixel columns that each stripe writes
    batch: int

    @property
    def tile_px(self) -> int:
        return self.rows.tile_px

    @property
    def tiles(self) -> int:
        return len(self.rows.starts) * sum(len(self.columns.covering(*stripe)) for stripe in self.stripes)


def make_plan(rows: Axis, columns: Axis, *, bands: int, bytes_per_value: int, scores: int, tile_gflop: float,
              budget_bytes: int, on_cpu: bool) -> Plan:  # fmt: skip
    """Stripes and batch size under the budget: a quarter for a stripe's rows, a quarter for batches, the rest for
    GDAL's cache, the writer and what the libraries keep in between. `scores` counts the float values a pixel that
    are accumulated (0: none)."""
    tile_px = rows.tile_px
    # a row of tiles is held twice while the next one is read; a pixel has its scores, validity and label
    column_bytes = tile_px * (2 * bands * bytes_per_value + 4 * scores + 6)
    limit = min(budget_bytes // 4, _STRIPE_LIMIT_BYTES)
    tiles_across = max(1, limit // column_bytes // tile_px)
    cuts = [*columns.starts[::tiles_across], columns.size_px]
    stripes = tuple(zip(cuts[:-1], cuts[1:], strict=True))
    # each tile of a batch: pixels in float (in the queue, in work, normalised), scores (in work twice, queued)
    tile_bytes = tile_px**2 * (3 * 4 * bands + 4 * 4 * scores)
    batch = max(1, budget_bytes // 4 // tile_bytes)
    batch = min(batch, max(1, int(_BATCH_GFLOP / tile_gflop)) if on_cpu else 256, 32 if on_cpu else 256)
    return Plan(rows, columns, stripes, batch)


@dataclass
class Row:
    """A row of tiles of one stripe: tiles of `columns`, and which of its pixels are valid (None: all)."""

    index: int
    stripe: tuple[int, int]
    columns: range
    valid: NDArray[np.bool_] | None


@dataclass
class Batch:
    pixels: Tensor | None  # (B, C, tile_px, tile_px) float32 in the raster's unit, NaN where missing; None: no tiles
    tiles: list[int]  # their column indices in the plan
    row: Row
    skipped: int  # tiles without a valid pixel, which are not computed
    last: bool  # the row is complete after this batch


def read_batches(source: Source, bands: Sequence[int], plan: Plan) -> Iterator[Batch]:
    """All tiles of the plan that hold a valid pixel, row by row; each pixel of a stripe is read once."""
    for stripe in plan.stripes:
        columns = plan.columns.covering(*stripe)
        left = plan.columns.starts[columns[0]]
        right = plan.columns.starts[columns[-1]] + plan.columns.length(columns[-1])
        slab: NDArray | None = None
        valid: NDArray[np.bool_] | None = None
        bottom = 0
        for index, top in enumerate(plan.rows.starts):
            stop = top + plan.rows.length(index)
            kept = max(bottom - top, 0) if slab is not None else 0
            below = (left, top + kept, right - left, stop - top - kept)
            slab, valid = _advance(source, bands, slab, valid, kept, below)
            bottom = stop
            yield from _row_batches(slab, Row(index, stripe, columns, valid), left, plan)


def _advance(source: Source, bands: Sequence[int], slab: NDArray | None, valid: NDArray[np.bool_] | None, kept: int,
             window: tuple[int, int, int, int]) -> tuple[NDArray, NDArray[np.bool_] | None]:  # fmt: skip
    """The next row's pixels (C, h, w) and validity: the last `kept` rows of the old one, and `window` read below."""
    column, row, width, height = window
    step = max(1, _READ_LIMIT_VALUES // (len(bands) * width))
    new: NDArray | None = None
    new_valid = np.ones((kept + height, width), bool)
    for start in range(0, height, step):
        rows = min(step, height - start)
        values, ok = source.read(bands, (column, row + start, width, rows))
        if new is None:
            new = np.empty((len(bands), kept + height, width), values.dtype)
        new[:, kept + start : kept + start + rows] = values
        if ok is not None:
            new_valid[kept + start : kept + start + rows] = ok
    if new is None:
        raise ValueError(f"expected rows to read, found {window}")
    if kept and slab is not None:
        new[:, :kept] = slab[:, -kept:]
        if valid is not None:
            new_valid[:kept] = valid[-kept:]
    return new, None if new_valid.all() else new_valid


def _row_batches(slab: NDArray, row: Row, left: int, plan: Plan) -> Iterator[Batch]:
    tile_px, skipped = plan.tile_px, 0
    chosen: list[int] = []
    for column in row.columns:
        x = plan.columns.starts[column] - left
        if row.valid is None or row.valid[:, x : x + tile_px].any():
            chosen.append(column)
        else:
            skipped += 1
    for start in range(0, max(len(chosen), 1), plan.batch):
        tiles = chosen[start : start + plan.batch]
        pixels = torch.empty((len(tiles), len(slab), tile_px, tile_px)) if tiles else None
        for i, column in enumerate(tiles):
            x = plan.columns.starts[column] - left
            pixels.numpy()[i] = pad_to_tile(slab[:, :, x : x + tile_px], tile_px)  # type: ignore[union-attr]
        last = start + plan.batch >= len(chosen)
        yield Batch(pixels, tiles, row, skipped if last else 0, last)


class Blender:
    """Weighted sums of tile scores (K, tile_px, tile_px), and from them each pixel's class and confidence.

    `emit(labels (h, w) uint8 indices, confidence (h, w), valid or None, column, row)` is called for each finished
    part, once for every pixel of the raster.
    """

    def __init__(self, plan: Plan, classes: int, emit: Callable[..., None]):
        self.plan, self.classes, self.emit = plan, classes, emit
        self._stripe: tuple[int, int] | None = None
        self._sums = torch.empty(0)

    def __call__(self, batch: Batch, scores: Tensor | None) -> None:
        plan, row = self.plan, batch.row
        left = plan.columns.starts[row.columns[0]]
        if self._stripe != row.stripe:
            width = plan.columns.starts[row.columns[-1]] + plan.tile_px - left
            self._sums = torch.zeros(self.classes, plan.tile_px, width)
            self._stripe = row.stripe
        vertical = torch.from_numpy(plan.rows.weights[row.index])[:, None]
        for column, tile in zip(batch.tiles, scores if scores is not None else (), strict=True):
            x = plan.columns.starts[column] - left
            weight = vertical * torch.from_numpy(plan.columns.weights[column])
            self._sums[:, :, x : x + plan.tile_px].addcmul_(tile, weight)
        if batch.last:
            self._finish(row, left)

    def _finish(self, row: Row, left: int) -> None:
        plan = self.plan
        top = plan.rows.starts[row.index]
        height = plan.rows.final_until(row.index) - top
        first, stop = row.stripe[0] - left, row.stripe[1] - left
        confidence, labels = self._sums[:, :height, first:stop].max(0)
        valid = None if row.valid is None else row.valid[:height, first:stop]
        self.emit(labels.to(torch.uint8).numpy(), confidence.numpy(), valid, row.stripe[0], top)
        rest = plan.tile_px - height
        if rest:
            self._sums[:, :rest] = self._sums[:, height:].clone()
        self._sums[:, rest:] = 0


@functools.cache
def _return_large_blocks() -> None:
    """Has glibc give blocks of 8 MB and more back to the system as soon as they are freed. By itself it learns to keep
    them, and what three threads leave between them grows with the length of a run."""
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
        if mallopt:
            mallopt(-3, 8 * 2**20)  # M_MMAP_THRESHOLD


class Halving:
    """A forward that goes on with half the batch where memory runs out, for the rest of the run.

    Raises OfaError where not even a single tile fits.
    """

    def __init__(self, forward: Callable[[Tensor], Tensor], size: int, log: Callable[[str, str], None]):
        self.forward, self.size, self.log = forward, size, log

    def __call__(self, pixels: Tensor) -> Tensor:
        parts: list[Tensor] = []
        done = 0
        while done < len(pixels):
            scores = self._try(pixels[done : done + self.size])
            if scores is None:
                self._halve(min(self.size, len(pixels) - done))
            else:
                parts.append(scores)
                done += len(scores)
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def _try(self, pixels: Tensor) -> Tensor | None:
        """None where memory ran out; what the failed attempt held is free again when this returns."""
        try:
            return self.forward(pixels)
        except (RuntimeError, MemoryError) as error:
            if not _out_of_memory(error):
                raise
            return None

    def _halve(self, failed: int) -> None:
        if failed == 1:
            raise OfaError("expected memory for one tile, found too little: use smaller tiles (--tile-px) or another "
                           "--device")  # fmt: skip
        self.size = failed // 2
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        self.log("warning", f"out of memory with {failed} tiles at once: going on with {self.size}")


def _out_of_memory(error: BaseException) -> bool:
    """CUDA has a class of its own; on a CPU torch says it in words."""
    words = str(error).lower()
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or any(
        phrase in words for phrase in ("not enough memory", "defaultcpuallocator", "cannot allocate memory")
    )


class _Stopped(Exception):
    """Another stage failed or the user cancelled."""


def run(batches: Iterator[Batch], forward: Callable[[Tensor], Tensor], sink: Callable[[Batch, Tensor | None], None], *,
        total: int, progress: Progress, cancelled: Callable[[], bool]) -> int:  # fmt: skip
    """Runs reading and `sink` each in a thread of its own beside `forward`; returns the number of tiles computed.

    Raises the first error of any stage, or Cancelled as soon as `cancelled()` says so; no thread is left behind.
    """
    _return_large_blocks()
    to_forward: queue.Queue = queue.Queue(1)
    to_sink: queue.Queue = queue.Queue(1)
    stop, failures = threading.Event(), []

    def put(target: queue.Queue, item: object) -> None:
        while not stop.is_set():
            try:
                return target.put(item, timeout=0.1)
            except queue.Full:
                continue
        raise _Stopped

    def take(origin: queue.Queue, watch: bool = False) -> object:
        while not stop.is_set():
            if watch and cancelled():
                raise Cancelled
            try:
                return origin.get(timeout=0.1)
            except queue.Empty:
                continue
        raise _Stopped

    def guarded(work: Callable[[], None]) -> Callable[[], None]:
        def body() -> None:
            try:
                work()
            except _Stopped:
                pass
            except BaseException as error:  # handed to the caller below
                failures.append(error)
                stop.set()

        return body

    def read() -> None:
        for batch in batches:
            put(to_forward, batch)
        put(to_forward, None)

    def write() -> None:
        while (item := take(to_sink)) is not None:
            sink(*item)  # type: ignore[misc]

    computed = done = 0
    started = time.monotonic()

    def compute() -> None:
        nonlocal computed, done
        while (batch := take(to_forward, watch=True)) is not None:
            assert isinstance(batch, Batch)
            scores = None if batch.pixels is None else forward(batch.pixels)
            computed += len(batch.tiles)
            done += len(batch.tiles) + batch.skipped
            batch.pixels = None
            put(to_sink, (batch, scores))
            elapsed = time.monotonic() - started
            progress(done, total, elapsed / done * (total - done) if done and elapsed > 0.5 else None)
        put(to_sink, None)

    threads = [threading.Thread(target=guarded(work), daemon=True) for work in (read, write)]
    for thread in threads:
        thread.start()
    guarded(compute)()
    threads[1].join() if not stop.is_set() else None
    stop.set()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return computed
