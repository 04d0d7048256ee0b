"""What a reader of a pretraining set is, and helpers to list files."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from numpy.typing import NDArray

from ofa_engine.core.errors import InputError


class UnusableSample(Exception):
    """One sample cannot be used; the message says what was expected and what was found. It is skipped and counted."""


class Reader(Protocol):
    """Reads samples of one sensor.

    A small frozen dataclass, so that it can be sent to worker processes. What `read` gives is stored in `dtype` and
    `units`, with `nodata` for NaN in integers. `size_px` is the side of the set's samples, None where it varies.
    """

    @property
    def sensor(self) -> str: ...
    @property
    def units(self) -> str: ...
    @property
    def dtype(self) -> str: ...
    @property
    def nodata(self) -> float | None: ...
    @property
    def size_px(self) -> int | None: ...
    def read(self, name: str) -> NDArray:
        """(C, H, W) of a sample with the sensor's bands in the embedder's order, in the data type on disk. Where a
        value is missing the array is floating and NaN marks it. Raises whatever its library raises for a file that
        cannot be read, UnusableSample for one that can be read but does not fit."""
        ...


@dataclass
class Listing:
    """Names of candidates in sorted order, and files that already turned out to be unusable."""

    names: list[str]
    skipped: list[dict] = field(default_factory=list)  # file, why
    as_listed: bool = False  # take the samples in this order instead of a drawn one
    notes: list[str] = field(default_factory=list)  # for the report


ReaderAndListing = tuple[Reader, Listing]


@dataclass(frozen=True)
class SourceOptions:
    """What is wanted of a source, as on the command line of `training.prepare`. None: the source's own, or all."""

    source: str
    root: Path = Path()
    sensor: str | None = None
    count: int = 10_000
    seed: int = 0
    size_px: int | None = None
    bands: str | None = None
    units: str | None = None
    variant: str | None = None
    split: str | None = None

    def sensors_in_folders(self, folders: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
        """Sensors with one of their folders in `root`; only `sensor` if that is set. Raises InputError."""
        if self.sensor and self.sensor not in folders:
            raise InputError(f"expected --sensor out of {', '.join(folders)} for {self.source}, found {self.sensor}")
        wanted = {s: names for s, names in folders.items() if self.sensor in (None, s)}
        existing = expect_folder(self.root, [name for names in wanted.values() for name in names], self.source)
        return (sensor for sensor, names in wanted.items() if set(names) & set(existing))


def folder_names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))


def files_below(folder: Path, suffixes: Iterable[str]) -> list[str]:
    """Sorted paths, relative to the folder and with '/', of visible files with these suffixes."""
    found = (p.relative_to(folder) for p in folder.rglob("*") if p.suffix.lower() in suffixes and p.is_file())
    return sorted(p.as_posix() for p in found if not any(part.startswith(".") for part in p.parts))


def expect_folder(root: Path, wanted: Sequence[str], what: str) -> list[str]:
    """The wanted sub-folders that exist. Raises InputError if there is none."""
    found = [name for name in wanted if (root / name).is_dir()]
    if not found:
        existing = ", ".join(folder_names(root)[:6]) or "no folders"
        raise InputError(f"expected {' or '.join(f'{w}/' for w in wanted)} of {what} in {root}, found {existing}")
    return found
