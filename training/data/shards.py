"""Prepared samples: one folder per sensor, read at random without decoding, and without rasterio.

A folder holds `shard-00000.npy`, ... (N, C, H, W) in the source's data type, and `manifest.json`. Plain numpy files
are memory-mapped: the operating system reads only the samples that are needed and caches what fits.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ofa_engine.core.files import sha256, write_text
from ofa_engine.core.sensors import get_sensor

FORMAT_VERSION = 1


@dataclass
class ShardManifest:
    """What a folder of shards holds. `mean` and `std` are per band, over valid values, in the sensor's canonical unit;
    bands with `present` false are missing in all samples. NaN marks a missing value, and `nodata` if it is set."""

    sensor: str
    units: str
    shape: list[int]  # C, H, W
    dtype: str
    source: str
    seed: int
    nodata: float | None = None
    mean: list[float] = field(default_factory=list)
    std: list[float] = field(default_factory=list)
    present: list[bool] = field(default_factory=list)
    shards: list[dict] = field(default_factory=list)  # file, count, sha256
    samples: list[str] = field(default_factory=list)  # names, in order
    skipped: list[dict] = field(default_factory=list)  # file, why
    format: int = FORMAT_VERSION

    def save(self, folder: Path) -> None:
        write_text(folder / "manifest.json", json.dumps(asdict(self), indent=1))


def load_manifest(folder: str | Path) -> ShardManifest:
    """The manifest of a folder. Raises FileNotFoundError if there is none, ValueError if it is of another format."""
    path = Path(folder) / "manifest.json"
    if not path.exists():
        raise FileNotFoundError(f"expected prepared samples, found no manifest.json in {folder}: run training.prepare")
    values = json.loads(path.read_text(encoding="utf-8"))
    if values.get("format") != FORMAT_VERSION:
        raise ValueError(f"expected format version {FORMAT_VERSION}, found {values.get('format')} in {path}")
    manifest = ShardManifest(**values)
    sensor = get_sensor(manifest.sensor)
    if manifest.shape[0] != len(sensor.bands) or manifest.units not in sensor.units:
        raise ValueError(f"expected {len(sensor.bands)} bands of {sensor.id}, found {manifest.shape} in {path}")
    return manifest


class ShardSet:
    """Random access to a folder of shards by sample number."""

    def __init__(self, folder: str | Path):
        self.folder, self.manifest = Path(folder), load_manifest(folder)
        self._ends = np.cumsum([shard["count"] for shard in self.manifest.shards])
        self._maps: dict[int, NDArray] = {}

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    @property
    def bands_present(self) -> list[int]:
        """0-based embedder bands that the samples hold and the sensor uses."""
        sensor = get_sensor(self.manifest.sensor)
        return [i for i, present in enumerate(self.manifest.present) if present and i + 1 not in sensor.never]

    def statistics(self) -> tuple[list[float], list[float]]:
        """(mean, std) of each of the sensor's bands in its canonical unit; the sensor table's for bands that are
        missing or constant in the samples."""
        sensor, manifest = get_sensor(self.manifest.sensor), self.manifest
        known, bands = set(self.bands_present), range(len(sensor.bands))
        mean = [manifest.mean[i] if i in known else sensor.mean[i] for i in bands]
        std = [manifest.std[i] if i in known and manifest.std[i] > 0 else sensor.std[i] for i in bands]
        return mean, std

    def read(self, numbers: Iterable[int]) -> NDArray:
        """(N, len(bands_present), H, W) in the stored data type. Raises IndexError for a number out of range."""
        order = list(numbers)
        bands = self.bands_present
        everything = len(bands) == self.manifest.shape[0]
        values = np.empty((len(order), len(bands), *self.manifest.shape[1:]), self.manifest.dtype)
        for place, number in enumerate(order):
            if not 0 <= number < len(self):
                raise IndexError(f"expected a sample number below {len(self)}, found {number}")
            shard = int(np.searchsorted(self._ends, number, side="right"))
            first = 0 if shard == 0 else int(self._ends[shard - 1])
            sample = self._map(shard)[number - first]
            values[place] = sample if everything else sample[bands]
        return values

    def _map(self, shard: int) -> NDArray:
        if shard not in self._maps:
            self._maps[shard] = np.load(self.folder / self.manifest.shards[shard]["file"], mmap_mode="r")
        return self._maps[shard]

    def verify(self) -> list[str]:
        """Names of shard files whose checksum differs from the manifest's."""
        return [s["file"] for s in self.manifest.shards if sha256(self.folder / s["file"]) != s["sha256"]]


def find_sets(folder: str | Path, wanted: Sequence[str] | None = None) -> dict[str, ShardSet]:
    """Samples by sensor id, for each sub-folder with a manifest.

    Args:
        folder: as `training.prepare` writes it.
        wanted: sensor ids; None: all.

    Raises:
        FileNotFoundError: a wanted sensor is missing, or there is none at all.
        ValueError: two folders hold samples of one sensor.
    """
    found: dict[str, ShardSet] = {}
    for path in sorted(Path(folder).glob("*/manifest.json")):
        samples = ShardSet(path.parent)
        if samples.manifest.sensor in found:
            raise ValueError(f"expected one folder per sensor, found two of {samples.manifest.sensor} in {folder}")
        found[samples.manifest.sensor] = samples
    missing = [key for key in wanted or () if key not in found]
    if missing or not found:
        raise FileNotFoundError(
            f"expected prepared samples of {', '.join(missing) or 'any sensor'}, found {', '.join(found) or 'none'} "
            f"in {folder}: run training.prepare"
        )
    return {key: found[key] for key in wanted or found}
