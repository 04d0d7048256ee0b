"""Linear heads on frozen features: logistic regression by L-BFGS, and heads that are trained by steps."""

import copy
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ofa_engine.core.errors import InputError
from training.console import progress
from training.probes.scores import metric_of
from training.probes.task import FeatureSet

STRENGTHS = tuple(10.0**e for e in range(-5, 3))  # scikit-learn's C, for standardised features
MAX_ITERATIONS = 1000


# --- heads: logistic regression ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class LogisticHead:
    """Logistic regression on standardised features: softmax over classes, or one sigmoid per class for multilabel."""

    mean: NDArray  # (D,)
    scale: NDArray  # (D,)
    weight: NDArray  # (K, D)
    bias: NDArray  # (K,); -inf for a class that is missing in the train split
    multilabel: bool
    strength: float  # scikit-learn's C
    converged: bool

    def scores(self, x: NDArray) -> NDArray[np.float64]:
        """(N, D) to probabilities (N, K)."""
        logits = ((x - self.mean) / self.scale) @ self.weight.T + self.bias
        if self.multilabel:
            return 1 / (1 + np.exp(-np.clip(logits, -700, 700)))
        odds = np.exp(logits - logits.max(1, keepdims=True))
        return odds / odds.sum(1, keepdims=True)


def fit_logistic(
    train: FeatureSet, valid: FeatureSet, *, with_valid: bool = False, strengths: Sequence[float] = STRENGTHS
) -> LogisticHead:
    """Logistic regression by L-BFGS, with the penalty that is best on the validation split.

    Strengths are tried from the strongest penalty on, until two in a row are worse than the best; of equally good ones
    the strongest penalty is taken. The problem is convex: it has one solution.

    Args:
        train: features (N, D) with labels (N,), or (N, K) for multilabel.
        valid: the same of the validation split, scored by accuracy or micro F1.
        with_valid: fit on both splits once the strength is chosen.
        strengths: scikit-learn's C.
    """
    x, y = np.asarray(train[0], np.float64), np.asarray(train[1])
    kind = "multilabel" if y.ndim == 2 else "classify"
    classes = y.shape[1] if y.ndim == 2 else int(max(y.max(), np.max(valid[1]))) + 1
    best, strength, worse = -1.0, strengths[0], 0
    warm: dict[int, Any] = {}
    for candidate in progress(sorted(strengths), "strength of the penalty"):
        model = _fit(x, y, classes, candidate, warm)
        value = metric_of(kind, [(model.scores(valid[0]), valid[1])])
        worse = 0 if value > best else worse + (value < best)
        if value > best:
            best, strength = value, candidate
        if worse == 2:
            break
    if with_valid:
        x, y = np.concatenate([x, valid[0]]), np.concatenate([y, valid[1]])
    return _fit(x, y, classes, strength, {})


def _fit(x: NDArray, y: NDArray, classes: int, strength: float, warm: dict[int, Any]) -> LogisticHead:
    """`warm` keeps the models of weaker strengths, from which this one starts."""
    mean, scale = x.mean(0), x.std(0)
    scale = np.where(scale > 1e-9, scale, 1.0)
    z = (x - mean) / scale
    weight, bias = np.zeros((classes, x.shape[1])), np.full(classes, -np.inf)
    if y.ndim == 2:
        all_converged = True
        for k in progress(range(classes), "one against the rest"):
            if 0 < y[:, k].sum() < len(y):
                _, coefficients, intercept, converged = _lbfgs(z, y[:, k] > 0.5, strength, warm, k)
                weight[k], bias[k], all_converged = coefficients[0], intercept[0], all_converged and converged
            elif y[:, k].any():
                bias[k] = np.inf
    elif len(present := np.unique(y)) == 1:
        bias[present], all_converged = 0.0, True
    else:
        present, coefficients, intercept, all_converged = _lbfgs(z, y, strength, warm, 0)
        if len(present) == 2:  # scikit-learn keeps one row for two classes
            coefficients = np.concatenate([np.zeros_like(coefficients), coefficients])
            intercept = np.concatenate([np.zeros_like(intercept), intercept])
        weight[present], bias[present] = coefficients, intercept
    return LogisticHead(mean, scale, weight, bias, y.ndim == 2, strength, all_converged)


