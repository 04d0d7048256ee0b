"""The map under labels or points, made by the product's own verbs, and what comparing the two found."""

import dataclasses
import math
import tempfile
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyogrio
import shapely
from numpy.typing import NDArray

from ..core.callbacks import Callbacks
from ..core.options import ClassifyOptions, SegmentOptions, value_of
from ..inference.segment import classify, segment
from ..inference.session import Job
from ..learning.metrics import Stratified
from ..raster.source import Source, place
from ..tiling.axis import Axis

UNKNOWN_COLOR = "#8a8a8a"


@dataclass
class Findings:
    """Rows are the reference, columns the map. `classes` are those the map can have (the first `columns`), then those
    that only the reference has; both sides of `matrix` (R, R) have all of them."""

    classes: list[dict]
    columns: int
    matrix: NDArray[np.float64]  # pixels, tiles or points
    nodata: NDArray[np.float64]  # (R,) of each reference class where the map has none
    mapped_ha: NDArray[np.float64]  # (R,) NaN where it is not known
    unit: str
    notes: list[str]
    estimates: Stratified | None = None
    facts: dict = dataclasses.field(default_factory=dict)  # of the sample


def names(entries: Iterable[dict]) -> str:
    return ", ".join(entry["name"] for entry in entries)


def map_at(
    asked: SegmentOptions | ClassifyOptions, job: Job, row: NDArray, column: NDArray, callbacks: Callbacks
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """(class (N,) from 0 at pixels, -1 where there is none; hectares (K,) of each class), by the product's own verb as
    `asked`, on the part of the raster that decides about these pixels."""
    pixels = isinstance(asked, SegmentOptions)
    source, overlap = job.source, value_of(asked, "overlap") or 0.0
    left, right = _span(column, Axis(source.width, job.tile_px, overlap, not pixels))
    top, bottom = _span(row, Axis(source.height, job.tile_px, overlap, not pixels))
    if source.transform.b or source.transform.d:  # bounds of a turned raster cut out something else
        left, top, right, bottom = 0, 0, source.width, source.height
    x, y = zip(*(place(source.transform, *corner) for corner in ((left, top), (right, bottom))), strict=True)
    bounds = None if (right - left, bottom - top) == (source.width, source.height) else [min(x), min(y), max(x), max(y)]
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / ("map.tif" if pixels else "map.gpkg"))
        asked = dataclasses.replace(asked, input=source.path, output=path, bounds=bounds)
        if isinstance(asked, ClassifyOptions):
            classify(asked, callbacks)
            return _at_tiles(path, job, row, column)
        answer = segment(asked, callbacks)
        area = [math.nan if entry["area_ha"] is None else entry["area_ha"] for entry in answer["classes"]]
        return _at_pixels(path, job, row - top, column - left), np.array(area)


def _span(places: NDArray, axis: Axis) -> tuple[int, int]:
    """[first, stop) pixels of all tiles that cover some place: starting and ending with whole tiles of the raster, it
    has the same tiles as the raster, and so the same scores."""
    starts = np.array(axis.starts)
    first = np.searchsorted(starts, places.min() - axis.tile_px, "right")
    last = np.searchsorted(starts, places.max(), "right") - 1
    return int(starts[first]), int(min(starts[last] + axis.tile_px, axis.size_px))


def _index(job: Job, values: NDArray) -> NDArray[np.int64]:
    """Class values to classes from 0; -1 for what is none."""
    table = np.full(256, -1)
    table[[entry["value"] for entry in job.classes]] = np.arange(len(job.classes))
    return table[values]


def _at_pixels(path: str, job: Job, row: NDArray, column: NDArray) -> NDArray[np.int64]:
    """Only blocks with pixels that are asked for are read, one at a time."""
    found = np.full(len(row), -1)
    with Source(path) as layer:
        windows = list(layer.block_windows())
        wide, high = windows[0][2:]
        key = row // high * -(-layer.width // wide) + column // wide
        order = np.argsort(key, kind="stable")
        keys, first = np.unique(key[order], return_index=True)
        for number, mine in zip(keys, np.split(order, first[1:]), strict=True):
            left, top, *_ = windows[number]
            values, _ = layer.read([1], windows[number])
            block = np.nan_to_num(values[0], nan=255).astype(np.int64)
            found[mine] = _index(job, block[row[mine] - top, column[mine] - left])
    return found


def _at_tiles(path: str, job: Job, row: NDArray, column: NDArray) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """As `_at_pixels`, and hectares: a tile's polygon is found in the grid of tiles by its middle."""
    _, wkb, fields = read_layer(path, ["class", "area_ha"])
    index, middle = _index(job, fields["class"]), shapely.centroid(shapely.from_wkb(wkb))
    x, y = shapely.get_x(middle), shapely.get_y(middle)
    tiles = np.full((-(-job.source.height // job.tile_px), -(-job.source.width // job.tile_px)), -1)
    across, down = (np.floor(v / job.tile_px).astype(int) for v in place(~job.source.transform, x, y))
    tiles[down, across] = index
    area = np.bincount(index, fields["area_ha"], len(job.classes)).astype(np.float64)
    if job.source.crs is None or not np.isfinite(area).all():
        area[:] = math.nan
    return tiles[row // job.tile_px, column // job.tile_px], area


def read_layer(path: str, columns: list[str] | None = None) -> tuple[dict, NDArray, dict[str, NDArray]]:
    with warnings.catch_warnings():  # of a missing CRS, and of more layers than one
        warnings.simplefilter("ignore")
        meta, _, wkb, values = pyogrio.raw.read(path, columns=columns)
    return meta, wkb, dict(zip(meta["fields"], values, strict=True))


def one_of(callbacks: Callbacks, number: int, count: int) -> Callbacks:
    """Progress of one raster out of several, as if all had as many tiles; what it says was said on opening."""
    return Callbacks(
        lambda done, total, left: callbacks.progress(
            number * total + done, count * total, left if count == 1 else None
        ),
        cancelled=callbacks.cancelled,
    )
