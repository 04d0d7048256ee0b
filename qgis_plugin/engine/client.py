"""The one client of the engine's process: finds its Python, starts it, keeps it warm between runs, hands it one run
after the other.

Any thread may call `ENGINE.run`; runs wait for each other.
"""

import itertools
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from qgis.core import QgsSettings

from ..i18n.texts import FIELDS, tr
from .child import ANSWER_S, POLL_S, Child
from .engine_messages import with_field_titles
from .modules import ENGINE_ENTRY, PACKAGED, ROOT, partial_names

SETTING = "ofanet/engine_python"
CANCELLED = 130
_OUTPUTS = ("output", "polygons", "confidence", "picture", "report")

Progress = Callable[[dict], None]
Log = Callable[[str, str], None]


class EngineError(Exception):
    """A run failed; the text is for the user. `code` is the engine's exit code (2 input, 3 broken, 130 cancelled)."""

    def __init__(self, message: str, code: int = 3):
        super().__init__(message)
        self.code = code


class EngineMissing(EngineError):
    """There is no engine that could run; the text says how to set one up."""


class EngineCancelled(EngineError):
    def __init__(self) -> None:
        super().__init__(tr("Cancelled"), CANCELLED)


def _how_to_set_up() -> str:
    menu = tr('press Raster > OFA-Net > "Set up engine..."')
    if PACKAGED:
        return menu
    return tr('run "make" in {folder}, or {menu}').format(folder=ROOT, menu=menu)


def engine_python() -> Path:
    """The engine's Python: the user's setting, $OFANET_PYTHON, or the repository's own. Raises EngineMissing.

    One that is named but is not there is an error: falling through to another would hide a wrong setting.
    """
    named = [(QgsSettings().value(SETTING, "", type=str), tr("the plugin's setting"))]
    named.append((os.environ.get("OFANET_PYTHON", ""), "OFANET_PYTHON"))
    for text, origin in named:
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


