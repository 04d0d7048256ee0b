"""Where the layers of a run go: into one group right above the raster that was mapped."""

import qgis.utils
from qgis.core import (
    QgsLayerTreeGroup,
    QgsMapLayer,
    QgsProcessingUtils,
    QgsProject,
    QgsRasterLayer,
    QgsSettings,
)

from ..engine.modules import errors
from ..engine.raster_facts import source_path
from .map_run import CLASSES, KIND_PROPERTY, KINDS, RUN_PROPERTY, MapRun

# where the user wants all results in one group
_RESULTS_GROUP = "Processing/Configuration/RESULTS_GROUP_NAME"  # pragma: allowlist secret


def place(layer, kind: str, run: MapRun, project: QgsProject):
    """Moves a layer into the group of its run, in the order of `KINDS`. Does nothing where the layer is not in the
    project: its project was closed."""
    root = project.layerTreeRoot()
    node = root.findLayer(layer)
    if node is None and project.mapLayer(layer.id()) is None:
        return
    group = _group(root, node, run)
    above = KINDS[: KINDS.index(kind)]
    index = sum(1 for other in group.findLayers() if other.layer().customProperty(KIND_PROPERTY) in above)
    placed = group.insertLayer(index, layer) if node is None else _moved(node, group, index, layer)
    placed.setExpanded(kind == CLASSES)


def _moved(node, group: QgsLayerTreeGroup, index: int, layer):
    """The layer's node in its new place; the active layer stays active."""
    window = qgis.utils.iface
    active = window.activeLayer() if window is not None else None
    placed = node.clone()
    group.insertChildNode(index, placed)
    node.parent().removeChildNode(node)
    if active is not None and active.id() == layer.id():
        window.setActiveLayer(layer)  # removing its old node made another layer active
    return placed


def _group(root, node, run: MapRun) -> QgsLayerTreeGroup:
    """The run's group. A new one comes right above the raster that was mapped, where that is in the project, and above
    its earlier maps, which would hide it."""
    for group in root.findGroups(True):
        if group.customProperty(RUN_PROPERTY) == run.id:
            return group
    anchor = next((other for other in root.findLayers() if _shows(other.layer(), run.result.input)), node)
    if node is not None and QgsSettings().value(_RESULTS_GROUP):
        anchor = node
    while anchor is not None and anchor.parent().customProperty(RUN_PROPERTY):
        anchor = anchor.parent()  # QGIS adds a new layer next to the active one, which may be another run's
    parent = root if anchor is None else anchor.parent()
    siblings = parent.children()
    index = 0 if anchor is None else siblings.index(anchor)
    while index and siblings[index - 1].customProperty(RUN_PROPERTY):
        index -= 1
    group = parent.insertGroup(index, run.title)
    group.setCustomProperty(RUN_PROPERTY, run.id)
    return group


def _shows(layer, path: str) -> bool:
    try:
        return isinstance(layer, QgsRasterLayer) and source_path(layer) == path
    except errors.OfaError:
        return False


# --- at the end of an algorithm -----------------------------------------------------------------------------------


def add_results(context, feedback) -> list[QgsMapLayer]:
    """Adds the layers of an algorithm to the project, named and styled, those of a run in its group: what Processing's
    own window does at the end.

    Returns:
        The layers, from the top of the layer panel to its bottom.
    """
    project, added = context.project() or QgsProject.instance(), []
    for layer, details in _layers(context):
        project.addMapLayer(layer, False)
        if details.postProcessor():
            details.postProcessor().postProcessLayer(layer, context, feedback)
        if project.layerTreeRoot().findLayer(layer) is None:
            _insert(layer, project)
        added.append(layer)
    order = [node.layerId() for node in project.layerTreeRoot().findLayers()]
    return sorted(added, key=lambda layer: order.index(layer.id()))


def style_files(context, feedback):
    """Writes style, notes and metadata of an algorithm's layers to their files, and adds none to a project."""
    for layer, details in _layers(context):
        if details.postProcessor():
            details.postProcessor().postProcessLayer(layer, context, feedback)


def _layers(context):
    """Each layer that is to be loaded, under its name, and the details of how."""
    for source, details in context.layersToLoadOnCompletion().items():
        layer = QgsProcessingUtils.mapLayerFromString(source, context)
        if layer is not None:
            layer = context.takeResultLayer(layer.id()) or layer
            details.setOutputLayerName(layer)
            yield layer, details


def _insert(layer, project: QgsProject):
    bridge = project.layerTreeRegistryBridge()
    if hasattr(bridge, "layerInsertionPoint"):
        point = bridge.layerInsertionPoint()
        point.group.insertLayer(point.position, layer)
    else:  # in QGIS 3.34
        project.layerTreeRoot().insertLayer(0, layer)


def names(layers: list[QgsMapLayer]) -> list[str]:
    """What to call layers in a message: by the group of their run where they are in one, else by their own names."""
    called = []
    for layer in layers:
        node = QgsProject.instance().layerTreeRoot().findLayer(layer)
        parent = node.parent() if node is not None else None
        grouped = parent is not None and parent.customProperty(RUN_PROPERTY)
        called.append(parent.name() if grouped else layer.name())
    return list(dict.fromkeys(called))
