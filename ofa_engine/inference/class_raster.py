"""A class layer on the input's grid: written part by part, sieved, counted, and made quick to draw."""

import itertools
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import rasterio
import rasterio.shutil
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.windows import Window

from ..core.callbacks import Callbacks
from ..core.errors import Cancelled, OfaError
from ..raster.class_names import NODATA, class_colormap
from ..raster.georeference import pixel_area_m2
from ..raster.geotiff import create_tiff
from ..raster.sieve import PixelAreas, Sieve
from ..raster.source import Source
from .session import Job, gdal_limits

OVERVIEWS_FROM_PX = 4096  # a layer that is larger gets overviews
_LEAST_OVERVIEW_PX = 256
_PIECE_PX = (64, 1024)  # rows and columns of one mean pixel area; in degrees it changes fastest from row to row


def create_class_layer(path: Path, job: Job, tags: dict[str, str]) -> rasterio.io.DatasetWriter:
    source = job.source
    layer = create_tiff(
        path, source, source.width, source.height, source.transform, dtype="uint8", nodata=NODATA, tags=tags
    )
    layer.write_colormap(1, class_colormap(job.classes))
    layer.set_band_description(1, "class")
    return layer


class Tally:
    """Pixels and ellipsoidal areas of the classes."""

    def __init__(self, source: Source, classes: Sequence[dict]):
        self.source, self.classes = source, classes
        self.pixels = np.zeros(len(classes), np.int64)
        self.area_m2 = np.zeros(len(classes)) if source.crs else None

    def add(self, values: NDArray[np.uint8], column: int, row: int) -> None:
        """(h, w) class values of a window, nodata too."""
        height, width = values.shape
        chosen = [entry["value"] for entry in self.classes]
        for y, x in itertools.product(range(0, height, _PIECE_PX[0]), range(0, width, _PIECE_PX[1])):
            piece = values[y : y + _PIECE_PX[0], x : x + _PIECE_PX[1]]
            counts = np.bincount(piece.ravel(), minlength=256)[chosen]
            self.pixels += counts
            if self.area_m2 is not None:
                part = (column + x, row + y, piece.shape[1], piece.shape[0])
                self.area_m2 += counts * (pixel_area_m2(self.source.transform, self.source.crs, part) or np.nan)

    def table(self) -> list[dict]:
        """The classes with their pixels and area_ha (None where that is not known)."""
        known = self.area_m2 is not None and np.isfinite(self.area_m2).all()
        return [
            entry | {"pixels": int(n), "area_ha": float(self.area_m2[i]) / 1e4 if known else None}  # type: ignore[index]
            for i, (entry, n) in enumerate(zip(self.classes, self.pixels, strict=True))
        ]


class Finished:
    """Tells the job's journal of class values, and of confidence where it is wanted; returns them."""

    def __init__(self, job: Job, confidence: bool):
        self.journal, self.with_confidence = job.journal, confidence
        self.values = np.array([entry["value"] for entry in job.classes], np.uint8)

    def __call__(
        self, labels: NDArray, confidence: NDArray, valid: NDArray | None, column: int, row: int
    ) -> list[NDArray]:
        found = [self.values[labels]]
        if valid is not None:
            found[0][~valid] = NODATA
        if self.with_confidence:
            found.append(confidence if valid is None else np.where(valid, confidence, np.float32("nan")))
        self.journal.put(*found)
        return found


class ClassWriter(Finished):
    """Writes classes and confidence too, and keeps the tally."""

    def __init__(self, job: Job, layer: rasterio.io.DatasetWriter, confidence: rasterio.io.DatasetWriter | None):
        super().__init__(job, confidence is not None)
        self.layer, self.confidence = layer, confidence
        self.tally = Tally(job.source, job.classes)

    def __call__(
        self, labels: NDArray, confidence: NDArray, valid: NDArray | None, column: int, row: int
    ) -> list[NDArray]:
        found = super().__call__(labels, confidence, valid, column, row)
        self.write(column, row, *found)
        return found

    def write(self, column: int, row: int, classes: NDArray[np.uint8], confidence: NDArray | None = None) -> None:
        """(h, w) class values, nodata too, and their confidence, at a pixel."""
        height, width = classes.shape
        window = Window(column, row, width, height)
        self.layer.write(classes, 1, window=window)
        if self.confidence:
            self.confidence.write(confidence, 1, window=window)
        self.tally.add(classes, column, row)


def merge_small(
    path: Path, job: Job, hectares: float, tally: Tally, tags: dict[str, str], callbacks: Callbacks
) -> Tally:
    """Areas under the limit in a class layer go to their largest neighbour; returns the new tally."""
    source = job.source
    areas = PixelAreas.of(source.transform, source.crs, source.width, source.height)
    if areas is None:
        raise OfaError("expected a known pixel area, found none")  # the user was told when the job was opened

    def pause() -> None:
        if callbacks.cancelled():
            raise Cancelled

    sieve = Sieve(source.width, source.height, areas, areas.limit(hectares), pause)
    with gdal_limits(job):
        while True:
            scratch, after = job.pending.scratch(path), Tally(source, job.classes)
            with rasterio.open(path) as layer, create_class_layer(scratch, job, tags) as merged:
                again = _round(sieve, layer, merged, after)
            if again is None:
                return tally
            os.replace(scratch, path)
            tally = after
            if not again:
                return tally


def _round(sieve: Sieve, layer: rasterio.DatasetReader, merged: rasterio.io.DatasetWriter, tally: Tally) -> bool | None:
    def read(window: tuple[int, int, int, int]) -> NDArray[np.uint8]:
        return layer.read(1, window=Window(*window))

    def write(window: tuple[int, int, int, int], values: NDArray[np.uint8]) -> None:
        merged.write(values, 1, window=Window(*window))
        tally.add(values, *window[:2])

    return sieve.round(read, write)


def make_quick(path: Path, job: Job, cog: bool, resampling: Resampling = Resampling.mode) -> None:
    """Overviews inside a layer that is large (`resampling` for confidence: average); with `cog`, the whole file as a
    cloud-optimised GeoTIFF."""
    with gdal_limits(job):
        if cog:
            scratch = job.pending.scratch(path)
            predictor = "no" if resampling == Resampling.mode else "yes"
            rasterio.shutil.copy(
                path,
                scratch,
                driver="COG",
                compress="deflate",
                predictor=predictor,
                bigtiff="if_safer",
                overview_resampling=resampling.name,
                copy_src_mdd="yes",
            )
            os.replace(scratch, path)
            return
        longest = max(job.source.width, job.source.height)
        if longest > OVERVIEWS_FROM_PX:
            levels = range(1, (longest // _LEAST_OVERVIEW_PX).bit_length())
            # nothing else is at work by now
            with rasterio.Env(GDAL_NUM_THREADS="ALL_CPUS"), rasterio.open(path, "r+") as layer:
                layer.build_overviews([2**level for level in levels], resampling)
