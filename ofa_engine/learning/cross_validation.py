"""Cross-validation by groups: what was held out, how it was classified, and how sure a head may be of itself.

Folds keep groups (polygons, or blocks of a raster) whole, so that spatial autocorrelation does not inflate the score.
The same folds calibrate the confidence with a temperature (Guo et al. 2017, arXiv 1706.04599).
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from sklearn.model_selection import StratifiedGroupKFold

from .metrics import confusion, scores

FOLDS = 5


@dataclass(frozen=True)
class Folds:
    """Which samples are held out together."""

    pairs: list[tuple[NDArray, NDArray]]  # (training samples, test samples); none with too few groups to validate
    unscored: tuple[int, ...]  # classes that occur in one group only

    @property
    def tested(self) -> NDArray[np.int64]:
        """The samples that some fold holds out."""
        return np.concatenate([test for _, test in self.pairs]) if self.pairs else np.zeros(0, np.int64)


@dataclass(frozen=True)
class Validation:
    """How samples were classified by the fit without their group."""

    folds: int
    unscored: tuple[int, ...]
    score: float | None  # mean IoU; None with too few groups to validate
    matrix: NDArray[np.float64]  # (K, K) confusion that it comes from
    predicted: NDArray[np.int64]  # (N,) class, -1 for samples that were never held out
    temperature: float  # divisor of the logits that calibrates their softmax


def grouped_folds(index: NDArray, group: NDArray, classes: int, seed: int) -> Folds:
    """Folds of samples with class `index` (N,) and `group` (N,). A class that occurs in a single group is in the
    training set of every fold and in no test set."""
    groups = [np.unique(group[index == k]) for k in range(classes)]
    single = tuple(k for k in range(classes) if len(groups[k]) == 1)
    several = [len(g) for g in groups if len(g) > 1]
    if len(several) < 2:
        return Folds([], single)
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
    return Folds(folds, single)


def validate(logits: NDArray, index: NDArray, weight: NDArray, folds: Folds) -> Validation:
    """Scores of held-out logits.

    Args:
        logits: (N, K), of each sample from the fold that holds it out.
        index: (N,) classes from 0.
        weight: (N,) sample weights.
        folds: of these samples.
    """
    classes, tested = logits.shape[1], folds.tested
    predicted = np.full(len(index), -1)
    predicted[tested] = logits[tested].argmax(1)
    matrix = confusion(index[tested], predicted[tested], classes, weight[tested])
    if not len(tested):
        return Validation(0, folds.unscored, None, matrix, predicted, 1.0)
    score = scores(matrix, folds.unscored)["miou"] or 0.0
    temperature = _temperature(logits[tested], index[tested], weight[tested])
    return Validation(len(folds.pairs), folds.unscored, score, matrix, predicted, temperature)


def moments(features: NDArray, weight: NDArray) -> tuple[NDArray, NDArray]:
    """(mean, standard deviation) of features (N, F), each (F,), to standardise them."""
    share = weight / weight.sum()
    mean = np.einsum("n,nf->f", share, features, dtype=np.float64)  # without a copy in float64
    square = np.einsum("n,nf,nf->f", share, features, features, dtype=np.float64)
    std = np.sqrt(np.maximum(square - mean**2, 0))
    return mean, np.where(std > 1e-6, std, 1.0)  # a constant feature becomes 0 and has no effect


def _temperature(logits: NDArray, index: NDArray, weight: NDArray) -> float:
    """The divisor of the logits that minimises the negative log-likelihood of held-out samples; within 1/20 to 20."""

    def loss(log_t: float) -> float:
        log_likelihood = log_softmax(logits / np.exp(log_t), 1)[np.arange(len(index)), index]
        return -float(np.average(log_likelihood, weights=weight))

    return float(np.exp(minimize_scalar(loss, bounds=(-3.0, 3.0), method="bounded").x))


def best_of(validations: Sequence[Validation]) -> int:
    """The number of the one that scores best; of equal ones the first."""
    return max(range(len(validations)), key=lambda i: (round(validations[i].score or 0.0, 4), -i))
