"""SSL4EO-S12 (Wang et al. 2023): Sentinel-1 and Sentinel-2 patches as TIFF files of one band each."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ofa_engine.core.errors import InputError
from ofa_engine.core.sensors import get_sensor
from training.data.readers.pixels import resized
from training.data.readers.rasters import read_raster
from training.data.readers.reader import (
    Listing,
    ReaderAndListing,
    SourceOptions,
    UnusableSample,
    expect_folder,
    folder_names,
)

# folders as in the archives, then as some programs name them after unpacking
FOLDERS = {"sentinel-1": ("s1_grd", "s1"), "sentinel-2": ("s2_l2a", "s2a", "s2_l1c", "s2c")}


@dataclass(frozen=True)
class SSL4EO:
    """`s1_grd/ID/SEASON/{VV,VH}.tif` (float32 dB), `s2_l2a/ID/SEASON/B4.tif`, ... (reflectance x 10000, 0 is nodata).

    Bands of 20 m, and those that differ by a few pixels, are brought to the grid of the first band (10 m). `bands`
    are those that any sample has: a sample that lacks one of them is skipped.
    """

    root: str
    sensor: str
    bands: tuple[str, ...]
    size_px: int | None = 264

    @property
    def units(self) -> str:
        return "db" if self.sensor == "sentinel-1" else "dn"

    @property
    def dtype(self) -> str:
        return "float32" if self.sensor == "sentinel-1" else "uint16"

    @property
    def nodata(self) -> float | None:
        return None if self.sensor == "sentinel-1" else 0

    def read(self, name: str) -> NDArray:
        parts: dict[str, NDArray] = {}
        for band in self.bands:
            path = Path(self.root, name, f"{band}.tif")
            if not path.exists():
                raise UnusableSample(f"expected {band}.tif, as other samples have, found none")
            values = read_raster(path, (1,)).astype(np.float32)
            if self.nodata is not None:
                values[values == self.nodata] = np.nan
            grid = next(iter(parts.values()), values).shape[1:]
            parts[band] = values if values.shape[1:] == grid else resized(values, *grid)
        grid = next(iter(parts.values())).shape
        empty = np.full(grid, np.nan, np.float32)
        return np.concatenate([parts.get(band, empty) for band in get_sensor(self.sensor).band_names])


def list_samples(root: Path, sensor: str, variant: str | None) -> ReaderAndListing:
    choice = [f for f in FOLDERS[sensor] if not variant or f == variant]
    if not choice:
        raise InputError(f"expected --variant out of {', '.join(FOLDERS[sensor])}, found {variant}")
    folder = root / expect_folder(root, choice, f"SSL4EO-S12 ({sensor})")[0]
    names = [f"{number}/{season}" for number in folder_names(folder) for season in folder_names(folder / number)]
    existing = {p.stem for name in names[:: max(1, len(names) // 200)] for p in (folder / name).glob("*.tif")}
    bands = tuple(b for b in get_sensor(sensor).band_names if b in existing)
    if not bands:
        raise InputError(f"expected ID/SEASON/BAND.tif in {folder}, found no band file of {sensor}")
    return SSL4EO(str(folder), sensor, bands), Listing(names, notes=[f"collection {folder.name}"])


def open_source(options: SourceOptions) -> Iterator[ReaderAndListing]:
    for sensor in options.sensors_in_folders(FOLDERS):
        yield list_samples(options.root, sensor, options.variant)
