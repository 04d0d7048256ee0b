"""The weights of a head with a hidden layer, from labelled samples, in a second or so.

Analysts draw polygons inside of areas, so that hardly a sample sees what an outline looks like, but a map is full of
them. Most training samples are therefore mixed with another one, as they would be near an outline at a random distance:
the pixel's own bands stay, the means of its windows become those of both sides by their shares of the window, the
standard deviations follow from these, and the token features, which reach further, become a blend of any proportion.
The label stays that of the pixel. Without this a hidden layer learns that a pixel and its window always agree.

All folds of the cross-validation and the head itself are fitted at once, in the steps of one batched product.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from ..model.pixel_head import HIDDEN, WINDOWS, deviation_of, variance_of
from .cross_validation import Folds, Validation, grouped_folds, moments, validate
from .features import Samples

BATCH = 128  # samples per step and network
# Steps: few and fixed, instead of stopping early, so that nothing has to be held out from the head itself
LEAST_STEPS, TIMES_SEEN = 200, 4  # as many steps as it takes to see each sample so often on average
LEARNING_RATE, WEIGHT_DECAY = 5e-3, 1e-2
MIXED = 0.8  # of the samples
REACH_PX = 8.0  # from an outline, of mixed samples
TOKEN_SCALE = 0.2  # of standardised token features, see `kind_selection.TOKEN_SCALE`


@dataclass(frozen=True)
class PixelMLPFit:
    """Weights of a `PixelMLPHead`, for the bands that the samples have."""

    token_weight: NDArray[np.float64]  # (M, D)
    pixel_weight: NDArray[np.float64]  # (M, F)
    hidden_bias: NDArray[np.float64]  # (M,)
    weight: NDArray[np.float64]  # (K, M)
    bias: NDArray[np.float64]  # (K,)
    validation: Validation


def fit_pixel_mlp(
    samples: Samples,
    weight: NDArray,
    classes: int,
    seed: int = 0,
    check_cancelled: Callable[[], None] = lambda: None,
    mixed: float = MIXED,
) -> PixelMLPFit:
    """Fits tokens, pixels and surroundings of samples; deterministic for a seed.

    Args:
        samples: labelled pixels.
        weight: (N,) sample weights.
        classes: K.
        seed: of folds, first weights and the choice of samples.
        check_cancelled: called before each step; it may raise to cancel.
        mixed: share of the training samples that are mixed as near an outline.
    """
    folds = grouped_folds(samples.index, samples.group, classes, seed)
    features = np.concatenate([samples.tokens, samples.pixels, samples.surroundings], 1)
    width, bands = samples.tokens.shape[1], samples.pixels.shape[1]
    mean, std = moments(features, weight)
    std[:width] /= TOKEN_SCALE
    mixer = _Mixer(torch.from_numpy(features).float(), torch.from_numpy(mean), torch.from_numpy(std), width, bands)
    weights = _first_weights(len(folds.pairs) + 1, features.shape[1], classes, seed)
    _train(weights, mixer, _chances(folds, weight), torch.from_numpy(samples.index), seed, check_cancelled, mixed)
    validation = validate(_held_out_logits(weights, mixer.features, folds), samples.index, weight, folds)
    first, hidden_bias, second, bias = (v[-1].detach().double().numpy() for v in weights)
    first = first / std[:, None]
    return PixelMLPFit(
        first[:width].T,
        first[width:].T,
        hidden_bias[0] - mean @ first,
        second.T / validation.temperature,
        bias[0] / validation.temperature,
        validation,
    )


def _first_weights(count: int, inputs: int, classes: int, seed: int) -> list[Tensor]:
    """Of R networks with one hidden layer, one per fold and one for all samples, which all start alike: weights
    (R, F, M) and (R, M, K), each followed by its bias."""
    generator = torch.Generator().manual_seed(seed)
    weights = []
    for fan_in, outputs in ((inputs, HIDDEN), (HIDDEN, classes)):
        for rows in (fan_in, 1):
            start = (2 * torch.rand(rows, outputs, generator=generator) - 1) * fan_in**-0.5
            weights.append(start.repeat(count, 1, 1).requires_grad_())
    return weights


def _logits(x: Tensor, weights: Sequence[Tensor]) -> Tensor:
    """(R, N, F) to (R, N, K)."""
    first, hidden_bias, second, bias = weights
    return torch.baddbmm(bias, F.relu(torch.baddbmm(hidden_bias, x, first)), second)


class _Mixer:
    """Standardised features (N, F) of samples, alone or mixed in pairs."""

    def __init__(self, features: Tensor, mean: Tensor, std: Tensor, width: int, bands: int):
        self.features = (features - mean.float()) / std.float()
        self.tokens = slice(0, width)
        self.windows = []
        for number, window in enumerate(WINDOWS):
            start = width + bands + 2 * bands * number
            means, deviations = slice(start, start + bands), slice(start + bands, start + 2 * bands)
            raw = features[:, means], variance_of(features[:, deviations])
            scale = mean[deviations].float(), std[deviations].float()
            self.windows.append((window, means, deviations, raw, scale))

    def mixed(self, ours: Tensor, others: Tensor, outline: Tensor, generator: torch.Generator) -> Tensor:
        """(R, B, F) of samples `ours` (R, B), where `outline` (R, B, 1) is true mixed with `others` (R, B)."""
        x, other = self.features[ours], self.features[others]
        random = torch.rand(outline.shape, generator=generator)
        x[..., self.tokens].lerp_(other[..., self.tokens], random * outline)
        distance = torch.rand(outline.shape, generator=generator) * REACH_PX
        for window, means, deviations, (mean, variance), (shift, scale) in self.windows:
            share = (0.5 - distance / window).clamp(min=0) * outline  # of the window, on the other side
            between = share * (1 - share) * (mean[ours] - mean[others]).square()
            within = torch.lerp(variance[ours], variance[others], share)
            x[..., means].lerp_(other[..., means], share)
            x[..., deviations] = (deviation_of(within + between) - shift) / scale
        return x


def _chances(folds: Folds, weight: NDArray) -> Tensor:
    """(R, N) cumulative chances of the samples in the training sets of all folds, and of all samples: drawn by weight,
    the loss needs none."""
    everything = np.arange(len(weight))
    sums = []
    for train in [*(train for train, _ in folds.pairs), everything]:
        mine = np.zeros(len(weight))
        mine[train] = weight[train]
        sums.append(mine.cumsum() / mine.sum())
    return torch.from_numpy(np.stack(sums))


def _train(
    weights: Sequence[Tensor],
    mixer: _Mixer,
    chances: Tensor,
    index: Tensor,
    seed: int,
    check_cancelled: Callable[[], None],
    mixed: float,
) -> None:
    generator = torch.Generator().manual_seed(seed)
    steps = max(LEAST_STEPS, TIMES_SEEN * len(index) // BATCH)
    optimizer = torch.optim.AdamW(weights, lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, steps, pct_start=0.1)
    shape = (len(chances), BATCH)

    def drawn() -> Tensor:
        at = torch.rand(shape, generator=generator, dtype=torch.float64)
        return torch.searchsorted(chances, at, right=True).clamp(max=chances.shape[1] - 1)

    for _ in range(steps):
        check_cancelled()
        ours, others = drawn(), drawn()
        outline = (torch.rand(*shape, 1, generator=generator) < mixed).float()
        logits = _logits(mixer.mixed(ours, others, outline, generator), weights)
        loss = len(chances) * F.cross_entropy(logits.flatten(0, 1), index[ours].flatten())  # a mean for each network
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()


@torch.no_grad()
def _held_out_logits(weights: Sequence[Tensor], features: Tensor, folds: Folds) -> NDArray[np.float64]:
    """(N, K) logits of each sample, from the network of the fold in which its group was held out."""
    logits = np.zeros((len(features), weights[-1].shape[2]))
    for number, (_, test) in enumerate(folds.pairs):
        mine = [weight[number : number + 1] for weight in weights]
        logits[test] = _logits(features[torch.from_numpy(test)][None], mine)[0].numpy()
    return logits
