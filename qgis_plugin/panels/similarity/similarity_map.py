"""How similar each place is to one place: the cosine between features, read from an embedded raster strip by strip.

The mean of all features is subtracted first: what all places share says nothing, and without that every place would be
similar to every other. So 1 is the same, 0 is what a place picked at random has, below 0 is unlike. Each token is
averaged with its neighbours, since a single token of a forest is one tree, or the shadow next to it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from osgeo import gdal

from ...engine.modules import errors
from ...i18n.texts import tr

BLOCK_BYTES = 32 * 2**20  # of features in memory, as float64
STEPS = 200  # of the histogram, from -1 to 1


@dataclass(frozen=True)
class SimilarityMap:
    path: str
    counts: np.ndarray  # (STEPS,) histogram of the cells

    def share_above(self, threshold: float) -> float:
        """The share of the cells that are at least that similar."""
        first = int(np.clip(round((threshold + 1) / 2 * STEPS), 0, STEPS))
        return float(self.counts[first:].sum() / max(self.counts.sum(), 1))


def features_mean(path: str, cancelled: Callable[[], bool], block_bytes: int = BLOCK_BYTES) -> np.ndarray | None:
    """(D,) mean of the valid features; None where it was cancelled. Raises RasterError where there are none."""
    dataset, total, count = _open(path), 0.0, 0
    for top, rows in _strips(dataset, block_bytes):
        if cancelled():
            return None
        features = _read(dataset, top, rows)
        valid = np.isfinite(features).all(0)
        total, count = total + features[:, valid].sum(1, dtype=np.float64), count + int(valid.sum())
    if not count:
        raise errors.RasterError(tr("Expected a raster with valid pixels here, found none"))
    return total / count


def map_similarity(
    path: str,
    place: tuple[float, float],
    mean: np.ndarray,
    output: str,
    progress: Callable[[float], None],
    cancelled: Callable[[], bool],
    block_bytes: int = BLOCK_BYTES,
) -> SimilarityMap | None:
    """Writes one band, -1 to 1, on the grid of the features.

    Args:
        path: A raster of features, one band per feature, one cell per token.
        place: x and y in its CRS.
        mean: (D,) of the features.
        output: The GeoTIFF to write.
        progress: Called with the share that is done.
        cancelled: Called once per strip.
        block_bytes: About how much memory a strip takes.

    Returns:
        None where it was cancelled; no file is left then.

    Raises:
        RasterError: there is nothing at that place.
        OutputError: the file cannot be written.
    """
    dataset = _open(path)
    wanted, counts = _features_at(dataset, place, mean), np.zeros(STEPS, np.int64)
    target = _create(dataset, output)
    for top, rows in _strips(dataset, block_bytes):
        if cancelled():
            del target  # closes the file
            gdal.Unlink(output)
            return None
        centred = _with_neighbours(dataset, top, rows, mean)
        cosine = np.tensordot(wanted, centred, 1) / np.maximum(np.sqrt((centred**2).sum(0)), 1e-12)
        cosine = cosine.clip(-1, 1)
        target.GetRasterBand(1).WriteArray(cosine.astype(np.float32), 0, top)
        counts += np.histogram(cosine[np.isfinite(cosine)], STEPS, (-1, 1))[0]
        progress((top + rows) / dataset.RasterYSize)
    del target
    return SimilarityMap(output, counts)


def _features_at(dataset, place: tuple[float, float], mean: np.ndarray) -> np.ndarray:
    """(D,) centred features of a place, of length 1. Raises RasterError."""
    to_cell = gdal.InvGeoTransform(dataset.GetGeoTransform())
    column, row = (int(v // 1) for v in gdal.ApplyGeoTransform(to_cell, *place))
    if not (0 <= column < dataset.RasterXSize and 0 <= row < dataset.RasterYSize):
        raise errors.RasterError(tr("Expected a place on the raster: click inside it"))
    features = _with_neighbours(dataset, row, 1, mean)[:, 0, column]
    if not np.isfinite(features).all():
        raise errors.RasterError(tr("Expected a place with valid pixels, found nodata: click elsewhere"))
    return features / max(np.linalg.norm(features), 1e-12)


def _create(dataset, output: str):
    """A GeoTIFF of one band on the grid of a dataset. Raises OutputError."""
    options = ["TILED=YES", "COMPRESS=DEFLATE", "PREDICTOR=3"]
    size = dataset.RasterXSize, dataset.RasterYSize
    target = gdal.GetDriverByName("GTiff").Create(output, *size, 1, gdal.GDT_Float32, options)
    if target is None:
        raise errors.OutputError(tr("The layer could not be written to {path}").format(path=output))
    target.SetGeoTransform(dataset.GetGeoTransform())
    target.SetProjection(dataset.GetProjection())
    target.GetRasterBand(1).SetNoDataValue(float("nan"))
    target.GetRasterBand(1).SetDescription("similarity")
    return target


def _open(path: str):
    try:
        dataset = gdal.OpenEx(path, gdal.OF_RASTER)
    except RuntimeError:  # where another plugin switched GDAL's exceptions on
        dataset = None
    if dataset is None:
        raise errors.RasterError(tr("Expected a raster that GDAL can read, found {path}").format(path=path))
    return dataset


def _strips(dataset, block_bytes: int):
    """(first row, rows) of strips of whole rows."""
    rows = max(1, block_bytes // (8 * dataset.RasterCount * dataset.RasterXSize))
    for top in range(0, dataset.RasterYSize, rows):
        yield top, min(rows, dataset.RasterYSize - top)


def _read(dataset, top: int, rows: int) -> np.ndarray:
    """(D, rows, W) features."""
    return dataset.ReadAsArray(0, top, dataset.RasterXSize, rows).reshape(dataset.RasterCount, rows, -1)


def _with_neighbours(dataset, top: int, rows: int, mean: np.ndarray) -> np.ndarray:
    """(D, rows, W) features minus their mean, averaged over the valid ones of 3 x 3 tokens with the weights 1 2 1 in
    both directions; NaN where the token itself is not valid."""
    first, last = max(top - 1, 0), min(top + rows + 1, dataset.RasterYSize)
    features = np.full((len(mean), rows + 2, dataset.RasterXSize + 2), np.nan)
    features[:, first - top + 1 : last - top + 1, 1:-1] = _read(dataset, first, last - first) - mean[:, None, None]
    valid = np.isfinite(features).all(0)
    features[:, ~valid] = 0.0
    total, weight = 0.0, 0.0
    for j, down in enumerate((1, 2, 1)):
        for i, across in enumerate((1, 2, 1)):
            y, x = slice(j, j + rows), slice(i, i + dataset.RasterXSize)
            total, weight = total + down * across * features[:, y, x], weight + down * across * valid[y, x]
    averaged = total / np.maximum(weight, 1)
    averaged[:, ~valid[1:-1, 1:-1]] = np.nan
    return averaged
