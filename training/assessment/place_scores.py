"""Scores of maps against fully labelled rasters, near edges too, with intervals bootstrapped over places."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter, minimum_filter

from training.probes.scores import RESAMPLES, values_of

EDGE_PX = 2
Score = tuple[float, float, float]  # value, low, high


def near_edges(truth: NDArray, distance_px: int = EDGE_PX) -> NDArray[np.bool_]:
    """(H, W) whether another class is labelled within `distance_px` rows and columns of a labelled pixel; `truth` is -1
    where there is no label."""
    side = 2 * distance_px + 1
    lowest = minimum_filter(np.where(truth < 0, truth.max(initial=0), truth), side)
    highest = maximum_filter(truth, side)
    return (truth >= 0) & ((lowest < truth) | (highest > truth))


def count_pixels(truth: NDArray, mapped: NDArray, where: NDArray, classes: int) -> NDArray[np.float64]:
    """(K, 3): true positives, false positives and false negatives per class among the pixels `where`.

    Args:
        truth: (H, W) class indices.
        mapped: (H, W) class indices; K where the map has none of the classes, which is always wrong.
        where: (H, W) labelled pixels that count.
        classes: K.
    """
    true, found = truth[where], mapped[where]

    def count(labels: NDArray) -> NDArray:
        return np.bincount(labels, minlength=classes + 1)[:classes]

    hits = count(true[true == found])
    return np.stack([hits, count(found) - hits, count(true) - hits], 1).astype(np.float64)


@dataclass
class Tally:
    """Counts of one method: for each scene its place, and (K, 3) of all labelled pixels and of those near edges."""

    classes: int
    places: list[str] = field(default_factory=list)
    all: list[NDArray] = field(default_factory=list)
    edges: list[NDArray] = field(default_factory=list)
    pixels: int = 0  # mapped
    seconds: float = 0.0  # of the processor, for mapping

    def add(self, place: str, truth: NDArray, mapped: NDArray, edges: NDArray, seconds: float) -> None:
        """A scene, `truth` and `mapped` as for `count_pixels`, `edges` (H, W) as of `near_edges`."""
        self.places.append(place)
        self.all.append(count_pixels(truth, mapped, truth >= 0, self.classes))
        self.edges.append(count_pixels(truth, mapped, (truth >= 0) & edges, self.classes))
        self.pixels += truth.size
        self.seconds += seconds

    @property
    def seconds_per_megapixel(self) -> float:
        return self.seconds / max(self.pixels, 1) * 1e6


def joined(tallies: Sequence[Tally]) -> Tally:
    """The scenes of several sets; their class indices have nothing in common, so only `scene_scores` make sense."""
    whole = Tally(max(tally.classes for tally in tallies))
    for number, tally in enumerate(tallies):
        missing = ((0, whole.classes - tally.classes), (0, 0))
        whole.places += [f"{number} {place}" for place in tally.places]
        whole.all += [np.pad(counts, missing) for counts in tally.all]
        whole.edges += [np.pad(counts, missing) for counts in tally.edges]
        whole.pixels += tally.pixels
        whole.seconds += tally.seconds
    return whole


def pooled_scores(tally: Tally, seed: int = 0) -> dict[str, Score]:
    """miou, accuracy and edge_accuracy of all pixels together, with 95 % intervals over places (NaN for one place)."""
    counts, edges = _by_place(tally, tally.all), _by_place(tally, tally.edges)
    drawn = _draws(len(counts), seed)

    def score(table: NDArray, name: str) -> Score:
        resampled = np.tensordot(drawn, table, 1)
        return _with_interval(float(_value(table.sum(0), name)), _value(resampled, name), len(table))

    return {
        "miou": score(counts, "mIoU"),
        "accuracy": score(counts, "pixel accuracy"),
        "edge_accuracy": score(edges, "pixel accuracy"),
    }


def scene_scores(tally: Tally, seed: int = 0) -> dict[str, Score]:
    """The same as means over scenes, each scored by itself; scenes without edges do not count for edge_accuracy."""
    places, number = np.unique(tally.places, return_inverse=True)
    drawn = _draws(len(places), seed)[:, number]  # (draws, scenes)

    def score(tables: Sequence[NDArray], name: str) -> Score:
        values = _value(np.stack(tables), name)
        known = np.array([table.sum() > 0 for table in tables])
        weights = drawn * known
        resampled = (weights * np.where(known, values, 0)).sum(1) / np.maximum(weights.sum(1), 1)
        return _with_interval(float(values[known].mean()) if known.any() else float("nan"), resampled, len(places))

    return {
        "miou": score(tally.all, "mIoU"),
        "accuracy": score(tally.all, "pixel accuracy"),
        "edge_accuracy": score(tally.edges, "pixel accuracy"),
    }


def class_ious(tally: Tally) -> list[float | None]:
    """(K,) of all pixels together; None for a class that does not occur in the reference."""
    return [
        round(float(hits / (hits + wrong + missed)), 4) if hits + missed else None
        for hits, wrong, missed in np.sum(tally.all, 0)
    ]


def _value(counts: NDArray, name: str) -> NDArray:
    """A score of counts (..., K, 3); classes without a pixel in the reference enter no mean."""
    occurring = counts[..., [0, 2]].sum(-1, keepdims=True) > 0
    return values_of("segment", counts * occurring)[name]


def _by_place(tally: Tally, tables: Sequence[NDArray]) -> NDArray:
    """(P, K, 3)."""
    places, number = np.unique(tally.places, return_inverse=True)
    summed = np.zeros((len(places), tally.classes, 3))
    np.add.at(summed, number, np.stack(tables))
    return summed


def _draws(places: int, seed: int) -> NDArray[np.float64]:
    """(R, P) how often each draw with replacement takes each place."""
    return np.random.default_rng(seed).multinomial(places, np.full(places, 1 / places), RESAMPLES).astype(np.float64)


def _with_interval(value: float, resampled: NDArray, places: int) -> Score:
    if places < 2:
        return value, float("nan"), float("nan")
    low, high = np.percentile(resampled, (2.5, 97.5))
    return value, float(low), float(high)
