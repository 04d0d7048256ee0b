"""Runs wait here for each other: the engine does one job at a time, and one that waits must hold no thread of QGIS."""

from qgis.PyQt.QtCore import QObject, pyqtSignal

from .run import Run


class RunQueue(QObject):
    changed = pyqtSignal()  # a run came, began or ended

    def __init__(self):
        super().__init__()
        self.runs: list[Run] = []  # the first one runs, the others wait
        self._closed = False

    def add(self, run: Run, soon: bool = False):
        """`soon`: before all others that wait."""
        run.ended.connect(self._ended)
        self.runs.insert(1 if soon and self.runs else len(self.runs), run)
        run.show()
        if self.runs[0] is not run and self.runs[0].is_shown:
            self.runs[0].show()  # on top: it is the one that moves
        self._next()
        self.changed.emit()

    def close(self):
        """Cancels all; `wait` is for the one that runs."""
        self._closed = True
        for run in reversed(list(self.runs)):  # the one that runs last, so that no other begins
            run.cancel()

    def wait(self, seconds: float):
        for run in list(self.runs):
            run.wait(seconds)

    def _next(self):
        if self.runs and not self._closed:
            self.runs[0].start()

    def _ended(self, run: Run):
        if run in self.runs:
            self.runs.remove(run)
        self._next()
        self.changed.emit()
