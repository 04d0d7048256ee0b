"""The parser of the command line, derived from the declarations in `core.options`."""

import argparse
from collections.abc import Callable
from typing import Any

from ..core.errors import InputError
from ..core.option_schema import Option, groups_of
from ..core.options import TYPES, command_of
from ..core.version import __version__


class Parser(argparse.ArgumentParser):
    """Raises InputError where argparse would print a usage and exit."""

    def error(self, message: str) -> Any:
        raise InputError(f"{message}; see `{self.prog} --help`")


def make_parser() -> Parser:
    """The parser of `ofa`. Options that are left out are None, so that the verb's own default holds."""
    parser = Parser(prog="ofa", description="Classify satellite rasters with OFA-Net, whatever the sensor.")
    parser.add_argument("--version", action="version", version=f"ofanet {__version__}")
    common = Parser(add_help=False)
    common.add_argument("--debug", action="store_true", help="show a traceback with an error")
    common.add_argument("--json", action="store_true", help="print the answer as one JSON object")
    verbs = parser.add_subparsers(dest="verb", required=True, parser_class=Parser, metavar="VERB")
    groups: dict[str, Any] = {}  # of the commands of two words, such as `heads refit`, by the first one
    for name, kind in TYPES.items():
        *group, word = command_of(name).split()
        if group and group[0] not in groups:
            about = "what can be done with " + group[0]
            of_group = verbs.add_parser(group[0], help=about, description=_sentence(about))
            groups[group[0]] = of_group.add_subparsers(required=True, parser_class=Parser, metavar="VERB")
        siblings = groups[group[0]] if group else verbs
        verb = siblings.add_parser(word, parents=[common], help=kind.about, description=_sentence(kind.about))
        verb.set_defaults(verb=name)
        _add_options(verb, kind)
        if name == "bench":
            verb.add_argument("--compare", action="store_true", help="run the same model through other installed tools")
    verbs.add_parser("models", parents=[common], help="list checkpoints and heads")
    verbs.add_parser("worker", parents=[common], help="serve JSON lines (for the QGIS plugin)")
    return parser


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _add_options(parser: Parser, kind: type) -> None:
    places: list[Option] = []
    for title, options in groups_of(kind).items():
        places += [one for one in options if one.positional]
        flags = [one for one in options if not one.positional]
        if flags:
            group = parser.add_argument_group(title)
            for one in flags:
                names = [one.short, one.flag] if one.short else [one.flag]
                group.add_argument(*names, dest=one.name, required=one.required, **_arguments(one))
    for one in sorted(places, key=lambda one: one.many):  # the list takes what is left
        parser.add_argument(one.name, nargs=_places(one), **_arguments(one) | {"metavar": one.metavar})


def _places(one: Option) -> str | None:
    if one.many:
        return "+"
    return None if one.required else "?"


def _arguments(one: Option) -> dict[str, Any]:
    arguments: dict[str, Any] = {"help": one.description.replace("%", "%%"), "default": None}
    if one.kind is bool:
        return arguments | {"action": "store_true"}
    if one.many and one.separate:
        return arguments | {"metavar": one.metavar} | ({} if one.positional else {"nargs": "+"})
    arguments["type"] = _list_of(one) if one.many else one.kind
    if one.choices and one.beyond:  # checked when the options are put together
        return arguments | {"metavar": f"{{{','.join(one.choices)}}} or {one.beyond}"}
    return arguments | ({"choices": list(one.choices)} if one.choices else {"metavar": one.metavar or None})


def _list_of(one: Option) -> Callable[[str], list]:
    def values(text: str) -> list:
        try:
            found = [one.kind(part) for part in text.split(",")]
        except ValueError:
            found = []
        if not found or one.count not in (None, len(found)):
            raise argparse.ArgumentTypeError(f"expected {one.metavar}, found {text!r}")
        return found

    return values
