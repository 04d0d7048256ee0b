"""Which of the raster's bands are read as which of the sensor's: a table, and the same as text for experts."""

from collections.abc import Sequence

from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QToolButton, QVBoxLayout, QWidget

from ...engine.modules import sensors
from ...i18n.texts import FIELDS, tr
from .band_table import MOST_ROWS, BandTable


class BandOrder(QWidget):
    changed = pyqtSignal()  # the user has changed the order

    def __init__(self):
        super().__init__()
        self.table, self.summary = BandTable(), QLabel()
        self.text, self.wanted = QLineEdit(), QLabel()  # empty: as recognised
        self.as_text, self.reset = QToolButton(), QToolButton()
        self.text.setAccessibleName(FIELDS["bands"])
        self.text.setToolTip(tr("The raster's band for each band of the sensor, from 1; a dash for a missing one"))
        for label in (self.summary, self.wanted):
            label.setWordWrap(True)
        small = self.wanted.font()
        small.setPointSizeF(small.pointSizeF() * 0.9)
        self.wanted.setFont(small)
        self._build()
        self.table.chosen.connect(self._table_changed)
        self.text.textEdited.connect(lambda _: self.changed.emit())
        self.text.editingFinished.connect(self.changed)
        self.as_text.toggled.connect(lambda _: self._show_text())
        self.reset.clicked.connect(self._reset)

    def _build(self):
        self.as_text.setText(tr("As text"))
        self.as_text.setCheckable(True)
        self.as_text.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.reset.setText(tr("As recognised"))
        self.reset.setToolTip(tr("Back to the bands that were recognised"))
        for button in (self.as_text, self.reset):
            button.setAutoRaise(True)
        buttons = QHBoxLayout()
        buttons.addWidget(self.as_text)
        buttons.addStretch(1)
        buttons.addWidget(self.reset)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        layout.addWidget(self.table)
        layout.addWidget(self.summary)
        layout.addLayout(buttons)
        layout.addWidget(self.text)
        layout.addWidget(self.wanted)
        self._show_text()

    def order(self) -> str:
        """As `--bands` takes it; empty where it is as recognised."""
        return self.text.text().strip()

    def show_bands(
        self, sensor: sensors.Sensor | None, titles: Sequence[str], bands: Sequence[int | None], recognised: str
    ):
        """
        Args:
            sensor: That reads the raster; None where it is not known yet.
            titles: Of the raster's bands.
            bands: What is read: per band of the sensor the raster's band, or none of them where that is not known.
            recognised: What the text would be for the bands as recognised, "" where there are none.
        """
        few = sensor is not None and len(sensor.bands) <= MOST_ROWS
        self.table.setVisible(few)
        self.summary.setVisible(sensor is not None and not few)
        self.as_text.setVisible(few)
        self._show_text()
        self.text.setPlaceholderText(recognised if few else "")
        self.reset.setVisible(bool(self.order() and recognised))
        self.wanted.setText(_wanted(sensor))
        if sensor is not None:
            shown = bands or _parsed(self.order(), len(sensor.bands), len(titles))
            if few:
                self.table.show_bands(sensor, titles, shown)
            else:
                self.summary.setText(_summary(sensor, shown))

    def _show_text(self):
        """It is the only way where there is no table."""
        on = self.as_text.isChecked() or self.as_text.isHidden()
        self.as_text.setArrowType(Qt.ArrowType.DownArrow if on else Qt.ArrowType.RightArrow)
        self.text.setVisible(on)
        self.wanted.setVisible(on)

    def _table_changed(self):
        text = band_text(self.table.bands())
        self.text.setText("" if text == self.text.placeholderText() else text)
        self.changed.emit()

    def _reset(self):
        self.text.clear()
        self.changed.emit()


def band_text(bands: Sequence[int | None]) -> str:
    return ",".join("-" if band is None else str(band) for band in bands)


def _parsed(text: str, length: int, highest: int) -> list[int | None]:
    """Of a text that may be incomplete or wrong: what can be shown."""
    found = [int(part) if part.strip().isdecimal() else None for part in text.split(",")]
    found = [band if band and band <= highest else None for band in found]
    return (found + [None] * length)[:length]


def _wanted(sensor: sensors.Sensor | None) -> str:
    if sensor is None:
        return ""
    names = sensor.band_names
    if len(names) > MOST_ROWS:
        names = (*names[:3], "...", names[-1])
    return tr("one entry each for {names}").format(names=", ".join(names))


def _summary(sensor: sensors.Sensor, bands: Sequence[int | None]) -> str:
    text = tr("{read} of the sensor's {count} bands").format(
        read=sum(1 for band in bands if band), count=len(sensor.bands)
    )
    ends = [band.wavelength_um for band in (sensor.bands[0], sensor.bands[-1])]
    return f"{text}, {1000 * ends[0]:.0f} - {1000 * ends[1]:.0f} nm" if all(ends) else text
