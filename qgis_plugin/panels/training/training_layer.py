"""A layer of training polygons: made ready to draw in, its classes and their colours.

The categories of the layer's renderer are the list of its classes: their colours are changed where QGIS users look for
that, in the layer's styling. Other layers are used as they are; their style and forms are not touched.
"""

import itertools
from pathlib import Path

from qgis.core import (
    QgsCategorizedSymbolRenderer,
    QgsEditFormConfig,
    QgsEditorWidgetSetup,
    QgsFeatureRequest,
    QgsField,
    QgsFillSymbol,
    QgsProject,
    QgsProviderRegistry,
    QgsRendererCategory,
    QgsVectorFileWriter,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QVariant
from qgis.PyQt.QtGui import QColor

from ...engine.modules import colors, errors
from ...i18n.texts import tr

FIELD = "class"
_OURS = "ofanet/training_layer"
_NAMES = ("class", "label", "classname", "class_name", "landcover", "type", "name")
MOST_CLASSES = 254


def create(raster, path: str | None = None, classes: dict[str, str] | None = None) -> QgsVectorLayer:
    """An empty layer in the raster's CRS, in memory or as a GeoPackage; `classes` are names and colours of its legend.
    Raises OutputError."""
    name = tr("{raster}: training polygons").format(raster=raster.name())
    layer = QgsVectorLayer("Polygon", name, "memory")
    layer.setCrs(raster.crs())
    field = QgsField(FIELD, QVariant.String)
    layer.dataProvider().addAttributes([field])
    layer.updateFields()
    if path:
        layer = _saved(layer, path, name)
    layer.setCustomProperty(_OURS, True)
    form = layer.editFormConfig()
    form.setSuppress(QgsEditFormConfig.FeatureFormSuppress.SuppressOn)  # the panel asks for the class, with one click
    layer.setEditFormConfig(form)
    _set_classes(layer, classes or {})
    return layer


def _saved(layer, path: str, name: str) -> QgsVectorLayer:
    """The layer in a GeoPackage: a new file, or one more layer in a file that is there already."""
    options = QgsVectorFileWriter.SaveVectorOptions()
    taken = {part.name() for part in QgsProviderRegistry.instance().querySublayers(path)} if Path(path).exists() else ()
    numbered = (f"training_polygons_{number}" for number in itertools.count(2))
    options.layerName = next(each for each in itertools.chain(["training_polygons"], numbered) if each not in taken)
    options.driverName, options.fileEncoding = "GPKG", "UTF-8"
    if Path(path).exists():
        options.actionOnExistingFile = QgsVectorFileWriter.ActionOnExistingFile.CreateOrOverwriteLayer
    transforms = QgsProject.instance().transformContext()
    code, why, *_ = QgsVectorFileWriter.writeAsVectorFormatV3(layer, path, transforms, options)
    if code != QgsVectorFileWriter.WriterError.NoError:
        raise errors.OutputError(tr("The layer could not be written to {path}: {why}").format(path=path, why=why))
    return QgsVectorLayer(f"{path}|layername={options.layerName}", name, "ogr")


def is_ours(layer) -> bool:
    return isinstance(layer, QgsVectorLayer) and bool(layer.customProperty(_OURS, False))


def guess_field(layer) -> str:
    """The field that holds the classes, by its name; else the first of text."""
    by_name = {name.lower(): name for name in layer.fields().names()}
    named = [by_name[name] for name in _NAMES if name in by_name]
    text = [field.name() for field in layer.fields() if field.type() == QVariant.String]
    return (named or text or [""])[0]


def class_of(feature, field: str) -> str:
    """The class of a polygon as the engine names it; empty for none."""
    value = feature.attribute(field)
    if value is None or isinstance(value, QVariant) and value.isNull():
        return ""
    return str(int(value) if isinstance(value, float) and value.is_integer() else value).strip()


def listed_classes(layer, field: str) -> dict[str, str]:
    """Name -> colour of the classes in the legend, in its order; none where the layer is not coloured by that field."""
    renderer = layer.renderer()
    if not isinstance(renderer, QgsCategorizedSymbolRenderer) or renderer.classAttribute() != field:
        return {}
    return {
        str(category.value()).strip(): category.symbol().color().name()
        for category in renderer.categories()
        if category.symbol() is not None and str(category.value() or "").strip()
    }


def add_class(layer, name: str) -> str:
    """Adds a class to the legend and to the form of a layer that the panel has made; returns its colour."""
    listed = listed_classes(layer, FIELD)
    if name not in listed:
        listed[name] = colors.color_for(name, listed.values())
        _set_classes(layer, listed)
    return listed[name]


def unlabelled(layer, field: str) -> list[int]:
    """Ids of the polygons without a class."""
    request = QgsFeatureRequest().setFlags(QgsFeatureRequest.Flag.NoGeometry)
    return [feature.id() for feature in layer.getFeatures(request) if not class_of(feature, field)]


def _set_classes(layer, classes: dict[str, str]):
    choice = [{name: name} for name in classes]
    layer.setEditorWidgetSetup(layer.fields().lookupField(FIELD), QgsEditorWidgetSetup("ValueMap", {"map": choice}))
    categories = [QgsRendererCategory(name, _symbol(color), name) for name, color in classes.items()]
    categories.append(QgsRendererCategory(None, _symbol("#e6007e"), tr("no class yet")))
    layer.setRenderer(QgsCategorizedSymbolRenderer(FIELD, categories))
    layer.triggerRepaint()
    layer.emitStyleChanged()


def _symbol(color: str) -> QgsFillSymbol:
    """The raster stays visible under the polygon; a white edge around the coloured one stands out on any raster."""
    symbol = QgsFillSymbol.createSimple({"style": "no", "outline_color": "#ffffff", "outline_width": "1.1"})
    symbol.symbolLayer(0).setLocked(True)  # it stays white when the class gets another colour
    fill = QColor(color)
    fill.setAlpha(90)
    parts = {"color": fill.name(QColor.NameFormat.HexArgb), "outline_color": color, "outline_width": "0.6"}
    colored = QgsFillSymbol.createSimple(parts)  # held by name: its layer dies with it
    symbol.appendSymbolLayer(colored.symbolLayer(0).clone())
    return symbol
