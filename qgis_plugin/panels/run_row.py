"""The run of a panel that has one at a time: a progress bar and a Cancel button, there while it waits or runs."""

from collections.abc import Callable

from qgis.core import Qgis
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QHBoxLayout, QPushButton, QWidget

from ..engine.modules import errors
from ..i18n.texts import tr
from ..runs.panel_run import PanelRun, RunState
from ..runs.run_progress import RunProgress
from ..runs.run_queue import RunQueue


class RunRow(QWidget):
    changed = pyqtSignal()  # a run began or ended

    def __init__(self, queue: RunQueue, show_status: Callable[[str], None], show_message):
        """`show_status(text)` shows a line in the panel, `show_message(text, level)` one in the message bar."""
        super().__init__()
        self._queue, self._show_status, self._show_message = queue, show_status, show_message
        self._run: PanelRun | None = None
        self.progress, self.cancel = RunProgress(), QPushButton(tr("Cancel"))
        self.cancel.setAutoDefault(False)
        self.cancel.clicked.connect(self.cancel_run)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.progress, 1)
        layout.addWidget(self.cancel)
        self.hide()

    @property
    def busy(self) -> bool:
        return self._run is not None

    def start(self, run: PanelRun):
        """Before other runs that wait: the user is looking on."""
        self._run = run
        self.progress.follow(run)
        run.progressed.connect(self._progressed)
        run.ended.connect(self._ended)
        self.show()
        self._queue.add(run, soon=True)
        self.changed.emit()

    def cancel_run(self, *_):
        if self._run is not None:
            self._run.cancel()

    def wait(self, seconds: float):
        """For the thread of a run that was cancelled."""
        if self._run is not None:
            self._run.wait(seconds)

    def _progressed(self, _percent: float, text: str):
        self._show_status(f"{self._run.title}: {text}")

    def _ended(self, run: PanelRun):
        self._run = None
        self.hide()
        self._show_status(run.message)
        if run.state is RunState.FAILED and not isinstance(run.error, errors.OfaError):  # an OfaError is easily mended
            self._show_message(run.message, Qgis.MessageLevel.Critical)
        elif run.project_closed:
            self._show_message(run.message, Qgis.MessageLevel.Warning)
        self.changed.emit()
