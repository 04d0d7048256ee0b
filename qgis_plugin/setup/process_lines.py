"""Programs that run once outside QGIS, their output read line by line: the check of a Python, an installation."""

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, cast

from ..engine.child import NO_WINDOW, clean_environment
from ..engine.client import EngineCancelled

_POLL_S = 0.1


def run_lines(
    command: Sequence[str | Path],
    on_line: Callable[[str], None],
    cancelled: Callable[[], bool],
    extra: dict[str, str] | None = None,
) -> int:
    """Runs a program to its end in a clean environment. Blocks, so call it off the GUI's thread.

    Args:
        command: the program and its arguments.
        on_line: gets each line that it prints, without its end.
        cancelled: polled ten times a second; where it becomes true, the program is killed with all that it started.
        extra: environment variables to add.

    Returns:
        Its exit code.

    Raises:
        EngineCancelled: after a cancel.
        OSError: where the program cannot be started.
    """
    process = _start(command, extra or {})
    output = cast(IO[str], process.stdout)
    lines: queue.Queue[str | None] = queue.Queue()

    def read() -> None:
        for line in output:
            lines.put(line.rstrip())
        lines.put(None)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        while True:
            if cancelled():
                raise EngineCancelled()
            try:
                line = lines.get(timeout=_POLL_S)
            except queue.Empty:
                if process.poll() is not None and not reader.is_alive() and lines.empty():
                    break
                continue
            if line is None:
                break
            on_line(line)
        return process.wait()
    finally:
        if process.poll() is None:
            _kill_tree(process)
        process.wait()
        reader.join(1.0)
        output.close()


def _start(command: Sequence[str | Path], extra: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [str(word) for word in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=clean_environment() | extra,
        encoding="utf-8",
        errors="replace",
        bufsize=1,
        start_new_session=sys.platform != "win32",
        creationflags=NO_WINDOW,
    )


def _kill_tree(process: subprocess.Popen[str]) -> None:
    """A child of the child, such as the one that unpacks pip, must not go on writing in a folder that is deleted."""
    if sys.platform == "win32":
        kill = ["taskkill", "/T", "/F", "/PID", str(process.pid)]
        subprocess.run(kill, capture_output=True, check=False, creationflags=NO_WINDOW)
    else:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # it ended by itself meanwhile
    if process.poll() is None:
        process.kill()
