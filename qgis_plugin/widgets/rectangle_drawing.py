"""A rectangle that the user draws on the canvas: the map tool, and the band that shows it afterwards."""

from qgis.core import Qgis, QgsGeometry, QgsRectangle, QgsReferencedRectangle
from qgis.gui import QgsMapToolExtent, QgsRubberBand
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QObject, Qt, pyqtSignal
from qgis.PyQt.QtGui import QColor

_COLOR = "#e6007e"  # rare in images


class RectangleDrawing(QObject):
    drawn = pyqtSignal()  # `rectangle` is another one now
    stopped = pyqtSignal()  # the map tool is not active any more

    def __init__(self, canvas, parent=None):
        super().__init__(parent)
        self.rectangle: QgsReferencedRectangle | None = None
        self._canvas = canvas
        self._band: QgsRubberBand | None = None
        self._tool = _RectangleTool(canvas)
        self._tool_before = None
        self._tool.extentChanged.connect(self._take)
        self._tool.escaped.connect(self.stop)
        self._tool.deactivated.connect(self.stopped)

    def start(self):
        self._tool_before = self._canvas.mapTool()
        self._canvas.setMapTool(self._tool)
        self._canvas.setFocus()  # so that the tool gets Esc

    def stop(self):
        """Gives the canvas back the map tool it had before."""
        if sip.isdeleted(self._canvas) or self._canvas.mapTool() is not self._tool:
            return
        before, self._tool_before = self._tool_before, None
        if before is not None and not sip.isdeleted(before):
            self._canvas.setMapTool(before)
        else:
            self._canvas.unsetMapTool(self._tool)

    def _take(self, rectangle: QgsRectangle):
        if rectangle.isEmpty():  # a click
            return
        self.rectangle = QgsReferencedRectangle(rectangle, self._canvas.mapSettings().destinationCrs())
        self.stop()
        self.drawn.emit()

    def show_band(self, visible: bool):
        """Shows or hides the rectangle on the canvas, in the canvas's present CRS."""
        if not visible or self.rectangle is None:
            if self._band is not None:
                self._band.hide()
            return
        if self._band is None:
            self._band = QgsRubberBand(self._canvas, Qgis.GeometryType.Polygon)
            color = QColor(_COLOR)
            self._band.setStrokeColor(color)
            color.setAlpha(30)
            self._band.setFillColor(color)
            self._band.setWidth(2)
        self._band.setToGeometry(QgsGeometry.fromRect(QgsRectangle(self.rectangle)), self.rectangle.crs())
        self._band.show()

    def close(self):
        """Leaves nothing on the canvas."""
        self.stop()
        self._tool.deleteLater()
        self.rectangle = None
        if self._band is not None:
            self._canvas.scene().removeItem(self._band)
            self._band = None


class _RectangleTool(QgsMapToolExtent):
    escaped = pyqtSignal()

    def keyPressEvent(self, event):
        if event.key() == Qt.Key.Key_Escape:
            self.escaped.emit()
        else:
            super().keyPressEvent(event)
