"""Memory of a run: its budget, what the allocator keeps, and batches that are halved where memory runs out."""

import ctypes
import functools
import sys
from collections.abc import Callable

import psutil
import torch
from torch import Tensor

from ..core.errors import OfaError

GIB = 2**30


def default_budget_bytes() -> int:
    """min(1 GB, a quarter of the memory that is free)."""
    return min(GIB, psutil.virtual_memory().available // 4)


@functools.cache
def settle_memory() -> None:
    """Has glibc give blocks of 8 MB and more back to the system as soon as they are freed, and keep what is less, up to
    32 MB. By itself it learns to keep the large ones, and what three threads leave between them grows with the length
    of a run; and it gives back the small ones after each batch, only to ask for them again: some thousand faults."""
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
        if mallopt:
            mallopt(-3, 8 * 2**20)  # M_MMAP_THRESHOLD
            mallopt(-1, 32 * 2**20)  # M_TRIM_THRESHOLD


class Halving:
    """A forward that goes on with half the batch where memory runs out, for the rest of the run.

    Raises OfaError where not even a single tile fits.
    """

    def __init__(self, forward: Callable[[Tensor], Tensor], size: int, log: Callable[[str, str], None]):
        self.forward, self.size, self.log = forward, size, log

    def __call__(self, pixels: Tensor) -> Tensor:
        parts: list[Tensor] = []
        done = 0
        while done < len(pixels):
            scores = self._try(pixels[done : done + self.size])
            if scores is None:
                self._halve(min(self.size, len(pixels) - done))
            else:
                parts.append(scores)
                done += len(scores)
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def _try(self, pixels: Tensor) -> Tensor | None:
        """None where memory ran out; what the failed attempt held is free again when this returns."""
        try:
            return self.forward(pixels)
        except (RuntimeError, MemoryError) as error:
            if not _out_of_memory(error):
                raise
            return None

    def _halve(self, failed: int) -> None:
        if failed == 1:
            raise OfaError(
                "expected memory for one tile, found too little: use smaller tiles (--tile-px) or another --device"
            )
        self.size = failed // 2
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        self.log("warning", f"out of memory with {failed} tiles at once: going on with {self.size}")


def _out_of_memory(error: BaseException) -> bool:
    """CUDA has a class of its own; on a CPU torch says it in words."""
    words = str(error).lower()
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or any(
        phrase in words for phrase in ("not enough memory", "defaultcpuallocator", "cannot allocate memory")
    )