class Engine:
    def __init__(self, entry: Path = ENGINE_ENTRY, extra: Mapping[str, str] | None = None):
        """`entry` is the program that its Python runs as a worker, with the environment variables of `extra`."""
        self._entry, self._extra = entry, extra
        self._turn = threading.Lock()  # held by the one run that talks to the child
        self._child: Child | None = None
        self._python: Path | None = None
        self._ids = itertools.count(1)

    def run(
        self,
        verb: str,
        params: dict,
        progress: Progress | None = None,
        log: Log | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> dict:
        """Runs a verb of the engine. Blocks, so call it off the GUI's thread.

        Args:
            verb: one of the worker's verbs, such as "segment".
            params: the verb's options.
            progress: gets the worker's messages of progress; called, as `log`, from the calling thread.
            log: gets level and text.
            cancelled: polled ten times a second.

        Returns:
            The worker's result.

        Raises:
            EngineError: where the run failed; no partial output is left then.
            EngineMissing: where there is no engine that could run.
            EngineCancelled: soon after `cancelled()` became true.
        """
        log = log or (lambda level, text: None)
        cancelled = cancelled or (lambda: False)
        self._await_turn(log, cancelled)
        try:
            return self._communicate(self._ready(log), verb, params, progress or (lambda message: None), log, cancelled)
        finally:
            self._turn.release()

    def _await_turn(self, log: Log, cancelled: Callable[[], bool]) -> None:
        waiting = False
        while not self._turn.acquire(timeout=POLL_S):
            if cancelled():
                raise EngineCancelled()
            if not waiting:
                waiting = True
                log("info", tr("Waiting for the engine to finish another run"))

    def stop(self) -> None:
        """Ends the child; a run that is under way fails. The next run starts a new child."""
        child, self._child = self._child, None
        if child is None:
            return
        if self._turn.acquire(blocking=False):
            try:
                child.stop()
            finally:
                self._turn.release()
        else:
            child.interrupt()  # its run notices and tidies up

    @property
    def pid(self) -> int | None:
        child = self._child
        return child.pid if child is not None and child.exit_code is None else None

    def _ready(self, log: Log) -> Child:
        """The child, started where there is none yet."""
        python, child = engine_python(), self._child
        if child is not None and (child.exit_code is not None or self._python != python):
            log("info", tr("The engine had stopped, or its Python was changed: it is restarted"))
            child.stop()
            child = None
        if child is None:
            log("info", tr("Starting the engine: {python}").format(python=python))
            try:
                child = Child(python, self._entry, self._extra)
            except OSError as error:
                raise EngineMissing(
                    tr("The engine could not be started with {python}: {why}. To set it up, {how}.").format(
                        python=python, why=error.strerror or error, how=_how_to_set_up()
                    )
                ) from error
            self._child, self._python = child, python
        return child

    def _communicate(
        self, child: Child, verb: str, params: dict, progress: Progress, log: Log, cancelled: Callable[[], bool]
    ) -> dict:
        run_id = str(next(self._ids))
        try:
            child.send({"id": run_id, "verb": verb, "params": params})
        except OSError as error:
            raise self._died(child, params) from error
        deadline = None  # for the answer to a cancel
        while True:
            message = child.receive()
            if message is child.ENDED:
                if deadline is None:
                    raise self._died(child, params)
                self._discard(child, params)
                raise EngineCancelled()
            if isinstance(message, dict) and message.get("id") == run_id:
                if message.get("event") == "result":
                    return message.get("result") or {}
                _report(message, progress, log)
            if deadline is None and cancelled():
                deadline = time.monotonic() + ANSWER_S
                try:
                    child.send({"id": run_id, "verb": "cancel"})
                except OSError:
                    deadline = 0.0
            elif deadline is not None and time.monotonic() > deadline:
                self._discard(child, params)
                raise EngineCancelled()

    def _discard(self, child: Child, params: dict, keep_finished: bool = False) -> bool:
        """Kills a child and deletes the incomplete files it leaves behind: it writes next to the target and renames
        at the end. With `keep_finished` the journal of what a run had finished stays; true where there is one."""
        kept = False
        child.kill()
        if self._child is child:
            self._child = None
        for key in _OUTPUTS:
            if params.get(key):
                target = Path(params[key])
                if target.is_dir():  # of a batch; the process that held its lock is dead
                    (target / partial_names.FOLDER_LOCK).unlink(missing_ok=True)
                for part in partial_names.left_by(child.pid, target):
                    if keep_finished and partial_names.is_resumable(part):
                        kept = True
                    else:
                        part.unlink(missing_ok=True)
        return kept

    def _died(self, child: Child, params: dict) -> EngineError:
        """The error of a run whose process ended by itself; the run can be continued where it left a journal."""
        kept = self._discard(child, params, keep_finished=True)
        code = child.exit_code or 0
        tail = "\n".join(list(child.last_lines)[-6:])
        if not child.answered and code > 0:  # it could not even start; a negative code is a kill
            text = tr("The engine ended before it answered (exit code {code}). To set it up, {how}.").format(
                code=code, how=_how_to_set_up()
            )
            return EngineMissing(f"{text}\n{tail}".strip())
        text = tr("The engine stopped in the middle of the run (exit code {code}); the next run restarts it.")
        text = text.format(code=code)
        if kept:
            text += " " + tr('What it had finished is kept: the same run with "{option}" does the rest.').format(
                option=FIELDS["resume"]
            )
        return EngineError(f"{text}\n{tail}".strip())


def _readable(message: dict) -> str:
    """The text of an error or a log line, with the titles of fields."""
    return with_field_titles(str(message.get("marked") or message.get("message", "")))


def _report(message: dict, progress: Progress, log: Log) -> None:
    """Passes on what the worker reports of a run. Raises EngineError or EngineCancelled where the run has failed."""
    event = message.get("event")
    if event == "progress":
        progress(message)
    elif event == "log":
        log(str(message.get("level", "info")), _readable(message))
    elif event == "error":
        if message.get("code") == CANCELLED:
            raise EngineCancelled()
        raise EngineError(_readable(message), int(message.get("code", 3)))


ENGINE = Engine()


def run_apart(
    verb: str,
    params: dict,
    extra: Mapping[str, str] | None = None,
    progress: Progress | None = None,
    log: Log | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> dict:
    """Runs a verb in an engine of its own, which ends with it, so that maps can be made meanwhile.

    `extra` are environment variables; else as `Engine.run`.
    """
    engine = Engine(extra=extra)
    try:
        return engine.run(verb, params, progress, log, cancelled)
    finally:
        engine.stop()
