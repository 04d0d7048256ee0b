"""Reading of rasters for readers, through `ofa_engine.raster.source`."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ofa_engine.core.errors import RasterError
from ofa_engine.raster.source import Source
from training.data.readers.reader import UnusableSample


def read_raster(
    path: Path, bands: Sequence[int] | None = None, window: tuple[int, int, int, int] | None = None
) -> NDArray:
    """(C, h, w) of 1-based bands (all by default) in (column, row, width, height); NaN where nodata or masked."""
    with Source(path) as source:
        wanted = list(bands or range(1, source.dataset.count + 1))
        if max(wanted) > source.dataset.count:
            raise UnusableSample(f"expected {max(wanted)} bands, found {source.dataset.count}")
        values, valid = source.read(wanted, window or (0, 0, source.width, source.height))
    if valid is not None:
        values[:, ~valid] = np.nan
    return values


def raster_size(path: Path, bands: int) -> tuple[tuple[int, int] | None, str]:
    """((width, height), "") of a raster's header, or (None, why) where it cannot be opened or has other bands."""
    try:
        with Source(path) as source:
            if source.dataset.count != bands:
                return None, f"expected {bands} bands, found {source.dataset.count}"
            return (source.width, source.height), ""
    except RasterError as error:
        return None, str(error)


def windows(name: str, width: int, height: int, side: int, step: int) -> Iterator[str]:
    """Names NAME@column,row,side of the square windows of a raster, one every `step` pixels."""
    for y in range(0, height - side + 1, step):
        yield from (f"{name}@{x},{y},{side}" for x in range(0, width - side + 1, step))
