"""Running an algorithm as a script does, and what it said."""

from qgis.core import (
    QgsApplication,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProject,
)


class Feedback(QgsProcessingFeedback):
    """Keeps what was said; cancels itself at the first progress where told to."""

    def __init__(self, cancel_at_once=False):
        super().__init__(False)
        self.lines, self.percents = [], []
        self.progressChanged.connect(self.percents.append)
        self._cancel = cancel_at_once

    def pushInfo(self, info):
        self.lines.append(info)

    def pushWarning(self, warning):
        self.lines.append(warning)

    def setProgressText(self, text):
        self.lines.append(text)

    def isCanceled(self):
        return self._cancel and bool(self.lines) or super().isCanceled()


def run(name, parameters, context=None, feedback=None):
    """Like the toolbox: checks first, then runs. Raises QgsProcessingException."""
    algorithm = QgsApplication.processingRegistry().createAlgorithmById(f"ofanet:{name}")
    own = context or QgsProcessingContext()
    if context is None:
        own.setProject(QgsProject.instance())
    try:
        ok, why = algorithm.canExecute()
        if ok:
            ok, why = algorithm.checkParameterValues(parameters, own)
        if not ok:
            raise QgsProcessingException(why)
        results, ok = algorithm.run(parameters, own, feedback or Feedback(), catchExceptions=False)
    finally:
        if context is None:  # an exception's traceback may keep the context until QGIS has ended: empty by then
            own.temporaryLayerStore().removeAllMapLayers()
    assert ok
    return results
