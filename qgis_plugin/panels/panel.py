"""What all panels are: a dock widget that follows the active layer, and says what is missing and what was done."""

from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QDockWidget, QHBoxLayout, QLabel, QPushButton, QWidget

from ..engine.client import EngineMissing, engine_python
from ..runs.run_queue import RunQueue


class Panel(QDockWidget):
    """A panel defines `follow(layer)` and `update_state()`, which enables what can be done now, and calls
    `follow_active_layer` once it is built."""

    def __init__(self, iface, queue: RunQueue, show_message, title: str, object_name: str):
        """
        Args:
            iface: QGIS's window.
            queue: Where runs wait for each other.
            show_message: `show_message(text, level, seconds)` puts a message into the message bar.
            title: Of the dock widget.
            object_name: By which QGIS remembers where the dock widget was.
        """
        super().__init__(title, iface.mainWindow())
        self.setObjectName(object_name)
        self._iface, self._queue, self._show_message = iface, queue, show_message
        self.hint, self.status = text_label(), text_label()  # what is missing; what was done

    def follow_active_layer(self):
        self._iface.currentLayerChanged.connect(self.follow)
        self.follow(self._iface.activeLayer())
        self.update_state()

    def show_status(self, text: str):
        show_text(self.status, text)

    def engine_changed(self):
        """An engine was set up: there may be nothing in the way any more."""
        self.update_state()

    def close_down(self):
        """Takes everything of the panel off the window; layers stay, they are the user's."""
        self._iface.currentLayerChanged.disconnect(self.follow)
        self._iface.removeDockWidget(self)


def engine_trouble() -> str:
    """Why no engine can run; empty where one can."""
    try:
        engine_python()
    except EngineMissing as error:
        return str(error)
    return ""


# --- parts --------------------------------------------------------------------------------------------------------


def text_label() -> QLabel:
    """For `show_text`."""
    label = QLabel()
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.hide()
    return label


def show_text(label: QLabel, text: str):
    """An empty text takes no room."""
    label.setText(text)
    label.setVisible(bool(text))


def push_button(text: str, slot, tip: str = "") -> QPushButton:
    """`slot` is called without arguments."""
    button = QPushButton(text)
    button.setToolTip(tip)
    button.setAutoDefault(False)
    button.clicked.connect(lambda: slot())
    return button


def row_of(*widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    for widget in widgets:
        row.addWidget(widget)
    return row
