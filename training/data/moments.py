"""Statistics per band that can be merged: of samples, shards and whole sets."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Moments(NamedTuple):
    """Per band the number of valid values, their mean and their summed squared deviation from it; (C,) float64 each."""

    valid: NDArray[np.float64]
    mean: NDArray[np.float64]
    squares: NDArray[np.float64]

    @classmethod
    def of(cls, pixels: NDArray[np.float64]) -> "Moments":
        """Those of (C, H, W) with NaN for missing values."""
        known = np.isfinite(pixels)
        valid = known.sum((1, 2)).astype(np.float64)
        mean = np.where(known, pixels, 0).sum((1, 2)) / np.maximum(valid, 1)
        return cls(valid, mean, (np.where(known, pixels - mean[:, None, None], 0) ** 2).sum((1, 2)))

    def merge(self, other: "Moments") -> "Moments":
        """Chan, Golub, LeVeque (1983): the moments of both sets of values."""
        valid = self.valid + other.valid
        share = other.valid / np.maximum(valid, 1)
        step = other.mean - self.mean
        return Moments(valid, self.mean + step * share, self.squares + other.squares + step**2 * self.valid * share)

    def std(self) -> NDArray[np.float64]:
        """(C,) standard deviation of the population; 0 for a band without valid values."""
        return np.sqrt(self.squares / np.maximum(self.valid, 1))
