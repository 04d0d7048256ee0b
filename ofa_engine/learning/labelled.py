"""Labelled pixels, or tiles, of a raster, and how many of them are kept.

Memory stays bounded: of a large polygon, or of a frequent class of a label raster, a subset of pixels is kept and
weighted. Which ones depends only on where they lie, so that adding a polygon changes nothing elsewhere.
"""

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from ..core.errors import InputError
from ..raster.source import Source


class NoLabels(InputError):
    """Nothing is labelled, or nothing that is valid."""


@dataclass(frozen=True)
class SampleLimits:
    """How many labelled samples are kept."""

    polygon_px: int = 20_000  # pixels of one polygon, or of one class in a label raster
    tile_polygon_px: int = 4_000_000  # the same where tiles are labelled: up to here a tile's class shares are exact
    training_samples: int = 20_000  # of all classes together; more change a linear head little


DEFAULT_LIMITS = SampleLimits()


@dataclass(frozen=True)
class Labelled:
    """Labelled pixels, or tiles, of one raster: arrays (N,).

    `row` and `column` count pixels or tiles, `index` classes, all from 0. `group` names what a sample belongs to (a
    polygon, a label raster or a block of one) and is unique over all rasters: cross-validation keeps groups whole.
    `weight` is the number of labelled pixels that a sample stands for. `edge` says whether a pixel lies at the outline
    of its polygon (see `label_vectors`); nothing does in label rasters, which have pixels on both sides of outlines.
    """

    row: NDArray[np.int64]
    column: NDArray[np.int64]
    index: NDArray[np.int64]
    group: NDArray[np.int64]
    weight: NDArray[np.float64]
    edge: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.row)

    def take(self, chosen: NDArray) -> "Labelled":
        """The samples that a mask (N,) or an array of positions selects."""
        return Labelled(*(getattr(self, field.name)[chosen] for field in fields(self)))


@dataclass(frozen=True)
class Labels:
    """The labels of several rasters, with one list of classes for all."""

    classes: list[dict]  # value, name, color, as in a head's header
    rasters: list[Labelled]

    def counts(self) -> NDArray[np.float64]:
        """(K,) labelled pixels per class, including those that the kept samples stand for."""
        total = np.zeros(len(self.classes))
        for part in self.rasters:
            np.add.at(total, part.index, part.weight)
        return total


def thin(labels: Labels, limit: int, seed: int) -> Labels:
    """At most `limit` samples of all classes together: rare classes are kept whole, frequent ones sampled at random,
    and weights make up for what is dropped. Deterministic for a seed."""
    index = np.concatenate([part.index for part in labels.rasters])
    if len(index) <= limit:
        return labels
    counts = np.bincount(index, minlength=len(labels.classes))
    class_limit = next(n for n in range(int(counts.max()), 0, -50) if np.minimum(counts, n).sum() <= limit)
    rng = np.random.default_rng(seed)
    fraction = np.minimum(1, class_limit / np.maximum(counts, 1))
    kept = np.split(rng.random(len(index)) < fraction[index], np.cumsum([len(part) for part in labels.rasters[:-1]]))
    parts = [part.take(mine) for part, mine in zip(labels.rasters, kept, strict=True)]
    return Labels(labels.classes, [replace(part, weight=part.weight / fraction[part.index]) for part in parts])


def in_subset(row: NDArray, column: NDArray, fraction: float | NDArray) -> NDArray[np.bool_]:
    """(N,) whether a pixel belongs to a fixed pseudo-random subset with about `fraction` of all pixels. A larger
    fraction gives a superset."""
    # the finaliser of splitmix64 (Steele et al. 2014)
    x = (row.astype(np.uint64) << np.uint64(32)) ^ column.astype(np.uint64) ^ np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((x ^ (x >> np.uint64(31))) >> np.uint64(11)).astype(np.float64) / 2.0**53 < fraction


def tile_labels(source: Source, pixels: Labelled, tile_px: int, classes: int) -> Labelled:
    """Labelled pixels to labelled tiles: those of a grid of `tile_px` more than half of which one class covers. Edge
    tiles are clipped to the raster."""
    across, down = -(-source.width // tile_px), -(-source.height // tile_px)
    tile = (pixels.row // tile_px) * across + pixels.column // tile_px
    share = np.zeros((across * down, classes))
    np.add.at(share, (tile, pixels.index), pixels.weight)
    width = np.minimum(tile_px, source.width - np.arange(across) * tile_px)
    height = np.minimum(tile_px, source.height - np.arange(down) * tile_px)
    share /= (height[:, None] * width[None]).reshape(-1, 1)
    chosen = np.flatnonzero(share.max(1) > 0.5)
    index = share[chosen].argmax(1)
    # a tile belongs to the group of its first pixel of the winning class
    keys, first = np.unique(tile * classes + pixels.index, return_index=True)
    group = pixels.group[first[np.searchsorted(keys, chosen * classes + index)]]
    n = len(chosen)
    return Labelled(chosen // across, chosen % across, index, group, np.ones(n), np.zeros(n, bool))
