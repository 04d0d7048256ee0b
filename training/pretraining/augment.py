"""Masks and augmentation on the device, from random numbers that depend on seed, epoch and sample alone: never on rank,
batch or earlier draws. So any number of processes, and a resumed run, get the same masks and crops.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from ofa_engine.core.sensors import Sensor
from ofa_engine.model.preprocess import normalise, to_canonical

_MASK, _CROP = 0, 1  # independent streams of random numbers


def _mix(x: Tensor) -> Tensor:
    """The finaliser of splitmix64 (Steele et al. 2014) on int64, which wraps as unsigned numbers do."""
    x = (x ^ _shift(x, 30)) * -4658895280553007687  # 0xbf58476d1ce4e5b9
    x = (x ^ _shift(x, 27)) * -7723592293110705685  # 0x94d049bb133111eb
    return x ^ _shift(x, 31)


def _shift(x: Tensor, bits: int) -> Tensor:
    return (x >> bits) & ((1 << (64 - bits)) - 1)  # a logical shift


def uniform(seed: int, epoch: int, samples: Tensor, count: int, stream: int) -> Tensor:
    """(B, count) uniform random numbers in 0..1 for sample numbers (B,) int64; float32 with 24 random bits."""
    key = torch.tensor([seed, epoch, stream], dtype=torch.int64, device=samples.device)
    state = torch.zeros((), dtype=torch.int64, device=samples.device)
    for part in key:
        state = _mix(state * 31 + part + 0x9E3779B9)
    row = _mix(state + samples * 2862933555777941757)[:, None]
    column = torch.arange(count, device=samples.device)[None]
    return _shift(_mix(row + _mix(column + 7046029254386353087)), 40).float() / 2**24


def mask_noise(seed: int, epoch: int, samples: Tensor, tokens: int) -> Tensor:
    """(B, tokens) noise for `MaskedAutoencoder`: the tokens with the largest values are masked."""
    return uniform(seed, epoch, samples, tokens, _MASK)


def prepare_batch(
    raw: Tensor,
    sensor: Sensor,
    present: Sequence[int],
    units: str,
    nodata: float | None,
    statistics: tuple[Sequence[float], Sequence[float]],
    dtype: torch.dtype,
) -> Tensor:
    """Stored values to normalised pixels; missing values become the band's mean.

    Args:
        raw: (B, C, H, W) stored values of the bands `present`.
        sensor: whose bands they are.
        present: 0-based embedder bands that the C channels hold.
        units: of the stored values.
        nodata: stored value that marks a missing one; NaN always does.
        statistics: (mean, std) of each of the sensor's bands in its canonical unit.
        dtype: of the result.

    Returns:
        (B, C, H, W) pixels with zero mean and unit variance per band.
    """
    pixels = raw.to(dtype)
    if nodata is not None and not math.isnan(nodata):
        pixels = pixels.masked_fill(pixels == nodata, float("nan"))
    mean, std = statistics
    canonical = to_canonical(pixels, sensor, units)
    return normalise(canonical, [mean[i] for i in present], [std[i] for i in present])


def random_resized_crop(
    pixels: Tensor, size_px: int, seed: int, epoch: int, samples: Tensor, scale: tuple[float, float], flip: bool = True
) -> Tensor:
    """A random part of each image, resized bilinearly; half of them are mirrored. The distribution is that of
    torchvision's RandomResizedCrop, but a whole batch is cropped at once.

    Args:
        pixels: (B, C, H, W).
        size_px: side of the crops.
        seed, epoch: of the run.
        samples: (B,) sample numbers.
        scale: smallest and largest share of an image's area; the aspect ratio is 3/4 to 4/3.
        flip: mirror half of the crops.

    Returns:
        (B, C, size_px, size_px).
    """
    b, _, height, width = pixels.shape
    u = uniform(seed, epoch, samples, 5, _CROP).to(pixels.dtype)  # (B, 5)
    w, h, x, y = crop_boxes(u, scale)
    mirror = torch.where(u[:, 4] < 0.5, -1.0, 1.0).to(pixels.dtype) if flip else torch.ones_like(x)
    zero = torch.zeros_like(x)
    theta = torch.stack([torch.stack([w * mirror, zero, x], 1), torch.stack([zero, h, y], 1)], 1)  # (B, 2, 3)
    grid = F.affine_grid(theta, [b, 1, size_px, size_px], align_corners=False)
    return F.grid_sample(pixels, grid, mode="bilinear", padding_mode="reflection", align_corners=False)


def crop_boxes(u: Tensor, scale: tuple[float, float]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Random parts of an image: `scale` times its area, with an aspect ratio of 3/4 to 4/3.

    Args:
        u: (B, 4 or more) uniform random numbers in 0..1.
        scale: smallest and largest share of the area.

    Returns:
        Width and height as shares of the image, and the centre's x and y in -1..1, (B,) each.
    """
    area = scale[0] + (scale[1] - scale[0]) * u[:, 0]
    aspect = torch.exp((2 * u[:, 1] - 1) * math.log(4 / 3))
    w, h = (area * aspect).sqrt().clamp_max(1), (area / aspect).sqrt().clamp_max(1)
    x, y = (2 * u[:, 2] - 1) * (1 - w), (2 * u[:, 3] - 1) * (1 - h)
    return w, h, x, y
