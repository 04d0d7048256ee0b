"""Which head is to classify the layer, and what it says of itself: what it tells, how good it is, its classes."""

from pathlib import Path

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QPoint, QRect, QSize, Qt, pyqtSignal
from qgis.PyQt.QtGui import QColor, QPainter, QPalette
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
    QTextBrowser,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ..engine.engine_messages import with_field_titles
from ..engine.modules import catalog, errors
from ..i18n.texts import tr
from ..models.model_card import TASKS, page, score, sensor_name
from ..models.model_files import OWN, Entry, entries
from .raster_input import state_color

MOST_CHIPS = 12
_CHIP, _GAP = 12, 4
_ICONS = {"segment": "/mIconRaster.svg", "classify": "/mIconPolygonLayer.svg"}


class HeadChoice(QWidget):
    """A list of heads for one sensor, and below it what the chosen one is."""

    changed = pyqtSignal()  # another head, or none
    sensor_wanted = pyqtSignal(str)  # the user chose the file of a head for this other sensor

    def __init__(self, parent=None):
        super().__init__(parent)
        self._sensor: str | None = None
        self._gsd_m: float | None = None
        self._heads: list[catalog.ModelFile] = []
        self._own: list[Path] = []  # files that the user chose, of any sensor; the last first
        self._shown: catalog.ModelFile | None = None
        self._card: QDialog | None = None
        self._build()
        self._show()

    def _build(self):
        self.head = _HeadBox()
        self.head.setAccessibleName(tr("Head"))
        self.other = QToolButton()  # as of QGIS's own fields for files: the names of heads need the room
        self.other.setText("…")
        self.other.setAccessibleName(tr("Other file..."))
        self.other.setToolTip(tr("Choose the file of a head that is in none of the folders"))
        self.told, self.score, self.problem = QLabel(), QLabel(), QLabel()
        for label in (self.told, self.score, self.problem):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.problem.hide()
        self.card = QLabel(f'<a href="card">{tr("Model card")}</a>')
        self.card.setAccessibleName(tr("Model card"))
        self.card.setTextInteractionFlags(
            Qt.TextInteractionFlag.LinksAccessibleByMouse | Qt.TextInteractionFlag.LinksAccessibleByKeyboard
        )
        self.card.setToolTip(tr("All that the file says of itself"))
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
        layout.addWidget(self.told)
        layout.addWidget(self.chips)
        layout.addLayout(last)
        self.head.currentIndexChanged.connect(lambda *_: self._show())
        self.head.opening.connect(self.refresh)
        self.other.clicked.connect(self._ask)
        self.card.linkActivated.connect(lambda *_: self.show_card())

    # --- what there is ------------------------------------------------------------------------------------------

    def set_sensor(self, sensor: str | None, gsd_m: float | None = None):
        """Offers the heads for a sensor, none for None; `gsd_m` is the pixel size of the raster, for tile sizes in
        metres. The chosen head stays where it is for that sensor, too."""
        self._sensor, self._gsd_m = sensor, gsd_m
        self._tell("")
        self.refresh()

    def refresh(self):
        """Reads the folders again: a head may have been trained, imported or removed."""
        chosen = self.head.currentData()
        found = catalog.list_heads(self._sensor) if self._sensor else []
        heads = [head for head in self._files() if head.header.get("sensor") == self._sensor]
        heads = [head for head in heads if head not in found] + found
        heads.sort(key=lambda head: head.header.get("task") != "segment")  # stable: the catalogue's order otherwise
        self._fill(heads, chosen)

    def _files(self) -> list[catalog.ModelFile]:
        """What the files that the user chose are now; one that is gone is forgotten."""
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
            tip = f"{_title(head)}\n{_capital(TASKS.get(task, str(task)))}\n{head.path}"
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
        """Offers and takes a head by its file; false where it is none, and the widget says why."""
        try:
            head = catalog.find_head(str(path), "", None)
        except errors.ModelFileError as error:
            self._tell(with_field_titles(error.message))
            return False
        self._own = [head.path, *(path for path in self._own if path != head.path)]
        sensor = head.header.get("sensor", "")
        if sensor != self._sensor:
            self.sensor_wanted.emit(sensor)  # whoever agrees calls set_sensor
        if sensor != self._sensor:
            self._tell(tr("The head is for {sensor}: choose it as the sensor").format(sensor=sensor_name(sensor)))
            return False
        self._tell("")
        self.refresh()
        self.head.setCurrentIndex(self.head.findData(str(head.path)))
        return True

    def _ask(self):
        path, _ = QFileDialog.getOpenFileName(self, tr("Head"), "", tr("OFA-Net heads (*.safetensors)"))
        if path:
            self.choose(path)

    # --- what it is ---------------------------------------------------------------------------------------------

    def _tell(self, text: str):
        self.problem.setStyleSheet(f"color: {state_color(self, 'bad')};")
        self.problem.setText(text)
        self.problem.setVisible(bool(text))

    def _show(self):
        head = self.current()
        for widget in (self.told, self.score, self.chips, self.card):
            widget.setVisible(head is not None)
        self.head.setEnabled(bool(self._heads))
        if head is not None:
            self.told.setText(_told(head, self._gsd_m))
            self.score.setText(_score(head))
            self.chips.show_classes(head.header.get("classes") or [])
            self.head.setToolTip(self.head.itemData(self.head.currentIndex(), Qt.ItemDataRole.ToolTipRole))
            if self._card is not None:
                self._card.show_head(head)
        if head != self._shown:
            self._shown = head
            self.changed.emit()

    def show_card(self):
        """Opens the page of the chosen head in a window of its own."""
        head = self.current()
        if head is None:
            return
        if self._card is None:
            self._card = _Card(self)
            self._card.finished.connect(self._forget_card)
        self._card.show_head(head)
        self._card.show()
        self._card.raise_()

    def _forget_card(self, *_):
        self._card = None


