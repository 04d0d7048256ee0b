"""Setting up the engine, one task at a time: shared by the options page and the dialog, and alive without either."""

from collections.abc import Callable
from pathlib import Path

from qgis.core import QgsSettings
from qgis.PyQt.QtCore import QObject, pyqtSignal

from ..engine.client import ENGINE, SETTING, EngineCancelled, EngineError, EngineMissing, engine_python
from ..engine.network import proxy_variables
from ..i18n.texts import tr
from ..runs.function_task import FunctionTask
from .environment_check import EnvironmentReport, check_environment, python_in
from .python_finder import FoundPython, driver_cuda, find_pythons
from .venv_installer import EngineEnvironment, InstallPlan

_PYPI = "https://pypi.org/"


def engine_missing() -> str:
    """Why there is no engine, and how to set one up; "" where there is one."""
    try:
        engine_python()
    except EngineMissing as error:
        return str(error)
    return ""


class EngineSetup(QObject):
    changed = pyqtSignal()  # what is set, found or under way
    printed = pyqtSignal(str)  # a line of pip's
    progressed = pyqtSignal(float, str)
    ended = pyqtSignal(bool, str)  # whether it succeeded, and a line about it

    def __init__(self, environment: EngineEnvironment | None = None, check: Callable = check_environment):
        """`environment` is the one that the plugin may create, `check` is check_environment or stands in for it."""
        super().__init__()
        self.environment = environment or EngineEnvironment()
        self._check_python = check
        self.report: EnvironmentReport | None = None  # of the last check
        self.busy = ""  # what is under way, for the user
        self.pythons: list[FoundPython] | None = None  # None: not searched yet
        self.cuda: tuple[int, int] | None = None
        self._task: FunctionTask | None = None
        self._search: FunctionTask | None = None

    # --- tasks --------------------------------------------------------------------------------------------------

    def use(self, python: str):
        """Checks a Python, and sets it where the engine runs in it."""

        def done(report):
            self.report = report
            if report.ok:
                self._set(report.python)
            self._end(report.ok, report.line())

        self._start(tr("Checking the engine's Python"), lambda task: self._check(python, task), done)

    def create(self, plan: InstallPlan):
        """Creates an environment, checks it, and sets it where the engine runs in it."""
        try:
            extra = {} if plan.wheels else proxy_variables(_PYPI, tr("install from a folder of wheels"))
        except EngineError as error:
            self._end(False, str(error))
            return

        def work(task):
            python = self.environment.create(plan, task.log, task.progress, task.cancelled, extra)
            task.progress(0.97, tr("Checking that it works"))
            return self._check(python, task)

        def done(report):
            self.report = report
            if report.ok:
                self._set(report.python)
            self._end(report.ok, report.line())

        self._start(tr("Creating the engine's environment"), work, done)

    def remove(self):
        """Deletes the environment that the plugin created."""
        ENGINE.stop()  # it may run in there

        def done(_):
            settings = QgsSettings()
            if self.environment.owns(settings.value(SETTING, "", type=str)):
                settings.remove(SETTING)
            self.report = None
            self._end(True, tr("The engine's environment was removed"))

        self._start(tr("Removing the engine's environment"), lambda task: self.environment.remove(), done)

    def cancel(self):
        if self._task is not None:
            self._task.cancel()

    # --- what is there ------------------------------------------------------------------------------------------

    def search(self):
        """Searches for Pythons and a GPU, once; changes nothing and uses no network."""
        if self.pythons is not None or self._search is not None:
            return

        def done(found, error):
            self._search = None
            if error is None:
                self.pythons, self.cuda = found
            self.changed.emit()

        minimum = self.environment.requirements.minimum_python
        self._search = FunctionTask(
            tr("Looking for Pythons"), lambda task: (find_pythons(minimum, task.cancelled), driver_cuda())
        )
        self._search.ended.connect(done)

    def close(self):
        """Cancels what is under way; what was installed by then stays for the next attempt."""
        for task in (self._task, self._search):
            if task is not None:
                task.ended.disconnect()  # nobody is left to be notified
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
        self._task.logged.connect(self.printed)
        self._task.progressed.connect(self.progressed)
        self._task.ended.connect(ended)
        self.changed.emit()

    def _check(self, python: str | Path, task) -> EnvironmentReport:
        return self._check_python(python, self.environment.requirements, task.cancelled)

    def _set(self, python: str):
        if str(self.python_in_use()) != python:
            QgsSettings().setValue(SETTING, python)

    def _end(self, ok: bool, line: str):
        self.ended.emit(ok, line)
        self.changed.emit()

    @staticmethod
    def python_in_use() -> Path | None:
        """The engine's Python, wherever it was set; None where there is none."""
        try:
            return engine_python()
        except EngineMissing:
            return None

    @staticmethod
    def set_unchecked(python: str):
        """Sets a Python without checking it, as the OK of a settings dialog does; "" removes the setting."""
        path = str(python_in(python)) if python else ""
        if path != QgsSettings().value(SETTING, "", type=str):
            QgsSettings().setValue(SETTING, path) if path else QgsSettings().remove(SETTING)
