"""What a run has finished, kept next to its target, so that a run that was stopped can continue; and what one stripe
carries over to the next.

A journal is one file to which each finished row of tiles is added: its results as they were written, in a frame with a
checksum. Rows are collected and written together every few seconds, after what stripes carry over has reached the disk.
Reading ends at the first incomplete frame, and the file is cut there: whatever stopped the run, what is read is what
was finished. A lock distinguishes a journal that is being written from that of a stopped run.
"""

import contextlib
import json
import os
import struct
import tempfile
import time
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ..core import partial_names
from ..core.errors import OfaError
from ..core.messages import option

try:
    import fcntl
except ImportError:  # Windows, where a file that is open can be neither renamed nor removed: that serves as well
    fcntl = None  # type: ignore[assignment]

_MAGIC = b"OFANET journal 1\n"
_FRAME = struct.Struct("<III")  # bytes of the head (JSON) and of the arrays, CRC-32 of both


@dataclass(frozen=True)
class JournalLimits:
    """When finished rows of tiles go to the disk."""

    every_s: float = 5.0  # a kill costs at most so much work, and the rows of tiles that were under way
    waiting_bytes: int = 32 * 2**20  # of finished rows that wait in memory


@dataclass(frozen=True)
class JournalRecord:
    """A finished row of tiles: its stripe and index, how many tiles were computed, and its results."""

    stripe: int
    row: int
    tiles: int
    arrays: list[NDArray]


class CarryFile:
    """Arrays of one shape by number, in a file. Without a path the file has no name, and is gone when it is closed or
    the process ends."""

    def __init__(self, path: Path | None = None, folder: Path | None = None):
        self._file: IO[bytes]
        if path is None:
            self._file = tempfile.TemporaryFile(dir=folder)
        else:
            self._file = open(path, "r+b" if path.exists() else "w+b")

    def put(self, number: int, array: NDArray) -> None:
        start = number * array.nbytes
        if not array.any() and self._file.seek(0, os.SEEK_END) <= start:
            self._file.truncate(start + array.nbytes)  # zeros are what is read where nothing was written
            return
        self._file.seek(start)
        self._file.write(np.ascontiguousarray(array).data)  # no copy of what may be large

    def get(self, number: int, shape: tuple[int, ...], dtype: DTypeLike = np.float32) -> NDArray:
        """Raises OfaError where it was never put."""
        array = np.empty(shape, dtype)
        self._file.seek(number * array.nbytes)
        if self._file.readinto(array.data.cast("B")) < array.nbytes:  # type: ignore[attr-defined]
            raise OfaError(f"expected what one stripe hands to the next, found less: run it without {option('resume')}")
        return array

    def sync(self) -> None:
        """What was put is on the disk."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        with contextlib.suppress(OSError):  # what cannot be written any more is not wanted any more
            self._file.close()


class StoppedJournal:
    """The journal of a run that was stopped, locked. `about` is what its results depend on, `pid` the process."""

    def __init__(self, path: Path, file: IO[bytes], about: dict, pid: int):
        self.path, self.file, self.about, self.pid = path, file, about, pid

    def take_over(self, path: Path) -> IO[bytes]:
        """Renames it: from now on it is the journal of another run."""
        if fcntl is None:
            self.file.close()
        for old in _files(self.path):
            os.replace(old, path.with_suffix(old.suffix))
        if fcntl is None:
            self.file = open(path, "r+b", buffering=0)
        return self.file

    def records(self) -> Iterator[JournalRecord]:
        """What the run has finished, in its order."""
        return (record for record, _ in _records(self.file))

    def remove(self) -> None:
        self.file.close()
        _remove(_files(self.path))

    def close(self) -> None:
        self.file.close()


def find_journals(target: Path) -> Iterator[StoppedJournal | None]:
    """Journals next to a target, the youngest first; None for one that a run holds."""
    for path, pid in partial_names.journals_of(target):
        file = _open_locked(path)
        frame = None if file is None else _read_frame(file, len(_MAGIC))
        yield None if file is None else StoppedJournal(path, file, frame[0] if frame else {}, pid)


def _open_locked(path: Path) -> IO[bytes] | None:
    """The file with a lock on it; None where a run holds it."""
    try:
        if fcntl is None:
            os.replace(path, path)
        file = open(path, "r+b", buffering=0)
    except OSError:
        return None
    if _lock(file):
        return file
    file.close()
    return None


def _lock(file: IO[bytes]) -> bool:
    if fcntl is not None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
    return True


def _files(journal: Path) -> list[Path]:
    return [journal, *partial_names.stripes_of(journal)]


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


class Journal:
    """The finished rows of tiles of a run that writes to `part`. Nothing is written before the first rows are due; with
    `stopped` it continues that one. Without `part` nothing is kept, and stripes use files without a name."""

    def __init__(
        self,
        part: Path | None = None,
        about: dict | None = None,
        stopped: StoppedJournal | None = None,
        limits: JournalLimits = JournalLimits(),
    ):
        self.path = partial_names.journal_of(part) if part else None
        self.about = about or {}
        self.limits = limits
        self._file = stopped.take_over(self.path) if stopped and self.path else None
        self._end = 0  # of the complete frames
        self._carried: dict[int, CarryFile] = {}
        self._arrays: list[NDArray] = []
        self._frames: list[bytes] = []
        self._last = time.monotonic()

    @property
    def resumable(self) -> bool:
        """Whether there is something to continue from."""
        return self._file is not None

    def records(self) -> Iterator[JournalRecord]:
        """What the stopped run has finished, in its order; what follows the last complete frame is cut off."""
        if self._file is None:
            return
        about = _read_frame(self._file, len(_MAGIC))
        self._end = self._file.tell() if about else len(_MAGIC)
        for record, end in _records(self._file):
            self._end = end
            yield record
        self._file.truncate(self._end)

    def put(self, *arrays: NDArray) -> None:
        """Results of the row of tiles that is under way."""
        if self.path:
            self._arrays += [np.ascontiguousarray(array) for array in arrays]

    def finish(self, stripe: int, row: int, tiles: int) -> None:
        """The row is finished; every few seconds all finished rows go to the disk."""
        if not self.path:
            return
        packed = [_packed(array) for array in self._arrays]
        about = [[a.dtype.str, a.shape, len(p)] for a, p in zip(self._arrays, packed, strict=True)]
        self._frames.append(_frame({"stripe": stripe, "row": row, "tiles": tiles, "arrays": about}, b"".join(packed)))
        self._arrays = []
        waited = time.monotonic() - self._last >= self.limits.every_s
        if waited or sum(map(len, self._frames)) > self.limits.waiting_bytes:
            self.commit()

    def commit(self) -> None:
        """All rows that are finished are on the disk when this returns. Raises OSError."""
        if self._frames and self.path:
            for carried in self._carried.values():
                carried.sync()
            if self._file is None:
                self._file = open(self.path, "w+b", buffering=0)
                _lock(self._file)
            if not self._end:
                self._frames.insert(0, _MAGIC + _frame(self.about, b""))
            self._file.seek(self._end)
            for frame in self._frames:
                left = memoryview(frame)
                while left:
                    left = left[self._file.write(left) :]
            os.fsync(self._file.fileno())
            self._end, self._frames = self._file.tell(), []
        self._last = time.monotonic()

    def carry_into(self, stripe: int) -> CarryFile:
        """What a stripe gets from the one before it. What stripes further back got is removed."""
        if stripe not in self._carried:
            self.commit()
            for old in [number for number in self._carried if number < stripe - 1]:
                self._carried.pop(old).close()
                if self.path:
                    self._stripe_path(old).unlink(missing_ok=True)
            self._carried[stripe] = CarryFile(self._stripe_path(stripe) if self.path else None)
        return self._carried[stripe]

    def check_carried(self, stripes: Iterable[int]) -> None:
        """Raises OfaError where one of the stopped run's files for stripes is gone."""
        missing = [path.name for path in map(self._stripe_path, stripes) if not path.exists()]
        if missing:
            raise OfaError(f"expected {missing[0]} next to the journal, found none: run it without {option('resume')}")

    def _stripe_path(self, stripe: int) -> Path:
        assert self.path is not None
        return partial_names.stripe_of(self.path, stripe)

    def close(self, keep: bool = False) -> None:
        """Ends it. With `keep`, what is finished stays next to the target as far as there is room for it."""
        if keep and self.resumable:
            with contextlib.suppress(OSError):
                self.commit()
        keep = keep and self.resumable
        for carried in self._carried.values():
            carried.close()
        if self._file:
            self._file.close()
        if self.path and not keep:
            _remove(_files(self.path))


