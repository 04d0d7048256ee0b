"""How results look on the map: colours, legends, forms. The files hold names and colours too, for other tools."""

from collections.abc import Sequence

from qgis.core import (
    QgsCategorizedSymbolRenderer,
    QgsColorRampShader,
    QgsEditorWidgetSetup,
    QgsFillSymbol,
    QgsMarkerSymbol,
    QgsMultiBandColorRenderer,
    QgsPalettedRasterRenderer,
    QgsRasterLayer,
    QgsRasterShader,
    QgsRasterTransparency,
    QgsRendererCategory,
    QgsSingleBandPseudoColorRenderer,
    QgsSingleSymbolRenderer,
    QgsStyle,
    QgsVectorLayer,
)
from qgis.PyQt.QtGui import QColor

from ..engine.modules import MappedClass

_CLASS_FIELDS = ("class", "value")
_MAP_FIELDS = ("map_class", "map_name")  # of sampled points


def style_classes(layer, classes: Sequence[MappedClass]):
    """Colours and names for a class raster or for class polygons; only classes that occur are in the legend."""
    occurring = [c for c in classes if c.may_occur] or classes
    if isinstance(layer, QgsRasterLayer):
        entry = QgsPalettedRasterRenderer.Class
        entries = [entry(c.value, QColor(c.color), c.name) for c in occurring]
        layer.setRenderer(QgsPalettedRasterRenderer(layer.dataProvider(), 1, entries))
    elif isinstance(layer, QgsVectorLayer):
        names = [field.name() for field in layer.fields()]
        field = next((name for name in _CLASS_FIELDS if name in names), None)
        if field is None:
            return
        categories = [QgsRendererCategory(c.value, _fill(c.color), c.name) for c in occurring]
        layer.setRenderer(QgsCategorizedSymbolRenderer(field, categories))
    layer.triggerRepaint()


def _fill(color: str) -> QgsFillSymbol:
    edge = QColor(color).darker(140).name()
    return QgsFillSymbol.createSimple({"color": color, "outline_color": edge, "outline_width": "0.15"})


def style_confidence(layer):
    """Dark where the winning class was uncertain, bright where certain; always 0 to 1, so that layers compare."""
    ramp = QgsStyle.defaultStyle().colorRamp("Viridis")
    if isinstance(layer, QgsRasterLayer) and ramp is not None:
        layer.setRenderer(_pseudocolor(layer, ramp))
        layer.triggerRepaint()


def _pseudocolor(layer, ramp, lowest: float = 0.0):
    function = QgsColorRampShader(lowest, 1.0, ramp)
    function.classifyColorRamp(5)
    shader = QgsRasterShader()
    shader.setRasterShaderFunction(function)
    renderer = QgsSingleBandPseudoColorRenderer(layer.dataProvider(), 1, shader)
    renderer.setClassificationMin(lowest)  # else a saved style has none, and neither has the legend
    renderer.setClassificationMax(1.0)
    return renderer


def style_similarity(layer, threshold: float):
    """Transparent below the threshold; above it bright where most similar. Always up to 1, so that layers compare."""
    ramp = QgsStyle.defaultStyle().colorRamp("Plasma")
    if ramp is None:
        return
    renderer = _pseudocolor(layer, ramp, threshold)
    below = QgsRasterTransparency.TransparentSingleValuePixel()
    below.min, below.max = -1.01, threshold - 1e-6
    if hasattr(below, "opacity"):
        below.opacity = 0.0
    else:  # before QGIS 3.38
        below.percentTransparent = 100.0
    transparency = QgsRasterTransparency()
    transparency.setTransparentSingleValuePixelList([below])
    renderer.setRasterTransparency(transparency)
    layer.setRenderer(renderer)
    layer.triggerRepaint()


def style_picture(layer):
    """Three components as red, green and blue, as they are: they come scaled to bytes."""
    if isinstance(layer, QgsRasterLayer) and layer.bandCount() >= 3:
        layer.setRenderer(QgsMultiBandColorRenderer(layer.dataProvider(), 1, 2, 3))
        layer.triggerRepaint()


def style_points(layer, class_names: Sequence[str]):
    """Points to be labelled by eye: rings that hide nothing, a choice of classes; what the map says stays hidden."""
    if not isinstance(layer, QgsVectorLayer):
        return
    choice = [{name: name} for name in class_names]
    widgets = {"reference": QgsEditorWidgetSetup("ValueMap", {"map": choice})}
    widgets |= dict.fromkeys(_MAP_FIELDS, QgsEditorWidgetSetup("Hidden", {}))
    for name, widget in widgets.items():
        layer.setEditorWidgetSetup(layer.fields().lookupField(name), widget)
    table = layer.attributeTableConfig()
    table.update(layer.fields())
    for index, column in enumerate(table.columns()):
        table.setColumnHidden(index, column.name in _MAP_FIELDS)
    layer.setAttributeTableConfig(table)
    ring = {"name": "circle", "color": "0,0,0,0", "outline_color": "#e6007e", "outline_width": "0.6", "size": "4"}
    layer.setRenderer(QgsSingleSymbolRenderer(QgsMarkerSymbol.createSimple(ring)))
    layer.setDisplayExpression('"reference"')
