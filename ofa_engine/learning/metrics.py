"""Scores of a confusion matrix: accuracies, F1, IoU, kappa. Rows are the reference, columns the map.

User's accuracy of a class is its precision: the share of what the map assigns to the class that belongs to it.
Producer's accuracy is its recall: the share of the class that the map finds. Congalton (1991), Remote Sensing of
Environment 37.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def confusion(reference: NDArray, mapped: NDArray, classes: int, weight: NDArray | None = None) -> NDArray[np.float64]:
    """(K, K) sums of `weight` (by default 1 per sample) by reference class (rows) and mapped class (columns), both (N,)
    and counted from 0."""
    matrix = np.bincount(reference * classes + mapped, weight, minlength=classes**2)
    return matrix.reshape(classes, classes).astype(np.float64)


def scores(matrix: NDArray, excluded: Sequence[int] = ()) -> dict:
    """Scores of a confusion matrix (K, K): accuracy, kappa, miou and macro_f1 (means over the classes that occur), and
    per class users, producers, f1 and iou (None where undefined). `excluded` classes have no f1 and iou and count in no
    mean. All are rounded to six digits."""
    hits, reference, mapped = np.diag(matrix), matrix.sum(1), matrix.sum(0)
    total = matrix.sum()
    users, producers = ratio(hits, mapped), ratio(hits, reference)
    f1, iou = ratio(2 * hits, reference + mapped), ratio(hits, reference + mapped - hits)
    for values in (f1, iou):
        values[list(excluded)] = np.nan
    accuracy = hits.sum() / total if total else float("nan")
    chance = (reference * mapped).sum() / total**2 if total else float("nan")
    kappa = (accuracy - chance) / (1 - chance) if chance < 1 else float("nan")
    return {
        "accuracy": _rounded(accuracy),
        "kappa": _rounded(kappa),
        "miou": _mean(iou),
        "macro_f1": _mean(f1),
        "users": _rounded_list(users),
        "producers": _rounded_list(producers),
        "f1": _rounded_list(f1),
        "iou": _rounded_list(iou),
    }


def ratio(numerator: NDArray, denominator: NDArray) -> NDArray[np.float64]:
    """(K,) NaN where the denominator is 0."""
    return np.divide(numerator, denominator, out=np.full(len(numerator), np.nan), where=denominator > 0)


def _mean(values: NDArray) -> float | None:
    return _rounded(np.nanmean(values)) if np.isfinite(values).any() else None


def _rounded(value: float) -> float | None:
    return round(float(value), 6) if np.isfinite(value) else None


def _rounded_list(values: Sequence[float] | NDArray) -> list[float | None]:
    return [_rounded(value) for value in values]
