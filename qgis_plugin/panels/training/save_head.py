"""A head of the training panel becomes one of the user's own: with a name, and the colours of the polygons."""

import re
from pathlib import Path

from ...engine.modules import catalog, errors
from ...i18n.texts import tr


def path_for(name: str, folder: Path) -> Path:
    """The file of a head of that name. Raises InputError for a name that no file can have."""
    name = name.strip()
    if not name or name.startswith(".") or re.search(r'[<>:"/\\|?*\x00-\x1f]', name) or len(name) > 80:
        raise errors.InputError(tr("Expected a name for the head, of letters, digits, spaces, - and _"))
    return folder / f"{name}.safetensors"


def save_head(source: Path, name: str, folder: Path, colors: dict[str, str]) -> Path:
    """Writes the head under that name; `colors` are those of the classes, by their names.

    Raises InputError, ModelFileError, OutputError.
    """
    target = path_for(name, folder)
    header = catalog.read_header(source)
    header["name"] = name.strip()
    for entry in header["classes"]:
        entry["color"] = colors.get(entry["name"], entry["color"])
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        catalog.rewrite_header(source, header, target)
    except OSError as error:
        text = tr("The head could not be saved to {path}: {why}")
        raise errors.OutputError(text.format(path=target, why=error.strerror or error)) from error
    return target
