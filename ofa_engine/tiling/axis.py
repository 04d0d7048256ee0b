"""Where tiles lie and how their scores blend: pure geometry, numpy only, no I/O.

Along each axis tiles start every `stride` pixels and the last one is moved back to end with the raster. Each tile has
a smooth profile, divided by the sum of all profiles: weights sum to one at every pixel (a partition of unity), and the
two axes multiply. A raster smaller than a tile is covered by one tile that extends beyond its edge; with `clipped`
tiles stay on their regular grid and the last one extends beyond the edge.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..core.options import MAX_OVERLAP


@dataclass(frozen=True)
class Axis:
    """Tiles along one axis of `size_px` pixels; `overlap` is a fraction of the tile, 0 to 0.75."""

    size_px: int
    tile_px: int
    overlap: float = 0.0
    clipped: bool = False

    def __post_init__(self) -> None:
        if self.size_px < 1 or self.tile_px < 1 or not 0 <= self.overlap <= MAX_OVERLAP:
            raise ValueError(f"expected a size and tile of at least 1 px and an overlap of 0 to 0.75, found {self}")

    @cached_property
    def overlap_px(self) -> int:
        return min(round(self.tile_px * self.overlap), self.tile_px - 1)

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """First pixel of each tile, ascending."""
        if self.clipped:
            return tuple(range(0, self.size_px, self.tile_px - self.overlap_px))
        last = max(self.size_px - self.tile_px, 0)
        return (*range(0, last, self.tile_px - self.overlap_px), last)

    @cached_property
    def weights(self) -> tuple[NDArray[np.float32], ...]:
        """One array (tile_px,) per tile: its normalised weight at each of its pixels; zero beyond the raster's edge."""
        profile = _profile(self.tile_px, self.overlap_px)
        total = np.zeros(self.starts[-1] + self.tile_px)
        for start in self.starts:
            total[start : start + self.tile_px] += profile
        weights = []
        for start in self.starts:
            weight = profile / total[start : start + self.tile_px]
            weight[max(self.size_px - start, 0) :] = 0
            weights.append(weight.astype(np.float32))
        return tuple(weights)

    def final_until(self, index: int) -> int:
        """Pixels before this one get no weight from any tile after `index`."""
        return self.starts[index + 1] if index + 1 < len(self.starts) else self.size_px

    def length(self, index: int) -> int:
        """Pixels of the tile that lie in the raster."""
        return min(self.tile_px, self.size_px - self.starts[index])

    def covering(self, first: int, stop: int) -> range:
        """Indices of the tiles that touch the pixels first..stop-1."""
        touched = [i for i, s in enumerate(self.starts) if s < stop and s + self.tile_px > first]
        return range(touched[0], touched[-1] + 1)

    def starting(self, first: int, stop: int) -> range:
        """Indices of the tiles that start at the pixels first..stop-1."""
        return range(*np.searchsorted(self.starts, (first, stop)).tolist())


@dataclass(frozen=True)
class Blocks:
    """Where blocks of pixels lie along one axis: `size_px` each, of which the first has `cut_px` before pixel 0."""

    size_px: int = 1
    cut_px: int = 0

    def up(self, pixel: int) -> int:
        """The first edge at or after a pixel."""
        return -(-(pixel + self.cut_px) // self.size_px) * self.size_px - self.cut_px


def _profile(tile_px: int, overlap_px: int) -> NDArray[np.float64]:
    """1 in the middle, falling as a squared sine over the overlap on both sides, never zero."""
    distance = np.minimum(np.arange(tile_px), np.arange(tile_px)[::-1]) + 0.5
    if overlap_px == 0:
        return np.ones(tile_px)
    return np.sin(np.minimum(distance / overlap_px, 1.0) * np.pi / 2) ** 2


def pad_to_tile(pixels: NDArray, tile_px: int) -> NDArray:
    """(..., h, w) with h, w up to tile_px, reflect-padded at the lower and right edge to (..., tile_px, tile_px)."""
    down, right = tile_px - pixels.shape[-2], tile_px - pixels.shape[-1]
    if down <= 0 and right <= 0:
        return pixels
    return np.pad(pixels, [(0, 0)] * (pixels.ndim - 2) + [(0, max(down, 0)), (0, max(right, 0))], mode="reflect")
