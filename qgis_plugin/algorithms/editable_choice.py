"""The widget, in windows of Processing, of a text that is one of some words or something else."""

from processing.gui.wrappers import WidgetWrapper
from qgis.PyQt.QtWidgets import QComboBox


class EditableChoice(WidgetWrapper):
    """Named in a parameter's metadata, together with its choices; Processing imports it when it shows a window."""

    def createWidget(self, choices=()):
        box = QComboBox()
        box.setEditable(True)
        box.addItems(choices)
        return box

    def setValue(self, value):
        self.widget.setCurrentText("" if value is None else str(value))

    def value(self):
        return self.widget.currentText().strip()
