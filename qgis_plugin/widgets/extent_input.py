"""Which part of a raster is computed: all of it, what the canvas shows, under polygons, in a drawn rectangle."""

from qgis.core import (
    QgsMapLayerProxyModel,
    QgsProcessingFeatureSourceDefinition,
    QgsRectangle,
    QgsReferencedRectangle,
)
from qgis.gui import QgsMapLayerComboBox
from qgis.PyQt import sip
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QComboBox, QLabel, QPushButton, QVBoxLayout, QWidget

from ..i18n.texts import tr
from ..results.live_map import canvas_extent
from .extents import area_ha, extent_on, is_georeferenced, pixels
from .rectangle_drawing import RectangleDrawing

LAYER, CANVAS, POLYGONS, RECTANGLE = "layer", "canvas", "polygons", "rectangle"


class ExtentInput(QWidget):
    changed = pyqtSignal()  # the extent may be another one now

    def __init__(self, iface, parent=None):
        super().__init__(parent)
        self._canvas = iface.mapCanvas()
        self._raster = None
        self._polygons = None  # the layer whose selection is followed
        self._extent: QgsRectangle | None = None  # until something changes
        self._drawing = RectangleDrawing(self._canvas, self)
        self._build()
        self._canvas.extentsChanged.connect(self._canvas_moved)
        self._canvas.destinationCrsChanged.connect(self._canvas_moved)
        self._follow(self.polygons.currentLayer())
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
        self._drawing.drawn.connect(self._rectangle_drawn)
        self._drawing.stopped.connect(lambda: self.draw.setChecked(False))

    # --- the user's choice --------------------------------------------------------------------------------------

    def set_layer(self, raster):
        """The raster that is to be computed, or None."""
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
            self._stop_drawing()
        self._show_band()
        self._update()

    def _canvas_moved(self):
        if self.mode.currentData() == CANVAS:
            self._update()
        self._show_band()

    def _polygons_changed(self, layer):
        self._follow(layer)
        self._update()

    def _follow(self, layer):
        """From now on the selection in this layer counts."""
        if self._polygons is not None and not sip.isdeleted(self._polygons):
            for signal in _selection_signals(self._polygons):
                signal.disconnect(self._selection_changed)
            self._polygons.willBeDeleted.disconnect(self._forget_polygons)
        self._polygons = layer
        if layer is not None:
            for signal in _selection_signals(layer):
                signal.connect(self._selection_changed)
            layer.willBeDeleted.connect(self._forget_polygons)

    def _forget_polygons(self):
        self._polygons = None
        self._selection_changed()

    def _selection_changed(self, *_):
        if self.mode.currentData() == POLYGONS:
            self._update()

    # --- the drawn rectangle ------------------------------------------------------------------------------------

    def _draw(self, on: bool):
        if on:
            self._drawing.start()
        else:
            self._stop_drawing()

    def _stop_drawing(self):
        self.draw.setChecked(False)
        self._drawing.stop()

    def _rectangle_drawn(self):
        self._show_band()
        self._update()

    def _show_band(self):
        self._drawing.show_band(self.mode.currentData() == RECTANGLE and not self.isHidden())

    def showEvent(self, event):
        super().showEvent(event)
        self._show_band()

    def hideEvent(self, event):
        """A closed panel leaves nothing on the map."""
        super().hideEvent(event)
        self._drawing.show_band(False)
        self._stop_drawing()

    # --- the extent ---------------------------------------------------------------------------------------------

    def _update(self):
        self._extent = None
        self.note.setText(self._note())
        self.note.setVisible(bool(self.note.text()))
        self.changed.emit()

    def extent(self) -> QgsRectangle:
        """What will be computed, in the raster's CRS; empty where that is nothing."""
        if self._extent is None:
            self._extent = self._chosen_extent()
        return QgsRectangle(self._extent)

    def _chosen_extent(self) -> QgsRectangle:
        mode, raster = self.mode.currentData(), self._raster
        if raster is None:
            return QgsRectangle()
        if mode == LAYER:
            return raster.extent()
        if mode == CANVAS:
            return canvas_extent(self._canvas, raster)
        if mode == RECTANGLE:
            drawn = self._drawing.rectangle
            return extent_on(raster, drawn, drawn.crs()) if drawn is not None else QgsRectangle()
        layer = self._polygons
        if layer is None:
            return QgsRectangle()
        box = layer.boundingBoxOfSelected() if layer.selectedFeatureCount() else layer.extent()
        return extent_on(raster, box, layer.crs()) if not box.isNull() else QgsRectangle()

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
        """Why nothing can be computed, in one line; empty where it can."""
        if self._raster is None:
            return tr("Choose a raster first")
        mode = self.mode.currentData()
        if mode != LAYER and not is_georeferenced(self._raster):
            return tr("The raster is not georeferenced: only the whole layer can be computed")
        if mode == POLYGONS and self._polygons is None:
            return tr("Add a layer of polygons to the project, or choose another area")
        if mode == POLYGONS and not self._polygons.featureCount():
            return tr("The layer of polygons is empty: draw one, or choose another area")
        if mode == RECTANGLE and self._drawing.rectangle is None:
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

    def _note(self) -> str:
        """How large the extent is, and which polygons count; empty where nothing can be computed."""
        if self.trouble():
            return ""
        columns, rows = pixels(self._raster, self.extent())
        area, parts = self.area_ha(), [tr("{columns:,} x {rows:,} pixels").format(columns=columns, rows=rows)]
        if area is not None:
            decimals = 2 if area < 10 else 1 if area < 1000 else 0
            parts.append(tr("{area} ha").format(area=f"{area:,.{decimals}f}"))
        size = ", ".join(parts)
        if self.mode.currentData() != POLYGONS:
            return size
        selected = self._polygons.selectedFeatureCount()
        chosen = tr("All polygons, since none is selected")
        if selected:
            chosen = tr("Selected: {count:,}").format(count=selected)
        return tr("{polygons}; within {size}").format(polygons=chosen, size=size)

    # --- the end ------------------------------------------------------------------------------------------------

    def close_down(self):
        """Leaves nothing on the map, and is connected to nothing any more."""
        self._stop_drawing()
        self._canvas.extentsChanged.disconnect(self._canvas_moved)
        self._canvas.destinationCrsChanged.disconnect(self._canvas_moved)
        self._follow(None)
        self.set_layer(None)
        self._drawing.close()


def _selection_signals(layer):
    """What may change the selection in a layer, or where its polygons are."""
    return (
        layer.selectionChanged,
        layer.layerModified,
        layer.afterRollBack,
        layer.dataChanged,
        layer.subsetStringChanged,
    )
