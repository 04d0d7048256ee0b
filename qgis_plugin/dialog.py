"""The toolbar action's window: what the layer was recognised as and why, the head, the output, Run."""

from pathlib import Path

from qgis.core import QgsProcessing, QgsProcessingOutputLayerDefinition, QgsProject
from qgis.gui import QgsFileWidget
from qgis.PyQt.QtCore import QSize, Qt, pyqtSignal
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from .bridge import ICON, catalog, errors, sensors
from .engine import EngineMissing, engine_python
from .facts import facts_of
from .texts import in_window_words, sensor_title, tr

_GOOD, _FAIR, _BAD = "#2a9d5c", "#c98a00", "#c8402f"
_COLORS = {"certain": _GOOD, "likely": _GOOD, "ambiguous": _FAIR}
_CONFIDENCE = {"certain": tr("certain"), "likely": tr("likely"), "ambiguous": tr("ambiguous: please check")}
_OUTPUTS = {"segment": tr("GeoTIFF (*.tif)"), "classify": tr("GeoPackage (*.gpkg)")}


class ClassifyDialog(QDialog):
    """Raises RasterError in the making where the layer is no raster file."""

    run_requested = pyqtSignal(str, dict, str)  # algorithm id, parameters, title

    def __init__(self, layer, parent=None):
        self._facts = facts_of(layer)
        super().__init__(parent)
        self._layer = layer
        self._name = layer.name()
        self.setWindowTitle(tr("Classify layer"))
        self.setWindowIcon(QIcon(str(ICON)))
        self.setObjectName("ofanetClassifyDialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(520)
        self._build()
        layer.willBeDeleted.connect(self.reject)
        self._detect()

    # --- widgets ------------------------------------------------------------------------------------------------

    def _build(self):
        self.sensor = QComboBox()
        for key, sensor in sensors.SENSORS.items():
            self.sensor.addItem(sensor_title(sensor), key)
        self.bands, self.units = QLineEdit(), QComboBox()
        self.bands.setToolTip(tr("The raster's band for each band of the sensor, from 1; a dash for a missing one"))
        self.head = QComboBox()
        self.output = QgsFileWidget()
        self.output.setStorageMode(QgsFileWidget.StorageMode.SaveFile)
        self.output.lineEdit().setPlaceholderText(tr("[Temporary layer]"))
        self.verdict, self.reason = QLabel(), QLabel()
        self.reason.setWordWrap(True)
        self.wanted = QLabel()
        self.wanted.setWordWrap(True)
        small = self.wanted.font()
        small.setPointSizeF(small.pointSizeF() * 0.9)
        self.wanted.setFont(small)

        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(tr("Sensor"), self.sensor)
        order = QVBoxLayout()
        order.setSpacing(2)
        order.addWidget(self.bands)
        order.addWidget(self.wanted)
        form.addRow(tr("Band order"), order)
        form.addRow(tr("Unit of the values"), self.units)
        form.addRow(tr("Head"), self._head_row())
        form.addRow(tr("Save result to"), self.output)

        self.warning = QLabel()
        self.warning.setWordWrap(True)
        self.warning.setStyleSheet(f"color: {_BAD};")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.run = buttons.addButton(tr("Run"), QDialogButtonBox.ButtonRole.AcceptRole)
        self.run.setDefault(True)
        buttons.accepted.connect(self._run)
        buttons.rejected.connect(self.reject)

        layout = QVBoxLayout(self)
        layout.setSpacing(12)
        layout.addWidget(self._verdict_panel())
        layout.addLayout(form)
        layout.addWidget(self.warning)
        layout.addStretch(1)
        layout.addWidget(buttons)

        self.sensor.activated.connect(self._sensor_chosen)
        self.bands.textEdited.connect(self._bands_edited)
        self.units.activated.connect(self._units_chosen)
        self.head.currentIndexChanged.connect(self._head_changed)

    def _verdict_panel(self) -> QWidget:
        panel = QFrame()
        panel.setFrameShape(QFrame.Shape.StyledPanel)
        icon = QLabel()
        icon.setPixmap(QIcon(str(ICON)).pixmap(QSize(40, 40)))
        icon.setAlignment(Qt.AlignmentFlag.AlignTop)
        title = QLabel(self._name)
        title.setTextFormat(Qt.TextFormat.PlainText)
        font = title.font()
        font.setBold(True)
        title.setFont(font)
        words = QVBoxLayout()
        for label in (title, self.verdict, self.reason):
            words.addWidget(label)
        row = QHBoxLayout(panel)
        row.addWidget(icon)
        row.addLayout(words, 1)
        return panel

    def _head_row(self) -> QWidget:
        other = QPushButton(tr("Other file..."))
        other.setAutoDefault(False)
        other.clicked.connect(self._choose_head)
        row = QWidget()
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.head, 1)
        layout.addWidget(other)
        return row

    # --- detection ----------------------------------------------------------------------------------------------

    def _detect(self, sensor: str | None = None, bands: str | None = None, units: str | None = None):
        """Recognises the layer with the user's words, and fills the window with the answer."""
        self._told = (sensor, bands, units)
        try:
            found = sensors.detect(self._facts, sensor, bands, units)
        except errors.SensorError as error:
            found = sensors.Detection(None, str(error))
        self.detection = found
        if found.sensor is None:
            verdict, color = tr("Not recognised: choose sensor and band order"), _BAD
        else:
            verdict = f"{sensor_title(sensors.get(found.sensor))} ({_CONFIDENCE[found.confidence]})"
            color = _COLORS[found.confidence]
        others = [sensor_title(sensors.get(c)) for c in found.candidates if c != found.sensor]
        self.verdict.setText(f'<span style="color:{color}; font-weight:600">{verdict}</span>')
        self.reason.setText(in_window_words(found.reason) + (tr("; or: ") + ", ".join(others) if others else ""))
        shown = found.sensor or sensor
        self.sensor.setCurrentIndex(self.sensor.findData(shown) if shown else -1)
        if bands is None:
            self.bands.setText(",".join("-" if b is None else str(b) for b in found.bands))
            self.bands.setCursorPosition(0)
        self._fill_units(shown, found.units)
        self._fill_heads(shown)
        self._tell()

    def _sensor_chosen(self, *_):
        self._detect(self.sensor.currentData())

    def _bands_edited(self, *_):
        self._detect(self.sensor.currentData(), self.bands.text().strip() or None, self._told[2])

    def _units_chosen(self, *_):
        self._detect(self._told[0], self._told[1], self.units.currentData())

    def _fill_units(self, sensor: str | None, units: str | None):
        self.units.clear()
        for unit in sensors.get(sensor).units if sensor else ():
            self.units.addItem(tr(sensors.UNITS[unit]), unit)
        self.units.setCurrentIndex(self.units.findData(units) if units else -1)

    def _fill_heads(self, sensor: str | None):
        chosen = self.head.currentData()
        self.head.clear()
        heads = catalog.list_heads(sensor) if sensor else []
        heads.sort(key=lambda head: head.header.get("task") != "segment")  # stable: the catalogue's order otherwise
        for head in heads:
            self._add_head(head)
        self.head.setCurrentIndex(max(self.head.findData(chosen), 0) if heads else -1)

    def _add_head(self, head):
        kinds = {"segment": tr("one class a pixel"), "classify": tr("one class a tile")}
        task = head.header.get("task")
        name = head.header.get("name", head.name)
        self.head.addItem(f"{name} ({kinds.get(task, task)})", (str(head.path), task))

    def _choose_head(self):
        path, _ = QFileDialog.getOpenFileName(self, tr("Head"), "", tr("OFA-Net heads (*.safetensors)"))
        if not path:
            return
        try:
            head = catalog.find_head(path, self.sensor.currentData() or "", None)
        except errors.ModelFileError as error:
            self.warning.setText(str(error))
            return
        if head.header.get("sensor") != self.sensor.currentData():
            self._detect(head.header.get("sensor"))
        self._add_head(head)
        self.head.setCurrentIndex(self.head.count() - 1)

    def _head_changed(self, *_):
        data = self.head.currentData()
        if data:
            self.output.setFilter(_OUTPUTS.get(data[1], ""))
        self._tell()

    def _tell(self):
        """What still stands in the way of a run; and the names of the bands that are asked for."""
        key = self.sensor.currentData()
        names = sensors.get(key).band_names if key else ()
        if len(names) > 12:
            names = (*names[:3], "...", names[-1])
        self.wanted.setText(tr("one entry each for {names}").format(names=", ".join(names)) if names else "")
        self.wanted.setVisible(bool(names))
        problem = ""
        try:
            engine_python()
        except EngineMissing as error:
            problem = str(error)
        if self.detection.sensor and not self.head.count():
            problem = tr("No head was found for this sensor: choose a head file")
        if self.detection.sensor and self.detection.units is None:
            problem = tr("Choose the unit of the values")
        self.warning.setText(problem)
        self.warning.setVisible(bool(problem))
        self.run.setEnabled(bool(self.detection.sensor and self.detection.units and self.head.count()) and not problem)

    def engine_changed(self):
        self._tell()

    # --- run ----------------------------------------------------------------------------------------------------

    def _run(self):
        path, task = self.head.currentData()
        sensor, bands, units = self._told
        if self.detection.confidence == "ambiguous":  # Run is the user's word for what the window shows
            sensor, bands, units = self.detection.sensor, self.bands.text().strip(), self.detection.units
        target = self.output.filePath().strip()
        ending = {"segment": ".tif", "classify": ".gpkg"}[task]
        if target and not Path(target).suffix:
            target += ending
        parameters = {
            "INPUT": self._layer.id(),
            "HEAD": path,
            "SENSOR": sensor or "auto",
            "BANDS": bands or "",
            "UNITS": units or "auto",
            "OUTPUT": QgsProcessingOutputLayerDefinition(
                target or QgsProcessing.TEMPORARY_OUTPUT, QgsProject.instance()
            ),
        }
        self.run_requested.emit(f"ofanet:{task}", parameters, tr("Classify {layer}").format(layer=self._name))
        self.accept()
