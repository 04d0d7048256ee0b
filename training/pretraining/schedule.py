"""Which samples are seen when, and at what learning rate: a function of the configuration, the same on all ranks."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Step:
    """One step of the schedule: a batch of one sensor, or of a pair set by its name; `samples` (B,) are the numbers of
    all ranks' samples."""

    number: int
    epoch: int
    sensor: str
    samples: NDArray[np.int64]

    def share(self, rank: int, world: int) -> NDArray[np.int64]:
        """The samples of one rank; the ranks' shares are disjoint, and together they are all samples."""
        return self.samples[rank::world]


class TrainingSchedule:
    """Batches of all sensors, interleaved in seeded order; each epoch draws its samples again.

    Attributes:
        batches: batches per epoch, by sensor id.
        steps_per_epoch: batches of all sensors.
        steps: in all epochs.
    """

    def __init__(
        self,
        counts: dict[str, int],
        *,
        batch: int,
        epochs: int,
        seed: int,
        samples: int = 0,
        weights: dict[str, float] | None = None,
    ):
        """
        Args:
            counts: samples by sensor id.
            batch: samples per step, over all ranks.
            epochs: of the run.
            seed: of order and draw.
            samples: drawn per sensor and epoch; 0: all.
            weights: factors by sensor id on the samples drawn per epoch.
        """
        self.counts, self.batch, self.epochs, self.seed = counts, batch, epochs, seed
        self.batches = {}
        for sensor, count in counts.items():
            per_epoch = (min(samples, count) if samples else count) * (weights or {}).get(sensor, 1.0)
            self.batches[sensor] = max(1, round(per_epoch / batch))

    @property
    def steps_per_epoch(self) -> int:
        return sum(self.batches.values())

    @property
    def steps(self) -> int:
        return self.steps_per_epoch * self.epochs

    def epoch(self, epoch: int) -> list[Step]:
        """All steps of an epoch. The samples of a sensor that has fewer than its batches need are repeated."""
        parts: list[tuple[str, NDArray[np.int64]]] = []
        for index, (sensor, count) in enumerate(self.counts.items()):
            need = self.batches[sensor] * self.batch
            rng = np.random.default_rng([self.seed, epoch, index])
            order = np.concatenate([rng.permutation(count) for _ in range(math.ceil(need / count))])[:need]
            parts += [(sensor, part) for part in np.split(order, self.batches[sensor])]
        order = np.random.default_rng([self.seed, epoch, len(self.counts)]).permutation(len(parts))
        first = epoch * self.steps_per_epoch
        return [Step(first + i, epoch, *parts[number]) for i, number in enumerate(order)]

    def steps_between(self, start: int, stop: int) -> Iterator[Step]:
        """The steps start..stop-1."""
        for epoch in range(start // self.steps_per_epoch, self.epochs):
            for step in self.epoch(epoch):
                if start <= step.number < stop:
                    yield step


def learning_rate(step: int, steps: int, warmup: float, peak: float, final: float) -> float:
    """Linear warm-up over `warmup` steps, then half a cosine from `peak` to `final`; by step, not by epoch."""
    if step < warmup:
        return peak * (step + 1) / max(warmup, 1)
    share = (step - warmup) / max(steps - warmup, 1)
    return final + (peak - final) * 0.5 * (1 + math.cos(math.pi * min(share, 1.0)))
