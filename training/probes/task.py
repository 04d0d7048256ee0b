"""What a downstream task is to a linear probe: images of one sensor with labels, in three splits."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

KINDS = ("classify", "multilabel", "segment")

Labelled = tuple[NDArray, NDArray]  # features X, labels y


class Split(Protocol):
    """Samples by number. A sample is pixels (C, H, W) float32 in the task's own unit, NaN where missing, and a label:
    an int (classify), (K,) float32 of 0 and 1 (multilabel), or (H, W) int64 with -1 where unlabelled (segment)."""

    def __len__(self) -> int: ...
    def __getitem__(self, number: int) -> tuple[NDArray[np.float32], Any]: ...


@dataclass(frozen=True)
class Task:
    """`bands` are the 0-based embedder bands of `sensor` that the C channels go to, `source_bands` their names in the
    data; `mean` and `std` (C,) normalise the pixels in the task's own unit. `key` names data and splits for caches."""

    name: str
    kind: str
    classes: tuple[str, ...]
    sensor: str
    bands: tuple[int, ...]
    source_bands: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    splits: Mapping[str, Split]  # train, valid, test
    key: str
    notes: tuple[str, ...] = field(default=())  # for people: what was left out, and why

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"expected a kind out of {', '.join(KINDS)}, found {self.kind!r}")
        if not len(self.bands) == len(self.source_bands) == len(self.mean) == len(self.std):
            raise ValueError(f"expected one name, mean and deviation a band, found {self}")


def moments(images: Iterable[NDArray]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and deviation a band over the finite pixels of images (C, H, W); 1 where a band does not vary."""
    count = total = square = shift = np.zeros(())
    for pixels in images:
        pixels = pixels.reshape(len(pixels), -1).astype(np.float64)
        valid = np.isfinite(pixels)
        if not count.shape:  # summed from the first image's means, so that large means cost no digits
            shift = np.array([row[here].mean() if here.any() else 0.0 for row, here in zip(pixels, valid, strict=True)])
        values = np.where(valid, pixels - shift[:, None], 0.0)
        count, total, square = count + valid.sum(1), total + values.sum(1), square + (values**2).sum(1)
    count = np.maximum(count, 1)
    mean = total / count
    std = np.sqrt(np.maximum(square / count - mean**2, 0.0))
    return tuple((mean + shift).tolist()), tuple(np.where(std > 0, std, 1.0).tolist())
