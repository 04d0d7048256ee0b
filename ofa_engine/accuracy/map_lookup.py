"""The map under labels or points, made by `segment` or `classify`."""

import dataclasses
import math
import tempfile
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from ..core.callbacks import Callbacks
from ..core.options import ClassifyOptions, SegmentOptions, value_of
from ..inference.classify import classify
from ..inference.segment import segment
from ..inference.session import Session
from ..raster.georeference import place
from ..raster.source import Source
from ..raster.vectors import read_vector
from ..tiling.axis import Axis


def map_at(
    options: SegmentOptions | ClassifyOptions, session: Session, row: NDArray, column: NDArray, callbacks: Callbacks
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The map at pixels, computed on the part of the raster that covers them.

    Args:
        options: of the map; input, output and bounds are replaced.
        session: the opened raster with its head.
        row, column: (N,) pixels.
        callbacks: for progress and cancelling.

    Returns:
        (class (N,) counted from 0, -1 for nodata; hectares (K,) per class in that part, NaN where unknown).
    """
    segments = isinstance(options, SegmentOptions)
    source, overlap = session.source, value_of(options, "overlap") or 0.0
    left, right = _covering_span(column, Axis(source.width, session.tile_px, overlap, not segments))
    top, bottom = _covering_span(row, Axis(source.height, session.tile_px, overlap, not segments))
    if source.transform.b or source.transform.d:  # the bounds of a rotated raster's part would cut out something else
        left, top, right, bottom = 0, 0, source.width, source.height
    x, y = zip(*(place(source.transform, *corner) for corner in ((left, top), (right, bottom))), strict=True)
    bounds = None if (right - left, bottom - top) == (source.width, source.height) else [min(x), min(y), max(x), max(y)]
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / ("map.tif" if segments else "map.gpkg"))
        options = dataclasses.replace(options, input=source.path, output=path, bounds=bounds)
        if isinstance(options, ClassifyOptions):
            classify(options, callbacks)
            return _tiles_at(path, session, row, column)
        answer = segment(options, callbacks)
        area = [math.nan if entry["area_ha"] is None else entry["area_ha"] for entry in answer["classes"]]
        return _pixels_at(path, session, row - top, column - left), np.array(area)


def _covering_span(positions: NDArray, axis: Axis) -> tuple[int, int]:
    """[first, stop) pixels of all tiles that cover a position. Since it starts and ends with whole tiles of the raster,
    the part has the same tiles as the whole, and so the same scores."""
    starts = np.array(axis.starts)
    first = np.searchsorted(starts, positions.min() - axis.tile_px, "right")
    last = np.searchsorted(starts, positions.max(), "right") - 1
    return int(starts[first]), int(min(starts[last] + axis.tile_px, axis.size_px))


def _class_index(session: Session, values: NDArray) -> NDArray[np.int64]:
    """Class values to classes counted from 0; -1 for other values."""
    table = np.full(256, -1)
    table[[entry["value"] for entry in session.classes]] = np.arange(len(session.classes))
    return table[values]


def _pixels_at(path: str, session: Session, row: NDArray, column: NDArray) -> NDArray[np.int64]:
    """Reads only blocks that contain requested pixels, one at a time."""
    found = np.full(len(row), -1)
    with Source(path) as layer:
        windows = list(layer.block_windows())
        block_width, block_height = windows[0][2:]
        block = row // block_height * -(-layer.width // block_width) + column // block_width
        order = np.argsort(block, kind="stable")
        numbers, first = np.unique(block[order], return_index=True)
        for number, mine in zip(numbers, np.split(order, first[1:]), strict=True):
            left, top, *_ = windows[number]
            pixels, _ = layer.read([1], windows[number])
            values = np.nan_to_num(pixels[0], nan=255).astype(np.int64)
            found[mine] = _class_index(session, values[row[mine] - top, column[mine] - left])
    return found


def _tiles_at(
    path: str, session: Session, row: NDArray, column: NDArray
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """(class (N,), hectares (K,)). A tile's polygon is placed in the grid of tiles by its centroid."""
    layer = read_vector(path, "tiles", ["class", "area_ha"])
    fields = layer.fields
    index, centroid = _class_index(session, fields["class"]), shapely.centroid(layer.geometries)
    x, y = shapely.get_x(centroid), shapely.get_y(centroid)
    tiles = np.full((-(-session.source.height // session.tile_px), -(-session.source.width // session.tile_px)), -1)
    across, down = (np.floor(v / session.tile_px).astype(int) for v in place(~session.source.transform, x, y))
    tiles[down, across] = index
    area = np.bincount(index, fields["area_ha"], len(session.classes)).astype(np.float64)
    if session.source.crs is None or not np.isfinite(area).all():
        area[:] = math.nan
    return tiles[row // session.tile_px, column // session.tile_px], area
