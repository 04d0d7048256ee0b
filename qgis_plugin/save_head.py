"""A head that was trained for a try becomes one of the user's own: with a name, and the colours of the polygons.

A safetensors file is 8 bytes of header length, a JSON header, and the numbers, which are copied as they are
(https://github.com/huggingface/safetensors#format).
"""

import json
import os
import re
import struct
from pathlib import Path

from .bridge import errors
from .models import models_dir
from .texts import tr


def path_for(name: str) -> Path:
    """The file of a head of that name among the user's own. Raises InputError for a name that no file can have."""
    name = name.strip()
    if not name or name.startswith(".") or re.search(r'[<>:"/\\|?*\x00-\x1f]', name) or len(name) > 80:
        raise errors.InputError(tr("Expected a name for the head, of letters, digits, spaces, - and _"))
    return models_dir() / f"{name}.safetensors"


def save_head(source: Path, name: str, colors: dict[str, str]) -> Path:
    """Writes the head under that name. Raises InputError, OutputError."""
    target = path_for(name)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        data = source.read_bytes()
        (length,) = struct.unpack("<Q", data[:8])
        header = json.loads(data[8 : 8 + length])
        ours = json.loads(header["__metadata__"]["ofanet"])
        ours["name"] = name.strip()
        for entry in ours["classes"]:
            entry["color"] = colors.get(entry["name"], entry["color"])
        header["__metadata__"]["ofanet"] = json.dumps(ours, ensure_ascii=False)
        text = json.dumps(header, ensure_ascii=False).encode()
        text += b" " * (-len(text) % 8)  # the numbers stay aligned
        target.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(struct.pack("<Q", len(text)) + text + data[8 + length :])
        os.replace(part, target)
    except OSError as error:
        if part.is_file():
            part.unlink()
        text = tr("The head could not be saved to {path}: {why}")
        raise errors.OutputError(text.format(path=target, why=error.strerror or error)) from error
    return target
