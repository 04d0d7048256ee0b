"""The kind of head, chosen by cross-validation: `linear` sees tokens, `linear+pixels` also the pixel's own bands, and
`mlp+pixels` its surroundings, too, with a hidden layer between."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # scikit-learn brings it

from ..core.callbacks import Callbacks
from ..core.errors import Cancelled
from ..model.heads import KINDS
from .cross_validation import Validation
from .features import Samples
from .logistic import LogisticFit, fit_logistic
from .metrics import confusion, scores
from .pixel_mlp import MIXED, PixelMLPFit, fit_pixel_mlp

# Scale of token features relative to the pixel's own bands. Tokens are many and nearly constant over a polygon: with
# equal penalties they would explain everything, and the pixel nothing. (For tiles there is no such pixel.)
TOKEN_SCALE = 0.1
# Mean IoU, cross-validated over a few polygons: less is noise. Kinds differ most where areas meet, which the insides of
# polygons do not show, and those that see more of the pixels are better there.
NOISE = 0.02


@dataclass(frozen=True)
class SelectedKind:
    """The kind that was chosen and its fit."""

    kind: str
    fitted: LogisticFit | PixelMLPFit
    tried: dict[str, float | None]  # by kind, the cross-validated mean IoU that decided, see `_deciding_score`


def select_kind(samples: Samples, classes: int, task: str, kind: str, seed: int, callbacks: Callbacks) -> SelectedKind:
    """Fits the requested kind, or with "auto" all of the task, and keeps the one that scores best, of equal ones the
    simplest. With polygons it is the one that sees most out of all that score up to `NOISE` less than the best. Raises
    Cancelled."""
    weight = balanced(samples.index, samples.weight, classes)
    fits: dict[str, LogisticFit | PixelMLPFit] = {}
    for candidate in KINDS[task] if kind == "auto" else (kind,):
        callbacks.log("info", f"cross-validating a head of kind {candidate}: {len(weight)} samples")
        with _one_thread():
            fits[candidate] = _fit(candidate, samples, weight, classes, task, seed, callbacks)
    tried = {k: _deciding_score(fitted.validation, samples, weight, classes) for k, fitted in fits.items()}
    best = max(fits, key=lambda k: tried[k] or 0.0)
    if samples.edge.any():
        best = [k for k in fits if (tried[k] or 0.0) >= (tried[best] or 0.0) - NOISE][-1]
    return SelectedKind(best, fits[best], tried)


def _fit(
    kind: str, samples: Samples, weight: NDArray, classes: int, task: str, seed: int, callbacks: Callbacks
) -> LogisticFit | PixelMLPFit:
    def check_cancelled() -> None:
        if callbacks.cancelled():
            raise Cancelled

    if kind == "mlp+pixels":
        outlines_seen = not samples.edge.any()  # label rasters have pixels on both sides of outlines
        return fit_pixel_mlp(samples, weight, classes, seed, check_cancelled, 0.0 if outlines_seen else MIXED)
    x, scale = samples.tokens, None
    if kind == "linear+pixels":
        x = np.concatenate([samples.tokens, samples.pixels], 1)
        if task == "segment":
            scale = np.where(np.arange(x.shape[1]) < samples.tokens.shape[1], TOKEN_SCALE, 1.0)
    return fit_logistic(x, samples.index, samples.group, weight, classes, seed, check_cancelled, scale)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Fits consist of thousands of products too small to be shared: threads gain little on them, and where other work
    takes a core they wait for each other most of the time."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        torch.set_num_threads(before)


def _deciding_score(validation: Validation, samples: Samples, weight: NDArray, classes: int) -> float | None:
    """The cross-validated mean IoU in which the pixels at the outlines of a class's polygons count together as much as
    those inside: most of a polygon is easy for any head, and outlines are where maps differ."""
    if validation.score is None:
        return None
    tested = validation.predicted >= 0
    index, edge, weight = samples.index[tested], samples.edge[tested], weight[tested].copy()
    at_edge, inside = (np.bincount(index[part], weight[part], minlength=classes) for part in (edge, ~edge))
    both = (at_edge > 0) & (inside > 0)
    half = np.where(both, (at_edge + inside) / 2, 1.0)
    for part, total in ((edge, at_edge), (~edge, inside)):
        weight[part] *= (half / np.where(both, total, 1.0))[index[part]]
    matrix = confusion(index, validation.predicted[tested], classes, weight)
    return scores(matrix, validation.unscored)["miou"]


def balanced(index: NDArray, weight: NDArray, classes: int) -> NDArray[np.float64]:
    """(N,) weights halfway between the labels' own class shares and equal ones: a class counts with the square root of
    its share."""
    totals = np.bincount(index, weight, minlength=classes)
    return weight / np.sqrt(np.maximum(totals, 1e-9))[index]
