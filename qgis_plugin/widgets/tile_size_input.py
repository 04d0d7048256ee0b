"""The tile size, and what it costs: tiles, time, memory."""

import math
from pathlib import Path

from qgis.core import QgsApplication, QgsRectangle
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSpinBox, QVBoxLayout, QWidget

from ..engine.modules import model_cost, options
from ..i18n.texts import duration, tr
from ..models import speeds
from .extents import pixels

FAST, BALANCED, FINE, OWN = "fast", "balanced", "fine", "own"
LEAST_PX, MOST_PX = 16, 4096
_OVERLAP = {"segment": options.DEFAULT_OVERLAP, "classify": 0.0}
_BUDGET_BYTES = 2**30  # of the engine, or a quarter of what is free
_TORCH_BYTES = 1.0e9  # libraries and the starter, measured on Linux without a GPU
_LONG_S = 60  # of a run with the finest tiles


def tiles_along(size_px: int, tile_px: int, overlap: float, clipped: bool) -> int:
    """How many tiles the engine places along an axis of `size_px` pixels; its own code needs NumPy."""
    step = tile_px - min(round(tile_px * overlap), tile_px - 1)
    if clipped:
        return math.ceil(size_px / step)
    return math.ceil(max(size_px - tile_px, 0) / step) + 1


