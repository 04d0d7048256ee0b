"""Bounded stages read > batch > forward > blend > write. Knows memory budgets and tiles, not tasks.

A raster is worked through in stripes of tile columns, each from top to bottom, one row of tiles after the other. How
wide a stripe may be follows from the budget, so that peak memory does not depend on the raster's size; most rasters
need one stripe only. Reading goes by slices, whole rows of the file's blocks, and what a slice holds below a row of
tiles waits for the next row: each block is decoded once.

Nothing is computed or read twice at a stripe's edge. What tiles add to pixels of the next stripe, and pixels of blocks
that reach into it, are handed on in files, and added up there in the same order as in one wide stripe: where the
stripes' edges lie cannot be seen in the result, to the last bit.
"""

import contextlib
import ctypes
import functools
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator

import psutil
import torch
from torch import Tensor

from ..core.callbacks import Progress
from ..core.errors import Cancelled, OfaError
from ..core.messages import option
from ..tiling.axis import PIECE_BYTES, row_pieces
from ..tiling.plan import Plan, make_plan
from .journal import Journal
from .tile_reader import Batch, Row, read_batches

__all__ = [
    "Batch",
    "Blender",
    "Halving",
    "Plan",
    "Row",
    "default_budget_bytes",
    "make_plan",
    "read_batches",
    "run",
    "settle_memory",
    "spare_core",
    "uploaded",
]

GIB = 2**30


