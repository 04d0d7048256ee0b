"""Which head is to classify the raster, and what its file says of it: task, tile size, origin, accuracy, classes."""

from collections.abc import Collection
from pathlib import Path

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from ..engine.engine_messages import with_field_titles
from ..engine.modules import catalog, errors
from ..i18n.texts import tr
from ..models.head_words import fitted_on, misfit, score_line
from ..models.model_card import TASKS, sensor_name
from ..models.model_files import OWN, ModelEntry, entries
from .class_chips import ClassChips
from .elided_combo_box import ElidedComboBox
from .model_card_dialog import ModelCardDialog
from .theme import state_color

_ICONS = {"segment": "/mIconRaster.svg", "classify": "/mIconPolygonLayer.svg"}
_STAR = "\u2605"  # marks the default


class HeadChoice(QWidget):
    """A list of the heads for one sensor; below it what the chosen one is."""

    changed = pyqtSignal()  # another head, or none
    sensor_wanted = pyqtSignal(str)  # the user chose the file of a head for this other sensor

    def __init__(self, parent=None):
        super().__init__(parent)
        self._sensor: str | None = None
        self._gsd_m: float | None = None
        self._bands: tuple[str, ...] | None = None  # that the raster has
        self._default: Path | None = None  # the head that the engine takes where none is named
        self._heads: list[catalog.ModelFile] = []
        self._own: list[Path] = []  # files that the user chose, of any sensor; the last first
        self._shown: catalog.ModelFile | None = None
        self._card: ModelCardDialog | None = None
        self._build()
        self._show()

    def _build(self):
        self.head = ElidedComboBox()
        self.head.setAccessibleName(tr("Head"))
        self.other = QToolButton()  # small, as in QGIS's own fields for files: the names of heads need the room
        self.other.setText("…")
        self.other.setAccessibleName(tr("Other file..."))
        self.other.setToolTip(tr("Choose the file of a head that is in none of the folders"))
        self.description, self.misfit, self.fitted, self.score, self.problem = (QLabel() for _ in range(5))
        for label in (self.description, self.misfit, self.fitted, self.score, self.problem):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.problem.hide()
        self.card = QLabel(f'<a href="card">{tr("Model card")}</a>')
        self.card.setAccessibleName(tr("Model card"))
        self.card.setTextInteractionFlags(
            Qt.TextInteractionFlag.LinksAccessibleByMouse | Qt.TextInteractionFlag.LinksAccessibleByKeyboard
        )
        self.card.setToolTip(tr("Everything that the file says about the head"))
        self.chips = ClassChips()
        row = QHBoxLayout()
        row.addWidget(self.head, 1)
        row.addWidget(self.other)
        last = QHBoxLayout()
        last.addWidget(self.score, 1)
        last.addWidget(self.card, 0, Qt.AlignmentFlag.AlignTop)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(row)
        layout.addWidget(self.problem)
        for widget in (self.description, self.misfit, self.chips, self.fitted):
            layout.addWidget(widget)
        layout.addLayout(last)
        self.head.currentIndexChanged.connect(lambda *_: self._show())
        self.head.opening.connect(self.refresh)
        self.other.clicked.connect(self._choose_file)
        self.card.linkActivated.connect(lambda *_: self.show_card())

    # --- which heads are offered --------------------------------------------------------------------------------

    def set_sensor(self, sensor: str | None, gsd_m: float | None = None, bands: Collection[str] | None = None):
        """Offers the heads for a raster, best first; none for no sensor. The chosen head stays where it is one of them,
        but the default of another raster gives way to that of this one.

        Args:
            sensor: the id of its sensor.
            gsd_m: its pixel size in metres; None where it is not known.
            bands: names of the sensor's bands that it has; None for all.
        """
        raster = sensor, gsd_m, None if bands is None else tuple(bands)
        current, moved = self.current(), raster != (self._sensor, self._gsd_m, self._bands)
        self._sensor, self._gsd_m, self._bands = raster
        self._show_problem("")
        follows = moved and current is not None and current.path == self._default
        self._read(None if follows else self.head.currentData())

    def refresh(self):
        """Reads the folders again: a head may have been trained, imported or removed."""
        self._read(self.head.currentData())

    def _read(self, chosen: str | None):
        found = catalog.ranked_heads(self._sensor, None, self._gsd_m, self._bands) if self._sensor else []
        found.sort(key=_is_for_tiles)  # stable: the catalogue's order otherwise
        own = [head for head in self._own_heads() if head.header.get("sensor") == self._sensor]
        heads = sorted([head for head in own if head not in found] + found, key=_is_for_tiles)
        self._default = found[0].path if found else None
        self._fill(heads, chosen)

    def _own_heads(self) -> list[catalog.ModelFile]:
        """The files that the user chose, read again; one that is gone is forgotten."""
        heads = []
        for path in list(self._own):
            try:
                heads.append(catalog.find_head(str(path), "", None))
            except errors.ModelFileError:
                self._own.remove(path)
        return heads

    def _fill(self, heads: list[catalog.ModelFile], chosen: str | None):
        self._heads = heads
        self.head.blockSignals(True)
        self.head.clear()
        for head in heads:
            task, title, tip = head.header.get("task"), _title(head), _title(head)
            if head.path == self._default:
                title = f"{_STAR} {title}"
                tip += "\n" + tr("Default for this layer, by sensor, pixel size and bands")
            self.head.addItem(QgsApplication.getThemeIcon(_ICONS.get(task, "")), title, str(head.path))
            tip += f"\n{_capitalized(TASKS.get(task, str(task)))}\n{head.path}"
            self.head.setItemData(self.head.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.head.setCurrentIndex(max(self.head.findData(chosen), 0) if heads else -1)
        self.head.blockSignals(False)
        self._show()

    def current(self) -> catalog.ModelFile | None:
        index = self.head.currentIndex()
        return self._heads[index] if 0 <= index < len(self._heads) else None

    def task(self) -> str | None:
        """segment, classify or None."""
        head = self.current()
        return head.header.get("task") if head else None

    def choose(self, path: str | Path) -> bool:
        """Offers and selects the head in a file; false where it is none for this sensor: the widget shows why."""
        try:
            head = catalog.find_head(str(path), "", None)
        except errors.ModelFileError as error:
            self._show_problem(with_field_titles(error.message))
            return False
        self._own = [head.path, *(path for path in self._own if path != head.path)]
        sensor = head.header.get("sensor", "")
        if sensor != self._sensor:
            self.sensor_wanted.emit(sensor)  # the receiver may call set_sensor
        if sensor != self._sensor:
            text = tr("The head is for {sensor}: choose it as the sensor")
            self._show_problem(text.format(sensor=sensor_name(sensor)))
            return False
        self._show_problem("")
        self.refresh()
        self.head.setCurrentIndex(self.head.findData(str(head.path)))
        return True

    def _choose_file(self):
        path, _ = QFileDialog.getOpenFileName(self, tr("Head"), "", tr("OFA-Net heads (*.safetensors)"))
        if path:
            self.choose(path)

    # --- what is shown of the chosen one ------------------------------------------------------------------------

    def _show_problem(self, text: str):
        self.problem.setStyleSheet(f"color: {state_color(self, 'bad')};")
        self.problem.setText(text)
        self.problem.setVisible(bool(text))

    def _show(self):
        head = self.current()
        for widget in (self.description, self.score, self.chips, self.card):
            widget.setVisible(head is not None)
        self.head.setEnabled(bool(self._heads))
        self._show_origin(head)
        if head is not None:
            starred = tr("{star} default for this layer; ").format(star=_STAR) if head.path == self._default else ""
            self.description.setText(_capitalized(starred + _description(head, self._gsd_m)))
            self.score.setText(score_line(head.training, head.header.get("task")))
            self.chips.show_classes(head.header.get("classes") or [])
            self.head.setToolTip(self.head.itemData(self.head.currentIndex(), Qt.ItemDataRole.ToolTipRole))
            if self._card is not None:
                self._card.show_entry(_entry(head))
        if head != self._shown:
            self._shown = head
            self.changed.emit()

    def _show_origin(self, head: catalog.ModelFile | None):
        """What it was fitted on and for which pixels; in amber where that is not like this raster."""
        about, other = ("", "") if head is None else (fitted_on(head.training), misfit(head, self._gsd_m))
        amber = f"color: {state_color(self, 'fair')};"
        self.fitted.setStyleSheet(amber if head is not None and head.training.get("simulated") else "")
        self.misfit.setStyleSheet(amber)
        for label, text in ((self.fitted, about), (self.misfit, other)):
            label.setText(text)
            label.setVisible(bool(text))

    def show_card(self):
        """Opens the model card of the chosen head in a window of its own."""
        head = self.current()
        if head is None:
            return
        if self._card is None:
            self._card = ModelCardDialog(self)
            self._card.finished.connect(self._forget_card)
        self._card.show_entry(_entry(head))
        self._card.show()
        self._card.raise_()

    def _forget_card(self, *_):
        self._card = None


def _is_for_tiles(head: catalog.ModelFile) -> bool:
    return head.header.get("task") != "segment"


def _title(head: catalog.ModelFile) -> str:
    return str(head.header.get("name") or head.name)


def _description(head: catalog.ModelFile, gsd_m: float | None) -> str:
    header = head.header
    task = TASKS.get(header.get("task"), str(header.get("task")))
    text = tr("{task}; tiles of {px} pixels").format(task=task, px=header.get("tile_px"))
    if gsd_m and header.get("tile_px"):
        text += tr(" ({metres} m)").format(metres=f"{header['tile_px'] * gsd_m:,.3g}")
    return text


def _entry(head: catalog.ModelFile) -> ModelEntry:
    return next((entry for entry in entries() if entry.path == head.path), ModelEntry(head.path, OWN, head.header))


def _capitalized(text: str) -> str:
    return text[:1].upper() + text[1:]
