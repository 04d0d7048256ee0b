"""All runs, one below the other: how far the first one is, and that others wait; each can be cancelled."""

from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QGridLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from ..i18n.texts import tr
from .panel_run import PanelRun
from .run_progress import RunProgress
from .run_queue import RunQueue


class RunList(QWidget):
    def __init__(self, queue: RunQueue, parent=None):
        super().__init__(parent)
        self._queue, self._rows = queue, {}
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        queue.changed.connect(self._update)
        self._update()

    def _update(self):
        for run in [run for run in self._rows if run not in self._queue.runs]:
            row = self._rows.pop(run)
            row.hide()
            row.deleteLater()
        for number, run in enumerate(self._queue.runs):
            if run not in self._rows:
                self._rows[run] = _Row(run)
            self._layout.insertWidget(number, self._rows[run])
        self.setVisible(bool(self._rows))


class _Row(QWidget):
    def __init__(self, run: PanelRun):
        super().__init__()
        self.title, self.text = QLabel(run.title), QLabel()
        for label in (self.title, self.text):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)  # long paths are cut off
        self.cancel = QToolButton()
        self.cancel.setText(tr("Cancel"))
        self.cancel.setAccessibleName(tr("Cancel: {title}").format(title=run.title))
        self.cancel.clicked.connect(run.cancel)
        progress = RunProgress(run)
        progress.setMaximumHeight(8)
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.title, 0, 0)
        layout.addWidget(progress, 1, 0)
        layout.addWidget(self.text, 2, 0)
        layout.addWidget(self.cancel, 0, 1, 3, 1, Qt.AlignmentFlag.AlignVCenter)
        layout.setColumnStretch(0, 1)
        self._show_text(run.percent, run.text)
        run.progressed.connect(self._show_text)

    def _show_text(self, _percent: float, text: str):
        self.text.setText(text)
        self.text.setToolTip(text)
