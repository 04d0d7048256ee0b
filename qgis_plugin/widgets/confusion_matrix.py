"""A confusion matrix as a picture: rows are the reference, columns what the head predicted.

One hue from the window's own background to blue, so that it reads in light and dark themes and without colour vision;
each number stands on its cell in black or white, whichever is easier to read there.
"""

from qgis.PyQt.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from qgis.PyQt.QtGui import QColor, QFontMetricsF, QPainter, QPalette, QPen
from qgis.PyQt.QtWidgets import QSizePolicy, QToolTip, QWidget

from ..i18n.texts import tr

_BLUE = QColor("#0b63a5")
_CELL, _LEAST_CELL, _MOST_LABEL = 44.0, 22.0, 130.0  # pixels
_GAP, _CHIP = 6.0, 10.0


def shade(share: float, base: QColor) -> QColor:
    """The colour of a cell with that share (0 to 1) of its row: the background at 0."""
    mix = [round(b + (c - b) * share) for b, c in zip(base.getRgb()[:3], _BLUE.getRgb()[:3], strict=True)]
    return QColor(*mix)


def readable_on(background: QColor) -> QColor:
    """Black or white, by the contrast of WCAG 2."""

    def linear(value):
        return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(value / 255) for value in background.getRgb()[:3])
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return QColor("black") if (luminance + 0.05) / 0.05 > 1.05 / (luminance + 0.05) else QColor("white")


