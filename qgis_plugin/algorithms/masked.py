"""What algorithms share that can skip parts of the raster: polygons, a mask raster."""

import tempfile
from contextlib import contextmanager
from pathlib import Path

from qgis.core import (
    QgsProcessingException,
    QgsProcessingFeatureSourceDefinition,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterRasterLayer,
    QgsProcessingUtils,
    QgsProviderRegistry,
    QgsVectorLayer,
    QgsWkbTypes,
)

from ..engine.modules import errors
from ..engine.raster_facts import source_path
from ..i18n.texts import tr
from .common import EngineAlgorithm
from .parameters import VECTOR_POLYGON, add, advanced, text_parameter, title_of
from .vector_export import export_polygons, is_polygons


class MaskedAlgorithm(EngineAlgorithm):
    def __init__(self):
        super().__init__()
        self._valid_mask, self._mask = None, None

    def add_masks(self):
        title, kinds = title_of("MASK"), [VECTOR_POLYGON]
        words = tr(
            "Polygons in any coordinate system: what lies outside of them is left out of map, areas and report. "
            "Selection, filter and unsaved edits count. Empty: the whole raster."
        )
        add(self, QgsProcessingParameterFeatureSource("MASK", title, kinds, optional=True), words)
        title = title_of("VALID_MASK", tr("e.g. of clouds"))
        words = tr(
            "A raster that says which pixels not to use, in any grid and coordinate system. Sentinel-2's scene "
            "classification (SCL) is recognised by its name: clouds, shadows, snow and defects are left out. Of "
            "another raster, the pixels that are 0."
        )
        add(self, advanced(QgsProcessingParameterRasterLayer("VALID_MASK", title, optional=True)), words)
        words = tr(
            "Numbers with commas between them, where others are to be left out than the mask raster's usual ones."
        )
        add(self, advanced(text_parameter("MASK_VALUES", tr("to leave out, e.g. 3,8,9,10"))), words)

    def _check_more(self, parameters, context):
        raster = self.parameterAsRasterLayer(parameters, "VALID_MASK", context)
        if raster is not None:
            source_path(raster)
        values = self.parameterAsString(parameters, "MASK_VALUES", context)
        if _are_numbers(values) and not parameters.get("VALID_MASK"):
            raise errors.InputError(tr("Expected a mask raster with the values to leave out, found none: choose one"))
        source = self.parameterAsSource(parameters, "MASK", context) if parameters.get("MASK") else None
        if source is not None:  # else QGIS's own check says what is wrong
            _check_polygons(source)

    def prepareAlgorithm(self, parameters, context, feedback):
        raster = self.parameterAsRasterLayer(parameters, "VALID_MASK", context)
        try:
            self._valid_mask = None if raster is None else source_path(raster)
        except errors.OfaError as error:
            raise QgsProcessingException(str(error)) from error
        if self._valid_mask is None and parameters.get("VALID_MASK"):
            raise QgsProcessingException(self.invalidRasterError(parameters, "VALID_MASK"))
        self._mask = whole_file(parameters.get("MASK"), context)  # asks the layer, which lives in this thread
        return super().prepareAlgorithm(parameters, context, feedback)

    def engine_options(self, parameters, context):
        return super().engine_options(parameters, context) | {"valid_mask": self._valid_mask}

    @contextmanager
    def mask(self, parameters, context, feedback):
        """The engine's option for polygons; the file that it may name is deleted afterwards."""
        source = self.parameterAsSource(parameters, "MASK", context) if parameters.get("MASK") else None
        if source is None and parameters.get("MASK"):
            raise QgsProcessingException(self.invalidSourceError(parameters, "MASK"))
        if source is None or self._mask:
            yield {"mask": self._mask}
            return
        with tempfile.TemporaryDirectory(prefix="ofanet-", ignore_cleanup_errors=True) as folder:
            yield {"mask": export_polygons(source, Path(folder), context, feedback)}


def _are_numbers(values: str) -> bool:
    """False where there is none. Raises InputError where they are something else."""
    try:
        return bool([float(word) for word in values.split(",") if word.strip()])
    except ValueError:
        expected = tr("Expected numbers with commas between them as values to leave out, found {text}")
        raise errors.InputError(expected.format(text=values)) from None


def _check_polygons(source):
    if not is_polygons(source):
        text = tr("Expected a layer of {wanted}, found another kind of geometry in {layer}")
        raise errors.InputError(text.format(wanted=tr("polygons"), layer=source.sourceName()))
    if source.featureCount() == 0:
        text = tr("Expected polygons in {layer}, found none: is nothing selected, or does its filter leave out all?")
        raise errors.InputError(text.format(layer=source.sourceName()))


def whole_file(value, context) -> str | None:
    """The file of a layer of which all is wanted as it is saved, and that holds nothing else; None for others."""
    if isinstance(value, QgsProcessingFeatureSourceDefinition):
        if value.selectedFeaturesOnly or value.featureLimit >= 0 or value.filterExpression:
            return None
        value = value.source.staticValue()
    layer = value if isinstance(value, QgsVectorLayer) else None
    if isinstance(value, str) and value:
        layer = QgsProcessingUtils.mapLayerFromString(value, context)
    if not isinstance(layer, QgsVectorLayer) or layer.providerType() != "ogr" or layer.subsetString():
        return None
    if layer.isModified() or QgsWkbTypes.isCurvedType(layer.wkbType()):
        return None
    path = QgsProviderRegistry.instance().decodeUri("ogr", layer.source()).get("path") or ""
    if not Path(path).is_file() or len(QgsProviderRegistry.instance().querySublayers(path)) != 1:
        return None
    return str(Path(path).absolute())
