"""One run of the toolbar action: the Processing algorithm as a background task, its progress, its result on the map."""

from qgis.core import Qgis, QgsProcessingUtils, QgsProject
from qgis.PyQt.QtCore import QObject, pyqtSignal
from qgis.PyQt.QtWidgets import QProgressBar, QPushButton

from .background import Job
from .texts import tr


class Run(QObject):
    ended = pyqtSignal(object)

    def __init__(self, iface, say, algorithm_id: str, parameters: dict, title: str):
        """`say(text, level, seconds)` shows a message."""
        super().__init__(iface.mainWindow())
        self._iface, self._say = iface, say
        self._title, self._item = title, None
        self._job = Job(algorithm_id, parameters, title, self)
        self._job.done.connect(self._done)
        self._job.failed.connect(self._failed)
        self._job.cancelled.connect(self._cancelled)

    @property
    def task(self):
        return self._job.task

    def start(self):
        self._job.start()
        if self.task is not None:  # else it has ended already
            self._show_progress()

    def cancel(self):
        self._job.cancel()

    def wait(self, seconds: float):
        """Until its thread is done, or the time is up."""
        self._job.wait(seconds)

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

        self._job.progressed.connect(show)
        bar.pushWidget(self._item, Qgis.MessageLevel.Info)

    def _forget_item(self):
        self._item = None

    def _done(self, *_):
        names = ", ".join(self._load())
        text = tr("{title}: done, added {names}").format(title=self._title, names=names)
        self._say(text, Qgis.MessageLevel.Success, 8)
        self._end()

    def _failed(self, why: str):
        self._say(why, Qgis.MessageLevel.Critical)
        self._end()

    def _cancelled(self):
        self._say(tr("{title}: cancelled").format(title=self._title), Qgis.MessageLevel.Info, 5)
        self._end()

    def _load(self) -> list[str]:
        """What Processing's own dialog does at the end: named, styled, on top of the layer it came from."""
        names, context = [], self._job.context
        for source, details in context.layersToLoadOnCompletion().items():
            layer = QgsProcessingUtils.mapLayerFromString(source, context)
            if layer is None:
                continue
            layer = context.takeResultLayer(layer.id()) or layer
            details.setOutputLayerName(layer)
            if details.postProcessor():
                details.postProcessor().postProcessLayer(layer, context, self._job.feedback)
            QgsProject.instance().addMapLayer(layer)
            names.append(layer.name())
        return names

    def _end(self):
        if self._item is not None:
            item, self._item = self._item, None
            self._iface.messageBar().popWidget(item)
        self.ended.emit(self)
        self.deleteLater()
