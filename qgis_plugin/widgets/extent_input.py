"""What part of a raster is computed: all, what the canvas shows, under polygons, in a rectangle."""

import math

from qgis.core import (
    Qgis,
    QgsCoordinateTransform,
    QgsCsException,
    QgsDistanceArea,
    QgsGeometry,
    QgsMapLayerProxyModel,
    QgsProcessingFeatureSourceDefinition,
    QgsProject,
    QgsRectangle,
    QgsReferencedRectangle,
)
from qgis.gui import QgsMapLayerComboBox, QgsMapToolExtent, QgsRubberBand
from qgis.PyQt import sip
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtGui import QColor
from qgis.PyQt.QtWidgets import QComboBox, QLabel, QPushButton, QVBoxLayout, QWidget

from ..i18n.texts import tr
from ..results.live_map import canvas_extent

LAYER, CANVAS, POLYGONS, RECTANGLE = "layer", "canvas", "polygons", "rectangle"
_BAND = "#e6007e"  # rare in images
_EDGE_POINTS = 20  # on each edge of a rectangle whose ellipsoidal area is measured


def onto(raster, rectangle: QgsRectangle, crs) -> QgsRectangle:
    """The part of a rectangle of that CRS that lies on the raster, in the raster's CRS; empty where none does."""
    transform = QgsCoordinateTransform(crs, raster.crs(), QgsProject.instance())
    transform.setBallparkTransformsAreAppropriate(True)
    try:
        return transform.transformBoundingBox(rectangle).intersect(raster.extent())
    except QgsCsException:  # the raster's CRS has no place for it
        return QgsRectangle()


def pixels(raster, extent: QgsRectangle) -> tuple[int, int]:
    """Columns and rows of the raster in an extent (its CRS): whole pixels, rounded as the engine rounds bounds."""
    if raster is None or extent.isEmpty() or not raster.width() or not raster.height():
        return 0, 0
    whole = raster.extent()

    def count(low: float, high: float, pixel: float, most: int) -> int:
        first, stop = (math.floor(value / pixel + 0.5) for value in (low, high))
        return max(min(stop, most) - max(first, 0), 0)

    x, y = whole.width() / raster.width(), whole.height() / raster.height()
    columns = count(extent.xMinimum() - whole.xMinimum(), extent.xMaximum() - whole.xMinimum(), x, raster.width())
    rows = count(whole.yMaximum() - extent.yMaximum(), whole.yMaximum() - extent.yMinimum(), y, raster.height())
    return columns, rows


def area_ha(rectangle: QgsRectangle, crs) -> float | None:
    """Hectares on the project's ellipsoid, on that of the CRS where the project has none; None without a CRS."""
    if rectangle.isEmpty() or not crs.isValid():
        return None
    project, measure = QgsProject.instance(), QgsDistanceArea()
    measure.setSourceCrs(crs, project.transformContext())
    known = project.ellipsoid() != "NONE"
    if not measure.setEllipsoid(project.ellipsoid() if known else crs.ellipsoidAcronym()):
        return None
    outline = QgsGeometry.fromRect(rectangle).densifyByCount(_EDGE_POINTS)
    try:
        return measure.convertAreaMeasurement(measure.measureArea(outline), Qgis.AreaUnit.Hectares)
    except QgsCsException:
        return None


def _placed(raster) -> bool:
    """Whether the file says where it lies. Where it does not, QGIS counts rows upwards from the top, GDAL downwards."""
    return raster.crs().isValid() or raster.extent() != QgsRectangle(0, -raster.height(), raster.width(), 0)


