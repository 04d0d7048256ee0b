"""The options of each verb: one frozen dataclass per verb, put together from the groups that verbs share.

Each option is declared once. The command line, the check of requests (`from_params`), docs/options.md, and the
defaults, limits and choices of parameters in QGIS Processing derive from these declarations. Standard library only, so
that QGIS can read them.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from .errors import InputError
from .messages import option
from .option_groups import (
    DEFAULT_OVERLAP as DEFAULT_OVERLAP,
)
from .option_groups import (
    IN_AND_OUT,
    Area,
    AreaReport,
    ChosenCheckpoint,
    ChosenHead,
    Computing,
    Declared,
    Labelled,
    Machine,
    Overlap,
    Rasters,
    Reading,
    Refinement,
    Seed,
    Task,
)
from .option_groups import (
    MAX_OVERLAP as MAX_OVERLAP,
)
from .option_groups import (
    MAX_TILE_PX as MAX_TILE_PX,
)
from .option_groups import (
    MIN_MEMORY_MB as MIN_MEMORY_MB,
)
from .option_groups import (
    MIN_TILE_PX as MIN_TILE_PX,
)
from .option_groups import (
    TASKS as TASKS,
)
from .option_schema import declare, options_of
from .sensors import SENSORS

# --- verbs -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class DetectOptions(ChosenCheckpoint, Declared, Reading):
    about: ClassVar[str] = "sensor, band order and unit of a raster"
    title: ClassVar[str] = IN_AND_OUT

    input: str = declare("raster that GDAL reads: a file or an address", positional=True, metavar="RASTER")


@dataclass(frozen=True)
class StackOptions:
    about: ClassVar[str] = "the band files of a scene as one virtual raster (VRT), with the bands named after the files"
    title: ClassVar[str] = IN_AND_OUT

    inputs: list[str] = declare(
        "files of one band each, whose names tell the band: ..._SR_B4.TIF, ..._B04_10m.jp2, ..._VV.tif; quality "
        "flags and the like are left out",
        positional=True,
        separate=True,
        metavar="FILE",
    )
    output: str = declare("virtual raster to write", short="-o", metavar="X.vrt")


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
        "what the head sees: token features (linear), also the pixel (linear+pixels), or also its surroundings, with a "
        "hidden layer (mlp+pixels, not for classify); auto takes what cross-validates best",
        "auto",
        choices=("auto", "linear", "linear+pixels", "mlp+pixels"),
    )
    name: str | None = declare("name of the head", None, default_is="the file's")


@dataclass(frozen=True)
class FitOptions(Seed, NewHead, Task, ChosenCheckpoint, Computing, Declared, Reading, Labelled, Rasters):
    about: ClassVar[str] = "a head from rasters and labels"
    title: ClassVar[str] = IN_AND_OUT

    output: str = declare("head to write", short="-o", metavar="HEAD.safetensors")


@dataclass(frozen=True)
class RefitHeadsOptions(Seed, Machine, Reading):
    about: ClassVar[str] = "the default land-cover heads anew, for another checkpoint"
    command: ClassVar[str] = "heads refit"
    title: ClassVar[str] = IN_AND_OUT

    checkpoint: str = declare("checkpoint file, or the name of an installed one", metavar="FILE")
    output: str = declare("folder of the heads", short="-o", metavar="FOLDER")
    from_: list[str] = declare(
        "folders of labelled rasters (NAME/images and NAME/labels); or scenes without labels, or folders of these, "
        "which the heads that come with the engine map: the new heads learn to repeat that, with its errors",
        [],
        separate=True,
        metavar="SCENES_OR_FOLDER",
        kw_only=True,
    )
    public: bool = declare(
        "fetch public images and labels from servers and learn from these: Sentinel-2 and ESA WorldCover",
        False,
        kw_only=True,
    )
    own: bool = declare("also fit your own heads anew, from the labels that they remember", False, kw_only=True)
    estimate: bool = declare("only say which heads would be fitted, and how long it takes", False, kw_only=True)


@dataclass(frozen=True)
class EvaluateOptions(Computing, Declared, Reading, Labelled, Rasters):
    about: ClassVar[str] = "accuracy of a head: a report"
    title: ClassVar[str] = IN_AND_OUT

    head: str = declare('head file or name; "" for the default of the first raster', positional=True, metavar="HEAD")
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
class ImportModelOptions:
    about: ClassVar[str] = "public weights (DOFA, SSL4EO, timm, ...) as a checkpoint; nothing in the file is run"
    command: ClassVar[str] = "models import"
    title: ClassVar[str] = IN_AND_OUT

    input: str = declare("file of weights: PyTorch's or safetensors", positional=True, metavar="FILE")
    output: str | None = declare(
        "checkpoint to write: a file, or a name in the first folder of $OFANET_MODELS, else in the current folder",
        None,
        short="-o",
        metavar="NAME",
        default_is="the file's name",
    )
    name: str | None = declare("name of the model", None, default_is="that of the weights")
    keep_generator: bool = declare(
        "keep DOFA's generator of embedders: bands that a raster lacks are generated for, and Landsat, PlanetScope, "
        "WorldView, ... get embedders of their own",
        False,
    )
    map: str | None = declare(
        "for weights that are not recognised: new names of tensors, and what the bands are", None, metavar="RENAME.yaml"
    )


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


@dataclass(frozen=True)
class FetchModelOptions:
    about: ClassVar[str] = "a public foundation model as a checkpoint: downloads it, checks its SHA-256 and imports it"
    command: ClassVar[str] = "models fetch"
    title: ClassVar[str] = IN_AND_OUT

    model: str = declare("its name, as `ofa models` lists it", positional=True, metavar="NAME")
    output: str | None = declare(
        "checkpoint to write",
        None,
        short="-o",
        metavar="X.safetensors",
        default_is="NAME.safetensors in the first folder of $OFANET_MODELS, else in the current folder",
    )


TYPES: dict[str, Any] = {
    "detect": DetectOptions,
    "stack": StackOptions,
    "segment": SegmentOptions,
    "classify": ClassifyOptions,
    "embed": EmbedOptions,
    "fit": FitOptions,
    "refit_heads": RefitHeadsOptions,
    "evaluate": EvaluateOptions,
    "sample": SampleOptions,
    "batch": BatchOptions,
    "import_model": ImportModelOptions,
    "bench": BenchOptions,
    "fetch_model": FetchModelOptions,
}


def command_of(verb: str) -> str:
    """The verb as the command line has it, in one word or two."""
    return str(getattr(TYPES[verb], "command", verb))


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
