"""Tiles out of a raster, batch by batch: each block of the file is decoded once, and each pixel is read once."""

import contextlib
import itertools
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import DTypeLike, NDArray
from torch import Tensor

from ..raster.source import Source
from ..tiling.axis import pad_to_tile
from ..tiling.plan import TilePlan
from .journal import CarryFile

CARRIED_BYTES = 4 * 2**30  # of pixels carried over in a file, at most; where it would be more, they are read again


@dataclass
class TileRow:
    """A row of tiles of one stripe: tiles of `columns`, and which of its pixels are valid (None: all). `recomputed`: it
    was finished before, and is computed again only for what it adds to the pixels below."""

    index: int
    stripe: tuple[int, int]
    columns: range
    valid: NDArray[np.bool_] | None
    recomputed: bool = False


@dataclass
class TileBatch:
    pixels: Tensor | None  # (B, C, tile_px, tile_px) float32 in the raster's unit, NaN where missing; None: no tiles
    tiles: list[int]  # their column indices in the plan
    row: TileRow
    skipped: int  # tiles without a valid pixel, which are not computed
    last: bool  # the row is complete after this batch


def read_batches(
    source: Source,
    bands: Sequence[int],
    plan: TilePlan,
    start: tuple[int, int] = (0, 0),
    pause: Callable[[], None] = lambda: None,
    folder: Path | None = None,
    pinned: bool = False,
    carried_bytes: int = CARRIED_BYTES,
) -> Iterator[TileBatch]:
    """All tiles of the plan's rows that hold a valid pixel, row by row; each pixel is read once.

    Args:
        source: the raster.
        bands: 1-based bands to read, in the embedder's order.
        plan: where tiles lie, and how they are read.
        start: the stripe and row of tiles to begin with; rows above that still add to it come first, as `recomputed`.
        pause: called before each read, and may raise.
        folder: where files without a name that hold pixels for the next stripe lie.
        pinned: into page-locked memory, from which a GPU copies by itself.
        carried_bytes: the largest file of pixels for the next stripe; where it would be larger, they are read again.
    """
    incoming: _Carried | None = None
    with contextlib.ExitStack() as files:
        for number in range(start[0], len(plan.stripes) if plan.own_rows else 0):
            stripe = plan.stripes[number]
            first = start[1] if number == start[0] else plan.own_rows.start
            begin = plan.needed_from(first)
            outgoing = None if begin else _carried_out(source, bands, plan, number, incoming, folder, carried_bytes)
            if outgoing:
                files.callback(outgoing.file.close)
            pixels = _Pixels(source, bands, plan, stripe, plan.rows.starts[begin], incoming, outgoing)
            for index in range(begin, plan.own_rows.stop):
                top = plan.rows.starts[index]
                slab, valid = pixels.rows(top, top + plan.rows.length(index), pause)
                row = TileRow(index, stripe, plan.tiles_of(stripe), valid, index < first)
                yield from _row_batches(slab, row, stripe[0], plan, pinned)
            if incoming:
                incoming.file.close()
            incoming = outgoing


@dataclass
class _Carried:
    """Pixels of the columns first..stop-1, slice by slice, that one stripe has read for the next."""

    first: int
    stop: int
    file: CarryFile
    dtype: DTypeLike  # with integers, a pixel that is not valid stands for one whose bands are all missing

    def shape(self, bands: int, plan: TilePlan) -> tuple[int, int, int]:
        """Of a slice: its bands, and one more that is 1 where a pixel is valid."""
        return bands + 1, plan.slices.size_px, self.stop - self.first


