"""One run of the panel: a Processing algorithm as a background task, its line in the message bar, its end."""

from collections.abc import Callable

from qgis.core import Qgis
from qgis.PyQt.QtCore import QObject, pyqtSignal
from qgis.PyQt.QtWidgets import QProgressBar, QPushButton

from ..i18n.texts import tr
from ..results.layer_group import add_results, names, offer_report
from .algorithm_task import Job
from .history import HistoryEntry


class Run(QObject):
    told = pyqtSignal(float, str)  # per cent, negative where unknown; how far it is, in words
    ended = pyqtSignal(object)

    def __init__(self, iface, say, algorithm_id: str, parameters: dict, title: str, finish: Callable | None = None):
        """`say(text, level, seconds)` shows a message. `finish(results)` takes the outputs and returns what to say, if
        anything; without it they become layers of the project, and the run an entry of Processing's history."""
        super().__init__(iface.mainWindow())
        self._iface, self._say, self._parameters = iface, say, parameters
        self.title, self.percent, self.text = title, -1.0, tr("waiting for another run to end")
        self._finish, self._item, self._history, self._over = finish, None, None, False
        self.started = self.done = False
        self._job = Job(algorithm_id, parameters, title, self)
        self._job.said.connect(lambda text: self._tell(self.percent, text))
        self._job.progressed.connect(lambda percent: self._tell(percent, self.text))
        self._job.done.connect(self._done)
        self._job.failed.connect(self._failed)
        self._job.cancelled.connect(self._cancelled)
        self.told.connect(self._show_words)

    @property
    def task(self):
        return self._job.task

    @property
    def result(self) -> dict:
        """The engine's answer, once it is `done`."""
        return self._job.feedback.result

    def start(self):
        if self.started:
            return
        self.started = True
        self._tell(-1.0, tr("starting"))
        self._job.start()
        if self._finish is None and not self._over:
            self._history = HistoryEntry(self._job.algorithm, self._parameters, self._job.context)

    def cancel(self):
        """A waiting run ends at once, one that runs within a second."""
        if not self.started:
            self.started = True
            self._cancelled()
            return
        self._tell(self.percent, tr("cancelling..."))
        self._job.cancel()

    def wait(self, seconds: float):
        """Until its thread is done, or the time is up."""
        if not self._over:
            self._job.wait(seconds)

    def _tell(self, percent: float, text: str):
        self.percent, self.text = percent, text
        self.told.emit(percent, text)

    def show(self):
        """Its line on top of the message bar, which the user may close: the run goes on."""
        self._hide()
        bar = self._iface.messageBar()
        self._item = bar.createMessage(self.title, self.text)
        progress, cancel = RunProgress(self), QPushButton(tr("Cancel"))
        cancel.clicked.connect(self.cancel)
        self._item.layout().addWidget(progress)
        self._item.layout().addWidget(cancel)
        self._item.destroyed.connect(self._forget_item)
        bar.pushWidget(self._item, Qgis.MessageLevel.Info)

    def _show_words(self, _percent: float, text: str):
        if self._item is not None:
            self._item.setText(text)

    def _hide(self):
        if self._item is not None:
            item, self._item = self._item, None
            item.destroyed.disconnect(self._forget_item)
            self._iface.messageBar().popWidget(item)

    def _forget_item(self):
        self._item = None

    @property
    def is_shown(self) -> bool:
        return self._item is not None

    def _done(self, results: dict):
        self.done = True
        if self._finish is not None:
            text = self._finish(results)
        else:
            text = tr("{title}: done, added {names}").format(title=self.title, names=", ".join(self._load()))
        self._end(results)
        if text:
            self._say(text, Qgis.MessageLevel.Success, 8)
            offer_report(self._iface.messageBar(), results.get("OUTPUT_REPORT"))

    def _failed(self, why: str):
        self._end()
        self._say(why, Qgis.MessageLevel.Critical)

    def _cancelled(self):
        self._end()
        self._say(tr("{title}: cancelled").format(title=self.title), Qgis.MessageLevel.Info, 5)

    def _load(self) -> list[str]:
        return names(add_results(self._job.context, self._job.feedback))

    def _end(self, results: dict | None = None):
        self._over = True
        if self._history is not None:
            self._history.finish(results or {}, self._job.feedback.htmlLog())
        self._hide()
        self.ended.emit(self)
        self.deleteLater()


class RunProgress(QProgressBar):
    def __init__(self, run: Run):
        super().__init__()
        self._run = run
        self.setAccessibleName(tr("Progress"))
        self.setTextVisible(False)
        self._show()
        run.told.connect(self._show)

    def _show(self, *_):
        """Empty while it waits; without a figure it only moves: the engine may have to start."""
        moves = self._run.started and self._run.percent < 0
        self.setRange(0, 0 if moves else 100)
        if not moves:
            self.setValue(int(self._run.percent))
