"""The command line: `ofa VERB ...` or `python -m ofa_engine VERB ...`. Parses, calls, prints.

Exit codes: 0 done, 2 the user's input or arguments, 3 something broke on the way, 130 cancelled.
"""

import argparse
import json
import logging
import os
import re
import sys
import traceback
import warnings
from collections.abc import Sequence
from typing import Any

from ..core.errors import InputError, OfaError
from ..core.options import from_params
from .cli_parser import make_parser

_NOT_OPTIONS = ("verb", "debug", "json", "compare")  # of a verb: they say what is called, and how it answers
# of a verb's progress, and tqdm's `unit_scale`, where it does not count tiles
_UNITS = {"fetch_model": ("B", 1), "refit_heads": ("%", 0.1)}
_DASHED_FILE = re.compile(r"-[^=|]*\.[A-Za-z]\w*(\|layername=.*)?")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command line; returns its exit code."""
    debug = "--debug" in (sys.argv[1:] if argv is None else argv)
    if argv is None and not debug:
        _silence_libraries()
    try:
        args = make_parser().parse_args(_words(sys.argv[1:] if argv is None else argv))
        return _COMMANDS.get(args.verb, _verb)(args)
    except OfaError as error:
        if debug:
            traceback.print_exc()
        print(f"ofa: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("ofa: cancelled", file=sys.stderr)
        return 130
    except Exception as error:  # the contract: one line and 3; the traceback on request
        if debug:
            traceback.print_exc()
        print(f"ofa: unexpected: {type(error).__name__}: {error} (--debug shows where)", file=sys.stderr)
        return 3


def _words(argv: Sequence[str]) -> list[str]:
    """The words of a command line, with files whose names start with a dash by their folder, too, so that they are not
    taken for options: after -o, and wherever a file's name stands that is not -o's value joined to it."""
    words = []
    for before, word in zip(["", *argv], argv, strict=False):
        output = before in ("-o", "--output") and word.startswith("-")
        named = _DASHED_FILE.fullmatch(word) and (os.path.isfile(word) or not word.startswith("-o"))
        words.append(os.path.join(os.curdir, word) if output or named else word)
    return words


def _silence_libraries() -> None:
    """What libraries warn of is for their developers: what concerns the user, the verbs say. Those who ask Python for
    warnings (`-W`, PYTHONWARNINGS) get them."""
    logging.getLogger().addHandler(logging.NullHandler())
    if not sys.warnoptions:
        warnings.simplefilter("ignore")


def _params(args: argparse.Namespace) -> dict[str, Any]:
    """The options on a command line, by name."""
    return {name: value for name, value in vars(args).items() if name not in _NOT_OPTIONS and value is not None}


def _print(answer: dict, as_json: bool) -> None:
    if as_json:
        print(json.dumps(answer, ensure_ascii=False))
        return
    for key, value in answer.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            print(f"{key}:")
            for entry in value:
                print("  " + "  ".join(f"{k}={v}" for k, v in entry.items()))
        elif not isinstance(value, dict):
            print(f"{key}: {value}")


def _detect(args: argparse.Namespace) -> int:
    from . import commands

    found = commands.detect(_params(args))
    if found.sensor or args.json:
        _print(found.to_json(), args.json)
    if found.sensor is None:
        print(f"ofa: {found.reason}", file=sys.stderr)
        return InputError.exit_code
    return 0


def _verb(args: argparse.Namespace) -> int:
    _run(args, *_UNITS.get(args.verb, ()))
    return 0


def _run(args: argparse.Namespace, unit: str = "tile", scale: float = 0) -> dict:
    """Runs a verb with a progress bar, prints its answer and returns it."""
    from tqdm import tqdm

    from . import commands

    with tqdm(unit=unit, unit_scale=scale, disable=args.json or not sys.stderr.isatty(), leave=False) as bar:

        def progress(done: int, total: int, seconds_left: float | None) -> None:
            bar.total = total
            bar.update(done - bar.n)

        def log(level: str, message: str) -> None:
            if not args.json:
                bar.write(message, file=sys.stderr)

        answer = commands.run(args.verb, _params(args), commands.Callbacks(progress, log))
    text = None if args.json else commands.show(args.verb, answer)
    print(text) if text else _print(answer, args.json)
    return answer


def _batch(args: argparse.Namespace) -> int:
    from ..batch.run import PROGRESS_STEPS, failure_line

    answer = _run(args, "scene", 1 / PROGRESS_STEPS)
    line = failure_line(answer)
    if line:
        print(f"ofa: {line}", file=sys.stderr)
    return OfaError.exit_code if line else 0


def _models(args: argparse.Namespace) -> int:
    from ..core import catalog
    from ..core.foundation_models import foundation_models

    heads = [
        {"name": h.name, "sensor": h.header["sensor"], "task": h.header["task"], "path": str(h.path)}
        for h in catalog.list_heads()
    ]
    checkpoints = [
        {"name": c.name, "sensors": ",".join(c.header["sensors"]), "path": str(c.path)}
        for c in catalog.list_checkpoints()
    ]
    to_fetch = [
        {"name": m.name, "title": m.title, "mb": round(m.size_bytes / 1e6), "licence": m.licence}
        for m in foundation_models()
    ]
    _print({"checkpoints": checkpoints, "heads": heads, "to_fetch": to_fetch}, args.json)
    return 0


def _bench(args: argparse.Namespace) -> int:
    from tqdm import tqdm

    from ..benchmark.bench import bench
    from ..benchmark.other_tools import compare_tools, format_tool_table

    options = from_params("bench", _params(args))
    form = "{percentage:3.0f}%|{bar}| {elapsed} gone, {remaining} left"
    with tqdm(total=1.0, bar_format=form, disable=not sys.stderr.isatty(), leave=False) as bar:

        def log(text: str) -> None:
            bar.write(text, file=sys.stderr)

        def done(share: float) -> None:
            bar.update(share - bar.n)

        answer = (compare_tools if args.compare else bench)(options, log, done)
    print(format_tool_table(answer)) if args.compare and not args.json else _print(answer, args.json)
    return 0


def _worker(args: argparse.Namespace) -> int:
    from .worker import serve

    return serve()


_COMMANDS = {"detect": _detect, "batch": _batch, "models": _models, "bench": _bench, "worker": _worker}
