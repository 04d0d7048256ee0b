"""How much this computer calculates per second, for the estimate of a model that is not there yet: measured by the
engine with a head that comes with it, once, and kept in QGIS's settings."""

from qgis.core import QgsSettings
from qgis.PyQt.QtCore import QObject, pyqtSignal

from ..engine.client import ENGINE, EngineMissing, engine_python
from ..engine.modules import catalog, errors, model_cost
from ..i18n.texts import tr
from ..runs.function_task import FunctionTask

_SETTING = "ofanet/machine_gflops"


class MachineSpeed(QObject):
    changed = pyqtSignal()

    def __init__(self, parent: QObject):
        super().__init__(parent)
        self._task: FunctionTask | None = None

    @property
    def gflops(self) -> float | None:
        """Multiply-adds per second in 1e9; None where it was not measured."""
        return QgsSettings().value(_SETTING, 0.0, type=float) or None

    def measure(self):
        """In the background, where it is not known and there is an engine."""
        head = _measured_with()
        if self.gflops or self._task is not None or head is None:
            return
        try:
            engine_python()
        except EngineMissing:
            return
        params = {"head": str(head.path), "device": "auto"}
        self._task = FunctionTask(
            tr("Measuring how fast this computer is"),
            lambda task: ENGINE.run("speed", params, cancelled=task.cancelled),
        )
        self._task.ended.connect(lambda answer, error: self._take(answer, head))

    def _take(self, answer: dict | None, head: catalog.ModelFile):
        self._task = None
        if answer and answer.get("computing_s"):
            tile = model_cost.tile_gflop(_architecture(head), len(head.header.get("bands") or ()))
            QgsSettings().setValue(_SETTING, tile * answer["tiles"] / answer["computing_s"])
        self.changed.emit()

    def cancel(self):
        if self._task is not None:
            self._task.ended.disconnect()
            self._task.cancel()
            self._task = None


def _measured_with() -> catalog.ModelFile | None:
    """The first head whose checkpoint is there; the same one on all computers where nothing was added."""
    return next((head for head in catalog.list_heads(task="segment") if _architecture(head)), None)


def _architecture(head: catalog.ModelFile) -> dict:
    try:
        fingerprint, sensor = head.header.get("backbone"), head.header.get("sensor", "")
        return catalog.find_checkpoint(fingerprint, sensor, head.path.parent).header.get("architecture") or {}
    except errors.ModelFileError:
        return {}
