"""Where the set-up is shown: a page in QGIS's options, and a dialog for the first run."""

from qgis.gui import QgsOptionsPageWidget, QgsOptionsWidgetFactory
from qgis.PyQt.QtCore import Qt, QTimer
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import QDialog, QDialogButtonBox, QVBoxLayout

from ..engine.modules import ICON
from ..i18n.texts import tr
from .setup_panel import SetupPanel


class SetupPage(QgsOptionsPageWidget):
    def __init__(self, setup, parent=None):
        super().__init__(parent)
        self.setObjectName("ofanetOptions")
        self._setup = setup
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self.panel = SetupPanel(setup, self)
        layout.addWidget(self.panel)
        setup.ended.connect(self._remember)
        self._remember()

    def _remember(self, *_):
        self._shown = self.panel.path.filePath().strip()

    def apply(self):
        """OK keeps a path that was typed, checked or not, as for all settings."""
        path = self.panel.path.filePath().strip()
        if path != self._shown:
            self._setup.set_unchecked(path)
            self._remember()


class SetupPageFactory(QgsOptionsWidgetFactory):
    def __init__(self, setup):
        super().__init__("OFA-Net", QIcon(str(ICON)), "ofanet")
        self._setup = setup

    def icon(self):
        return QIcon(str(ICON))

    def createWidget(self, parent):
        return SetupPage(self._setup, parent)


class SetupDialog(QDialog):
    def __init__(self, setup, parent=None):
        super().__init__(parent)
        self.setObjectName("ofanetSetupDialog")
        self.setWindowTitle(tr("Set up the OFA-Net engine"))
        self.setWindowIcon(QIcon(str(ICON)))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(680)
        self.resize(680, 460)
        self.panel = SetupPanel(setup, self)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.panel)
        layout.addWidget(buttons)
        self.panel.details.toggled.connect(self._soon_fit)
        setup.changed.connect(self._soon_fit)

    def _soon_fit(self, *_):
        QTimer.singleShot(0, self._fit)  # once the panel has been laid out

    def _fit(self):
        """Texts of several lines and the log need more height than a dialog takes by itself."""
        needed = self.layout().heightForWidth(self.width())
        self.resize(self.width(), max(self.height(), needed))
