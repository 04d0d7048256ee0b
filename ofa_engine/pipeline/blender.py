"""Blending: weighted sums of tiles' scores, and from them each pixel's class and confidence."""

from collections.abc import Callable

import torch
from torch import Tensor

from ..tiling.chunks import PIECE_BYTES, row_pieces
from ..tiling.plan import Plan
from .journal import Journal
from .tile_reader import Batch, Row


class Blender:
    """Weighted sums of tile scores (K, tile_px, tile_px), and from them each pixel's class and confidence.

    `emit(labels (h, w) uint8 indices, confidence (h, w), valid or None, column, row)` is called for each finished
    part, once for every pixel of the raster. `journal` has the files in which stripes hand on what their last tiles
    add to the next one. The sums are on `device`, where the scores are: of a GPU's only the classes come back.
    """

    def __init__(
        self,
        plan: Plan,
        classes: int,
        emit: Callable[..., object],
        journal: Journal | None = None,
        device: torch.device | str = "cpu",
    ):
        self.plan, self.classes, self.emit, self.device = plan, classes, emit, device
        self.journal = journal or Journal()
        self._own = None if journal else self.journal
        self._stripe: tuple[int, int] | None = None
        self._row = -1
        self._filled = 0  # rows of the sums that are not all zero: none where nothing is valid, and nothing to do

    @torch.inference_mode()
    def __call__(self, batch: Batch, scores: Tensor | None) -> None:
        plan, row = self.plan, batch.row
        if self._stripe != row.stripe:
            self._begin(row)
        if self._row != row.index:
            self._take_over(row.index)
        for column, tile in zip(batch.tiles, scores if scores is not None else (), strict=True):
            x = plan.columns.starts[column] - row.stripe[0]
            weight = self._down * self._across[column - row.columns[0]]
            for rows in row_pieces(plan.tile_px, tile.nbytes, PIECE_BYTES[tile.device.type]):
                # two roundings, each the same wherever the tile lies; in one step it would depend on the vectors' edges
                self._add(column, x, tile[:, rows] * weight[rows], rows)
        if batch.last:
            self._finish(row)

    def _begin(self, row: Row) -> None:
        plan, number = self.plan, self.plan.stripes.index(row.stripe)
        width = plan.columns.starts[row.columns[-1]] + plan.tile_px - row.stripe[0]
        self._sums = self._handed = torch.zeros(())  # those of the last stripe are let go of first
        self._sums = torch.zeros(self.classes, plan.tile_px, width, device=self.device)
        self._across = [torch.from_numpy(plan.columns.weights[column]).to(self.device) for column in row.columns]
        self._stripe, self._row, self._filled = row.stripe, -1, 0
        self._given, self._next = plan.handed_on(number), plan.handed_on(number + 1)
        self._from = self.journal.handed(number) if self._given else None
        self._to = self.journal.handed(number + 1) if self._next else None
        self._handed = torch.zeros(self.classes, plan.tile_px, _width(self._next), device=self.device)

    def _take_over(self, index: int) -> None:
        """What tiles of earlier stripes add to this row comes before its own tiles: the order in one wide stripe."""
        self._row = index
        self._down = torch.from_numpy(self.plan.rows.weights[index])[:, None].to(self.device)
        if self._from:
            shape = (self.classes, self.plan.tile_px, _width(self._given))
            given = self._from.get(index, shape)
            parts = torch.from_numpy(given).to(self.device)
            for column, place in self._given.items() if given.any() else ():
                self._add(column, 0, parts[:, :, place])

    def _add(self, column: int, x: int, part: Tensor, rows: slice = slice(None)) -> None:
        """Weighted scores of a tile's rows, from pixel x of the stripe on; what reaches into the next stripe is handed
        on."""
        self._sums[:, rows, x : x + part.shape[2]] += part
        self._filled = self.plan.tile_px
        if column in self._next:
            place = self._next[column]
            self._handed[:, rows, place] = part[:, :, place.start - place.stop :]

    def _finish(self, row: Row) -> None:
        plan = self.plan
        top = plan.rows.starts[row.index]
        height, width = plan.rows.final_until(row.index) - top, row.stripe[1] - row.stripe[0]
        if not row.again:
            scores = self._sums if self._filled else self._sums[:1]  # one class is as good as all where all are zero
            confidence, labels = scores[:, :height, :width].max(0)
            valid = None if row.valid is None else row.valid[:height, :width]
            self.emit(labels.to(torch.uint8).cpu().numpy(), confidence.cpu().numpy(), valid, row.stripe[0], top)
        rest = plan.tile_px - height
        for sums in self._sums if self._filled else ():  # one after the other, since each needs room for a copy
            sums[:rest] = sums[height:].clone()
            sums[rest:] = 0
        self._filled = max(0, self._filled - height)
        if self._to:
            self._to.put(row.index, self._handed.cpu().numpy())
            self._handed.zero_()
        if self._own and row.index + 1 == plan.share.stop and row.stripe == plan.stripes[-1]:
            self._own.close()


def _width(parts: dict[int, slice]) -> int:
    return max((place.stop for place in parts.values()), default=0)
