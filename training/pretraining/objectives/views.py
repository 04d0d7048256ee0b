"""Views of samples for the contrastive objective: crops, turns, gain and offset, and which patches are masked.

As in `augment`, all numbers depend on seed, epoch, sample and view alone. Colour is a measurement, so nothing rotates
hues or turns bands to grey: a view has one gain and one offset for all bands, and a small offset for each band.
Shape letters: B batch, C bands, S side of the model's input, L tokens.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from training.pretraining.augment import crop_boxes, uniform

_FIRST_STREAM, _STREAMS = 8, 4  # of random numbers, those of one view
_CROP, _TONE, _MASK, _BANDS = range(_STREAMS)
_LOG_GAIN, _OFFSET, _BAND_OFFSET = 0.15, 0.25, 0.05  # at most; offsets in standard deviations
_LEAST_BANDS = 3  # that a view keeps


@dataclass(frozen=True)
class View:
    """A batch of views of one sensor: pixels (B, C, S, S), normalised, of the 0-based embedder bands `present`, and
    patches of the grid in random order (B, L), of which the last are masked."""

    sensor: str
    present: Sequence[int]
    pixels: Tensor
    ids_shuffle: Tensor


@dataclass(frozen=True)
class ViewMaker:
    """Makes views of `size_px` with `grid` patches along a side, which show at least `scale_min` of a sample's area.
    With the probability `band_drop` the second views of a batch keep only about half of their bands, for sensors with
    more than four."""

    size_px: int
    grid: int
    seed: int = 0
    scale_min: float = 0.2
    band_drop: float = 0.0

    def make(
        self, number: int, pixels: Tensor, sensor: str, present: Sequence[int], epoch: int, samples: Tensor
    ) -> View:
        """View `number`, 0 or 1, of a batch.

        Args:
            number: of the view.
            pixels: (B, C, H, W) normalised.
            sensor: id of the sensor.
            present: 0-based embedder bands that the C channels hold.
            epoch: of the run.
            samples: (B,) sample numbers.
        """

        def draw(count: int, stream: int) -> Tensor:
            return uniform(self.seed, epoch, samples, count, _FIRST_STREAM + _STREAMS * number + stream)

        if number and len(present) > 4 and self.band_drop:
            kept = _kept_bands(draw(1 + len(present), _BANDS)[0], self.band_drop)
            pixels, present = pixels[:, kept], [present[i] for i in kept]
        transforms = crop_transforms(draw(5, _CROP), (self.scale_min, 1.0)).to(pixels.dtype)
        places = F.affine_grid(transforms, [len(pixels), 1, self.size_px, self.size_px], align_corners=False)
        crops = F.grid_sample(pixels, places, mode="bilinear", padding_mode="reflection", align_corners=False)
        crops = change_tone(crops, draw(2 + crops.shape[1], _TONE).to(pixels.dtype))
        return View(sensor, present, crops, draw(self.grid**2, _MASK).argsort(1))


def crop_transforms(u: Tensor, scale: tuple[float, float]) -> Tensor:
    """(B, 2, 3) affine transforms from random numbers (B, 5): crops as `crop_boxes` draws them, in one of the eight
    turns and mirrorings of a square."""
    w, h, x, y = crop_boxes(u, scale)
    turn = (u[:, 4] * 8).long().clamp_max(7)
    mirror_x, mirror_y = 1.0 - 2 * (turn & 1), 1.0 - 2 * (turn >> 1 & 1)
    upright = (turn < 4).to(w.dtype)
    rows = [
        torch.stack([w * mirror_x * upright, w * mirror_x * (1 - upright), x], 1),
        torch.stack([h * mirror_y * (1 - upright), h * mirror_y * upright, y], 1),
    ]
    return torch.stack(rows, 1)


def change_tone(pixels: Tensor, u: Tensor) -> Tensor:
    """(B, C, S, S) with a gain and an offset for each image and a small offset for each band, from random numbers
    (B, 2 + C)."""
    signed = 2 * u - 1
    gain = torch.exp(_LOG_GAIN * signed[:, 0])[:, None, None, None]
    offset = _OFFSET * signed[:, 1:2] + _BAND_OFFSET * signed[:, 2:]
    return pixels * gain + offset[:, :, None, None]


def _kept_bands(u: Tensor, band_drop: float) -> list[int]:
    """Indices of the bands that a batch keeps, from random numbers (1 + C,): all, or each with probability one half."""
    if float(u[0]) >= band_drop:
        return list(range(len(u) - 1))
    count = max(_LEAST_BANDS, int((u[1:] < 0.5).sum()))
    return sorted(u[1:].argsort()[:count].tolist())
