"""What a confusion matrix says: accuracies, F1, IoU, kappa. Rows are the reference, columns the map.

User's accuracy of a class: the share of what the map calls so that is so (precision); producer's accuracy: the share
of what is so that the map calls so (recall). Congalton (1991), Remote Sensing of Environment 37.
"""

from collections.abc import Sequence

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
    users, producers = ratio(hits, mapped), ratio(hits, reference)
    f1, iou = ratio(2 * hits, reference + mapped), ratio(hits, reference + mapped - hits)
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


def ratio(above: NDArray, below: NDArray) -> NDArray[np.float64]:
    return np.divide(above, below, out=np.full(len(above), np.nan), where=below > 0)


def _mean(values: NDArray) -> float | None:
    return _plain(np.nanmean(values)) if np.isfinite(values).any() else None


def _plain(value: float) -> float | None:
    return round(float(value), 6) if np.isfinite(value) else None


def _list(values: Sequence[float] | NDArray) -> list[float | None]:
    return [_plain(value) for value in values]
