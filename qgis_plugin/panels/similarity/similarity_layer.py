"""The layer of similarity in the project: one, which the next search replaces."""

from qgis.core import QgsProject, QgsRasterLayer

from ...i18n.texts import tr
from ...results.live_map import delete_file
from ...results.styling import style_similarity


class SimilarityLayer:
    """Holds the layer's id: the user may remove the layer at any time."""

    def __init__(self):
        self._id = ""

    def layer(self) -> QgsRasterLayer | None:
        return QgsProject.instance().mapLayer(self._id)

    def owns(self, layer) -> bool:
        return layer is not None and layer.id() == self._id

    def replace(self, path: str, raster):
        """Shows another file, not styled yet, where the last one was, else above `raster`, which was searched."""
        project, old = QgsProject.instance(), self.layer()
        layer = QgsRasterLayer(path, tr("{raster}: similarity").format(raster=raster.name()))
        root = project.layerTreeRoot()
        node = root.findLayer(raster if old is None else old)
        parent = node.parent() if node is not None else root
        project.addMapLayer(layer, False)
        parent.insertLayer(parent.children().index(node) if node is not None else 0, layer)
        if old is not None:
            layer.setOpacity(old.opacity())
            old_path = old.source()
            project.removeMapLayer(old.id())
            delete_file(old_path)
        self._id = layer.id()

    def style(self, threshold: float):
        if self.layer() is not None:
            style_similarity(self.layer(), threshold)
