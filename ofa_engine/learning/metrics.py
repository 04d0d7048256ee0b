"""What a confusion matrix says: accuracies, F1, IoU, kappa. Rows are the reference, columns the map.

User's accuracy of a class: the share of what the map calls so that is so (precision); producer's accuracy: the share
of what is so that the map calls so (recall). Congalton (1991), Remote Sensing of Environment 37.

And what a stratified random sample of points says of the whole map: Olofsson et al. (2014), Remote Sensing of
Environment 148, 42-57; equation numbers below are theirs.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


def confusion(reference: NDArray, mapped: NDArray, classes: int, weight: NDArray | None = None) -> NDArray[np.float64]:
    """(K, K) sums of `weight` (1 each by default) by reference class (rows) and mapped class; indices from 0."""
    matrix = np.bincount(reference * classes + mapped, weight, minlength=classes**2)
    return matrix.reshape(classes, classes).astype(np.float64)


def scores(matrix: NDArray, left_out: Sequence[int] = ()) -> dict:
    """Of a confusion matrix (K, K): accuracy, kappa, miou (over classes that occur), macro_f1, and a list a class of
    users, producers, f1 and iou (None where a class occurs nowhere). Classes `left_out` count in no mean."""
    hits, reference, mapped = np.diag(matrix), matrix.sum(1), matrix.sum(0)
    total = matrix.sum()
    users, producers = _ratio(hits, mapped), _ratio(hits, reference)
    f1, iou = _ratio(2 * hits, reference + mapped), _ratio(hits, reference + mapped - hits)
    for values in (f1, iou):
        values[list(left_out)] = np.nan
    accuracy = hits.sum() / total if total else float("nan")
    by_chance = (reference * mapped).sum() / total**2 if total else float("nan")
    kappa = (accuracy - by_chance) / (1 - by_chance) if by_chance < 1 else float("nan")
    return {
        "accuracy": _plain(accuracy),
        "kappa": _plain(kappa),
        "miou": _mean(iou),
        "macro_f1": _mean(f1),
        "users": _list(users),
        "producers": _list(producers),
        "f1": _list(f1),
        "iou": _list(iou),
    }


def _ratio(above: NDArray, below: NDArray) -> NDArray[np.float64]:
    return np.divide(above, below, out=np.full(len(above), np.nan), where=below > 0)


def _mean(values: NDArray) -> float | None:
    return _plain(np.nanmean(values)) if np.isfinite(values).any() else None


def _plain(value: float) -> float | None:
    return round(float(value), 6) if np.isfinite(value) else None


def _list(values: Sequence[float] | NDArray) -> list[float | None]:
    return [_plain(value) for value in values]


# --- stratified random samples ------------------------------------------------------------------------------------

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
    producers = _ratio(np.diag(cells), share)
    others = variances.sum(1) - own
    return Stratified(
        cells,
        float(np.trace(cells)),
        float(np.sqrt(own.sum())),  # eq. 1 and 5
        users,
        np.where(sampled, np.sqrt(np.diag(spread)), np.nan),  # eq. 2 and 6
        producers,
        np.sqrt(_ratio((1 - producers) ** 2 * own + producers**2 * others, share**2)),  # eq. 3 and 7
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
