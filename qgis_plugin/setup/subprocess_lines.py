"""Programs that run once beside QGIS, read line by line: the check of a Python, the making of an environment."""

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence

from ..engine.child import clean_environment
from ..engine.client import EngineCancelled

_POLL_S = 0.1


def run_lines(
    command: Sequence[str],
    on_line: Callable[[str], None],
    cancelled: Callable[[], bool],
    extra: dict[str, str] | None = None,
) -> int:
    """Runs a program to its end in a clean environment and returns its exit code; what it says comes to `on_line`.

    Blocks, so call it off the GUI's thread. `cancelled` is asked ten times a second; a cancelled program is killed
    with all that it started, and EngineCancelled raised. Raises OSError where the program cannot be started.
    """
    flags = {"creationflags": subprocess.CREATE_NO_WINDOW} if sys.platform == "win32" else {"start_new_session": True}
    process = subprocess.Popen(
        [str(word) for word in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=clean_environment() | (extra or {}),
        encoding="utf-8",
        errors="replace",
        bufsize=1,
        **flags,
    )
    lines: queue.Queue = queue.Queue()

    def read():
        for line in process.stdout:
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
        process.stdout.close()


def _kill_tree(process):
    """A child of the child, such as the one that unpacks pip, must not write on in a folder that goes away."""
    if sys.platform == "win32":
        kill = ["taskkill", "/T", "/F", "/PID", str(process.pid)]
        subprocess.run(kill, capture_output=True, check=False, creationflags=subprocess.CREATE_NO_WINDOW)
    else:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # it ended by itself meanwhile
    if process.poll() is None:
        process.kill()
