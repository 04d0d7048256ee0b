"""What comparing a map with its reference gives, whether that reference is labels or sampled points."""

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..core.callbacks import Callbacks
from .stratified import Estimates

UNKNOWN_COLOR = "#8a8a8a"  # of a reference class that the map does not have


@dataclass
class Comparison:
    """Rows are the reference, columns the map. `classes` (R) starts with the map's own classes, the first `columns`;
    those that only the reference has follow. Both axes of `matrix` (R, R) have all of them."""

    classes: list[dict]
    columns: int
    matrix: NDArray[np.float64]  # pixels, tiles or points
    nodata: NDArray[np.float64]  # (R,) reference per class where the map is nodata
    mapped_ha: NDArray[np.float64]  # (R,) NaN where unknown
    unit: str  # pixels, tiles or points
    notes: list[str]
    estimates: Estimates | None = None  # for the whole map, from a probability sample
    sample: dict = dataclasses.field(default_factory=dict)  # about that sample


def class_list(entries: Iterable[dict]) -> str:
    """The names of classes, separated by commas."""
    return ", ".join(entry["name"] for entry in entries)


def raster_progress(callbacks: Callbacks, number: int, count: int) -> Callbacks:
    """Callbacks for raster `number` of `count`: progress over all of them, as if each had as many tiles. Log lines are
    dropped, since they already came when the raster was opened."""
    return Callbacks(
        lambda done, total, left: callbacks.progress(
            number * total + done, count * total, left if count == 1 else None
        ),
        cancelled=callbacks.cancelled,
    )
