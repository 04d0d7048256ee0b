"""Pairs across sensors: samples that show the same ground as two or more sensors see it.

A pair set is a folder DATA/pairs/NAME with a folder of shards for each of its sensors. Sample i of all of them shows
the same ground on the same grid; pixels may differ in size by a whole factor. `training.pairs` makes them.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from training.data.shards import ShardManifest, ShardSet

PREFIX = "pairs/"  # of a pair set's name in weights, schedule and logs, where other names are sensors


class PairSet:
    """The shards of all sensors of a pair set.

    Attributes:
        sets: samples by sensor id.
        seed: of the draw of two sensors.
    """

    def __init__(self, folder: Path, seed: int = 0):
        """Raises ValueError without two sensors with equally many samples."""
        found = [ShardSet(path.parent) for path in sorted(folder.glob("*/manifest.json"))]
        self.sets = {samples.manifest.sensor: samples for samples in found}
        self.seed = seed
        counts = sorted({len(samples) for samples in found})
        if len(self.sets) < 2 or len(counts) != 1:
            raise ValueError(
                f"expected two sensors or more with equally many samples in {folder}, found "
                f"{', '.join(self.sets) or 'none'} with {counts}: run training.pairs"
            )

    def __len__(self) -> int:
        return len(next(iter(self.sets.values())))

    @property
    def manifest(self) -> ShardManifest:
        """Of one of the sensors; source and names of the samples are the same for all."""
        return next(iter(self.sets.values())).manifest

    def drawn(self, step: int) -> tuple[str, str]:
        """The two sensors that a step compares: a function of the seed and the step's number alone."""
        rng = np.random.default_rng([self.seed, step, 77])
        first, second = rng.permutation(list(self.sets))[:2]
        return str(first), str(second)


def find_pair_sets(folder: str | Path, wanted: Sequence[str], seed: int = 0) -> dict[str, PairSet]:
    """Pair sets by name, in the order wanted.

    Args:
        folder: of prepared samples.
        wanted: names such as `pairs/optical`.
        seed: of the draw of two sensors.

    Raises:
        FileNotFoundError: a wanted pair set is missing.
        ValueError: a pair set is incomplete.
    """
    for name in wanted:
        if not Path(folder, name).is_dir():
            found = ", ".join(f"{PREFIX}{p.name}" for p in sorted(Path(folder, "pairs").glob("*"))) or "none"
            raise FileNotFoundError(f"expected {name} in {folder}, found {found}: run training.pairs")
    return {name: PairSet(Path(folder, name), seed) for name in wanted}
