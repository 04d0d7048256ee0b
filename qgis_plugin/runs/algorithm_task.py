"""A Processing algorithm in the background: progress, words, and one of three ends. QGIS never waits."""

import time

from qgis.core import (
    QgsApplication,
    QgsProcessingAlgRunnerTask,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProject,
    QgsTask,
)
from qgis.PyQt.QtCore import QObject, pyqtSignal

from ..i18n.texts import tr


class _Feedback(QgsProcessingFeedback):
    """Hands on what the algorithm says, keeps its log, and remembers its last error, which a task does not hand on."""

    said = pyqtSignal(str)
    words_every_s = 0.5  # whoever shows them shows one line, in place of the last

    def __init__(self):
        super().__init__(False)
        self.error = ""
        self.result: dict = {}  # what the engine answered

    def pushInfo(self, info):
        super().pushInfo(info)
        self.said.emit(info)

    def pushWarning(self, warning):
        super().pushWarning(warning)
        self.said.emit(warning)

    def setProgressText(self, text):
        self.said.emit(text)

    def reportError(self, error, fatalError=False):
        super().reportError(error, fatalError)
        self.error = error


class Job(QObject):
    progressed = pyqtSignal(float)  # per cent
    said = pyqtSignal(str)
    done = pyqtSignal(dict)  # the algorithm's outputs
    failed = pyqtSignal(str)
    cancelled = pyqtSignal()

    def __init__(self, algorithm_id: str, parameters: dict, title: str, parent=None):
        super().__init__(parent)
        self.algorithm = QgsApplication.processingRegistry().createAlgorithmById(algorithm_id)
        self._parameters, self._title = parameters, title
        self.context, self.feedback = QgsProcessingContext(), _Feedback()
        self.context.setProject(QgsProject.instance())
        self.context.setFeedback(self.feedback)
        self.feedback.said.connect(self.said)
        self.task = None

    def start(self):
        ok, why = self.algorithm.canExecute()
        if ok:
            ok, why = self.algorithm.checkParameterValues(self._parameters, self.context)
        if not ok:
            self.failed.emit(why)
            self.deleteLater()
            return
        flags = QgsTask.Flag.CanCancel | QgsTask.Flag.Silent  # whoever started it says how it ended, once
        self.task = QgsProcessingAlgRunnerTask(self.algorithm, self._parameters, self.context, self.feedback, flags)
        if self.task.isCanceled():  # it could not be prepared
            self.failed.emit(self.feedback.error or tr("{title} failed").format(title=self._title))
            self.deleteLater()
            return
        self.task.setDescription(self._title)
        self.task.progressChanged.connect(self.progressed)
        self.task.executed.connect(self._ended)
        QgsApplication.taskManager().addTask(self.task)

    def cancel(self):
        self.feedback.cancel()
        if self.task is not None:
            self.task.cancel()

    def wait(self, seconds: float):
        """Until its thread is done, or the time is up; asleep meanwhile, so that Python runs in that thread."""
        end = time.monotonic() + seconds
        while self.task is not None and self.task.isActive() and time.monotonic() < end:
            time.sleep(0.02)

    def _ended(self, successful: bool, results: dict):
        if self.feedback.isCanceled() or self.task.isCanceled():
            self.cancelled.emit()
        elif successful:
            self.done.emit(results)
        else:
            self.failed.emit(self.feedback.error or tr("{title} failed").format(title=self._title))
        self.deleteLater()