def _carried_out(
    source: Source,
    bands: Sequence[int],
    plan: TilePlan,
    number: int,
    incoming: _Carried | None,
    folder: Path | None,
    most_bytes: int,
) -> _Carried | None:
    """What a stripe carries over to the next: all pixels beyond its stop that come with its blocks. None where there
    are none, or too many; then the next stripe reads the file itself."""
    if number + 1 == len(plan.stripes):
        return None
    stop = min(plan.block_columns.up(plan.right_of(number)), plan.columns.size_px)
    width = max(stop, incoming.stop if incoming else 0) - plan.stripes[number][1]
    size = 4 * (len(bands) + 1) * source.height * width
    free = shutil.disk_usage(folder or tempfile.gettempdir()).free
    if not 0 < size < min(most_bytes, free // 4):
        return None
    first = plan.stripes[number][1]
    return _Carried(first, first + width, CarryFile(folder=folder), source.read_type)


class _Pixels:
    """A stripe's pixels and validity from a row of tiles down to the end of the last slice that was read."""

    def __init__(
        self,
        source: Source,
        bands: Sequence[int],
        plan: TilePlan,
        stripe: tuple[int, int],
        top: int,
        incoming: _Carried | None,
        outgoing: _Carried | None,
    ):
        self.source, self.bands, self.plan = source, bands, plan
        self.incoming, self.outgoing = incoming, outgoing
        self.left, self.right = stripe[0], plan.right_of(plan.stripes.index(stripe))
        self.top = self.bottom = top
        self.done = 0  # slices
        height = min(plan.tile_px + plan.slices.size_px, source.height)
        self.valid = np.empty((height, self.right - self.left), bool)
        self.values: NDArray | None = None

    def rows(self, top: int, stop: int, pause: Callable[[], None]) -> tuple[NDArray, NDArray[np.bool_] | None]:
        """(C, stop - top, w) pixels, a view until the next call, and their validity, None where all are."""
        if self.bottom < stop:
            kept = slice(top - self.top, self.bottom - self.top)
            for band in [self.valid, *(self.values if self.values is not None else ())]:
                band[: self.bottom - top] = band[kept]
            self.top = top
        while self.bottom < stop:
            end = min(self.plan.slices.up(self.bottom + 1), self.source.height)
            self._read(self.bottom, end, pause)
            self.bottom = end
        area = slice(top - self.top, stop - self.top)
        assert self.values is not None
        valid = self.valid[area]
        return self.values[:, area], None if valid.all() else valid.copy()

    def _read(self, top: int, bottom: int, pause: Callable[[], None]) -> None:
        """The rows of one slice: each part is kept as far as the stripe reaches, and carried over from its stop on."""
        rows = slice(top - self.top, bottom - self.top)
        carried: NDArray | None = None
        for x, values, ok in self._parts(top, bottom, pause):
            end = x + values.shape[2]
            if self.values is None:
                self.values = np.empty((len(values), *self.valid.shape), values.dtype)
            elif values.dtype.kind == "f" and self.values.dtype.kind != "f":  # the first undeclared fill
                self.values = self.values.astype(values.dtype)
            if x < self.right:
                to = slice(x - self.left, min(end, self.right) - self.left)
                width = to.stop - to.start
                self.values[:, rows, to] = values[:, :, :width]
                self.valid[rows, to] = True if ok is None else ok[:, :width]
            if self.outgoing and end > self.outgoing.first:
                if carried is None:
                    carried = np.zeros(self.outgoing.shape(len(values), self.plan), self.outgoing.dtype)
                skip = max(self.outgoing.first - x, 0)
                to = slice(x + skip - self.outgoing.first, end - self.outgoing.first)
                if carried.dtype.kind != "f" and values.dtype.kind == "f":
                    values = np.nan_to_num(values)
                carried[:-1, : bottom - top, to] = values[:, :, skip:]
                carried[-1, : bottom - top, to] = 1 if ok is None else ok[:, skip:]
        if self.outgoing and carried is not None:
            self.outgoing.file.put(self.done, carried)
        self.done += 1

    def _parts(
        self, top: int, bottom: int, pause: Callable[[], None]
    ) -> Iterator[tuple[int, NDArray, NDArray[np.bool_] | None]]:
        """(first column, values, valid) from left to right: what the stripe before has carried over, then the file, in
        multiples of its blocks."""
        x, stop = self.left, self.outgoing.stop if self.outgoing else self.right
        if self.incoming:
            x, shape = self.incoming.stop, self.incoming.shape(len(self.bands), self.plan)
            carried = self.incoming.file.get(self.done, shape, self.incoming.dtype)[:, : bottom - top]
            yield self.incoming.first, *_uncarried(carried)
        blocks = self.plan.block_columns
        step = self.plan.read_values // (len(self.bands) * (bottom - top))
        while x < stop:
            pause()
            end = min(max(blocks.up(x + 1), blocks.up(x + step + 1 - blocks.size_px)), stop)
            yield x, *self.source.read(self.bands, (x, top, end - x, bottom - top))
            x = end


def _uncarried(carried: NDArray) -> tuple[NDArray, NDArray[np.bool_]]:
    values, valid = carried[:-1], carried[-1] > 0
    if values.dtype.kind != "f" and not valid.all():
        values = np.where(valid, values, np.float32(np.nan)).astype(np.float32, copy=False)
    return values, valid


def _row_batches(slab: NDArray, row: TileRow, left: int, plan: TilePlan, pinned: bool) -> Iterator[TileBatch]:
    tile_px, skipped = plan.tile_px, 0
    chosen: list[int] = []
    for column in row.columns:
        x = plan.columns.starts[column] - left
        if row.valid is None or row.valid[:, x : x + tile_px].any():
            chosen.append(column)
        else:
            skipped += 1
    # batches of even size: a single tile that is left over takes the model longer than in a batch
    parts = max(1, -(-len(chosen) // plan.batch))
    cuts = [len(chosen) * part // parts for part in range(parts + 1)]
    for start, stop in itertools.pairwise(cuts):
        tiles = chosen[start:stop]
        pixels = torch.empty((len(tiles), len(slab), tile_px, tile_px), pin_memory=pinned) if tiles else None
        for i, column in enumerate(tiles):
            x = plan.columns.starts[column] - left
            pixels.numpy()[i] = pad_to_tile(slab[:, :, x : x + tile_px], tile_px)  # type: ignore[union-attr]
        last = stop == len(chosen)
        yield TileBatch(pixels, tiles, row, skipped if last else 0, last)
