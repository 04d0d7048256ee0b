"""`ofa sample`: a class map in, points out: a stratified random sample of its pixels, for an accuracy assessment.

The strata are the map's classes; within a class each pixel is drawn with the same probability. The sample size follows
Olofsson et al. (2014), Remote Sensing of Environment 148, 42-57. The points' own fields hold all that `ofa evaluate`
needs for its estimates, and so survive any change of format. Points lie in random order: whoever stops half-way has
labelled a random sample, too.
"""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import rasterio
import shapely
from numpy.typing import NDArray

from ..core.callbacks import Callbacks
from ..core.errors import Cancelled, InputError, OutputError
from ..core.messages import Message, command, option
from ..core.options import SampleOptions
from ..raster.atomic import Pending, check_output
from ..raster.class_names import read_class_names
from ..raster.georeference import pixel_area_m2
from ..raster.source import Source
from .stratified import allocate, sample_size

EXPECTED_USERS_ACCURACY = 0.8  # assumed for each class before anything is known; a lower one takes more points
_VALUES = 255  # class values are 0 to 254
_CACHE_BYTES = 32 * 2**20  # of GDAL, which would take a fraction of all memory
_PIECE_PX = (64, 1024)  # rows and columns over which the area of a pixel is taken as constant


@dataclass(frozen=True)
class Strata:
    """The classes of a map: arrays (K,). `area_ha` is NaN without a CRS."""

    values: NDArray[np.int64]
    pixels: NDArray[np.int64]
    area_ha: NDArray[np.float64]

    @property
    def weight(self) -> NDArray[np.float64]:
        """(K,) shares of the map: of its area, or without a CRS of its pixels."""
        size = self.area_ha if np.isfinite(self.area_ha).all() else self.pixels
        return size / size.sum()


def sample(options: SampleOptions, callbacks: Callbacks) -> dict:
    """Draws a stratified random sample of a class map and writes it as points with an empty field `reference`.

    Args:
        options: the map, the points' path (.gpkg), the target standard error of the overall accuracy, the smallest
            number of points per class, and a seed.
        callbacks: receive progress (in blocks of the map) and say whether to cancel.

    Returns:
        A JSON mapping: output, points, target_error, conjectured_users_accuracy, expected_error, least, seed, and per
        class value, name, pixels, area_ha (None without a CRS), weight (share of the map) and points.

    Raises:
        InputError: the map is no class map, or an option is out of range.
        OutputError: the points cannot be written.
        Cancelled: nothing was written.
    """
    if not 0.001 <= options.target_error <= 0.5:
        raise InputError(f"expected a target error of 0.001 to 0.5, found {options.target_error}")
    if options.least < 2:
        raise InputError(
            f"expected at least 2 points per class (one alone has no standard error), found {options.least}"
        )
    target = check_output(options.output, [options.input], (".gpkg",))
    pending = Pending()
    try:
        with rasterio.Env(GDAL_CACHEMAX=_CACHE_BYTES), Source(options.input) as source:
            _check(source)
            strata = count_strata(source, callbacks)
            users = np.full(len(strata.values), EXPECTED_USERS_ACCURACY)
            total = sample_size(strata.pixels, users, options.target_error)
            points = allocate(total, strata.pixels, options.least)
            names = read_class_names(source.path)
            row, column, index = draw_points(source, strata, points, options.seed, callbacks)
            part = pending.add(target)
            _write(part, source, strata, points, names, row, column, index)
        pending.commit()
    finally:
        pending.discard()
    return _answer(options, strata, points, names, users)


def _check(source: Source) -> None:
    name, dtype = Path(source.path).name, np.dtype(source.dataset.dtypes[0])
    if source.dataset.count != 1 or dtype.kind not in "iuf":
        raise InputError(
            f"expected a class layer of one band, as {command('segment')} writes it, found "
            f"{source.dataset.count} bands of {dtype} in {name}"
        )


def _answer(options: SampleOptions, strata: Strata, points: NDArray, names: dict[int, str], users: NDArray) -> dict:
    expected = float(np.sqrt((strata.weight**2 * users * (1 - users) / points).sum()))  # Olofsson et al. eq. 5
    table = [
        {
            "value": int(v),
            "name": names.get(int(v), str(v)),
            "pixels": int(n),
            "area_ha": float(a) if np.isfinite(a) else None,
            "weight": float(w),
            "points": int(p),
        }
        for v, n, a, w, p in zip(strata.values, strata.pixels, strata.area_ha, strata.weight, points, strict=True)
    ]
    return {
        "output": options.output,
        "points": int(points.sum()),
        "target_error": options.target_error,
        "conjectured_users_accuracy": EXPECTED_USERS_ACCURACY,
        "expected_error": round(expected, 6),
        "least": options.least,
        "seed": options.seed,
        "classes": table,
    }


# --- the map, block by block -------------------------------------------------------------------------------------


def _blocks(
    source: Source, callbacks: Callbacks, pass_number: int
) -> Iterator[tuple[tuple[int, int, int, int], NDArray[np.int64]]]:
    """(window, class values, -1 for nodata), block by block; `pass_number` is 0 or 1, for progress. Raises InputError,
    Cancelled."""
    windows = list(source.block_windows())
    name = Path(source.path).name
    for number, window in enumerate(windows):
        if callbacks.cancelled():
            raise Cancelled
        try:
            raw, valid = source.read([1], window)
        except OSError as error:  # rasterio's read errors are of this type
            raise InputError(f"{name} cannot be read, is it truncated? {' '.join(str(error).split())}") from error
        usable = np.isfinite(raw[0]) if valid is None else valid & np.isfinite(raw[0])
        found = raw[0][usable]
        if len(found) and (found.min() < 0 or found.max() >= _VALUES or (found != np.floor(found)).any()):
            raise InputError(
                f"expected a class layer of whole numbers 0 to 254, found {found.min():g} to "
                f"{found.max():g} in {name}: is its nodata value declared?"
            )
        values = np.full(raw[0].shape, -1, np.int64)
        values[usable] = found.astype(np.int64)
        yield window, values
        callbacks.progress(pass_number * len(windows) + number + 1, 2 * len(windows), None)


