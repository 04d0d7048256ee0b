"""The classes of a head with their colours, in as many lines as they need."""

from qgis.PyQt.QtCore import QPoint, QRect, QSize, Qt
from qgis.PyQt.QtGui import QColor, QPainter, QPalette
from qgis.PyQt.QtWidgets import QSizePolicy, QWidget

from ..i18n.texts import tr

MOST_CHIPS = 12
_SQUARE, _GAP = 12, 4  # pixels


class ClassChips(QWidget):
    def __init__(self, parent=None):
        super().__init__(parent)
        self._chips: list[tuple[str, str]] = []  # name, colour ("": no square)
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def show_classes(self, classes: list[dict]):
        """`classes` as in a head's header: name, color."""
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

    def places(self, width: int) -> list[QRect]:
        """Where each chip lies: from left to right, in lines of `width` pixels."""
        metrics = self.fontMetrics()
        height, x, y, places = metrics.height() + 2, 0, 0, []
        for name, color in self._chips:
            needed = metrics.horizontalAdvance(name) + (_SQUARE + _GAP if color else 0)
            needed = min(needed, width)
            if x and x + needed > width:
                x, y = 0, y + height
            places.append(QRect(x, y, needed, height))
            x += needed + 3 * _GAP
        return places

    def hasHeightForWidth(self):
        return True

    def heightForWidth(self, width: int) -> int:
        return self.places(max(width, 1))[-1].bottom() + 1 if self._chips else 0

    def sizeHint(self):
        width = max(self.width(), 200)
        return QSize(width, self.heightForWidth(width))

    def minimumSizeHint(self):
        return QSize(60, self.fontMetrics().height() + 2 if self._chips else 0)

    def paintEvent(self, event):
        painter = QPainter(self)
        text, edge = (self.palette().color(QPalette.ColorRole.WindowText) for _ in range(2))
        edge.setAlpha(90)
        for (name, color), place in zip(self._chips, self.places(self.width()), strict=True):
            left = 0
            if color:
                square = QRect(place.topLeft() + QPoint(0, (place.height() - _SQUARE) // 2), QSize(_SQUARE, _SQUARE))
                painter.setPen(edge)
                painter.setBrush(QColor(color))
                painter.drawRect(square.adjusted(0, 0, -1, -1))
                left = _SQUARE + _GAP
            room = place.adjusted(left, 0, 0, 0)
            painter.setPen(text)
            shown = painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, room.width() + 1)
            painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)
        painter.end()
