"""One run of a panel: it waits for its turn, runs in the background, and hands its result over in the GUI's thread."""

from collections.abc import Callable
from enum import Enum

from qgis.core import QgsProject
from qgis.PyQt.QtCore import QObject, pyqtSignal

from ..engine.engine_messages import with_field_titles
from ..i18n.texts import tr
from .algorithm_task import AlgorithmTask
from .function_task import FunctionTask

RunState = Enum("RunState", "WAITING RUNNING DONE FAILED CANCELLED")


class PanelRun(QObject):
    """Its result goes into the project that was open when it was made. Where that was closed meanwhile, a run that
    waits is cancelled; of one that runs, the user learns where the files are.

    Attributes:
        state: A `RunState`.
        percent: How much is done; negative while that is not known.
        text: What is being done.
        message: How it ended, for the user; empty where there is nothing to say.
        result: What the task answered, once it is done.
        error: Why it failed.
        project_closed: Whether the project was closed or replaced meanwhile.
        announced: Whether the message bar shows it.
    """

    progressed = pyqtSignal(float, str)  # percent, text
    ended = pyqtSignal(object)  # this run

    def __init__(
        self,
        title: str,
        start_task: Callable[[], AlgorithmTask | FunctionTask],
        finish: Callable[[object], str],
        keep_files: Callable[[object], list[str]] | None = None,
        announced: bool = False,
        parent: QObject | None = None,
    ):
        """
        Args:
            title: What it does, for the user.
            start_task: Called once it is its turn.
            finish: `finish(result)` takes the result over; returns what to tell the user.
            keep_files: `keep_files(result)` is called instead where the project was closed meanwhile; returns the
                files. None where the result does not belong to a project.
            announced: Whether the message bar shows it.
            parent: Its owner in Qt.
        """
        super().__init__(parent)
        self.title, self.announced = title, announced
        self._start_task, self._finish, self._keep_files = start_task, finish, keep_files
        self._task: AlgorithmTask | FunctionTask | None = None
        self.state, self.percent, self.text = RunState.WAITING, -1.0, tr("waiting for another run to end")
        self.message, self.result, self.error, self.project_closed = "", None, None, False
        QgsProject.instance().cleared.connect(self._project_cleared)

    @property
    def done(self) -> bool:
        return self.state is RunState.DONE

    def start(self):
        if self.state is not RunState.WAITING:
            return
        self.state = RunState.RUNNING
        self._report(-1.0, tr("starting"))
        self._task = self._start_task()
        self._task.setParent(self)
        self._task.progressed.connect(self._task_progressed)
        self._task.ended.connect(self._task_ended)

    def cancel(self):
        """A run that waits ends at once, one that runs within a second."""
        if self.state is RunState.WAITING:
            self._end(RunState.CANCELLED, tr("{title}: cancelled").format(title=self.title))
        elif self.state is RunState.RUNNING:
            self._report(self.percent, tr("cancelling..."))
            self._task.cancel()

    def wait(self, seconds: float):
        """Until its thread is done, or the time is up."""
        if self.state is RunState.RUNNING:
            self._task.wait(seconds)

    def _report(self, percent: float, text: str):
        self.percent, self.text = percent, text
        self.progressed.emit(percent, text)

    def _task_progressed(self, share: float, text: str):
        self._report(100 * share if share >= 0 else self.percent, text or self.text)

    def _project_cleared(self):
        self.project_closed = True
        if self.state is RunState.WAITING:
            text = tr("{title}: cancelled, since its project was closed")
            self._end(RunState.CANCELLED, text.format(title=self.title))

    def _task_ended(self, result, error: Exception | None):
        if self._task.was_cancelled:
            self._end(RunState.CANCELLED, tr("{title}: cancelled").format(title=self.title))
        elif error is not None:
            self.error = error
            self._end(RunState.FAILED, with_field_titles(getattr(error, "message", str(error))))
        else:
            self.result = result
            self._end(RunState.DONE, self._hand_over(result))

    def _hand_over(self, result) -> str:
        if not self.project_closed or self._keep_files is None:
            return self._finish(result)
        text = tr("{title}: done, but its project was closed meanwhile. The result is in {files}")
        return text.format(title=self.title, files=", ".join(self._keep_files(result)))

    def _end(self, state: RunState, message: str):
        self.state, self.message = state, message
        QgsProject.instance().cleared.disconnect(self._project_cleared)
        self.ended.emit(self)
        self.deleteLater()
