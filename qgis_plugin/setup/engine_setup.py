"""Setting up the engine, one thing at a time: shared by the options page and the window, alive without either."""

from pathlib import Path

from qgis.core import QgsSettings
from qgis.PyQt.QtCore import QObject, pyqtSignal

from ..engine.client import ENGINE, SETTING, EngineCancelled, EngineError, EngineMissing, engine_python
from ..i18n.texts import tr
from ..runs.function_task import FunctionTask
from . import python_finder as pythons
from . import venv_installer as install
from .environment_check import Report, check, python_in
from .pip_proxy import proxy_variables


def engine_missing() -> str:
    """What the user is told where no engine is set; "" where one is."""
    try:
        engine_python()
    except EngineMissing as error:
        return str(error)
    return ""


class EngineSetup(QObject):
    changed = pyqtSignal()  # what is set, found or under way
    said = pyqtSignal(str)  # a line of pip's
    progressed = pyqtSignal(float, str)
    ended = pyqtSignal(bool, str)  # whether it went well, and the one line on it

    def __init__(self, parent=None):
        super().__init__(parent)
        self.report: Report | None = None  # of the last check
        self.busy = ""  # what is under way, for the user
        self.pythons: list[pythons.Found] | None = None  # None: not looked for yet
        self.cuda: tuple[int, int] | None = None
        self._task: FunctionTask | None = None
        self._search: FunctionTask | None = None

    # --- the four things that can be done -----------------------------------------------------------------------

    def use(self, python: str):
        """Checks a Python, and sets it where the engine runs in it."""

        def done(report):
            self.report = report
            if report.ok:
                self._set(report.python)
            self._end(report.ok, report.line())

        self._start(tr("Checking the engine's Python"), lambda task: check(python, task.cancelled), done)

    def create(self, plan: install.Plan):
        """Makes an environment, checks it, sets it."""
        try:
            extra = proxy_variables() if plan.wheels is None else {}
        except EngineError as error:
            self._end(False, str(error))
            return

        def work(task):
            made = install.create(plan, task.log, task.progress, task.cancelled, extra)
            task.progress(0.97, tr("Checking that it computes"))
            return check(made, task.cancelled)

        def done(report):
            self.report = report
            if report.ok:
                self._set(report.python)
            self._end(report.ok, report.line())

        self._start(tr("Creating the engine's environment"), work, done)

    def remove(self):
        """Deletes the environment that the plugin made."""
        ENGINE.stop()  # it may run in there

        def done(_):
            settings = QgsSettings()
            if install.is_ours(settings.value(SETTING, "", type=str)):
                settings.remove(SETTING)
            self.report = None
            self._end(True, tr("The engine's environment was removed"))

        self._start(tr("Removing the engine's environment"), lambda task: install.remove(), done)

    def cancel(self):
        if self._task is not None:
            self._task.cancel()

    # --- what is there ------------------------------------------------------------------------------------------

    def look_around(self):
        """Looks for Pythons and a GPU, once; nothing is changed and no network used."""
        if self.pythons is not None or self._search is not None:
            return

        def done(found, error):
            self._search = None
            if error is None:
                self.pythons, self.cuda = found
            self.changed.emit()

        self._search = FunctionTask(
            tr("Looking for Pythons"), lambda task: (pythons.find(task.cancelled), pythons.cuda_of_driver())
        )
        self._search.ended.connect(done)

    def close(self):
        """Ends what is under way; what was installed by then stays for the next attempt."""
        for task in (self._task, self._search):
            if task is not None:
                task.ended.disconnect()  # nobody is there to hear of it
                task.cancel()
                task.wait(3.0)
        self.deleteLater()

    # --- one at a time ------------------------------------------------------------------------------------------

    def _start(self, title: str, work, done):
        if self._task is not None:
            return
        self.busy = title

        def ended(answer, error):
            self._task, self.busy = None, ""
            if error is None:
                done(answer)
            elif isinstance(error, EngineCancelled) or not isinstance(error, (EngineError, OSError)):
                cancelled = isinstance(error, EngineCancelled) or str(error) == "Task canceled"
                self._end(False, tr("Cancelled") if cancelled else f"{type(error).__name__}: {error}")
            else:
                self._end(False, str(error))

        self._task = FunctionTask(title, work)
        self._task.logged.connect(self.said)
        self._task.progressed.connect(self.progressed)
        self._task.ended.connect(ended)
        self.changed.emit()

    def _set(self, python: str):
        if str(self.set_python()) != python:
            QgsSettings().setValue(SETTING, python)

    def _end(self, ok: bool, line: str):
        self.ended.emit(ok, line)
        self.changed.emit()

    @staticmethod
    def set_python() -> Path | None:
        """The Python in use, wherever it was named."""
        try:
            return engine_python()
        except EngineMissing:
            return None

    @staticmethod
    def keep(python: str):
        """Sets a Python unchecked, as a settings window's OK does; "" leaves the choice to the plugin."""
        path = str(python_in(python)) if python else ""
        if path != QgsSettings().value(SETTING, "", type=str):
            QgsSettings().setValue(SETTING, path) if path else QgsSettings().remove(SETTING)
