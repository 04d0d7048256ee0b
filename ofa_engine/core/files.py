"""Files that are there complete or not at all, and their checksums. Standard library only."""

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from .partial_names import part_of

_CHUNK_BYTES = 2**20


@contextlib.contextmanager
def replacing(target: Path, *, durable: bool = False) -> Iterator[Path]:
    """Writes to a hidden file in the target's folder, and renames it onto the target when the block ends without error.

    Args:
        target: the file to create or replace.
        durable: the content is on the disk before the rename, so that a machine that goes down keeps the old file or
            the new one.

    Yields:
        The path to write to. Whatever happens in the block, nothing stays under that name.

    Raises:
        OSError: where the file cannot be written or renamed.
    """
    part = part_of(target)
    try:
        yield part
        if durable:
            with part.open("r+b") as file:
                os.fsync(file.fileno())
        os.replace(part, target)
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def write_text(target: Path, text: str, *, durable: bool = False) -> None:
    """Replaces a file by UTF-8 text, with line ends as they are. Raises OSError."""
    write_bytes(target, text.encode("utf-8"), durable=durable)


def write_bytes(target: Path, content: bytes, *, durable: bool = False) -> None:
    """Replaces a file's content. Raises OSError."""
    with replacing(target, durable=durable) as part:
        part.write_bytes(content)


def sha256(path: str | Path, poll: Callable[[], None] = lambda: None) -> str:
    """SHA-256 of a file's content, in hexadecimal digits; `poll` is called after each megabyte, and may raise.
    Raises OSError."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
            poll()
    return digest.hexdigest()
