"""What a run or a measurement was made on, in words."""

import platform
from pathlib import Path

import psutil
import torch


def machine(device: str = "auto") -> str:
    """Processor (or graphics card, unless `device` is "cpu"), memory and versions."""
    versions = f"PyTorch {torch.__version__}, Python {platform.python_version()}"
    if device != "cpu" and torch.cuda.is_available():
        memory = torch.cuda.get_device_properties(0).total_memory / 2**30
        return f"{torch.cuda.get_device_name(0)} ({memory:.0f} GiB), {versions}"
    memory = psutil.virtual_memory().total / 2**30
    return f"{_processor()}, {torch.get_num_threads()} threads, {memory:.0f} GiB, {versions}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
