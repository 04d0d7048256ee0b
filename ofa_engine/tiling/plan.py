"""How a raster is worked through: where tiles lie, in which stripes, how many per batch, and how the file is read. Pure
arithmetic under a memory budget; no I/O."""

from dataclasses import dataclass

from .axis import Axis, Blocks

_SLICE_PX = 64  # rows of pixels read at once, where the file's blocks do not decide it


@dataclass(frozen=True)
class PlanLimits:
    """What a plan keeps to besides the memory budget."""

    stripe_bytes: int = 128 * 2**20  # wider stripes gain nothing, and memory stays the same for any raster
    few_tiles: int = 16  # a stripe that is narrower may take its whole quarter of the budget
    batch_gflop: float = 8.0  # multiply-adds per batch on a CPU: under half a second on two cores, to cancel quickly
    gpu_batch_gflop: float = 2000.0  # the same on a GPU, where it is 32 tiles of ViT-L and 256 of all up to ViT-S
    read_values: int = 2**24  # values read at once, for the same reason


@dataclass(frozen=True)
class TilePlan:
    """Where tiles lie, how many are computed at once, and how the file is read."""

    rows: Axis
    columns: Axis
    stripes: tuple[tuple[int, int], ...]  # [first, stop) pixel columns that each stripe writes; tiles start at each cut
    batch: int
    slices: Blocks = Blocks(_SLICE_PX)  # rows of pixels that are read at once
    block_columns: Blocks = Blocks()
    read_values: int = PlanLimits().read_values  # in one read, as far as blocks are not larger
    threaded: bool = True  # reading and blending have threads of their own; batches wait between them and the model
    partition: tuple[int, int] = (0, 1)  # the first of one: all rows of tiles; (1, 3): the second third

    @property
    def tile_px(self) -> int:
        return self.rows.tile_px

    @property
    def own_rows(self) -> range:
        """The rows of tiles to be finished: all, or those of the partition."""
        number, of = self.partition
        return range(*(len(self.rows.starts) * n // of for n in (number, number + 1)))

    @property
    def tiles(self) -> int:
        return len(self.own_rows) * len(self.columns.starts)

    def tiles_of(self, stripe: tuple[int, int]) -> range:
        """The tile columns that a stripe computes."""
        return self.columns.starting(*stripe)

    def after(self, stripe: int, row: int) -> tuple[int, int]:
        """The stripe and row of tiles that follow."""
        return (stripe, row + 1) if row + 1 < self.own_rows.stop else (stripe + 1, self.own_rows.start)

    def origin(self, stripe: int, row: int) -> tuple[int, int]:
        """The pixel column and row at which a stripe's row of tiles begins."""
        return self.stripes[stripe][0], self.rows.starts[row]

    def right_of(self, number: int) -> int:
        """The pixel column at which a stripe's last tile ends."""
        last = self.tiles_of(self.stripes[number])[-1]
        return self.columns.starts[last] + self.columns.length(last)

    def carried_into(self, number: int) -> dict[int, slice]:
        """The tile columns of earlier stripes that reach into stripe `number`, and where the part of each lies in the
        array in which they stand side by side."""
        if not 0 < number < len(self.stripes):
            return {}
        first, at, parts = self.stripes[number][0], 0, {}
        for column in self.columns.covering(first, first + 1):
            width = self.columns.starts[column] + self.tile_px - first
            if width < self.tile_px:
                parts[column] = slice(at, at + width)
                at += width
        return parts

    def carried_before(self, stripe: int, row: int) -> list[int]:
        """The stripes into which something was carried when all before this row of tiles was finished."""
        begun = (stripe, stripe + 1) if row > self.own_rows.start else (stripe,)
        return [number for number in begun if self.carried_into(number)]

    def needed_from(self, row: int) -> int:
        """The first row of tiles that adds to pixels which a row finishes."""
        return self.rows.covering(self.rows.starts[row], self.rows.starts[row] + 1)[0]


def make_plan(
    rows: Axis,
    columns: Axis,
    *,
    bands: int,
    bytes_per_value: int,
    scores: int,
    tile_gflop: float,
    budget_bytes: int,
    on_cpu: bool,
    spare_core: bool = True,
    scores_in_work: int = 1,
    blocks: tuple[Blocks, Blocks] = (Blocks(), Blocks()),
    limits: PlanLimits = PlanLimits(),
) -> TilePlan:
    """Stripes, slices and batch size under the memory budget: a quarter for a stripe's rows, a quarter for batches, the
    rest for GDAL's cache, the writer and what the libraries keep in between.

    Args:
        rows, columns: where tiles lie along both axes.
        bands: bands that are read.
        bytes_per_value: size of a pixel's value as it waits for its tile.
        scores: float values per pixel that are accumulated (0: none).
        tile_gflop: multiply-adds of the model per tile, in 1e9.
        on_cpu: where the model runs.
        spare_core: whether PyTorch leaves a core free. On a CPU stages have threads of their own only then, and where
            their queues have room for a tile each.
        scores_in_work: how many copies of a batch's scores the model holds.
        blocks: the file's blocks along rows and columns.
        limits: what else the plan keeps to.
    """
    tile_px, limit = rows.tile_px, budget_bytes // 4
    read_values = min(limits.read_values, budget_bytes // 64)

    def widest(slices: Blocks) -> int:
        """Pixel columns of a stripe. A pixel of a row of tiles has its bands, scores, validity, label and confidence;
        a slice is there twice, as it is read and as it is kept."""
        column_bytes = bands * bytes_per_value * (tile_px + 2 * slices.size_px) + tile_px * (4 * scores + 12)
        width = min(limit, limits.stripe_bytes) // column_bytes
        return max(width, min(limit // column_bytes, limits.few_tiles * tile_px))

    # slices of complete blocks, where that leaves stripes of some tiles and one read is no larger than two may be
    height, across = blocks[0].size_px, bands * min(blocks[1].size_px, columns.size_px)
    height *= max(1, min(_SLICE_PX, read_values // across) // height)
    slices = Blocks(height, blocks[0].cut_px)
    if widest(slices) < min(columns.size_px, 4 * tile_px) or height * across > 2 * read_values:
        slices = Blocks(_SLICE_PX)
    cuts = _cuts(columns, widest(slices), blocks[1])
    stripes = tuple(zip(cuts[:-1], cuts[1:], strict=True))

    def fitting(threaded: bool) -> int:
        """Tiles per batch. Each is held as pixels in float (in the queue, in work, normalised) and as scores (in work;
        with threads also in the queue and being blended)."""
        return limit // (4 * tile_px**2 * (3 * bands + (scores_in_work + 2 * threaded) * scores))

    threaded = not on_cpu or spare_core and fitting(True) > 0
    batch = max(1, fitting(threaded))
    batch = min(batch, largest_batch(tile_gflop, on_cpu, limits))
    return TilePlan(rows, columns, stripes, batch, slices, blocks[1], read_values, threaded)


def largest_batch(tile_gflop: float, on_cpu: bool, limits: PlanLimits = PlanLimits()) -> int:
    """Tiles that a batch may have for a model with so many multiply-adds per tile (in 1e9), apart from memory."""
    gflop, most = (limits.batch_gflop, 32) if on_cpu else (limits.gpu_batch_gflop, 256)
    return max(1, min(most, int(gflop / tile_gflop)))


def _cuts(columns: Axis, widest_px: int, blocks: Blocks) -> list[int]:
    """Where stripes begin, and the end: each as wide as it may be, less up to a quarter where its edge then falls
    together with the edges of blocks, so that fewer pixels are carried over."""
    starts, cuts, first = columns.starts, [0], 0
    while starts[-1] + columns.tile_px - starts[first] > widest_px and first < len(starts) - 1:
        fit = [i for i in range(first + 1, len(starts)) if starts[i - 1] + columns.tile_px - starts[first] <= widest_px]
        last = fit[-1] if fit else first + 1
        choice = range(max(first + 1, last - (last - first) // 4), last + 1)
        first = min(choice, key=lambda i: (blocks.up(starts[i - 1] + columns.tile_px) - starts[i], -i))
        cuts.append(starts[first])
    return [*cuts, columns.size_px]
