"""How an option is declared: one dataclass field, which says all that interfaces and documentation need to know of it.

`core.options` holds the declarations. Standard library only.
"""

import dataclasses
import functools
import inspect
import math
import typing
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from types import NoneType
from typing import Any

from .errors import InputError
from .messages import option

_EXPECTED = {str: "text", bool: "true or false", int: "a whole number", float: "a number"}


@dataclass(frozen=True)
class Option:
    """One option of a verb.

    Attributes:
        help: what it is, for the command line and the documentation.
        unit: of its value: px, ha, MB, ...
        default_is: the default in words, where None stands for what is found or chosen at run time.
        choices: the values it may have; a mapping may grow, and is read whenever it is needed.
        beyond, accepts: what else it may be, in words, and the test of it: true or something where it is that.
        least, most: limits of a number, both allowed.
        above: a limit that is not allowed itself.
        count: how many values a list has, where that is fixed.
        metavar: what stands for the value in a usage line.
        short: its one-letter flag.
        positional: an argument of the command line without a flag.
        required: on the command line and in a request, even where Python code may leave it out.
        separate: a list whose values are arguments of their own, not one argument with commas.
        name, kind, many, default: the field's own; `kind` is str, bool, int or float, `many` true for a list of these.
    """

    help: str
    unit: str = ""
    default_is: str = ""
    choices: Collection[str] = ()
    beyond: str = ""
    accepts: Callable[[str], object] | None = None
    least: float | None = None
    most: float | None = None
    above: float | None = None
    count: int | None = None
    metavar: str = ""
    short: str = ""
    positional: bool = False
    required: bool = False
    separate: bool = False
    name: str = ""
    kind: Any = str
    many: bool = False
    default: Any = None

    @property
    def flag(self) -> str:
        return f"--{self.name.rstrip('_').replace('_', '-')}"  # from_, as `from` is a word of Python

    @property
    def limits(self) -> str:
        """In words; "" where it has none."""
        if self.above is not None:
            return f"above {self.above:g}"
        if self.least is not None and self.most is not None:
            return f"{self.least:g} to {self.most:g}"
        return f"at least {self.least:g}" if self.least is not None else ""

    @property
    def default_text(self) -> str:
        """The default in words; "" where there is none to mention: a required option, a switch."""
        if self.default_is or self.default is None or self.default == "" or self.many or self.kind is bool:
            return self.default_is
        return f"{self.default:g}" if self.kind is float else str(self.default)

    @property
    def description(self) -> str:
        """Help, unit, limits and default in one line."""
        numbers = " ".join(filter(None, (self.limits, self.unit)))
        default = f" (default: {self.default_text})" if self.default_text else ""
        return self.help + (f", {numbers}" if numbers else "") + default

    def checked(self, value: Any) -> Any:
        """The value of a request, a whole number as a float where a number is meant. Raises InputError."""
        if not self.many:
            return self._one(value)
        if not isinstance(value, list | tuple) or self.count not in (None, len(value)):
            raise self._refused(f"a list of {self.count or ''} values".replace("  ", " "), value)
        return [self._one(one) for one in value]

    def _one(self, value: Any) -> Any:
        if self.kind is float and type(value) is int:
            value = float(value)
        if type(value) is not self.kind or self.kind is float and not math.isfinite(value):
            raise self._refused(_EXPECTED[self.kind], value)
        if self.choices and value not in self.choices and not (self.accepts and self.accepts(value)):
            raise self._refused(f"one of {', '.join(filter(None, (*self.choices, self.beyond)))}", value)
        too_low = self.least is not None and value < self.least or self.above is not None and value <= self.above
        if too_low or self.most is not None and value > self.most:
            raise self._refused(" ".join(filter(None, (self.limits, self.unit))), value)
        return value

    def _refused(self, expected: str, value: Any) -> InputError:
        return InputError(f"expected {option(self.name)} to be {expected}, found {value!r}")


def declare(help: str, value: Any = dataclasses.MISSING, kw_only: Any = dataclasses.MISSING, **more: Any) -> Any:
    """A dataclass field that is an option.

    Args:
        help: see `Option`.
        value: its default; a list is copied. Without one the field is required.
        kw_only: as in `dataclasses.field`.
        more: other attributes of `Option`.
    """
    metadata = {"option": Option(help, **more)}
    if isinstance(value, list):
        return dataclasses.field(default_factory=value.copy, kw_only=kw_only, metadata=metadata)
    return dataclasses.field(default=value, kw_only=kw_only, metadata=metadata)


@functools.cache
def options_of(kind: type) -> dict[str, Option]:
    """The options that a dataclass declares, its base classes' included, by name."""
    return {option.name: option for option in _options(kind)}


def groups_of(kind: type) -> dict[str, list[Option]]:
    """The same by the `title` of the class that declares them; first those with required options."""
    groups: dict[str, list[Option]] = {}
    known = options_of(kind)
    for cls in kind.__mro__:
        mine = [known[name] for name in inspect.get_annotations(cls) if name in known]
        if mine:
            groups.setdefault(cls.title, []).extend(mine)  # type: ignore[attr-defined]
    return dict(sorted(groups.items(), key=lambda group: not any(one.required for one in group[1])))


def _options(kind: type) -> Iterator[Option]:
    types = typing.get_type_hints(kind)
    for field in dataclasses.fields(kind):
        base = next((t for t in typing.get_args(types[field.name]) if t is not NoneType), types[field.name])
        whole = types[field.name] if typing.get_origin(types[field.name]) is list else base
        many = typing.get_origin(whole) is list
        missing = field.default is dataclasses.MISSING
        yield dataclasses.replace(
            field.metadata["option"],
            name=field.name,
            kind=typing.get_args(whole)[0] if many else whole,
            many=many,
            default=None if missing else field.default,
            required=field.metadata["option"].required or missing and field.default_factory is dataclasses.MISSING,
        )
