"""A layer of training polygons: made ready to draw in, its classes and their colours.

The categories of the layer's renderer are the list of its classes: their colours are changed where QGIS users look for
that, in the layer's styling. Layers of others are used as they are; their style and forms are not touched.
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

from .bridge import errors
from .texts import tr

FIELD = "class"
_OURS = "ofanet/training_layer"
_NAMES = ("class", "label", "classname", "class_name", "landcover", "type", "name")
MOST_CLASSES = 254
# what people expect to see; then colours that colour-blind people can tell apart
_MEANT = {"water": "#2a6fd1", "river": "#2a6fd1", "lake": "#2a6fd1", "forest": "#1f6b36", "wood": "#1f6b36",
          "tree": "#1f6b36", "grass": "#9ccf6b", "meadow": "#9ccf6b", "pasture": "#9ccf6b", "crop": "#f0d264",
          "field": "#f0d264", "soil": "#b07a3c", "bare": "#b07a3c", "built": "#c8434b", "village": "#c8434b",
          "urban": "#c8434b", "roof": "#c8434b", "building": "#c8434b", "road": "#4a4a4a", "snow": "#e8f4ff",
          }  # fmt: skip
_FREE = ("#0072b2", "#e69f00", "#cc79a7", "#009e73", "#d55e00", "#56b4e9", "#f0e442", "#8a8a8a", "#7a4b9a", "#5a3d1e",
         "#b8d8a0", "#222222")  # fmt: skip


def color_for(name: str, taken) -> str:
    """A colour that none of `taken` has, where there is one left."""
    taken = {color.lower() for color in taken}
    meant = [color for word, color in _MEANT.items() if word in name.lower()]
    return next((c for c in (*meant, *_FREE) if c not in taken), _FREE[len(taken) % len(_FREE)])


def create(raster, path: str | None = None) -> QgsVectorLayer:
    """An empty layer in the raster's CRS, in memory or as a GeoPackage. Raises OutputError."""
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
    _set_classes(layer, {})
    return layer


def _saved(layer, path: str, name: str) -> QgsVectorLayer:
    """The layer in a GeoPackage: a new file, or one more layer beside those that are in it."""
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
    """Adds a class to the legend and to the form of one of our layers; returns its colour."""
    listed = listed_classes(layer, FIELD)
    if name not in listed:
        listed[name] = color_for(name, listed.values())
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
    """The raster stays to be seen under the polygon; a white edge around the coloured one stands out on any raster."""
    symbol = QgsFillSymbol.createSimple({"style": "no", "outline_color": "#ffffff", "outline_width": "1.1"})
    symbol.symbolLayer(0).setLocked(True)  # it stays white when the class gets another colour
    fill = QColor(color)
    fill.setAlpha(90)
    parts = {"color": fill.name(QColor.NameFormat.HexArgb), "outline_color": color, "outline_width": "0.6"}
    colored = QgsFillSymbol.createSimple(parts)  # held by name: its layer dies with it
    symbol.appendSymbolLayer(colored.symbolLayer(0).clone())
    return symbol
