"""The stages of a run: batches of tiles are read, the model computes their scores, and a sink blends and writes them.

A raster is worked through in stripes of tile columns, each from top to bottom, one row of tiles after the other. The
width of a stripe follows from the memory budget, so that peak memory does not depend on the raster's size; most rasters
need one stripe only. Reading goes by slices, rows of the file's blocks, and what a slice holds below a row of
tiles waits for the next row: each block is decoded once.

Nothing is computed or read twice at the edge between two stripes. Scores that tiles add to pixels of the next stripe,
and pixels of blocks that reach into it, are carried over in files and added there in the order of one wide stripe: the
result does not depend, to the last bit, on where stripes end.
"""

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import torch
from torch import Tensor

from ..core.callbacks import Progress
from ..core.errors import Cancelled
from .tile_reader import TileBatch

_POLL_S = 0.1  # how soon a waiting stage notices that another one has stopped, or that the user has cancelled


def run_stages(
    batches: Iterator[TileBatch],
    forward: Callable[[Tensor], Tensor],
    sink: Callable[[TileBatch, Tensor | None], None],
    *,
    total: int,
    progress: Progress,
    cancelled: Callable[[], bool],
    done_before: int = 0,
    read_in_thread: bool = True,
    sink_in_thread: bool = True,
) -> int:
    """Runs reading, the model and the sink to the end of the batches; the model in the calling thread.

    Args:
        batches: what to compute, see `read_batches`.
        forward: (B, C, H, W) pixels to scores.
        sink: takes each batch with its scores, None where it has no tiles.
        total: tiles of the whole run, of which `done_before` were finished earlier.
        progress: called after each batch.
        cancelled: called at least every tenth of a second while the model waits.
        read_in_thread, sink_in_thread: threads of their own; else they take turns with the model, for want of cores.

    Returns:
        The number of tiles computed, without those of rows that are computed again.

    Raises:
        Cancelled: as soon as `cancelled()` is true. The first error of any stage otherwise. No thread is left behind.
    """
    threads = _Threads()
    unread, unwritten = _Link(threads.stopped), _Link(threads.stopped)
    count = _Count(total, done_before, progress)

    def check() -> None:
        if cancelled():
            raise Cancelled

    def next_batch() -> TileBatch | None:
        if read_in_thread:
            return unread.take(check)
        check()
        return next(batches, None)

    def hand_on(batch: TileBatch, scores: Tensor | None) -> None:
        unwritten.put((batch, scores)) if sink_in_thread else sink(batch, scores)

    def compute() -> None:
        while (batch := next_batch()) is not None:
            hand_on(batch, _scores(forward, batch))  # kept under no name: the next scores would come on top
            count.add(batch)
        if sink_in_thread:
            unwritten.put(None)

    if sink_in_thread:
        threads.start(lambda: _drain(unwritten, sink))
    if read_in_thread:
        threads.start(lambda: _feed(batches, unread))
    threads.guard(compute)
    threads.join()
    return count.computed


def _feed(batches: Iterator[TileBatch], link: "_Link") -> None:
    for batch in batches:
        link.put(batch)
    link.put(None)


def _drain(link: "_Link", sink: Callable[[TileBatch, Tensor | None], None]) -> None:
    while (item := link.take()) is not None:
        sink(*item)


def _scores(forward: Callable[[Tensor], Tensor], batch: TileBatch) -> Tensor | None:
    pixels, batch.pixels = batch.pixels, None  # freed as soon as the scores are there
    return None if pixels is None else forward(pixels)


class _Count:
    """Tiles done, and the time left by the rate so far."""

    def __init__(self, total: int, before: int, progress: Progress):
        self.total, self.before, self.progress = total, before, progress
        self.computed = self.done = 0
        self.started = time.monotonic()

    def add(self, batch: TileBatch) -> None:
        if not batch.row.recomputed:
            self.computed += len(batch.tiles)
            self.done += len(batch.tiles) + batch.skipped
        elapsed, left = time.monotonic() - self.started, self.total - self.before - self.done
        seconds_left = elapsed / self.done * left if self.done and elapsed > 0.5 else None
        self.progress(self.before + self.done, self.total, seconds_left)


class _Stopped(Exception):
    """Another stage has failed, or the user has cancelled."""


class _Link:
    """A queue for one batch between two stages; both let go of it as soon as one stage stops."""

    def __init__(self, stopped: threading.Event):
        self.queue: queue.Queue = queue.Queue(1)
        self.stopped = stopped

    def put(self, item: object) -> None:
        while not self.stopped.is_set():
            try:
                return self.queue.put(item, timeout=_POLL_S)
            except queue.Full:
                continue
        raise _Stopped

    def take(self, check: Callable[[], None] = lambda: None) -> Any:
        """The next item; `check` is called while it waits, and may raise."""
        while not self.stopped.is_set():
            check()
            try:
                return self.queue.get(timeout=_POLL_S)
            except queue.Empty:
                continue
        raise _Stopped


class _Threads:
    """Threads of which the first error stops all."""

    def __init__(self) -> None:
        self.stopped = threading.Event()
        self.failures: list[BaseException] = []
        self.threads: list[threading.Thread] = []

    def guard(self, work: Callable[[], None]) -> None:
        try:
            work()
        except _Stopped:
            pass
        except BaseException as error:  # raised by `join`
            self.failures.append(error)
            self.stopped.set()

    def start(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=self.guard, args=(work,), daemon=True)
        self.threads.append(thread)
        thread.start()

    def join(self) -> None:
        """Waits for all threads; each ends by itself, or because another one has failed. Raises the first error."""
        try:
            for thread in self.threads:
                thread.join()
        finally:
            self.stopped.set()
        if self.failures:
            raise self.failures[0]


def uploaded(batches: Iterator[TileBatch], device: torch.device) -> Iterator[TileBatch]:
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


def spare_core() -> bool:
    """Whether PyTorch's threads leave a core free."""
    process = psutil.Process()
    cores = len(process.cpu_affinity()) if hasattr(process, "cpu_affinity") else psutil.cpu_count() or 1  # not on macOS
    return cores > torch.get_num_threads()
