"""Outputs: checked before work starts, written next to their targets, and put in place together at the end."""

import contextlib
import errno
import os
from collections.abc import Sequence
from pathlib import Path

from ..core import partial_names, qgis_sidecars
from ..core.errors import OutputError
from .class_names import pam_path
from .geotiff import check_complete
from .vectors import file_of


def check_output(path: str | Path, inputs: Sequence[str], endings: Sequence[str]) -> Path:
    """The output's path, where it can be written. Raises OutputError (folder, ending, length, an input's own file)."""
    path = Path(path)
    if path.suffix.lower() not in endings:
        raise OutputError(f"expected an output ending in {' or '.join(endings)}, found {path.name}")
    folder = path.parent
    if not folder.is_dir():
        raise OutputError(f"expected a folder to write to, found none at {folder}: create it first")
    # a folder marked read-only is respected even by root, whom the system would let write
    if not os.access(folder, os.W_OK) or not folder.stat().st_mode & 0o222:
        raise OutputError(f"expected a folder that can be written to, found a read-only one: {folder}")
    try:
        os.lstat(partial_names.longest_of(path))
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise OutputError(
                f"expected a shorter name for an output, found one of {len(path.name)} characters: {path.name[:40]}..."
            ) from error
    if path.suffix.lower() == ".gpkg" and "!" in str(path.parent.absolute()):
        raise OutputError(f"expected a folder without ! in its name for a GeoPackage, found {folder}")
    if path.is_dir():
        raise OutputError(f"expected a file name for the output, found a folder: {path}")
    for source in inputs:
        if os.path.realpath(path) in (os.path.realpath(source), os.path.realpath(file_of(source))):
            raise OutputError(f"the output must not be an input: {path}")
    return path


class Pending:
    """Outputs that appear together: written to hidden files next to their targets, renamed onto them by `commit`, and
    removed by `discard`."""

    def __init__(self) -> None:
        self._moves: list[tuple[Path, Path]] = []
        self._scratch: list[Path] = []

    @property
    def folder(self) -> Path | None:
        """Of the first target."""
        return self._moves[0][1].parent if self._moves else None

    def add(self, target: Path) -> Path:
        """The path to write to, in the target's folder and with its ending."""
        part = partial_names.part_of(target)
        self._moves.append((part, target))
        _remove(part)
        return part

    def scratch(self, target: Path) -> Path:
        """A path in the target's folder for an intermediate file."""
        path = partial_names.scratch_of(target)
        self._scratch.append(path)
        _remove(path)
        return path

    def commit(self) -> None:
        """Renames all, side files first; side files that describe the replaced outputs are removed.

        Raises:
            OfaError: where a GeoTIFF is incomplete.
            OutputError: where a file cannot be renamed.
        """
        for part, target in self._moves:
            if part.suffix.lower() in (".tif", ".tiff"):
                check_complete(part, target.name)
        try:
            for part, target in self._moves:
                aux, old = pam_path(part), pam_path(target)
                if aux.exists():
                    os.replace(aux, old)
                else:
                    old.unlink(missing_ok=True)
                qgis_sidecars.remove_stale(target)
                os.replace(part, target)
        except OSError as error:
            raise OutputError(f"cannot write {error.filename2 or error.filename}: {error.strerror}") from error

    def discard(self) -> None:
        for part in [*(part for part, _ in self._moves), *self._scratch]:
            _remove(part)


def _remove(part: Path) -> None:
    for path in (part, pam_path(part), *(part.with_name(part.name + end) for end in ("-journal", "-wal", "-shm"))):
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
