"""A head's model card in a window of its own."""

from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QDesktopServices
from qgis.PyQt.QtWidgets import QDialog, QDialogButtonBox, QTextBrowser, QVBoxLayout

from ..i18n.texts import tr
from ..models.model_card import page
from ..models.model_files import ModelEntry


class ModelCardDialog(QDialog):
    def __init__(self, parent):
        super().__init__(parent)
        self.setObjectName("ofanetModelCard")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(560, 640)
        self.page = QTextBrowser()
        self.page.setOpenLinks(False)
        self.page.setAccessibleName(tr("Model card"))
        self.page.anchorClicked.connect(QDesktopServices.openUrl)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.page, 1)
        layout.addWidget(buttons)

    def show_entry(self, entry: ModelEntry):
        self.setWindowTitle(entry.title)
        self.page.setHtml(page(entry))
