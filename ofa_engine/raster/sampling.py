"""Which part of a raster is sampled for its detection: windows with data in them, also where most of it is empty."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from ..core.sensors import (
    FEW_PX,
    SEARCH_BYTES,
    SEARCH_PLACES,
    fill_values,
    odd_bands,
    sample_windows,
    sampled_bands,
    search_grid,
    search_size,
    windows_at,
)

if TYPE_CHECKING:
    from .source import Source

Pixels = tuple[int, int, int, int]  # column, row, width, height


def find_fill(values: NDArray, odd: int = 0, dtype: str = "") -> NDArray[np.bool_] | None:
    """Where all bands hold the same of the usual values of fill.

    Args:
        values: (C, h, w), as they stand in the file.
        odd: so many bands may hold something else.
        dtype: the file's, where `values` were converted.

    Returns:
        (h, w), or None where there is no such pixel.
    """
    found = None
    for value in fill_values(dtype or values.dtype.name):
        if odd or (values[0] == values.dtype.type(value)).any():  # most windows have none
            here = (values == values.dtype.type(value)).sum(0) >= len(values) - odd
            if here.any():
                found = here if found is None else found | here
    return found


def sample(source: "Source") -> tuple[tuple[tuple[float, ...], ...], float]:
    """(per band its sorted valid values, empty for a band that is not sampled; the share of undeclared fill). Raises
    RASTER_ERRORS."""
    chosen = source.real_bands(sampled_bands(source.dataset.count))
    parts: dict[int, list[NDArray]] = {band: [] for band in chosen}
    pixels = filled = found = 0
    windows = _first_windows(source)
    first = len(windows)
    for number, window in enumerate(windows):
        values, there = _read(source, chosen, window)
        pixels, filled = pixels + there.size, filled + there.size - int(there.sum())
        for band, of_band in zip(chosen, values, strict=True):
            parts[band].append(of_band[np.isfinite(of_band) & there])
        found += len(parts[chosen[0]][-1])
        if number + 1 == first and found < FEW_PX:
            windows += _searched(source, chosen[0], windows)
    sorted_parts = {band: np.sort(np.concatenate(arrays)) for band, arrays in parts.items()}
    samples = (sorted_parts[b].tolist() if b in sorted_parts else () for b in range(1, source.dataset.count + 1))
    return tuple(map(tuple, samples)), filled / pixels


def data_windows(source: "Source", band: int) -> Iterator[Pixels]:
    """Windows to look into first for data of a band; the search for further ones begins when these are used up."""
    windows = _first_windows(source)
    yield from windows
    if not source.product:
        yield from _searched(source, band, windows)


def _first_windows(source: "Source") -> list[Pixels]:
    height, width = source.dataset.block_shapes[0]
    return sample_windows(source.width, source.height, (width, height))


def _read(source: "Source", bands: Sequence[int], window: Pixels) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """(values (C, h, w), NaN where missing; (h, w) where there is no undeclared fill) of a window."""
    values, valid = source.read(bands, window)
    values = values.astype(np.float64) if valid is None else np.where(valid, values, np.nan)
    there = np.ones(values.shape[1:], bool)
    if not source.declares_holes:
        raw = source.read_raw(bands, window) if source.scaled else values
        fill = find_fill(raw, odd_bands(len(bands)), source.dataset.dtypes[0])
        there = there if fill is None else ~fill
    return values, there


def _searched(source: "Source", band: int, windows: Sequence[Pixels]) -> list[Pixels]:
    """Windows around data out of a coarse image of the band, or of a grid of pixels where that would take too long."""
    d, (left, top) = source.dataset, source.offset
    itemsize = np.dtype(d.dtypes[band - 1]).itemsize
    if d.overviews(band) or source.width * source.height * d.count * itemsize <= SEARCH_BYTES:
        width, height = search_size(source.width, source.height)
        area = Window(left, top, source.width, source.height)
        pixels = d.read(band, window=area, out_shape=(height, width))
        there = _has_data(source, band, pixels)
        if source.masked:
            there &= d.read_masks(band, window=area, out_shape=(height, width)) > 0
        rows, columns = np.nonzero(there)
        x, y = ((columns + 0.5) * source.width / width).astype(int), ((rows + 0.5) * source.height / height).astype(int)
        places = list(zip(x.tolist(), y.tolist(), strict=True))
    else:
        block_bytes = int(np.prod(d.block_shapes[0])) * d.count * itemsize
        grid = search_grid(source.width, source.height, min(SEARCH_PLACES, max(16, SEARCH_BYTES // block_bytes)))
        places = [(x, y) for x, y in grid if _has_data(source, band, source.read_raw([band], (x, y, 1, 1))).any()]
    return [window for window in windows_at(places, source.width, source.height) if window not in windows]


def _has_data(source: "Source", band: int, pixels: NDArray) -> NDArray[np.bool_]:
    there = np.isfinite(pixels)
    for nodata in {source.dataset.nodatavals[band - 1], *source.nodata} - {None}:
        if np.isfinite(nodata):
            there &= pixels != nodata
    if not source.declares_holes:
        for value in fill_values(pixels.dtype.name):
            there &= pixels != pixels.dtype.type(value)
    return there
