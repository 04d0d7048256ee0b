"""The samples of scheduled steps as they are stored, read ahead by worker processes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from training.data.pair_sets import PairSet
from training.data.shards import ShardSet
from training.pretraining.distributed import Ranks
from training.pretraining.schedule import Step


@dataclass(frozen=True)
class Batch:
    """This process's samples of one step: their numbers (B,) and stored values (B, C, H, W). `partner` are those of the
    second sensor, in steps of a pair set."""

    step: Step
    samples: Tensor
    values: Tensor
    partner: Tensor | None = None

    def __len__(self) -> int:
        return len(self.samples)

    def to(self, device: torch.device) -> "Batch":
        return replace(
            self,
            samples=self.samples.to(device, non_blocking=True),
            values=self.values.to(device, non_blocking=True),
            partner=None if self.partner is None else self.partner.to(device, non_blocking=True),
        )

    def chunks(self, count: int) -> list["Batch"]:
        """`count` parts in order."""
        partners = [None] * count if self.partner is None else self.partner.chunk(count)
        parts = zip(self.samples.chunk(count), self.values.chunk(count), partners, strict=True)
        return [replace(self, samples=samples, values=values, partner=partner) for samples, values, partner in parts]


def stored_tensor(values: NDArray) -> Tensor:
    """Stored values as a tensor; torch supports uint16 only in part, int32 holds the same numbers."""
    return torch.from_numpy(values.astype("int32") if values.dtype == "uint16" else values)


class _StepDataset(Dataset):
    """One rank's share of each step."""

    def __init__(self, sources: Mapping[str, ShardSet | PairSet], steps: Sequence[Step], ranks: Ranks):
        self.sources, self.steps, self.rank, self.world = sources, steps, ranks.rank, ranks.world

    def __len__(self) -> int:
        return len(self.steps)

    def __getitem__(self, index: int) -> tuple[Tensor, ...]:
        """Sample numbers (B,) and stored values (B, C, H, W); of a pair set those of both sensors."""
        step = self.steps[index]
        numbers = step.share(self.rank, self.world)
        source = self.sources[step.sensor]
        sets = [source.sets[key] for key in source.drawn(step.number)] if isinstance(source, PairSet) else [source]
        return torch.from_numpy(numbers), *(stored_tensor(samples.read(numbers)) for samples in sets)


def batches(
    sources: Mapping[str, ShardSet | PairSet], steps: Sequence[Step], ranks: Ranks, workers: int
) -> Iterator[Batch]:
    """This rank's batches of the steps, in order. Workers start at once.

    Args:
        sources: prepared samples by sensor id, pair sets by name.
        steps: of the schedule.
        ranks: this process among the others.
        workers: processes that read ahead; 0: none.
    """
    loader = DataLoader(
        _StepDataset(sources, steps, ranks),
        batch_size=None,
        shuffle=False,
        num_workers=workers,
        pin_memory=ranks.device.type == "cuda",
        prefetch_factor=4 if workers else None,
    )
    return (Batch(step, *loaded) for step, loaded in zip(steps, loader, strict=True))
