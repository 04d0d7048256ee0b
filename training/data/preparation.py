"""One sensor's samples, from a reader to a folder of shards with its manifest.

Beside each shard lies a record of what went into it: a rerun with the same settings keeps valid shards and writes only
what is missing, so that an interrupted run ends in the same bytes as an undisturbed one.
"""

import contextlib
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from ofa_engine.core.errors import InputError, OutputError
from ofa_engine.core.sensors import UNITS, get_sensor
from training.data.moments import Moments
from training.data.readers.reader import Listing, Reader
from training.data.sample_loader import SampleLoader, draw, sample_shape
from training.data.shard_writer import ShardRecord, ShardWriter
from training.data.shards import ShardManifest

SHARD_MB = 256


@dataclass(frozen=True)
class Preparation:
    """How samples are prepared: `output` gets a sub-folder per sensor."""

    source: str  # name of the source
    input_name: str  # of its folder, for the manifest
    output: Path
    count: int = 10_000  # samples at most
    seed: int = 0
    size_px: int | None = None  # side of all samples; None: the source's own
    crop: bool = False  # cut samples to size_px; else the reader itself makes samples of that size
    shard_mb: float = SHARD_MB
    workers: int = 1
    overwrite: bool = False
    quiet: bool = False

    def prepare(self, reader: Reader, listing: Listing) -> ShardManifest:
        """Writes shards and manifest of one sensor.

        Args:
            reader: of the sensor's samples.
            listing: their names.

        Returns:
            The manifest.

        Raises:
            InputError: no sample can be used.
            OutputError: the folder cannot be written, or holds another preparation.
        """
        order = draw(listing, self.seed)
        shape = sample_shape(reader, order, self.size_px)
        bands = len(get_sensor(reader.sensor).bands)
        folder = self.output / reader.sensor
        decisive = (self.source, {**vars(reader), "root": ""}, shape, self.crop, self.seed, self.shard_mb)
        recipe = hashlib.sha256(repr(decisive).encode()).hexdigest()
        _claim_folder(folder, recipe, self.overwrite)
        total = min(self.count, len(order))
        with (
            tqdm(total=total, desc=reader.sensor, unit="sample", disable=self.quiet or None) as bar,
            SampleLoader(reader, order, shape, self.crop, self.workers) as loader,
        ):
            records = ShardWriter(folder, loader, recipe, self.count, int(self.shard_mb * 1e6), bands).run(bar)
        manifest = self._manifest(reader, records, listing, shape)
        manifest.save(folder)
        return manifest

    def _manifest(
        self, reader: Reader, records: Sequence[ShardRecord], listing: Listing, shape: tuple[int, int]
    ) -> ShardManifest:
        """Statistics are those of the stored values of all shards; mean 0 and std 1 for a band without any."""
        total = _merged(records)
        if total is None:
            skip = next((s for r in records for s in r.skipped), None) or next(iter(listing.skipped), None)
            text = f"; the first, {skip['file']}: {skip['why']}" if skip else ""
            raise InputError(f"expected samples of {reader.sensor} that can be used, found none{text}")
        present = total.valid > 0
        return ShardManifest(
            sensor=reader.sensor,
            units=reader.units,
            shape=[len(present), *shape],
            dtype=reader.dtype,
            source=f"{self.source}: {self.input_name}",
            seed=self.seed,
            nodata=reader.nodata,
            mean=np.where(present, total.mean, 0.0).tolist(),
            std=np.where(present, total.std(), 1.0).tolist(),
            present=present.tolist(),
            shards=[{"file": r.file, "count": r.count, "sha256": r.sha256} for r in records if r.count],
            samples=[name for r in records for name in r.samples],
            skipped=[*listing.skipped, *(s for r in records for s in r.skipped)],
        )


def _merged(records: Sequence[ShardRecord]) -> Moments | None:
    total: Moments | None = None
    for record in records:
        if record.moments:
            moments = Moments(*(np.array(part) for part in record.moments))
            total = moments if total is None else total.merge(moments)
    return total


def _claim_folder(folder: Path, recipe: str, overwrite: bool) -> None:
    """Creates the folder. Raises OutputError if it holds another preparation that may not be overwritten."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write {folder}: {error.strerror}") from error
    for path in folder.glob("shard-*.json"):
        with contextlib.suppress(OSError, ValueError):
            if json.loads(path.read_text(encoding="utf-8")).get("recipe") != recipe and not overwrite:
                raise OutputError(
                    f"expected an empty folder or the same preparation, found another one in {folder} "
                    "(other options): choose another -o, or --overwrite"
                )
    # the old manifest goes first: there is never one that describes other shards
    for path in (*folder.glob(".*.part*"), folder / "manifest.json"):
        path.unlink(missing_ok=True)


def summary(manifest: ShardManifest, listing: Listing, folder: Path) -> str:
    """What was prepared, as text; `folder` is the sensor's."""
    size = sum((folder / shard["file"]).stat().st_size for shard in manifest.shards)
    (c, h, w), present = manifest.shape, sum(manifest.present)
    lines = [
        f"{manifest.sensor}: {len(manifest.samples):,} of {len(listing.names):,} samples, {present} of {c} bands, "
        f"{h} x {w} px, {manifest.dtype} ({UNITS[manifest.units]})",
        f"  {len(manifest.shards)} shards, {size / 1e6:,.1f} MB in {folder}",
    ]
    lines += [f"  {note}" for note in listing.notes]
    if manifest.skipped:
        lines.append(f"  skipped {len(manifest.skipped):,} (all listed in manifest.json):")
        lines += [f"    {entry['file']}: {entry['why']}" for entry in manifest.skipped[:10]]
    return "\n".join(lines)