def default_budget_bytes() -> int:
    """min(1 GB, a quarter of the memory that is free)."""
    return min(GIB, psutil.virtual_memory().available // 4)


# --- blend ------------------------------------------------------------------------------------------------------


class Blender:
    """Weighted sums of tile scores (K, tile_px, tile_px), and from them each pixel's class and confidence.

    `emit(labels (h, w) uint8 indices, confidence (h, w), valid or None, column, row)` is called for each finished
    part, once for every pixel of the raster. `journal` has the files in which stripes hand on what their last tiles
    add to the next one. The sums are on `device`, where the scores are: of a GPU's only the classes come back.
    """

    def __init__(
        self,
        plan: Plan,
        classes: int,
        emit: Callable[..., object],
        journal: Journal | None = None,
        device: torch.device | str = "cpu",
    ):
        self.plan, self.classes, self.emit, self.device = plan, classes, emit, device
        self.journal = journal or Journal()
        self._own = None if journal else self.journal
        self._stripe: tuple[int, int] | None = None
        self._row = -1
        self._filled = 0  # rows of the sums that are not all zero: none where nothing is valid, and nothing to do

    @torch.inference_mode()
    def __call__(self, batch: Batch, scores: Tensor | None) -> None:
        plan, row = self.plan, batch.row
        if self._stripe != row.stripe:
            self._begin(row)
        if self._row != row.index:
            self._take_over(row.index)
        for column, tile in zip(batch.tiles, scores if scores is not None else (), strict=True):
            x = plan.columns.starts[column] - row.stripe[0]
            weight = self._down * self._across[column - row.columns[0]]
            for rows in row_pieces(plan.tile_px, tile.nbytes, PIECE_BYTES[tile.device.type]):
                # two roundings, each the same wherever the tile lies; in one step it would depend on the vectors' edges
                self._add(column, x, tile[:, rows] * weight[rows], rows)
        if batch.last:
            self._finish(row)

    def _begin(self, row: Row) -> None:
        plan, number = self.plan, self.plan.stripes.index(row.stripe)
        width = plan.columns.starts[row.columns[-1]] + plan.tile_px - row.stripe[0]
        self._sums = self._handed = torch.zeros(())  # those of the last stripe are let go of first
        self._sums = torch.zeros(self.classes, plan.tile_px, width, device=self.device)
        self._across = [torch.from_numpy(plan.columns.weights[column]).to(self.device) for column in row.columns]
        self._stripe, self._row, self._filled = row.stripe, -1, 0
        self._given, self._next = plan.handed_on(number), plan.handed_on(number + 1)
        self._from = self.journal.handed(number) if self._given else None
        self._to = self.journal.handed(number + 1) if self._next else None
        self._handed = torch.zeros(self.classes, plan.tile_px, _width(self._next), device=self.device)

    def _take_over(self, index: int) -> None:
        """What tiles of earlier stripes add to this row comes before its own tiles: the order in one wide stripe."""
        self._row = index
        self._down = torch.from_numpy(self.plan.rows.weights[index])[:, None].to(self.device)
        if self._from:
            shape = (self.classes, self.plan.tile_px, _width(self._given))
            given = self._from.get(index, shape)
            parts = torch.from_numpy(given).to(self.device)
            for column, place in self._given.items() if given.any() else ():
                self._add(column, 0, parts[:, :, place])

    def _add(self, column: int, x: int, part: Tensor, rows: slice = slice(None)) -> None:
        """Weighted scores of a tile's rows, from pixel x of the stripe on; what reaches into the next stripe is handed
        on."""
        self._sums[:, rows, x : x + part.shape[2]] += part
        self._filled = self.plan.tile_px
        if column in self._next:
            place = self._next[column]
            self._handed[:, rows, place] = part[:, :, place.start - place.stop :]

    def _finish(self, row: Row) -> None:
        plan = self.plan
        top = plan.rows.starts[row.index]
        height, width = plan.rows.final_until(row.index) - top, row.stripe[1] - row.stripe[0]
        if not row.again:
            scores = self._sums if self._filled else self._sums[:1]  # one class is as good as all where all are zero
            confidence, labels = scores[:, :height, :width].max(0)
            valid = None if row.valid is None else row.valid[:height, :width]
            self.emit(labels.to(torch.uint8).cpu().numpy(), confidence.cpu().numpy(), valid, row.stripe[0], top)
        rest = plan.tile_px - height
        for sums in self._sums if self._filled else ():  # one after the other, since each needs room for a copy
            sums[:rest] = sums[height:].clone()
            sums[rest:] = 0
        self._filled = max(0, self._filled - height)
        if self._to:
            self._to.put(row.index, self._handed.cpu().numpy())
            self._handed.zero_()
        if self._own and row.index + 1 == plan.share.stop and row.stripe == plan.stripes[-1]:
            self._own.close()


def _width(parts: dict[int, slice]) -> int:
    return max((place.stop for place in parts.values()), default=0)


# --- forward ----------------------------------------------------------------------------------------------------


def uploaded(batches: Iterator[Batch], device: torch.device) -> Iterator[Batch]:
    """Batches, read into page-locked memory, with their pixels on the GPU: copied on a stream of their own while the
    model computes. The thread that reads waits for the copy, not the model."""
    model_stream, stream = torch.cuda.current_stream(device), torch.cuda.Stream(device)
    for batch in batches:
        if batch.pixels is not None:
            with torch.cuda.stream(stream), contextlib.suppress(torch.OutOfMemoryError):  # then forward does, in parts
                batch.pixels = batch.pixels.to(device, non_blocking=True)
                batch.pixels.record_stream(model_stream)  # its memory is not given away while the model reads it
            stream.synchronize()
        yield batch


@functools.cache
def settle_memory() -> None:
    """Has glibc give blocks of 8 MB and more back to the system as soon as they are freed, and keep what is less, up to
    32 MB. By itself it learns to keep the large ones, and what three threads leave between them grows with the length
    of a run; and it gives back the small ones after each batch, only to ask for them again: some thousand faults."""
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
        if mallopt:
            mallopt(-3, 8 * 2**20)  # M_MMAP_THRESHOLD
            mallopt(-1, 32 * 2**20)  # M_TRIM_THRESHOLD


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
            raise OfaError(
                "expected memory for one tile, found too little: use smaller tiles "
                f"({option('tile_px')}) or another {option('device')}"
            )
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


# --- all stages -------------------------------------------------------------------------------------------------


def spare_core() -> bool:
    """Whether PyTorch's threads leave a core free."""
    process = psutil.Process()
    cores = len(process.cpu_affinity()) if hasattr(process, "cpu_affinity") else psutil.cpu_count() or 1  # not on macOS
    return cores > torch.get_num_threads()


class _Stopped(Exception):
    """Another stage failed or the user cancelled."""


def run(
    batches: Iterator[Batch],
    forward: Callable[[Tensor], Tensor],
    sink: Callable[[Batch, Tensor | None], None],
    *,
    total: int,
    progress: Progress,
    cancelled: Callable[[], bool],
    before: int = 0,
    read_beside: bool = True,
    sink_beside: bool = True,
) -> int:
    """Runs `batches`, `forward` and `sink`, those that are to be beside `forward` in threads of their own; returns the
    number of tiles computed, of rows that are not there already. `before` tells how many of `total` were done before.

    What is not beside takes turns: where the model's threads fill all cores, a third one would only have them wait for
    each other.

    Raises the first error of any stage, or Cancelled as soon as `cancelled()` says so; no thread is left behind.
    """
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

    def next_batch() -> Batch | None:
        if read_beside:
            return take(to_forward, watch=True)  # type: ignore[return-value]
        if cancelled():
            raise Cancelled
        return next(batches, None)

    def write() -> None:
        while (item := take(to_sink)) is not None:
            sink(*item)  # type: ignore[misc]

    def scores_of(batch: Batch) -> Tensor | None:
        pixels, batch.pixels = batch.pixels, None
        return None if pixels is None else forward(pixels)

    def hand_on(batch: Batch, scores: Tensor | None) -> None:
        put(to_sink, (batch, scores)) if sink_beside else sink(batch, scores)

    computed = done = 0
    started = time.monotonic()

    def compute() -> None:
        nonlocal computed, done
        while (batch := next_batch()) is not None:
            hand_on(batch, scores_of(batch))  # kept under no name: the next ones would come on top
            if not batch.row.again:
                computed += len(batch.tiles)
                done += len(batch.tiles) + batch.skipped
            elapsed, left = time.monotonic() - started, total - before - done
            progress(before + done, total, elapsed / done * left if done and elapsed > 0.5 else None)
        if sink_beside:
            put(to_sink, None)

    works = [work for work, wanted in ((write, sink_beside), (read, read_beside)) if wanted]
    threads = [threading.Thread(target=guarded(work), daemon=True) for work in works]
    for thread in threads:
        thread.start()
    guarded(compute)()
    if sink_beside and not stop.is_set():
        threads[0].join()
    stop.set()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return computed
