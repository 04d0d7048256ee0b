"""The samples of scheduled steps as they are stored, read ahead by worker processes, or all in the device's memory."""

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

_PIECE = 4096  # samples that are copied to the device at once


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


Sources = Mapping[str, ShardSet | PairSet]  # prepared samples by sensor id, pair sets by name


def _sets_of(source: ShardSet | PairSet, step: Step) -> list[ShardSet]:
    """The samples that a step draws from: one sensor's, or those of the two sensors that it compares."""
    return [source.sets[key] for key in source.drawn(step.number)] if isinstance(source, PairSet) else [source]


class _StepDataset(Dataset):
    """One rank's share of each step."""

    def __init__(self, sources: Sources, steps: Sequence[Step], ranks: Ranks):
        self.sources, self.steps, self.rank, self.world = sources, steps, ranks.rank, ranks.world

    def __len__(self) -> int:
        return len(self.steps)

    def __getitem__(self, index: int) -> tuple[Tensor, ...]:
        """Sample numbers (B,) and stored values (B, C, H, W); of a pair set those of both sensors."""
        step = self.steps[index]
        numbers = step.share(self.rank, self.world)
        sets = _sets_of(self.sources[step.sensor], step)
        return torch.from_numpy(numbers), *(stored_tensor(samples.read(numbers)) for samples in sets)


def batches(
    sources: Sources, steps: Sequence[Step], ranks: Ranks, workers: int, resident: bool = False
) -> Iterator[Batch]:
    """This rank's batches of the steps, in order. Workers start at once.

    Args:
        sources: prepared samples.
        steps: of the schedule.
        ranks: this process among the others.
        workers: processes that read ahead; 0: none.
        resident: all samples lie in the device's memory, and nothing is read during the run.
    """
    if resident:
        return _resident_batches(sources, steps, ranks)
    loader = DataLoader(
        _StepDataset(sources, steps, ranks),
        batch_size=None,
        shuffle=False,
        num_workers=workers,
        pin_memory=ranks.device.type == "cuda",
        prefetch_factor=4 if workers else None,
    )
    return (Batch(step, *loaded) for step, loaded in zip(steps, loader, strict=True))


def _resident_batches(sources: Sources, steps: Sequence[Step], ranks: Ranks) -> Iterator[Batch]:
    sets = [one for s in sources.values() for one in (s.sets.values() if isinstance(s, PairSet) else [s])]
    values = {one.folder: _on_device(one, ranks.device) for one in sets}
    for step in steps:
        numbers = torch.from_numpy(step.share(ranks.rank, ranks.world)).to(ranks.device, non_blocking=True)
        drawn = (values[one.folder][numbers] for one in _sets_of(sources[step.sensor], step))
        yield Batch(step, numbers, *drawn)


def _on_device(samples: ShardSet, device: torch.device) -> Tensor:
    """All samples (N, C, H, W), copied in pieces."""
    pieces = torch.arange(len(samples)).split(_PIECE)
    return torch.cat([stored_tensor(samples.read(piece.tolist())).to(device) for piece in pieces])
