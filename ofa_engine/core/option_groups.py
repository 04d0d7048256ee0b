"""The groups of options that verbs share; `options` puts them together. Standard library only."""

import re
from dataclasses import dataclass
from typing import ClassVar

from .option_schema import declare
from .sensors import SENSORS, UNITS, scale_and_offset

DEFAULT_OVERLAP, MAX_OVERLAP = 0.25, 0.75  # shares of a tile
MIN_TILE_PX, MAX_TILE_PX = 16, 8192
MIN_MEMORY_MB = 64
TASKS = ("segment", "classify")
IN_AND_OUT = "input and output"
_SENSOR_ID = re.compile(r"[a-z0-9][a-z0-9_-]*")


@dataclass(frozen=True, kw_only=True)
class Reading:
    title: ClassVar[str] = "how the raster is read"

    sensor: str | None = declare(
        "sensor that the raster is read as",
        None,
        choices=SENSORS,
        beyond="another of the checkpoint's",
        accepts=_SENSOR_ID.fullmatch,
        default_is="detected",
    )
    bands: str | None = declare(
        "band of the raster for each band of the sensor, - for a missing one",
        None,
        metavar="3,2,1,-",
        default_is="detected",
    )
    units: str | None = declare(
        "unit of the raster's values, or the scale and offset to reflectance or decibel",
        None,
        choices=UNITS,
        beyond="SCALE,OFFSET",
        accepts=scale_and_offset,
        default_is="detected",
    )


@dataclass(frozen=True, kw_only=True)
class Declared:
    title: ClassVar[str] = "how the raster is read"

    crs: str | None = declare(
        "CRS, where the file has none or a wrong one", None, metavar="EPSG:N", default_is="its own"
    )
    nodata: list[float] | None = declare("values that are no data, besides the file's own", None, metavar="V,V")


@dataclass(frozen=True, kw_only=True)
class Machine:
    title: ClassVar[str] = "how it is computed"

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
class Computing(Machine):
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
        default_is="the one for sensor, pixel size and bands",
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
