"""Asks for the class of each polygon that is drawn: a menu at the cursor, one click or one key."""

from qgis.core import QgsVectorLayer
from qgis.PyQt.QtCore import QObject, Qt, QTimer, pyqtSignal
from qgis.PyQt.QtGui import QCursor
from qgis.PyQt.QtWidgets import QInputDialog, QMenu

from ...i18n.texts import tr
from . import training_layer
from .class_table import swatch


class ClassMenu(QMenu):
    """One click, or one key, chooses a class."""

    chosen = pyqtSignal(str)

    def __init__(self, classes: dict[str, str], last: str, parent=None):
        super().__init__(parent)
        self.setObjectName("ofanetClassMenu")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for number, (name, color) in enumerate(classes.items(), 1):
            key = f"&{number}  " if number < 10 else ""
            action = self.addAction(swatch(color), key + name.replace("&", "&&"))
            action.triggered.connect(lambda _checked=False, name=name: self.chosen.emit(name))
            if name == last:
                self.setActiveAction(action)  # Return takes the same class as before
        if classes:
            self.addSeparator()
        self.new = self.addAction(tr("New class..."))
        self.new.triggered.connect(self._ask_name)

    def _ask_name(self):
        name, ok = QInputDialog.getText(self.parentWidget(), tr("New class"), tr("Name of the class"))
        name = " ".join(name.split())
        if ok and name:
            self.chosen.emit(name)

    def show_at_cursor(self):
        self.popup(QCursor.pos())


class ClassAsker(QObject):
    """Follows one layer of training polygons that the panel has made."""

    def __init__(self, parent):
        super().__init__(parent)
        self._layer: QgsVectorLayer | None = None
        self._new: list[int] = []  # polygons without a class, by their ids
        self._last = ""
        self.menu: ClassMenu | None = None

    def watch(self, layer: QgsVectorLayer | None):
        if self._layer is not None:
            self._layer.featureAdded.disconnect(self._added)
        self._layer, self._new = layer, []
        if layer is not None:
            layer.featureAdded.connect(self._added)

    def add_class(self, name: str):
        if self._layer is not None:
            training_layer.add_class(self._layer, name)
            self._last = name

    def ask_all(self):
        """For the class of all polygons that have none."""
        if self._layer is not None:
            self._new = training_layer.unlabelled(self._layer, training_layer.FIELD)
            self._ask()

    def _added(self, fid: int):
        if fid < 0:  # drawn, not saved
            self._new.append(fid)
            QTimer.singleShot(0, self._ask)  # after QGIS has done its part

    def _ask(self):
        """One menu for all new polygons that have no class: several where they were pasted."""
        layer = self._layer
        if layer is None or not self._new or self.menu is not None:
            return
        without = set(training_layer.unlabelled(layer, training_layer.FIELD))
        fids = [fid for fid in self._new if fid in without]
        self._new = []
        if not fids:
            return
        listed = training_layer.listed_classes(layer, training_layer.FIELD)
        self.menu = ClassMenu(listed, self._last, self.parent())
        self.menu.chosen.connect(lambda name: self._set_class(fids, name))
        self.menu.destroyed.connect(self._menu_gone)
        self.menu.show_at_cursor()

    def _menu_gone(self):
        self.menu = None
        self._ask()  # for polygons that came meanwhile

    def _set_class(self, fids: list[int], name: str):
        layer = self._layer
        if layer is None:
            return
        if not layer.isEditable():
            layer.startEditing()
        self.add_class(name)
        index = layer.fields().lookupField(training_layer.FIELD)
        layer.beginEditCommand(tr("Class of a training polygon"))
        for fid in fids:
            layer.changeAttributeValue(fid, index, name)
        layer.endEditCommand()
        layer.triggerRepaint()
