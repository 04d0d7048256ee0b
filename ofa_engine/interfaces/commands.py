"""The verbs by name, for the command line and the worker: each takes its options and answers with a plain mapping."""

import importlib
from collections.abc import Callable, Mapping
from typing import Any

from ..core import catalog
from ..core.callbacks import Callbacks
from ..core.errors import InputError
from ..core.messages import option
from ..core.options import DetectOptions, SegmentOptions, from_params
from ..core.sensors import Detection

# verb -> its module; the function is named as the verb
_MODULES = {
    "stack": "raster.stack",
    "segment": "inference.segment",
    "classify": "inference.classify",
    "embed": "inference.embed",
    "fit": "learning.fit",
    "refit_heads": "learning.refit",
    "evaluate": "accuracy.evaluate",
    "sample": "accuracy.sample",
    "import_model": "model.imports.command",
    "batch": "batch.run",
    "fetch_model": "model.downloads.fetch",
}
NAMES = tuple(_MODULES)


def _module(verb: str) -> Any:
    return importlib.import_module(f"..{_MODULES[verb]}", __package__)  # scikit-learn only where it is needed


def run(verb: str, params: Mapping[str, Any], callbacks: Callbacks) -> dict:
    """Runs a verb.

    Args:
        verb: one of `NAMES`.
        params: its options by name, as `core.options.from_params` takes them.
        callbacks: what it reports to.

    Returns:
        The verb's answer.

    Raises:
        InputError: where an option is not the verb's or has a wrong value, or the input cannot be used.
        OfaError: where something broke on the way, or the run was cancelled.
    """
    options = from_params(verb, params)
    function: Callable[[Any, Callbacks], dict] = getattr(_module(verb), verb)
    with _library_errors():
        return function(options, callbacks)


def detect(params: Mapping[str, Any]) -> Detection:
    """What a raster is; nothing here imports torch. Raises as `run` does, but not for a sensor that is not known."""
    options: DetectOptions = from_params("detect", params)
    source = importlib.import_module("..raster.source", __package__)
    named = options.checkpoint
    table = catalog.table_of(catalog.checkpoint_named(named)) if named else catalog.installed_table()
    with _library_errors(), source.Source(options.input, options.crs, options.nodata) as opened:
        return source.detect_source(opened, options.sensor, options.bands, options.units, table)


def measure_speed(params: Mapping[str, Any]) -> dict:
    """How fast this machine is with a head, see `inference.speed`; `params` are the options `head` and `device`, as
    segment has them. Raises as `run` does."""
    options: SegmentOptions = from_params("segment", {"input": "none", "output": "none", **params})
    if not options.head:
        raise InputError(f"expected {option('head')}, found none")
    answer: dict = importlib.import_module("..inference.speed", __package__).measure_speed(options.head, options.device)
    return answer


def _library_errors() -> Any:
    return importlib.import_module("..raster.gdal", __package__).library_errors()


def show(verb: str, answer: dict) -> str | None:
    """The answer as text for people, where the verb has a form of its own."""
    module = _module(verb)
    form = getattr(module, f"format_{verb}_summary", None) or getattr(module, "show", None)
    return form(answer) if form else None
