"""The training polygons of each class: how many, how many pixels of the raster they cover, and what is wrong."""

from dataclasses import dataclass, field

from qgis.core import (
    QgsCoordinateTransform,
    QgsCsException,
    QgsFeatureRequest,
    QgsGeometry,
    QgsProject,
    QgsSpatialIndex,
)

from ...engine.modules import colors
from ...i18n.texts import tr
from .training_layer import class_of, listed_classes

MOST_POLYGONS = 3000  # counted while one draws: more would be felt


@dataclass
class ClassRow:
    name: str  # empty: polygons without a class
    color: str
    polygons: int = 0
    pixels: float = 0.0
    outside: int = 0  # polygons that do not lie on the raster
    tiny: int = 0  # polygons smaller than a pixel
    overlaps: set[str] = field(default_factory=set)  # classes whose polygons cover a pixel or more of this one's

    def warnings(self) -> list[str]:
        if not self.name:
            return [tr("give them a class, or they are left out")]
        found = []
        if not self.polygons:
            found.append(tr("draw a polygon"))
        elif self.outside == self.polygons:
            found.append(tr("no polygon lies on the raster"))
        elif self.outside:
            found.append(tr("{count} not on the raster").format(count=self.outside))
        if self.polygons - self.outside == 1:
            found.append(tr("one polygon: not scored; draw another elsewhere"))
        if self.overlaps:
            found.append(tr("overlaps {classes}: not used there").format(classes=", ".join(sorted(self.overlaps))))
        if self.tiny:
            found.append(tr("{count} smaller than a pixel").format(count=self.tiny))
        return found


@dataclass
class PolygonCounts:
    rows: list[ClassRow]
    complete: bool  # whether all polygons were counted

    def usable(self) -> list[ClassRow]:
        """The classes that a head can learn."""
        return [row for row in self.rows if row.name and row.pixels > 0]


def count(layer, class_field: str, raster, most: int = MOST_POLYGONS) -> PolygonCounts:
    """Counts the first `most` polygons of a layer on a raster."""
    listed = listed_classes(layer, class_field)
    rows = {name: ClassRow(name, color) for name, color in listed.items()}
    request = QgsFeatureRequest().setSubsetOfAttributes([layer.fields().lookupField(class_field)])
    on_raster, complete = _OnRaster(layer, raster), True
    shapes: list[tuple[ClassRow, QgsGeometry]] = []
    for number, feature in enumerate(layer.getFeatures(request)):
        if number >= most:
            complete = False
            break
        row = _row(rows, class_of(feature, class_field))
        row.polygons += 1
        shape, pixels = on_raster.measure(QgsGeometry(feature.geometry()))
        if not pixels:
            row.outside += 1
            continue
        row.tiny += pixels < 1
        row.pixels += pixels
        shapes.append((row, shape))
    _find_overlaps(shapes, on_raster.pixel_area)
    ordered = sorted(rows.values(), key=lambda row: not row.name)  # polygons without a class come last
    return PolygonCounts(ordered, complete)


def _row(rows: dict[str, ClassRow], name: str) -> ClassRow:
    """That of a class; a new one where the legend does not list it."""
    if name not in rows:
        taken = [row.color for row in rows.values()]
        rows[name] = ClassRow(name, colors.color_for(name, taken) if name else "#e6007e")
    return rows[name]


class _OnRaster:
    def __init__(self, layer, raster):
        self._transform = QgsCoordinateTransform(layer.crs(), raster.crs(), QgsProject.instance())
        self._extent, self._frame = raster.extent(), QgsGeometry.fromRect(raster.extent())
        self.pixel_area = raster.rasterUnitsPerPixelX() * raster.rasterUnitsPerPixelY()

    def measure(self, shape: QgsGeometry) -> tuple[QgsGeometry, float]:
        """The polygon in the raster's CRS, and how many pixels it covers; 0 where it lies elsewhere."""
        try:
            shape.transform(self._transform)
        except QgsCsException:
            return shape, 0.0
        inside = shape if self._extent.contains(shape.boundingBox()) else shape.intersection(self._frame)
        return shape, inside.area() / self.pixel_area if self.pixel_area and not inside.isEmpty() else 0.0


def _find_overlaps(shapes: list[tuple[ClassRow, QgsGeometry]], pixel_area: float):
    index = QgsSpatialIndex()
    for number, (_, shape) in enumerate(shapes):
        index.addFeature(number, shape.boundingBox())
    for number, (row, shape) in enumerate(shapes):
        for other_number in index.intersects(shape.boundingBox()):
            other, other_shape = shapes[other_number]
            known = other is row or not row.name or not other.name or other.name in row.overlaps
            if other_number > number and not known and shape.intersection(other_shape).area() >= pixel_area:
                row.overlaps.add(other.name)
                other.overlaps.add(row.name)
