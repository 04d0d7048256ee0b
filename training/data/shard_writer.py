"""From samples to shards, keeping what an earlier run has written.

Shards are filled one after the other in the order of the draw, so that their bytes depend neither on the number of
workers nor on interruptions.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ofa_engine.core.files import replacing, sha256
from training.data.moments import Moments
from training.data.sample_loader import LoadedSample, SampleLoader


@dataclass
class ShardRecord:
    """What a shard holds, stored as `shard-00000.json`: enough to recognise the shard in a rerun and keep it."""

    recipe: str  # digest of everything that decides what is stored, except the files themselves
    start: int  # position in the draw before the first sample
    stop: int  # and after the last one
    file: str
    count: int
    sha256: str
    samples: list[str] = field(default_factory=list)
    skipped: list[dict] = field(default_factory=list)
    moments: list[list[float]] = field(default_factory=list)


class ShardWriter:
    """Writes the shards of one sensor into a folder, and keeps those that exist and are valid."""

    def __init__(self, folder: Path, loader: SampleLoader, recipe: str, count: int, shard_bytes: int, bands: int):
        self.folder, self.loader, self.recipe, self.count = folder, loader, recipe, count
        self.shape = (bands, *loader.shape)
        size = int(np.prod(self.shape)) * np.dtype(loader.reader.dtype).itemsize
        self.capacity = max(1, shard_bytes // size)

    def run(self, bar: Any) -> list[ShardRecord]:
        """Writes what is missing; returns the records of all shards in order. `bar` is tqdm's."""
        records: list[ShardRecord] = []
        position = done = 0
        samples: Iterator[LoadedSample] | None = None
        while done < self.count and position < len(self.loader.order):
            kept = self._reusable(len(records), position, self.count - done)
            if kept is None:
                samples = samples or self.loader.samples(position)
                record = self._write(len(records), position, min(self.capacity, self.count - done), samples, bar)
            else:
                samples, record = None, kept
                bar.total -= kept.count  # the time left is that of the shards still to be written
            position, done = record.stop, done + record.count
            records.append(record)
        self._remove_later(len(records))
        return records

    def _paths(self, number: int) -> tuple[Path, Path]:
        return self.folder / f"shard-{number:05d}.npy", self.folder / f"shard-{number:05d}.json"

    def _reusable(self, number: int, start: int, left: int) -> ShardRecord | None:
        """The shard's record, if the shard is what this run would write; else None."""
        data, sidecar = self._paths(number)
        try:
            record = ShardRecord(**json.loads(sidecar.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None
        order = self.loader.order
        same_run = (record.recipe, record.start, record.file) == (self.recipe, start, data.name)
        same_samples = {*record.samples, *(s["file"] for s in record.skipped)} == {*order[start : record.stop]}
        full = record.count == min(self.capacity, left) or record.count < left and record.stop == len(order)
        valid = same_run and same_samples and full and data.exists() and sha256(data) == record.sha256
        return record if valid else None

    def _write(self, number: int, start: int, size: int, samples: Iterator[LoadedSample], bar: Any) -> ShardRecord:
        data, sidecar = self._paths(number)
        sidecar.unlink(missing_ok=True)
        pixels = np.empty((size, *self.shape), self.loader.reader.dtype)
        record = ShardRecord(self.recipe, start, start, data.name, 0, "")
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
            _replace(sidecar, json.dumps(asdict(record)))
        return record

    def _remove_later(self, number: int) -> None:
        """Removes shards of an earlier, larger run."""
        for path in (p for p in self.folder.glob("shard-*") if int(p.stem.split("-")[1]) >= number):
            path.unlink()


def _replace(path: Path, content: NDArray | str) -> None:
    """The file is there complete or not at all; a cancel may come at any moment."""
    with replacing(path, durable=True) as part:
        if isinstance(content, str):
            part.write_bytes(content.encode())
        else:
            np.save(part, content)
