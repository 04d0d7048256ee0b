"""What the algorithms share: parameters, the job they make, and how a job runs inside Processing.

Algorithms run in a background thread: no widget, no project and no canvas here.
"""

import time
from pathlib import Path

from qgis.core import (
    QgsProcessing,
    QgsProcessingAlgorithm,
    QgsProcessingException,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterEnum,
    QgsProcessingParameterExtent,
    QgsProcessingParameterFile,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterMultipleLayers,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterString,
)
from qgis.PyQt.QtGui import QIcon

from ..bridge import ICON, catalog, errors, sensors
from ..engine import ENGINE, EngineCancelled, EngineError, EngineMissing, engine_python
from ..facts import source_path
from ..texts import in_window_words, tr

AUTO = "auto"
SENSORS = (AUTO, *sensors.SENSORS)
UNITS = (AUTO, *sensors.UNITS)
DEVICES = (AUTO, "cpu", "cuda")
TASKS = ("segment", "classify")
VECTOR_POLYGON = QgsProcessing.SourceType.TypeVectorPolygon
_SECONDS_BETWEEN_WORDS = 10.0


class EngineAlgorithm(QgsProcessingAlgorithm):
    """An algorithm whose work is one job of the engine. Subclasses say which: VERB, outputs, and what to do after."""

    VERB = ""
    VERB_OF_ENGINE = ""  # where the algorithm's id is another than the engine's verb
    TASK = ""  # of the heads that it takes; empty: of any
    TITLE = ""
    HELP = ""
    TAGS = ()  # other words to find it by

    def __init__(self):
        super().__init__()
        self._paths = []
        self._layer_name = ""
        self._said = 0.0

    def createInstance(self):
        return type(self)()

    def name(self):
        return self.VERB

    def displayName(self):
        return tr(self.TITLE)

    def group(self):
        return ""

    def groupId(self):
        return ""

    def shortHelpString(self):
        return tr(self.HELP)

    def tags(self):
        return [tr(tag) for tag in self.TAGS]

    def icon(self):
        return QIcon(str(ICON))

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
        if self.parameterDefinition("EXTENT"):
            extent = self.parameterAsExtent(parameters, "EXTENT", context, self._crs)
            if not extent.isNull() and not extent.isEmpty():
                params["bounds"] = [extent.xMinimum(), extent.yMinimum(), extent.xMaximum(), extent.yMaximum()]
        if self.parameterDefinition("OVERLAP"):
            params["overlap"] = self.parameterAsDouble(parameters, "OVERLAP", context)
        return params

    def output_path(self, parameters, name, context) -> str | None:
        """The file of a destination parameter; None where the user wants none."""
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
        if hasattr(feedback, "result"):  # of a panel, which learns from it how fast this machine is
            feedback.result = result
        return result

    def heard(self, message: dict, feedback):
        """Puts progress into words."""
        every_s = getattr(feedback, "words_every_s", _SECONDS_BETWEEN_WORDS)  # a log keeps them all, a line only one
        if time.monotonic() - self._said >= every_s and message.get("total"):
            self._said = time.monotonic()
            text = tr("{done} of {total} tiles").format(done=message.get("done"), total=message["total"])
            if message.get("seconds_left") is not None:
                text += tr(", about {seconds:.0f} s left").format(seconds=message["seconds_left"])
            feedback.setProgressText(text)


def told(word: str | None) -> str | None:
    return None if word in (None, "", AUTO) else word


def advanced(definition):
    definition.setFlags(definition.flags() | QgsProcessingParameterDefinition.Flag.FlagAdvanced)
    return definition


def enum(name, title, options):
    return QgsProcessingParameterEnum(name, title, options, defaultValue=options[0], usesStaticStrings=True)


def add_input(algorithm, title: str | None = None):
    algorithm.addParameter(QgsProcessingParameterRasterLayer("INPUT", title or tr("Raster layer")))


def add_inputs(algorithm):
    several, kind = QgsProcessingParameterMultipleLayers, QgsProcessing.SourceType.TypeRaster
    rasters = several("INPUT", tr("Raster layers (of one sensor)"), kind)
    rasters.setMinimumNumberInputs(1)
    algorithm.addParameter(rasters)


def add_head(algorithm):
    algorithm.addParameter(
        QgsProcessingParameterFile(
            "HEAD",
            tr("Head (the sensor's first one where empty)"),
            behavior=QgsProcessingParameterFile.Behavior.File,
            optional=True,
            fileFilter=tr("OFA-Net heads (*.safetensors)"),
        )
    )


def add_reading(algorithm):
    """How the raster is read: sensor, band order, unit."""
    algorithm.addParameter(enum("SENSOR", tr("Sensor"), list(SENSORS)))
    bands = tr("Band order, e.g. 3,2,1,- (a dash for a missing band; recognised where empty)")
    algorithm.addParameter(advanced(QgsProcessingParameterString("BANDS", bands, optional=True)))
    algorithm.addParameter(advanced(enum("UNITS", tr("Unit of the values"), list(UNITS))))


def add_tiling(algorithm, overlap: bool):
    algorithm.addParameter(QgsProcessingParameterExtent("EXTENT", tr("Extent (all where empty)"), optional=True))
    add_computing(algorithm, overlap)


def add_computing(algorithm, overlap: bool = False, tile: str | None = None):
    """How the tiles are cut and where they are computed."""
    number = QgsProcessingParameterNumber
    tile = tile or tr("Tile size in pixels (0: the head's own)")
    algorithm.addParameter(advanced(number("TILE_SIZE", tile, number.Type.Integer, 0, minValue=0)))
    if overlap:
        share = tr("Overlap of neighbouring tiles (share of a tile)")
        algorithm.addParameter(advanced(number("OVERLAP", share, number.Type.Double, 0.25, minValue=0, maxValue=0.75)))
    add_device(algorithm)


def add_device(algorithm):
    algorithm.addParameter(advanced(enum("DEVICE", tr("Device"), list(DEVICES))))


def add_min_area(algorithm):
    number = QgsProcessingParameterNumber
    area = number("MIN_AREA", tr("Smallest area in hectares (0: all)"), number.Type.Double, 0.0, minValue=0.0)
    area.setMetadata({"widget_wrapper": {"decimals": 4}})
    algorithm.addParameter(area)


def add_report(algorithm):
    text, files = tr("Report"), tr("HTML files (*.html)")
    report = QgsProcessingParameterFileDestination("OUTPUT_REPORT", text, files, optional=True, createByDefault=False)
    algorithm.addParameter(report)
