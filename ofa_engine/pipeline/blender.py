"""Blending: weighted sums of tiles' scores, and from them each pixel's class and confidence."""

from collections.abc import Callable

import torch
from torch import Tensor

from ..tiling.chunks import PIECE_BYTES, row_pieces
from ..tiling.plan import TilePlan
from .journal import Journal
from .tile_reader import TileBatch, TileRow


class Blender:
    """A sink of `run_stages` that adds up weighted scores of tiles (K, tile_px, tile_px).

    Masked tiles are skipped before blending: their weights are never added, and their pixels are not valid.

    Args:
        plan: where tiles lie, with their weights.
        classes: K.
        emit: called as emit(labels (h, w) uint8 indices of classes, confidence (h, w), valid (h, w) or None, column,
            row) for each finished part, once for every pixel of the raster.
        journal: has the files in which stripes carry over what their last tiles add to the next stripe.
        device: where the scores and the sums are; of a GPU's only classes and confidence come back.
        piece_bytes: of a tile's scores added at a time; by default what suits the device.
    """

    def __init__(
        self,
        plan: TilePlan,
        classes: int,
        emit: Callable[..., object],
        journal: Journal | None = None,
        device: torch.device | str = "cpu",
        piece_bytes: int | None = None,
    ):
        self.plan, self.classes, self.emit, self.device = plan, classes, emit, device
        self.piece_bytes = piece_bytes or PIECE_BYTES[torch.device(device).type]
        self.journal = journal or Journal()
        self._own = None if journal else self.journal
        self._stripe: tuple[int, int] | None = None
        self._row = -1
        self._filled = 0  # rows of the sums that are not all zero: none where nothing is valid, and nothing to do

    @torch.inference_mode()
    def __call__(self, batch: TileBatch, scores: Tensor | None) -> None:
        plan, row = self.plan, batch.row
        if self._stripe != row.stripe:
            self._begin(row)
        if self._row != row.index:
            self._take_over(row.index)
        for column, tile in zip(batch.tiles, scores if scores is not None else (), strict=True):
            x = plan.columns.starts[column] - row.stripe[0]
            weight = self._down * self._across[column - row.columns[0]]
            for rows in row_pieces(plan.tile_px, tile.nbytes, self.piece_bytes):
                # two roundings, the same wherever the tile lies; in one step they would depend on the vectors' edges
                self._add(column, x, tile[:, rows] * weight[rows], rows)
        if batch.last:
            self._finish(row)

    def _begin(self, row: TileRow) -> None:
        plan, number = self.plan, self.plan.stripes.index(row.stripe)
        width = plan.columns.starts[row.columns[-1]] + plan.tile_px - row.stripe[0]
        self._sums = self._carried = torch.zeros(())  # frees those of the last stripe first
        self._sums = torch.zeros(self.classes, plan.tile_px, width, device=self.device)
        self._across = [torch.from_numpy(plan.columns.weights[column]).to(self.device) for column in row.columns]
        self._stripe, self._row, self._filled = row.stripe, -1, 0
        self._incoming, self._outgoing = plan.carried_into(number), plan.carried_into(number + 1)
        self._incoming_file = self.journal.carry_into(number) if self._incoming else None
        self._outgoing_file = self.journal.carry_into(number + 1) if self._outgoing else None
        self._carried = torch.zeros(self.classes, plan.tile_px, _width(self._outgoing), device=self.device)

    def _take_over(self, index: int) -> None:
        """Adds what tiles of earlier stripes add to this row, before its own tiles: the order in one wide stripe."""
        self._row = index
        self._down = torch.from_numpy(self.plan.rows.weights[index])[:, None].to(self.device)
        if self._incoming_file:
            shape = (self.classes, self.plan.tile_px, _width(self._incoming))
            carried = self._incoming_file.get(index, shape)
            parts = torch.from_numpy(carried).to(self.device)
            for column, place in self._incoming.items() if carried.any() else ():
                self._add(column, 0, parts[:, :, place])

    def _add(self, column: int, x: int, part: Tensor, rows: slice = slice(None)) -> None:
        """Weighted scores of a tile's rows, from pixel x of the stripe on; what reaches into the next stripe is carried
        over."""
        self._sums[:, rows, x : x + part.shape[2]] += part
        self._filled = self.plan.tile_px
        if column in self._outgoing:
            place = self._outgoing[column]
            self._carried[:, rows, place] = part[:, :, place.start - place.stop :]

    def _finish(self, row: TileRow) -> None:
        plan = self.plan
        top = plan.rows.starts[row.index]
        height, width = plan.rows.final_until(row.index) - top, row.stripe[1] - row.stripe[0]
        if not row.recomputed:
            scores = self._sums if self._filled else self._sums[:1]  # one class is as good as all where all are zero
            confidence, labels = scores[:, :height, :width].max(0)
            valid = None if row.valid is None else row.valid[:height, :width]
            self.emit(labels.to(torch.uint8).cpu().numpy(), confidence.cpu().numpy(), valid, row.stripe[0], top)
        rest = plan.tile_px - height
        for sums in self._sums if self._filled else ():  # one after the other, since each needs room for a copy
            sums[:rest] = sums[height:].clone()
            sums[rest:] = 0
        self._filled = max(0, self._filled - height)
        if self._outgoing_file:
            self._outgoing_file.put(row.index, self._carried.cpu().numpy())
            self._carried.zero_()
        if self._own and row.index + 1 == plan.own_rows.stop and row.stripe == plan.stripes[-1]:
            self._own.close()


def _width(parts: dict[int, slice]) -> int:
    return max((place.stop for place in parts.values()), default=0)
