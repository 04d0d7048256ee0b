"""The class map and its confidence on the canvas: one layer group, replaced by the next map."""

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

from ..i18n.texts import tr
from .styling import style_classes, style_confidence

_OPACITY = 0.5  # the image stays to be seen


def canvas_extent(canvas, raster) -> QgsRectangle:
    """What the canvas shows of the raster, in the raster's CRS; empty where it shows none of it."""
    settings = canvas.mapSettings()
    transform = QgsCoordinateTransform(settings.destinationCrs(), raster.crs(), QgsProject.instance())
    transform.setBallparkTransformsAreAppropriate(True)
    try:
        return transform.transformBoundingBox(canvas.extent()).intersect(raster.extent())
    except QgsCsException:  # the canvas shows what that CRS has no place for
        return QgsRectangle()


class AppliedMap:
    """Holds ids, not layers: the user may remove any of them at any time."""

    def __init__(self, title: str | None = None):
        """`title` of the group, with {raster} in it."""
        self._title = title or tr("OFA-Net on {raster}")
        self._ids: dict[str, str] = {}  # classes, confidence -> layer id
        self._raster = ""  # of the last map, by its id

    def confidence(self) -> QgsRasterLayer | None:
        return QgsProject.instance().mapLayer(self._ids.get("confidence", ""))

    def owns(self, layer) -> bool:
        return layer is not None and layer.id() in self._ids.values()

    def is_of(self, raster_id: str) -> bool:
        """Whether it is there, and shows that raster."""
        return bool(self._ids) and self._raster == raster_id

    def replace(self, raster, classes_path: str, confidence_path: str | None, classes: list[dict]):
        """`raster` is the layer that was mapped: the group comes right above it, and so under the polygons."""
        if raster.id() != self._raster:
            self.remove()
            self._raster = raster.id()
        project, name = QgsProject.instance(), raster.name()
        group = self._find_group(raster, self._title.format(raster=name))
        kind = QgsVectorLayer if classes_path.lower().endswith(".gpkg") else QgsRasterLayer
        made = {"classes": kind(classes_path, tr("{raster}: classes").format(raster=name))}
        style_classes(made["classes"], classes)
        if confidence_path:
            made["confidence"] = QgsRasterLayer(confidence_path, tr("{raster}: confidence").format(raster=name))
            style_confidence(made["confidence"])
        for number, (kind, layer) in enumerate(made.items()):
            old = project.mapLayer(self._ids.get(kind, ""))
            node = group.findLayer(old) if old is not None else None
            shown, opacity = kind == "classes", _OPACITY if kind == "classes" else 1.0
            expanded = True
            if old is not None:
                opacity = old.opacity()
                shown, expanded = (node.itemVisibilityChecked(), node.isExpanded()) if node else (shown, expanded)
            layer.setOpacity(opacity)
            project.addMapLayer(layer, False)
            added = group.insertLayer(number, layer)
            added.setItemVisibilityChecked(shown)
            added.setExpanded(expanded and kind == "classes" if old is None else expanded)
        self._remove_layers()
        self._ids = {kind: layer.id() for kind, layer in made.items()}

    def remove(self):
        """Takes the layers, and the group where nothing else is in it, off the project; deletes the files."""
        groups = [group for group in map(self._group_of, self._ids.values()) if group is not None]
        self._remove_layers()
        for group in groups[:1]:
            if not group.children():
                group.parent().removeChildNode(group)

    def _remove_layers(self):
        project = QgsProject.instance()
        for layer_id in self._ids.values():
            layer = project.mapLayer(layer_id)
            if layer is None:
                continue
            path = Path(layer.source().split("|")[0])
            project.removeMapLayer(layer_id)
            for file in (path, *(Path(f"{path}{end}") for end in (".aux.xml", "-wal", "-shm"))):
                try:
                    file.unlink(missing_ok=True)
                except OSError:
                    pass  # in use elsewhere; it lies in QGIS's folder of temporary files
        self._ids = {}

    def _group_of(self, layer_id: str) -> QgsLayerTreeGroup | None:
        root = QgsProject.instance().layerTreeRoot()
        node = root.findLayer(layer_id)
        return node.parent() if node is not None and node.parent() is not root else None

    def _find_group(self, raster, title: str) -> QgsLayerTreeGroup:
        """The group of the last map where it is still there, else a new one."""
        for group in map(self._group_of, self._ids.values()):
            if group is not None:
                group.setName(title)
                return group
        root = QgsProject.instance().layerTreeRoot()
        node = root.findLayer(raster)
        parent = node.parent() if node is not None else root
        return parent.insertGroup(parent.children().index(node) if node is not None else 0, title)
