"""The classes of labels from what stands in a field."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.classes import class_table, colors_for
from ..core.errors import InputError
from ..core.messages import option

MOST_CLASSES = 254  # 255 is nodata in a map


def as_text(value: Any) -> str:
    """A field's value as text: "" for none, 3.0 as 3."""
    if value is None or isinstance(value, float | np.floating) and not np.isfinite(value):
        return ""
    return str(int(value) if isinstance(value, float | np.floating) and float(value).is_integer() else value).strip()


def same_class(name: str) -> str:
    """What names of one class have in common: case and spaces make no difference."""
    return " ".join(name.split()).casefold()


def one_spelling(names: Sequence[str], log: Callable[[str, str], None]) -> NDArray:
    """(N,) names, each class in its most frequent spelling, with a warning where there are several."""
    spellings: dict[str, Counter[str]] = {}
    for name in names:
        spellings.setdefault(same_class(name), Counter())[name] += 1
    several = [found for found in spellings.values() if len(found) > 1]
    if several:
        pairs = ", ".join(" and ".join(f'"{name}"' for name in sorted(found)) for found in several)
        text = "is that right? If not, give them different names"
        log("warning", f"{pairs} differ in case or spaces only and are taken for one class each: {text}")
    chosen = {key: min(found, key=lambda name: (-found[name], name)) for key, found in spellings.items()}
    return np.array([chosen[same_class(name)] for name in names], dtype=object)


def is_ignored(names: Iterable[str], ignore: Sequence[str]) -> NDArray[np.bool_]:
    """(N,) whether a name is one of those to ignore."""
    ignored = {same_class(name) for name in ignore}
    return np.array([same_class(name) in ignored for name in names], bool)


def classes_of(names: Sequence[str]) -> list[dict]:
    """Integer classes keep their values; others become 1..K in sorted order. `key` is the text in the file. Raises
    InputError."""
    keys = sorted(set(names))
    if all(key.lstrip("-").isdigit() for key in keys):
        keys.sort(key=int)
        values = [int(key) for key in keys]
        if not 0 <= values[0] <= values[-1] <= MOST_CLASSES:
            raise InputError(f"{values_expected(values[0], values[-1])}, or make them text, as in c{values[-1]}")
        if len(set(values)) < len(values):
            raise InputError(f"expected each class value written in one way, found {', '.join(keys)}")
    else:
        values = list(range(1, len(keys) + 1))
        if len(keys) > MOST_CLASSES:
            raise InputError(
                f"expected up to {MOST_CLASSES} classes, found {len(keys)}: is it the right {option('field')}?"
            )
    table = class_table(values, keys, colors_for(keys))
    return [entry | {"key": key} for entry, key in zip(table, keys, strict=True)]


def values_expected(least: int, most: int) -> str:
    """The beginning of a message on class values that a map cannot hold."""
    return (
        f"expected class values 0 to {MOST_CLASSES}, found {least} to {most}: name those that are no classes with "
        f"{option('ignore')}, number the others anew"
    )
