"""How good a trained head is: mean IoU and accuracy in words, and the confusion matrix."""

from qgis.PyQt.QtWidgets import QVBoxLayout, QWidget

from ...i18n.texts import tr
from ...widgets.confusion_matrix import ConfusionMatrix
from ..panel import show_text, text_label


class HeadScore(QWidget):
    def __init__(self):
        super().__init__()
        self.label, self.matrix = text_label(), ConfusionMatrix()
        self._miou: float | None = None  # of the last head
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.label)
        layout.addWidget(self.matrix)

    def forget_last(self):
        """The polygons are others: scores on them do not compare with earlier ones."""
        self._miou = None

    def show_head(self, classes: list[dict], validation: dict, order: list[str]):
        """
        Args:
            classes: The head's, in its order, in the colours of the polygons.
            validation: Of the head's header.
            order: Names of classes, as the matrix shows them.
        """
        scored = {entry["name"] for entry in classes} - set(validation["not_scored"])
        before, self._miou = self._miou, None
        if "confusion" not in validation or not scored:
            self.matrix.clear()
            show_text(self.label, tr("Not scored: for that each class needs polygons in two places"))
            return
        names = [entry["name"] for entry in classes]
        iou = [value if name in scored else None for name, value in zip(names, validation["iou"], strict=True)]
        known = [value for value in iou if value is not None]
        self._miou = sum(known) / len(known)
        self.matrix.show_matrix(names, [entry["color"] for entry in classes], validation["confusion"], iou, order)
        text = tr("Mean IoU {miou:.2f}{before}, accuracy {accuracy:.0%}, on held-out polygons")
        last = "" if before is None else tr(" (before: {miou:.2f})").format(miou=before)
        show_text(self.label, text.format(miou=self._miou, accuracy=validation["accuracy"], before=last))
