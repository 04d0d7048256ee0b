"""The classes of the training polygons: a table that follows the drawing."""

from qgis.PyQt.QtCore import QSize, Qt, pyqtSignal
from qgis.PyQt.QtGui import QColor, QIcon, QPainter, QPixmap
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ...i18n.texts import tr
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
        self.table = QTableWidget(0, 3)
        self.table.setObjectName("ofanetTrainingClasses")
        self.table.setAccessibleName(tr("Classes and their polygons"))
        self.table.setHorizontalHeaderLabels([tr("Class"), tr("Polygons"), tr("Pixels")])
        self.table.verticalHeader().hide()
        self.table.setShowGrid(False)
        self.table.setWordWrap(True)
        self.table.setIconSize(QSize(14, 14))
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.sectionResized.connect(lambda *_: self.table.resizeRowsToContents())
        self.table.setSizeAdjustPolicy(QAbstractItemView.SizeAdjustPolicy.AdjustToContents)  # no room for empty lines
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
        """One line per class, and a line below it where something is wrong."""
        self.table.clearSpans()
        self.table.setRowCount(0)
        for row in rows:
            title = row.name or tr("no class yet")
            self._line(row, [title, f"{row.polygons:,}", f"{row.pixels:,.0f}"])
            self.table.item(self.table.rowCount() - 1, 0).setIcon(swatch(row.color))
            if row.warnings():
                self._line(row, ["\u26a0 " + "; ".join(row.warnings())])
                self.table.setSpan(self.table.rowCount() - 1, 0, 1, 3)
        self.table.resizeRowsToContents()
        self.table.updateGeometry()

    def _line(self, row: ClassRow, texts: list[str]):
        number = self.table.rowCount()
        self.table.insertRow(number)
        for column, text in enumerate(texts):
            item = QTableWidgetItem(text)
            item.setData(Qt.ItemDataRole.UserRole, row.name)
            item.setToolTip("; ".join(row.warnings()) or text)
            if column:
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self.table.setItem(number, column, item)
