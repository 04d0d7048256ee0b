"""The raster that a panel works on: what it was recognised as and why, and the user's corrections."""

from html import escape

from qgis.core import QgsMapLayerProxyModel, QgsRasterLayer
from qgis.gui import QgsMapLayerComboBox
from qgis.PyQt import sip
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QFormLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from ..engine.engine_messages import with_field_titles
from ..engine.modules import catalog, errors, sensors
from ..engine.raster_facts import LayerSettings, settings_of
from ..engine.reading_words import reading_reason, reading_title
from ..i18n.texts import sensor_title, tr
from .raster_facts_loader import RasterFactsLoader
from .reading.band_order import band_text
from .reading.reading_box import ReadingBox
from .reading.thumbnail import Thumbnail, composite_of
from .theme import state_color

_CONFIDENCE = {"certain": tr("certain"), "likely": tr("likely"), "ambiguous": tr("ambiguous: please check")}
_STATES = {"certain": "good", "likely": "fair", "ambiguous": "fair"}  # green only where nothing was assumed


class RasterInput(QWidget):
    changed = pyqtSignal()  # another raster, another way to read it, or it is known now what it is

    def __init__(self, tile_default: str | None, parent=None):
        """`tile_default` says in words what a tile size of 0 stands for; None where the tile size is set elsewhere."""
        super().__init__(parent)
        self._source, self._settings = "", LayerSettings()
        self.detection, self._chosen = None, (None, None, None)
        self._head: catalog.ModelFile | None = None
        self._table, self._guessed = sensors.TABLE, (None, None, None)
        self._watched: QgsRasterLayer | None = None
        self._loader = RasterFactsLoader(self)
        self._loader.loaded.connect(self._recognise)
        self._loader.first_loaded.connect(self._detect)
        self.raster = QgsMapLayerComboBox()
        self.raster.setAccessibleName(tr("Raster"))
        self.raster.setFilters(QgsMapLayerProxyModel.Filter.RasterLayer)
        self.verdict, self.reason, self.thumbnail = QLabel(), QLabel(), Thumbnail()
        self.reading = ReadingBox(tile_default)
        self.sensor, self.units, self.tile = self.reading.sensor, self.reading.units, self.reading.tile
        self.bands, self.wanted = self.reading.order.text, self.reading.order.wanted
        for label in (self.verdict, self.reason):
            label.setWordWrap(True)
        self.reason.setTextFormat(Qt.TextFormat.PlainText)
        small = self.reason.font()
        small.setPointSizeF(small.pointSizeF() * 0.9)
        self.reason.setFont(small)
        self.verdict.setAccessibleName(tr("Recognised as"))
        self._build()
        self.reading.changed.connect(self._reading_changed)
        self.raster.layerChanged.connect(self._raster_changed)
        self._raster_changed(self.raster.currentLayer())

    def _build(self):
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(tr("Raster"), self.raster)
        words = QVBoxLayout()
        words.addWidget(self.verdict)
        words.addWidget(self.reason)
        words.addStretch(1)
        recognised = QHBoxLayout()
        recognised.addLayout(words, 1)
        recognised.addWidget(self.thumbnail)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(form)
        layout.addLayout(recognised)
        layout.addWidget(self.reading)

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

    def _raster_changed(self, layer):
        self._watch(layer)
        source, settings = (layer.source(), settings_of(layer)) if layer is not None else ("", LayerSettings())
        if source != self._source:
            self.reading.clear()
        if (source, settings) != (self._source, self._settings):
            self._source, self._settings = source, settings
            self.thumbnail.show_of(None, None)  # of other no data values it looks different
            self._loader.load(layer)
        self._recognise()

    def _watch(self, layer):
        """The user may set a CRS or no data values for the layer at any time; QGIS draws it anew then."""
        if self._watched is not None and not sip.isdeleted(self._watched):
            for signal in (self._watched.crsChanged, self._watched.repaintRequested):
                signal.disconnect(self._settings_changed)
        self._watched = layer
        if layer is not None:
            for signal in (layer.crsChanged, layer.repaintRequested):
                signal.connect(self._settings_changed)

    def _settings_changed(self, *_):
        if settings_of(self._watched) != self._settings:
            self._raster_changed(self._watched)

    def choose_sensor(self, sensor: str):
        """As if the user had chosen that sensor."""
        self.reading.choose_sensor(sensor)

    def read_for(self, head: catalog.ModelFile | None):
        """The raster is read as the head's checkpoint wants it, which may have other bands than the table's sensor."""
        if head != self._head:
            self._head = head
            self._reading_changed()

    def _recognise(self):
        self._detect()
        if self.detection is not None:
            self.reading.setCollapsed(self.detection.confidence in ("certain", "likely"))
        self.changed.emit()

    def _reading_changed(self):
        before = self._chosen, self.detection
        self._detect()
        if (self._chosen, self.detection) != before:
            self.changed.emit()

    def _detect(self):
        """Once as the user wants it; and, where the user has set bands, once more for what they are without."""
        self._chosen = sensor, bands, units = self.reading.chosen()
        self._table = self._table_for(sensor)
        self.detection = self._detection(sensor, bands, units)
        self._show(self._detection(sensor, None, None) if bands else self.detection)

    def _detection(self, sensor: str | None, bands: str | None, units: str | None) -> sensors.Detection | None:
        if self._loader.facts is None:
            return None
        try:
            return sensors.detect(self._loader.facts, sensor, bands, units, self._table)
        except errors.SensorError as error:
            return sensors.Detection(None, error.message)

    def _table_for(self, sensor: str | None) -> sensors.Table:
        """Of the head's checkpoint where the raster is of the head's sensor, else of the one that is taken without a
        head."""
        if self._head is not None:
            table = catalog.table_of_head(self._head)
            if (sensor or self._guess(table)) == self._head.header.get("sensor"):
                return table
        return catalog.table_by_default(sensor or self._guess(catalog.installed_table()))

    def _guess(self, table: sensors.Table) -> str | None:
        """The raster's sensor, where the user has set nothing."""
        facts = self._loader.facts
        if self._guessed[:2] != (facts, table):
            self._guessed = facts, table, sensors.detect(facts, table=table).sensor if facts is not None else None
        return self._guessed[2]

    def _show(self, recognised: sensors.Detection | None):
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
            title = reading_title(found.product, found.sensor, found.bands, self._table)
            text = self._colored(f"{title} ({_CONFIDENCE[found.confidence]})", _STATES[found.confidence])
            others = [sensor_title(self._table.sensor(c)) for c in found.candidates if c != found.sensor]
            reason = reading_reason(found) + (tr("; or: ") + ", ".join(others) if others else "")
            for what in self._settings.ignored:
                reason += "\n" + tr("Set in QGIS, but not used here: {what}").format(what=what)
        self.verdict.setText(text)
        self.reason.setText(reason)
        self.reason.setVisible(bool(reason))
        self.reading.show_detection(self._loader.facts, found, recognised, self._table)
        known = found is not None and found.sensor is not None
        composite = composite_of(self._table.sensor(found.sensor), found.bands) if known else None
        self.thumbnail.show_of(self.layer(), composite)

    def _first_guess(self) -> str:
        """What its bands say, while its values are still being read."""
        table = catalog.installed_table()
        first = sensors.detect(self._loader.first, table=table) if self._loader.first else None
        if first is None or first.sensor is None:
            return tr("Looking at the raster...")
        title = reading_title(first.product, first.sensor, first.bands, table)
        return tr("{sensor}, looking at the values...").format(sensor=escape(title))

    def _colored(self, text: str, state: str) -> str:
        return f'<span style="color:{state_color(self, state)}; font-weight:600">{escape(text)}</span>'

    def reading_parameters(self) -> dict:
        """SENSOR, BANDS, UNITS for an algorithm; all of them as shown where the user was asked to check them."""
        found = self.detection
        sensor, bands, units = self._chosen
        if found.confidence == "ambiguous":
            sensor, bands, units = found.sensor, bands or band_text(found.bands), found.units
        return {"SENSOR": sensor or "auto", "BANDS": bands or "", "UNITS": units or "auto"}

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
