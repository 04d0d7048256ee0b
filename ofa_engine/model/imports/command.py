"""`ofa models import`."""

from pathlib import Path

from ...core import catalog
from ...core.callbacks import QUIET, Callbacks
from ...core.errors import Cancelled, InputError
from ...core.options import ImportModelOptions
from .importing import import_weights

_ENDING = ".safetensors"


def import_model(options: ImportModelOptions, callbacks: Callbacks = QUIET) -> dict:
    """Makes a checkpoint of a file of public weights.

    Returns:
        {"checkpoint", "name", "sensors", "source", "generator"}: what stands in its header.

    Raises:
        InputError: the file is no model that can be read, or the checkpoint cannot be written.
        Cancelled: between two steps; nothing is written then.
    """
    output = _output(options)

    def log(level: str, message: str) -> None:
        if callbacks.cancelled():
            raise Cancelled
        callbacks.log(level, message)

    log("info", f"reading {options.input}")
    import_weights(
        options.input,
        output,
        name=options.name,
        keep_generator=options.keep_generator,
        rename_map=options.map,
        log=log,
    )
    header = catalog.read_header(output)
    return {
        "checkpoint": str(output),
        "name": header["name"],
        "sensors": list(header["sensors"]),
        "source": header.get("source", {}),
        "generator": "generator" in header,
    }


def _output(options: ImportModelOptions) -> Path:
    """The checkpoint to write: a file, or a name in the first folder of the user's models."""
    wanted = Path(options.output or Path(options.input).stem)
    if wanted.name in ("", ".."):
        raise InputError(f"expected a name or a file ending in {_ENDING}, found {options.output}")
    if wanted.suffix == _ENDING:
        return wanted
    if options.output and wanted.suffix:
        raise InputError(f"expected a name or a file ending in {_ENDING}, found {options.output}")
    folders = catalog.models_dirs()[:-1]  # the last one is the engine's own
    wanted = wanted.with_name(wanted.name + _ENDING)
    return wanted if wanted.parent != Path() or not folders else folders[0] / wanted
