"""A downstream task for linear probes: images of one sensor with labels, in three splits."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

KINDS = ("classify", "multilabel", "segment")

FeatureSet = tuple[NDArray, NDArray]  # features X, labels y


class Split(Protocol):
    """Samples by number. A sample is pixels (C, H, W) float32 in the task's own unit, NaN where missing, and a label:
    an int (classify), (K,) float32 of 0 and 1 (multilabel), or (H, W) int64 with -1 where unlabelled (segment)."""

    def __len__(self) -> int: ...
    def __getitem__(self, number: int) -> tuple[NDArray[np.float32], Any]: ...


@dataclass(frozen=True)
class ProbeTask:
    """Images with labels.

    Attributes:
        kind: classify, multilabel or segment.
        classes: names of the K classes.
        sensor: id of the sensor whose embedder reads the images.
        bands: 0-based embedder bands of the C channels.
        source_bands: names of the C channels in the data.
        mean, std: (C,), to normalise the pixels in the task's own unit.
        splits: train, valid and test.
        key: identifies data and splits in caches.
        notes: for people: what was left out, and why.
    """

    name: str
    kind: str
    classes: tuple[str, ...]
    sensor: str
    bands: tuple[int, ...]
    source_bands: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    splits: Mapping[str, Split]
    key: str
    notes: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"expected a kind out of {', '.join(KINDS)}, found {self.kind!r}")
        if not len(self.bands) == len(self.source_bands) == len(self.mean) == len(self.std):
            raise ValueError(f"expected one name, mean and std per band, found {self}")


def band_statistics(images: Iterable[NDArray]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """(mean, std) per band over the finite pixels of images (C, H, W); std 1 for a band that does not vary."""
    count = total = square = shift = np.zeros(())
    for pixels in images:
        pixels = pixels.reshape(len(pixels), -1).astype(np.float64)
        valid = np.isfinite(pixels)
        if not count.shape:  # sums are relative to the first image's means, so that large means cost no digits
            shift = np.array(
                [row[known].mean() if known.any() else 0.0 for row, known in zip(pixels, valid, strict=True)]
            )
        values = np.where(valid, pixels - shift[:, None], 0.0)
        count, total, square = count + valid.sum(1), total + values.sum(1), square + (values**2).sum(1)
    count = np.maximum(count, 1)
    mean = total / count
    std = np.sqrt(np.maximum(square / count - mean**2, 0.0))
    return tuple((mean + shift).tolist()), tuple(np.where(std > 0, std, 1.0).tolist())
