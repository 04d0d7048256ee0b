"""How finely the raster is looked at, and what that costs: tiles, time, memory."""

import math

from qgis.core import QgsRectangle, QgsSettings
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSpinBox, QVBoxLayout, QWidget

from .texts import tr

FAST, BALANCED, FINE, OWN = "fast", "balanced", "fine", "own"
LEAST_PX, MOST_PX = 16, 4096
_SPEED = "ofanet/speed"
_LEAST_TILES = 20  # fewer are start-up, not speed
_OVERLAP = {"segment": 0.25, "classify": 0.0}
_GB = 1e9
_BUDGET_BYTES = 2**30  # the engine's, or a quarter of what is free
_TORCH_BYTES = 0.7e9


def tiles_along(size_px: int, tile_px: int, overlap: float, clipped: bool) -> int:
    """How many tiles lie along an axis: as the engine's tiling lays them."""
    step = tile_px - min(round(tile_px * overlap), tile_px - 1)
    last = size_px if clipped else max(size_px - tile_px, 0)
    return math.ceil(last / step) + (0 if clipped else 1)


class DetailInput(QWidget):
    changed = pyqtSignal()  # another tile size

    def __init__(self, parent=None):
        super().__init__(parent)
        self._layer, self._head, self._extent, self._device = None, None, QgsRectangle(), "auto"
        self._build()
        self._show()

    def _build(self):
        self.choice = QComboBox()
        self.choice.setAccessibleName(tr("Detail"))
        for key, title in ((FAST, tr("Fast")), (BALANCED, tr("Balanced")), (FINE, tr("Fine")), (OWN, tr("Own"))):
            self.choice.addItem(title, key)
        self.choice.setCurrentIndex(self.choice.findData(BALANCED))
        tip = tr("Smaller tiles see finer detail and take four times as long; the head was trained at Balanced")
        self.choice.setToolTip(tip)
        self.px = QSpinBox()
        self.px.setAccessibleName(tr("Tile size in pixels"))
        self.px.setRange(LEAST_PX, MOST_PX)
        self.px.setValue(64)
        self.px.setSuffix(tr(" px"))
        self.px.setToolTip(tip)
        self.estimate = QLabel()
        self.estimate.setWordWrap(True)
        row = QHBoxLayout()
        row.addWidget(self.choice, 1)
        row.addWidget(self.px)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(row)
        layout.addWidget(self.estimate)
        self.choice.currentIndexChanged.connect(lambda *_: self._chosen())
        self.px.valueChanged.connect(lambda *_: self._chosen())

    def update_for(self, layer, head_file, extent: QgsRectangle, device: str = "auto"):
        """The raster, the head or None, what is computed of the raster (its CRS) and where: auto, cpu or cuda."""
        self._layer, self._head, self._extent, self._device = layer, head_file, QgsRectangle(extent), device
        self._show()

    def _chosen(self):
        self._show()
        self.changed.emit()

    # --- tiles --------------------------------------------------------------------------------------------------

    def _own_px(self) -> int:
        return int(self._head.header.get("tile_px") or 0) if self._head is not None else 0

    def tile_px(self) -> int:
        """For TILE_SIZE; 0 is the head's own."""
        own, choice = self._own_px(), self.choice.currentData()
        if choice == OWN:
            return self.px.value()
        if choice == BALANCED or not own:
            return 0
        return min(own * 2, MOST_PX) if choice == FAST else max(own // 2, LEAST_PX)

    def tiles(self) -> int:
        """How many tiles a run has; 0 where that is not known."""
        tile_px = self.tile_px() or self._own_px()
        if self._layer is None or self._extent.isEmpty() or not tile_px:
            return 0
        task = self._head.header.get("task")
        columns = round(self._extent.width() / self._layer.rasterUnitsPerPixelX())
        rows = round(self._extent.height() / self._layer.rasterUnitsPerPixelY())
        along = (tiles_along(max(n, 1), tile_px, _OVERLAP.get(task, 0.25), task == "classify") for n in (columns, rows))
        return math.prod(along)

    # --- speed --------------------------------------------------------------------------------------------------

    def _key(self, device: str, head_file) -> str:
        return f"{_SPEED}/{device}/{head_file.header.get('backbone')}"

    def learn(self, result: dict, head_file, device: str = "auto"):
        """Takes the speed of a run: the engine's result for it, the head and the device that was asked for."""
        tiles, seconds = result.get("tiles") or 0, result.get("seconds") or 0
        if head_file is None or tiles < _LEAST_TILES or seconds <= 0:
            return
        for key in {device, str(result.get("device") or device)}:
            QgsSettings().setValue(self._key(key, head_file), tiles / seconds)
        self._show()

    def tiles_a_second(self) -> float | None:
        """As measured on this machine for that device and checkpoint; None before the first run."""
        if self._head is None:
            return None
        found = QgsSettings().value(self._key(self._device, self._head), 0.0, float)
        return found or None

    # --- what it says -------------------------------------------------------------------------------------------

    def _show(self):
        self.px.setVisible(self.choice.currentData() == OWN)
        tiles, speed = self.tiles(), self.tiles_a_second()
        if not tiles:
            self.estimate.setText("")
        else:
            words = [tr("About {count:,} tiles").format(count=tiles)]
            words.append(_time(tiles / speed) if speed else tr("time known after the first run"))
            words.append(tr("up to about {gb:.1f} GB of memory").format(gb=(_BUDGET_BYTES + _TORCH_BYTES) / _GB))
            self.estimate.setText(", ".join(words))
        self.estimate.setVisible(bool(tiles))


def _time(seconds: float) -> str:
    if seconds < 90:
        return tr("about {seconds:.0f} s").format(seconds=max(seconds, 1))
    if seconds < 5400:
        return tr("about {minutes:.0f} min").format(minutes=seconds / 60)
    return tr("about {hours:.1f} h").format(hours=seconds / 3600)
