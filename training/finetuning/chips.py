"""Sentinel-1 and Sentinel-2 chips of the public samples, in canonical units."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ofa_engine.raster.source import Source
from training.data.readers.rasters import read_raster

_S2_BANDS = (4, 3, 2, 5, 6, 7, 8, 11, 12)  # of 12-band products
_EUROSAT_MS = (4, 3, 2, 5, 6, 7, 8, 11, 12)  # B8A comes last there
_S2_NAMES = ("B04", "B03", "B02", "B05", "B06", "B07", "B08", "B11", "B12")


def sentinel2(path: Path, window: tuple[int, int, int, int] | None = None) -> NDArray:
    """(9, h, w) reflectance of a chip of the second collection: bands by their descriptions, scale by its folder."""
    with Source(path) as source:
        names = list(source.dataset.descriptions)
    bands: tuple[int, ...] = _S2_BANDS if len(names) == 12 else _EUROSAT_MS
    if set(_S2_NAMES) <= set(names):
        bands = tuple(names.index(name) + 1 for name in _S2_NAMES)
    values = read_raster(path, bands, window).astype(np.float32)
    return values / (65535 if path.parent.name == "s2_eobrowser" else 10000)


def sentinel1(path: Path, window: tuple[int, int, int, int] | None = None) -> NDArray:
    """(2, h, w) VV and VH in dB."""
    values = read_raster(path, (1, 2), window).astype(np.float32)
    if path.parent.name != "s1_worldcereal":
        return values
    if path.name.startswith("wc_"):
        return values / 10000
    return 20 * np.log10(np.where(values > 0, values, np.nan)) - 83
