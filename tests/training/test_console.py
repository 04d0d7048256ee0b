"""One way to run commands: exit codes, and errors in one line."""

import argparse

import pytest

from ofa_engine.core.errors import InputError, OfaError
from training import console


def run(error=None, arguments=()):
    def command(args):
        if error:
            raise error

    return console.run(argparse.ArgumentParser("training.x"), command, list(arguments), cancelled="cancelled; go on")


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (None, 0, ""),
        (InputError("expected a, found b"), 2, "training.x: expected a, found b\n"),
        (OfaError("broken"), 3, "training.x: broken\n"),
        (KeyError("k"), 3, "training.x: unexpected: KeyError: 'k' (--debug shows where)\n"),
        (KeyboardInterrupt(), 130, "training.x: cancelled; go on\n"),
    ],
)
def test_exit_codes_and_messages(error, code, message, capsys):
    assert run(error) == code
    out = capsys.readouterr()
    assert out.err == message and out.out == ""


def test_debug_shows_where(capsys):
    assert run(KeyError("k"), ["--debug"]) == 3
    assert "Traceback" in capsys.readouterr().err


def test_arguments_that_cannot_be_parsed():
    with pytest.raises(SystemExit):
        run(arguments=["--no-such-option"])


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(float("nan"), "unknown time"), (45, "45 s"), (720, "12 min"), (11100, "3 h 05 min")],
)
def test_durations(seconds, text):
    assert console.duration(seconds) == text
