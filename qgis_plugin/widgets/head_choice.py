"""Which head is to classify the raster, and what its file says of it: task, tile size, accuracy, classes."""

from pathlib import Path

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from ..engine.engine_messages import with_field_titles
from ..engine.modules import catalog, errors
from ..i18n.texts import tr
from ..models.model_card import TASKS, score, sensor_name
from ..models.model_files import OWN, ModelEntry, entries
from .class_chips import ClassChips
from .elided_combo_box import ElidedComboBox
from .model_card_dialog import ModelCardDialog
from .theme import state_color

_ICONS = {"segment": "/mIconRaster.svg", "classify": "/mIconPolygonLayer.svg"}


class HeadChoice(QWidget):
    """A list of the heads for one sensor; below it what the chosen one is."""

    changed = pyqtSignal()  # another head, or none
    sensor_wanted = pyqtSignal(str)  # the user chose the file of a head for this other sensor

    def __init__(self, parent=None):
        super().__init__(parent)
        self._sensor: str | None = None
        self._gsd_m: float | None = None
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
        self.description, self.score, self.problem = QLabel(), QLabel(), QLabel()
        for label in (self.description, self.score, self.problem):
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
        layout.addWidget(self.description)
        layout.addWidget(self.chips)
        layout.addLayout(last)
        self.head.currentIndexChanged.connect(lambda *_: self._show())
        self.head.opening.connect(self.refresh)
        self.other.clicked.connect(self._choose_file)
        self.card.linkActivated.connect(lambda *_: self.show_card())

    # --- which heads are offered --------------------------------------------------------------------------------

    def set_sensor(self, sensor: str | None, gsd_m: float | None = None):
        """Offers the heads of a sensor, none for None. The chosen head stays where it is one of them.

        Args:
            sensor: its id.
            gsd_m: pixel size of the raster in metres, for tile sizes in metres; None where it is not known.
        """
        self._sensor, self._gsd_m = sensor, gsd_m
        self._show_problem("")
        self.refresh()

    def refresh(self):
        """Reads the folders again: a head may have been trained, imported or removed."""
        chosen = self.head.currentData()
        found = catalog.list_heads(self._sensor) if self._sensor else []
        heads = [head for head in self._own_heads() if head.header.get("sensor") == self._sensor]
        heads = [head for head in heads if head not in found] + found
        heads.sort(key=lambda head: head.header.get("task") != "segment")  # stable: the catalogue's order otherwise
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
            task = head.header.get("task")
            self.head.addItem(QgsApplication.getThemeIcon(_ICONS.get(task, "")), _title(head), str(head.path))
            tip = f"{_title(head)}\n{_capitalized(TASKS.get(task, str(task)))}\n{head.path}"
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
        if head is not None:
            self.description.setText(_description(head, self._gsd_m))
            self.score.setText(_score(head))
            self.chips.show_classes(head.header.get("classes") or [])
            self.head.setToolTip(self.head.itemData(self.head.currentIndex(), Qt.ItemDataRole.ToolTipRole))
            if self._card is not None:
                self._card.show_entry(_entry(head))
        if head != self._shown:
            self._shown = head
            self.changed.emit()

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


def _title(head: catalog.ModelFile) -> str:
    return str(head.header.get("name") or head.name)


def _description(head: catalog.ModelFile, gsd_m: float | None) -> str:
    header = head.header
    text = tr("{task}; tiles of {px} pixels").format(
        task=_capitalized(TASKS.get(header.get("task"), str(header.get("task")))), px=header.get("tile_px")
    )
    if gsd_m and header.get("tile_px"):
        text += tr(" ({metres} m)").format(metres=f"{header['tile_px'] * gsd_m:,.3g}")
    return text


def _score(head: catalog.ModelFile) -> str:
    """How accurate it is and how that was measured, in one line."""
    validation = (head.header.get("training") or {}).get("validation") or {}
    miou, accuracy = validation.get("miou"), validation.get("accuracy")
    if isinstance(miou, (int, float)) and isinstance(accuracy, (int, float)):
        text = tr("Cross-validated: mean IoU {miou:.2f}, accuracy {accuracy:.0%}").format(miou=miou, accuracy=accuracy)
        unscored = ", ".join(str(name) for name in validation.get("not_scored") or ())
        return text + (tr("; not scored: {names}").format(names=unscored) if unscored else "")
    if validation:
        return tr("Not scored: for that each class needs polygons in two places")
    number, measured = score(_entry(head))
    return tr("Score: {what}").format(what=measured) if number == "-" else f"{measured}: {number}"


def _entry(head: catalog.ModelFile) -> ModelEntry:
    return next((entry for entry in entries() if entry.path == head.path), ModelEntry(head.path, OWN, head.header))


def _capitalized(text: str) -> str:
    return text[:1].upper() + text[1:]
