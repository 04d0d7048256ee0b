"""HySpecNet-11k (Fuchs and Demir 2023): EnMAP patches as TIFF files."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ofa_engine.core.errors import InputError
from training.data.readers.rasters import read_raster
from training.data.readers.reader import Listing, ReaderAndListing, SourceOptions, UnusableSample, expect_folder


@dataclass(frozen=True)
class HySpecNet:
    """`patches/TILE/TILE-PATCH/TILE-PATCH-SPECTRAL_IMAGE.TIF`: int16, 224 bands, nodata -32768, reflectance x 10000.

    Values are clipped to 0..10000, as the set's own authors do: there are outliers on both sides.
    """

    root: str
    sensor: str = "enmap"
    units: str = "dn"
    dtype: str = "int16"
    nodata: float | None = -32768
    size_px: int | None = 128

    def read(self, name: str) -> NDArray:
        folder = Path(self.root, "patches", name)
        path = folder / f"{folder.name}-SPECTRAL_IMAGE.TIF"
        if not path.exists():
            raise UnusableSample(f"expected {path.name}, found no such file")
        values = read_raster(path)
        if len(values) != 224:
            raise UnusableSample(f"expected 224 bands, found {len(values)}")
        if values.dtype.kind != "f":
            values = np.where(values == -32768, np.float32(np.nan), values)
        return np.clip(values, 0, 10000)


def list_samples(root: Path, split: str | None) -> ReaderAndListing:
    expect_folder(root, ["patches"], "HySpecNet-11k")
    if split:
        path = root / "splits" / f"{split}.csv"
        if not path.exists():
            raise InputError(f"expected --split to name a file such as easy/train, found no {path}")
        lines = (line.strip().split(",")[0] for line in path.read_text(encoding="utf-8").splitlines())
        files = [Path(line.removeprefix("patches/")) for line in lines if line.endswith("DATA.npy")]
    else:
        found = (root / "patches").glob("*/*/*-SPECTRAL_IMAGE.TIF")
        files = [path.relative_to(root / "patches") for path in found]
    names = {path.parent.as_posix() for path in files}
    return HySpecNet(str(root)), Listing(sorted(names))


def open_source(options: SourceOptions) -> Iterator[ReaderAndListing]:
    yield list_samples(options.root, options.split)
