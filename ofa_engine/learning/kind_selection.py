"""The kind of head, chosen by cross-validation: `linear` sees tokens, `linear+pixels` also the pixel's own bands."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..core.callbacks import Callbacks
from ..core.errors import Cancelled
from ..model.heads import KINDS
from .features import Samples
from .logistic import LogisticFit, fit_logistic

# Scale of token features relative to the pixel's own bands. Tokens are many and nearly constant over a polygon: with
# equal penalties they would explain everything, and the pixel nothing. (For tiles there is no such pixel.)
TOKEN_SCALE = 0.1


@dataclass(frozen=True)
class SelectedKind:
    """The kind that was chosen and its fit."""

    kind: str
    fitted: LogisticFit
    tried: dict[str, float | None]  # cross-validated mean IoU by kind


def select_kind(samples: Samples, classes: int, task: str, kind: str, seed: int, callbacks: Callbacks) -> SelectedKind:
    """Fits the requested kind, or with "auto" both, and keeps the one that scores better. Raises Cancelled."""

    def check_cancelled() -> None:
        if callbacks.cancelled():
            raise Cancelled

    fits: dict[str, LogisticFit] = {}
    weight = balanced(samples.index, samples.weight, classes)
    for candidate in KINDS if kind == "auto" else (kind,):
        x, scale = samples.tokens, None
        if candidate == "linear+pixels":
            x = np.concatenate([samples.tokens, samples.pixels], 1)
            if task == "segment":
                scale = np.where(np.arange(x.shape[1]) < samples.tokens.shape[1], TOKEN_SCALE, 1.0)
        callbacks.log("info", f"cross-validating a head of kind {candidate}: {len(x)} samples, {x.shape[1]} features")
        fits[candidate] = fit_logistic(x, samples.index, samples.group, weight, classes, seed, check_cancelled, scale)
    best = max(fits, key=lambda k: (fits[k].score or 0.0, k == "linear"))
    return SelectedKind(best, fits[best], {k: f.score for k, f in fits.items()})


def balanced(index: NDArray, weight: NDArray, classes: int) -> NDArray[np.float64]:
    """(N,) weights halfway between the labels' own class shares and equal ones: a class counts with the square root of
    its share."""
    totals = np.bincount(index, weight, minlength=classes)
    return weight / np.sqrt(np.maximum(totals, 1e-9))[index]
