"""The parameters that algorithms share, each with a text on what it is for. Defaults, limits and choices are those of
the engine's options (core/options) wherever a parameter stands for one; titles stand in i18n/texts."""

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

from ..engine.modules import catalog, options, sensors
from ..i18n.texts import FIELDS, titled, tr

AUTO = "auto"
VECTOR_POLYGON = QgsProcessing.SourceType.TypeVectorPolygon
RASTER = QgsProcessing.SourceType.TypeRaster
# parameter -> the engine's option of the same meaning
OPTIONS = {
    "HEAD": "head",
    "SENSOR": "sensor",
    "BANDS": "bands",
    "UNITS": "units",
    "EXTENT": "bounds",
    "MASK": "mask",
    "VALID_MASK": "valid_mask",
    "MASK_VALUES": "mask_values",
    "MIN_AREA": "min_area",
    "RESUME": "resume",
    "TILE_SIZE": "tile_px",
    "OVERLAP": "overlap",
    "DEVICE": "device",
    "LABELS": "labels",
    "FIELD": "field",
    "RADIUS": "radius",
    "IGNORE": "ignore",
    "TASK": "task",
    "KIND": "kind",
    "TARGET_ERROR": "target_error",
    "LEAST": "least",
    "SEED": "seed",
}


def option_of(algorithm, name: str):
    """The option of the algorithm's verb that a parameter stands for; None where it stands for none."""
    return options.options_of(options.TYPES[algorithm.verb()]).get(OPTIONS.get(name, ""))


def title_of(name: str, hint: str = "") -> str:
    """The title of a parameter that stands for an option."""
    title = FIELDS[OPTIONS[name]]
    return titled(title, hint) if hint else title


def add(algorithm, definition, words: str):
    """`words` are what QGIS shows in tooltips, in the help beside the form, and in `qgis_process help`."""
    definition.setHelp(words)
    algorithm.addParameter(definition)


def advanced(definition):
    definition.setFlags(definition.flags() | QgsProcessingParameterDefinition.Flag.FlagAdvanced)
    return definition


def choice_parameter(algorithm, name: str, hint: str = "", choices=()):
    """One of the option's choices, or of others; auto where the engine finds it by itself."""
    option = option_of(algorithm, name)
    values = [*(choices or option.choices)]
    values = values if option.default else [AUTO, *values]
    default = option.default or AUTO
    return QgsProcessingParameterEnum(name, title_of(name, hint), values, defaultValue=default, usesStaticStrings=True)


def number_parameter(algorithm, name: str, hint: str = "", decimals: int | None = None):
    """A number within the option's limits; 0 where the engine finds it by itself."""
    option, kind = option_of(algorithm, name), QgsProcessingParameterNumber
    found_by_engine = option.default is None
    limits = {"minValue": 0 if found_by_engine else option.least, "maxValue": option.most}
    definition = kind(
        name,
        title_of(name, hint),
        kind.Type.Integer if option.kind is int else kind.Type.Double,
        option.kind(0) if found_by_engine else option.default,
        **{limit: value for limit, value in limits.items() if value is not None},
    )
    if decimals is not None:
        definition.setMetadata({"widget_wrapper": {"decimals": decimals}})
    return definition


def text_parameter(name: str, hint: str = ""):
    return QgsProcessingParameterString(name, title_of(name, hint), optional=True)


def units_parameter(algorithm):
    """A text, since any scale and offset will do, with the option's choices to pick from."""
    definition = QgsProcessingParameterString("UNITS", title_of("UNITS"), defaultValue=AUTO)
    widget = f"{__package__}.editable_choice.EditableChoice"
    choices = [AUTO, *option_of(algorithm, "UNITS").choices]
    definition.setMetadata({"widget_wrapper": {"class": widget, "choices": choices}})
    return definition


def add_input(algorithm, title: str | None = None, words: str | None = None):
    words = words or tr(
        "A scene of Sentinel-1, Sentinel-2, Gaofen, NAIP or EnMAP, or one with similar bands, in a file that GDAL "
        "reads."
    )
    add(algorithm, QgsProcessingParameterRasterLayer("INPUT", title or FIELDS["input"]), words)


def add_inputs(algorithm):
    title = titled(FIELDS["inputs"], tr("of one sensor"))
    rasters = QgsProcessingParameterMultipleLayers("INPUT", title, RASTER)
    rasters.setMinimumNumberInputs(1)
    add(algorithm, rasters, tr("The scenes that the labels lie on: one, or several of the same sensor."))


def add_head(algorithm):
    title, files = title_of("HEAD", tr("empty: the default for the raster")), tr("OFA-Net heads (*.safetensors)")
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
    add(algorithm, choice_parameter(algorithm, "SENSOR", choices=catalog.installed_table().sensors), words)
    hint = tr("e.g. 3,2,1,- where - is a missing band; empty: recognised")
    words = tr(
        "The raster's band, counted from 1, for each band of the sensor. Only for rasters that are in another order "
        'than usual or lack bands; "Detect sensor" shows how a raster is read without it.'
    )
    add(algorithm, advanced(text_parameter("BANDS", hint)), words)
    words = tr(
        "What the raster's numbers mean, e.g. reflectance from 0 to 1, or decibels. auto recognises it. One of "
        "{units}; or a scale and an offset to reflectance or decibels, e.g. 0.0000275,-0.2."
    )
    add(algorithm, advanced(units_parameter(algorithm)), words.format(units=", ".join([AUTO, *sensors.UNITS])))


def add_tiling(algorithm):
    extent = QgsProcessingParameterExtent("EXTENT", title_of("EXTENT", tr("empty: all")), optional=True)
    add(algorithm, extent, tr("Only this part of the raster is read, and the result covers only it."))
    add_computing(algorithm)
    words = tr(
        "Where the same run broke off before, for example because the disk was full, what it had finished is used. "
        "Inputs, options and output must be the same."
    )
    resume = QgsProcessingParameterBoolean("RESUME", title_of("RESUME"), option_of(algorithm, "RESUME").default)
    add(algorithm, advanced(resume), words)


def add_computing(algorithm, tile_hint: str | None = None):
    """How tiles are cut, where the verb blends them how much they overlap, and where they are computed."""
    hint = tile_hint or tr("pixels; 0: the head's own")
    words = tr("The model sees the raster in squares of this size. Smaller ones show finer detail, and take longer.")
    add(algorithm, advanced(number_parameter(algorithm, "TILE_SIZE", hint)), words)
    if option_of(algorithm, "OVERLAP"):
        words = tr("Where tiles overlap their results are blended, so that no seams show. 0 is fastest.")
        add(algorithm, advanced(number_parameter(algorithm, "OVERLAP", tr("share of a tile"))), words)
    add_device(algorithm)


def add_device(algorithm):
    words = tr("Where to compute: auto takes the graphics card (cuda) where there is one that can, else the processor.")
    add(algorithm, advanced(choice_parameter(algorithm, "DEVICE")), words)


def add_min_area(algorithm):
    area = number_parameter(algorithm, "MIN_AREA", tr("hectares; 0: all are kept"), decimals=4)
    words = tr("Patches of a class that are smaller become part of the class around them. 1 hectare is 100 m by 100 m.")
    add(algorithm, area, words)


def add_report(algorithm):
    files = tr("HTML files (*.html)")
    title = FIELDS["report"]
    report = QgsProcessingParameterFileDestination("OUTPUT_REPORT", title, files, optional=True, createByDefault=False)
    words = tr("A page with the map, the area of each class, and how they were made, for any browser.")
    add(algorithm, report, words)
