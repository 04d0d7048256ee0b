"""The bands of a sensor, and for each the raster's band that is read as it, to choose."""

from collections.abc import Sequence

from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QGridLayout, QLabel, QWidget

from ...engine.modules import sensors
from ...i18n.texts import tr
from ..elided_combo_box import ElidedComboBox

MOST_ROWS = 16  # with more bands, a text is the better way
_COLORS = {"red": tr("red"), "green": tr("green"), "blue": tr("blue"), "alpha": tr("alpha")}


class BandTable(QWidget):
    chosen = pyqtSignal()  # the user has changed a row

    def __init__(self):
        super().__init__()
        self.boxes: list[ElidedComboBox] = []  # per band of the sensor
        self._shown: tuple = (None, ())  # sensor, titles of the raster's bands
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(3)
        self._grid.setColumnStretch(2, 1)

    def show_bands(self, sensor: sensors.Sensor, titles: Sequence[str], bands: Sequence[int | None]):
        """
        Args:
            sensor: Its bands are the rows.
            titles: Of the raster's bands.
            bands: Per band of the sensor the raster's band, from 1, None where it is missing.
        """
        if (sensor, titles) != self._shown:
            self._shown = (sensor, titles)
            self._build(sensor, titles)
        for box, band in zip(self.boxes, bands, strict=True):
            box.setCurrentIndex(band or 0)

    def bands(self) -> list[int | None]:
        return [box.currentIndex() or None for box in self.boxes]

    def _build(self, sensor: sensors.Sensor, titles: Sequence[str]):
        while self._grid.count():
            widget = self._grid.takeAt(0).widget()
            widget.hide()  # it is deleted later
            widget.deleteLater()
        wavelengths = [f"{1000 * band.wavelength_um:.0f} nm" if band.wavelength_um else "" for band in sensor.bands]
        header = (tr("Band"), tr("Wavelength") if any(wavelengths) else "", tr("Band of the raster"))
        for column, text in enumerate(header):
            self._grid.addWidget(_small(text), 0, column)
        self.boxes = []
        for row, (band, wavelength) in enumerate(zip(sensor.bands, wavelengths, strict=True), 1):
            box = _choice(titles)
            box.setAccessibleName(tr("Band of the raster for {band}").format(band=band.name))
            box.setEnabled(row not in sensor.never)
            box.activated.connect(lambda _: self.chosen.emit())
            for column, widget in enumerate((QLabel(band.name), QLabel(wavelength), box)):
                self._grid.addWidget(widget, row, column)
            self.boxes.append(box)


class _WheelessComboBox(ElidedComboBox):
    """Scrolling the panel over a row must not choose another band."""

    def __init__(self):
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def wheelEvent(self, event):
        event.ignore()


def _choice(titles: Sequence[str]) -> ElidedComboBox:
    box = _WheelessComboBox()
    box.addItem(tr("- (missing)"))
    box.addItems(titles)
    return box


def _small(text: str) -> QLabel:
    label = QLabel(text)
    font = label.font()
    font.setPointSizeF(font.pointSizeF() * 0.9)
    label.setFont(font)
    return label


def band_titles(facts: sensors.RasterFacts) -> tuple[str, ...]:
    """Of a raster's bands: "3: SR_B4", "3: red", "3: 655 nm", or "Band 3" where nothing is known of them."""
    names = _without_common_start(facts.descriptions or ("",) * facts.count)
    wavelengths = facts.wavelengths_um or (None,) * facts.count
    titles = []
    for number, (name, um, color) in enumerate(zip(names, wavelengths, facts.colors, strict=True), 1):
        known = name or (f"{1000 * um:.0f} nm" if um else _COLORS.get(color, ""))
        titles.append(f"{number}: {known}" if known else tr("Band {number}").format(number=number))
    return tuple(titles)


def _without_common_start(names: Sequence[str]) -> list[str]:
    """SR_B4 of LC08_L2SP_005009_20150710_SR_B4: files of one scene begin alike. A bare B4 keeps the word before it."""
    words = [name.split("_") for name in names]
    shared = 0
    if len(names) > 1:
        while len({tuple(one[: shared + 1]) for one in words}) == 1 and all(len(one) > shared + 1 for one in words):
            shared += 1
    if shared and max(len("_".join(one[shared:])) for one in words) < 4:
        shared -= 1
    return ["_".join(one[shared:]) for one in words]
