"""Runs wait here for each other: the engine does one at a time, and one that waits must hold no thread of QGIS."""

from qgis.PyQt.QtCore import QObject, pyqtSignal

from .panel_run import PanelRun


class RunQueue(QObject):
    added = pyqtSignal(object)  # a run
    changed = pyqtSignal()  # a run was added, started or ended

    def __init__(self):
        super().__init__()
        self.runs: list[PanelRun] = []  # the first one runs, the others wait
        self._closed = False

    def add(self, run: PanelRun, soon: bool = False):
        """`soon`: before all others that wait."""
        run.ended.connect(self._ended)
        self.runs.insert(1 if soon and self.runs else len(self.runs), run)
        self.added.emit(run)
        self._next()
        self.changed.emit()

    def close(self):
        """Cancels all; `wait` is for the one that runs."""
        self._closed = True
        for run in reversed(list(self.runs)):  # the one that runs last, so that no other starts
            run.cancel()

    def wait(self, seconds: float):
        for run in list(self.runs):
            run.wait(seconds)

    def _next(self):
        if self.runs and not self._closed:
            self.runs[0].start()

    def _ended(self, run: PanelRun):
        if run in self.runs:
            self.runs.remove(run)
        self._next()
        self.changed.emit()
