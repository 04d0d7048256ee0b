"""Peak memory of the whole process, by the operating system's own account."""

import os
import subprocess
import sys

import pytest

from ofa_engine.bench import write_example


def peak_mb(arguments):
    """Peak resident memory of a command line in MB (ru_maxrss of the finished child)."""
    process = subprocess.Popen([sys.executable, "-m", "ofa_engine", *arguments], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_maxrss / 1024


@pytest.mark.slow
def test_memory_does_not_grow_with_the_raster(tmp_path, monkeypatch):
    monkeypatch.delenv("OFANET_MODELS")  # the starter model, six classes
    peaks = {}
    for size in (5000, 20000):
        path = write_example(tmp_path / f"{size}.tif", size, size)
        out = str(tmp_path / "out.tif")
        peaks[size] = peak_mb(["segment", str(path), "-o", out, "--tile-px", "1000", "--overlap", "0"])
        path.unlink()
    print(peaks)
    assert peaks[20000] < 2000
    assert peaks[20000] < 1.1 * peaks[5000]