def _lbfgs(
    z: NDArray, y: NDArray, strength: float, warm: dict[int, Any], key: int
) -> tuple[NDArray, NDArray, NDArray, bool]:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    if key not in warm:
        warm[key] = LogisticRegression(tol=1e-5, max_iter=MAX_ITERATIONS, warm_start=True)
    model = warm[key].set_params(C=strength)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        model.fit(z, y)
    converged = not any(issubclass(w.category, ConvergenceWarning) for w in caught)
    return model.classes_, model.coef_.copy(), model.intercept_.copy(), converged


# --- heads: trained by steps ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class HeadRecipe:
    """How a head is fitted. `optimizer` "": SGD for classes, AdamW for pixels; 0: the recipe's default."""

    name: str = "fast"  # fast or paper
    optimizer: str = ""
    lr: float = 0.0
    epochs: int = 0
    batch: int = 64
    weight_decay: float = 0.0
    patience: int = 0  # stop after so many epochs without a better validation score; 0: never
    augment: bool = False  # flips of the train split, drawn for each sample and epoch
    with_valid: bool = False  # logistic regression: fitted on train and validation once its strength is chosen

    def resolved(self, kind: str) -> "HeadRecipe":
        """With the defaults filled in. Raises InputError."""
        if self.name not in ("fast", "paper") or self.optimizer not in ("", "sgd", "adamw"):
            found = f"{self.name}, {self.optimizer}"
            raise InputError(f"expected recipe fast or paper, optimizer sgd or adamw, found {found}")
        if self.logistic(kind):
            if self.augment or self.optimizer or self.lr or self.epochs:
                raise InputError("expected --recipe paper for augmentation, optimizer, rate or epochs, found fast")
            return self
        pixels, paper = kind == "segment", self.name == "paper"
        # the paper states two rates; 1e-2 is read as that of classes, 1e-4 as that of pixels
        return replace(
            self,
            optimizer=self.optimizer or ("adamw" if pixels else "sgd"),
            lr=self.lr or (1e-2 if not pixels else 1e-4 if paper else 2e-3),
            epochs=self.epochs or (50 if paper else 40),
            patience=self.patience or (0 if paper else 6),
        )

    def logistic(self, kind: str) -> bool:
        return self.name == "fast" and kind != "segment"


FAST, PAPER = HeadRecipe(), HeadRecipe("paper")


class TokenHead(nn.Module):
    """Batch normalisation and K linear scores: (B, D) to (B, K), or, with a size, (B, L, D) to (B, K, H, W) by bilinear
    up-sampling of the tokens' scores (a 1x1 convolution and up-sampling can change places)."""

    def __init__(self, width: int, classes: int):
        super().__init__()
        self.norm = nn.BatchNorm1d(width)
        self.linear = nn.Linear(width, classes)
        nn.init.normal_(self.linear.weight, std=0.01)
        nn.init.zeros_(self.linear.bias)

    def forward(self, x: Tensor, size_px: Sequence[int] = ()) -> Tensor:
        scores = self.linear(self.norm(x.flatten(0, -2))).unflatten(0, x.shape[:-1])
        if not size_px:
            return scores
        side = round(x.shape[1] ** 0.5)
        maps = scores.transpose(1, 2).unflatten(2, (side, side))  # (B, K, grid, grid)
        return F.interpolate(maps, size=tuple(size_px), mode="bilinear", align_corners=False)


_LOSS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "classify": F.cross_entropy,
    "multilabel": F.binary_cross_entropy_with_logits,
    # a batch without any labelled pixel has the loss 0, not NaN
    "segment": lambda scores, y: (
        F.cross_entropy(scores, y.long(), ignore_index=-1, reduction="sum") / (y >= 0).sum().clamp_min(1)
    ),
}


