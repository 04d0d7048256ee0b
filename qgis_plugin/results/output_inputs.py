"""Widgets for the files that a run writes."""

from pathlib import Path

from qgis.core import QgsProcessing, QgsProcessingOutputLayerDefinition, QgsProject, QgsSettings
from qgis.gui import QgsFileWidget
from qgis.PyQt.QtWidgets import QCheckBox

from ..i18n.texts import tr

RASTER, POLYGONS = (".tif", tr("GeoTIFF (*.tif)")), (".gpkg", tr("GeoPackage (*.gpkg)"))
REPORT = (".html", tr("HTML files (*.html)"))


class OutputFile(QgsFileWidget):
    """A file to save to; empty means a temporary one."""

    def __init__(self, title: str, ending: tuple[str, str]):
        super().__init__()
        self.setStorageMode(QgsFileWidget.StorageMode.SaveFile)
        self.lineEdit().setPlaceholderText(tr("[Temporary file]") if ending is REPORT else tr("[Temporary layer]"))
        self.lineEdit().setAccessibleName(title)
        self.setDialogTitle(title)
        self.set_ending(ending)

    def set_ending(self, ending: tuple[str, str]):
        """Another kind of file; a name of the old kind is cleared."""
        self._ending, file_filter = ending
        self.setFilter(file_filter)
        if Path(self.filePath()).suffix not in ("", self._ending):
            self.setFilePath("")

    def definition(self) -> QgsProcessingOutputLayerDefinition:
        """For a destination parameter; the layer is to be added to the project."""
        target = self.filePath().strip()
        if target and not Path(target).suffix:
            target += self._ending
        return QgsProcessingOutputLayerDefinition(target or QgsProcessing.TEMPORARY_OUTPUT, QgsProject.instance())


class OptionalOutput:
    """A box and a file that is written where the box is ticked, which is remembered under `setting`."""

    def __init__(self, title: str, ending: tuple[str, str], setting: str):
        self.on, self.file = QCheckBox(title), OutputFile(title, ending)
        self.on.setChecked(QgsSettings().value(setting, False, bool))
        self._enabled = True
        self.on.toggled.connect(lambda on: QgsSettings().setValue(setting, on))
        self.on.toggled.connect(lambda _on: self.set_enabled(self._enabled))
        self.set_enabled(True)

    def set_enabled(self, enabled: bool):
        self._enabled = enabled
        self.on.setEnabled(enabled)
        self.file.setEnabled(enabled and self.on.isChecked())

    def definition(self) -> QgsProcessingOutputLayerDefinition | None:
        """None where it is not wanted."""
        return self.file.definition() if self._enabled and self.on.isChecked() else None

    def path(self) -> str | None:
        """For a destination that is no layer."""
        definition = self.definition()
        return None if definition is None else definition.sink.staticValue()
