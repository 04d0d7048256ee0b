"""What all commands of this package share: one way to run, to report errors and to show progress.

Exit codes are the engine's: 0 done, 2 the user's input or arguments, 3 something broke on the way, 130 cancelled. An
error is one line on stderr; `--debug` shows where it was raised.
"""

import argparse
import math
import sys
import traceback
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tqdm import tqdm

from ofa_engine.core.errors import OfaError

LINE_SECONDS = 60.0  # between lines of progress where there is no terminal


def run(
    parser: argparse.ArgumentParser,
    command: Callable[[argparse.Namespace], None],
    arguments: Sequence[str] | None = None,
    *,
    cancelled: str = "cancelled",
) -> int:
    """Parses a command line and runs the command.

    Args:
        parser: of the command's own arguments; `--debug` is added here.
        command: does the work with the parsed arguments and prints the result.
        arguments: of the command line; None takes those of the process.
        cancelled: what Ctrl-C prints, such as how to continue.

    Returns:
        The exit code. SystemExit is raised where the arguments cannot be parsed, or for --help.
    """
    parser.add_argument("--debug", action="store_true", help="tracebacks of errors")
    args = parser.parse_args(arguments)
    try:
        command(args)
    except KeyboardInterrupt:
        return _failed(parser.prog, cancelled, 130)
    except Exception as error:
        if args.debug:
            traceback.print_exc()
        if isinstance(error, OfaError):
            return _failed(parser.prog, str(error), error.exit_code)
        return _failed(parser.prog, f"unexpected: {type(error).__name__}: {error} (--debug shows where)", 3)
    return 0


def _failed(prog: str, message: str, code: int) -> int:
    print(f"{prog}: {message}", file=sys.stderr)
    return code


def log(message: str) -> None:
    """A line on stderr at once; stdout is for results."""
    print(message, file=sys.stderr, flush=True)


def positive_int(text: str) -> int:
    """For `type=` of argparse: a whole number from 1."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a number from 1, found {text}")
    return value


def progress(items: Iterable | None, text: str, total: int | None = None) -> Any:
    """tqdm that shows up after two seconds; without a terminal, one line per minute."""
    every = 0.1 if sys.stderr.isatty() else LINE_SECONDS
    return tqdm(items, text, total, delay=2, mininterval=every, maxinterval=max(every, 10.0), leave=False)


def duration(seconds: float) -> str:
    """As '45 s', '12 min' or '3 h 05 min'; 'unknown time' for NaN and infinity."""
    if not math.isfinite(seconds):
        return "unknown time"
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"
