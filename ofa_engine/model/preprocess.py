"""From a raster's values to an embedder's input: the one implementation for preparing samples, pretraining, fitting
heads and inference. NaN means "missing value" until `normalise` fills it."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from ..core.sensors import Sensor, conversion

_DECIBELS = {"decibel of power": 10.0, "decibel of amplitude": 20.0}  # of a factor of ten
_LEAST_DB = -60.0  # under any calibrated backscatter; keeps zeros finite


def to_canonical(pixels: Tensor, sensor: Sensor, units: str) -> Tensor:
    """Float pixels in `units` to the sensor's canonical unit. NaN stays NaN. Raises SensorError for a foreign unit."""
    way = conversion(sensor, units)
    if way.function:
        decibels = _DECIBELS[way.function]
        pixels = decibels * torch.log10(pixels.clamp_min(10.0 ** (_LEAST_DB / decibels)))
    if (way.scale, way.offset) != (1.0, 0.0):
        pixels = (pixels * way.scale).add_(way.offset)
    return torch.pow(10.0, pixels / _DECIBELS[way.inverse]).clamp_(max=way.most) if way.inverse else pixels


def normalise(pixels: Tensor, mean: Sequence[float], std: Sequence[float], in_place: bool = False) -> Tensor:
    """Pixels in canonical units to zero mean and unit variance per band; missing values become the band's mean.

    Args:
        pixels: (B, C, H, W), NaN where missing.
        mean, std: per band, in the canonical unit.
        in_place: overwrite the pixels. With hundreds of bands memory for a copy takes longer to get than to fill.
    """
    shape = (1, -1, 1, 1)
    center = torch.tensor(mean, dtype=pixels.dtype, device=pixels.device).view(shape)
    scale = torch.tensor(std, dtype=pixels.dtype, device=pixels.device).view(shape)
    centered = pixels.sub_(center) if in_place else pixels - center
    return centered.div_(scale).nan_to_num_(nan=0.0, posinf=0.0, neginf=0.0)


def resize(pixels: Tensor, size_px: int) -> Tensor:
    """(B, C, h, w) to (B, C, size_px, size_px), bilinear, with low-pass filter when shrinking; a no-op at that size."""
    if pixels.shape[-2:] == (size_px, size_px):
        return pixels
    shrink = pixels.shape[-1] > size_px
    return F.interpolate(pixels, size=(size_px, size_px), mode="bilinear", align_corners=False, antialias=shrink)
