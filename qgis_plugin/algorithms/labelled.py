"""What algorithms share that learn from labels or are scored on them."""

import tempfile
from contextlib import contextmanager
from pathlib import Path

from qgis.core import (
    QgsProcessing,
    QgsProcessingException,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterField,
    QgsProcessingParameterMultipleLayers,
    QgsProviderRegistry,
)

from ..engine.modules import errors
from ..engine.raster_facts import source_path
from ..i18n.texts import tr
from .common import EngineAlgorithm
from .parameters import RASTER, add, advanced, number_parameter, text_parameter, title_of
from .vector_export import export_labels, has_places, is_points


class LabelledAlgorithm(EngineAlgorithm):
    def __init__(self):
        super().__init__()
        self._label_rasters = []
        self._label_file = ""  # that holds the same labels as the layer; "" where none does

    def add_labels(self, hint: str):
        """A vector layer with a class field, or rasters of classes."""
        title = title_of("LABELS", hint)
        kinds = [QgsProcessing.SourceType.TypeVectorAnyGeometry]
        words = tr(
            "A layer in any coordinate system, with a field of classes, as text or whole numbers. Selection, filter "
            "and unsaved edits count."
        )
        add(self, QgsProcessingParameterFeatureSource("LABELS", title, kinds, optional=True), words)
        text = title_of("FIELD", tr("empty: found by its name"))
        field = QgsProcessingParameterField("FIELD", text, parentLayerParameterName="LABELS", optional=True)
        add(self, field, tr("The field of the labels that holds the class."))
        words = tr("Around a label that is a point or a line, the pixels whose centre is nearer are labelled, too.")
        radius = number_parameter(self, "RADIUS", tr("pixels; 0: the one that a point lies in"), decimals=1)
        add(self, advanced(radius), words)
        text = tr("Label rasters instead (one for each raster, in the same order)")
        rasters = QgsProcessingParameterMultipleLayers("LABEL_RASTERS", text, RASTER, optional=True)
        words = tr(
            "Rasters of class numbers, where you have these instead of a layer; no data is no label. Those on another "
            "grid are resampled by nearest neighbour."
        )
        add(self, advanced(rasters), words)
        ignored = text_parameter("IGNORE", tr("e.g. unsure,other"))
        add(self, advanced(ignored), tr("Classes to leave out, by their names or numbers, with commas between them."))

    def _check_more(self, parameters, context):
        named, rasters = bool(parameters.get("LABELS")), self._several(parameters, "LABEL_RASTERS", context)
        if named == bool(rasters):
            raise errors.InputError(tr("Expected either a layer of labels or label rasters: choose one of the two"))
        for layer in rasters:
            source_path(layer)
        inputs = self._rasters(parameters, context)
        if rasters and len(rasters) != len(inputs):
            text = tr("Expected one label raster for each raster, in the same order, found {labels} for {rasters}")
            raise errors.InputError(text.format(labels=len(rasters), rasters=len(inputs)))
        source = self.parameterAsSource(parameters, "LABELS", context) if named else None
        if source is not None:  # else QGIS's own check says what is wrong
            self._check_source(source, self.parameterAsString(parameters, "FIELD", context))

    def _check_source(self, source, field: str):
        if not has_places(source):
            wanted = tr("polygons, points or lines")
            text = tr("Expected a layer of {wanted}, found another kind of geometry in {layer}")
            raise errors.InputError(text.format(wanted=wanted, layer=source.sourceName()))
        names = source.fields().names()
        if field and field not in names:
            text = tr("Expected a class field of {layer} ({names}), found {field}")
            raise errors.InputError(text.format(layer=source.sourceName(), names=", ".join(names), field=field))

    def prepareAlgorithm(self, parameters, context, feedback):
        try:
            rasters = self._several(parameters, "LABEL_RASTERS", context)
            self._label_rasters = [source_path(layer) for layer in rasters]
            self._label_file = _file_of(parameters, self.parameterAsVectorLayer(parameters, "LABELS", context))
        except errors.OfaError as error:
            raise QgsProcessingException(str(error)) from error
        return super().prepareAlgorithm(parameters, context, feedback)

    @contextmanager
    def labels(self, parameters, context, feedback):
        """The engine's option for labels; the file that it may name is deleted afterwards."""
        if self._label_rasters:
            yield {"labels": self._label_rasters}
            return
        source = self.parameterAsSource(parameters, "LABELS", context)
        if source is None:
            raise QgsProcessingException(self.invalidSourceError(parameters, "LABELS"))
        field = self.parameterAsString(parameters, "FIELD", context) or None
        only = None if is_points(source) else field  # what the estimates need stands in the points' other fields
        with tempfile.TemporaryDirectory(prefix="ofanet-", ignore_cleanup_errors=True) as folder:
            yield {"labels": [export_labels(source, only, Path(folder), context, feedback)]}


def _file_of(parameters: dict, layer) -> str:
    """The file of a layer as the engine names it; "" where it holds other labels: of a selection, a filter, unsaved
    edits, a layer in memory."""
    source = parameters.get("LABELS")
    if getattr(source, "selectedFeaturesOnly", False) or layer is None or layer.providerType() != "ogr":
        return ""
    if layer.subsetString() or layer.isModified():
        return ""
    parts = QgsProviderRegistry.instance().decodeUri("ogr", layer.source())
    name = parts.get("layerName")
    return f"{parts.get('path')}|layername={name}" if name else str(parts.get("path") or "")
