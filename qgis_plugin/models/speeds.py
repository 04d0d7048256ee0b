"""How fast this machine is with a checkpoint on a device: as earlier runs were, or as the engine has measured it. Kept
in QGIS's settings."""

import json

from qgis.core import QgsSettings
from qgis.PyQt.QtCore import QObject, pyqtSignal

from ..engine.client import ENGINE, EngineMissing, engine_python
from ..engine.modules import catalog, errors, model_cost
from ..i18n.texts import tr
from ..runs.function_task import FunctionTask

_SPEED = "ofanet/speed"  # /device/fingerprint of the checkpoint: [[tiles, seconds], ...] of the last runs
_AUTO = "ofanet/speed_auto"  # which device "auto" was
_LEAST_TILES = 20  # fewer are start-up, not speed
_RUNS, _SHARE = 5, 0.1  # as many runs are kept; a short one, a preview, says little after a long one
_architectures: dict[str, dict] = {}  # by fingerprint


def learn(tiles: int, seconds: float, ran_on: str, head: catalog.ModelFile, device: str = "auto"):
    """Takes the speed of a run: on which device it ran, the head it ran with, and the device that was chosen."""
    if tiles >= _LEAST_TILES and seconds > 0:
        _keep(tiles, seconds, ran_on, head, device)


def _keep(tiles: int, seconds: float, ran_on: str, head: catalog.ModelFile, device: str):
    for where in {device, ran_on}:
        key = _key(where, head)
        runs = _runs(key)
        if tiles >= _SHARE * max((before for before, _ in runs), default=0):
            QgsSettings().setValue(key, json.dumps([*runs, [tiles, seconds]][-_RUNS:]))
    if device == "auto":
        QgsSettings().setValue(_AUTO, ran_on)


def tiles_a_second(device: str, head: catalog.ModelFile) -> float | None:
    """Long runs count most, since the first tiles are slower; None where nothing is known yet."""
    runs = _runs(_key(device, head))
    return sum(tiles for tiles, _ in runs) / sum(seconds for _, seconds in runs) if runs else None


def device_of(device: str) -> str:
    """The device that a choice stands for, cpu or cuda; "" where that is not known yet."""
    return QgsSettings().value(_AUTO, "", str) if device == "auto" else device


def architecture_of(head: catalog.ModelFile) -> dict:
    """Of the backbone that a head was fitted on; empty where its checkpoint is not here."""
    fingerprint, sensor = str(head.header.get("backbone")), str(head.header.get("sensor"))
    if fingerprint not in _architectures:
        try:
            found = catalog.find_checkpoint(fingerprint, sensor, head.path.parent).header.get("architecture") or {}
        except errors.ModelFileError:
            return {}  # it may be put there
        _architectures[fingerprint] = found
    return _architectures[fingerprint]


def is_heavy(head: catalog.ModelFile) -> bool:
    """Whether a run with its backbone takes so long that its speed is worth measuring before."""
    architecture, bands = architecture_of(head), head.header.get("bands") or ()
    return bool(architecture) and model_cost.tile_gflop(architecture, len(bands)) >= model_cost.HEAVY_GFLOP


def _key(device: str, head: catalog.ModelFile) -> str:
    return f"{_SPEED}/{device}/{head.header.get('backbone')}"


def _runs(key: str) -> list[list[float]]:
    """Tiles and seconds of the last runs; none where the settings hold something else."""
    try:
        runs = [(float(tiles), float(seconds)) for tiles, seconds in json.loads(QgsSettings().value(key, "[]", str))]
    except (ValueError, TypeError):
        return []
    return [[tiles, seconds] for tiles, seconds in runs if tiles > 0 and seconds > 0]


class SpeedMeasurement(QObject):
    """Has the engine measure, in the background, a heavy backbone that never ran on a device: once each."""

    ended = pyqtSignal()  # a speed is known now, or cannot be

    def __init__(self, parent: QObject):
        super().__init__(parent)
        self._task: FunctionTask | None = None
        self._tried: set[str] = set()

    @property
    def running(self) -> bool:
        return self._task is not None

    def want(self, head: catalog.ModelFile, device: str):
        """Starts measuring, where that is worth it and an engine is there."""
        key = _key(device, head)
        if self.running or key in self._tried or _runs(key) or not is_heavy(head):
            return
        try:
            engine_python()
        except EngineMissing:
            return
        self._tried.add(key)
        params = {"head": str(head.path), "device": device}
        self._task = FunctionTask(
            tr("Measuring how fast this computer is with the model"),
            lambda task: ENGINE.run("speed", params, cancelled=task.cancelled),
        )
        self._task.ended.connect(lambda answer, error: self._take(answer, head, device))

    def _take(self, answer: dict | None, head: catalog.ModelFile, device: str):
        self._task = None
        if answer:  # else a run says what is wrong
            _keep(answer["tiles"], answer["computing_s"], answer["device"], head, device)
        self.ended.emit()

    def cancel(self):
        if self._task is not None:
            self._task.cancel()
