"""Where the head is least sure: places of a confidence layer, the least confident first."""

from dataclasses import dataclass

import numpy as np
from qgis.core import Qgis, QgsCoordinateTransform, QgsGeometry, QgsProject, QgsRasterLayer, QgsRectangle
from qgis.gui import QgsRubberBand
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QColor

PLACES = 12  # along the longer side
_LEAST_PX = 16  # a place is no smaller
_READ = 8  # values read along a side of a place


@dataclass(frozen=True)
class Place:
    rectangle: QgsRectangle  # in the layer's CRS
    confidence: float


def places(layer: QgsRasterLayer) -> list[Place]:
    """Blocks of the layer by their mean confidence, lowest first. Reads a sparse grid, so its cost does not grow with
    the layer; blocks of which more than half is nodata are left out."""
    extent, columns, rows = layer.extent(), layer.width(), layer.height()
    block_px = max(_LEAST_PX, -(-max(columns, rows) // PLACES))
    across, down = -(-columns // block_px), -(-rows // block_px)
    width, height = min(columns, across * _READ), min(rows, down * _READ)
    values = _read(layer, extent, width, height)
    found = []
    for j in range(down):
        for i in range(across):
            left, right = (round(min(k * block_px, columns) * width / columns) for k in (i, i + 1))
            top, bottom = (round(min(k * block_px, rows) * height / rows) for k in (j, j + 1))
            part = values[top:bottom, left:right]
            known = np.isfinite(part)
            if not part.size or known.mean() < 0.5:
                continue
            found.append(Place(_rectangle(extent, columns, rows, block_px, i, j), float(part[known].mean())))
    return sorted(found, key=lambda place: place.confidence)


def _read(layer, extent, width: int, height: int):
    """(height, width) confidences, NaN where there are none."""
    block = layer.dataProvider().block(1, extent, width, height)
    if not block.isValid():
        return np.full((height, width), np.nan)
    values = np.array([[block.value(j, i) for i in range(width)] for j in range(height)], float)
    missing = np.array([[block.isNoData(j, i) for i in range(width)] for j in range(height)], bool)
    values[missing] = np.nan
    return values


def _rectangle(extent, columns: int, rows: int, block_px: int, i: int, j: int) -> QgsRectangle:
    x, y = extent.width() / columns, extent.height() / rows
    right, bottom = min((i + 1) * block_px, columns), min((j + 1) * block_px, rows)
    return QgsRectangle(
        extent.xMinimum() + i * block_px * x,
        extent.yMaximum() - bottom * y,
        extent.xMinimum() + right * x,
        extent.yMaximum() - j * block_px * y,
    )


def next_place(found: list[Place], shown: list[QgsRectangle]) -> Place | None:
    """The least confident place whose middle was not in one that was shown."""
    for place in found:
        middle = place.rectangle.center()
        if not any(rectangle.contains(middle) for rectangle in shown):
            return place
    return None


class UncertainPlaces:
    """Leads the canvas from one uncertain place to the next; a new map does not bring back those that were shown."""

    def __init__(self, canvas):
        self._canvas, self._band = canvas, None
        self._found: list[Place] = []
        self._of = ""  # the layer they were found in
        self._shown: list[QgsRectangle] = []

    @property
    def number(self) -> int:
        return len(self._shown)

    def show_next(self, layer: QgsRasterLayer) -> Place | None:
        """Moves the canvas and frames the place. After the last one it starts over; None where there is none."""
        if self._of != layer.id():
            self._found, self._of = places(layer), layer.id()
        place = next_place(self._found, self._shown)
        if place is None and self._shown:
            self._shown = []
            place = next_place(self._found, self._shown)
        if place is None:
            return None
        self._shown.append(place.rectangle)
        crs = self._canvas.mapSettings().destinationCrs()
        view = QgsCoordinateTransform(layer.crs(), crs, QgsProject.instance()).transformBoundingBox(place.rectangle)
        view.scale(3)
        self._canvas.setExtent(view)
        self._canvas.refresh()
        self._frame(place.rectangle, layer.crs())
        return place

    def _frame(self, rectangle: QgsRectangle, crs):
        if self._band is None:
            self._band = QgsRubberBand(self._canvas, Qgis.GeometryType.Polygon)
            self._band.setStrokeColor(QColor("#e6007e"))
            self._band.setFillColor(QColor(0, 0, 0, 0))
            self._band.setWidth(2)
            self._band.setLineStyle(Qt.PenStyle.DashLine)
        self._band.setToGeometry(QgsGeometry.fromRect(rectangle), crs)

    def close(self):
        if self._band is not None:
            self._canvas.scene().removeItem(self._band)
            self._band = None
