"""Multinomial logistic regression on frozen features, regularised as blocked cross-validation suggests.

Folds keep groups (polygons, or blocks of a raster) whole, so that spatial autocorrelation does not inflate the score.
The same folds calibrate the confidence with a temperature (Guo et al. 2017, arXiv 1706.04599).
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold

from .metrics import confusion, scores

STRENGTHS = (1e-2, 1e-1, 1.0, 10.0)  # C of scikit-learn: inverse regularisation strength
# Samples of one polygon or block are correlated: beyond this number, more of them do not outweigh the penalty
INDEPENDENT = 5000
FOLDS = 5


@dataclass(frozen=True)
class LogisticFit:
    """Logits are features @ weight.T + bias. `score` is the cross-validated mean IoU, None with too few groups to
    validate; `matrix` (K, K) is the confusion matrix it comes from."""

    weight: NDArray[np.float64]  # (K, F)
    bias: NDArray[np.float64]  # (K,)
    strength: float
    temperature: float
    score: float | None
    matrix: NDArray[np.float64]
    folds: int
    unscored: tuple[int, ...]  # classes that occur in one group only


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
    mean, std = _moments(features, weight)
    if scale is not None:
        std = std / scale
    x = ((features - mean) / std).astype(np.float32)
    folds, unscored = grouped_folds(index, group, classes, seed)
    strength, temperature, score, matrix = STRENGTHS[1], 1.0, None, np.zeros((classes, classes))
    if folds:
        logits = _held_out_logits(x, index, weight, classes, folds, check_cancelled)
        tested = np.concatenate([test for _, test in folds])
        matrices = [confusion(index[tested], found[tested].argmax(1), classes, weight[tested]) for found in logits]
        miou = [scores(m, unscored)["miou"] or 0.0 for m in matrices]
        best = max(range(len(miou)), key=lambda i: (round(miou[i], 4), -i))
        strength, score, matrix = STRENGTHS[best], miou[best], matrices[best]
        temperature = _temperature(logits[best][tested], index[tested], weight[tested])
    check_cancelled()
    w, b = _solve(x, index, weight, classes, [strength])[0]
    w, b = w / temperature, b / temperature
    w = w / std
    return LogisticFit(w, b - w @ mean, strength, temperature, score, matrix, len(folds), unscored)


def _moments(features: NDArray, weight: NDArray) -> tuple[NDArray, NDArray]:
    mean = np.average(features, axis=0, weights=weight)
    std = np.sqrt(np.average((features - mean) ** 2, axis=0, weights=weight))
    return mean, np.where(std > 1e-6, std, 1.0)  # a constant feature becomes 0 and has no effect


def grouped_folds(
    index: NDArray, group: NDArray, classes: int, seed: int
) -> tuple[list[tuple[NDArray, NDArray]], tuple[int, ...]]:
    """([(training samples, test samples)], classes that cannot be scored). A class that occurs in a single group is in
    the training set of every fold and in no test set."""
    groups = [np.unique(group[index == k]) for k in range(classes)]
    single = tuple(k for k in range(classes) if len(groups[k]) == 1)
    several = [len(g) for g in groups if len(g) > 1]
    if len(several) < 2:
        return [], single
    pool = np.flatnonzero(~np.isin(index, single))
    count = max(2, min(FOLDS, *several))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a class with fewer groups than folds is missing in some
        parts = StratifiedGroupKFold(count, shuffle=True, random_state=seed).split(pool, index[pool], group[pool])
        tests = [pool[test] for _, test in parts if len(test)]
    folds = []
    for test in tests:
        train = np.setdiff1d(np.arange(len(index)), test)
        train = train[~np.isin(group[train], group[test])]  # these may also hold unscored classes
        if len(np.unique(index[train])) > 1:
            folds.append((train, test))
    return folds, single


def _held_out_logits(
    x: NDArray,
    index: NDArray,
    weight: NDArray,
    classes: int,
    folds: Sequence[tuple[NDArray, NDArray]],
    check_cancelled: Callable[[], None],
) -> NDArray:
    """(strengths, N, K) logits of each sample, from the fold in which its group was held out."""
    logits = np.zeros((len(STRENGTHS), len(x), classes))
    for train, test in folds:
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


def _temperature(logits: NDArray, index: NDArray, weight: NDArray) -> float:
    """The divisor of the logits that minimises the negative log-likelihood of held-out samples; within 1/20 to 20."""

    def loss(log_t: float) -> float:
        log_likelihood = log_softmax(logits / np.exp(log_t), 1)[np.arange(len(index)), index]
        return -float(np.average(log_likelihood, weights=weight))

    return float(np.exp(minimize_scalar(loss, bounds=(-3.0, 3.0), method="bounded").x))
