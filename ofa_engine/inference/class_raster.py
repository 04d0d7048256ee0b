"""A class layer on the input's grid: written part by part, sieved, counted, polygonised and made quick to draw."""

import contextlib
import itertools
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import rasterio
import rasterio.shutil
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.windows import Window

from ..core.errors import OfaError, OutputError
from ..pipeline.journal import Journal
from ..pipeline.memory import gdal_limits
from ..raster.class_names import NODATA, class_colormap
from ..raster.georeference import pixel_area_m2
from ..raster.geotiff import create_tiff
from ..raster.polygons import PolygonWriter
from ..raster.sieve import PixelAreas, Sieve
from ..raster.source import Source
from .runner import InferenceRun
from .session import Session

_LEAST_OVERVIEW_PX = 256
_CELL_PX = (64, 1024)  # rows and columns of one mean pixel area; in degrees it changes fastest from row to row


def create_class_layer(path: Path, session: Session, tags: dict[str, str]) -> rasterio.io.DatasetWriter:
    """An empty uint8 layer on the source's grid, with the classes' colours. Raises OutputError."""
    source = session.source
    grid = (source.width, source.height, source.transform)
    layer = create_tiff(path, source, *grid, dtype="uint8", nodata=NODATA, tags=tags)
    layer.write_colormap(1, class_colormap(session.classes))
    layer.set_band_description(1, "class")
    return layer


class Tally:
    """Pixels and ellipsoidal areas per class."""

    def __init__(self, source: Source, classes: Sequence[dict]):
        self.source, self.classes = source, classes
        self.pixels = np.zeros(len(classes), np.int64)
        self.area_m2 = np.zeros(len(classes)) if source.crs else None

    def add(self, values: NDArray[np.uint8], column: int, row: int) -> None:
        """Counts (h, w) class values of the window that begins at a pixel; nodata counts for no class."""
        height, width = values.shape
        chosen = [entry["value"] for entry in self.classes]
        for y, x in itertools.product(range(0, height, _CELL_PX[0]), range(0, width, _CELL_PX[1])):
            piece = values[y : y + _CELL_PX[0], x : x + _CELL_PX[1]]
            counts = np.bincount(piece.ravel(), minlength=256)[chosen]
            self.pixels += counts
            if self.area_m2 is not None:
                part = (column + x, row + y, piece.shape[1], piece.shape[0])
                self.area_m2 += counts * (pixel_area_m2(self.source.transform, self.source.crs, part) or np.nan)

    def class_areas(self) -> list[dict]:
        """The classes with their `pixels` and `area_ha`, None where that is not known."""
        known = self.area_m2 is not None and np.isfinite(self.area_m2).all()
        return [
            entry | {"pixels": int(n), "area_ha": float(self.area_m2[i]) / 1e4 if known else None}  # type: ignore[index]
            for i, (entry, n) in enumerate(zip(self.classes, self.pixels, strict=True))
        ]


class ClassRecorder:
    """Takes blended parts, turns indices into class values, and records them, with the confidence where that is wanted,
    in the journal."""

    def __init__(self, classes: Sequence[dict], journal: Journal, with_confidence: bool):
        self.journal, self.with_confidence = journal, with_confidence
        self.values = np.array([entry["value"] for entry in classes], np.uint8)

    def __call__(
        self, labels: NDArray, confidence: NDArray, valid: NDArray | None, column: int, row: int
    ) -> list[NDArray]:
        """What `Blender` emits to class values, and confidence; nodata where a pixel is not valid."""
        arrays = [self.values[labels]]
        if valid is not None:
            arrays[0][~valid] = NODATA
        if self.with_confidence:
            arrays.append(confidence if valid is None else np.where(valid, confidence, np.float32("nan")))
        self.journal.put(*arrays)
        return arrays


