"""The engine's process: how it is started, what it says, how it is ended.

It runs in its own Python with its own libraries, never in QGIS's: torch inside QGIS breaks both.
"""

import contextlib
import json
import os
import queue
import subprocess
import threading
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import IO, cast

NO_WINDOW = getattr(subprocess, "CREATE_NO_WINDOW", 0)  # else Windows opens a console for each program
POLL_S = 0.1
ANSWER_S = 0.8  # how long it may take to answer a cancel, or the end of its input
_FOREIGN = ("PYTHON", "VIRTUAL_ENV", "PIP_", "PROJ_", "GDAL_", "LD_", "DYLD_", "QT_", "QGIS_")
_FOREIGN_FOLDERS = ("qgis", "osgeo4w")
_KEPT_LINES = 40  # of what it prints, for the message of a crash


def clean_environment(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment without what QGIS set for its own Python and libraries, which would break another Python."""
    kept = {name: value for name, value in environ.items() if not name.upper().startswith(_FOREIGN)}
    folders = kept.get("PATH", "").split(os.pathsep)
    kept["PATH"] = os.pathsep.join(f for f in folders if not any(word in f.lower() for word in _FOREIGN_FOLDERS))
    return kept


class Child:
    """One process that speaks a JSON object per line each way (ofa_engine/interfaces/worker.py).

    Two threads read its pipes, so that neither ever fills up.
    """

    ENDED = object()  # comes after the last message

    def __init__(self, python: Path, entry: Path, extra: Mapping[str, str] | None = None):
        """Starts `entry` as a worker, with `extra` in its environment. Raises OSError where that Python cannot be
        started."""
        self.last_lines: deque[str] = deque(maxlen=_KEPT_LINES)
        self.answered = False
        self._messages: queue.Queue[object] = queue.Queue()
        self._process: subprocess.Popen[str] = subprocess.Popen(
            [str(python), "-I", "-X", "utf8", str(entry), "worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**clean_environment(), **(extra or {})},
            encoding="utf-8",
            errors="replace",
            bufsize=1,
            creationflags=NO_WINDOW,
        )
        pipes = self._process.stdin, self._process.stdout, self._process.stderr
        self._stdin, self._stdout, self._stderr = (cast(IO[str], pipe) for pipe in pipes)
        self._threads = [threading.Thread(target=read, daemon=True) for read in (self._read_stdout, self._read_stderr)]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative where a signal ended it."""
        return self._process.poll()

    # --- messages -----------------------------------------------------------------------------------------------

    def _read_stderr(self) -> None:
        for line in self._stderr:
            if line.strip():
                self.last_lines.append(line.rstrip())

    def _read_stdout(self) -> None:
        for line in self._stdout:
            try:
                message = json.loads(line)
            except ValueError:
                self.last_lines.append(line.rstrip())  # not the protocol's, but it may say what is wrong
                continue
            self.answered = True
            self._messages.put(message)
        self._messages.put(self.ENDED)

    def send(self, message: dict) -> None:
        """Raises OSError where it does not listen any more."""
        self._stdin.write(json.dumps(message) + "\n")
        self._stdin.flush()

    def receive(self) -> object:
        """Its next message; None where none came for POLL_S; ENDED after the last."""
        try:
            return self._messages.get(timeout=POLL_S)
        except queue.Empty:
            return None

    # --- the end ------------------------------------------------------------------------------------------------

    def interrupt(self) -> None:
        """Ends it at once, from any thread; whoever receives its messages tidies up."""
        self._process.kill()

    def kill(self) -> None:
        self._process.kill()
        self._close()

    def stop(self) -> None:
        """A closed input ends it; where it does not listen, it is killed."""
        try:
            self._stdin.close()
            self._process.wait(ANSWER_S)
        except (OSError, subprocess.TimeoutExpired):
            self._process.kill()
        self._close()

    def _close(self) -> None:
        self._process.wait()
        for thread in self._threads:
            thread.join(ANSWER_S)
        for pipe in (self._stdin, self._stdout, self._stderr):
            with contextlib.suppress(OSError):  # a broken pipe has nothing left to lose
                pipe.close()
