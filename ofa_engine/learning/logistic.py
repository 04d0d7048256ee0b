"""Multinomial logistic regression on frozen features, its strength chosen by blocked cross-validation.

Folds hold whole groups (polygons, or blocks of the raster), so that no score is earned by remembering a place; the
same folds calibrate the confidence by a temperature (Guo et al. 2017, arXiv 1706.04599).
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

STRENGTHS = (1e-2, 1e-1, 1.0, 10.0)  # C of scikit-learn: the larger, the closer to the training samples
# Samples of a polygon or block repeat each other: from here on, more of them do not outweigh the penalty
INDEPENDENT = 5000
FOLDS = 5


@dataclass(frozen=True)
class Fitted:
    """Logits are features @ weight.T + bias. `score` is the cross-validated mean IoU (None where there are too few
    groups to validate); `matrix` (K, K) the confusion it comes from."""

    weight: NDArray[np.float64]  # (K, F)
    bias: NDArray[np.float64]  # (K,)
    strength: float
    temperature: float
    score: float | None
    matrix: NDArray[np.float64]
    folds: int
    unscored: tuple[int, ...]  # classes of one group only


def fit(
    features: NDArray,
    index: NDArray,
    group: NDArray,
    weight: NDArray,
    classes: int,
    seed: int = 0,
    tick: Callable[[], None] = lambda: None,
    trust: NDArray | None = None,
) -> Fitted:
    """`features` (N, F), class `index` (N,) from 0, `group` (N,), `weight` (N,). Deterministic for a seed.

    `trust` (F,) makes some features cheaper to use than others: each is scaled by it after standardisation, and so
    penalised by its inverse square. `tick` is called before each single fit: it may raise to cancel. Raises ValueError
    for fewer than two classes.
    """
    if len(np.unique(index)) < 2:
        raise ValueError("expected labels of at least two classes, found one")
    mean, std = _moments(features, weight)
    if trust is not None:
        std = std / trust
    x = ((features - mean) / std).astype(np.float32)
    folds, unscored = split(index, group, classes, seed)
    strength, temperature, score, matrix = STRENGTHS[1], 1.0, None, np.zeros((classes, classes))
    if folds:
        logits = _held_out_logits(x, index, weight, classes, folds, tick)
        tested = np.concatenate([test for _, test in folds])
        matrices = [confusion(index[tested], found[tested].argmax(1), classes, weight[tested]) for found in logits]
        marks = [scores(m, unscored)["miou"] or 0.0 for m in matrices]
        best = max(range(len(marks)), key=lambda i: (round(marks[i], 4), -i))
        strength, score, matrix = STRENGTHS[best], marks[best], matrices[best]
        temperature = _temperature(logits[best][tested], index[tested], weight[tested])
    tick()
    w, b = _solve(x, index, weight, classes, [strength])[0]
    w, b = w / temperature, b / temperature
    w = w / std
    return Fitted(w, b - w @ mean, strength, temperature, score, matrix, len(folds), unscored)


def _moments(features: NDArray, weight: NDArray) -> tuple[NDArray, NDArray]:
    mean = np.average(features, axis=0, weights=weight)
    std = np.sqrt(np.average((features - mean) ** 2, axis=0, weights=weight))
    return mean, np.where(std > 1e-6, std, 1.0)  # a constant feature stays out: its weight has nothing to hold to


def split(
    index: NDArray, group: NDArray, classes: int, seed: int
) -> tuple[list[tuple[NDArray, NDArray]], tuple[int, ...]]:
    """([(training, test samples)], classes that are not scored). A class whose samples all lie in one group is trained
    on in every fold and tested in none."""
    groups = [np.unique(group[index == k]) for k in range(classes)]
    single = tuple(k for k in range(classes) if len(groups[k]) == 1)
    several = [len(g) for g in groups if len(g) > 1]
    if len(several) < 2:
        return [], single
    pool = np.flatnonzero(~np.isin(index, single))
    count = max(2, min(FOLDS, *several))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of a class with fewer groups than folds: a fold goes without
        parts = StratifiedGroupKFold(count, shuffle=True, random_state=seed).split(pool, index[pool], group[pool])
        tests = [pool[test] for _, test in parts if len(test)]
    folds = []
    for test in tests:
        train = np.setdiff1d(np.arange(len(index)), test)
        train = train[~np.isin(group[train], group[test])]  # groups of a class that is not scored, too
        if len(np.unique(index[train])) > 1:
            folds.append((train, test))
    return folds, single


def _held_out_logits(
    x: NDArray,
    index: NDArray,
    weight: NDArray,
    classes: int,
    folds: Sequence[tuple[NDArray, NDArray]],
    tick: Callable[[], None],
) -> NDArray:
    """(strengths, N, K) logits of each sample from the fold that has not seen its group."""
    logits = np.zeros((len(STRENGTHS), len(x), classes))
    for train, test in folds:
        tick()
        solved = _solve(x[train], index[train], weight[train], classes, STRENGTHS)
        for number, (w, b) in enumerate(solved):
            logits[number][test] = x[test] @ w.T + b
    return logits


def _solve(
    x: NDArray, index: NDArray, weight: NDArray, classes: int, strengths: Sequence[float]
) -> list[tuple[NDArray, NDArray]]:
    """(weight (K, F), bias (K,)) for each strength, each from the solution before. Classes that do not occur get a
    bias that keeps them out."""
    there = np.unique(index)
    weight = weight * (len(weight) / weight.sum())
    model = LogisticRegression(max_iter=150, tol=1e-3, warm_start=True)
    answers = []
    for strength in strengths:
        model.C = strength * min(1.0, INDEPENDENT / len(x))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # near enough: what counts is the held-out score
            model.fit(x, index, sample_weight=weight)
        w, b = model.coef_, model.intercept_
        if len(there) == 2:  # scikit-learn keeps one row for two classes
            w, b = np.concatenate([-w, w]) / 2, np.concatenate([-b, b]) / 2
        full_w, full_b = np.zeros((classes, x.shape[1])), np.full(classes, -30.0)
        full_w[there], full_b[there] = w, b
        answers.append((full_w, full_b))
    return answers


def _temperature(logits: NDArray, index: NDArray, weight: NDArray) -> float:
    """Divides logits so that held-out samples are the most likely under them; within 1/20 to 20."""

    def loss(log_t: float) -> float:
        likely = log_softmax(logits / np.exp(log_t), 1)[np.arange(len(index)), index]
        return -float(np.average(likely, weights=weight))

    return float(np.exp(minimize_scalar(loss, bounds=(-3.0, 3.0), method="bounded").x))
