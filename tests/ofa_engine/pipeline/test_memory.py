"""Batches that are halved, and the peak memory of the whole process by the operating system's own account."""

import subprocess
import sys

import pytest
import torch

from ofa_engine.benchmark.bench import write_example
from ofa_engine.core.errors import OfaError
from ofa_engine.pipeline.memory import Halving

# A small process starts the measured one: Linux counts what the parent held at the fork into the child's peak.
STARTER = """import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)"""


def peak_mb(arguments):
    """Peak resident memory of a command line in MB."""
    command = [sys.executable, "-c", STARTER, sys.executable, "-m", "ofa_engine", *arguments]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_raster(tmp_path, monkeypatch):
    monkeypatch.delenv("OFANET_MODELS")  # the starter model, six classes
    peaks = {}
    for size in (5000, 20000):
        path = write_example(tmp_path / f"{size}.tif", size, size)
        out = str(tmp_path / "out.tif")
        # the raster serves as its own mask, which leaves out speckles
        mask = ["--valid-mask", str(path), "--mask-values", "30,31,32"]
        peaks[size] = peak_mb(
            ["segment", str(path), "-o", out, "--tile-px", "1000", "--overlap", "0", "--min-area", "1", *mask]
        )
        path.unlink()
    print(peaks)
    assert peaks[20000] < 2000
    assert peaks[20000] < 1.1 * peaks[5000]


OUT_OF_MEMORY = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:124] . DefaultCPUAllocator: can't allocate memory: you tried ..."),
    RuntimeError("[enforce fail at alloc_cpu.cpp:81] data. DefaultCPUAllocator: not enough memory: you tried ..."),
    MemoryError(),
]


@pytest.mark.parametrize("error", OUT_OF_MEMORY, ids=lambda e: f"{type(e).__name__} {str(e)[-25:]}")
@pytest.mark.parametrize("fits", [1, 2, 3, 7, 8, 100])
def test_the_batch_is_halved_until_it_fits_and_stays_so(error, fits):
    tried, said = [], []

    def forward(x):
        tried.append(len(x))
        if len(x) > fits:
            raise error
        return x * 2

    careful = Halving(forward, 8, lambda *note: said.append(note))
    pixels = torch.arange(20.0).reshape(20, 1, 1, 1)
    out = torch.cat([careful(part) for part in pixels.split(8)])
    assert torch.equal(out, pixels * 2)
    failed = [size for size in tried if size > fits]
    assert failed == [size for size in (8, 4, 2) if size > fits]  # once each, not once a batch
    assert len(said) == len(failed) and all(level == "warning" for level, _ in said)


def test_one_tile_that_does_not_fit_is_told_and_other_errors_pass():
    def forward(x):
        raise OUT_OF_MEMORY[1]

    with pytest.raises(OfaError, match="--tile-px"):
        Halving(forward, 4, lambda *_: None)(torch.zeros(4, 1, 2, 2))

    def broken(x):
        raise RuntimeError("shapes do not match")

    with pytest.raises(RuntimeError, match="shapes"):
        Halving(broken, 4, lambda *_: None)(torch.zeros(4, 1, 2, 2))


def test_a_real_allocation_that_fails_is_known():
    def forward(x):
        torch.empty(2**46 if len(x) > 2 else 1)  # 256 TB
        return x

    assert len(Halving(forward, 8, lambda *_: None)(torch.zeros(8, 1, 2, 2))) == 8
