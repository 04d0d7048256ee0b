"""The feedback of an algorithm that a panel runs, where Processing's own has no place for what a panel needs."""

from qgis.core import QgsProcessingFeedback
from qgis.PyQt.QtCore import pyqtSignal


class RunFeedback(QgsProcessingFeedback):
    """Emits what the algorithm reports as it comes; keeps its log, its last error and the engine's answer."""

    text_changed = pyqtSignal(str)
    TEXT_EVERY_S = 0.5  # seconds between lines on progress: a panel shows the last one only, a log keeps them all

    def __init__(self):
        super().__init__(False)
        self.error = ""  # the last one; a task does not hand it on
        self.answer: dict = {}  # of the engine, set by the algorithm

    def pushInfo(self, info):
        super().pushInfo(info)
        self.text_changed.emit(info)

    def pushWarning(self, warning):
        super().pushWarning(warning)
        self.text_changed.emit(warning)

    def setProgressText(self, text):
        self.text_changed.emit(text)

    def reportError(self, error, fatalError=False):
        super().reportError(error, fatalError)
        self.error = error