class TileSizeInput(QWidget):
    changed = pyqtSignal()  # the user chose another tile size

    def __init__(self, parent=None):
        super().__init__(parent)
        self._layer, self._head, self._extent, self._device = None, None, QgsRectangle(), "auto"
        self._measurement = speeds.SpeedMeasurement(self)
        self._measurement.ended.connect(self._show)
        self._build()
        self._show()

    def _build(self):
        self.choice = QComboBox()
        self.choice.setAccessibleName(tr("Detail"))
        for key in (FAST, BALANCED, FINE, OWN):
            self.choice.addItem("", key)
        self.choice.setCurrentIndex(self.choice.findData(BALANCED))
        self.px = QSpinBox()
        self.px.setAccessibleName(tr("Tile size in pixels"))
        self.px.setRange(LEAST_PX, MOST_PX)
        self.px.setValue(64)
        self.px.setSuffix(tr(" px"))
        self.px.setKeyboardTracking(False)
        tip = tr(
            "The raster is processed in square tiles. Tiles of half the size show finer detail and take four times as "
            "long, tiles of twice the size a quarter of the time. The head was trained at Balanced."
        )
        for widget in (self.choice, self.px):
            widget.setToolTip(tip)
        self.estimate = QLabel()
        self.estimate.setWordWrap(True)
        self.estimate.setTextFormat(Qt.TextFormat.PlainText)
        self.estimate.setToolTip(
            tr(
                "From earlier runs with the same checkpoint and device, or measured on a few tiles; tiles without "
                "valid pixels are skipped"
            )
        )
        row = QHBoxLayout()
        row.addWidget(self.choice, 1)
        row.addWidget(self.px)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(row)
        layout.addWidget(self.estimate)
        self.choice.currentIndexChanged.connect(self._chosen)
        self.px.valueChanged.connect(self._chosen)

    def update_for(self, layer, head_file, extent: QgsRectangle, device: str = "auto"):
        """Shows what a run would cost.

        Args:
            layer: the raster, or None.
            head_file: the head, or None.
            extent: what is computed of the raster, in its CRS.
            device: auto, cpu or cuda.
        """
        self._layer, self._head, self._extent, self._device = layer, head_file, QgsRectangle(extent), device or "auto"
        self._show()

    def _chosen(self, *_):
        self._show()
        self.changed.emit()

    # --- tiles --------------------------------------------------------------------------------------------------

    def _own_px(self) -> int:
        return int(self._head.header.get("tile_px") or 0) if self._head is not None else 0

    def _px_of(self, choice: str) -> int:
        """The tile size of a choice in pixels, 0 where it is the head's and there is none."""
        own = self._own_px()
        sizes = {FAST: min(own * 2, MOST_PX), BALANCED: own, FINE: max(own // 2, LEAST_PX), OWN: self.px.value()}
        return sizes[choice] if own or choice == OWN else 0

    def tile_px(self) -> int:
        """For TILE_SIZE: pixels, or 0 for the head's own."""
        choice = self.choice.currentData()
        return 0 if choice == BALANCED else self._px_of(choice)

    def tiles(self) -> int:
        """How many tiles a run has at most; 0 where that is not known."""
        return self._tiles_of(self.choice.currentData())

    def _tiles_of(self, choice: str) -> int:
        tile_px, (columns, rows) = self._px_of(choice), pixels(self._layer, self._extent)
        if self._head is None or not (tile_px and columns and rows):
            return 0
        task = self._head.header.get("task")
        return math.prod(
            tiles_along(size, tile_px, _OVERLAP.get(task, 0.0), clipped=task == "classify") for size in (columns, rows)
        )

    # --- speed --------------------------------------------------------------------------------------------------

    def learn(self, tiles: int, seconds: float, ran_on: str, head_file, device: str = "auto"):
        """Takes the speed of a run: on which device it ran, the head it ran with, and the device that was chosen."""
        if head_file is not None:
            speeds.learn(tiles, seconds, ran_on, head_file, device or "auto")
            self._show()

    def tiles_a_second(self) -> float | None:
        """With the chosen device and the head's checkpoint; None where that is not known yet."""
        return speeds.tiles_a_second(self._device, self._head) if self._head is not None else None

    def close_down(self):
        self._measurement.cancel()

    # --- what is shown ------------------------------------------------------------------------------------------

    def _show(self):
        if self.tiles():
            self._measurement.want(self._head, self._device)
        titles = {FAST: tr("Fast"), BALANCED: tr("Balanced"), FINE: tr("Fine")}
        for choice, title in titles.items():
            self.choice.setItemText(self.choice.findData(choice), self._title(choice, title))
        self.choice.setItemText(self.choice.findData(OWN), tr("Own tile size"))
        self.px.setVisible(self.choice.currentData() == OWN)
        self.estimate.setText(self._estimate())
        self.estimate.setVisible(bool(self.estimate.text()))

    def _title(self, choice: str, title: str) -> str:
        """With the tile size, and the time where the finest takes long: then time decides the choice."""
        px, speed = self._px_of(choice), self.tiles_a_second()
        if not px:
            return title
        if speed and self._tiles_of(FINE) / speed >= _LONG_S:
            text = tr("{choice}: tiles of {px} pixels, about {time}")
            return text.format(choice=title, px=px, time=duration(self._tiles_of(choice) / speed))
        return tr("{choice}: tiles of {px} pixels").format(choice=title, px=px)

    def _estimate(self) -> str:
        tiles = self.tiles()
        if not tiles:
            return ""
        architecture = speeds.architecture_of(self._head)
        weights = model_cost.backbone_bytes(architecture) if architecture else 0
        gb = (memory_budget_bytes() + _TORCH_BYTES + weights) / 1e9
        text = tr("{tiles:,} tiles; {time}; up to about {gb:.1f} GB of memory")
        return text.format(tiles=tiles, time=self._time(tiles), gb=gb)

    def _time(self, tiles: int) -> str:
        """How long a run takes, and on what; with a graphics card that was used before, also there."""
        speed, where = self.tiles_a_second(), speeds.device_of(self._device)
        if not speed:
            measuring = tr("measuring how long it takes...")
            return measuring if self._measurement.running else tr("how long it takes is known after the first run")
        time, faster = duration(tiles / speed), speeds.tiles_a_second("cuda", self._head)
        if where == "cpu" and faster:
            text = tr("about {time} on this processor, {gpu_time} on the graphics card")
            return text.format(time=time, gpu_time=duration(tiles / faster))
        places = {"cpu": tr("about {time} on this processor"), "cuda": tr("about {time} on the graphics card")}
        return places.get(where, tr("about {time}")).format(time=time)


def memory_budget_bytes() -> int:
    """The engine's own default: 1 GB, or a quarter of the memory that is free (of all, where that is not known)."""
    free = QgsApplication.systemMemorySizeMb() * 10**6 or 4 * _BUDGET_BYTES
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, ValueError, StopIteration):
        pass  # Linux only
    return min(_BUDGET_BYTES, free // 4)
