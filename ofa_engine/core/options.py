"""The options of each verb: one frozen dataclass per verb, put together from the groups that verbs share.

Each option is declared once. The command line, the check of requests (`from_params`), the parameters of QGIS Processing
and docs/options.md derive from these declarations. Standard library only, so that QGIS can read them.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from .errors import InputError
from .messages import option
from .option_schema import declare, options_of
from .sensors import SENSORS, UNITS

DEFAULT_OVERLAP, MAX_OVERLAP = 0.25, 0.75  # shares of a tile
MIN_TILE_PX, MAX_TILE_PX = 16, 8192
MIN_MEMORY_MB = 64
TASKS = ("segment", "classify")
IN_AND_OUT = "input and output"


# --- groups that verbs share -------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Reading:
    title: ClassVar[str] = "how the raster is read"

    sensor: str | None = declare("sensor that the raster is read as", None, choices=SENSORS, default_is="detected")
    bands: str | None = declare(
        "band of the raster for each band of the sensor, - for a missing one",
        None,
        metavar="3,2,1,-",
        default_is="detected",
    )
    units: str | None = declare("unit of the raster's values", None, choices=UNITS, default_is="detected")


@dataclass(frozen=True, kw_only=True)
class Declared:
    title: ClassVar[str] = "how the raster is read"

    crs: str | None = declare(
        "CRS, where the file has none or a wrong one", None, metavar="EPSG:N", default_is="its own"
    )
    nodata: list[float] | None = declare("values that are no data, besides the file's own", None, metavar="V,V")


@dataclass(frozen=True, kw_only=True)
class Computing:
    title: ClassVar[str] = "how it is computed"

    tile_px: int | None = declare(
        "side of a tile in pixels of the raster",
        None,
        unit="px",
        least=MIN_TILE_PX,
        most=MAX_TILE_PX,
        default_is="the head's, or the model's",
        metavar="N",
    )
    device: str = declare(
        "where to compute; auto takes a CUDA graphics card if there is one", "auto", choices=("auto", "cpu", "cuda")
    )
    memory_mb: int | None = declare(
        "memory budget",
        None,
        unit="MB",
        least=MIN_MEMORY_MB,
        default_is="1024, or a quarter of what is free",
        metavar="N",
    )


@dataclass(frozen=True, kw_only=True)
class Area:
    title: ClassVar[str] = "which part is used"

    bounds: list[float] | None = declare(
        "only this part, in the raster's CRS", None, count=4, metavar="W,S,E,N", default_is="the whole raster"
    )
    valid_mask: str | None = declare(
        "skip pixels where this raster is 0 or has no data; with Sentinel-2's scene classification (SCL): clouds, "
        "their shadows, snow and saturated or defective pixels",
        None,
        metavar="RASTER",
    )
    mask_values: list[float] | None = declare(
        "skip pixels where the mask raster has one of these values instead", None, metavar="V,V"
    )
    mask: str | None = declare(
        "only pixels whose centre lies in one of these polygons, in any CRS",
        None,
        metavar="POLYGONS",
    )


@dataclass(frozen=True, kw_only=True)
class Overlap:
    title: ClassVar[str] = "how the map is made"

    overlap: float = declare(
        "overlap of neighbouring tiles as a share of a tile", DEFAULT_OVERLAP, least=0, most=MAX_OVERLAP, metavar="F"
    )


@dataclass(frozen=True, kw_only=True)
class Refinement:
    title: ClassVar[str] = "how the map is made"

    min_area: float | None = declare(
        "merge patches smaller than this into their largest neighbour",
        None,
        unit="ha",
        above=0,
        default_is="none are merged",
        metavar="HA",
    )
    flips: bool = declare("average over mirrored tiles: smoother, takes four times as long", False)
    cog: bool = declare("write cloud-optimised GeoTIFFs", False)


@dataclass(frozen=True, kw_only=True)
class ChosenHead:
    title: ClassVar[str] = "model"

    head: str | None = declare(
        "head file, or the name of an installed one (`ofa models` lists them)",
        None,
        default_is="the first one for the sensor",
    )


@dataclass(frozen=True, kw_only=True)
class ChosenCheckpoint:
    title: ClassVar[str] = "model"

    checkpoint: str | None = declare(
        "checkpoint file, or the name of an installed one",
        None,
        default_is="the one that the head was fitted on, or the first one for the sensor",
    )


@dataclass(frozen=True, kw_only=True)
class Task:
    title: ClassVar[str] = "model"

    task: str = declare("one class per pixel (segment) or per tile (classify)", "segment", choices=TASKS)


@dataclass(frozen=True, kw_only=True)
class AreaReport:
    title: ClassVar[str] = "further outputs"

    report: str | None = declare("also write a page with the map and the area of each class", None, metavar="R.html")


@dataclass(frozen=True, kw_only=True)
class Seed:
    title: ClassVar[str] = "random numbers"

    seed: int = declare("the same number gives the same draws", 0, least=0, metavar="N")


@dataclass(frozen=True)
class Rasters:
    title: ClassVar[str] = IN_AND_OUT

    inputs: list[str] = declare("rasters of one sensor", positional=True, separate=True, metavar="RASTER")


@dataclass(frozen=True)
class Labelled:
    title: ClassVar[str] = "labels"

    labels: list[str] = declare(
        "polygons, points or lines for all rasters (of several files or layers, without a class field, each is one "
        "class), or one label raster per raster in the same order",
        separate=True,
        metavar="L",
    )
    field: str | None = declare("class field of the vector file", None, default_is="recognised", kw_only=True)
    ignore: list[str] = declare("label values that are not classes", [], metavar="V,V", kw_only=True)
    radius: float = declare(
        "how far a label reaches that is a point or a line: pixels whose centre is nearer; 0 for the pixel it lies in",
        1.0,
        unit="px",
        least=0,
        metavar="R",
        kw_only=True,
    )


# --- verbs -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class DetectOptions(Declared, Reading):
    about: ClassVar[str] = "sensor, band order and unit of a raster"
    title: ClassVar[str] = IN_AND_OUT

    input: str = declare("raster that GDAL reads: a file or an address", positional=True, metavar="RASTER")


@dataclass(frozen=True)
class MapOptions(ChosenCheckpoint, Area, Computing, Declared, Reading):
    """What all verbs have that turn a raster into a layer."""

    title: ClassVar[str] = IN_AND_OUT

    input: str = declare("raster that GDAL reads: a file or an address", positional=True, metavar="RASTER")
    output: str = declare("layer to write", "", short="-o", required=True)
    resume: bool = declare("continue a run of the same output that was interrupted", False, kw_only=True)


@dataclass(frozen=True)
class SegmentOptions(AreaReport, Refinement, Overlap, ChosenHead, MapOptions):
    about: ClassVar[str] = "one class per pixel, to a GeoTIFF"
    title: ClassVar[str] = "further outputs"

    polygons: str | None = declare("also write dissolved polygons", None, metavar="P.gpkg", kw_only=True)
    confidence: str | None = declare(
        "also write the probability of the winning class", None, metavar="C.tif", kw_only=True
    )


@dataclass(frozen=True)
class ClassifyOptions(AreaReport, ChosenHead, MapOptions):
    about: ClassVar[str] = "one class per tile, to .gpkg or .tif"


@dataclass(frozen=True)
class EmbedOptions(MapOptions):
    about: ClassVar[str] = "token features, to a multi-band GeoTIFF"
    title: ClassVar[str] = "further outputs"

    picture: str | None = declare(
        "also write their first three principal components", None, metavar="RGB.tif", kw_only=True
    )


@dataclass(frozen=True, kw_only=True)
class NewHead:
    title: ClassVar[str] = "model"

    kind: str = declare(
        "what the head sees: token features (linear), or these and the pixels; auto takes what cross-validates better",
        "auto",
        choices=("auto", "linear", "linear+pixels"),
    )
    name: str | None = declare("name of the head", None, default_is="the file's")


@dataclass(frozen=True)
class FitOptions(Seed, NewHead, Task, ChosenCheckpoint, Computing, Declared, Reading, Labelled, Rasters):
    about: ClassVar[str] = "a head from rasters and labels"
    title: ClassVar[str] = IN_AND_OUT

    output: str = declare("head to write", short="-o", metavar="HEAD.safetensors")


@dataclass(frozen=True)
class EvaluateOptions(Computing, Declared, Reading, Labelled, Rasters):
    about: ClassVar[str] = "accuracy of a head: a report"
    title: ClassVar[str] = IN_AND_OUT

    head: str = declare('head file or name; "" for the first one of the sensor', positional=True, metavar="HEAD")
    output: str = declare("report to write", short="-o", metavar="R.html")


@dataclass(frozen=True, kw_only=True)
class SampleSize:
    title: ClassVar[str] = "how many points"

    target_error: float = declare(
        "standard error wanted of the overall accuracy", 0.02, least=0.001, most=0.5, metavar="F"
    )
    least: int = declare("points per class", 50, least=2, metavar="N")


@dataclass(frozen=True)
class SampleOptions(Seed, SampleSize):
    about: ClassVar[str] = "random points per class, for an accuracy with confidence intervals"
    title: ClassVar[str] = IN_AND_OUT

    input: str = declare("class layer, as `ofa segment` writes it", positional=True, metavar="MAP")
    output: str = declare("points to write", short="-o", metavar="POINTS.gpkg")


@dataclass(frozen=True, kw_only=True)
class Workers:
    title: ClassVar[str] = "how it is computed"

    workers: int | None = declare(
        "processes on this machine", None, least=1, default_is="one per GPU, or one", metavar="N"
    )
    scheduler: str | None = declare(
        "address of your own Dask cluster, instead of workers on this machine", None, metavar="tcp://HOST:PORT"
    )


@dataclass(frozen=True)
class BatchOptions(Workers, Refinement, Overlap, ChosenHead, Task, ChosenCheckpoint, Area, Computing, Reading):
    about: ClassVar[str] = "many scenes with one head, on Dask"
    title: ClassVar[str] = IN_AND_OUT

    inputs: list[str] = declare(
        "rasters, folders, patterns, a CSV (path or href; id), GeoJSON, a STAC item collection",
        positional=True,
        separate=True,
        metavar="INPUT",
    )
    output: str = declare("folder of the results", short="-o", metavar="FOLDER")
    format: str = declare(
        "of the results; gpkg has one polygon per tile, for the task classify",
        "tif",
        choices=("tif", "gpkg"),
        kw_only=True,
    )
    rerun_failed: bool = declare("also retry scenes that could not be used as they are", False, kw_only=True)


@dataclass(frozen=True)
class BenchOptions(Overlap, Computing):
    about: ClassVar[str] = "bare model against the whole pipeline"
    title: ClassVar[str] = "what is measured"

    input: str | None = declare(
        "raster", None, positional=True, metavar="RASTER", default_is="one is generated from --sensor and --size-px"
    )
    model: str = declare(
        "the starter checkpoint, or a ViT with random weights and tiles of 224 px",
        "starter",
        choices=("starter", "tiny", "base"),
        kw_only=True,
    )
    sensor: str | None = declare(
        "sensor of the generated raster", None, choices=SENSORS, default_is="gaofen, 4 bands", kw_only=True
    )
    classes: int | None = declare(
        "use a head of random weights with this many classes",
        None,
        least=1,
        default_is="the starter head, or 10 where weights are random",
        metavar="K",
        kw_only=True,
    )
    size_px: int = declare("side of the generated raster", 3072, unit="px", least=1, metavar="N", kw_only=True)
    rounds: int = declare("how often each measurement is repeated", 5, least=1, metavar="N", kw_only=True)


TYPES: dict[str, Any] = {
    "detect": DetectOptions,
    "segment": SegmentOptions,
    "classify": ClassifyOptions,
    "embed": EmbedOptions,
    "fit": FitOptions,
    "evaluate": EvaluateOptions,
    "sample": SampleOptions,
    "batch": BatchOptions,
    "bench": BenchOptions,
}


def from_params(verb: str, params: Mapping[str, Any]) -> Any:
    """The options of a verb from a request or a command line.

    Args:
        verb: one of `TYPES`.
        params: names and values, as JSON has them; None stands for the default.

    Returns:
        An instance of `TYPES[verb]`.

    Raises:
        InputError: where an option is not the verb's, has a value of the wrong type or outside its limits, or is
            missing.
    """
    known = options_of(TYPES[verb])
    for name in params:
        if name not in known:
            raise InputError(f"expected an option of {verb} ({', '.join(known)}), found {option(name)}")
    values = {name: known[name].checked(value) for name, value in params.items() if value is not None}
    missing = [name for name, one in known.items() if one.required and name not in values]
    if missing:
        raise InputError(f"expected {option(missing[0])} for {verb}, found none")
    return TYPES[verb](**values)


def to_params(options: Any) -> dict[str, Any]:
    """The request that gives these options, without those that are None."""
    return {name: value for name, value in dataclasses.asdict(options).items() if value is not None}


def value_of(options: Any, name: str) -> Any:
    """The value of an option that not all verbs have; None where this verb does not have it."""
    return getattr(options, name, None)
