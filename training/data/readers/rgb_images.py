"""Folders of RGB images."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from numpy.typing import NDArray

from training.data.readers.pixels import read_image
from training.data.readers.reader import Listing, ReaderAndListing, SourceOptions, UnusableSample, files_below


@dataclass(frozen=True)
class RgbImages:
    """Folders of RGB images (PNG, JPEG), such as EuroSAT's: read as naip, 8-bit."""

    root: str
    sensor: str = "naip"
    units: str = "8-bit"
    dtype: str = "uint8"
    nodata: float | None = None
    size_px: int | None = None

    def read(self, name: str) -> NDArray:
        pixels = read_image(Path(self.root, name))
        if len(pixels) != 3:
            raise UnusableSample("expected an RGB image, found greyscale")
        return pixels


def list_samples(root: Path) -> ReaderAndListing:
    return RgbImages(str(root)), Listing(files_below(root, (".jpg", ".jpeg", ".png")))


def open_source(options: SourceOptions) -> Iterator[ReaderAndListing]:
    yield list_samples(options.root)
