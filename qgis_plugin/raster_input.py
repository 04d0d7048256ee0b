"""The raster that a panel works on, what it was recognised as, and the user's word where that is wrong."""

from qgis.core import QgsMapLayerProxyModel, QgsRasterLayer
from qgis.gui import QgsCollapsibleGroupBox, QgsMapLayerComboBox
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QComboBox, QFormLayout, QLabel, QLineEdit, QSpinBox, QVBoxLayout, QWidget

from .bridge import errors, sensors
from .facts import facts_of
from .texts import in_window_words, sensor_title, tr

_CONFIDENCE = {"certain": tr("certain"), "likely": tr("likely"), "ambiguous": tr("please check")}


class RasterInput(QWidget):
    changed = pyqtSignal()  # another raster, or another way to read it

    def __init__(self, tile_default: str, parent=None):
        """`tile_default` says in words what a tile size of 0 stands for."""
        super().__init__(parent)
        self._tile_default = tile_default
        self._facts, self._facts_of, self.detection = None, "", None
        self.raster = QgsMapLayerComboBox()
        self.raster.setAccessibleName(tr("Raster"))
        self.raster.setFilters(QgsMapLayerProxyModel.Filter.RasterLayer)
        self.verdict = QLabel()
        self.verdict.setWordWrap(True)
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(tr("Raster"), self.raster)
        form.addRow("", self.verdict)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(form)
        layout.addWidget(self._reading_box())
        self.raster.layerChanged.connect(self._raster_changed)
        self._raster_changed(self.raster.currentLayer())

    def layer(self) -> QgsRasterLayer | None:
        return self.raster.currentLayer()

    def follow(self, layer):
        """Takes the layer that was chosen in the layer panel where it is an image: class maps have one band."""
        if isinstance(layer, QgsRasterLayer) and layer.providerType() == "gdal" and layer.bandCount() > 1:
            self.raster.setLayer(layer)

    def _reading_box(self) -> QWidget:
        self.reading = QgsCollapsibleGroupBox(tr("How the raster is read"))
        self.reading.setCollapsed(True)
        self.sensor, self.bands, self.units, self.tile = QComboBox(), QLineEdit(), QComboBox(), QSpinBox()
        self.sensor.addItem(tr("recognise"), None)
        for key, sensor in sensors.SENSORS.items():
            self.sensor.addItem(sensor_title(sensor), key)
        self.units.addItem(tr("recognise"), None)
        for key, title in sensors.UNITS.items():
            self.units.addItem(tr(title), key)
        self.bands.setToolTip(tr("The raster's band for each band of the sensor, from 1; a dash for a missing one"))
        self.tile.setRange(0, 4096)
        self.tile.setSpecialValueText(self._tile_default)
        self.tile.setToolTip(tr("Smaller tiles see finer detail, and take longer"))
        form = QFormLayout(self.reading)
        form.addRow(tr("Sensor"), self.sensor)
        form.addRow(tr("Band order"), self.bands)
        form.addRow(tr("Unit of the values"), self.units)
        form.addRow(tr("Tile size in pixels"), self.tile)
        self.sensor.activated.connect(self._reading_changed)
        self.bands.editingFinished.connect(self._reading_changed)
        self.units.activated.connect(self._reading_changed)
        return self.reading

    def _raster_changed(self, layer):
        key = layer.source() if layer is not None else ""
        if key != self._facts_of:
            self._facts_of = key
            self._facts, self.detection = None, None
            self.sensor.setCurrentIndex(0)
            self.units.setCurrentIndex(0)
            self.bands.clear()
            try:
                self._facts = facts_of(layer) if layer is not None else None
            except errors.OfaError as error:
                self.verdict.setText(str(error))
        self._detect()
        if self.detection is not None:
            self.reading.setCollapsed(self.detection.confidence in ("certain", "likely"))
        self.changed.emit()

    def _reading_changed(self, *_):
        self._detect()
        self.changed.emit()

    def _detect(self):
        if self._facts is None:
            if not self._facts_of:
                self.verdict.setText(tr("Add a raster to the project"))
            return
        told = self.sensor.currentData(), self.bands.text().strip() or None, self.units.currentData()
        try:
            found = sensors.detect(self._facts, *told)
        except errors.SensorError as error:
            found = sensors.Detection(None, str(error))
        self.detection = found
        if found.sensor is None:
            self.verdict.setText(in_window_words(found.reason))
            return
        text = f"{sensor_title(sensors.get(found.sensor))} ({_CONFIDENCE[found.confidence]})"
        if found.confidence == "ambiguous":
            text += f": {in_window_words(found.reason)}"
        self.verdict.setText(text)
        self.verdict.setToolTip(in_window_words(found.reason))
        shown = ",".join("-" if band is None else str(band) for band in found.bands)
        self.bands.setPlaceholderText(shown if len(found.bands) <= 16 else "")

    def reading_parameters(self) -> dict:
        """SENSOR, BANDS, UNITS for an algorithm; what the panel shows where the answer was to be checked."""
        found = self.detection
        sensor, bands, units = self.sensor.currentData(), self.bands.text().strip(), self.units.currentData()
        if found.confidence == "ambiguous":
            sensor, units = found.sensor, found.units
            bands = bands or ",".join("-" if band is None else str(band) for band in found.bands)
        return {"SENSOR": sensor or "auto", "BANDS": bands, "UNITS": units or "auto"}

    def trouble(self) -> str:
        """What is amiss with the raster; empty where it can be read."""
        if self.raster.currentLayer() is None:
            return tr("Add a raster to the project")
        if self.detection is None or self.detection.sensor is None or self.detection.units is None:
            return tr("The raster was not recognised: choose its sensor, bands and unit")
        return ""
