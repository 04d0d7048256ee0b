"""What the algorithms share: the options that their parameters give, and how the engine runs inside Processing.

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
from ..engine.engine_messages import with_field_titles
from ..engine.modules import ICON, catalog, errors, options, sensors
from ..engine.raster_facts import LayerSettings, settings_of, source_path
from ..i18n.texts import duration, tr
from ..runs.feedback import RunFeedback
from .parameters import AUTO, OPTIONS, option_of

GROUPS = {"maps": tr("Maps"), "heads": tr("Heads and accuracy"), "rasters": tr("Rasters")}
_SECONDS_BETWEEN_TEXTS = 10.0


class EngineAlgorithm(QgsProcessingAlgorithm):
    """An algorithm whose work is one run of a verb of the engine. Subclasses add outputs, and what to do with them."""

    VERB = ""  # the algorithm's id
    VERB_OF_ENGINE = ""  # where the engine's verb has another name
    TASK = ""  # of the heads that it takes; empty: of any
    GROUP = "maps"
    PICTURE = ""  # where its icon has another name than the algorithm
    TITLE = ""
    HELP = ""  # paragraphs; the first one says what it does
    TAGS = ()  # other words to find it by

    def __init__(self):
        super().__init__()
        self._paths = []
        self._settings = LayerSettings()
        self._layer_name = ""
        self._last_text_s = 0.0
        self._output_words = {}

    def createInstance(self):
        return type(self)()

    def name(self):
        return self.VERB

    def verb(self) -> str:
        """The engine's."""
        return self.VERB_OF_ENGINE or self.VERB

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
        if QgsApplication.platform() == "qgis_process":  # it prints the first, and the parameters, by itself
            return rest or first
        picture = f'<img src="{Path(self.svgIconPath()).as_uri()}" width="56" height="56">'
        paragraphs = "".join(f"<p>{text}</p>" for text in (first, *filter(None, rest.split("\n\n"))))
        words = {definition.name(): definition.help() for definition in self.parameterDefinitions()}
        pages = (
            QgsProcessingUtils.formatHelpMapAsHtml({"ALG_DESC": f"{picture}{paragraphs}", **texts}, self).split("<h2>")
            for texts in ({**self._output_words, **words}, {**words, **self._output_words})
        )
        inputs, outputs = pages  # QGIS has one text per name; an output may have that of a parameter
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
            units = _none_for_auto(self.parameterAsString(parameters, "UNITS", context))
            if units:
                option_of(self, "UNITS").checked(units)
            if self.parameterDefinition("HEAD") and self.parameterAsString(parameters, "HEAD", context):
                # the engine takes names of heads too; QGIS's own check of a file parameter does not
                parameters = {**parameters, "HEAD": str(self._head(parameters, context).path)}
            self._check_more(parameters, context)
        except errors.OfaError as error:
            return False, with_field_titles(error.message)
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
        layers, named = self.parameterAsLayerList(parameters, name, context), parameters.get(name)
        if isinstance(named, list | tuple) and len(layers) < len(named):
            text = tr("Expected {count} layers that can be opened, found {found}: {names}")
            names = ", ".join(str(one) for one in named)
            raise errors.RasterError(text.format(count=len(named), found=len(layers), names=names))
        return layers

    def _head(self, parameters, context) -> catalog.ModelFile:
        """The head that HEAD names. Raises ModelFileError where there is none, or one for another task."""
        sensor = _none_for_auto(self.parameterAsString(parameters, "SENSOR", context))
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
        self._settings = self._settings_of(layers, feedback)
        return True

    def _settings_of(self, layers, feedback) -> LayerSettings:
        """What the user has set for the layers in QGIS; a warning says what does not count."""
        found = [settings_of(layer) for layer in layers]
        ignored = {text for settings in found for text in settings.ignored}
        if any((one.crs, one.nodata) != (found[0].crs, found[0].nodata) for one in found):
            ignored.add(tr("coordinate systems and no data values that are not the same for all layers"))
            found = [LayerSettings()]
        if found[0].options() and "crs" not in options.options_of(options.TYPES[self.verb()]):
            ignored.add(tr("the layer's own coordinate system and no data values"))
        for text in sorted(ignored):
            feedback.pushWarning(tr("Set in QGIS, but not used here: {what}").format(what=text))
        return found[0]

    def engine_options(self, parameters, context) -> dict:
        """The options of the engine's verb that parameters give, without outputs; None means the engine's default."""
        known = options.options_of(options.TYPES[self.verb()])
        several = "inputs" in known
        found = {"inputs": self._paths} if several else {"input": self._paths[0]}
        if "crs" in known:
            found |= self._settings.options()
        for definition in self.parameterDefinitions():
            read = self._READERS.get(definition.type())
            option = option_of(self, definition.name())
            if option and read:
                found[OPTIONS[definition.name()]] = read(self, parameters, definition.name(), context, option)
        return found

    def _text(self, parameters, name, context, option):
        text = self.parameterAsString(parameters, name, context)
        if not option.many:
            return _none_for_auto(text)
        return [option.kind(part.strip()) for part in text.split(",") if part.strip()] or None

    def _number(self, parameters, name, context, option):
        read = self.parameterAsInt if option.kind is int else self.parameterAsDouble
        value = read(parameters, name, context)
        return value or None if option.default is None else value

    def _switch(self, parameters, name, context, option):
        return self.parameterAsBool(parameters, name, context) or None

    def _bounds(self, parameters, name, context, option):
        extent = self.parameterAsExtent(parameters, name, context, self._crs)
        if extent.isNull() or extent.isEmpty():
            return None
        return [extent.xMinimum(), extent.yMinimum(), extent.xMaximum(), extent.yMaximum()]

    # by QGIS's name of a parameter's type; layers and lists are read by the algorithms that have them
    _READERS = {
        "string": _text,
        "enum": _text,
        "file": _text,
        "field": _text,
        "number": _number,
        "boolean": _switch,
        "extent": _bounds,
    }

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
        """One run with progress, log lines and cancel. Raises QgsProcessingException with the engine's one line."""
        self._last_text_s = time.monotonic()

        def progress(message):
            feedback.setProgress(100.0 * float(message.get("fraction") or 0.0))
            self.report_progress(message, feedback)

        def log(level, text):
            (feedback.pushWarning if level == "warning" else feedback.pushInfo)(text)

        params = {name: value for name, value in params.items() if value is not None}
        try:
            result = ENGINE.run(self.verb(), params, progress, log, feedback.isCanceled)
        except EngineCancelled as error:
            feedback.pushInfo(str(error))
            raise QgsProcessingException(str(error)) from error
        except EngineError as error:
            raise QgsProcessingException(str(error)) from error
        if isinstance(feedback, RunFeedback):
            feedback.answer = result
        return result

    def report_progress(self, message: dict, feedback):
        """Progress as a line of text, now and then."""
        every_s = RunFeedback.TEXT_EVERY_S if isinstance(feedback, RunFeedback) else _SECONDS_BETWEEN_TEXTS
        if time.monotonic() - self._last_text_s >= every_s and message.get("total"):
            self._last_text_s = time.monotonic()
            text = tr("{done} of {total} tiles").format(done=message.get("done"), total=message["total"])
            if message.get("seconds_left") is not None:
                text += tr(", about {time} left").format(time=duration(message["seconds_left"]))
            feedback.setProgressText(text)


def _none_for_auto(word: str | None) -> str | None:
    return None if word in (None, "", AUTO) else word
