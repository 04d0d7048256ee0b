"""One run of the toolbar action: the Processing algorithm as a background task, its progress, its result on the map."""

import time

from qgis.core import (
    Qgis,
    QgsApplication,
    QgsProcessingAlgRunnerTask,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingUtils,
    QgsProject,
    QgsTask,
)
from qgis.PyQt.QtCore import QObject, pyqtSignal
from qgis.PyQt.QtWidgets import QProgressBar, QPushButton

from .texts import tr


class _Feedback(QgsProcessingFeedback):
    """Remembers the last error, which a task does not hand on."""

    def __init__(self):
        super().__init__(False)
        self.error = ""

    def reportError(self, error, fatalError=False):
        self.error = error
        super().reportError(error, fatalError)


class Run(QObject):
    ended = pyqtSignal(object)

    def __init__(self, iface, say, algorithm_id: str, parameters: dict, title: str):
        """`say(text, level, seconds)` shows a message."""
        super().__init__(iface.mainWindow())
        self._iface, self._say = iface, say
        self._title, self._id, self._parameters = title, algorithm_id, parameters
        self._context, self._feedback = QgsProcessingContext(), _Feedback()
        self._context.setProject(QgsProject.instance())
        self._context.setFeedback(self._feedback)
        self._item = None
        self.task = None

    def start(self):
        algorithm = QgsApplication.processingRegistry().createAlgorithmById(self._id)
        self._algorithm = algorithm  # the task does not own it
        ok, why = algorithm.canExecute()
        if ok:
            ok, why = algorithm.checkParameterValues(self._parameters, self._context)
        if not ok:
            self._say(why, Qgis.MessageLevel.Critical)
            self._end()
            return
        flags = QgsTask.Flag.CanCancel | QgsTask.Flag.Silent  # the message bar says how it ended, once
        self.task = QgsProcessingAlgRunnerTask(algorithm, self._parameters, self._context, self._feedback, flags)
        self.task.setDescription(self._title)
        self.task.executed.connect(self._done)
        self._show_progress()
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

    def _show_progress(self):
        bar = self._iface.messageBar()
        self._item = bar.createMessage("OFA-Net", self._title)
        progress = QProgressBar()
        progress.setRange(0, 0)  # until the first figure comes: the engine may have to start
        cancel = QPushButton(tr("Cancel"))
        cancel.clicked.connect(self.cancel)
        self._item.layout().addWidget(progress)
        self._item.layout().addWidget(cancel)
        self._item.destroyed.connect(self._forget_item)  # the user may close it; the run goes on

        def show(percent):
            if self._item is not None:
                progress.setRange(0, 100)
                progress.setValue(int(percent))

        self.task.progressChanged.connect(show)
        bar.pushWidget(self._item, Qgis.MessageLevel.Info)

    def _forget_item(self):
        self._item = None

    def _done(self, successful: bool, results: dict):
        if self._feedback.isCanceled() or self.task.isCanceled():
            self._say(tr("{title}: cancelled").format(title=self._title), Qgis.MessageLevel.Info, 5)
        elif not successful:
            why = self._feedback.error or tr("{title} failed").format(title=self._title)
            self._say(why, Qgis.MessageLevel.Critical)
        else:
            names = self._load()
            self._say(tr("{title}: done, added {names}").format(title=self._title, names=", ".join(names)),
                      Qgis.MessageLevel.Success, 8)  # fmt: skip
        self._end()

    def _load(self) -> list[str]:
        """What Processing's own dialog does at the end: named, styled, on top of the layer it came from."""
        names = []
        for source, details in self._context.layersToLoadOnCompletion().items():
            layer = QgsProcessingUtils.mapLayerFromString(source, self._context)
            if layer is None:
                continue
            layer = self._context.takeResultLayer(layer.id()) or layer
            details.setOutputLayerName(layer)
            if details.postProcessor():
                details.postProcessor().postProcessLayer(layer, self._context, self._feedback)
            QgsProject.instance().addMapLayer(layer)
            names.append(layer.name())
        return names

    def _end(self):
        if self._item is not None:
            item, self._item = self._item, None
            self._iface.messageBar().popWidget(item)
        self.ended.emit(self)
        self.deleteLater()
