"""Rates in turns, and peak memory."""

import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import psutil
import torch

ROUNDS = 5


@dataclass
class Timed:
    """Images in so many seconds."""

    images: int
    seconds: float
    waited: float = 0.0  # seconds of them in which the next batch was not ready

    @property
    def rate(self) -> float:
        return self.images / self.seconds


Turn = Callable[[float], Timed]  # works for so many seconds


def alternate(turns: dict[str, Turn], seconds: float, rounds: int = ROUNDS) -> dict[str, list[Timed]]:
    """Each turn `rounds` times, A B A B ..., `seconds` per turn in all; each one is warmed up first. So changes of
    the machine's load affect all turns alike."""
    done: dict[str, list[Timed]] = {key: [] for key in turns}
    for turn in turns.values():
        turn(0.0)
    for _ in range(rounds):
        for key, turn in turns.items():
            done[key].append(turn(seconds / rounds))
    return done


def ratios(above: list[Timed], below: list[Timed]) -> list[float]:
    """Of the rates, turn by turn."""
    return [a.rate / b.rate for a, b in zip(above, below, strict=True)]


def median_rate(turns: list[Timed]) -> float:
    return statistics.median(turn.rate for turn in turns)


def repeat(work: Callable[[], object], batch: int, device: torch.device, seconds: float) -> Timed:
    """Repeats work on `batch` images for so many seconds, at least once."""
    started, images = time.perf_counter(), 0
    while images == 0 or time.perf_counter() - started < seconds:
        work()
        images += batch
    synchronize(device)
    return Timed(images, time.perf_counter() - started)


def synchronize(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


class PeakMemory:
    """Peak memory within a `with` block in MB: allocated on a GPU, the process's resident memory on a CPU."""

    def __init__(self, device: torch.device):
        self.device, self.peak_mb, self._stop = device, 0.0, threading.Event()

    def __enter__(self) -> "PeakMemory":
        if self.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self.device)
        else:
            self._thread = threading.Thread(target=self._poll, daemon=True)
            self._thread.start()
        return self

    def _poll(self) -> None:
        process = psutil.Process()
        while not self._stop.wait(0.02):
            self.peak_mb = max(self.peak_mb, process.memory_info().rss / 2**20)

    def __exit__(self, *error: object) -> None:
        if self.device.type == "cuda":
            self.peak_mb = torch.cuda.max_memory_allocated(self.device) / 2**20
        else:
            self._stop.set()
            self._thread.join()