def _title(head: catalog.ModelFile) -> str:
    return str(head.header.get("name") or head.name)


def _told(head: catalog.ModelFile, gsd_m: float | None) -> str:
    header = head.header
    text = tr("{task}; looks at tiles of {px} pixels").format(
        task=_capital(TASKS.get(header.get("task"), str(header.get("task")))), px=header.get("tile_px")
    )
    if gsd_m and header.get("tile_px"):
        text += tr(" ({metres} m)").format(metres=f"{header['tile_px'] * gsd_m:,.3g}")
    return text


def _score(head: catalog.ModelFile) -> str:
    """In one line how good it is, and by what that is known."""
    validation = (head.header.get("training") or {}).get("validation") or {}
    miou, accuracy = validation.get("miou"), validation.get("accuracy")
    if isinstance(miou, (int, float)) and isinstance(accuracy, (int, float)):
        text = tr("Cross-validated: mean IoU {miou:.2f}, accuracy {accuracy:.0%}").format(miou=miou, accuracy=accuracy)
        unscored = ", ".join(str(name) for name in validation.get("not_scored") or ())
        return text + (tr("; not scored: {names}").format(names=unscored) if unscored else "")
    if validation:
        return tr("Not scored: for that each class needs polygons in two places")
    number, what = score(_entry(head))
    return tr("Score: {what}").format(what=what) if number == "-" else f"{what}: {number}"


def _entry(head: catalog.ModelFile) -> Entry:
    return next((entry for entry in entries() if entry.path == head.path), Entry(head.path, OWN, head.header))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


class _HeadBox(QComboBox):
    """As narrow as it must be; its list is as wide as the names."""

    opening = pyqtSignal()

    def __init__(self):
        super().__init__()
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(12)

    def showPopup(self):
        self.opening.emit()
        self.view().setMinimumWidth(self.view().sizeHintForColumn(0) + 24)
        super().showPopup()

    def paintEvent(self, event):
        """A name that has no room loses its middle: its end may say what the head was made from."""
        painter, option = QStylePainter(self), QStyleOptionComboBox()
        self.initStyleOption(option)
        part = QStyle.SubControl.SC_ComboBoxEditField
        room = self.style().subControlRect(QStyle.ComplexControl.CC_ComboBox, option, part, self).width()
        room -= 0 if option.currentIcon.isNull() else option.iconSize.width() + 2 * _GAP
        option.currentText = self.fontMetrics().elidedText(option.currentText, Qt.TextElideMode.ElideMiddle, room)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)


class ClassChips(QWidget):
    """Classes with their colours, in as many lines as they need."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self._chips: list[tuple[str, str]] = []  # name, colour ("" for the rest)
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def show_classes(self, classes: list[dict]):
        """`classes` as a head's header has them: name, color."""
        chips = [(str(entry.get("name")), str(entry.get("color", "#888888"))) for entry in classes]
        names = ", ".join(name for name, _ in chips)
        if len(chips) > MOST_CHIPS:
            more = tr("and {count} more").format(count=len(chips) - MOST_CHIPS)
            chips = [*chips[:MOST_CHIPS], (more, "")]
        self._chips = chips
        self.setToolTip(names)
        self.setAccessibleName(tr("Classes: {names}").format(names=names))
        self.updateGeometry()
        self.update()

    def texts(self) -> list[str]:
        return [name for name, _ in self._chips]

    def _places(self, width: int) -> list[QRect]:
        """Where each chip lies: from left to right, in lines of `width` pixels."""
        metrics = self.fontMetrics()
        high, x, y, places = metrics.height() + 2, 0, 0, []
        for name, color in self._chips:
            wide = metrics.horizontalAdvance(name) + (_CHIP + _GAP if color else 0)
            wide = min(wide, width)
            if x and x + wide > width:
                x, y = 0, y + high
            places.append(QRect(x, y, wide, high))
            x += wide + 3 * _GAP
        return places

    def hasHeightForWidth(self):
        return True

    def heightForWidth(self, width: int) -> int:
        return self._places(max(width, 1))[-1].bottom() + 1 if self._chips else 0

    def sizeHint(self):
        width = max(self.width(), 200)
        return QSize(width, self.heightForWidth(width))

    def minimumSizeHint(self):
        return QSize(60, self.fontMetrics().height() + 2 if self._chips else 0)

    def paintEvent(self, event):
        painter = QPainter(self)
        text, edge = (self.palette().color(QPalette.ColorRole.WindowText) for _ in range(2))
        edge.setAlpha(90)
        for (name, color), place in zip(self._chips, self._places(self.width()), strict=True):
            left = 0
            if color:
                square = QRect(place.topLeft() + QPoint(0, (place.height() - _CHIP) // 2), QSize(_CHIP, _CHIP))
                painter.setPen(edge)
                painter.setBrush(QColor(color))
                painter.drawRect(square.adjusted(0, 0, -1, -1))
                left = _CHIP + _GAP
            room = place.adjusted(left, 0, 0, 0)
            painter.setPen(text)
            shown = painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, room.width() + 1)
            painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)
        painter.end()


class _Card(QDialog):
    def __init__(self, parent):
        super().__init__(parent)
        self.setObjectName("ofanetModelCard")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(560, 640)
        self.page = QTextBrowser()
        self.page.setOpenLinks(False)
        self.page.setAccessibleName(tr("What the file says of itself"))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.page, 1)
        layout.addWidget(buttons)

    def show_head(self, head: catalog.ModelFile):
        entry = _entry(head)
        self.setWindowTitle(entry.title)
        self.page.setHtml(page(entry))
