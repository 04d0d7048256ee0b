"""Writes the tables of options in docs from their declarations in ofa_engine/core/options.py. Run it after these have
changed; a test fails where the pages are not up to date.

    .venv/bin/python .ci/options_docs.py
"""

import ast
import dataclasses
import inspect
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from ofa_engine.core import option_groups, options  # noqa: E402
from ofa_engine.core.option_schema import Option, options_of  # noqa: E402

PAGE, PROCESSING = ROOT / "docs" / "options.md", ROOT / "docs" / "processing.md"
BEGIN, END = "<!-- options: begin -->\n", "<!-- options: end -->\n"
_INTRODUCTION = """# Options

All options of `ofa`, as `ofa VERB --help` lists them. In Python they are the fields of the dataclasses in
`ofa_engine.core.options` (`--tile-px` is `SegmentOptions.tile_px`), in a request to `ofa worker` the names in `params`
(`tile_px`). An option that a verb does not have is refused. Every verb also takes `--json`, which prints the answer as
one JSON object, and `--debug`, which shows a traceback with an error.

This page is written by `.ci/options_docs.py`.
"""


def main() -> None:
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")


def pages() -> dict[Path, str]:
    """The pages as they should be."""
    text = PROCESSING.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    return {PAGE: _options_page(), PROCESSING: f"{before}{BEGIN}{_processing_table()}{END}{after}"}


def _options_page() -> str:
    shared: dict[str, list[str]] = {}
    for cls in _declaring():
        verbs = [verb for verb, kind in options.TYPES.items() if issubclass(kind, cls)]
        if len(verbs) > 1:
            lines = [_row(_name(one), one, _verbs(verbs)) for one in _declared(cls)]
            shared.setdefault(cls.title, []).extend(lines)
    parts = [_INTRODUCTION, "## Shared by several verbs\n"]
    for title, lines in shared.items():
        parts.append(f"### {_capital(title)}\n\n{_table(('option', 'what it is', 'default', 'verbs'), lines)}")
    parts.append("## Of one verb\n")
    for verb, kind in options.TYPES.items():
        mine = [cls for cls in kind.__mro__ if cls in _declaring() and _only(cls, kind)]
        lines = [_row(_name(one), one) for cls in mine for one in _declared(cls)]
        heading = f"### ofa {options.command_of(verb)}\n\n{_capital(kind.about)}.\n"
        parts.append(heading + (f"\n{_table(('option', 'what it is', 'default'), lines)}" if lines else ""))
    return "\n".join(parts)


def _only(cls: type, kind: type) -> bool:
    return [one for one in options.TYPES.values() if issubclass(one, cls)] == [kind]


def _declaring() -> list[type]:
    """The classes that declare options, in the order of their declaration."""
    return [
        cls
        for module in (option_groups, options)
        for cls in vars(module).values()
        if inspect.isclass(cls) and dataclasses.is_dataclass(cls) and cls.__module__ == module.__name__
    ]


def _declared(cls: type) -> list[Option]:
    return [options_of(cls)[name] for name in inspect.get_annotations(cls) if name in options_of(cls)]


def _name(one: Option) -> str:
    if one.positional:
        return f"{one.metavar}{'...' if one.many else ''}"
    value = (
        "" if one.kind is bool or one.choices else f" {one.metavar or one.name.upper()}{'...' if one.separate else ''}"
    )
    return ", ".join(f"`{flag}{value}`" for flag in (one.short, one.flag) if flag)


def _row(name: str, one: Option, *more: str) -> str:
    numbers = " ".join(filter(None, (one.limits, one.unit)))
    values = filter(None, (*one.choices, one.beyond))
    choices = f": {', '.join(f'`{value}`' for value in values)}" if one.choices else ""
    text = one.help + choices + (f", {numbers}" if numbers else "")
    default = "must be given" if one.required else one.default_text
    return f"| {' | '.join((name, text, default, *more))} |"


def _verbs(verbs: list[str]) -> str:
    return ", ".join(f"`{verb}`" for verb in verbs)


def _table(head: tuple[str, ...], lines: list[str]) -> str:
    return "\n".join([f"| {' | '.join(head)} |", "|---" * len(head) + "|", *lines]) + "\n"


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def _processing_table() -> str:
    """The parameters of QGIS's algorithms that stand for options of the engine."""
    by_name = {one.name: one for kind in reversed(options.TYPES.values()) for one in options_of(kind).values()}
    lines = []
    for parameter, name in _counterparts().items():
        one = by_name[name]
        zero = one.kind in (int, float) and not one.many and one.default is None
        auto = one.choices and one.default is None
        default = f"{'0' if zero else '`auto`' if auto else 'empty'}: {one.default_is}" if one.default_is else ""
        lines.append(_row(parameter, dataclasses.replace(one, default_is=default, required=False), f"`{one.flag}`"))
    return _table(("parameter", "what it is", "default", "option of `ofa`"), lines)


def _counterparts() -> dict[str, str]:
    """Parameter -> option, as it stands in the plugin, which can be imported in QGIS only."""
    source = ROOT / "qgis_plugin" / "algorithms" / "parameters.py"
    for node in ast.parse(source.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "OPTIONS":
            return ast.literal_eval(node.value)
    raise ValueError(f"expected a table OPTIONS in {source}")


if __name__ == "__main__":
    main()
