"""Multinomial logistic regression on frozen features, regularised as blocked cross-validation suggests."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from .cross_validation import Folds, Validation, best_of, grouped_folds, moments, validate

STRENGTHS = (1e-2, 1e-1, 1.0, 10.0)  # C of scikit-learn: inverse regularisation strength
# Samples of one polygon or block are correlated: beyond this number, more of them do not outweigh the penalty
INDEPENDENT = 5000


@dataclass(frozen=True)
class LogisticFit:
    """Logits are features @ weight.T + bias."""

    weight: NDArray[np.float64]  # (K, F)
    bias: NDArray[np.float64]  # (K,)
    strength: float
    validation: Validation


def fit_logistic(
    features: NDArray,
    index: NDArray,
    group: NDArray,
    weight: NDArray,
    classes: int,
    seed: int = 0,
    check_cancelled: Callable[[], None] = lambda: None,
    scale: NDArray | None = None,
) -> LogisticFit:
    """Fits a classifier; deterministic for a seed.

    Args:
        features: (N, F).
        index: (N,) classes from 0.
        group: (N,) the group of each sample; a group is never split between training and test.
        weight: (N,) sample weights.
        classes: K.
        seed: of the folds.
        check_cancelled: called before each single fit; it may raise to cancel.
        scale: (F,) factors for the standardised features. A smaller scale means a stronger penalty, by its inverse
            square.

    Raises:
        ValueError: fewer than two classes occur.
    """
    if len(np.unique(index)) < 2:
        raise ValueError("expected labels of at least two classes, found one")
    mean, std = moments(features, weight)
    if scale is not None:
        std = std / scale
    x = ((features - mean) / std).astype(np.float32)
    folds = grouped_folds(index, group, classes, seed)
    logits = _held_out_logits(x, index, weight, classes, folds, check_cancelled)
    validations = [validate(found, index, weight, folds) for found in logits]
    best = best_of(validations) if folds.pairs else 1
    strength, validation = STRENGTHS[best], validations[best]
    check_cancelled()
    w, b = _solve(x, index, weight, classes, [strength])[0]
    w, b = w / validation.temperature, b / validation.temperature
    w = w / std
    return LogisticFit(w, b - w @ mean, strength, validation)


def _held_out_logits(
    x: NDArray,
    index: NDArray,
    weight: NDArray,
    classes: int,
    folds: Folds,
    check_cancelled: Callable[[], None],
) -> NDArray:
    """(strengths, N, K) logits of each sample, from the fold in which its group was held out."""
    logits = np.zeros((len(STRENGTHS), len(x), classes))
    for train, test in folds.pairs:
        check_cancelled()
        solved = _solve(x[train], index[train], weight[train], classes, STRENGTHS)
        for number, (w, b) in enumerate(solved):
            logits[number][test] = x[test] @ w.T + b
    return logits


def _solve(
    x: NDArray, index: NDArray, weight: NDArray, classes: int, strengths: Sequence[float]
) -> list[tuple[NDArray, NDArray]]:
    """(weight (K, F), bias (K,)) for each strength, each fit warm-started from the one before. Classes that do not
    occur get a bias that rules them out."""
    occurring = np.unique(index)
    weight = weight * (len(weight) / weight.sum())
    model = LogisticRegression(max_iter=150, tol=1e-3, warm_start=True)
    solutions = []
    for strength in strengths:
        model.C = strength * min(1.0, INDEPENDENT / len(x))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # the held-out score is what counts
            model.fit(x, index, sample_weight=weight)
        w, b = model.coef_, model.intercept_
        if len(occurring) == 2:  # scikit-learn keeps one row for two classes
            w, b = np.concatenate([-w, w]) / 2, np.concatenate([-b, b]) / 2
        full_w, full_b = np.zeros((classes, x.shape[1])), np.full(classes, -30.0)
        full_w[occurring], full_b[occurring] = w, b
        solutions.append((full_w, full_b))
    return solutions
