"""Class areas under a limit are merged with their largest neighbour, on a layer of any size, block by block.

An area is a 4-connected set of pixels of one class. The result does not depend on the blocks: pieces of areas that
touch a block's edge are joined over all blocks and kept in a table, everything else is decided inside its block. Memory
is that of one block and of the table, which holds at most the pixels along the blocks' edges (1 in 256).

In each round every area under the limit whose largest neighbour stays as it is takes that neighbour's class. An area
stays where it reaches the limit, or where it is larger than all its neighbours. Rounds go on until no area under the
limit has a neighbour. Of equal areas the one with the first pixel counts as larger; areas are integers, so that sums
are exact in any order.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import rasterio
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from .class_names import NODATA
from .georeference import pixel_area_m2

BLOCK_PX = 1024
_CELL_PX = (64, 1024)  # rows and columns of one mean pixel area; in degrees it changes fastest from row to row
_UNITS = 2**20  # integers per pixel: exact to a millionth, and 2^43 pixels fit

Window = tuple[int, int, int, int]  # column, row, width, height
Read = Callable[[Window], NDArray[np.uint8]]
Write = Callable[[Window, NDArray[np.uint8]], None]


@dataclass(frozen=True)
class PixelAreas:
    """The weight of each pixel by its area: integers of about `_UNITS`."""

    transform: rasterio.Affine
    crs: object
    reference_m2: float  # of the pixel in the middle

    @classmethod
    def of(cls, transform: rasterio.Affine, crs: object, width: int, height: int) -> "PixelAreas | None":
        """None where areas are not known (no CRS, or no place on the ellipsoid)."""
        reference = pixel_area_m2(transform, crs, (width // 2, height // 2, 1, 1))
        return None if reference is None else cls(transform, crs, reference)

    def limit(self, hectares: float) -> float:
        """Hectares in the same unit."""
        return hectares * 1e4 / self.reference_m2 * _UNITS

    def __call__(self, window: Window) -> NDArray[np.float64]:
        """(height, width) of a window that starts on whole cells."""
        column, row, width, height = window
        down, across = _CELL_PX
        cells = [
            [self._cell(x, y) for x in range(column, column + width, across)] for y in range(row, row + height, down)
        ]
        return np.array(cells).repeat(down, 0).repeat(across, 1)[:height, :width]

    def _cell(self, column: int, row: int) -> float:
        area = pixel_area_m2(self.transform, self.crs, (column, row, *_CELL_PX[::-1])) or self.reference_m2
        return float(max(1, round(area / self.reference_m2 * _UNITS)))


class Sieve:
    """Rounds over a layer of (width, height) pixels; `counts` gives the weight of each pixel of a window, an integer,
    and `limit` is in the same unit. `pause` is called before each block, and may raise."""

    def __init__(
        self,
        width: int,
        height: int,
        counts: Callable[[Window], NDArray[np.float64]],
        limit: float,
        pause: Callable[[], None] = lambda: None,
        block_px: int = BLOCK_PX,
    ):
        self.width, self.height, self.counts, self.limit = width, height, counts, limit
        self.pause, self.block_px = pause, block_px

    def round(self, read: Read, write: Write) -> bool | None:
        """Reads each block up to three times and writes each once. Returns whether another round is needed, or None
        where nothing is under the limit and nothing was written."""
        table, busy = self._measure(read)
        busy |= table.windows_under(self.limit)
        if not busy:
            return None
        for window in self._windows():
            if window in busy:
                self._block(read, window, table).compare(table, self.limit)
        again = table.decide(self.limit)
        for window in self._windows():
            if window in busy:
                values, more = self._block(read, window, table).after(table, self.limit)
                again |= more
            else:
                self.pause()
                values = read(window)
            write(window, values)
        return again

    def _windows(self) -> Iterator[Window]:
        step = self.block_px
        for row in range(0, self.height, step):
            for column in range(0, self.width, step):
                yield column, row, min(step, self.width - column), min(step, self.height - row)

    def _block(self, read: Read, window: Window, table: "_Table | None" = None) -> "_Block":
        self.pause()
        block = _Block(read(window), self.counts(window), window, self.width)
        if table:
            block.complete(table)
        return block

    def _measure(self, read: Read) -> tuple["_Table", set[Window]]:
        """The table of areas that touch edges of blocks, and the blocks with others under the limit."""
        table, busy = _Table(), set()
        above, left = np.full(self.width, -1), np.zeros(0, np.int64)
        for window in self._windows():
            column, _, width, _ = window
            block = self._block(read, window)
            piece = table.add(block)[block.of]
            table.seam(above[column : column + width], piece[0])
            if column:
                table.seam(left, piece[:, 0])
            above[column : column + width], left = piece[-1], piece[:, -1]
            if (np.delete(block.size, block.edge) < self.limit).any():
                busy.add(window)
        table.join()
        return table, busy


class _Block:
    """The areas of one block: (N,) arrays over them, and `of` (h, w), each pixel's area or -1 where nodata."""

    def __init__(self, values: NDArray[np.uint8], counts: NDArray[np.float64], window: Window, raster_width: int):
        self.window, self.values = window, values
        self.of, first = _label(values)
        row, column = np.divmod(first, values.shape[1])
        self.value = values.ravel()[first]
        self.first = (row + window[1]) * raster_width + column + window[0]
        known = self.of >= 0
        self.size = np.bincount(self.of[known], weights=counts[known], minlength=len(first)).astype(np.int64)
        lines = np.concatenate([self.of[0], self.of[-1], self.of[:, 0], self.of[:, -1]])
        self.edge = np.unique(lines[lines >= 0])  # those that may go on in another block
        self.number = np.full(len(first), -1)  # in the table

    def complete(self, table: "_Table") -> None:
        """Areas that touch the block's edge get the size and first pixel of the complete area."""
        number = table.area[table.pieces[self.window]]
        self.number[self.edge] = number
        self.size[self.edge], self.first[self.edge] = table.size[number], table.first[number]

    def compare(self, table: "_Table", limit: float) -> None:
        """Offers the table the neighbours that its areas have in this block."""
        a, b = self._neighbours()
        stays, _ = self._stays(a, b, limit)
        mine = (self.number[a] >= 0) & (self.size[a] < limit)
        a, b = a[mine], b[mine]
        table.offer(self.number[a], self.size[b], self.first[b], self.value[b], self.number[b], stays[b])

    def after(self, table: "_Table", limit: float) -> tuple[NDArray[np.uint8], bool]:
        """The values after the round, and whether an area inside the block is left for another one."""
        stays, best = self._stays(*self._neighbours(), limit)
        stays[self.edge] = table.stays[self.number[self.edge]]
        moves = ~stays & stays[best]
        value = np.where(moves, self.value[best], self.value)
        value[self.edge] = table.after[self.number[self.edge]]
        left = (self.size < limit) & ~moves & (best >= 0)
        left[self.edge] = False  # the table knows
        return np.append(value, np.uint8(NODATA))[self.of], bool(left.any())

    def _neighbours(self) -> tuple[NDArray, NDArray]:
        """Pairs of areas that touch, in both directions."""
        n = len(self.size)
        a, b = np.concatenate([_different(self.of[:, :-1], self.of[:, 1:]), _different(self.of[:-1], self.of[1:])], 1)
        pair = np.sort(np.concatenate([a * n + b, b * n + a]))  # much faster here than the hash table of np.unique
        return np.divmod(pair[np.diff(pair, prepend=-1) != 0], max(n, 1))

    def _stays(self, a: NDArray, b: NDArray, limit: float) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
        """Whether each area stays as it is, and its largest neighbour in this block (-1: none). For areas that touch
        the edge the table decides."""
        order = np.lexsort((-self.first, self.size))
        rank = np.empty(len(order), np.int64)
        rank[order] = np.arange(len(order))
        highest = np.full(len(order), -1)
        np.maximum.at(highest, a, rank[b])
        return (self.size >= limit) | (rank > highest), np.where(highest >= 0, order[highest], -1)


