"""Vector layers as files that the engine can read, with the user's selection, filter and unsaved edits."""

import re
from collections.abc import Sequence
from pathlib import Path

from qgis.core import (
    Qgis,
    QgsFeature,
    QgsFeatureRequest,
    QgsFeatureSink,
    QgsFields,
    QgsProcessingException,
    QgsProcessingFeatureSource,
    QgsVectorFileWriter,
    QgsWkbTypes,
)

from ..i18n.texts import tr

_KINDS = {
    Qgis.GeometryType.Polygon: Qgis.WkbType.MultiPolygon,
    Qgis.GeometryType.Line: Qgis.WkbType.MultiLineString,
    Qgis.GeometryType.Point: Qgis.WkbType.Point,
}


def is_polygons(source) -> bool:
    return QgsWkbTypes.geometryType(source.wkbType()) == Qgis.GeometryType.Polygon


def has_places(source) -> bool:
    """Whether it is a layer of geometries, not a table."""
    return QgsWkbTypes.geometryType(source.wkbType()) in _KINDS


def is_points(source) -> bool:
    return QgsWkbTypes.geometryType(source.wkbType()) == Qgis.GeometryType.Point


def export_labels(source, field: str | None, folder: Path, context, feedback) -> str:
    """Polygons, points or lines with their attributes, in a GeoPackage in `folder`.

    Args:
        source: the layer, as Processing hands it over.
        field: the one attribute to write; None for all.
        folder: where the file goes. It bears the layer's name, which reports show.
        context, feedback: Processing's.

    Returns:
        The file's path.

    Raises:
        QgsProcessingException: where there is nothing to write, or it cannot be written.
    """
    indices = range(len(source.fields())) if field is None else [source.fields().lookupField(field)]
    path, written, problem = _write(source, indices, "labels", folder, context, feedback)
    if problem:
        text = tr("The labels could not be written to {path}: {why}")
        raise QgsProcessingException(text.format(path=path, why=problem))
    if not written and not feedback.isCanceled():
        text = tr("Expected labels in {layer}, found none: is nothing selected, or does its filter leave out all?")
        raise QgsProcessingException(text.format(layer=source.sourceName()))
    return path


def export_polygons(source, folder: Path, context, feedback) -> str:
    """Polygons alone, likewise."""
    path, _, problem = _write(source, [], "mask", folder, context, feedback)
    if problem:
        text = tr("The polygons could not be written to {path}: {why}")
        raise QgsProcessingException(text.format(path=path, why=problem))
    return path


def _write(source, indices: Sequence[int], layer: str, folder: Path, context, feedback) -> tuple[str, int, str]:
    """(the file's path, how many features it has, what went wrong), with the attributes of these indices."""
    name = re.sub(r'[<>:"/\\|?*\x00-\x1f]+', "_", source.sourceName())[:80].strip(" .") or layer
    path = str(folder / f"{name}.gpkg")
    fields = QgsFields()
    for index in indices:
        fields.append(source.fields().at(index))
    kind = _KINDS[QgsWkbTypes.geometryType(source.wkbType())]
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.driverName, options.layerName, options.fileEncoding = "GPKG", layer, "UTF-8"
    options.layerOptions = ["FID=label_fid"]  # a field "fid" may hold anything, after a merge the same number twice
    writer = QgsVectorFileWriter.create(path, fields, kind, source.sourceCrs(), context.transformContext(), options)
    request = QgsFeatureRequest()
    request.setSubsetOfAttributes(list(indices))
    written = 0
    # a polygon that crosses itself still covers pixels
    unchecked = QgsProcessingFeatureSource.Flag.FlagSkipGeometryValidityChecks
    for found in source.getFeatures(request, unchecked):
        if feedback.isCanceled() or writer.hasError():
            break
        for geometry in found.geometry().coerceToType(kind):
            feature = QgsFeature(fields)
            feature.setGeometry(geometry)
            feature.setAttributes([found.attribute(index) for index in indices])
            written += writer.addFeature(feature, QgsFeatureSink.Flag.FastInsert)
    problem = writer.errorMessage() if writer.hasError() else ""
    del writer  # closes the file
    return path, written, problem
