"""Samples on their way to shards: drawn, read ahead in worker processes, brought to one size and data type, measured.

Samples are taken strictly in the order of the draw, whatever the number of workers.
"""

import hashlib
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from ofa_engine.core.errors import InputError, OfaError
from training.data.moments import Moments
from training.data.readers.pixels import canonical, resized
from training.data.readers.reader import Listing, Reader, UnusableSample

NEARLY_PX = 4  # samples whose size differs by no more than this are resampled to the others' size


class LoadedSample(NamedTuple):
    """Pixels (C, H, W) to store and their moments, or the reason why the sample is skipped."""

    pixels: NDArray | None
    moments: Moments | None = None
    why: str = ""


def fit_size(values: NDArray, shape: tuple[int, int], crop: bool) -> NDArray:
    """(C, h, w) to (C, H, W). With `crop` the middle of larger samples is taken, and smaller ones are enlarged to cover
    the shape; otherwise only a difference of a few pixels is resampled away. Raises UnusableSample."""
    height, width = values.shape[1:]
    if (height, width) == shape:
        return values
    if not crop:
        if max(abs(height - shape[0]), abs(width - shape[1])) > NEARLY_PX:
            raise UnusableSample(
                f"expected {shape[1]} x {shape[0]} px as the first sample, found {width} x {height} "
                "(--size-px makes all one size)"
            )
        return resized(values, *shape)
    factor = max(shape[0] / height, shape[1] / width)
    if factor > 1:
        values = resized(values, max(shape[0], round(height * factor)), max(shape[1], round(width * factor)))
    top, left = (values.shape[1] - shape[0]) // 2, (values.shape[2] - shape[1]) // 2
    return values[:, top : top + shape[0], left : left + shape[1]]


def as_stored(values: NDArray, dtype: str, nodata: float | None) -> NDArray:
    """Values in the data type of the shards; NaN becomes nodata in integers, or 0 if there is no nodata value."""
    if values.dtype == np.dtype(dtype):
        return values
    if np.dtype(dtype).kind == "f":
        return values.astype(dtype)
    limits = np.iinfo(dtype)
    filled = np.where(np.isfinite(values), np.rint(values), 0 if nodata is None else nodata)
    return np.clip(filled, limits.min, limits.max).astype(dtype)


def load(reader: Reader, name: str, shape: tuple[int, int], crop: bool) -> LoadedSample:
    """Reads one sample. A damaged file raises nothing: any error of a library means that the sample cannot be read."""
    try:
        values = fit_size(reader.read(name), shape, crop)
    except UnusableSample as error:
        return LoadedSample(None, why=str(error))
    except Exception as error:
        text = " ".join(str(error).split())
        return LoadedSample(None, why=f"cannot be read: {text or type(error).__name__}"[:300])
    pixels = as_stored(values, reader.dtype, reader.nodata)
    numbers = pixels.astype(np.float64)
    missing = ~np.isfinite(numbers)
    if values.dtype.kind == "f":
        missing |= ~np.isfinite(values)
    if reader.nodata is not None:
        missing |= numbers == reader.nodata
    numbers[missing] = np.nan
    moments = Moments.of(canonical(numbers, reader.sensor, reader.units))
    if not moments.valid.any():
        return LoadedSample(None, why="empty: no valid value")
    if not moments.squares.any():
        return LoadedSample(None, why="empty: each band holds one value only")
    return LoadedSample(pixels, moments)


def draw(listing: Listing, seed: int) -> list[str]:
    """The order in which candidates are tried. It does not change for the others when a file is added or removed."""
    if listing.as_listed:
        return list(listing.names)
    return sorted(listing.names, key=lambda name: hashlib.sha256(f"{seed}/{name}".encode()).digest())


def sample_shape(reader: Reader, order: Sequence[str], size_px: int | None) -> tuple[int, int]:
    """(H, W) of all samples: `size_px`, else the first readable sample's, rounded to the set's own size if near it.

    Raises InputError where no sample can be read.
    """
    if size_px:
        return size_px, size_px
    first = ""
    for name in order:
        try:
            height, width = reader.read(name).shape[1:]
        except Exception as error:  # it is listed when its turn comes
            first = first or f"; the first, {name}: {' '.join(str(error).split())}"
            continue
        usual = reader.size_px
        if usual and max(abs(height - usual), abs(width - usual)) <= NEARLY_PX:
            return usual, usual
        return height, width
    raise InputError(f"expected samples of {reader.sensor} that can be read, found {len(order)} that cannot{first}")


def _worker() -> None:
    """In a worker: Ctrl-C is the parent's to handle, one process has one core, and none outlives a killed parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


class SampleLoader:
    """Samples in the given order, read ahead by worker processes; `workers=1` reads in this process."""

    def __init__(self, reader: Reader, order: Sequence[str], shape: tuple[int, int], crop: bool, workers: int):
        self.reader, self.order, self.shape, self.crop = reader, order, shape, crop
        self.ahead = 2 * workers
        context = multiprocessing.get_context("spawn")
        self.pool = ProcessPoolExecutor(workers, context, initializer=_worker) if workers > 1 else None

    def __enter__(self) -> "SampleLoader":
        return self

    def __exit__(self, *_: object) -> None:
        if self.pool:
            self.pool.shutdown(wait=True, cancel_futures=True)

    def samples(self, start: int) -> Iterator[LoadedSample]:
        """From position `start` on. Raises OfaError where a worker dies."""
        if self.pool is None:
            for name in self.order[start:]:
                yield load(self.reader, name, self.shape, self.crop)
            return
        waiting: deque[Future[LoadedSample]] = deque()
        for name in self.order[start:]:
            waiting.append(self.pool.submit(load, self.reader, name, self.shape, self.crop))
            if len(waiting) > self.ahead:
                yield self._result(waiting)
        while waiting:
            yield self._result(waiting)

    @staticmethod
    def _result(waiting: "deque[Future[LoadedSample]]") -> LoadedSample:
        try:
            return waiting.popleft().result()
        except BrokenProcessPool as error:
            raise OfaError("a worker process died (out of memory?): run again with fewer --workers") from error
