"""What a run of the panel writes: the classes, and on request polygons and confidence."""

from pathlib import Path

from qgis.core import QgsProcessing, QgsProcessingOutputLayerDefinition, QgsProject, QgsSettings
from qgis.gui import QgsFileWidget
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QCheckBox, QHBoxLayout, QWidget

from .texts import tr

RASTER, POLYGONS = (".tif", tr("GeoTIFF (*.tif)")), (".gpkg", tr("GeoPackage (*.gpkg)"))


class OutputFile(QgsFileWidget):
    """A file to save to; a temporary layer where none is named."""

    def __init__(self, title: str, ending: tuple[str, str]):
        super().__init__()
        self.setStorageMode(QgsFileWidget.StorageMode.SaveFile)
        self.lineEdit().setPlaceholderText(tr("[Temporary layer]"))
        self.lineEdit().setAccessibleName(title)
        self.setDialogTitle(title)
        self.set_ending(ending)

    def set_ending(self, ending: tuple[str, str]):
        """Another kind of file; a name of the other kind is no longer meant."""
        self._ending, words = ending
        self.setFilter(words)
        if Path(self.filePath()).suffix not in ("", self._ending):
            self.setFilePath("")

    def definition(self) -> QgsProcessingOutputLayerDefinition:
        """For a destination parameter; the layer is to be added to the project."""
        target = self.filePath().strip()
        if target and not Path(target).suffix:
            target += self._ending
        return QgsProcessingOutputLayerDefinition(target or QgsProcessing.TEMPORARY_OUTPUT, QgsProject.instance())


class OptionalOutput(QWidget):
    """A file that is written where its box is ticked, which is remembered under `setting`."""

    changed = pyqtSignal()

    def __init__(self, title: str, ending: tuple[str, str], setting: str):
        super().__init__()
        self.on, self.file = QCheckBox(title), OutputFile(title, ending)
        self.on.setChecked(QgsSettings().value(setting, False, bool))
        self.file.setEnabled(self.on.isChecked())
        self.on.toggled.connect(self.file.setEnabled)
        self.on.toggled.connect(lambda on: QgsSettings().setValue(setting, on))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.on)
        layout.addWidget(self.file, 1)

    def definition(self) -> QgsProcessingOutputLayerDefinition | None:
        return self.file.definition() if self.on.isChecked() else None
