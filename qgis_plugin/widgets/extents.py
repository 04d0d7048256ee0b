"""What of a rectangle lies on a raster: its pixels, its hectares."""

import math

from qgis.core import (
    Qgis,
    QgsCoordinateTransform,
    QgsCsException,
    QgsDistanceArea,
    QgsGeometry,
    QgsProject,
    QgsRectangle,
)

_EDGE_POINTS = 20  # on each edge of a rectangle whose ellipsoidal area is measured


def extent_on(raster, rectangle: QgsRectangle, crs) -> QgsRectangle:
    """The part of a rectangle of that CRS that lies on the raster, in the raster's CRS; empty where none does."""
    transform = QgsCoordinateTransform(crs, raster.crs(), QgsProject.instance())
    transform.setBallparkTransformsAreAppropriate(True)
    try:
        return transform.transformBoundingBox(rectangle).intersect(raster.extent())
    except QgsCsException:  # outside of what the raster's CRS covers
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
    """Hectares on the project's ellipsoid, on that of the CRS where the project has none; None without a CRS on the
    Earth."""
    if rectangle.isEmpty() or not crs.isValid():
        return None
    project, measure = QgsProject.instance(), QgsDistanceArea()
    measure.setSourceCrs(crs, project.transformContext())
    known = project.ellipsoid() != "NONE"
    if not measure.setEllipsoid(project.ellipsoid() if known else crs.ellipsoidAcronym()):
        return None
    outline = QgsGeometry.fromRect(rectangle).densifyByCount(_EDGE_POINTS)
    try:
        area = measure.convertAreaMeasurement(measure.measureArea(outline), Qgis.AreaUnit.Hectares)
    except QgsCsException:
        return None
    return area if math.isfinite(area) else None


def is_georeferenced(raster) -> bool:
    """Whether the file says where it lies. Where it does not, QGIS counts rows upwards from the top, GDAL downwards."""
    return raster.crs().isValid() or raster.extent() != QgsRectangle(0, -raster.height(), raster.width(), 0)
