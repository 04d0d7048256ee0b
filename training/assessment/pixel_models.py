"""What an analyst would use without a model: random forests and logistic regression on pixels."""

import warnings
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

TREES = 100
TRAINING_PIXELS = 20_000  # of all scenes together: as many as `ofa fit` takes
WINDOWS_PX = (5, 11, 25)  # of local means and deviations

Features = Callable[[NDArray], NDArray]  # (C, H, W) with NaN where missing, to (F, H, W)


def bands(pixels: NDArray) -> NDArray[np.float32]:
    """(C, H, W), 0 where missing."""
    return np.nan_to_num(pixels).astype(np.float32, copy=False)


def bands_and_surroundings(pixels: NDArray) -> NDArray[np.float32]:
    """Each band with its means and standard deviations in three windows: (C, H, W) to (7C, H, W)."""
    values = bands(pixels).astype(np.float64)
    parts = [values]
    for side in WINDOWS_PX:
        mean, square = (uniform_filter(v, (1, side, side), mode="reflect") for v in (values, values**2))
        parts += [mean, np.sqrt(np.maximum(square - mean**2, 0))]
    return np.concatenate(parts).astype(np.float32)


class PixelModel(NamedTuple):
    """A scikit-learn classifier on features of pixels, not yet fitted."""

    name: str
    features: Features
    estimator: Callable[[int], Any]  # of a seed


PIXEL_MODELS = {
    "forest": PixelModel("random forest, pixels", bands, lambda seed: RandomForestClassifier(TREES, random_state=seed)),
    "forest-local": PixelModel(
        "random forest, pixels + local statistics",
        bands_and_surroundings,
        lambda seed: RandomForestClassifier(TREES, random_state=seed),
    ),
    "logistic": PixelModel(
        "logistic regression, pixels",
        bands,
        lambda seed: make_pipeline(StandardScaler(), LogisticRegression(max_iter=300)),
    ),
}


def fit_pixel_model(
    model: PixelModel, scenes: Iterable[tuple[NDArray, NDArray]], count: int, seed: int
) -> Callable[[NDArray], NDArray]:
    """Fits to labelled pixels of scenes.

    Args:
        model: what to fit.
        scenes: `count` pairs of pixels (C, H, W) and class indices (H, W), -1 where unlabelled.
        count: of scenes.
        seed: of the pixels drawn and of the estimator.

    Returns:
        A function from pixels (C, H, W) to class indices (H, W).
    """
    rng = np.random.default_rng(seed)
    most = max(200, 4 * TRAINING_PIXELS // count)
    rows, labels = [], []
    for pixels, truth in scenes:
        known = np.flatnonzero(truth >= 0)
        known = rng.choice(known, most, replace=False) if len(known) > most else known
        rows.append(model.features(pixels).reshape(-1, truth.size)[:, known].T)
        labels.append(truth.ravel()[known])
    x, y = np.concatenate(rows), np.concatenate(labels)
    if len(y) > TRAINING_PIXELS:
        chosen = _balanced_draw(y, TRAINING_PIXELS, rng)
        x, y = x[chosen], y[chosen]
    estimator = model.estimator(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        estimator.fit(x, y)

    def predict(pixels: NDArray) -> NDArray:
        features = model.features(pixels)
        return estimator.predict(features.reshape(len(features), -1).T).reshape(features.shape[1:])

    return predict


def _balanced_draw(y: NDArray, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Positions of `count` samples, in which a class counts with the square root of its share, as in `ofa fit`."""
    weight = 1 / np.sqrt(np.bincount(y))[y]
    return rng.choice(len(y), count, replace=False, p=weight / weight.sum())
