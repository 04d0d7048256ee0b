"""How results look on the map: names, class colours, legends. The files carry colours and names too, for others."""

import uuid

from qgis.core import (
    QgsCategorizedSymbolRenderer,
    QgsColorRampShader,
    QgsEditorWidgetSetup,
    QgsFillSymbol,
    QgsMarkerSymbol,
    QgsMultiBandColorRenderer,
    QgsPalettedRasterRenderer,
    QgsProcessingLayerPostProcessorInterface,
    QgsProject,
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

from ..i18n.texts import tr
from . import layer_group as results

_CLASS_FIELDS = ("class", "value")
_MAP_FIELDS = ("map_class", "map_name")  # of sampled points
_waiting: list = []  # post-processors that QGIS has not called yet: it holds no reference that keeps them alive


def style_classes(layer, classes: list[dict]):
    """Colours and names for a class raster or for class polygons; only classes that occur are in the legend."""
    occurring = [c for c in classes if c.get("pixels", 1) and c.get("tiles", 1)] or classes
    if isinstance(layer, QgsRasterLayer):
        entry = QgsPalettedRasterRenderer.Class
        entries = [entry(int(c["value"]), QColor(c["color"]), c["name"]) for c in occurring]
        layer.setRenderer(QgsPalettedRasterRenderer(layer.dataProvider(), 1, entries))
    elif isinstance(layer, QgsVectorLayer):
        names = [field.name() for field in layer.fields()]
        field = next((name for name in _CLASS_FIELDS if name in names), None)
        if field is None:
            return
        categories = [QgsRendererCategory(int(c["value"]), _fill(c["color"]), c["name"]) for c in occurring]
        layer.setRenderer(QgsCategorizedSymbolRenderer(field, categories))
    layer.triggerRepaint()


def _fill(color: str) -> QgsFillSymbol:
    edge = QColor(color).darker(140).name()
    return QgsFillSymbol.createSimple({"color": color, "outline_color": edge, "outline_width": "0.15"})


def style_confidence(layer):
    """Dark where the winner was uncertain, bright where certain; always 0 to 1, so that layers compare."""
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


def style_likeness(layer, threshold: float):
    """Nothing below the threshold; above it bright where most alike. Always up to 1, so that layers compare."""
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


def style_points(layer, classes: list[dict]):
    """Points to be labelled by eye: rings that hide nothing, a choice of classes, and no word of what the map says."""
    if not isinstance(layer, QgsVectorLayer):
        return
    choice = [{entry["name"]: entry["name"]} for entry in classes]
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


class _PostProcessor(QgsProcessingLayerPostProcessorInterface):
    def __init__(self, style, kind: str, result: dict | None):
        super().__init__()
        self._style, self._kind, self._result = style, kind, result

    def postProcessLayer(self, layer, context, feedback):
        self._style(layer)
        if self._result and "provenance" in self._result:
            results.keep(layer, self._kind, self._result, context.project() or QgsProject.instance())
        if self in _waiting:
            _waiting.remove(self)


def load_named(context, path: str | None, name: str, style=None, kind: str = "", result: dict | None = None):
    """Names and styles the layer that Processing will load from that path, if it will. With the answer of one run of
    the engine, which says what it was made from, it goes with the run's other layers."""
    if not path or not context.willLoadLayerOnCompletion(path):
        return
    details = context.layerToLoadOnCompletionDetails(path)
    details.name, details.forceName = name, True
    if style is not None:
        _waiting.append(_PostProcessor(style, kind, result))
        details.setPostProcessor(_waiting[-1])


def load_classes(context, path, name, result: dict):
    """A layer of classes. The first of a run gives its name to the run."""
    kind = "polygons" if path == result.get("polygons") else "classes"
    result.setdefault("title", name)
    result.setdefault("run", uuid.uuid4().hex)
    load_named(context, path, name, lambda layer: style_classes(layer, result.get("classes") or []), kind, result)


def load_points(context, path, name, classes: list[dict]):
    load_named(context, path, name, lambda layer: style_points(layer, classes))


def load_confidence(context, path, name, result: dict):
    """After the classes of that run."""
    load_named(context, path, name, style_confidence, "confidence", result)


def load_picture(context, path, name):
    load_named(context, path, name, style_picture)


def forget():
    _waiting.clear()


def result_title(layer_name: str, result: dict) -> str:
    """The input's name and what the head tells; a head's own name starts with its sensor, which the input says too."""
    return f"{layer_name} {result.get('head_name', '').split(': ')[-1]}".strip()


def log_classes(result: dict, feedback):
    """The classes found, most first, for the log."""
    classes = result.get("classes") or []
    unit, count = ("tiles", tr("tiles")) if any("tiles" in c for c in classes) else ("pixels", tr("pixels"))
    for c, share in results.found_classes(result):
        area = f", {c['area_ha']:,.2f} ha" if c.get("area_ha") is not None else ""
        feedback.pushInfo(f"{c['name']}: {c[unit]:,} {count}, {100 * share:.1f} %{area}")
