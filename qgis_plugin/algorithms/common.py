"""What the algorithms share: parameters, the job they make, and how a job runs inside Processing.

Algorithms run in a background thread: no widget, no project and no canvas here.
"""

import time
from pathlib import Path

from qgis.core import (
    QgsApplication,
    QgsProcessingAlgorithm,
    QgsProcessingException,
    QgsProcessingOutputLayerDefinition,
    QgsProcessingParameterMultipleLayers,
    QgsProcessingUtils,
)
from qgis.PyQt.QtGui import QIcon

from ..engine.client import ENGINE, EngineCancelled, EngineError, EngineMissing, engine_python
from ..engine.modules import ICON, catalog, errors, sensors
from ..engine.raster_facts import source_path
from ..i18n.texts import duration, in_window_words, tr
from ..runs.feedback import RunFeedback
from .parameters import AUTO

GROUPS = {"maps": tr("Maps"), "heads": tr("Heads and accuracy"), "rasters": tr("Rasters")}
_SECONDS_BETWEEN_WORDS = 10.0


class EngineAlgorithm(QgsProcessingAlgorithm):
    """An algorithm whose work is one job of the engine. Subclasses say which: VERB, outputs, and what to do after."""

    VERB = ""
    VERB_OF_ENGINE = ""  # where the algorithm's id is another than the engine's verb
    TASK = ""  # of the heads that it takes; empty: of any
    GROUP = "maps"
    PICTURE = ""  # where its icon has another name than the algorithm
    TITLE = ""
    HELP = ""  # paragraphs; the first sentence tells what it does
    TAGS = ()  # other words to find it by

    def __init__(self):
        super().__init__()
        self._paths = []
        self._layer_name = ""
        self._said = 0.0
        self._output_words = {}

    def createInstance(self):
        return type(self)()

    def name(self):
        return self.VERB

    def displayName(self):
        return tr(self.TITLE)

    def group(self):
        return GROUPS[self.GROUP]

    def groupId(self):
        return self.GROUP

    def shortDescription(self):
        return tr(self.HELP).split("\n\n")[0]

    def shortHelpString(self):
        first, _, rest = tr(self.HELP).partition("\n\n")
        if QgsApplication.platform() == "qgis_process":  # tells the first, and the parameters, by itself
            return rest or first
        picture = f'<img src="{Path(self.svgIconPath()).as_uri()}" width="56" height="56">'
        paragraphs = "".join(f"<p>{text}</p>" for text in (first, *filter(None, rest.split("\n\n"))))
        words = {definition.name(): definition.help() for definition in self.parameterDefinitions()}
        pages = (
            QgsProcessingUtils.formatHelpMapAsHtml({"ALG_DESC": f"{picture}{paragraphs}", **told}, self).split("<h2>")
            for told in ({**self._output_words, **words}, {**words, **self._output_words})
        )
        inputs, outputs = pages  # QGIS has one text a name; an output may have a parameter's
        return "<h2>".join([*inputs[:2], *outputs[2:]])

    def add_output(self, definition, words: str):
        """An output that is no parameter, with words on what it is."""
        self._output_words[definition.name()] = words
        self.addOutput(definition)

    def tags(self):
        return [tr(tag) for tag in self.TAGS]

    def icon(self):
        return QIcon(self.svgIconPath())

    def svgIconPath(self):
        return str(ICON.with_name(f"{self.PICTURE or self.VERB}.svg"))

    def canExecute(self):
        try:
            engine_python()
        except EngineMissing as error:
            return False, str(error)
        return True, ""

    def checkParameterValues(self, parameters, context):
        try:
            for layer in self._rasters(parameters, context):
                source_path(layer)
            bands = self.parameterAsString(parameters, "BANDS", context)
            if bands:
                sensors.parse_bands(bands)
            if self.parameterDefinition("HEAD") and self.parameterAsString(parameters, "HEAD", context):
                # the engine takes names of heads too; QGIS's own check of a file parameter does not
                parameters = {**parameters, "HEAD": str(self._head(parameters, context).path)}
            self._check_more(parameters, context)
        except errors.OfaError as error:
            return False, in_window_words(str(error))
        return super().checkParameterValues(parameters, context)

    def _check_more(self, parameters, context):
        """What an algorithm checks of its own parameters. Raises OfaError."""

    def _rasters(self, parameters, context) -> list:
        """The raster layers of INPUT, none where there is none. Raises RasterError where one of several is missing."""
        if isinstance(self.parameterDefinition("INPUT"), QgsProcessingParameterMultipleLayers):
            return self._several(parameters, "INPUT", context)
        layer = self.parameterAsRasterLayer(parameters, "INPUT", context)
        return [] if layer is None else [layer]

    def _several(self, parameters, name, context) -> list:
        """The layers of a parameter for several; QGIS leaves out in silence those that it cannot open."""
        layers, told = self.parameterAsLayerList(parameters, name, context), parameters.get(name)
        if isinstance(told, list | tuple) and len(layers) < len(told):
            text = tr("Expected {count} layers that can be opened, found {found}: {told}")
            told_of = ", ".join(str(one) for one in told)
            raise errors.RasterError(text.format(count=len(told), found=len(layers), told=told_of))
        return layers

    def _head(self, parameters, context) -> catalog.ModelFile:
        """The head asked for. Raises ModelFileError where there is none, or one for another task."""
        sensor = told(self.parameterAsString(parameters, "SENSOR", context))
        head = catalog.find_head(self.parameterAsString(parameters, "HEAD", context), sensor or "", None)
        task = head.header.get("task")
        if self.TASK and task != self.TASK:
            text = tr('Expected a head for "{verb}", found one for "{task}": {path}')
            raise errors.ModelFileError(text.format(verb=self.TASK, task=task, path=head.path))
        return head

    def prepareAlgorithm(self, parameters, context, feedback):
        try:
            layers = self._rasters(parameters, context)
            if not layers:
                raise QgsProcessingException(self.invalidRasterError(parameters, "INPUT"))
            self._paths = [source_path(layer) for layer in layers]
        except errors.OfaError as error:
            raise QgsProcessingException(str(error)) from error
        self._layer_name = layers[0].name()
        self._crs = layers[0].crs()
        return True

    def job(self, parameters, context) -> dict:
        """The params of the engine's job, without outputs; None means the engine's default."""

        def words(name):
            return self.parameterAsString(parameters, name, context) or None

        several = isinstance(self.parameterDefinition("INPUT"), QgsProcessingParameterMultipleLayers)
        params = {"inputs": self._paths} if several else {"input": self._paths[0]}
        params["bands"] = words("BANDS")
        params["sensor"] = told(words("SENSOR"))
        params["units"] = told(words("UNITS"))
        if self.parameterDefinition("HEAD"):
            params["head"] = words("HEAD")
        if self.parameterDefinition("DEVICE"):
            params["device"] = words("DEVICE") or AUTO
            params["tile_px"] = self.parameterAsInt(parameters, "TILE_SIZE", context) or None
        if self.parameterDefinition("MIN_AREA"):
            params["min_area"] = self.parameterAsDouble(parameters, "MIN_AREA", context) or None
        if self.parameterDefinition("EXTENT"):
            extent = self.parameterAsExtent(parameters, "EXTENT", context, self._crs)
            if not extent.isNull() and not extent.isEmpty():
                params["bounds"] = [extent.xMinimum(), extent.yMinimum(), extent.xMaximum(), extent.yMaximum()]
        if self.parameterDefinition("RESUME"):
            params["resume"] = self.parameterAsBool(parameters, "RESUME", context) or None
        if self.parameterDefinition("OVERLAP"):
            params["overlap"] = self.parameterAsDouble(parameters, "OVERLAP", context)
        return params

    def output_path(self, parameters, name, context) -> str | None:
        """The file of a destination parameter; None where the user wants none."""
        wanted = parameters.get(name)
        if isinstance(wanted, QgsProcessingOutputLayerDefinition):  # the batch panel's for an empty cell
            if not wanted.sink.valueAsString(context.expressionContext())[0]:
                return None  # else QGIS would want to load it
        path = self.parameterAsOutputLayer(parameters, name, context)
        if not path:
            return None
        if "|" in path or path.startswith(("ogr:", "postgis:", "memory:")):
            text = tr("Expected a file of its own for {name}, found {path}: choose a file name")
            raise QgsProcessingException(text.format(name=name, path=path))
        return str(Path(path).absolute())

    def output_file(self, parameters, name, context) -> str | None:
        """The file of a destination that is no layer; None where the user wants none."""
        path = self.parameterAsFileOutput(parameters, name, context)
        return str(Path(path).absolute()) if path else None

    def run_engine(self, params: dict, feedback) -> dict:
        """One job with progress, log lines and cancel. Raises QgsProcessingException with the engine's one line."""
        self._said = time.monotonic()

        def progress(message):
            feedback.setProgress(100.0 * float(message.get("fraction") or 0.0))
            self.heard(message, feedback)

        def log(level, text):
            (feedback.pushWarning if level == "warning" else feedback.pushInfo)(in_window_words(text))

        params = {name: value for name, value in params.items() if value is not None}
        try:
            result = ENGINE.run(self.VERB_OF_ENGINE or self.VERB, params, progress, log, feedback.isCanceled)
        except EngineCancelled as error:
            feedback.pushInfo(str(error))
            raise QgsProcessingException(str(error)) from error
        except EngineError as error:
            raise QgsProcessingException(in_window_words(str(error))) from error
        if isinstance(feedback, RunFeedback):
            feedback.answer = result
        return result

    def heard(self, message: dict, feedback):
        """Puts progress into words."""
        every_s = RunFeedback.TEXT_EVERY_S if isinstance(feedback, RunFeedback) else _SECONDS_BETWEEN_WORDS
        if time.monotonic() - self._said >= every_s and message.get("total"):
            self._said = time.monotonic()
            text = tr("{done} of {total} tiles").format(done=message.get("done"), total=message["total"])
            if message.get("seconds_left") is not None:
                text += tr(", about {time} left").format(time=duration(message["seconds_left"]))
            feedback.setProgressText(text)


def told(word: str | None) -> str | None:
    return None if word in (None, "", AUTO) else word
