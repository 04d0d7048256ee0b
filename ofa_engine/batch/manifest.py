"""What a batch has done: batch.json, for the next run and for programs, and batch.csv, for reading."""

import csv
import functools
import hashlib
import io
import json
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from ..core import files
from ..core.errors import InputError, OutputError
from ..core.version import __version__
from .scenes import is_local

FORMAT = 1
JSON_NAME, CSV_NAME = "batch.json", "batch.csv"
COLUMNS = (
    "id",
    "input",
    "output",
    "state",
    "why",
    "seconds",
    "attempts",
    "tiles",
    "sensor",
    "head",
    "engine",
    "classes",
)
DONE, FAILED, SKIPPED = "done", "failed", "skipped"
_SAVING_SHARE = 0.05  # of the time at most goes into saving the manifest, however many scenes there are


class BatchManifest:
    """Entries by input, in the order of the command. Raises InputError where the folder's manifest cannot be read.

    An entry is a JSON object: id, input, output (a name in the folder), state, why (a line, or null), seconds,
    attempts, tiles, sensor, head {name, path, sha256}, engine (version), classes [{value, name, color, pixels,
    area_ha}], bbox and geometry (EPSG:4326), times, stamp, options, models. A result depends on the last three and on
    the head's digest.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.monotonic):
        self.folder, self.clock = folder, clock
        self.entries: dict[str, dict] = {}
        self.about: dict[str, Any] = {}
        self._next_save = 0.0
        path = folder / JSON_NAME
        if not path.exists():
            return
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            if data["format"] != FORMAT:
                raise ValueError
            self.entries = {entry["input"]: entry for entry in data["scenes"]}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"expected a batch's manifest of format {FORMAT}, found another file: {path}; "
                "choose another folder or remove it"
            ) from error

    def ids(self) -> dict[str, str]:
        return {path: entry["id"] for path, entry in self.entries.items()}

    def arrange(self, first: Iterable[str]) -> None:
        """Puts the scenes of the command first, in its order; of the others, those with an output are kept."""
        wanted = {path: self.entries[path] for path in first}
        others = {path: e for path, e in self.entries.items() if path not in wanted and self.has_output(e)}
        self.entries = wanted | others

    def has_output(self, entry: dict) -> bool:
        return entry["state"] == DONE and (self.folder / entry["output"]).exists()

    def save_if_due(self) -> None:
        """Saves unless that was done recently: with many scenes the file is long, and rewriting it for each is slow."""
        if self.clock() >= self._next_save:
            self.save()

    def save(self) -> None:
        """Writes both files, each atomically. Raises OutputError."""
        started = self.clock()
        entries = list(self.entries.values())
        whole = {"format": FORMAT, "engine": __version__, **self.about, "scenes": entries}
        write_whole(self.folder / JSON_NAME, json.dumps(whole, ensure_ascii=False, indent=1))
        write_whole(self.folder / CSV_NAME, csv_text(COLUMNS, (_row(entry) for entry in entries)))
        now = self.clock()
        self._next_save = now + (now - started) / _SAVING_SHARE


def _row(entry: dict) -> dict[str, object]:
    classes = "; ".join(_class_text(c) for c in entry.get("classes") or ())
    head = (entry.get("head") or {}).get("name")
    return {key: entry.get(key) for key in COLUMNS} | {"classes": classes, "head": head}


def _class_text(entry: dict) -> str:
    size = f"{entry['tiles']} tiles" if "tiles" in entry else f"{entry['pixels']} px"
    area = "" if entry.get("area_ha") is None else f" {entry['area_ha']:.2f} ha"
    return f"{entry['value']} {entry['name']}: {size}{area}"


def csv_text(columns: Iterable[str], rows: Iterable[dict]) -> str:
    """A CSV with a header; None becomes an empty field."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(columns), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def write_whole(path: Path, text: str) -> None:
    """Replaces a text file, on the disk before the old one goes. Raises OutputError."""
    try:
        files.write_text(path, text, durable=True)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error


# --- what a result depends on --------------------------------------------------------------------------------------


def file_stamp(path: str) -> list[int] | None:
    """[size in bytes, modification time in ns] of a local file, or of all files in a folder together; None where there
    is none, and for addresses."""
    if not is_local(path):
        return None
    inside = [os.path.join(folder, name) for folder, _, names in os.walk(path) for name in names]
    try:
        found = [os.stat(file) for file in inside or [path]]
    except OSError:
        return None
    return [sum(f.st_size for f in found), max(f.st_mtime_ns for f in found)]


def json_digest(value: object) -> str:
    """SHA-256 of a JSON value."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def file_digest(path: str | Path) -> str:
    """SHA-256 of a file; it is read again only after it changed. Raises OSError."""
    found = os.stat(path)
    return _file_digest(str(path), found.st_size, found.st_mtime_ns)


@functools.lru_cache(maxsize=64)
def _file_digest(path: str, size: int, mtime_ns: int) -> str:
    return files.sha256(path)
