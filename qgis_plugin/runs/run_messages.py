"""Runs in QGIS's message bar: a line with progress and Cancel while one waits or runs, then how it ended."""

from qgis.core import Qgis
from qgis.PyQt.QtCore import QObject, QUrl
from qgis.PyQt.QtGui import QDesktopServices
from qgis.PyQt.QtWidgets import QPushButton

from ..i18n.texts import tr
from .algorithm_task import AlgorithmResult
from .panel_run import PanelRun, RunState
from .run_progress import RunProgress
from .run_queue import RunQueue

# level of a message, and for how many seconds it stays; 0: until the user closes it
_SHOWN = {
    RunState.DONE: (Qgis.MessageLevel.Success, 8),
    RunState.CANCELLED: (Qgis.MessageLevel.Info, 5),
    RunState.FAILED: (Qgis.MessageLevel.Critical, 0),
}


class RunMessages(QObject):
    """Of the runs that are announced. The user may close a run's line: the run goes on."""

    def __init__(self, queue: RunQueue, bar, show_message):
        """`bar` is the message bar, `show_message(text, level, seconds)` puts a message into it."""
        super().__init__()
        self._queue, self._bar, self._show_message = queue, bar, show_message
        self._lines: dict[PanelRun, object] = {}
        queue.added.connect(self._added)

    def close(self):
        self._queue.added.disconnect(self._added)
        for run in list(self._lines):
            run.ended.disconnect(self._ended)
            self._remove(run)

    def _added(self, run: PanelRun):
        if not run.announced:
            return
        run.progressed.connect(lambda _percent, text: self._set_text(run, text))
        run.ended.connect(self._ended)
        self._show(run)
        first = self._queue.runs[0]
        if first is not run and first in self._lines:
            self._show(first)  # on top: it is the one that moves

    def _show(self, run: PanelRun):
        self._remove(run)
        line, cancel = self._bar.createMessage(run.title, run.text), QPushButton(tr("Cancel"))
        cancel.clicked.connect(run.cancel)
        line.layout().addWidget(RunProgress(run))
        line.layout().addWidget(cancel)
        line.destroyed.connect(lambda: self._closed(run, line))
        self._lines[run] = line
        self._bar.pushWidget(line, Qgis.MessageLevel.Info)

    def _set_text(self, run: PanelRun, text: str):
        if run in self._lines:
            self._lines[run].setText(text)

    def _remove(self, run: PanelRun):
        line = self._lines.pop(run, None)
        if line is not None:
            self._bar.popWidget(line)

    def _closed(self, run: PanelRun, line):
        if self._lines.get(run) is line:
            del self._lines[run]

    def _ended(self, run: PanelRun):
        self._remove(run)
        if not run.message:
            return
        level, seconds = _SHOWN[run.state]
        if run.done and run.project_closed:
            level, seconds = Qgis.MessageLevel.Warning, 0
        self._show_message(run.message, level, seconds)
        if isinstance(run.result, AlgorithmResult):
            offer_report(self._bar, run.result.outputs.get("OUTPUT_REPORT"))


def offer_report(bar, path: str | None):
    """A button that opens the report, in the message that the bar shows."""
    item = bar.currentItem()
    if path and item is not None:
        button = QPushButton(tr("Open report"))
        button.clicked.connect(lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(path)))
        item.layout().addWidget(button)
