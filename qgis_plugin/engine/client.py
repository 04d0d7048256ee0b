"""The one owner of the engine's child process: found, started, kept warm between jobs, stopped.

The child speaks one JSON object a line each way (ofa_engine/interfaces/worker.py). Any thread may call `ENGINE.run`;
jobs wait for each other. The child runs in its own Python with its own libraries, never in QGIS's: torch inside QGIS
breaks both.
"""

import glob
import itertools
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections import deque
from pathlib import Path

from qgis.core import QgsSettings

from ..i18n.texts import FIELDS, tr
from .engine_messages import with_field_titles
from .modules import ENGINE_ENTRY, PACKAGED, ROOT

SETTING = "ofanet/engine_python"
CANCELLED = 130
ANSWER_S = 0.8  # how long a child may take to answer a cancel or the end of its input
_POLL_S = 0.1
_OUTPUTS = ("output", "polygons", "confidence", "picture", "report")
_FOREIGN = ("PYTHON", "VIRTUAL_ENV", "PIP_", "PROJ_", "GDAL_", "LD_", "DYLD_", "QT_", "QGIS_")


class EngineError(Exception):
    """A job failed; the text is for the user. `code` is the engine's exit code (2 input, 3 broken, 130 cancelled)."""

    def __init__(self, message: str, code: int = 3):
        super().__init__(message)
        self.code = code


class EngineMissing(EngineError):
    """There is no engine that could run; the text says how to set one up."""


class EngineCancelled(EngineError):
    def __init__(self):
        super().__init__(tr("Cancelled"), CANCELLED)


def _readable(message: dict) -> str:
    """The text of an error or a log line, with the titles of fields."""
    return with_field_titles(str(message.get("marked") or message.get("message", "")))


def _how_to_set_up() -> str:
    menu = tr('press Raster > OFA-Net > "Set up engine..."')
    if PACKAGED:
        return menu
    return tr('run "make" in {folder}, or {menu}').format(folder=ROOT, menu=menu)


def engine_python() -> Path:
    """The engine's Python: the user's setting, $OFANET_PYTHON, or the repository's own. Raises EngineMissing.

    One that was asked for but is not there is an error: falling through to another would hide a wrong setting.
    """
    asked = [(QgsSettings().value(SETTING, "", type=str), tr("the plugin's setting"))]
    asked.append((os.environ.get("OFANET_PYTHON", ""), "OFANET_PYTHON"))
    for text, origin in asked:
        if text:
            if Path(text).is_file():
                return Path(text)
            raise EngineMissing(
                tr("The engine was not found: {origin} says {path}, which is not a file. To set it up, {how}.").format(
                    origin=origin, path=text, how=_how_to_set_up()
                )
            )
    own = ROOT / ".venv" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    if not PACKAGED and own.is_file():
        return own
    raise EngineMissing(tr("The engine was not found. To set it up, {how}.").format(how=_how_to_set_up()))


def clean_environment(environ=None) -> dict[str, str]:
    """The environment without what QGIS set for its own Python and libraries, which would break another Python."""
    environ = os.environ if environ is None else environ
    kept = {name: value for name, value in environ.items() if not name.upper().startswith(_FOREIGN)}
    folders = kept.get("PATH", "").split(os.pathsep)
    foreign = ("qgis", "osgeo4w")
    kept["PATH"] = os.pathsep.join(f for f in folders if not any(word in f.lower() for word in foreign))
    return kept