class ClassWriter:
    """Takes blended parts, records them, writes classes and confidence, and keeps the tally."""

    def __init__(
        self,
        session: Session,
        journal: Journal,
        layer: rasterio.io.DatasetWriter,
        confidence: rasterio.io.DatasetWriter | None,
    ):
        self.recorder = ClassRecorder(session.classes, journal, confidence is not None)
        self.layer, self.confidence = layer, confidence
        self.tally = Tally(session.source, session.classes)

    def __call__(self, labels: NDArray, confidence: NDArray, valid: NDArray | None, column: int, row: int) -> None:
        self.write(column, row, *self.recorder(labels, confidence, valid, column, row))

    def write(self, column: int, row: int, classes: NDArray[np.uint8], confidence: NDArray | None = None) -> None:
        """(h, w) class values, nodata too, and their confidence, at a pixel."""
        height, width = classes.shape
        window = Window(column, row, width, height)
        self.layer.write(classes, 1, window=window)
        if self.confidence:
            self.confidence.write(confidence, 1, window=window)
        self.tally.add(classes, column, row)


def merge_small(path: Path, run: InferenceRun, hectares: float, tally: Tally, tags: dict[str, str]) -> Tally:
    """Merges areas under the limit in a class layer with their largest neighbour; returns the new tally."""
    source, session = run.session.source, run.session
    areas = PixelAreas.of(source.transform, source.crs, source.width, source.height)
    if areas is None:
        raise OfaError("expected a known pixel area, found none")  # refused when the session was opened
    sieve = Sieve(source.width, source.height, areas, areas.limit(hectares), run.check_cancelled)
    with gdal_limits(source, run.budget_bytes):
        while True:
            scratch, after = run.pending.scratch(path), Tally(source, session.classes)
            with rasterio.open(path) as layer, create_class_layer(scratch, session, tags) as merged:
                more = _sieve_round(sieve, layer, merged, after)
            if more is None:
                return tally
            os.replace(scratch, path)
            tally = after
            if not more:
                return tally


def _sieve_round(
    sieve: Sieve, layer: rasterio.DatasetReader, merged: rasterio.io.DatasetWriter, tally: Tally
) -> bool | None:
    def read(window: tuple[int, int, int, int]) -> NDArray[np.uint8]:
        return layer.read(1, window=Window(*window))

    def write(window: tuple[int, int, int, int], values: NDArray[np.uint8]) -> None:
        merged.write(values, 1, window=Window(*window))
        tally.add(values, *window[:2])

    return sieve.round(read, write)


@contextlib.contextmanager
def class_polygons(run: InferenceRun, path: Path, layer: str, confidence: bool) -> Iterator[PolygonWriter]:
    """A layer of polygons. Its place was checked on opening: an error now is not the user's."""
    writer = PolygonWriter(path, layer, run.session.source.crs, run.session.classes, confidence)
    try:
        yield writer
        writer.close()
    except OutputError as error:
        raise OfaError(str(error)) from error


def optimise(path: Path, run: InferenceRun, cog: bool, resampling: Resampling = Resampling.mode) -> None:
    """Makes a layer quick to draw: overviews inside a large one, or with `cog` a cloud-optimised GeoTIFF.

    `resampling` is that of overviews: the mode for classes, the average for confidence.
    """
    with gdal_limits(run.session.source, run.budget_bytes):
        if cog:
            scratch = run.pending.scratch(path)
            _copy_as_cog(path, scratch, resampling)
            os.replace(scratch, path)
        else:
            add_overviews(path, resampling, run.limits.overviews_from_px)


def _copy_as_cog(path: Path, target: Path, resampling: Resampling) -> None:
    rasterio.shutil.copy(
        path,
        target,
        driver="COG",
        compress="deflate",
        predictor="no" if resampling == Resampling.mode else "yes",
        bigtiff="if_safer",
        overview_resampling=resampling.name,
        copy_src_mdd="yes",
    )


def add_overviews(path: Path, resampling: Resampling, from_px: int) -> None:
    """Overviews inside a layer whose longer side is over `from_px` pixels."""
    with rasterio.open(path) as layer:
        longest = max(layer.width, layer.height)
    if longest > from_px:
        levels = range(1, (longest // _LEAST_OVERVIEW_PX).bit_length())
        # nothing else is at work by now
        with rasterio.Env(GDAL_NUM_THREADS="ALL_CPUS"), rasterio.open(path, "r+") as layer:
            layer.build_overviews([2**level for level in levels], resampling)
