"""The EuroSAT chips that nothing is trained on: 100 per class."""

import hashlib
from pathlib import Path

_HELD_OUT = Path(__file__).with_name("eurosat_held_out.txt")


def held_out_chips() -> frozenset[str]:
    """The digests (`chip_digest`) of the files that are held out."""
    return frozenset(_HELD_OUT.read_text(encoding="ascii").split())


def chip_digest(path: Path) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
