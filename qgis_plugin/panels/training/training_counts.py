"""What the training polygons say of each class: how many, how large in pixels of the raster, and what is amiss."""

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
    warnings: list[str] = field(default_factory=list)


@dataclass
class Counted:
    rows: list[ClassRow]
    whole: bool  # whether all polygons were counted

    def usable(self) -> list[ClassRow]:
        """The classes that a head can learn."""
        return [row for row in self.rows if row.name and row.pixels > 0]


def count(layer, class_field: str, raster) -> Counted:
    listed = listed_classes(layer, class_field)
    rows = {name: ClassRow(name, color) for name, color in listed.items()}
    transform = QgsCoordinateTransform(layer.crs(), raster.crs(), QgsProject.instance())
    extent, pixel = raster.extent(), raster.rasterUnitsPerPixelX() * raster.rasterUnitsPerPixelY()
    frame = QgsGeometry.fromRect(extent)
    request = QgsFeatureRequest().setSubsetOfAttributes([layer.fields().lookupField(class_field)])
    shapes, names, outside, tiny = QgsSpatialIndex(), {}, {}, {}
    geometries, whole = {}, True
    for number, feature in enumerate(layer.getFeatures(request)):
        if number >= MOST_POLYGONS:
            whole = False
            break
        name, shape = class_of(feature, class_field), QgsGeometry(feature.geometry())
        if name not in rows:
            taken = [row.color for row in rows.values()]
            rows[name] = ClassRow(name, colors.color_for(name, taken) if name else "#e6007e")
        rows[name].polygons += 1
        try:
            shape.transform(transform)
        except QgsCsException:
            outside[name] = outside.get(name, 0) + 1
            continue
        inside = shape if extent.contains(shape.boundingBox()) else shape.intersection(frame)
        pixels = inside.area() / pixel if pixel and not inside.isEmpty() else 0.0
        if not pixels:
            outside[name] = outside.get(name, 0) + 1
            continue
        if pixels < 1:
            tiny[name] = tiny.get(name, 0) + 1
        rows[name].pixels += pixels
        geometries[number], names[number] = shape, name
        shapes.addFeature(number, shape.boundingBox())
    quarrels = _overlaps(geometries, names, shapes, pixel)
    for name, row in rows.items():
        row.warnings = _warnings(row, outside.get(name, 0), tiny.get(name, 0), sorted(quarrels.get(name, ())))
    ordered = sorted(rows.values(), key=lambda row: not row.name)  # polygons without a class come last
    return Counted(ordered, whole)


def _overlaps(geometries: dict, names: dict, index, pixel: float) -> dict[str, set[str]]:
    """Class -> classes whose polygons cover a pixel or more of its own."""
    found: dict[str, set[str]] = {}
    for number, shape in geometries.items():
        for other in index.intersects(shape.boundingBox()):
            mine, theirs = names[number], names[other]
            if other <= number or mine == theirs or not mine or not theirs or theirs in found.get(mine, ()):
                continue
            if shape.intersection(geometries[other]).area() >= pixel:
                found.setdefault(mine, set()).add(theirs)
                found.setdefault(theirs, set()).add(mine)
    return found


def _warnings(row: ClassRow, outside: int, tiny: int, quarrels: list[str]) -> list[str]:
    if not row.name:
        return [tr("give them a class, or they are left out")]
    told = []
    if not row.polygons:
        told.append(tr("draw a polygon"))
    elif outside == row.polygons:
        told.append(tr("no polygon lies on the raster"))
    elif outside:
        told.append(tr("{count} not on the raster").format(count=outside))
    if row.polygons - outside == 1:
        told.append(tr("one polygon: not scored; draw another elsewhere"))
    if quarrels:
        told.append(tr("overlaps {classes}: not used there").format(classes=", ".join(quarrels)))
    if tiny:
        told.append(tr("{count} smaller than a pixel").format(count=tiny))
    return told