def fit_steps(
    views: Sequence[FeatureSet],
    valid: FeatureSet,
    kind: str,
    classes: int,
    recipe: HeadRecipe,
    seed: int,
    device: torch.device,
) -> tuple[TokenHead, int]:
    """Trains a head by steps; the weights of the epoch that is best on the validation split are taken.

    Args:
        views: the train split and flipped versions of it; each sample of an epoch comes from one of them at random.
        valid: validation split.
        kind: classify, multilabel or segment.
        classes: number of classes.
        recipe: resolved for the kind.
        seed: of initial weights and order; the same seed gives the same head on a CPU.
        device: where the head is trained.

    Returns:
        (head, its epoch, from 1).
    """
    count, width = len(views[0][0]), views[0][0].shape[-1]
    if kind == "segment" and round(views[0][0].shape[1] ** 0.5) ** 2 != views[0][0].shape[1]:
        raise InputError(f"expected a square grid of tokens to segment, found {views[0][0].shape[1]} tokens")
    rng = np.random.default_rng(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        head = TokenHead(width, classes).to(device)
    optimizer: torch.optim.Optimizer
    if recipe.optimizer == "sgd":
        optimizer = torch.optim.SGD(head.parameters(), recipe.lr, momentum=0.9, weight_decay=recipe.weight_decay)
    else:
        optimizer = torch.optim.AdamW(head.parameters(), recipe.lr, weight_decay=recipe.weight_decay)
    steps = recipe.epochs * len(batch_slices(count, recipe.batch))
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    best, state, best_epoch = -1.0, head.state_dict(), 0
    for epoch in progress(range(1, recipe.epochs + 1), "training the head"):
        order, view = rng.permutation(count), rng.integers(0, len(views), count)
        head.train()
        for part in batch_slices(count, recipe.batch):
            x, y = _pick(views, order[part], view[part], device)
            loss = _LOSS[kind](head(x, y.shape[1:] if kind == "segment" else ()), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        value = metric_of(kind, head_scores(head, valid, kind, recipe.batch, device))
        if value > best:
            best, best_epoch, state = value, epoch, copy.deepcopy(head.state_dict())
        if recipe.patience and epoch - best_epoch >= recipe.patience:
            break
    head.load_state_dict(state)
    return head.eval(), best_epoch


def batch_slices(count: int, batch: int) -> list[slice]:
    """Batches; a single sample at the end joins the batch before, since batch normalisation needs two."""
    starts = list(range(0, count, batch))
    if len(starts) > 1 and count - starts[-1] == 1:
        starts.pop()
    return [slice(a, b) for a, b in zip(starts, [*starts[1:], count], strict=True)]


def _pick(views: Sequence[FeatureSet], numbers: NDArray, view: NDArray, device: torch.device) -> tuple[Tensor, Tensor]:
    """A batch, each sample from its own view."""
    groups = [(v, np.sort(numbers[view == v])) for v in np.unique(view)]
    x = np.concatenate([views[v][0][rows] for v, rows in groups])
    y = np.concatenate([views[v][1][rows] for v, rows in groups])
    return torch.from_numpy(x).to(device).float(), torch.from_numpy(y).to(device)


def head_scores(
    head: TokenHead, data: FeatureSet, kind: str, batch: int, device: torch.device
) -> Iterator[tuple[NDArray, NDArray]]:
    """Probabilities (B, K) or (B, K, H, W) with labels, batch by batch."""
    head.eval()
    for start in range(0, len(data[0]), batch):
        x, y = (part[start : start + batch] for part in data)
        with torch.inference_mode():
            scores = head(torch.from_numpy(np.array(x)).to(device).float(), y.shape[1:] if kind == "segment" else ())
            scores = scores.sigmoid() if kind == "multilabel" else scores.softmax(1)
        yield scores.cpu().numpy(), y