def _packed(array: NDArray) -> bytes:
    """Classes pack well and quickly, floats hardly at all."""
    return zlib.compress(array.tobytes(), 1) if array.dtype == np.uint8 else array.tobytes()


def _unpacked(about: list, body: bytes) -> list[NDArray]:
    arrays, start = [], 0
    for dtype, shape, size in about:
        data = body[start : start + size]
        data = zlib.decompress(data) if np.dtype(dtype) == np.uint8 else data
        arrays.append(np.frombuffer(data, dtype).reshape(shape))
        start += size
    return arrays


def _frame(head: dict, body: bytes) -> bytes:
    text = json.dumps(head).encode()
    return _FRAME.pack(len(text), len(body), zlib.crc32(body, zlib.crc32(text))) + text + body


def _records(file: IO[bytes]) -> Iterator[tuple[JournalRecord, int]]:
    """The complete records of a journal, each with where it ends."""
    end, first = len(_MAGIC), True
    while (frame := _read_frame(file, end)) is not None:
        head, body = frame
        end = file.tell()
        if not first:
            yield JournalRecord(head["stripe"], head["row"], head["tiles"], _unpacked(head["arrays"], body)), end
        first = False


def _read_frame(file: IO[bytes], start: int) -> tuple[dict, bytes] | None:
    """(head, arrays) of the frame that starts there; None where none is complete."""
    file.seek(start)
    sizes = file.read(_FRAME.size)
    if len(sizes) < _FRAME.size:
        return None
    head, body, crc = _FRAME.unpack(sizes)
    if start + _FRAME.size + head + body > os.fstat(file.fileno()).st_size:
        return None
    data = file.read(head + body)
    return (json.loads(data[:head]), data[head:]) if zlib.crc32(data) == crc else None
