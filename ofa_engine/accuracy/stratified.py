"""Survey sampling: accuracies and areas of a map, estimated from a stratified random sample of points.

After Olofsson et al. (2014), Remote Sensing of Environment 148, 42-57; equation numbers are theirs. The strata are the
map's classes.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..learning.metrics import ratio

Z_95 = 1.96  # half-width of a 95 % interval, in standard errors


@dataclass(frozen=True)
class Estimates:
    """Estimates for the whole map with their standard errors; NaN where undefined (a class that the map does not have
    has no user's accuracy, a stratum with one point no standard error). Arrays are (K,)."""

    cells: NDArray[
        np.float64
    ]  # (K, K) estimated shares of the map's area by reference (rows) and mapped class; sums to 1
    overall: float
    overall_se: float
    users: NDArray[np.float64]
    users_se: NDArray[np.float64]
    producers: NDArray[np.float64]
    producers_se: NDArray[np.float64]
    share: NDArray[np.float64]  # of the map's area, error-adjusted
    share_se: NDArray[np.float64]


def stratified_estimates(counts: NDArray, size: NDArray) -> Estimates:
    """Estimates from points drawn at random within each mapped class.

    Args:
        counts: (K, K) points by reference (rows) and mapped class (columns).
        size: (K,) mapped area (or pixels) per class, 0 for a class that the map does not have.

    Strata without points are excluded: the estimates then hold for the rest of the map. Raises ValueError where no
    stratum has points.
    """
    points = counts.sum(0).astype(np.float64)
    sampled = (points > 0) & (size > 0)
    if not sampled.any():
        raise ValueError("expected points in at least one class of the map, found none")
    weight = np.where(sampled, size, 0.0) / size[sampled].sum()
    rate = np.where(
        sampled, counts / np.maximum(points, 1), 0.0
    )  # share of a stratum (column) that belongs to a class (row)
    spread = np.full(rate.shape, np.nan)  # variance of the rate
    np.divide(rate * (1 - rate), points - 1, out=spread, where=points > 1)
    spread[:, ~sampled] = 0.0
    cells = weight * rate  # eq. 4
    variances = weight**2 * spread
    own, share = np.diag(variances), cells.sum(1)
    users = np.where(sampled, np.diag(rate), np.nan)
    producers = ratio(np.diag(cells), share)
    others = variances.sum(1) - own
    return Estimates(
        cells,
        float(np.trace(cells)),
        float(np.sqrt(own.sum())),  # eq. 1 and 5
        users,
        np.where(sampled, np.sqrt(np.diag(spread)), np.nan),  # eq. 2 and 6
        producers,
        np.sqrt(ratio((1 - producers) ** 2 * own + producers**2 * others, share**2)),  # eq. 3 and 7
        share,
        np.sqrt(variances.sum(1)),  # eq. 9 and 10
    )


def sample_size(pixels: NDArray, users: NDArray, target_error: float) -> int:
    """Points that a stratified sample needs for the standard error `target_error` of the overall accuracy, if classes
    of `pixels` (K,) have the user's accuracies `users` (K,): eq. 13, with Cochran's finite population correction."""
    weight = pixels / pixels.sum()
    deviation = np.sqrt(users * (1 - users))
    return math.ceil((weight @ deviation) ** 2 / (target_error**2 + weight @ deviation**2 / pixels.sum()))


def allocate(total: int, pixels: NDArray, least: int) -> NDArray[np.int64]:
    """(K,) points per class: proportional to `pixels` (K,), but at least `least` and at most all of a class. Rounded
    up, so that the sum may exceed `total` by a few."""
    floor = np.minimum(least, pixels)
    free = np.ones(len(pixels), bool)  # classes with a proportional share
    share = np.zeros(len(pixels))
    while free.any():
        share = np.maximum(total - floor[~free].sum(), 0) * pixels / pixels[free].sum()
        short = free & (share < floor)
        if not short.any():
            break
        free &= ~short
    return np.where(free, np.minimum(np.ceil(share), pixels), floor).astype(np.int64)