class AreaInput(QWidget):
    changed = pyqtSignal()  # what would be computed may be another area now

    def __init__(self, iface, parent=None):
        super().__init__(parent)
        self._canvas = iface.mapCanvas()
        self._raster = None
        self._polygons = None  # the layer whose selection is watched
        self._drawn: QgsReferencedRectangle | None = None
        self._band: QgsRubberBand | None = None
        self._found: QgsRectangle | None = None  # the extent, until something changes
        self._tool = _RectangleTool(self._canvas)
        self._before = None  # the map tool that drawing took the place of
        self._build()
        self._canvas.extentsChanged.connect(self._canvas_moved)
        self._canvas.destinationCrsChanged.connect(self._canvas_moved)
        self._watch(self.polygons.currentLayer())
        self._mode_changed()

    def _build(self):
        self.mode = QComboBox()
        self.mode.setAccessibleName(tr("Area"))
        for key, title in (
            (LAYER, tr("Whole layer")),
            (CANVAS, tr("What the canvas shows")),
            (POLYGONS, tr("Selected polygons")),
            (RECTANGLE, tr("Drawn rectangle")),
        ):
            self.mode.addItem(title, key)
        self.polygons = QgsMapLayerComboBox()
        self.polygons.setAccessibleName(tr("Layer of polygons"))
        self.polygons.setFilters(QgsMapLayerProxyModel.Filter.PolygonLayer)
        self.draw = QPushButton(tr("Draw a rectangle on the map"))
        self.draw.setCheckable(True)
        self.draw.setAutoDefault(False)
        self.note = QLabel()
        self.note.setWordWrap(True)
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        for widget in (self.mode, self.polygons, self.draw, self.note):
            layout.addWidget(widget)
        self.mode.currentIndexChanged.connect(lambda *_: self._mode_changed())
        self.polygons.layerChanged.connect(self._polygons_changed)
        self.draw.clicked.connect(self._draw)
        self._tool.extentChanged.connect(self._rectangle_drawn)
        self._tool.left.connect(self._end_drawing)
        self._tool.deactivated.connect(lambda: self.draw.setChecked(False))

    # --- what the user chose ------------------------------------------------------------------------------------

    def set_layer(self, raster):
        """The raster that the area is a part of, or None."""
        if raster is self._raster:
            return
        if self._raster is not None and not sip.isdeleted(self._raster):
            self._raster.willBeDeleted.disconnect(self._forget_raster)
        self._raster = raster
        if raster is not None:
            raster.willBeDeleted.connect(self._forget_raster)
        self._update()

    def _forget_raster(self):
        self._raster = None
        self._update()

    def _mode_changed(self):
        mode = self.mode.currentData()
        self.polygons.setVisible(mode == POLYGONS)
        self.draw.setVisible(mode == RECTANGLE)
        if mode != RECTANGLE:
            self._end_drawing()
        self._show_band()
        self._update()

    def _canvas_moved(self):
        if self.mode.currentData() == CANVAS:
            self._update()
        self._show_band()

    def _polygons_changed(self, layer):
        self._watch(layer)
        self._update()

    def _watch(self, layer):
        if self._polygons is not None and not sip.isdeleted(self._polygons):
            for signal in self._signals(self._polygons):
                signal.disconnect(self._selection_changed)
            self._polygons.willBeDeleted.disconnect(self._forget_polygons)
        self._polygons = layer
        if layer is not None:
            for signal in self._signals(layer):
                signal.connect(self._selection_changed)
            layer.willBeDeleted.connect(self._forget_polygons)

    def _signals(self, layer):
        return (
            layer.selectionChanged,
            layer.layerModified,
            layer.afterRollBack,
            layer.dataChanged,
            layer.subsetStringChanged,
        )

    def _forget_polygons(self):
        self._polygons = None
        self._selection_changed()

    def _selection_changed(self, *_):
        if self.mode.currentData() == POLYGONS:
            self._update()

    # --- drawing ------------------------------------------------------------------------------------------------

    def _draw(self, on: bool):
        if not on:
            self._end_drawing()
            return
        self._before = self._canvas.mapTool()
        self._canvas.setMapTool(self._tool)
        self._canvas.setFocus()  # Esc is for the tool

    def _end_drawing(self):
        self.draw.setChecked(False)
        if sip.isdeleted(self._canvas) or self._canvas.mapTool() is not self._tool:
            return
        before, self._before = self._before, None
        if before is not None and not sip.isdeleted(before):
            self._canvas.setMapTool(before)
        else:
            self._canvas.unsetMapTool(self._tool)

    def _rectangle_drawn(self, rectangle: QgsRectangle):
        if rectangle.isEmpty():  # a click
            return
        self._drawn = QgsReferencedRectangle(rectangle, self._canvas.mapSettings().destinationCrs())
        self._end_drawing()
        self._show_band()
        self._update()

    def _show_band(self):
        if self.mode.currentData() != RECTANGLE or self._drawn is None or self.isHidden():
            if self._band is not None:
                self._band.hide()
            return
        if self._band is None:
            self._band = QgsRubberBand(self._canvas, Qgis.GeometryType.Polygon)
            color = QColor(_BAND)
            self._band.setStrokeColor(color)
            color.setAlpha(30)
            self._band.setFillColor(color)
            self._band.setWidth(2)
        self._band.setToGeometry(QgsGeometry.fromRect(QgsRectangle(self._drawn)), self._drawn.crs())
        self._band.show()

    def showEvent(self, event):
        super().showEvent(event)
        self._show_band()

    def hideEvent(self, event):
        """A closed panel leaves nothing on the map."""
        super().hideEvent(event)
        if self._band is not None:
            self._band.hide()
        self._end_drawing()

    # --- the area -----------------------------------------------------------------------------------------------

    def _update(self):
        self._found = None
        self.note.setText(self._noted())
        self.note.setVisible(bool(self.note.text()))
        self.changed.emit()

    def extent(self) -> QgsRectangle:
        """What will be computed, in the raster's CRS; empty where it is nothing."""
        if self._found is None:
            self._found = self._extent()
        return QgsRectangle(self._found)

    def _extent(self) -> QgsRectangle:
        mode, raster = self.mode.currentData(), self._raster
        if raster is None:
            return QgsRectangle()
        if mode == LAYER:
            return raster.extent()
        if mode == CANVAS:
            return canvas_extent(self._canvas, raster)
        if mode == RECTANGLE:
            return onto(raster, self._drawn, self._drawn.crs()) if self._drawn is not None else QgsRectangle()
        layer = self._polygons
        if layer is None:
            return QgsRectangle()
        box = layer.boundingBoxOfSelected() if layer.selectedFeatureCount() else layer.extent()
        return onto(raster, box, layer.crs()) if not box.isNull() else QgsRectangle()

    def parameters(self) -> dict:
        """EXTENT and MASK for ofanet:segment and ofanet:classify, as far as they are needed."""
        mode = self.mode.currentData()
        if mode == LAYER or self._raster is None:
            return {}
        parameters = {"EXTENT": QgsReferencedRectangle(self.extent(), self._raster.crs())}
        if mode == POLYGONS and self._polygons is not None:
            selected = bool(self._polygons.selectedFeatureCount())
            parameters["MASK"] = QgsProcessingFeatureSourceDefinition(self._polygons.id(), selected)
        return parameters

    def trouble(self) -> str:
        """What is in the way, in one line; empty where nothing is."""
        if self._raster is None:
            return tr("Choose a raster first")
        mode = self.mode.currentData()
        if mode != LAYER and not _placed(self._raster):
            return tr("The raster has no place on the map: only the whole layer can be computed")
        if mode == POLYGONS and self._polygons is None:
            return tr("Add a layer of polygons to the project, or choose another area")
        if mode == POLYGONS and not self._polygons.featureCount():
            return tr("The layer of polygons is empty: draw one, or choose another area")
        if mode == RECTANGLE and self._drawn is None:
            return tr("Draw a rectangle on the map first")
        if 0 in pixels(self._raster, self.extent()):
            return {
                CANVAS: tr("The canvas does not show the raster: zoom to it first"),
                POLYGONS: tr("The polygons do not touch the raster: select others"),
                RECTANGLE: tr("The rectangle does not touch the raster: draw another"),
            }.get(mode, tr("The raster has no extent"))
        return ""

    def area_ha(self) -> float | None:
        """Ellipsoidal hectares of the extent; None where they are not known."""
        return area_ha(self.extent(), self._raster.crs()) if self._raster is not None else None

    def _noted(self) -> str:
        """How large it is, and which polygons are meant; nothing where there is trouble."""
        if self.trouble():
            return ""
        columns, rows = pixels(self._raster, self.extent())
        area, words = self.area_ha(), [tr("{columns:,} x {rows:,} pixels").format(columns=columns, rows=rows)]
        if area is not None:
            decimals = 2 if area < 10 else 1 if area < 1000 else 0
            words.append(tr("{area} ha").format(area=f"{area:,.{decimals}f}"))
        size = ", ".join(words)
        if self.mode.currentData() != POLYGONS:
            return size
        selected = self._polygons.selectedFeatureCount()
        chosen = tr("All polygons, since none is selected")
        if selected:
            chosen = tr("Selected: {count:,}").format(count=selected)
        return tr("{polygons}; within {size}").format(polygons=chosen, size=size)

    # --- the end ------------------------------------------------------------------------------------------------

    def close_down(self):
        """Leaves nothing on the map, and listens to nothing any more."""
        self._end_drawing()
        self._canvas.extentsChanged.disconnect(self._canvas_moved)
        self._canvas.destinationCrsChanged.disconnect(self._canvas_moved)
        self._watch(None)
        self.set_layer(None)
        self._tool.deleteLater()
        self._drawn = None
        if self._band is not None:
            self._canvas.scene().removeItem(self._band)
            self._band = None


class _RectangleTool(QgsMapToolExtent):
    left = pyqtSignal()  # the user pressed Esc

    def keyPressEvent(self, event):
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)
