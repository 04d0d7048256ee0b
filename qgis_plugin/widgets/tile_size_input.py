"""The tile size, and what it costs: tiles, time, memory."""

import json
import math
from pathlib import Path

from qgis.core import QgsApplication, QgsRectangle, QgsSettings
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSpinBox, QVBoxLayout, QWidget

from ..engine.modules import options
from ..i18n.texts import duration, tr
from .extents import pixels

FAST, BALANCED, FINE, OWN = "fast", "balanced", "fine", "own"
LEAST_PX, MOST_PX = 16, 4096
_OVERLAP = {"segment": options.DEFAULT_OVERLAP, "classify": 0.0}
_SPEED = "ofanet/speed"  # /device/fingerprint of the checkpoint: [[tiles, seconds], ...] of the last runs
_LEAST_TILES = 20  # fewer are start-up, not speed
_RUNS, _SHARE = 5, 0.1  # as many runs are kept; a short one, a preview, says little after a long one
_BUDGET_BYTES = 2**30  # of the engine, or a quarter of what is free
_TORCH_BYTES = 1.0e9  # libraries and the starter, measured on Linux without a GPU


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
            tr("From earlier runs with the same checkpoint and device; tiles without valid pixels are skipped")
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
        tile_px, (columns, rows) = self._px_of(self.choice.currentData()), pixels(self._layer, self._extent)
        if self._head is None or not (tile_px and columns and rows):
            return 0
        task = self._head.header.get("task")
        return math.prod(
            tiles_along(size, tile_px, _OVERLAP.get(task, 0.0), clipped=task == "classify") for size in (columns, rows)
        )

    # --- speed --------------------------------------------------------------------------------------------------

    def learn(self, tiles: int, seconds: float, ran_on: str, head_file, device: str = "auto"):
        """Takes the speed of a run: on which device it ran, the head it ran with, and the device that was chosen."""
        if head_file is None or tiles < _LEAST_TILES or seconds <= 0:
            return
        for where in {device or "auto", ran_on}:
            key = _key(where, head_file)
            runs = _runs(key)
            if tiles >= _SHARE * max((before for before, _ in runs), default=0):
                QgsSettings().setValue(key, json.dumps([*runs, [tiles, seconds]][-_RUNS:]))
        self._show()

    def tiles_a_second(self) -> float | None:
        """Of the last runs on this machine with that device and checkpoint, long ones counting most, since the first
        tiles are slower; None before the first run."""
        runs = _runs(_key(self._device, self._head)) if self._head is not None else []
        return sum(tiles for tiles, _ in runs) / sum(seconds for _, seconds in runs) if runs else None

    # --- what is shown ------------------------------------------------------------------------------------------

    def _show(self):
        titles = {FAST: tr("Fast"), BALANCED: tr("Balanced"), FINE: tr("Fine")}
        for choice, title in titles.items():
            px = self._px_of(choice)
            text = tr("{choice}: tiles of {px} pixels").format(choice=title, px=px) if px else title
            self.choice.setItemText(self.choice.findData(choice), text)
        self.choice.setItemText(self.choice.findData(OWN), tr("Own tile size"))
        self.px.setVisible(self.choice.currentData() == OWN)
        self.estimate.setText(self._estimate())
        self.estimate.setVisible(bool(self.estimate.text()))

    def _estimate(self) -> str:
        tiles, speed = self.tiles(), self.tiles_a_second()
        if not tiles:
            return ""
        time = tr("how long it takes is known after the first run")
        if speed:
            time = tr("about {time}").format(time=duration(tiles / speed))
        gb = (memory_budget_bytes() + _TORCH_BYTES) / 1e9
        return tr("{tiles:,} tiles; {time}; up to about {gb:.1f} GB of memory").format(tiles=tiles, time=time, gb=gb)


def _key(device: str, head_file) -> str:
    return f"{_SPEED}/{device}/{head_file.header.get('backbone')}"


def _runs(key: str) -> list[list[float]]:
    """Tiles and seconds of the last runs; none where the settings hold something else."""
    try:
        runs = [(float(tiles), float(seconds)) for tiles, seconds in json.loads(QgsSettings().value(key, "[]", str))]
    except (ValueError, TypeError):
        return []
    return [[tiles, seconds] for tiles, seconds in runs if tiles > 0 and seconds > 0]


def memory_budget_bytes() -> int:
    """The engine's own default: 1 GB, or a quarter of the memory that is free (of all, where that is not known)."""
    free = QgsApplication.systemMemorySizeMb() * 10**6 or 4 * _BUDGET_BYTES
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, ValueError, StopIteration):
        pass  # Linux only
    return min(_BUDGET_BYTES, free // 4)
