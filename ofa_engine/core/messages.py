"""Lines for the user that name options. The text marks them; each interface puts its own name in the mark's place.

`f"set {option('units')}"` is "set --units" on the command line and 'set "Unit of the values"' in QGIS.
Standard library only.
"""

import re
from collections.abc import Callable

_OPEN, _CLOSE, _COMMAND = "⟦", "⟧", "ofa "
_MARK = re.compile(f"{_OPEN}({_COMMAND})?(\\w+)(?:=([^{_CLOSE}]*))?{_CLOSE}")


def option(name: str, value: str = "") -> str:
    """Marks an option of a verb, by the name of its field in `core.options`; `value` is what to set it to."""
    return f"{_OPEN}{name}={value}{_CLOSE}" if value else f"{_OPEN}{name}{_CLOSE}"


def options(**values: str) -> str:
    """Marks several options to be set together."""
    return " ".join(option(name, value) for name, value in values.items())


def command(verb: str) -> str:
    """Marks a verb that the user may run."""
    return f"{_OPEN}{_COMMAND}{verb}{_CLOSE}"


def render(
    marked: str, option_text: Callable[[str, str], str], command_text: Callable[[str], str], between: str = " "
) -> str:
    """The text with its marks replaced.

    Args:
        marked: a text with marks of `option`, `options` and `command`.
        option_text: an option's name and the value to set it to ("" where none is named) -> what the user reads.
        command_text: the same for a verb.
        between: what stands between options that are to be set together.
    """
    together = marked.replace(f"{_CLOSE} {_OPEN}", f"{_CLOSE}{between}{_OPEN}")
    return _MARK.sub(lambda m: command_text(m[2]) if m[1] else option_text(m[2], m[3] or ""), together)


def _flag(name: str, value: str) -> str:
    return f"--{name.rstrip('_').replace('_', '-')}" + (f" {value}" if value else "")


class Message(str):
    """A line in the words of the command line, as `print` shows it; `marked` is the same with its options marked."""

    marked: str

    def __new__(cls, marked: str) -> "Message":
        if isinstance(marked, Message):
            return marked
        self = super().__new__(cls, render(marked, _flag, lambda verb: f"`ofa {verb}`"))
        self.marked = marked
        return self

    @property
    def field(self) -> str | None:
        """The first option that it names; None where it names none."""
        found = next((m for m in _MARK.finditer(self.marked) if not m[1]), None)
        return found[2] if found else None
