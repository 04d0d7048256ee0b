"""What a stratified random sample of points says of the whole map: Olofsson et al. (2014), Remote Sensing of
Environment 148, 42-57; equation numbers below are theirs.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..learning.metrics import ratio

Z_95 = 1.96  # standard errors on each side of a 95 % interval


@dataclass(frozen=True)
class Stratified:
    """Estimates for the whole map, each with its standard error; NaN where there is none (a class that is no stratum
    has no user's accuracy, a stratum with one point no error). Arrays are (K,)."""

    cells: NDArray[np.float64]  # (K, K) estimated share of the map by reference (rows) and mapped class; sums to 1
    overall: float
    overall_se: float
    users: NDArray[np.float64]
    users_se: NDArray[np.float64]
    producers: NDArray[np.float64]
    producers_se: NDArray[np.float64]
    share: NDArray[np.float64]  # of the map's area that is so, whatever the map says
    share_se: NDArray[np.float64]


def stratified(counts: NDArray, size: NDArray) -> Stratified:
    """`counts` (K, K) points by reference (rows) and mapped class (columns), drawn at random within each mapped class;
    `size` (K,) each one's mapped area, or pixels, 0 where the map does not have it.

    Strata without points are left out: the estimates are of the rest of the map. Raises ValueError without points.
    """
    points = counts.sum(0).astype(np.float64)
    sampled = (points > 0) & (size > 0)
    if not sampled.any():
        raise ValueError("expected points in at least one class of the map, found none")
    weight = np.where(sampled, size, 0.0) / size[sampled].sum()
    rate = np.where(sampled, counts / np.maximum(points, 1), 0.0)  # of stratum i (column) that is j (row)
    spread = np.full(rate.shape, np.nan)  # variance of a rate
    np.divide(rate * (1 - rate), points - 1, out=spread, where=points > 1)
    spread[:, ~sampled] = 0.0
    cells = weight * rate  # eq. 4
    variances = weight**2 * spread
    own, share = np.diag(variances), cells.sum(1)
    users = np.where(sampled, np.diag(rate), np.nan)
    producers = ratio(np.diag(cells), share)
    others = variances.sum(1) - own
    return Stratified(
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
    """Points that a stratified sample needs for a standard error `target_error` of the overall accuracy, where a class
    of `pixels` (K,) has the user's accuracy `users` (K,): eq. 13, with Cochran's correction for a finite map."""
    weight = pixels / pixels.sum()
    deviation = np.sqrt(users * (1 - users))
    return math.ceil((weight @ deviation) ** 2 / (target_error**2 + weight @ deviation**2 / pixels.sum()))


def allocate(total: int, pixels: NDArray, least: int) -> NDArray[np.int64]:
    """(K,) points a class: in proportion to its `pixels`, but `least` at least, and never more than it has. Rounded
    up, so that together they may be a few more than `total`."""
    floor = np.minimum(least, pixels)
    free = np.ones(len(pixels), bool)  # classes that get their proportion
    share = np.zeros(len(pixels))
    while free.any():
        share = np.maximum(total - floor[~free].sum(), 0) * pixels / pixels[free].sum()
        short = free & (share < floor)
        if not short.any():
            break
        free &= ~short
    return np.where(free, np.minimum(np.ceil(share), pixels), floor).astype(np.int64)
