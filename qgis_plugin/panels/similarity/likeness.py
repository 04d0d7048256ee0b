"""How alike each place is to one place: the cosine between features, read from an embedded raster block by block.

The features' own mean is taken off first. What all places share says nothing, and without that every place would be
alike to every other: 1 is the same, 0 is what a place picked blindly has, below 0 is unlike. Each token is taken with
its neighbours, since a single token of a forest is one tree, or the shadow beside it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from osgeo import gdal

from ...engine.modules import errors
from ...i18n.texts import tr

_BLOCK_BYTES = 32 * 2**20
STEPS = 200  # of the histogram, from -1 to 1


@dataclass(frozen=True)
class Likeness:
    path: str
    counts: np.ndarray  # (STEPS,) cells by likeness

    def share_above(self, threshold: float) -> float:
        """The share of the cells that are at least that alike."""
        first = int(np.clip(round((threshold + 1) / 2 * STEPS), 0, STEPS))
        return float(self.counts[first:].sum() / max(self.counts.sum(), 1))


def features_mean(path: str, cancelled: Callable[[], bool]) -> np.ndarray | None:
    """(D,) mean of the valid features; None where it was cancelled. Raises RasterError where there are none."""
    dataset, total, count = _open(path), 0.0, 0
    for top, rows in _strips(dataset):
        if cancelled():
            return None
        features = _read(dataset, top, rows)
        valid = np.isfinite(features).all(0)
        total, count = total + features[:, valid].sum(1, dtype=np.float64), count + int(valid.sum())
    if not count:
        raise errors.RasterError(tr("Expected a raster with valid pixels here, found none"))
    return total / count


def likeness(
    path: str,
    x: float,
    y: float,
    mean: np.ndarray,
    output: str,
    progress: Callable[[float], None],
    cancelled: Callable[[], bool],
) -> Likeness | None:
    """Writes one band, -1 to 1, on the grid of the features; x and y are in their CRS. None where it was cancelled,
    and then no file is left. Raises RasterError where there is nothing at that place."""
    dataset = _open(path)
    column, row = (int(v // 1) for v in gdal.ApplyGeoTransform(gdal.InvGeoTransform(dataset.GetGeoTransform()), x, y))
    if not (0 <= column < dataset.RasterXSize and 0 <= row < dataset.RasterYSize):
        raise errors.RasterError(tr("Expected a place on the raster: click inside it"))
    wanted = _with_neighbours(dataset, row, 1, mean)[:, 0, column]
    if not np.isfinite(wanted).all():
        raise errors.RasterError(tr("Expected a place with valid pixels, found nodata: click elsewhere"))
    wanted /= max(np.linalg.norm(wanted), 1e-12)
    options = ["TILED=YES", "COMPRESS=DEFLATE", "PREDICTOR=3"]
    size = dataset.RasterXSize, dataset.RasterYSize
    target = gdal.GetDriverByName("GTiff").Create(output, *size, 1, gdal.GDT_Float32, options)
    if target is None:
        raise errors.OutputError(tr("The layer could not be written to {path}").format(path=output))
    target.SetGeoTransform(dataset.GetGeoTransform())
    target.SetProjection(dataset.GetProjection())
    band = target.GetRasterBand(1)
    band.SetNoDataValue(float("nan"))
    band.SetDescription("likeness")
    counts = np.zeros(STEPS, np.int64)
    for top, rows in _strips(dataset):
        if cancelled():
            del band, target
            gdal.Unlink(output)
            return None
        centred = _with_neighbours(dataset, top, rows, mean)
        cosine = np.tensordot(wanted, centred, 1) / np.maximum(np.sqrt((centred**2).sum(0)), 1e-12)
        cosine = cosine.clip(-1, 1)
        band.WriteArray(cosine.astype(np.float32), 0, top)
        counts += np.histogram(cosine[np.isfinite(cosine)], STEPS, (-1, 1))[0]
        progress((top + rows) / dataset.RasterYSize)
    del band, target  # closes the file
    return Likeness(output, counts)


def _open(path: str):
    try:
        dataset = gdal.OpenEx(path, gdal.OF_RASTER)
    except RuntimeError:  # where another plugin switched GDAL's exceptions on
        dataset = None
    if dataset is None:
        raise errors.RasterError(tr("Expected a raster that GDAL can read, found {path}").format(path=path))
    return dataset


def _strips(dataset):
    """(first row, rows) of whole rows, of a size that fits in memory."""
    rows = max(1, _BLOCK_BYTES // (8 * dataset.RasterCount * dataset.RasterXSize))
    for top in range(0, dataset.RasterYSize, rows):
        yield top, min(rows, dataset.RasterYSize - top)


def _read(dataset, top: int, rows: int) -> np.ndarray:
    """(D, rows, W) features."""
    return dataset.ReadAsArray(0, top, dataset.RasterXSize, rows).reshape(dataset.RasterCount, rows, -1)


def _with_neighbours(dataset, top: int, rows: int, mean: np.ndarray) -> np.ndarray:
    """(D, rows, W) features less their mean, averaged over 3 x 3 tokens as far as they are valid; NaN where the token
    itself is not. The nearer ones count more: 1 2 1 in both directions."""
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
    found = total / np.maximum(weight, 1)
    found[:, ~valid[1:-1, 1:-1]] = np.nan
    return found
