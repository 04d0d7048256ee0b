"""Public foundation models: which the catalogue offers, which are there, downloading one. No widgets."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..engine.client import run_apart
from ..engine.modules import catalog, errors, foundation_models
from ..engine.network import certificate_variables, proxy_variables
from ..i18n.texts import tr
from .model_files import free_path
from .user_models import models_dir


@dataclass(frozen=True)
class Offer:
    """An entry of the catalogue, and what of it is on this computer.

    Attributes:
        model: the entry.
        checkpoint: its checkpoint, where it was fetched or imported already.
        kept_bytes: what an interrupted download has left.
    """

    model: foundation_models.FoundationModel
    checkpoint: Path | None
    kept_bytes: int

    @property
    def to_download_bytes(self) -> int:
        return max(self.model.size_bytes - self.kept_bytes, 0)


def offers() -> list[Offer]:
    """All entries of the catalogue. Raises InputError where it cannot be read."""
    there = _sources()
    found = []
    for model in foundation_models.foundation_models():
        checkpoint = next((path for checksum, path in there.items() if checksum.startswith(model.sha256)), None)
        found.append(Offer(model, checkpoint, foundation_models.downloaded_bytes(model, output_of(model))))
    return found


def _sources() -> dict[str, Path]:
    """Checkpoints that were made of a file of others, by its SHA-256."""
    sources = ((one.header.get("source"), one.path) for one in catalog.list_checkpoints())
    return {str(source.get("sha256")): path for source, path in sources if isinstance(source, dict)}


def output_of(model: foundation_models.FoundationModel) -> Path:
    """The checkpoint that it becomes, in the user's folder."""
    path = models_dir() / f"{model.name}.safetensors"
    return free_path(model.name) if path.exists() else path


def free_bytes() -> int:
    """Space on the disk that the user's folder is on, or will be."""
    folder = models_dir()
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def network_variables(model: foundation_models.FoundationModel) -> dict[str, str]:
    """QGIS's proxy and certificates for the engine. Call it on the GUI's thread. Raises EngineError, OSError."""
    otherwise = tr("download the file in a browser and import it")
    return proxy_variables(model.address, otherwise) | certificate_variables(models_dir().parent)


def fetch(
    model: foundation_models.FoundationModel,
    variables: Mapping[str, str],
    progress: Callable[[dict], None],
    log: Callable[[str, str], None],
    cancelled: Callable[[], bool],
) -> Path:
    """Downloads a model, or the rest of it, checks and imports it. Blocks.

    Args:
        model: an entry of the catalogue.
        variables: of the network, for the engine's environment.
        progress: gets the engine's messages: bytes done, bytes in total, seconds left.
        log: gets level and text.
        cancelled: polled ten times a second.

    Returns:
        The checkpoint.

    Raises:
        EngineError: where it failed; what can be continued is kept.
        EngineCancelled: soon after `cancelled()` became true; what has come is kept.
    """
    params = {"model": model.name, "output": str(output_of(model))}
    return Path(run_apart("fetch_model", params, variables, progress, log, cancelled)["checkpoint"])


def forget(model: foundation_models.FoundationModel) -> None:
    """Deletes what an interrupted download has left. Raises ModelFileError."""
    folder = foundation_models.download_of(model, output_of(model)).parent
    try:
        shutil.rmtree(folder)
    except OSError as error:
        text = tr("{folder} could not be removed: {why}")
        raise errors.ModelFileError(text.format(folder=folder, why=error)) from error
