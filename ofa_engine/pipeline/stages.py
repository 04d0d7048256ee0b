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
import queue
import threading
import time
from collections.abc import Callable, Iterator

import psutil
import torch
from torch import Tensor

from ..core.callbacks import Progress
from ..core.errors import Cancelled
from ..tiling.plan import Plan, make_plan
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


# --- blend ------------------------------------------------------------------------------------------------------


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
