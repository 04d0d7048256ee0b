"""A Processing algorithm as a background task of QGIS."""

import time
from dataclasses import dataclass

from qgis.core import (
    QgsApplication,
    QgsProcessingAlgRunnerTask,
    QgsProcessingContext,
    QgsProject,
    QgsTask,
)
from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal

from ..i18n.texts import tr
from .feedback import RunFeedback
from .history import HistoryEntry


class AlgorithmFailed(Exception):
    """The text is for the user."""


@dataclass(frozen=True)
class AlgorithmResult:
    outputs: dict  # by the names of the algorithm's parameters and outputs
    context: QgsProcessingContext  # knows the layers that are to be loaded
    feedback: RunFeedback  # has the log, and the engine's answer

    def files(self) -> list[str]:
        """What was written."""
        return [path for name, path in self.outputs.items() if name.startswith("OUTPUT") and path]


class AlgorithmTask(QObject):
    """Starts at once; how it ended comes with `ended`, always after the constructor has returned."""

    progressed = pyqtSignal(float, str)  # share of the whole, negative where unknown; what is being done
    ended = pyqtSignal(object, object)  # an AlgorithmResult, an exception: one of them is None

    def __init__(self, algorithm_id: str, parameters: dict, title: str, in_history: bool = False, parent=None):
        """`in_history`: it becomes an entry of Processing's history, from where it can be run again."""
        super().__init__(parent)
        self._title, self._share, self._text, self._history = title, -1.0, "", None
        self._context, self._feedback = QgsProcessingContext(), RunFeedback()
        self._context.setProject(QgsProject.instance())
        self._context.setFeedback(self._feedback)
        self._feedback.text_changed.connect(self._text_changed)
        self._early_failure: AlgorithmFailed | None = None  # before anything ran
        self.task: QgsTask | None = None
        self.was_cancelled = False
        self._start(algorithm_id, parameters, in_history)

    def _start(self, algorithm_id: str, parameters: dict, in_history: bool):
        algorithm = QgsApplication.processingRegistry().createAlgorithmById(algorithm_id)
        ok, why = algorithm.canExecute()
        if ok:
            ok, why = algorithm.checkParameterValues(parameters, self._context)
        if not ok:
            self._fail_early(AlgorithmFailed(why))
            return
        flags = QgsTask.Flag.CanCancel | QgsTask.Flag.Silent  # whoever started it reports its end, once
        task = QgsProcessingAlgRunnerTask(algorithm, parameters, self._context, self._feedback, flags)
        if task.isCanceled():  # it could not be prepared
            self._fail_early(self._failure())
            return
        self.task = task
        self.task.setDescription(self._title)
        self.task.progressChanged.connect(self._progress_changed)
        self.task.executed.connect(self._executed)
        if in_history:
            self._history = HistoryEntry(algorithm, parameters, self._context)
        QgsApplication.taskManager().addTask(self.task)

    def cancel(self):
        self._feedback.cancel()
        if self.task is not None:
            self.task.cancel()

    def wait(self, seconds: float):
        """Until its thread is done, or the time is up; asleep meanwhile, so that Python runs in that thread."""
        end = time.monotonic() + seconds
        while self.task is not None and self.task.isActive() and time.monotonic() < end:
            time.sleep(0.02)

    def _text_changed(self, text: str):
        self._text = text
        self.progressed.emit(self._share, self._text)

    def _progress_changed(self, percent: float):
        self._share = percent / 100
        self.progressed.emit(self._share, self._text)

    def _failure(self) -> AlgorithmFailed:
        return AlgorithmFailed(self._feedback.error or tr("{title} failed").format(title=self._title))

    def _fail_early(self, error: AlgorithmFailed):
        self._early_failure = error
        QTimer.singleShot(0, self._end_early)

    def _end_early(self):
        self._end(None, self._early_failure)

    def _executed(self, successful: bool, outputs: dict):
        if self._history is not None:
            self._history.finish(outputs if successful else {}, self._feedback.htmlLog())
        self.was_cancelled = self._feedback.isCanceled() or self.task.isCanceled()
        if successful and not self.was_cancelled:
            self._end(AlgorithmResult(outputs, self._context, self._feedback), None)
        else:
            self._end(None, self._failure())

    def _end(self, result: AlgorithmResult | None, error: Exception | None):
        self.ended.emit(result, error)
        self.deleteLater()
