"""Features without a trained model, as rows beside backbones: statistics of the image, and random patches of images."""

import hashlib
from collections.abc import Sequence
from itertools import combinations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ofa_engine.core.errors import InputError
from ofa_engine.model import preprocess
from training.probes.task import ProbeTask

INPUT_PX = 64
_SCALES = (1, 2, 4, 8)
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_SMALL = 0.02  # added before logarithms: about one grey level of normalised 8-bit images


class _WithoutModel:
    """What both have in common: no statistics of their own, and a fingerprint of their settings."""

    input_px = INPUT_PX
    device = torch.device("cpu")

    def statistics(self, sensor: str) -> tuple[Sequence[float], Sequence[float]]:
        raise InputError("expected --normalise task for features without a model, found checkpoint")


class ImageStatistics(_WithoutModel):
    """Hand-made statistics of an image as its only token; 72 for three bands."""

    name = "image statistics"

    def fingerprint(self, sensor: str) -> str:
        return f"{self.name}, version 1"

    def tokens(self, pixels: Tensor, sensor: str, present: Sequence[int]) -> Tensor:
        return image_statistics(pixels)[:, None]


def image_statistics(x: Tensor) -> Tensor:
    """Statistics of normalised pixels (B, C, H, W) as (B, 20 C + 4 pairs of bands), 72 for three bands: moments and
    quantiles; at four scales logarithms of the mean gradient and of the mean local deviation, and correlations of
    bands; at the three finer scales the logarithm of the range."""
    flat = x.flatten(2)
    mean, std = flat.mean(2), flat.std(2)
    z = (flat - mean[..., None]) / (std[..., None] + _SMALL)
    quantiles = torch.quantile(flat, torch.tensor(_QUANTILES), dim=2).permute(1, 2, 0).flatten(1)  # (B, 5 C)
    parts = [mean, std, z.pow(3).mean(2), z.pow(4).mean(2), quantiles]
    pairs = list(combinations(range(x.shape[1]), 2))
    for scale in _SCALES:
        y = F.avg_pool2d(x, scale)
        gradient = (y.diff(dim=2).abs().mean((2, 3)) + y.diff(dim=3).abs().mean((2, 3))) / 2
        variance = (F.avg_pool2d(y**2, 2) - F.avg_pool2d(y, 2) ** 2).clamp_min(0)  # of blocks of 2 x 2
        parts += [(gradient + _SMALL).log(), (variance.sqrt().mean((2, 3)) + _SMALL).log()]
        centred = y.flatten(2) - y.flatten(2).mean(2, keepdim=True)
        unit = centred / (centred.norm(dim=2, keepdim=True) + _SMALL)
        if pairs:
            parts.append(torch.stack([(unit[:, i] * unit[:, j]).sum(1) for i, j in pairs], 1))
        if scale < _SCALES[-1]:
            parts.append((y.flatten(2).amax(2) - y.flatten(2).amin(2) + _SMALL).log())
    return torch.cat(parts, 1)


class RandomPatches(_WithoutModel):
    """Random convolutional features (Rolf et al. 2021, Nature Communications 12:4392): whitened patches of training
    images are the filters of one convolution; its positive and negative parts are averaged in a grid of tokens."""

    name = "random patches"

    def __init__(self, task: ProbeTask, seed: int, patches: int = 256, patch_px: int = 6, grid: int = 8):
        """
        Args:
            task: from whose train split patches are drawn.
            seed: of the draw.
            patches: filters; features are twice as many.
            patch_px: side of a patch in the resized image.
            grid: tokens per side.
        """
        rng = np.random.default_rng(seed)
        drawn = _draw_patches(task, rng, max(10 * patches, 2000), patch_px)  # (N, C k k)
        self._mean = drawn.mean(0)
        centred = drawn - self._mean
        values, vectors = torch.linalg.eigh(centred.T @ centred / len(drawn))
        whiten = vectors @ torch.diag((values.clamp_min(0) + 0.1 * values.mean()).rsqrt()) @ vectors.T
        chosen = F.normalize(centred[torch.from_numpy(rng.permutation(len(drawn))[:patches])] @ whiten, dim=1)
        bands = len(task.bands)
        self._filters = (chosen @ whiten).unflatten(1, (bands, patch_px, patch_px))
        self._offset = -(chosen @ whiten) @ self._mean
        self._grid = grid

    def fingerprint(self, sensor: str) -> str:
        return hashlib.sha256(self._filters.numpy().tobytes() + f"{self._grid}".encode()).hexdigest()

    def tokens(self, pixels: Tensor, sensor: str, present: Sequence[int]) -> Tensor:
        found = F.conv2d(pixels, self._filters, self._offset)  # (B, patches, h, w)
        mean = F.adaptive_avg_pool2d(found, self._grid)
        positive = F.adaptive_avg_pool2d(found.clamp_min_(0), self._grid)
        # the negative part is what the positive one has too much: no second large array
        both = torch.cat([positive, (positive - mean).clamp_min(0)], 1)
        return both.flatten(2).transpose(1, 2)  # (B, grid^2, 2 patches)


def _draw_patches(task: ProbeTask, rng: np.random.Generator, count: int, patch_px: int) -> Tensor:
    """(count, C k k) of normalised, resized images of the train split."""
    images, rows = task.splits["train"], []
    numbers = rng.integers(0, len(images), min(count, 2 * len(images), 1000))
    per_image = -(-count // len(numbers))
    for number in numbers:
        pixels = torch.from_numpy(np.ascontiguousarray(images[int(number)][0], np.float32))[None]
        x = preprocess.resize(preprocess.normalise(pixels, task.mean, task.std), INPUT_PX)[0]
        for row, column in rng.integers(0, INPUT_PX - patch_px + 1, (per_image, 2)):
            rows.append(x[:, row : row + patch_px, column : column + patch_px].flatten())
    return torch.stack(rows[:count])
