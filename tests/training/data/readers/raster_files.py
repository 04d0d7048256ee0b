"""Small files with known values, in the layouts of pretraining sets."""

from pathlib import Path

import numpy as np
import rasterio
from PIL import Image

RNG = np.random.default_rng(4)
GRID = {"crs": "EPSG:32633", "transform": rasterio.Affine(10, 0, 500000, 0, -10, 5800000)}


def tiff(path: Path, bands: np.ndarray, names=(), **options) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        count=len(bands),
        height=bands.shape[1],
        width=bands.shape[2],
        dtype=bands.dtype,
        **{**GRID, **options},
    ) as file:
        file.write(bands)
        for index, name in enumerate(names, 1):
            file.set_band_description(index, name)
    return path


def png(path: Path, pixels: np.ndarray) -> np.ndarray:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return pixels


def greys(size_px: int, low: int = 1, high: int = 256) -> np.ndarray:
    return RNG.integers(low, high, (size_px, size_px), np.uint8)


def rgb(size_px: int, low: int = 1) -> np.ndarray:
    return RNG.integers(low, 256, (size_px, size_px, 3), np.uint8)