def _label(values: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Areas of (h, w) values: each pixel's number or -1, and each area's first pixel in the flattened block. Rows are
    cut into runs of one value, and runs that touch are joined."""
    starts = np.ones(values.shape, bool)
    starts[:, 1:] = values[:, 1:] != values[:, :-1]
    run = (np.cumsum(starts.ravel()) - 1).reshape(values.shape)
    # two runs that overlap do so from where the later one starts
    joined = (values[1:] == values[:-1]) & (starts[1:] | starts[:-1])
    count, of_run = _groups(int(run[-1, -1]) + 1, run[:-1][joined], run[1:][joined])
    first_run = np.full(count, len(of_run))
    np.minimum.at(first_run, of_run, np.arange(len(of_run)))
    first = np.flatnonzero(starts.ravel())[first_run]
    kept = values.ravel()[first] != NODATA
    number = np.where(kept, np.cumsum(kept) - 1, -1)
    return number[of_run][run], first[kept]


def _groups(nodes: int, a: NDArray, b: NDArray) -> tuple[int, NDArray]:
    """How many connected groups the edges a-b make of the nodes, and each node's group."""
    return connected_components(coo_matrix((np.ones(len(a), np.int8), (a, b)), (nodes, nodes)), directed=False)


def _different(one: NDArray, other: NDArray) -> NDArray:
    """(2, N) areas on the two sides of each edge between two areas."""
    edge = (one != other) & (one >= 0) & (other >= 0)
    return np.stack([one[edge], other[edge]])


class _Table:
    """Areas that touch edges of blocks: (M,) arrays over them, once `join` has put their pieces together."""

    def __init__(self) -> None:
        self.pieces: dict[Window, slice] = {}  # numbers of each block's pieces, in the order of its `edge`
        self._parts: list[tuple[NDArray, NDArray, NDArray]] = []
        self._seams = [np.zeros((2, 0), np.int64)]

    def add(self, block: _Block) -> NDArray[np.int64]:
        """Takes a block's pieces; returns (N + 1,) the piece that each of its areas is, -1 for none and for nodata."""
        base = max((s.stop for s in list(self.pieces.values())[-1:]), default=0)
        self.pieces[block.window] = slice(base, base + len(block.edge))
        self._parts.append((block.value[block.edge], block.size[block.edge], block.first[block.edge]))
        piece = np.full(len(block.size) + 1, -1)
        piece[block.edge] = base + np.arange(len(block.edge))
        return piece

    def seam(self, one: NDArray, other: NDArray) -> None:
        """Two lines of pieces that touch."""
        both = (one >= 0) & (other >= 0)
        if both.any():
            self._seams.append(np.unique(np.stack([one[both], other[both]]), axis=1))

    def join(self) -> None:
        value, size, first = (np.concatenate(arrays) for arrays in zip(*self._parts, strict=True))
        a, b = np.concatenate(self._seams, 1)
        same = value[a] == value[b]
        count, self.area = _groups(len(value), a[same], b[same])  # of each piece
        self.value, self.size = np.zeros(count, np.uint8), np.zeros(count, np.int64)
        self.first = np.full(count, np.iinfo(np.int64).max)
        self.value[self.area] = value
        np.add.at(self.size, self.area, size)
        np.minimum.at(self.first, self.area, first)
        # the largest neighbour: its size (-1: none), first pixel, class, its number here (-1: it lies inside a block)
        # and, for those inside a block, whether it stays
        self.best_size, self.best_first = np.full(count, -1), np.zeros(count, np.int64)
        self.best_value, self.best_area = np.zeros(count, np.uint8), np.full(count, -1)
        self.best_stays = np.zeros(count, bool)
        a, b = self.area[a[~same]], self.area[b[~same]]
        for one, other in ((a, b), (b, a)):
            self.offer(one, self.size[other], self.first[other], self.value[other], other, np.zeros(len(other), bool))

    def offer(
        self, area: NDArray, size: NDArray, first: NDArray, value: NDArray, number: NDArray, stays: NDArray
    ) -> None:
        """Neighbours of areas: the largest one of each is kept."""
        order = np.lexsort((-first, size, area))
        chosen = order[np.diff(area[order], append=-1) != 0]  # the last one of each area
        a = area[chosen]
        better = _larger(size[chosen], first[chosen], self.best_size[a], self.best_first[a])
        chosen, a = chosen[better], a[better]
        self.best_size[a], self.best_first[a], self.best_value[a] = size[chosen], first[chosen], value[chosen]
        self.best_area[a], self.best_stays[a] = number[chosen], stays[chosen]

    def windows_under(self, limit: float) -> set[Window]:
        """Blocks with a piece of an area under the limit."""
        small = self.size < limit
        return {window for window, pieces in self.pieces.items() if small[self.area[pieces]].any()}

    def decide(self, limit: float) -> bool:
        """Sets `stays` and `after`, each area's class after the round; returns whether one under the limit is left that
        has a neighbour."""
        small = self.size < limit
        self.stays = ~small | _larger(self.size, self.first, self.best_size, self.best_first)
        moves = ~self.stays & np.where(self.best_area >= 0, self.stays[self.best_area], self.best_stays)
        self.after = np.where(moves, self.best_value, self.value)
        return bool((small & ~moves & (self.best_size >= 0)).any())


def _larger(size: NDArray, first: NDArray, other_size: NDArray, other_first: NDArray) -> NDArray[np.bool_]:
    return (size > other_size) | (size == other_size) & (first < other_first)
