"""What Processing does with an algorithm's layers once it loads them: a name, a style, and a place in the project."""

from collections.abc import Sequence

from qgis.core import QgsProcessingLayerPostProcessorInterface, QgsProject

from ..engine.modules import MappedClass, MapResult
from ..i18n.texts import tr
from . import layer_group, sidecars
from .map_run import CONFIDENCE, MapRun
from .styling import style_classes, style_confidence, style_picture, style_points

_waiting: list = []  # post-processors that QGIS has not called yet: it holds no reference that keeps them alive


class _PostProcessor(QgsProcessingLayerPostProcessorInterface):
    def __init__(self, work):
        """`work(layer, project)` is called in the GUI's thread, once the layer is loaded."""
        super().__init__()
        self._work = work

    def postProcessLayer(self, layer, context, feedback):
        self._work(layer, context.project() or QgsProject.instance())
        if self in _waiting:
            _waiting.remove(self)


def forget():
    """Lets go of those that were never called."""
    _waiting.clear()


def load_named(context, path: str | None, name: str, work=None):
    """Names the layer that Processing will load from that path, if it will; then `work(layer, project)` is called."""
    if not path or not context.willLoadLayerOnCompletion(path):
        return
    details = context.layerToLoadOnCompletionDetails(path)
    details.name, details.forceName = name, True
    if work is not None:
        _waiting.append(_PostProcessor(work))
        details.setPostProcessor(_waiting[-1])


def load_map(context, title: str, result: MapResult):
    """All layers of a map, in one group under that title, each with its metadata and notes."""
    run = MapRun(title, result)
    for kind, path, name in run.layers():
        load_named(context, path, name, _finisher(kind, run))


def _finisher(kind: str, run: MapRun):
    def finish(layer, project):
        if kind == CONFIDENCE:
            style_confidence(layer)
        else:
            style_classes(layer, run.result.classes)
        sidecars.describe(layer, kind, run)
        layer_group.place(layer, kind, run, project)

    return finish


def load_classes(context, path: str, name: str, classes: Sequence[MappedClass]):
    """A layer of classes that is no run's: of several scenes, or of a step of a model."""
    load_named(context, path, name, lambda layer, project: style_classes(layer, classes))


def load_points(context, path: str, name: str, class_names: list[str]):
    load_named(context, path, name, lambda layer, project: style_points(layer, class_names))


def load_picture(context, path: str | None, name: str):
    load_named(context, path, name, lambda layer, project: style_picture(layer))


def log_classes(result: MapResult, feedback):
    """The classes that occur, most frequent first, for the log."""
    unit = tr("tiles") if result.unit == "tiles" else tr("pixels")
    for entry, share in result.shares():
        area = f", {entry.area_ha:,.2f} ha" if entry.area_ha is not None else ""
        feedback.pushInfo(f"{entry.name}: {entry.count:,} {unit}, {100 * share:.1f} %{area}")
