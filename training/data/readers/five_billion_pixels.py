"""Five-Billion-Pixels (Tong et al. 2023): Gaofen-2 scenes as TIFF files."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ofa_engine.core.errors import InputError
from training.data.readers.rasters import raster_size, read_raster
from training.data.readers.reader import Listing, ReaderAndListing, SourceOptions, expect_folder, files_below

CROP_PX, STRIDE_PX = 512, 256
FOLDERS = {"8-bit": "Image__8bit_NirRGB", "16-bit": "Image_16bit_NirRGB"}


@dataclass(frozen=True)
class FiveBillionPixels:
    """Crops of `Image__8bit_NirRGB/*.tif` or `Image_16bit_NirRGB/*.tiff`, channels NIR, R, G, B on disk.

    16-bit files hold the 10-bit grey values of the camera; a quarter of them is taken for the 8-bit scale (exact in
    float16). It is not the stretch that the publishers made their 8-bit files with, which is not documented.
    """

    root: str
    dtype: str = "uint8"
    sensor: str = "gaofen"
    units: str = "8-bit"
    nodata: float | None = None
    size_px: int | None = CROP_PX

    def read(self, name: str) -> NDArray:
        file, corner = name.rsplit("@", 1)
        column, row = map(int, corner.split(","))
        values = read_raster(Path(self.root, file), (2, 3, 4, 1), (column, row, CROP_PX, CROP_PX))
        return values if self.dtype == "uint8" else values.astype(np.float32) / 4


def list_samples(root: Path, variant: str | None) -> ReaderAndListing:
    if variant and variant not in FOLDERS:
        raise InputError(f"expected --variant out of {', '.join(FOLDERS)}, found {variant}")
    choice = [FOLDERS[variant]] if variant else list(FOLDERS.values())
    folder = root / expect_folder(root, choice, "Five-Billion-Pixels")[0]
    listing = Listing([])
    for file in files_below(folder, (".tif", ".tiff")):
        size, why = raster_size(folder / file, bands=4)
        if size and min(size) < CROP_PX:
            why = f"expected at least {CROP_PX} x {CROP_PX} px, found {size[0]} x {size[1]}"
        if why or not size:
            listing.skipped.append({"file": file, "why": why})
            continue
        listing.names += [
            f"{file}@{x},{y}"
            for y in range(0, size[1] - CROP_PX + 1, STRIDE_PX)
            for x in range(0, size[0] - CROP_PX + 1, STRIDE_PX)
        ]
    return FiveBillionPixels(str(folder), "float16" if "16bit" in folder.name else "uint8"), listing


def open_source(options: SourceOptions) -> Iterator[ReaderAndListing]:
    yield list_samples(options.root, options.variant)
