"""Follows the edits of one vector layer."""

from qgis.core import QgsVectorLayer
from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal

_SETTLE_MS = 250  # after the last change of a polygon


class LayerWatcher(QObject):
    changed = pyqtSignal()  # features or style have changed, and no more for a moment
    deleted = pyqtSignal()  # the layer goes away

    def __init__(self, parent):
        super().__init__(parent)
        self.layer: QgsVectorLayer | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_SETTLE_MS)
        self._timer.timeout.connect(self.changed)

    def watch(self, layer: QgsVectorLayer | None):
        if self.layer is not None:
            for signal in _signals(self.layer):
                signal.disconnect(self.touch)
            self.layer.willBeDeleted.disconnect(self._forget)
        self.layer = layer
        if layer is not None:
            for signal in _signals(layer):
                signal.connect(self.touch)
            layer.willBeDeleted.connect(self._forget)

    def touch(self, *_):
        """Emits `changed` soon."""
        self._timer.start()

    def stop(self):
        self._timer.stop()
        self.watch(None)

    def _forget(self):
        self.layer = None
        self.deleted.emit()


def _signals(layer):
    return (
        layer.layerModified,
        layer.afterCommitChanges,
        layer.afterRollBack,
        layer.dataChanged,
        layer.rendererChanged,
        layer.subsetStringChanged,
    )
