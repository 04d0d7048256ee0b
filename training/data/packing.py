"""From samples to shards: reading ahead in processes, storing, statistics, and keeping what an earlier run has made.

Samples are taken strictly in the order of the draw and shards are filled one after the other, so that their bytes
depend neither on the number of workers nor on interruptions.
"""

import hashlib
import json
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from ofa_engine.core.errors import InputError, OfaError
from training.data.readers.readers import Listing, Reader, Unusable, canonical, resized
from training.data.shards import sha256

NEARLY_PX = 4  # samples whose size differs by no more than this are resampled to the others' size


# --- statistics --------------------------------------------------------------------------------------------------


class Moments(NamedTuple):
    """A band's number of valid values, their mean and their summed squared deviation from it; (C,) float64 each."""

    valid: NDArray[np.float64]
    mean: NDArray[np.float64]
    squares: NDArray[np.float64]

    @classmethod
    def of(cls, pixels: NDArray[np.float64]) -> "Moments":
        """Those of (C, H, W) with NaN for missing values."""
        known = np.isfinite(pixels)
        valid = known.sum((1, 2)).astype(np.float64)
        mean = np.where(known, pixels, 0).sum((1, 2)) / np.maximum(valid, 1)
        return cls(valid, mean, (np.where(known, pixels - mean[:, None, None], 0) ** 2).sum((1, 2)))

    def merge(self, other: "Moments") -> "Moments":
        """Chan, Golub, LeVeque (1983): the moments of both sets of values."""
        valid = self.valid + other.valid
        share = other.valid / np.maximum(valid, 1)
        step = other.mean - self.mean
        return Moments(valid, self.mean + step * share, self.squares + other.squares + step**2 * self.valid * share)

    def std(self) -> NDArray[np.float64]:
        return np.sqrt(self.squares / np.maximum(self.valid, 1))


# --- one sample --------------------------------------------------------------------------------------------------


class Sample(NamedTuple):
    """What a worker makes of one name: pixels to store and their moments, or why it is of no use."""

    pixels: NDArray | None
    moments: Moments | None = None
    why: str = ""


def fit(values: NDArray, shape: tuple[int, int], told: bool) -> NDArray:
    """(C, h, w) to (C, H, W). A size that was told is cut from the middle of larger samples, smaller ones are enlarged
    to cover it; otherwise only a difference of a few pixels is mended. Raises Unusable."""
    height, width = values.shape[1:]
    if (height, width) == shape:
        return values
    if not told:
        if max(abs(height - shape[0]), abs(width - shape[1])) > NEARLY_PX:
            raise Unusable(
                f"expected {shape[1]} x {shape[0]} px as the first sample, found {width} x {height} "
                "(--size-px makes all one size)"
            )
        return resized(values, *shape)
    factor = max(shape[0] / height, shape[1] / width)
    if factor > 1:
        values = resized(values, max(shape[0], round(height * factor)), max(shape[1], round(width * factor)))
    top, left = (values.shape[1] - shape[0]) // 2, (values.shape[2] - shape[1]) // 2
    return values[:, top : top + shape[0], left : left + shape[1]]


def stored(values: NDArray, dtype: str, nodata: float | None) -> NDArray:
    """Values in the data type of the shards; NaN becomes nodata in integers, and 0 where there is no nodata value."""
    if values.dtype == np.dtype(dtype):
        return values
    if np.dtype(dtype).kind == "f":
        return values.astype(dtype)
    limits = np.iinfo(dtype)
    filled = np.where(np.isfinite(values), np.rint(values), 0 if nodata is None else nodata)
    return np.clip(filled, limits.min, limits.max).astype(dtype)


def load(reader: Reader, name: str, shape: tuple[int, int], told: bool) -> Sample:
    """Reads one sample. Never raises for a file's own faults: any error of a library means that it cannot be read."""
    try:
        values = fit(reader.read(name), shape, told)
    except Unusable as error:
        return Sample(None, why=str(error))
    except Exception as error:
        text = " ".join(str(error).split())
        return Sample(None, why=f"cannot be read: {text or type(error).__name__}"[:300])
    pixels = stored(values, reader.dtype, reader.nodata)
    numbers = pixels.astype(np.float64)
    missing = ~np.isfinite(numbers)
    if values.dtype.kind == "f":
        missing |= ~np.isfinite(values)
    if reader.nodata is not None:
        missing |= numbers == reader.nodata
    numbers[missing] = np.nan
    moments = Moments.of(canonical(numbers, reader.sensor, reader.units))
    if not moments.valid.any():
        return Sample(None, why="empty: no valid value")
    if not moments.squares.any():
        return Sample(None, why="empty: each band holds one value only")
    return Sample(pixels, moments)


# --- drawing and reading -----------------------------------------------------------------------------------------


def draw(listing: Listing, seed: int) -> list[str]:
    """The order in which candidates are tried. A file more or less in the folder moves no other."""
    if listing.as_listed:
        return list(listing.names)
    return sorted(listing.names, key=lambda name: hashlib.sha256(f"{seed}/{name}".encode()).digest())


def sample_shape(reader: Reader, order: Sequence[str], size_px: int | None) -> tuple[int, int]:
    """(H, W) of all samples: as told, else the first readable sample's, rounded to the set's own size if near it.

    Raises InputError where no sample can be read.
    """
    if size_px:
        return size_px, size_px
    first = ""
    for name in order:
        try:
            height, width = reader.read(name).shape[1:]
        except Exception as error:  # it is named when its turn comes
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