def count_strata(source: Source, callbacks: Callbacks) -> Strata:
    """Pixels and area per class of the map. Raises InputError where all is nodata, Cancelled."""
    pixels, area_m2 = np.zeros(_VALUES, np.int64), np.zeros(_VALUES)
    high, wide = _PIECE_PX
    for (column, row, width, height), values in _blocks(source, callbacks, 0):
        for y in range(0, height, high):
            for x in range(0, width, wide):
                piece = values[y : y + high, x : x + wide]
                counts = np.bincount(piece[piece >= 0], minlength=_VALUES)
                pixels += counts
                if counts.any():
                    window = (column + x, row + y, piece.shape[1], piece.shape[0])
                    area_m2 += counts * (pixel_area_m2(source.transform, source.crs, window) or np.nan)
    present = np.flatnonzero(pixels)
    if not len(present):
        raise InputError(f"expected classified pixels, found none in {Path(source.path).name}: all is nodata")
    return Strata(present, pixels[present], area_m2[present] / 1e4)


def draw_points(
    source: Source, strata: Strata, points: NDArray, seed: int, callbacks: Callbacks
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """(rows, columns, strata counted from 0), each (N,), of `points` (K,) pixels per class, in random order.
    Deterministic for a seed and a file."""
    rng = np.random.default_rng(seed)
    # positions among the pixels of each class, in the order in which blocks are read
    wanted = [np.sort(rng.choice(n, k, replace=False)) for n, k in zip(strata.pixels, points, strict=True)]
    passed = np.zeros(len(wanted), np.int64)  # pixels per class in the blocks before
    found: list[NDArray] = []
    for (column, row, width, _), values in _blocks(source, callbacks, 1):
        counts = np.bincount(values[values >= 0], minlength=_VALUES)[strata.values]
        for index, value in enumerate(strata.values):
            first, last = np.searchsorted(wanted[index], (passed[index], passed[index] + counts[index]))
            if last > first:
                places = np.flatnonzero(values == value)[wanted[index][first:last] - passed[index]]
                found.append(np.stack([row + places // width, column + places % width, np.full(len(places), index)]))
        passed += counts
    row, column, index = rng.permutation(np.concatenate(found, 1), axis=1)
    return row, column, index


# --- points out --------------------------------------------------------------------------------------------------


def _write(
    path: Path,
    source: Source,
    strata: Strata,
    points: NDArray,
    names: dict[int, str],
    row: NDArray,
    column: NDArray,
    index: NDArray,
) -> None:
    """A layer of points with the fields map_class, map_name, reference (empty), stratum_weight (share of the map),
    stratum_pixels, stratum_ha (null without a CRS), stratum_points and map_file. Raises OutputError."""
    t = source.transform
    x, y = (a * (column + 0.5) + b * (row + 0.5) + c for a, b, c in ((t.a, t.b, t.c), (t.d, t.e, t.f)))
    map_names = np.array([names.get(int(v), str(v)) for v in strata.values], object)
    fields: dict[str, Any] = {
        "map_class": strata.values.astype(np.int32)[index],
        "map_name": map_names[index],
        "reference": np.full(len(index), None, object),
        "stratum_weight": strata.weight[index],
        "stratum_pixels": strata.pixels[index],
        "stratum_ha": strata.area_ha[index],
        "stratum_points": points.astype(np.int32)[index],
        "map_file": np.full(len(index), Path(source.path).name, object),
    }
    try:  # GeoPackage 1.3, since GDAL 3.6, as in QGIS, warns about newer versions
        with warnings.catch_warnings():  # without a CRS the points have the map's own coordinates
            warnings.filterwarnings("ignore", ".*'crs' was not provided.*")
            pyogrio.raw.write(
                path,
                shapely.to_wkb(shapely.points(x, y)),
                list(fields.values()),
                list(fields),
                layer="points",
                driver="GPKG",
                geometry_type="Point",
                crs=source.crs.to_wkt() if source.crs else None,
                dataset_options={"VERSION": "1.3"},
            )
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, OSError) as error:
        raise OutputError(f"cannot write {path.name}: {error}") from error


def format_sample_summary(answer: dict) -> str:
    """What `sample` returns as text: points per class, and what to do next."""
    width = max(9, *(len(entry["name"]) for entry in answer["classes"]))
    lines = [
        f"{answer['output']}: {answer['points']} points; with user's accuracies of "
        f"{EXPECTED_USERS_ACCURACY:.0%} the overall accuracy will have a standard error of about "
        f"{answer['expected_error']:.3f}",
        f"{'class':>5} {'name':{width}} {'pixels':>12} {'ha':>12} {'share':>7} {'points':>7}",
    ]
    for entry in answer["classes"]:
        area = "-" if entry["area_ha"] is None else f"{entry['area_ha']:.1f}"
        lines.append(
            f"{entry['value']:5} {entry['name']:{width}} {entry['pixels']:12} {area:>12} "
            f"{entry['weight']:7.1%} {entry['points']:7}"
        )
    return "\n".join(
        [
            *lines,
            Message(
                "fill in the field `reference`, then: ofa evaluate HEAD RASTER "
                f"{option('labels', Path(answer['output']).name)} -o report.html"
            ),
        ]
    )
