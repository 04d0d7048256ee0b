"""Helpers for readers on pixels (C, H, W)."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from ofa_engine.core.sensors import get_sensor
from ofa_engine.model.preprocess import to_canonical
from training.data.readers.reader import UnusableSample


def resized(values: NDArray, height_px: int, width_px: int) -> NDArray[np.float32]:
    """(C, h, w) resampled bilinearly, low-pass filtered when shrinking; NaN where most of the weight is on NaN."""
    pixels = torch.from_numpy(values.astype(np.float32))[None]
    known = torch.isfinite(pixels)

    def resample(x: torch.Tensor) -> torch.Tensor:
        shrink = height_px < x.shape[-2] or width_px < x.shape[-1]
        return F.interpolate(x, size=(height_px, width_px), mode="bilinear", align_corners=False, antialias=shrink)

    if known.all():
        return resample(pixels)[0].numpy()
    weight = resample(known.float())
    total = resample(torch.where(known, pixels, 0.0))
    return torch.where(weight >= 0.5, total / weight.clamp_min(1e-6), torch.nan)[0].numpy()


def read_image(path: Path) -> NDArray[np.uint8]:
    """(C, H, W) uint8 of a PNG or JPEG: one band for greyscale, else R, G, B; alpha is dropped."""
    from PIL import Image

    with Image.open(path) as image:
        if image.mode not in ("L", "RGB", "RGBA", "P"):
            raise UnusableSample(f"expected 8-bit greyscale or RGB, found mode {image.mode}")
        pixels = np.asarray(image if image.mode in ("L", "RGB") else image.convert("RGB"))
    return pixels[None] if pixels.ndim == 2 else np.ascontiguousarray(pixels.transpose(2, 0, 1))


def canonical(values: NDArray, sensor: str, units: str) -> NDArray:
    """`to_canonical` on numpy values; NaN stays NaN."""
    return to_canonical(torch.from_numpy(values), get_sensor(sensor), units).numpy()
