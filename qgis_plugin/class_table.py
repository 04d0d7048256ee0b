"""The classes of the training polygons: a table that follows the drawing, and the menu that asks for a class."""

from qgis.PyQt.QtCore import QSize, Qt, pyqtSignal
from qgis.PyQt.QtGui import QColor, QCursor, QIcon, QPainter, QPixmap
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QInputDialog,
    QLineEdit,
    QMenu,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from .texts import tr
from .training_counts import ClassRow


def swatch(color: str) -> QIcon:
    pixmap = QPixmap(16, 16)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setPen(QColor(color).darker(150))
    painter.setBrush(QColor(color))
    painter.drawRect(1, 1, 13, 13)
    painter.end()
    return QIcon(pixmap)


class ClassTable(QWidget):
    added = pyqtSignal(str)  # the name of a new class
    unlabelled_clicked = pyqtSignal()

    def __init__(self, parent=None):
        super().__init__(parent)
        self.table = QTableWidget(0, 4)
        self.table.setObjectName("ofanetTrainingClasses")
        self.table.setAccessibleName(tr("Classes and their polygons"))
        self.table.setHorizontalHeaderLabels([tr("Class"), tr("Polygons"), tr("Pixels"), tr("Note")])
        self.table.verticalHeader().hide()
        self.table.setShowGrid(False)
        self.table.setWordWrap(True)
        self.table.setIconSize(QSize(14, 14))
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        header = self.table.horizontalHeader()
        for column in range(3):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(3, QHeaderView.ResizeMode.Stretch)
        header.sectionResized.connect(lambda *_: self.table.resizeRowsToContents())
        self.table.setMinimumHeight(110)
        self.table.cellClicked.connect(self._clicked)
        self.name = QLineEdit()
        self.name.setObjectName("ofanetNewClass")
        self.name.setAccessibleName(tr("Name of a new class"))
        self.name.setPlaceholderText(tr("New class, e.g. forest"))
        self.name.setMaxLength(80)
        self.add = QPushButton(tr("Add"))
        self.add.setAccessibleName(tr("Add the class"))
        self.name.returnPressed.connect(self._add)
        self.add.clicked.connect(self._add)
        self._row = QWidget()
        row = QHBoxLayout(self._row)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.name, 1)
        row.addWidget(self.add)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.table, 1)
        layout.addWidget(self._row)

    def let_add(self, allowed: bool):
        self._row.setVisible(allowed)

    def _add(self):
        name = " ".join(self.name.text().split())
        if name:
            self.name.clear()
            self.added.emit(name)

    def _clicked(self, row: int, _column: int):
        if self.table.item(row, 0).data(Qt.ItemDataRole.UserRole) == "":
            self.unlabelled_clicked.emit()

    def show_rows(self, rows: list[ClassRow]):
        self.table.setRowCount(len(rows))
        for number, row in enumerate(rows):
            note = "; ".join(row.warnings)
            title = row.name or tr("no class yet")
            cells = [title, f"{row.polygons:,}", f"{row.pixels:,.0f}", note]
            for column, text in enumerate(cells):
                item = QTableWidgetItem(text)
                item.setData(Qt.ItemDataRole.UserRole, row.name)
                item.setToolTip(note or text)
                if column in (1, 2):
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.table.setItem(number, column, item)
            self.table.item(number, 0).setIcon(swatch(row.color))
        self.table.resizeRowsToContents()


class ClassMenu(QMenu):
    """One click, or one key, gives a polygon its class."""

    chosen = pyqtSignal(str)

    def __init__(self, classes: dict[str, str], last: str, parent=None):
        super().__init__(parent)
        self.setObjectName("ofanetClassMenu")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for number, (name, color) in enumerate(classes.items(), 1):
            key = f"&{number}  " if number < 10 else ""
            action = self.addAction(swatch(color), key + name.replace("&", "&&"))
            action.triggered.connect(lambda _checked=False, name=name: self.chosen.emit(name))
            if name == last:
                self.setActiveAction(action)  # the same class again: Return
        if classes:
            self.addSeparator()
        self.new = self.addAction(tr("New class..."))
        self.new.triggered.connect(self._ask_name)

    def _ask_name(self):
        name, ok = QInputDialog.getText(self.parentWidget(), tr("New class"), tr("Name of the class"))
        name = " ".join(name.split())
        if ok and name:
            self.chosen.emit(name)

    def show_at_cursor(self):
        self.popup(QCursor.pos())
