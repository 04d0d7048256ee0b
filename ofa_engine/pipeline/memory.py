"""Memory of a run: its budget, what the allocator keeps, and batches that are halved where memory runs out."""

import contextlib
import ctypes
import functools
import sys
from collections.abc import Callable, Iterator

import psutil
import rasterio
import torch
from torch import Tensor

from ..core.errors import OfaError
from ..core.messages import option
from ..raster.gdal import RASTER_ERRORS, one_line
from ..raster.source import Source


def default_budget_bytes() -> int:
    """1 GB, or a quarter of the memory that is free where that is less."""
    return min(2**30, psutil.virtual_memory().available // 4)


@functools.cache
def configure_allocator() -> None:
    """Makes glibc return blocks of 8 MB and more to the system as soon as they are freed, and keep smaller ones, up to
    32 MB. Left alone it learns to keep the large ones, and fragmentation by three threads grows with the length of a
    run; and it returns the small ones after each batch, only to ask for them again: some thousand page faults."""
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
        if mallopt:
            mallopt(-3, 8 * 2**20)  # M_MMAP_THRESHOLD
            mallopt(-1, 32 * 2**20)  # M_TRIM_THRESHOLD


class Halving:
    """A forward pass that continues with half the batch where memory runs out, for the rest of the run.

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
                "expected memory for one tile, found too little: use smaller tiles "
                f"({option('tile_px')}) or another {option('device')}"
            )
        self.size = failed // 2
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        self.log("warning", f"out of memory with {failed} tiles at once: going on with {self.size}")


def _out_of_memory(error: BaseException) -> bool:
    """CUDA has an error class of its own; on a CPU only PyTorch's message shows it."""
    words = str(error).lower()
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or any(
        phrase in words for phrase in ("not enough memory", "defaultcpuallocator", "cannot allocate memory")
    )


@contextlib.contextmanager
def gdal_limits(source: Source, budget_bytes: int, in_parts: bool = False) -> Iterator[None]:
    """Keeps GDAL's cache inside the budget, and turns errors of libraries into ours.

    Args:
        source: the raster that is read.
        budget_bytes: of the run's memory.
        in_parts: blocks are not read in one go. The cache then holds a row of blocks, where that fits the budget, or
            where a block is as wide as the file and GDAL needs as much to decode it.

    Raises:
        OfaError: where reading or writing broke off.
    """
    cache = min(budget_bytes // 8, 64 * 2**20)
    if in_parts and (source.block_row_bytes < budget_bytes // 4 or source.one_block_wide):
        cache = max(cache, source.block_row_bytes * 17 // 16)  # GDAL counts what it notes of each block, too
    try:
        with rasterio.Env(GDAL_CACHEMAX=cache, GDAL_NUM_THREADS=1):
            yield
    except (*RASTER_ERRORS, OSError) as error:
        # GDAL has no error of its own for a server that falls silent, nor for a full disk
        lost = isinstance(error, RASTER_ERRORS) and not source.local
        hint = " (did the connection break?)" if lost else ""
        raise OfaError(f"reading or writing broke off{hint}: {one_line(error)}") from error
