"""One at a time in a folder."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import filelock

from ..core.errors import OutputError

LOCK_NAME = ".batch.lock"


@contextlib.contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Makes the folder, and holds it until the block ends; the system lets go of it when the process dies. Where
    nothing was written, a folder that is empty goes.

    Raises OutputError where it cannot be made or written to, and where another holds it.
    """
    try:
        folder.mkdir(exist_ok=True)
        lock = filelock.FileLock(folder / LOCK_NAME)
        lock.acquire(timeout=0)
    except filelock.Timeout:
        raise OutputError(
            f"expected a folder that no other batch writes to, found one at work in {folder}: wait until "
            "it ends, or name another folder"
        ) from None
    except (OSError, NotImplementedError) as error:
        raise OutputError(
            f"expected a folder for the results, or a place to make one, found {folder}: "
            f"{getattr(error, 'strerror', None) or error}"
        ) from error
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            (folder / LOCK_NAME).unlink(missing_ok=True)  # while it is held; Windows does it on release
        lock.release()
        with contextlib.suppress(OSError):
            folder.rmdir()
