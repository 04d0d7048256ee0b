"""Labels of a vector layer, as a file that the engine can read: also of unsaved, filtered and edited layers."""

import re
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

_KINDS = {Qgis.GeometryType.Polygon: Qgis.WkbType.MultiPolygon, Qgis.GeometryType.Point: Qgis.WkbType.Point}


def is_polygons(source) -> bool:
    return QgsWkbTypes.geometryType(source.wkbType()) == Qgis.GeometryType.Polygon


def is_points(source) -> bool:
    return QgsWkbTypes.geometryType(source.wkbType()) == Qgis.GeometryType.Point


def export(source, field: str | None, folder: Path, context, feedback) -> str:
    """Writes what the user chose of a layer (the selection, the filter, edits that are not saved) to a GeoPackage in
    `folder`, in the layer's CRS, and returns its path. Only `field` where it is named, since only that one is read.

    Reports carry the file's name, so that is the layer's. Raises QgsProcessingException.
    """
    name = re.sub(r'[<>:"/\\|?*\x00-\x1f]+', "_", source.sourceName()).strip(" .") or "labels"
    path = str(folder / f"{name[:80]}.gpkg")
    indices = range(len(source.fields())) if field is None else [source.fields().lookupField(field)]
    fields = QgsFields()
    for index in indices:
        fields.append(source.fields().at(index))
    kind = _KINDS[QgsWkbTypes.geometryType(source.wkbType())]
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.driverName, options.layerName, options.fileEncoding = "GPKG", "labels", "UTF-8"
    options.layerOptions = ["FID=label_fid"]  # a field "fid" may hold anything, after a merge the same number twice
    transforms = context.transformContext()
    writer = QgsVectorFileWriter.create(path, fields, kind, source.sourceCrs(), transforms, options)
    request = QgsFeatureRequest()
    request.setSubsetOfAttributes(list(indices))
    written = 0
    # a polygon that crosses itself still covers pixels
    unchecked = QgsProcessingFeatureSource.Flag.FlagSkipGeometryValidityChecks
    for found in source.getFeatures(request, unchecked):
        if feedback.isCanceled() or writer.hasError():
            break
        for geometry in found.geometry().coerceToType(kind):
            label = QgsFeature(fields)
            label.setGeometry(geometry)
            label.setAttributes([found.attribute(index) for index in indices])
            written += writer.addFeature(label, QgsFeatureSink.Flag.FastInsert)
    problem = writer.errorMessage() if writer.hasError() else ""
    del writer  # closes the file
    if problem:
        text = tr("The labels could not be written to {path}: {why}")
        raise QgsProcessingException(text.format(path=path, why=problem))
    if not written and not feedback.isCanceled():
        text = tr("Expected labels in {layer}, found none: is nothing selected, or does its filter leave out all?")
        raise QgsProcessingException(text.format(layer=source.sourceName()))
    return path
