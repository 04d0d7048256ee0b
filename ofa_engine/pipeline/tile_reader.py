"""Tiles out of a raster, batch by batch: each block of the file is decoded once, each pixel read once."""

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
from ..tiling.plan import Plan
from .journal import Handed

_HANDED_LIMIT_BYTES = 4 * 2**30  # of pixels handed on in a file; where it would be more, they are read again


@dataclass
class Row:
    """A row of tiles of one stripe: tiles of `columns`, and which of its pixels are valid (None: all). `again`: it was
    finished before, and is computed once more only for what it adds to the pixels below."""

    index: int
    stripe: tuple[int, int]
    columns: range
    valid: NDArray[np.bool_] | None
    again: bool = False


@dataclass
class Batch:
    pixels: Tensor | None  # (B, C, tile_px, tile_px) float32 in the raster's unit, NaN where missing; None: no tiles
    tiles: list[int]  # their column indices in the plan
    row: Row
    skipped: int  # tiles without a valid pixel, which are not computed
    last: bool  # the row is complete after this batch


def read_batches(
    source: Source,
    bands: Sequence[int],
    plan: Plan,
    start: tuple[int, int] = (0, 0),
    pause: Callable[[], None] = lambda: None,
    folder: Path | None = None,
    pinned: bool = False,
) -> Iterator[Batch]:
    """All tiles of the plan's share that hold a valid pixel, row by row; each pixel is read once.

    `start` is the stripe and row of tiles to begin with; rows above that still add to it come first, as `again`.
    `pause` is called before each read, and may raise. Files without a name that hold pixels for the next stripe lie in
    `folder`. `pinned`: into page-locked memory, from which a GPU copies by itself.
    """
    given: _Shared | None = None
    with contextlib.ExitStack() as files:
        for number in range(start[0], len(plan.stripes) if plan.share else 0):
            stripe = plan.stripes[number]
            first = start[1] if number == start[0] else plan.share.start
            begin = plan.needed_from(first)
            shared = None if begin else _share(source, bands, plan, number, given, folder)
            if shared:
                files.callback(shared.file.close)
            pixels = _Pixels(source, bands, plan, stripe, plan.rows.starts[begin], given, shared)
            for index in range(begin, plan.share.stop):
                top = plan.rows.starts[index]
                slab, valid = pixels.rows(top, top + plan.rows.length(index), pause)
                row = Row(index, stripe, plan.tiles_of(stripe), valid, index < first)
                yield from _row_batches(slab, row, stripe[0], plan, pinned)
            if given:
                given.file.close()
            given = shared


@dataclass
class _Shared:
    """Pixels of the columns first..stop-1, slice by slice, that one stripe has read for the next."""

    first: int
    stop: int
    file: Handed
    dtype: DTypeLike = np.float32  # known with the first slice

    def shape(self, bands: int, plan: Plan) -> tuple[int, int, int]:
        """Of a slice: its bands, and one more that is 1 where a pixel is valid."""
        return bands + 1, plan.slices.size_px, self.stop - self.first


def _share(
    source: Source, bands: Sequence[int], plan: Plan, number: int, given: _Shared | None, folder: Path | None
) -> _Shared | None:
    """What a stripe is to hand on: all behind its stop that comes with its blocks. None where that is nothing, or too
    much; then the next stripe reads the file itself."""
    if number + 1 == len(plan.stripes):
        return None
    stop = min(plan.block_columns.up(plan.right_of(number)), plan.columns.size_px)
    shared = max(stop, given.stop if given else 0) - plan.stripes[number][1]
    size = 4 * (len(bands) + 1) * source.height * shared
    free = shutil.disk_usage(folder or tempfile.gettempdir()).free
    if not 0 < size < min(_HANDED_LIMIT_BYTES, free // 4):
        return None
    return _Shared(plan.stripes[number][1], plan.stripes[number][1] + shared, Handed(folder=folder))


class _Pixels:
    """A stripe's pixels and validity from a row of tiles down to the end of the last slice that was read."""

    def __init__(
        self,
        source: Source,
        bands: Sequence[int],
        plan: Plan,
        stripe: tuple[int, int],
        top: int,
        given: _Shared | None,
        shared: _Shared | None,
    ):
        self.source, self.bands, self.plan, self.given, self.shared = source, bands, plan, given, shared
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
        """The rows of one slice: each part is kept as far as the stripe reaches, and shared from its stop on."""
        rows = slice(top - self.top, bottom - self.top)
        shared: NDArray | None = None
        for x, values, ok in self._parts(top, bottom, pause):
            end = x + values.shape[2]
            if self.values is None:
                self.values = np.empty((len(values), *self.valid.shape), values.dtype)
            if x < self.right:
                to = slice(x - self.left, min(end, self.right) - self.left)
                width = to.stop - to.start
                self.values[:, rows, to] = values[:, :, :width]
                self.valid[rows, to] = True if ok is None else ok[:, :width]
            if self.shared and end > self.shared.first:
                if shared is None:
                    self.shared.dtype = values.dtype
                    shared = np.zeros(self.shared.shape(len(values), self.plan), values.dtype)
                behind = max(self.shared.first - x, 0)
                to = slice(x + behind - self.shared.first, end - self.shared.first)
                shared[:-1, : bottom - top, to] = values[:, :, behind:]
                shared[-1, : bottom - top, to] = 1 if ok is None else ok[:, behind:]
        if self.shared and shared is not None:
            self.shared.file.put(self.done, shared)
        self.done += 1

    def _parts(
        self, top: int, bottom: int, pause: Callable[[], None]
    ) -> Iterator[tuple[int, NDArray, NDArray[np.bool_] | None]]:
        """(first column, values, valid) from left to right: what the stripe before has shared, then the file, in whole
        blocks."""
        x, stop = self.left, self.shared.stop if self.shared else self.right
        if self.given:
            x, shape = self.given.stop, self.given.shape(len(self.bands), self.plan)
            found = self.given.file.get(self.done, shape, self.given.dtype)[:, : bottom - top]
            yield self.given.first, found[:-1], found[-1] > 0
        blocks = self.plan.block_columns
        step = self.plan.read_values // (len(self.bands) * (bottom - top))
        while x < stop:
            pause()
            end = min(max(blocks.up(x + 1), blocks.up(x + step + 1 - blocks.size_px)), stop)
            yield x, *self.source.read(self.bands, (x, top, end - x, bottom - top))
            x = end


def _row_batches(slab: NDArray, row: Row, left: int, plan: Plan, pinned: bool) -> Iterator[Batch]:
    tile_px, skipped = plan.tile_px, 0
    chosen: list[int] = []
    for column in row.columns:
        x = plan.columns.starts[column] - left
        if row.valid is None or row.valid[:, x : x + tile_px].any():
            chosen.append(column)
        else:
            skipped += 1
    # as even as can be: what is left over as one tile takes the model longer than in company
    parts = max(1, -(-len(chosen) // plan.batch))
    cuts = [len(chosen) * part // parts for part in range(parts + 1)]
    for start, stop in itertools.pairwise(cuts):
        tiles = chosen[start:stop]
        pixels = torch.empty((len(tiles), len(slab), tile_px, tile_px), pin_memory=pinned) if tiles else None
        for i, column in enumerate(tiles):
            x = plan.columns.starts[column] - left
            pixels.numpy()[i] = pad_to_tile(slab[:, :, x : x + tile_px], tile_px)  # type: ignore[union-attr]
        last = stop == len(chosen)
        yield Batch(pixels, tiles, row, skipped if last else 0, last)
