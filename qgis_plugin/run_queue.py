"""Runs wait here for each other: the engine does one job at a time, and one that waits must hold no thread of QGIS."""

from qgis.PyQt import sip
from qgis.PyQt.QtCore import QObject, pyqtSignal
from qgis.PyQt.QtWidgets import QPushButton

from .run import Run
from .texts import tr


class RunQueue(QObject):
    changed = pyqtSignal()  # a run came, began or ended

    def __init__(self):
        super().__init__()
        self.runs: list[Run] = []  # the first one runs, the others wait
        self._closed = False

    def add(self, run: Run, soon: bool = False):
        """`soon`: before all others that wait."""
        run.ended.connect(self._ended)
        run.broken.connect(self._offer_to_go_on)
        self.runs.insert(1 if soon and self.runs else len(self.runs), run)
        run.show()
        if self.runs[0] is not run and self.runs[0].is_shown:
            self.runs[0].show()  # on top: it is the one that moves
        self._next()
        self.changed.emit()

    def _offer_to_go_on(self, run: Run):
        """A button in the message that tells of the failure."""
        item = run.bar.currentItem()
        if item is not None:
            button = QPushButton(tr("Continue"))
            button.setToolTip(tr("Do the rest, once what stopped the run is mended"))
            button.clicked.connect(lambda: self._go_on(run, item))
            item.layout().addWidget(button)
            item.destroyed.connect(lambda: self._forget(run))

    def _go_on(self, run: Run, item):
        self.add(run)
        run.bar.popWidget(item)

    def _forget(self, run: Run):
        if run not in self.runs and not sip.isdeleted(run):
            run.deleteLater()

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
