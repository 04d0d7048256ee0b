"""Checkpoints and heads as files: which there are; importing, renaming, removing the user's own. No widgets.

A name stands in a file twice: as its file name, by which heads are found, and in its header, which windows show.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..engine.client import EngineCancelled, run_apart
from ..engine.modules import catalog, errors, files
from ..i18n.texts import tr
from .user_models import models_dir

OWN, INCLUDED, NAMED = "own", "included", "named"  # the profile's folder, the plugin's, those of $OFANET_MODELS
_CHUNK = 4 * 2**20


@dataclass(frozen=True)
class ModelEntry:
    path: Path
    place: str
    header: dict  # empty where the file cannot be used
    problem: str = ""

    @property
    def title(self) -> str:
        return str(self.header.get("name") or self.path.stem)


def entries() -> list[ModelEntry]:
    """All model files of all folders, in the order in which they are searched."""
    found = []
    for folder in catalog.models_dirs():
        place = {models_dir(): OWN, catalog.resources_dir() / "models": INCLUDED}.get(folder, NAMED)
        for path in sorted(folder.glob("[!.]*.safetensors")):
            try:
                found.append(ModelEntry(path, place, catalog.read_header(path)))
            except errors.ModelFileError as error:
                if place == OWN:  # elsewhere other programs may keep their files
                    found.append(ModelEntry(path, place, {}, str(error)))
    return found


def backbone_of(entry: ModelEntry) -> Path | None:
    """The checkpoint that a head was fitted on; None where it is not found."""
    fingerprint, sensor = entry.header.get("backbone"), entry.header.get("sensor", "")
    try:
        return catalog.find_checkpoint(fingerprint, sensor, entry.path.parent).path
    except errors.ModelFileError:
        return None


def free_path(name: str) -> Path:
    """A file name in the user's folder that is not taken yet; one that is gets a number."""
    stem = re.sub(r'[<>:"/\\|?*\x00-\x1f]+', "_", name).strip(" .") or tr("model")
    taken = {path.stem.lower() for path in models_dir().glob("*.safetensors")}  # some systems ignore the case
    number, free = 2, stem
    while free.lower() in taken:
        number, free = number + 1, f"{stem}_{number}"
    return models_dir() / f"{free}.safetensors"


def models_in(folder: Path) -> list[Path]:
    """The files to import in a folder and below; those in the user's own folder are there already."""
    found = [path for path in sorted(folder.rglob("[!.]*.safetensors")) if models_dir() not in path.absolute().parents]
    if not found:
        text = tr("Expected a folder with checkpoints or heads (.safetensors), found none in {folder}.")
        raise errors.ModelFileError(text.format(folder=folder))
    return found


def import_model(
    path: Path,
    cancelled: Callable[[], bool] = lambda: False,
    log: Callable[[str], None] = lambda line: None,
) -> Path:
    """Copies a checkpoint or head into the user's folder; weights of others become a checkpoint there.

    Args:
        path: the original, which is never changed.
        cancelled: polled after each chunk.
        log: gets what the engine says of weights of others.

    Returns:
        The copy.

    Raises:
        ModelFileError: where it cannot be used, or is in the folder already.
        EngineError: where weights of others cannot be used.
        EngineCancelled, OSError: no partial copy stays.
    """
    if not catalog.is_ours(path):
        models_dir().mkdir(parents=True, exist_ok=True)
        params = {"input": str(path), "output": str(free_path(path.stem))}
        answer = run_apart("import_model", params, log=lambda _, line: log(line), cancelled=cancelled)
        return Path(answer["checkpoint"])
    catalog.read_header(path)
    if models_dir() in path.absolute().parents:
        raise errors.ModelFileError(tr("{path} is in your folder already.").format(path=path))
    models_dir().mkdir(parents=True, exist_ok=True)
    target = free_path(path.stem)
    with files.replacing(target) as part, path.open("rb") as source, part.open("wb") as out:
        while chunk := source.read(_CHUNK):
            if cancelled():
                raise EngineCancelled()
            out.write(chunk)
    return target


def rename(path: Path, name: str) -> Path:
    """Gives one of the user's own files another name, in its header and as a file; the tensors stay as they are.

    Raises ModelFileError, OSError.
    """
    _only_own(path)
    header = catalog.read_header(path)
    name = name.strip()
    if not name:
        raise errors.ModelFileError(tr("Expected a name, found none."))
    target = path if path.stem == name else free_path(name)
    catalog.rewrite_header(path, header | {"name": name}, target)
    if target != path:
        path.unlink()
    return target


def remove(path: Path):
    """Raises ModelFileError for a file that is not the user's own, OSError."""
    _only_own(path)
    path.unlink()


def heads_on(entry: ModelEntry) -> list[ModelEntry]:
    """The heads that need this checkpoint."""
    prints = set(entry.header.get("fingerprints", {}).values())
    return [other for other in entries() if other.header.get("backbone") in prints]


def _only_own(path: Path):
    if path.parent != models_dir():
        text = tr("Only files in your own folder can be changed; {path} is not in it: import it first.")
        raise errors.ModelFileError(text.format(path=path))