class _Child:
    """One process; two threads read it, so that neither pipe ever fills up."""

    ENDED = object()

    def __init__(self, python: Path):
        self.messages: queue.Queue = queue.Queue()
        self.tail: deque[str] = deque(maxlen=40)
        self.answered = False
        flags = {"creationflags": subprocess.CREATE_NO_WINDOW} if sys.platform == "win32" else {}
        self.process = subprocess.Popen(
            [str(python), "-I", "-X", "utf8", str(ENGINE_ENTRY), "worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=clean_environment(),
            encoding="utf-8",
            errors="replace",
            bufsize=1,
            **flags,
        )
        self._threads = [threading.Thread(target=f, daemon=True) for f in (self._read_stdout, self._read_stderr)]
        for thread in self._threads:
            thread.start()

    def _read_stderr(self):
        for line in self.process.stderr:
            if line.strip():
                self.tail.append(line.rstrip())

    def _read_stdout(self):
        for line in self.process.stdout:
            try:
                message = json.loads(line)
            except ValueError:
                self.tail.append(line.rstrip())  # not ours, but it may say what is wrong
                continue
            self.answered = True
            self.messages.put(message)
        self.messages.put(self.ENDED)

    def send(self, message: dict):
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()

    def next(self):
        try:
            return self.messages.get(timeout=_POLL_S)
        except queue.Empty:
            return None

    def alive(self) -> bool:
        return self.process.poll() is None

    def kill(self):
        self.process.kill()
        self._close()

    def end(self):
        """A closed input ends the child; one that does not listen is killed."""
        try:
            self.process.stdin.close()
            self.process.wait(ANSWER_S)
        except (OSError, subprocess.TimeoutExpired):
            self.process.kill()
        self._close()

    def _close(self):
        self.process.wait()
        for thread in self._threads:
            thread.join(ANSWER_S)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            try:
                pipe.close()
            except OSError:
                pass  # a broken pipe has nothing left to lose


class Engine:
    def __init__(self):
        self._jobs = threading.Lock()  # held by the one job that talks to the child
        self._child: _Child | None = None
        self._python: Path | None = None
        self._ids = itertools.count(1)

    def run(self, verb: str, params: dict, progress=None, log=None, cancelled=None) -> dict:
        """Runs one job and returns its result. Blocks, so call it off the GUI's thread.

        progress(message) and log(level, text) are called from the calling thread; cancelled() is asked ten times a
        second. Raises EngineError, EngineMissing or EngineCancelled; no partial output is left behind then.
        """
        log = log or (lambda level, text: None)
        cancelled = cancelled or (lambda: False)
        waiting = False
        while not self._jobs.acquire(timeout=_POLL_S):
            if cancelled():
                raise EngineCancelled()
            if not waiting:
                waiting = True
                log("info", tr("Waiting for another job of the engine to end"))
        try:
            return self._job(self._ready(log), verb, params, progress or (lambda message: None), log, cancelled)
        finally:
            self._jobs.release()

    def stop(self):
        """Ends the child; a job that is under way fails. The next job starts a new child."""
        child, self._child = self._child, None
        if child is None:
            return
        if self._jobs.acquire(blocking=False):
            try:
                child.end()
            finally:
                self._jobs.release()
        else:
            child.process.kill()  # its job sees the end and tidies up

    @property
    def pid(self) -> int | None:
        return self._child.process.pid if self._child and self._child.alive() else None

    def _ready(self, log) -> _Child:
        python = engine_python()
        child = self._child
        if child and (not child.alive() or self._python != python):
            log("info", tr("The engine had stopped or its Python was changed; it is started anew"))
            child.end()
            child = None
        if child is None:
            log("info", tr("Starting the engine: {python}").format(python=python))
            try:
                child = _Child(python)
            except OSError as error:
                raise EngineMissing(
                    tr("The engine could not be started with {python}: {why}. To set it up, {how}.").format(
                        python=python, why=error.strerror or error, how=_how_to_set_up()
                    )
                ) from error
            self._child, self._python = child, python
        return child

    def _job(self, child: _Child, verb: str, params: dict, progress, log, cancelled) -> dict:
        job = str(next(self._ids))
        try:
            child.send({"id": job, "verb": verb, "params": params})
        except OSError as error:
            raise self._died(child, params) from error
        deadline = None
        while True:
            message = child.next()
            if message is child.ENDED:
                if deadline is None:
                    raise self._died(child, params)
                self._drop(child, params)
                raise EngineCancelled()
            if isinstance(message, dict) and message.get("id") == job:
                event = message.get("event")
                if event == "result":
                    return message.get("result") or {}
                if event == "error":
                    if message.get("code") == CANCELLED:
                        raise EngineCancelled()
                    raise EngineError(_readable(message), int(message.get("code", 3)))
                if event == "progress":
                    progress(message)
                elif event == "log":
                    log(str(message.get("level", "info")), _readable(message))
            if deadline is None and cancelled():
                deadline = time.monotonic() + ANSWER_S
                try:
                    child.send({"id": job, "verb": "cancel"})
                except OSError:
                    deadline = 0.0
            elif deadline is not None and time.monotonic() > deadline:
                self._drop(child, params)
                raise EngineCancelled()

    def _drop(self, child: _Child, params: dict, died: bool = False) -> bool:
        """Kills a child and deletes what it was writing: it writes beside the target and renames at the end. Where it
        died by itself, the journal of what it had finished stays, to be gone on with; true where there is one."""
        kept = False
        child.kill()
        if self._child is child:
            self._child = None
        for key in _OUTPUTS:
            if params.get(key):
                target = Path(params[key])
                pattern = f".{glob.escape(target.stem)}*.{child.process.pid}.part*"
                for part in target.parent.glob(pattern):
                    if died and part.suffix.startswith((".journal", ".stripe")):
                        kept = True
                    else:
                        part.unlink(missing_ok=True)
        return kept

    def _died(self, child: _Child, params: dict) -> EngineError:
        kept = self._drop(child, params, died=True)
        code = child.process.returncode
        tail = "\n".join(list(child.tail)[-6:])
        if not child.answered and code > 0:  # it could not even start; a negative code is a kill
            text = tr("The engine ended before it answered (exit code {code}). To set it up, {how}.").format(
                code=code, how=_how_to_set_up()
            )
            return EngineMissing(f"{text}\n{tail}".strip())
        text = tr("The engine stopped in the middle of the job (exit code {code}); the next job starts it anew.")
        text = text.format(code=code)
        if kept:
            text += " " + tr('What it had finished is kept: the same run with "{option}" does the rest.').format(
                option=FIELDS["resume"]
            )
        return EngineError(f"{text}\n{tail}".strip())


ENGINE = Engine()
