"""The parameters that algorithms share, each with words on what it is for."""

from qgis.core import (
    QgsProcessing,
    QgsProcessingParameterBoolean,
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

from ..engine.modules import sensors
from ..i18n.texts import tr

AUTO = "auto"
SENSORS = (AUTO, *sensors.SENSORS)
UNITS = (AUTO, *sensors.UNITS)
DEVICES = (AUTO, "cpu", "cuda")
TASKS = ("segment", "classify")
VECTOR_POLYGON = QgsProcessing.SourceType.TypeVectorPolygon
RASTER = QgsProcessing.SourceType.TypeRaster
_NUMBER = QgsProcessingParameterNumber


def add(algorithm, definition, words: str):
    """`words` are what QGIS shows in tooltips, in the help beside the form, and in `qgis_process help`."""
    definition.setHelp(words)
    algorithm.addParameter(definition)


def advanced(definition):
    definition.setFlags(definition.flags() | QgsProcessingParameterDefinition.Flag.FlagAdvanced)
    return definition


def enum(name, title, options):
    return QgsProcessingParameterEnum(name, title, options, defaultValue=options[0], usesStaticStrings=True)


def add_input(algorithm, title: str | None = None, words: str | None = None):
    words = words or tr(
        "A scene of Sentinel-1, Sentinel-2, Gaofen, NAIP or EnMAP, or one with like bands, in a file that GDAL reads."
    )
    add(algorithm, QgsProcessingParameterRasterLayer("INPUT", title or tr("Raster layer")), words)


def add_inputs(algorithm):
    rasters = QgsProcessingParameterMultipleLayers("INPUT", tr("Raster layers (of one sensor)"), RASTER)
    rasters.setMinimumNumberInputs(1)
    add(algorithm, rasters, tr("The scenes that the labels lie on: one, or several of the same sensor."))


def add_head(algorithm):
    title, files = tr("Head (the sensor's first one where empty)"), tr("OFA-Net heads (*.safetensors)")
    behavior = QgsProcessingParameterFile.Behavior.File
    head = QgsProcessingParameterFile("HEAD", title, behavior, optional=True, fileFilter=files)
    words = tr(
        "The file that knows the classes, for one sensor and one task: one that comes with OFA-Net, or your own from "
        '"Train a head from labels". The name of an installed head will do, too.'
    )
    add(algorithm, head, words)


def add_reading(algorithm):
    """How the raster is read: sensor, band order, unit."""
    words = tr("Where the raster comes from. auto recognises it; name it where that is not clear.")
    add(algorithm, enum("SENSOR", tr("Sensor"), list(SENSORS)), words)
    title = tr("Band order, e.g. 3,2,1,- (a dash for a missing band; recognised where empty)")
    words = tr(
        "The raster's band, counted from 1, for each band of the sensor. Only for rasters that are in another order "
        'than usual or lack bands; "Detect sensor" tells how a raster is read without it.'
    )
    add(algorithm, advanced(QgsProcessingParameterString("BANDS", title, optional=True)), words)
    words = tr("What the raster's numbers mean, e.g. reflectance from 0 to 1, or decibels. auto recognises it.")
    add(algorithm, advanced(enum("UNITS", tr("Unit of the values"), list(UNITS))), words)


def add_tiling(algorithm, overlap: bool):
    extent = QgsProcessingParameterExtent("EXTENT", tr("Extent (all where empty)"), optional=True)
    add(algorithm, extent, tr("Only this part of the raster is read, and the result covers only it."))
    add_computing(algorithm, overlap)
    title = tr("Continue a run that was stopped")
    words = tr(
        "Where the same run broke off before, for example because the disk was full, what it had finished is used. "
        "Inputs, options and output must be the same."
    )
    add(algorithm, advanced(QgsProcessingParameterBoolean("RESUME", title, defaultValue=False)), words)


def add_computing(algorithm, overlap: bool = False, tile: str | None = None):
    """How the tiles are cut and where they are computed."""
    tile = tile or tr("Tile size in pixels (0: the head's own)")
    words = tr("The model sees the raster in squares of this size. Smaller ones show finer detail, and take longer.")
    add(algorithm, advanced(_NUMBER("TILE_SIZE", tile, _NUMBER.Type.Integer, 0, minValue=0)), words)
    if overlap:
        title = tr("Overlap of neighbouring tiles (share of a tile)")
        share = _NUMBER("OVERLAP", title, _NUMBER.Type.Double, 0.25, minValue=0, maxValue=0.75)
        words = tr("Where tiles overlap their results are blended, so that no seams show. 0 is fastest.")
        add(algorithm, advanced(share), words)
    add_device(algorithm)


def add_device(algorithm):
    words = tr("Where to compute: auto takes the graphics card (cuda) where there is one that can, else the processor.")
    add(algorithm, advanced(enum("DEVICE", tr("Device"), list(DEVICES))), words)


def add_min_area(algorithm):
    title = tr("Smallest area in hectares (0: all)")
    area = _NUMBER("MIN_AREA", title, _NUMBER.Type.Double, 0.0, minValue=0.0)
    area.setMetadata({"widget_wrapper": {"decimals": 4}})
    words = tr("Patches of a class that are smaller become part of the class around them. 1 hectare is 100 m by 100 m.")
    add(algorithm, area, words)


def add_report(algorithm):
    text, files = tr("Report"), tr("HTML files (*.html)")
    report = QgsProcessingParameterFileDestination("OUTPUT_REPORT", text, files, optional=True, createByDefault=False)
    words = tr("A page with the map, the area of each class, and how they were made, for any browser.")
    add(algorithm, report, words)