class Loader:
    """Samples in the order of their names, read ahead by worker processes (none of them for one worker)."""

    def __init__(self, reader: Reader, order: Sequence[str], shape: tuple[int, int], told: bool, workers: int):
        self.reader, self.order, self.shape, self.told = reader, order, shape, told
        self.ahead = 2 * workers
        context = multiprocessing.get_context("spawn")
        self.pool = ProcessPoolExecutor(workers, context, initializer=_worker) if workers > 1 else None

    def __enter__(self) -> "Loader":
        return self

    def __exit__(self, *_: object) -> None:
        if self.pool:
            self.pool.shutdown(wait=True, cancel_futures=True)

    def samples(self, start: int) -> Iterator[Sample]:
        """From position `start` on. Raises OfaError where a worker dies."""
        if self.pool is None:
            for name in self.order[start:]:
                yield load(self.reader, name, self.shape, self.told)
            return
        waiting: deque[Future[Sample]] = deque()
        for name in self.order[start:]:
            waiting.append(self.pool.submit(load, self.reader, name, self.shape, self.told))
            if len(waiting) > self.ahead:
                yield self._result(waiting)
        while waiting:
            yield self._result(waiting)

    @staticmethod
    def _result(waiting: "deque[Future[Sample]]") -> Sample:
        try:
            return waiting.popleft().result()
        except BrokenProcessPool as error:
            raise OfaError("a worker process died (out of memory?): run again with fewer --workers") from error


# --- shards ------------------------------------------------------------------------------------------------------


@dataclass
class Record:
    """What went into one shard, in `shard-00000.json` beside it: enough to keep the shard in a rerun."""

    recipe: str  # digest of all that decides what is stored, but for the files themselves
    start: int  # position in the draw before the first sample
    stop: int  # and after the last one
    file: str
    count: int
    sha256: str
    samples: list[str] = field(default_factory=list)
    skipped: list[dict] = field(default_factory=list)
    moments: list[list[float]] = field(default_factory=list)


class Writer:
    """Makes the shards of one sensor in a folder, keeping those that are there and right."""

    def __init__(self, folder: Path, loader: Loader, recipe: str, count: int, shard_bytes: int, bands: int):
        self.folder, self.loader, self.recipe, self.count = folder, loader, recipe, count
        self.block = (bands, *loader.shape)
        size = int(np.prod(self.block)) * np.dtype(loader.reader.dtype).itemsize
        self.capacity = max(1, shard_bytes // size)

    def run(self, bar: Any) -> list[Record]:
        """Records of all shards, in order; `bar` is tqdm's."""
        records: list[Record] = []
        position = done = 0
        samples: Iterator[Sample] | None = None
        while done < self.count and position < len(self.loader.order):
            kept = self._kept(len(records), position, self.count - done)
            if kept is None:
                samples = samples or self.loader.samples(position)
                record = self._make(len(records), position, min(self.capacity, self.count - done), samples, bar)
            else:
                samples, record = None, kept
                bar.total -= kept.count  # the time left is that of what is made now
            position, done = record.stop, done + record.count
            records.append(record)
        self._sweep(len(records))
        return records

    def _names(self, number: int) -> tuple[Path, Path]:
        return self.folder / f"shard-{number:05d}.npy", self.folder / f"shard-{number:05d}.json"

    def _kept(self, number: int, start: int, left: int) -> Record | None:
        """The shard's record, where it is what this run would make; None otherwise."""
        data, side = self._names(number)
        try:
            record = Record(**json.loads(side.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None
        order = self.loader.order
        mine = (record.recipe, record.start, record.file) == (self.recipe, start, data.name)
        same = {*record.samples, *(s["file"] for s in record.skipped)} == {*order[start : record.stop]}
        whole = record.count == min(self.capacity, left) or record.count < left and record.stop == len(order)
        right = mine and same and whole and data.exists() and sha256(data) == record.sha256
        return record if right else None

    def _make(self, number: int, start: int, size: int, samples: Iterator[Sample], bar: Any) -> Record:
        data, side = self._names(number)
        side.unlink(missing_ok=True)
        pixels = np.empty((size, *self.block), self.loader.reader.dtype)
        record = Record(self.recipe, start, start, data.name, 0, "")
        total: Moments | None = None
        while record.count < size and (sample := next(samples, None)) is not None:
            name = self.loader.order[record.stop]
            record.stop += 1
            if sample.pixels is None or sample.moments is None:
                record.skipped.append({"file": name, "why": sample.why})
                continue
            pixels[record.count] = sample.pixels
            total = sample.moments if total is None else total.merge(sample.moments)
            record.samples.append(name)
            record.count += 1
            bar.update(1)
        record.moments = [list(map(float, part)) for part in total or ()]
        if record.count:
            _replace(data, pixels[: record.count])
            record.sha256 = sha256(data)
            _replace(side, json.dumps(asdict(record)))
        return record

    def _sweep(self, number: int) -> None:
        """Removes shards that an earlier, larger run left behind."""
        for path in (p for p in self.folder.glob("shard-*") if int(p.stem.split("-")[1]) >= number):
            path.unlink()


def _replace(path: Path, content: NDArray | str) -> None:
    """Writes beside the file and renames, so that it is there whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as file:
            if isinstance(content, str):
                file.write(content.encode())
            else:
                np.save(file, content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:  # a cancel comes at any moment
        part.unlink(missing_ok=True)
        raise
