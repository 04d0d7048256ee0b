"""This process among those of a run: alone, or one of the group that torchrun describes."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor

from ofa_engine.core.errors import InputError


@dataclass(frozen=True)
class Ranks:
    """Rank of this process, number of processes (`world`) and this process's device."""

    rank: int
    world: int
    device: torch.device

    @property
    def is_first(self) -> bool:
        return self.rank == 0

    def any(self, flag: bool) -> bool:
        """True where the flag is set on any rank; all ranks must call it."""
        if self.world == 1:
            return flag
        flags = torch.tensor([float(flag)], device=self.device)
        dist.all_reduce(flags, op=dist.ReduceOp.MAX)
        return bool(flags.item())

    def mean(self, values: Tensor) -> Tensor:
        """The mean over all ranks; all ranks must call it."""
        if self.world > 1:
            dist.all_reduce(values)
            values /= self.world
        return values


@contextlib.contextmanager
def process_group(device: str) -> Iterator[Ranks]:
    """Joins the process group that torchrun describes; without torchrun this process is the only one.

    Args:
        device: auto, cpu or cuda.

    Raises:
        InputError: there is no CUDA device where one is wanted.
    """
    cuda = device != "cpu" and torch.cuda.is_available()
    if device == "cuda" and not cuda:
        raise InputError("expected a CUDA device, found none: use --device cpu or auto")
    local = int(os.environ.get("LOCAL_RANK", 0))
    own = torch.device("cuda", local) if cuda else torch.device("cpu")
    if cuda:
        torch.cuda.set_device(own)
    world = int(os.environ.get("WORLD_SIZE", 1))
    if world > 1:
        dist.init_process_group("nccl" if cuda else "gloo")
    try:
        yield Ranks(int(os.environ.get("RANK", 0)), world, own)
    finally:
        if world > 1:
            dist.destroy_process_group()
