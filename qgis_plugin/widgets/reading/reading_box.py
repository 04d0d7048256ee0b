"""How a raster is read, and the user's corrections: sensor, band order, unit, and tile size where it is set here."""

from qgis.gui import QgsCollapsibleGroupBox
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QFormLayout, QLabel, QSpinBox

from ...engine.modules import sensors
from ...i18n.texts import FIELDS, sensor_title, tr
from ..elided_combo_box import ElidedComboBox
from .band_order import BandOrder, band_text
from .band_table import band_titles
from .units_input import UnitsInput


class ReadingBox(QgsCollapsibleGroupBox):
    changed = pyqtSignal()  # by the user

    def __init__(self, tile_default: str | None):
        """`tile_default`: see `RasterInput`."""
        super().__init__(tr("How the raster is read"))
        self.setSaveCollapsedState(False)  # it opens where something has to be checked
        self.setCollapsed(True)
        self.sensor, self.order, self.units, self.tile = ElidedComboBox(), BandOrder(), UnitsInput(), QSpinBox()
        self.sensor.addItem(tr("as recognised"), None)
        self._table = sensors.TABLE
        self._offer(self._table)
        self.sensor.setAccessibleName(FIELDS["sensor"])
        self.tile.setRange(0, 4096)
        self.tile.setSpecialValueText(tile_default or "")
        self.tile.setToolTip(tr("Smaller tiles see finer detail, and take longer"))
        self.tile.setAccessibleName(tr("Tile size in pixels"))
        form = QFormLayout(self)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(FIELDS["sensor"], self.sensor)
        form.addRow(FIELDS["units"], self.units)
        if tile_default is not None:
            form.addRow(tr("Tile size in pixels"), self.tile)
        form.addRow(QLabel(FIELDS["bands"]))
        form.addRow(self.order)
        self.sensor.activated.connect(self._sensor_changed)
        self.order.changed.connect(self.changed)
        self.units.changed.connect(self.changed)

    def chosen(self) -> tuple[str | None, str | None, str | None]:
        """(sensor, bands, units) as `detect` takes them; None where they are as recognised."""
        return self.sensor.currentData(), self.order.order() or None, self.units.units()

    def choose_sensor(self, sensor: str):
        """As if the user had chosen that sensor."""
        self.sensor.setCurrentIndex(self.sensor.findData(sensor))
        self._sensor_changed()

    def clear(self):
        self.sensor.setCurrentIndex(0)
        self.units.clear()
        self.order.text.clear()

    def show_detection(
        self,
        facts: sensors.RasterFacts | None,
        found: sensors.Detection | None,
        recognised: sensors.Detection | None,
        table: sensors.Table,
    ):
        """
        Args:
            facts: Of the raster; None where they are not known.
            found: The detection with what the user has chosen.
            recognised: The same without the chosen bands.
            table: The sensors and products that it was detected with.
        """
        self._offer(table)
        chosen_sensor, _, chosen_units = self.chosen()
        read_as = next((one.sensor for one in (found, recognised) if one is not None and one.sensor), chosen_sensor)
        sensor = table.sensors.get(read_as) if read_as else None
        title = sensor_title(sensor) if sensor and not chosen_sensor else ""
        self.sensor.setItemText(0, tr("auto: {answer}").format(answer=title) if title else tr("as recognised"))
        self.units.show_recognised(found.units if found and not chosen_units else None)
        bands, titles = found.bands if found else (), band_titles(facts) if facts else ()
        self.order.show_bands(sensor, titles, bands, band_text(recognised.bands) if recognised else "")

    def _offer(self, table: sensors.Table):
        """Its sensors to choose from; installed checkpoints may have more than there were before."""
        self._table = table
        for key, sensor in table.sensors.items():
            if self.sensor.findData(key) < 0:
                self.sensor.addItem(sensor_title(sensor), key)

    def _sensor_changed(self, *_):
        """An order of another sensor's bands says nothing of this one's."""
        sensor = self.sensor.currentData()
        known = self._table.sensors.get(sensor)
        if known and self.order.order().count(",") + 1 != len(known.bands):
            self.order.text.clear()
        self.changed.emit()
