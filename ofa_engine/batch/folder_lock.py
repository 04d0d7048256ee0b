"""A lock on a folder of results, so that only one batch writes to it."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import filelock

from ..core.errors import OutputError
from ..core.partial_names import FOLDER_LOCK as FOLDER_LOCK


@contextlib.contextmanager
def exclusive_folder(folder: Path) -> Iterator[None]:
    """Creates the folder and locks it until the block ends, or the process does. An empty folder is removed then.

    Raises OutputError where it cannot be created or written to, and where another process has locked it.
    """
    try:
        folder.mkdir(exist_ok=True)
        lock = filelock.FileLock(folder / FOLDER_LOCK)
        lock.acquire(timeout=0)
    except filelock.Timeout:
        raise OutputError(
            f"expected a folder that no other batch writes to, found one running in {folder}: wait until "
            "it ends, or name another folder"
        ) from None
    except (OSError, NotImplementedError) as error:
        raise OutputError(
            f"expected a folder for the results, or a place to create one, found {folder}: "
            f"{getattr(error, 'strerror', None) or error}"
        ) from error
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            (folder / FOLDER_LOCK).unlink(missing_ok=True)  # while it is locked; Windows does it on release
        lock.release()
        with contextlib.suppress(OSError):
            folder.rmdir()
