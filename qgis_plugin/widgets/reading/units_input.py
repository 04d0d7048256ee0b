"""The unit of the raster's values: as recognised, a known one, or a scale and offset of the user's."""

from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from ...engine.modules import sensors
from ...i18n.texts import FIELDS, tr
from ..elided_combo_box import ElidedComboBox

OWN = "scale,offset"


class UnitsInput(QWidget):
    changed = pyqtSignal()

    def __init__(self):
        super().__init__()
        self.choice, self.scale, self.offset, self._formula = ElidedComboBox(), QLineEdit(), QLineEdit(), QWidget()
        self.choice.addItem(tr("as recognised"), None)
        for unit, title in sensors.UNITS.items():
            self.choice.addItem(tr(title), unit)
        self.choice.addItem(tr("scale and offset..."), OWN)
        self.choice.setAccessibleName(FIELDS["units"])
        self.scale.setAccessibleName(tr("Scale"))
        self.offset.setAccessibleName(tr("Offset"))
        self.scale.setPlaceholderText("0.0001")
        self.offset.setPlaceholderText("0")
        self._formula.setToolTip(tr("To reflectance from 0 to 1, or to decibel"))
        row = QHBoxLayout(self._formula)
        row.setContentsMargins(0, 0, 0, 0)
        for widget in (QLabel(tr("value x")), self.scale, QLabel("+"), self.offset):
            row.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.choice)
        layout.addWidget(self._formula)
        self._formula.hide()
        self.choice.activated.connect(self._choice_changed)
        for field in (self.scale, self.offset):
            field.textEdited.connect(lambda _: self.changed.emit())

    def units(self) -> str | None:
        """A unit's id, "scale,offset", or None where it is as recognised or nothing is entered yet."""
        if self.choice.currentData() != OWN:
            return self.choice.currentData()
        scale, offset = (field.text().strip().replace(",", ".") for field in (self.scale, self.offset))
        return f"{scale},{offset or 0}" if scale or offset else None

    def show_recognised(self, unit: str | None):
        """What is used where the user has chosen nothing."""
        title = tr(sensors.UNITS.get(unit, unit)) if unit else ""
        self.choice.setItemText(0, tr("auto: {answer}").format(answer=title) if title else tr("as recognised"))

    def clear(self):
        self.choice.setCurrentIndex(0)
        self.scale.clear()
        self.offset.clear()
        self._formula.hide()

    def _choice_changed(self, *_):
        own = self.choice.currentData() == OWN
        self._formula.setVisible(own)
        if own:
            self.scale.setFocus()
        self.changed.emit()