class ConfusionMatrix(QWidget):
    def __init__(self, parent=None):
        super().__init__(parent)
        self._names: list[str] = []
        self._colors: list[QColor] = []
        self._shares: list[list[float]] = []
        self._iou: list[float | None] = []
        self.setAccessibleName(tr("Confusion matrix"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)

    def show_matrix(self, names: list[str], colors: list[str], matrix: list[list[float]], iou: list, order=()):
        """Shows a matrix.

        Args:
            names: of the K classes.
            colors: of the K classes, as #rrggbb.
            matrix: (K, K) weights, reference in rows, prediction in columns.
            iou: per class, None where it is not known.
            order: names of classes that come first, in this order.
        """
        ranks = {name: rank for rank, name in enumerate(order)}
        by = sorted(range(len(names)), key=lambda k: ranks.get(names[k], len(ranks)))
        names, colors, iou = ([values[k] for k in by] for values in (names, colors, iou))
        matrix = [[matrix[k][j] for j in by] for k in by]
        self._names, self._colors, self._iou = names, [QColor(color) for color in colors], list(iou)
        self._shares = [[value / sum(row) if sum(row) else 0.0 for value in row] for row in matrix]
        self._empty = [not sum(row) for row in matrix]
        self.setAccessibleDescription("; ".join(self.sentence(row) for row in range(len(names))))
        self.updateGeometry()
        self.update()

    def clear(self):
        self.show_matrix([], [], [], [])

    def sentence(self, row: int) -> str:
        """A row as a sentence, the most frequent class first."""
        if self._empty[row]:
            return tr("{name}: not scored").format(name=self._names[row])
        shares = sorted(zip(self._shares[row], self._names, strict=True), reverse=True)
        found = ", ".join(f"{name} {share:.0%}" for share, name in shares if share >= 0.005)
        return tr("{name}: found as {found}").format(name=self._names[row], found=found)

    # --- geometry -----------------------------------------------------------------------------------------------

    def _label_width(self) -> float:
        metrics = QFontMetricsF(self.font())
        widest = max((metrics.horizontalAdvance(name) for name in self._names), default=0.0)
        most = _MOST_LABEL if len(self._names) <= 6 else 0.7 * _MOST_LABEL  # many cells need the room
        return min(widest + _CHIP + 3 * _GAP, most)

    def _top(self) -> float:
        metrics = QFontMetricsF(self.font())
        widest = max((metrics.horizontalAdvance(name) for name in self._names), default=0.0)
        return min(widest, _MOST_LABEL - 30) + _CHIP + 2 * _GAP + metrics.height()

    def _cell(self) -> float:
        free = self.width() - self._label_width() - 2 * _GAP
        return max(_LEAST_CELL, min(_CELL, free / (len(self._names) + 1)))  # the last column is the IoU

    def _row_height(self) -> float:
        return max(22.0, QFontMetricsF(self.font()).height() + 8)

    def sizeHint(self) -> QSize:
        if not self._names:
            return QSize(0, 0)
        width = self._label_width() + (len(self._names) + 1) * _CELL + 2 * _GAP
        return QSize(int(width), int(self._top() + len(self._names) * self._row_height() + _GAP))

    def minimumSizeHint(self) -> QSize:
        hint = self.sizeHint()
        if self._names:
            hint.setWidth(int(self._label_width() + (len(self._names) + 1) * _LEAST_CELL + 2 * _GAP))
        return hint

    # --- painting -----------------------------------------------------------------------------------------------

    def paintEvent(self, event):
        if not self._names:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        text, base = self.palette().color(QPalette.ColorRole.WindowText), self.palette().color(QPalette.ColorRole.Base)
        metrics, cell, high = QFontMetricsF(self.font()), self._cell(), self._row_height()
        left, top = self._label_width(), self._top()
        painter.setPen(text)
        heading = QRectF(left, 0, cell * len(self._names), metrics.height())
        painter.drawText(heading, Qt.AlignmentFlag.AlignHCenter | Qt.TextFlag.TextDontClip, tr("found as, in %"))
        for k, name in enumerate(self._names):
            self._chip(painter, QPointF(_GAP, top + (k + 0.5) * high - _CHIP / 2), k)
            shown = metrics.elidedText(name, Qt.TextElideMode.ElideRight, left - _CHIP - 3 * _GAP)
            painter.setPen(text)
            painter.drawText(QRectF(_GAP * 2 + _CHIP, top + k * high, left, high), Qt.AlignmentFlag.AlignVCenter, shown)
            self._column_name(painter, left + (k + 0.5) * cell, top, name, text, k)
            for j, share in enumerate(self._shares[k]):
                self._value(painter, QRectF(left + j * cell, top + k * high, cell, high), share, j == k, base, k)
            iou = self._iou[k]
            painter.setPen(text)
            place = QRectF(left + len(self._names) * cell + _GAP, top + k * high, cell, high)
            number = "-" if iou is None or self._empty[k] else f"{iou:.2f}"
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextDontClip, number)
        place = QRectF(left + len(self._names) * cell + _GAP, top - metrics.height() - 2, cell, metrics.height())
        painter.setPen(text)
        painter.drawText(place, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextDontClip, tr("IoU"))
        painter.end()

    def _chip(self, painter, corner: QPointF, k: int):
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Mid), 1))
        painter.setBrush(self._colors[k])
        painter.drawRect(QRectF(corner.x(), corner.y(), _CHIP, _CHIP))
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def _column_name(self, painter, middle: float, top: float, name: str, text: QColor, k: int):
        self._chip(painter, QPointF(middle - _CHIP / 2, top - _CHIP - 3), k)
        metrics = QFontMetricsF(self.font())
        room = top - metrics.height() - _CHIP - 2 * _GAP
        shown = metrics.elidedText(name, Qt.TextElideMode.ElideRight, room)
        painter.save()
        painter.translate(middle, top - _CHIP - _GAP - 2)
        painter.rotate(-90)
        painter.setPen(text)
        high = metrics.height()
        painter.drawText(QRectF(0, -high / 2, room + _GAP, high), Qt.AlignmentFlag.AlignVCenter, shown)
        painter.restore()

    def _value(self, painter, place: QRectF, share: float, diagonal: bool, base: QColor, row: int):
        color = shade(0.0 if self._empty[row] else share, base)
        painter.fillRect(place.adjusted(0.5, 0.5, -0.5, -0.5), color)
        ink = readable_on(color)
        if diagonal:  # framed, not only coloured
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.WindowText), 1.2))
            painter.drawRect(place.adjusted(1.5, 1.5, -1.5, -1.5))
        painter.setPen(ink)
        percent = 100 * share
        number = "" if self._empty[row] or not share else "<1" if percent < 0.5 else f"{percent:.0f}"
        painter.drawText(place, Qt.AlignmentFlag.AlignCenter, number)

    def event(self, event):
        if event.type() == QEvent.Type.ToolTip and self._names:
            row = int((event.pos().y() - self._top()) // self._row_height())
            if 0 <= row < len(self._names):
                QToolTip.showText(event.globalPos(), self.sentence(row), self)
                return True
        return super().event(event)
