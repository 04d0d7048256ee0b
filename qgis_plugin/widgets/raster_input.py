"""The raster that a panel works on: what it was recognised as and why, and the user's corrections."""

from html import escape

from qgis.core import QgsMapLayerProxyModel, QgsRasterLayer
from qgis.gui import QgsCollapsibleGroupBox, QgsMapLayerComboBox
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QComboBox, QFormLayout, QLabel, QLineEdit, QSpinBox, QVBoxLayout, QWidget

from ..engine.engine_messages import with_field_titles
from ..engine.modules import errors, sensors
from ..i18n.texts import FIELDS, sensor_title, tr
from .raster_facts_loader import RasterFactsLoader
from .theme import state_color

_CONFIDENCE = {"certain": tr("certain"), "likely": tr("likely"), "ambiguous": tr("ambiguous: please check")}
_STATES = {"certain": "good", "likely": "fair", "ambiguous": "fair"}  # green only where nothing was assumed


class RasterInput(QWidget):
    changed = pyqtSignal()  # another raster, another way to read it, or it is known now what it is

    def __init__(self, tile_default: str | None, parent=None):
        """`tile_default` says in words what a tile size of 0 stands for; None where the tile size is set elsewhere."""
        super().__init__(parent)
        self._tile_default = tile_default
        self._source, self.detection = "", None
        self._loader = RasterFactsLoader(self)
        self._loader.loaded.connect(self._recognise)
        self._loader.first_loaded.connect(self._detect)
        self.raster = QgsMapLayerComboBox()
        self.raster.setAccessibleName(tr("Raster"))
        self.raster.setFilters(QgsMapLayerProxyModel.Filter.RasterLayer)
        self.verdict, self.reason, self.wanted = QLabel(), QLabel(), QLabel()
        for label in (self.verdict, self.reason, self.wanted):
            label.setWordWrap(True)
        for label in (self.reason, self.wanted):
            small = label.font()
            small.setPointSizeF(small.pointSizeF() * 0.9)
            label.setFont(small)
        self.verdict.setAccessibleName(tr("Recognised as"))
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(tr("Raster"), self.raster)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(form)
        layout.addWidget(self.verdict)
        layout.addWidget(self.reason)
        layout.addWidget(self._reading_box())
        self.raster.layerChanged.connect(self._raster_changed)
        self._raster_changed(self.raster.currentLayer())

    def layer(self) -> QgsRasterLayer | None:
        return self.raster.currentLayer()

    def follow(self, layer):
        """Takes the layer that is active in the layer panel, where it is an image: class maps have one band."""
        if isinstance(layer, QgsRasterLayer) and layer.providerType() == "gdal" and layer.bandCount() > 1:
            self.raster.setLayer(layer)

    @property
    def looking(self) -> bool:
        """Whether the raster is still being read."""
        return self._loader.loading

    @property
    def facts(self) -> sensors.RasterFacts | None:
        return self._loader.facts

    def _reading_box(self) -> QWidget:
        self.reading = QgsCollapsibleGroupBox(tr("How the raster is read"))
        self.reading.setSaveCollapsedState(False)  # it opens where something has to be checked
        self.reading.setCollapsed(True)
        self.sensor, self.bands, self.units, self.tile = QComboBox(), QLineEdit(), QComboBox(), QSpinBox()
        self.sensor.addItem(tr("as recognised"), None)
        for key, sensor in sensors.SENSORS.items():
            self.sensor.addItem(sensor_title(sensor), key)
        self.units.addItem(tr("as recognised"), None)
        for key, title in sensors.UNITS.items():
            self.units.addItem(tr(title), key)
        self.bands.setToolTip(tr("The raster's band for each band of the sensor, from 1; a dash for a missing one"))
        self.tile.setRange(0, 4096)
        self.tile.setSpecialValueText(self._tile_default or "")
        self.tile.setToolTip(tr("Smaller tiles see finer detail, and take longer"))
        form = QFormLayout(self.reading)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        order = QVBoxLayout()
        order.setSpacing(2)
        order.addWidget(self.bands)
        order.addWidget(self.wanted)
        form.addRow(FIELDS["sensor"], self.sensor)
        form.addRow(FIELDS["bands"], order)
        form.addRow(FIELDS["units"], self.units)
        if self._tile_default is not None:
            form.addRow(tr("Tile size in pixels"), self.tile)
        names = {
            self.sensor: FIELDS["sensor"],
            self.bands: FIELDS["bands"],
            self.units: FIELDS["units"],
            self.tile: tr("Tile size in pixels"),
        }
        for widget, name in names.items():
            widget.setAccessibleName(name)
        self.sensor.activated.connect(self._reading_changed)
        self.bands.textEdited.connect(self._reading_changed)
        self.bands.editingFinished.connect(self._reading_changed)
        self.units.activated.connect(self._reading_changed)
        return self.reading

    def _raster_changed(self, layer):
        key = layer.source() if layer is not None else ""
        if key != self._source:
            self._source = key
            self.sensor.setCurrentIndex(0)
            self.units.setCurrentIndex(0)
            self.bands.clear()
            self._loader.load(layer)
        self._recognise()

    def choose_sensor(self, sensor: str):
        """As if the user had chosen that sensor."""
        self.sensor.setCurrentIndex(self.sensor.findData(sensor))
        self._reading_changed()

    def _recognise(self):
        self._detect()
        if self.detection is not None:
            self.reading.setCollapsed(self.detection.confidence in ("certain", "likely"))
        self.changed.emit()

    def _reading_changed(self, *_):
        before = self._chosen, self.detection
        self._detect()
        if (self._chosen, self.detection) != before:
            self.changed.emit()

    def _detect(self):
        facts, self.detection = self._loader.facts, None
        self._chosen = self.sensor.currentData(), self.bands.text().strip() or None, self.units.currentData()
        if facts is not None:
            try:
                self.detection = sensors.detect(facts, *self._chosen)
            except errors.SensorError as error:
                self.detection = sensors.Detection(None, error.message)
        self._show()

    def _show(self):
        """Shows what the raster was recognised as; a refusal in one sentence."""
        found, reason = self.detection, ""
        if not self._source:
            text = tr("Add a raster to the project")
        elif self.looking:
            text = self._first_guess()
        elif found is None:
            text = escape(self._loader.error)
        elif found.sensor is None:
            verdict = self._colored(tr("Not recognised"), "bad")
            text = f"{verdict}: {escape(with_field_titles(found.reason))}"
        else:
            verdict = f"{sensor_title(sensors.get_sensor(found.sensor))} ({_CONFIDENCE[found.confidence]})"
            text = self._colored(verdict, _STATES[found.confidence])
            others = [sensor_title(sensors.get_sensor(c)) for c in found.candidates if c != found.sensor]
            reason = with_field_titles(found.reason) + (tr("; or: ") + ", ".join(others) if others else "")
        self.verdict.setText(text)
        self.reason.setText(escape(reason))
        self.reason.setVisible(bool(reason))
        self._show_reading(found)

    def _first_guess(self) -> str:
        """What its bands say, while its values are still being read."""
        first = sensors.detect(self._loader.first).sensor if self._loader.first else None
        if first is None:
            return tr("Looking at the raster...")
        return tr("{sensor}, looking at the values...").format(sensor=escape(sensor_title(sensors.get_sensor(first))))

    def _colored(self, text: str, state: str) -> str:
        return f'<span style="color:{state_color(self, state)}; font-weight:600">{escape(text)}</span>'

    def _show_reading(self, found):
        """What is used where the user has chosen nothing, and which bands the sensor has."""
        shown = ",".join("-" if band is None else str(band) for band in found.bands) if found else ""
        self.bands.setPlaceholderText(shown if found and len(found.bands) <= 16 else "")
        unit = tr(sensors.UNITS.get(found.units, found.units)) if found and found.units and not self._chosen[2] else ""
        sensor = found.sensor if found and found.sensor else self._chosen[0]
        title = sensor_title(sensors.get_sensor(sensor)) if sensor and not self._chosen[0] else ""
        for box, answer in ((self.sensor, title), (self.units, unit)):
            box.setItemText(0, tr("as recognised: {answer}").format(answer=answer) if answer else tr("as recognised"))
        names = sensors.get_sensor(sensor).band_names if sensor else ()
        if len(names) > 12:
            names = (*names[:3], "...", names[-1])
        self.wanted.setText(tr("one entry each for {names}").format(names=", ".join(names)) if names else "")
        self.wanted.setVisible(bool(names))

    def reading_parameters(self) -> dict:
        """SENSOR, BANDS, UNITS for an algorithm; all of them as shown where the user was asked to check them."""
        found = self.detection
        sensor, bands, units = self.sensor.currentData(), self.bands.text().strip(), self.units.currentData()
        if found.confidence == "ambiguous":
            sensor, units = found.sensor, found.units
            bands = bands or ",".join("-" if band is None else str(band) for band in found.bands)
        return {"SENSOR": sensor or "auto", "BANDS": bands, "UNITS": units or "auto"}

    def trouble(self) -> str:
        """Why the raster cannot be used, in one line; empty where it can."""
        if self.raster.currentLayer() is None:
            return tr("Add a raster to the project")
        if self.looking:
            return tr("Looking at the raster...")
        if self._loader.error:
            return self._loader.error
        if self.detection is None or self.detection.sensor is None or self.detection.units is None:
            return tr("The raster was not recognised: choose its sensor, bands and unit")
        return ""
