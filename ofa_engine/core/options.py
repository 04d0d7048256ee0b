"""What the user may ask of each verb: one frozen dataclass a verb, put together from the groups that verbs share.

None means the default. Standard library only, so that QGIS and the engine know the same options.
"""

import dataclasses
from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """What the user asked for; None means the default. `bounds` is west, south, east, north in the raster's CRS,
    `min_area` in hectares."""

    input: str
    output: str = ""
    head: str | None = None
    checkpoint: str | None = None
    sensor: str | None = None
    bands: str | None = None
    units: str | None = None
    tile_px: int | None = None
    overlap: float | None = None
    device: str = "auto"
    memory_mb: int | None = None
    bounds: list[float] | None = None
    polygons: str | None = None
    confidence: str | None = None
    report: str | None = None
    picture: str | None = None
    valid_mask: str | None = None
    mask_values: list[float] | None = None
    mask: str | None = None
    min_area: float | None = None
    flips: bool = False
    cog: bool = False
    resume: bool = False


@dataclass(frozen=True)
class FitOptions:
    """What the user asked for; None means the default."""

    inputs: list[str]
    labels: list[str]
    output: str
    field: str | None = None
    ignore: list[str] = dataclasses.field(default_factory=list)
    task: str = "segment"
    kind: str = "auto"
    name: str | None = None
    checkpoint: str | None = None
    sensor: str | None = None
    bands: str | None = None
    units: str | None = None
    tile_px: int | None = None
    device: str = "auto"
    memory_mb: int | None = None
    seed: int = 0


@dataclass(frozen=True)
class EvaluateOptions:
    """What the user asked for; None means the default. `output` is an HTML file."""

    head: str
    inputs: list[str]
    labels: list[str]
    output: str
    field: str | None = None
    ignore: list[str] = dataclasses.field(default_factory=list)
    sensor: str | None = None
    bands: str | None = None
    units: str | None = None
    tile_px: int | None = None
    device: str = "auto"
    memory_mb: int | None = None


@dataclass(frozen=True)
class SampleOptions:
    """What the user asked for. `target_error` is the standard error wanted of the overall accuracy, `least` the points
    of the rarest class."""

    input: str
    output: str
    target_error: float = 0.02
    least: int = 50
    seed: int = 0


@dataclass(frozen=True)
class BatchOptions:
    """What the user asked for; None means the default. Those that `Options` has too go to each scene."""

    inputs: list[str]
    output: str
    task: str = "segment"
    head: str | None = None
    checkpoint: str | None = None
    sensor: str | None = None
    bands: str | None = None
    units: str | None = None
    tile_px: int | None = None
    overlap: float | None = None
    bounds: list[float] | None = None
    valid_mask: str | None = None
    mask_values: list[float] | None = None
    mask: str | None = None
    min_area: float | None = None
    flips: bool = False
    cog: bool = False
    device: str = "auto"
    memory_mb: int | None = None
    format: str = "tif"
    workers: int | None = None
    scheduler: str | None = None
    rerun_failed: bool = False


@dataclass(frozen=True)
class BenchOptions:
    """What is measured. None: `input` is a generated raster of `sensor` (gaofen), `size_px` on a side; `classes` and
    `tile_px` are the head's (ten and 224 where weights are random, that is with `model` tiny or base)."""

    input: str | None = None
    model: str = "starter"
    sensor: str | None = None
    classes: int | None = None
    size_px: int = 3072
    tile_px: int | None = None
    overlap: float = 0.25
    memory_mb: int | None = None
    device: str = "auto"
    rounds: int = 5
