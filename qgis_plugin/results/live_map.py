"""A class map and its confidence on the canvas: one layer group, whose layers the next map replaces."""

from collections.abc import Sequence
from pathlib import Path

from qgis.core import (
    QgsCoordinateTransform,
    QgsCsException,
    QgsLayerTreeGroup,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsVectorLayer,
)

from ..engine.modules import MappedClass
from ..i18n.texts import tr
from .map_run import CLASSES, CONFIDENCE
from .styling import style_classes, style_confidence

_OPACITY = 0.5  # the image below stays visible


def canvas_extent(canvas, raster) -> QgsRectangle:
    """What the canvas shows of the raster, in the raster's CRS; empty where it shows none of it."""
    settings = canvas.mapSettings()
    transform = QgsCoordinateTransform(settings.destinationCrs(), raster.crs(), QgsProject.instance())
    transform.setBallparkTransformsAreAppropriate(True)
    try:
        return transform.transformBoundingBox(canvas.extent()).intersect(raster.extent())
    except QgsCsException:  # the canvas shows what that CRS has no place for
        return QgsRectangle()


def delete_file(path: str):
    """Deletes a temporary layer's file, with the files that GDAL and SQLite write next to it."""
    for ending in ("", ".aux.xml", "-wal", "-shm"):
        try:
            Path(f"{path}{ending}").unlink(missing_ok=True)
        except OSError:
            pass  # in use elsewhere; it lies in QGIS's folder of temporary files


class LiveMap:
    """Holds ids, not layers: the user may remove any of them at any time."""

    def __init__(self, title: str | None = None):
        """`title` of the group, with {raster} in it."""
        self._title = title or tr("OFA-Net on {raster}")
        self._ids: dict[str, str] = {}  # kind -> layer id
        self._raster = ""  # of the last map, by its id

    def confidence(self) -> QgsRasterLayer | None:
        return QgsProject.instance().mapLayer(self._ids.get(CONFIDENCE, ""))

    def owns(self, layer) -> bool:
        return layer is not None and layer.id() in self._ids.values()

    def is_of(self, raster_id: str) -> bool:
        """Whether there is a map, and it is of that raster."""
        return bool(self._ids) and self._raster == raster_id

    def replace(self, raster, classes_path: str, confidence_path: str | None, classes: Sequence[MappedClass]):
        """Shows another map. The group comes right above `raster`, the layer that was mapped, and so below polygons
        that are drawn on it; visibility, opacity and the legend stay as the user set them."""
        if raster.id() != self._raster:
            self.remove()
            self._raster = raster.id()
        group = self._find_group(raster)
        made = _layers(raster.name(), classes_path, confidence_path, classes)
        for number, (kind, layer) in enumerate(made.items()):
            self._add(group, number, kind, layer)
        self._remove_layers()
        self._ids = {kind: layer.id() for kind, layer in made.items()}

    def _add(self, group: QgsLayerTreeGroup, number: int, kind: str, layer):
        project = QgsProject.instance()
        old = project.mapLayer(self._ids.get(kind, ""))
        node = group.findLayer(old) if old is not None else None
        layer.setOpacity(old.opacity() if old is not None else _OPACITY if kind == CLASSES else 1.0)
        project.addMapLayer(layer, False)
        added = group.insertLayer(number, layer)
        added.setItemVisibilityChecked(node.itemVisibilityChecked() if node is not None else kind == CLASSES)
        added.setExpanded(node.isExpanded() if node is not None else kind == CLASSES)

    def remove(self):
        """Takes the layers, and the group where nothing else is in it, off the project; deletes the files."""
        groups = [group for group in map(_group_of, self._ids.values()) if group is not None]
        self._remove_layers()
        for group in groups[:1]:
            if not group.children():
                group.parent().removeChildNode(group)

    def _remove_layers(self):
        project = QgsProject.instance()
        for layer_id in self._ids.values():
            layer = project.mapLayer(layer_id)
            if layer is not None:
                path = layer.source().split("|")[0]
                project.removeMapLayer(layer_id)
                delete_file(path)
        self._ids = {}

    def _find_group(self, raster) -> QgsLayerTreeGroup:
        """The group of the last map where it is still there, else a new one."""
        title = self._title.format(raster=raster.name())
        for group in map(_group_of, self._ids.values()):
            if group is not None:
                group.setName(title)
                return group
        root = QgsProject.instance().layerTreeRoot()
        node = root.findLayer(raster)
        parent = node.parent() if node is not None else root
        return parent.insertGroup(parent.children().index(node) if node is not None else 0, title)


def _layers(name: str, classes_path: str, confidence_path: str | None, classes: Sequence[MappedClass]) -> dict:
    """Kind -> a styled layer."""
    layer_type = QgsVectorLayer if classes_path.lower().endswith(".gpkg") else QgsRasterLayer
    made = {CLASSES: layer_type(classes_path, tr("{raster}: classes").format(raster=name))}
    style_classes(made[CLASSES], classes)
    if confidence_path:
        made[CONFIDENCE] = QgsRasterLayer(confidence_path, tr("{raster}: confidence").format(raster=name))
        style_confidence(made[CONFIDENCE])
    return made


def _group_of(layer_id: str) -> QgsLayerTreeGroup | None:
    root = QgsProject.instance().layerTreeRoot()
    node = root.findLayer(layer_id)
    return node.parent() if node is not None and node.parent() is not root else None
