"""Labels from label rasters: one band of class values, brought to the grid of the raster that they label."""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from ..core.classes import class_table, colors_for
from ..core.errors import InputError
from ..raster.class_names import read_class_names
from ..raster.source import Source
from .label_classes import MOST_CLASSES, values_expected
from .label_grid import on_grid_of
from .labelled import Labelled, Labels, NoLabels, in_subset, tile_labels


def labels_from_rasters(
    sources: Sequence[Source],
    paths: Sequence[str],
    ignore: Sequence[str],
    block_px: int,
    tile_px: int | None,
    limit: int,
    log: Callable[[str, str], None],
) -> Labels:
    """At most about `limit` pixels per class and raster, or the tiles they label. Values are kept; names and colours
    come from the first label raster where it has them. Raises InputError."""
    ignored = {_whole_number(text) for text in ignore}
    rasters = [_LabelRaster(path, source, ignored) for path, source in zip(paths, sources, strict=True)]
    try:
        counts = _count(rasters)
        if not counts:
            raise NoLabels(f"expected labelled pixels, found none in {', '.join(Path(p).name for p in paths)}")
        values = sorted(counts)
        for raster in rasters:
            if raster.note:
                log("info", raster.note)
        class_names = read_class_names(paths[0])
        names = [class_names.get(v, str(v)) for v in values]
        colors = rasters[0].colors(values) or colors_for(names)
        parts = []
        for number, raster in enumerate(rasters):
            fraction = np.array([min(1.0, limit / max(counts[v][number], 1)) for v in values])
            part = raster.subset(np.array(values), fraction, block_px, number)
            parts.append(tile_labels(raster.source, part, tile_px, len(values)) if tile_px else part)
        if _rasters_can_be_groups(parts, len(values)):
            parts = [dataclasses.replace(part, group=np.full(len(part), i)) for i, part in enumerate(parts)]
        return Labels(class_table(values, names, colors), parts)
    except ValueError as error:
        raise InputError(str(error)) from error
    finally:
        for raster in rasters:
            raster.close()


def _count(rasters: Sequence["_LabelRaster"]) -> dict[int, NDArray[np.int64]]:
    """Class value to the number of its pixels in each raster."""
    counts: dict[int, NDArray[np.int64]] = {}
    for number, raster in enumerate(rasters):
        for _, _, found in raster.blocks():
            for value, count in zip(*np.unique(found, return_counts=True), strict=True):
                counts.setdefault(int(value), np.zeros(len(rasters), np.int64))[number] += count
    return counts


def _rasters_can_be_groups(parts: Sequence[Labelled], classes: int) -> bool:
    """Whole rasters are better groups than blocks, since neighbouring blocks resemble each other. It takes three
    rasters or more, and two classes or more that occur in several of them."""
    occurs = [np.bincount(part.index, minlength=classes) > 0 for part in parts]
    return len(parts) >= 3 and (np.sum(occurs, 0) >= 2).sum() >= 2


def _whole_number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise InputError(f"expected whole numbers to ignore in a label raster, found {text!r}") from None


class _LabelRaster:
    """One band of whole numbers on a raster's grid."""

    def __init__(self, path: str, source: Source, ignored: set[int]):
        self.source, self.ignored, self.name = source, ignored, Path(path).name
        self._opened = Source(path)
        try:
            self.dataset, self.note = on_grid_of(source, self._opened)
        except InputError:
            self._opened.close()
            raise

    def close(self) -> None:
        self.dataset.close()
        self._opened.close()

    def blocks(self) -> Iterator[tuple[NDArray, NDArray, NDArray]]:
        """(rows, columns, values) of labelled pixels, block by block, relative to the source's region."""
        left, top = self.source._offset
        for column, row, width, height in self.source.block_windows():
            window = Window(column + left, row + top, width, height)
            values = self.dataset.read(1, window=window)
            labelled = self.dataset.read_masks(1, window=window) > 0
            if self.dataset.count > 1:  # alpha of a resampled raster, no mask to GDAL where numbers have signs
                labelled &= self.dataset.read(2, window=window) > 0
            if values.dtype.kind == "f":
                labelled &= np.isfinite(values)
            for value in self.ignored:
                labelled &= values != value
            y, x = np.nonzero(labelled)
            found = values[y, x].astype(np.int64)
            if (found != values[y, x]).any():
                raise InputError(f"expected whole numbers as classes in {self.name}, found fractions")
            if len(found) and not 0 <= found.min() <= found.max() <= MOST_CLASSES:
                raise InputError(f"{values_expected(found.min(), found.max())} in {self.name}")
            yield y + row, x + column, found

    def subset(self, values: NDArray, fraction: NDArray, block_px: int, number: int) -> Labelled:
        """About the `fraction` (K,) of the pixels of each class; groups are blocks of `block_px` of raster `number`."""
        parts = []
        across = -(-self.source.width // block_px)
        for row, column, found in self.blocks():
            index = np.searchsorted(values, found)
            kept = in_subset(row, column, fraction[index])
            row, column, index = row[kept], column[kept], index[kept]
            group = (number << 40) + (row // block_px) * across + column // block_px
            parts.append((row, column, index, group, 1 / fraction[index], np.zeros(len(row), bool)))
        return Labelled(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))

    def colors(self, values: Sequence[int]) -> list[str]:
        """Those of its colour table; empty where it has none."""
        try:
            table = self._opened.dataset.colormap(1)
            return ["#{:02x}{:02x}{:02x}".format(*table[v][:3]) for v in values]
        except (ValueError, KeyError):
            return []
