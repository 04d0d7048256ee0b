"""`ofa models fetch`: downloads a foundation model of the catalogue, checks it and makes a checkpoint of it."""

import contextlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import filelock

from ...core.callbacks import QUIET, Callbacks
from ...core.errors import Cancelled, InputError, OutputError
from ...core.foundation_models import (
    FoundationModel,
    default_output,
    download_of,
    downloaded_bytes,
    find_foundation_model,
)
from ...core.options import FetchModelOptions
from .download import PATIENCE, Patience, download

_LOCK, _WITH_GENERATOR = ".lock", "dofa"


class ImportWeights(Protocol):
    """Makes a checkpoint of a file of weights. Raises InputError where it cannot be one."""

    def __call__(
        self, path: Path, output: Path, *, name: str, keep_generator: bool, log: Callable[[str, str], None]
    ) -> Path: ...


def _import(path: Path, output: Path, **more: Any) -> Path:
    from ..imports import import_weights  # and torch, only once there is something to read

    return import_weights(path, output, **more)


def fetch_model(
    options: FetchModelOptions,
    callbacks: Callbacks = QUIET,
    import_weights: ImportWeights = _import,
    patience: Patience = PATIENCE,
) -> dict:
    """Downloads, checks and imports a model; nothing of the file is read before its SHA-256 is right.

    Args:
        options: which model, and where to.
        callbacks: `progress` counts the bytes of the file.
        import_weights: makes the checkpoint.
        patience: with a slow or broken network.

    Returns:
        {"checkpoint", "name", "file", "bytes", "sha256", "licence", "attribution"}.

    Raises:
        InputError: where the model is not in the catalogue, its checkpoint cannot be written, or the file is no model.
        DownloadError: where it could not be downloaded, or is another file than the catalogue's.
        Cancelled: soon after a cancel, or Ctrl-C; what has come stays for the next time.
    """
    model = find_foundation_model(options.model)
    output = Path(options.output) if options.output else default_output(model)
    target = download_of(model, output)
    with _folder(target.parent):
        try:
            _need_space(model, output)
            callbacks.log("info", f"{model.title}: {model.size_bytes / 1e6:.0f} MB from {model.address}")
            download(model, target, callbacks, patience)
            callbacks.log("info", f"SHA-256 is right; making the checkpoint {output}")
            size_bytes = target.stat().st_size
            _make_checkpoint(model, target, output, callbacks, import_weights)
        except (Cancelled, KeyboardInterrupt):
            raise Cancelled(_what_is_kept(model, output)) from None
        except OSError as error:
            raise OutputError(f"cannot write {target.parent}: {error.strerror or error}") from error
    return {
        "checkpoint": str(output),
        "name": model.name,
        "file": model.file_name,
        "bytes": size_bytes,
        "sha256": model.sha256,
        "licence": f"{model.licence}, {model.licence_url}",
        "attribution": model.attribution,
    }


def _make_checkpoint(
    model: FoundationModel, target: Path, output: Path, callbacks: Callbacks, import_weights: ImportWeights
) -> None:
    """The downloaded file goes once the checkpoint is there, and where it is no model; it stays where only the disk or
    the user stopped it."""

    def log(level: str, line: str) -> None:
        if callbacks.cancelled():
            raise Cancelled
        callbacks.log(level, line)

    keep_generator = model.kind == _WITH_GENERATOR  # the file goes, and with it the way to further sensors
    try:
        import_weights(target, output, name=model.title, keep_generator=keep_generator, log=log)
    except InputError:
        target.unlink()
        raise
    target.unlink()


def _what_is_kept(model: FoundationModel, output: Path) -> str:
    kept = downloaded_bytes(model, output)
    if not kept:
        return "cancelled"
    return f"cancelled; {kept / 1e6:.1f} MB are kept: the same command continues there"


def _need_space(model: FoundationModel, output: Path) -> None:
    """For the rest of the download, and the checkpoint beside it. Raises OutputError."""
    needed = 2 * model.size_bytes - downloaded_bytes(model, output)
    free = shutil.disk_usage(output.parent).free
    if free < needed:
        raise OutputError(
            f"expected {needed / 1e6:.0f} MB of free space for the download and the checkpoint, found "
            f"{free / 1e6:.0f} MB in {output.parent}"
        )


@contextlib.contextmanager
def _folder(folder: Path) -> Iterator[None]:
    """The hidden folder of a download, for this process alone; it goes where nothing is left in it.

    Raises OutputError where it cannot be created, or another process downloads into it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(folder / _LOCK)
        lock.acquire(timeout=0)
    except filelock.Timeout:
        raise OutputError(f"expected no other download to {folder}, found one under way: wait until it ends") from None
    except (OSError, NotImplementedError) as error:
        raise OutputError(
            f"expected a folder to download to, found {folder}: {getattr(error, 'strerror', None) or error}"
        ) from error
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            (folder / _LOCK).unlink(missing_ok=True)  # while it is locked; Windows does it on release
        lock.release()
        with contextlib.suppress(OSError):
            folder.rmdir()
