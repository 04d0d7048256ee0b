"""A Python function as a background task of QGIS; what it reports comes back in the GUI's thread."""

import threading
from collections.abc import Callable

from qgis.core import QgsApplication, QgsTask
from qgis.PyQt.QtCore import QObject, pyqtSignal


class FunctionTask(QObject):
    """Starts at once. `function(task)` may call task.log, task.progress, task.cancelled; its answer or error comes with
    `ended`."""

    logged = pyqtSignal(str)  # a line of text
    progressed = pyqtSignal(float, str)  # share of the whole, negative where unknown; what is being done
    ended = pyqtSignal(object, object)  # the answer, the exception: one of them is None

    def __init__(self, title: str, function: Callable, parent=None):
        super().__init__(parent)
        self._function = function
        self.was_cancelled = False  # known when it has ended
        self._begun, self._done = threading.Event(), threading.Event()
        flags = QgsTask.Flag.CanCancel | QgsTask.Flag.Silent  # whoever started it reports its end, once
        self._task = QgsTask.fromFunction(title, self._work, on_finished=self._finish, flags=flags)
        QgsApplication.taskManager().addTask(self._task)

    def cancel(self):
        if self._task is not None:
            self._task.cancel()

    def wait(self, seconds: float):
        """Until its thread is done, or the time is up; `ended` comes with the next turn of the event loop."""
        if self._begun.is_set():
            self._done.wait(seconds)

    # --- called from the thread ---------------------------------------------------------------------------------

    def log(self, line: str):
        self.logged.emit(line)

    def progress(self, share: float | None, text: str):
        self.progressed.emit(-1.0 if share is None else share, text)
        if share is not None:
            self._task.setProgress(100 * share)

    def cancelled(self) -> bool:
        return self._task.isCanceled()

    def _work(self, task):
        self._task = task  # the thread may be here before the constructor has set it
        self._begun.set()
        try:
            return self._function(self)
        finally:
            self._done.set()

    def _finish(self, exception, answer=None):
        self.was_cancelled, self._task = self._task.isCanceled(), None
        self.ended.emit(answer, exception)
        self.deleteLater()
