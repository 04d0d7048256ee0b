"""The user-level verbs by name, for the two doors. Each takes its options as a plain mapping and answers with one."""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

from ..core.callbacks import Callbacks
from ..core.errors import InputError

# verb -> module, name of its options; the function is named as the verb
_VERBS = {
    "segment": ("inference.segment", "Options"),
    "classify": ("inference.classify", "Options"),
    "embed": ("inference.embed", "Options"),
    "fit": ("learning.fit", "FitOptions"),
    "evaluate": ("accuracy.evaluate", "EvaluateOptions"),
    "sample": ("accuracy.sample", "SampleOptions"),
    "batch": ("batch.run", "BatchOptions"),
}
NAMES = tuple(_VERBS)


def _module(verb: str) -> tuple[Any, str]:
    name, options = _VERBS[verb]
    return importlib.import_module(f"..{name}", __package__), options  # scikit-learn only where it is needed


def run(verb: str, params: Mapping[str, Any], callbacks: Callbacks) -> dict:
    """Runs a verb; parameters that are None count as not given. Raises InputError for unknown ones, OfaError."""
    module, options = _module(verb)
    kind = getattr(module, options)
    known = {f.name for f in fields(kind)}
    strange = sorted(set(params) - known)
    try:
        told = kind(**{key: value for key, value in params.items() if value is not None})
    except TypeError:
        told = None
    if strange or told is None:
        raise InputError(f"expected params {', '.join(sorted(known))}, found {strange or dict(params)}")
    function: Callable[[Any, Callbacks], dict] = getattr(module, verb)
    return function(told, callbacks)


def show(verb: str, answer: dict) -> str | None:
    """The answer in words, where the verb has a form of its own."""
    module = _module(verb)[0]
    form = getattr(module, f"format_{verb}_summary", None) or getattr(module, "show", None)
    return form(answer) if form else None
