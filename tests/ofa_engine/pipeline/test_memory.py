"""Peak memory of the whole process, by the operating system's own account."""

import subprocess
import sys

import pytest

from ofa_engine.benchmark.synthetic import write_example

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
