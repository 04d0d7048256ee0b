"""What a head is fitted on: rasters with labelled pixels, of which some tiles are enough."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ...core.callbacks import Callbacks
from ...core.errors import InputError
from ..labelled import Labelled
from .recipes import Recipe

MOST_TILES = 600  # that the backbone sees for a head: minutes for a large one on a processor; more help little


@dataclass(frozen=True)
class Material:
    """Rasters with labelled pixels, for one head.

    Attributes:
        rasters: paths.
        labelled: of each of them.
        classes: entries {value, name, color}.
        facts: what the head's header says of it, under "training".
        taught: whether another head has made the labels, so that scores are an agreement with it.
    """

    rasters: list[str]
    labelled: list[Labelled]
    classes: list[dict]
    facts: dict[str, Any] = field(default_factory=dict)
    taught: bool = False


class LabelSource(Protocol):
    """Rasters with labels, or with a head that makes them."""

    @property
    def title(self) -> str:
        """In words, for the log."""
        ...

    def recipes(self, sensors: Sequence[str]) -> list[Recipe]:
        """The default heads of these sensors that it can serve."""
        ...

    def side_px(self, recipe: Recipe) -> int:
        """How wide its rasters usually are, in pixels as that head sees them."""
        ...

    def tiles(self, recipe: Recipe, tile_px: int) -> int:
        """At most how many tiles the backbone sees for that head."""
        ...

    def material(self, recipe: Recipe, tile_px: int, seed: int, callbacks: Callbacks) -> Material:
        """What that head is fitted on. Raises InputError, Cancelled."""
        ...


def chosen_tiles(parts: Sequence[Labelled], classes: int, tile_px: int, seed: int) -> list[Labelled]:
    """The labelled pixels in `MOST_TILES` squares of `tile_px`, drawn at random; squares with rare classes, and those
    with several, are drawn more often. Deterministic for a seed."""
    raster = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    row, column, index, weight = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("row", "column", "index", "weight")
    )
    if not len(raster):
        raise InputError("expected labelled pixels, found none")
    square = np.stack([raster, row // tile_px, column // tile_px], 1)
    squares, number = np.unique(square, axis=0, return_inverse=True)
    number = number.reshape(-1)
    if len(squares) <= MOST_TILES:
        return list(parts)
    counts = np.zeros((len(squares), classes))
    np.add.at(counts, (number, index), weight)
    interest = np.sqrt(counts @ (1 / np.sqrt(np.maximum(counts.sum(0), 1))))
    drawn = np.random.default_rng(seed).choice(len(squares), MOST_TILES, replace=False, p=interest / interest.sum())
    kept = np.isin(number, drawn)
    return [part.take(mine) for part, mine in zip(parts, _split(kept, parts), strict=True)]


def _split(values: NDArray, parts: Sequence[Labelled]) -> list[NDArray]:
    return np.split(values, np.cumsum([len(part) for part in parts[:-1]]))
