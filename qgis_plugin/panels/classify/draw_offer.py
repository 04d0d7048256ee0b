"""After a map by a head that comes with the plugin: a link to training one's own, on that raster and its classes."""

from qgis.core import QgsProject, QgsRasterLayer
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QLabel

from ...engine.modules import catalog
from ...i18n.texts import tr


class DrawOffer(QLabel):
    wanted = pyqtSignal(object, list)  # the raster layer, and the classes of the head that mapped it

    def __init__(self, parent=None):
        super().__init__(parent)
        self._raster_id, self._classes = "", []
        self.setObjectName("ofanetDrawOffer")
        self.setWordWrap(True)
        self.setText(tr("Not right? {link}").format(link=f'<a href="draw">{tr("Draw ten polygons")}</a>'))
        self.setToolTip(tr("Opens Train from polygons with this raster and these classes"))
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.LinksAccessibleByMouse | Qt.TextInteractionFlag.LinksAccessibleByKeyboard
        )
        self.linkActivated.connect(lambda *_: self._accept())
        self.hide()

    def make(self, raster_id: str, head: catalog.ModelFile):
        """Offers it for a raster that this head has mapped; for the user's own heads there is nothing to offer."""
        self._raster_id, self._classes = raster_id, head.header.get("classes") or []
        self.setVisible(head.included)

    def _accept(self):
        raster = QgsProject.instance().mapLayer(self._raster_id)
        self.hide()
        if isinstance(raster, QgsRasterLayer):  # else it was removed meanwhile
            self.wanted.emit(raster, self._classes)
