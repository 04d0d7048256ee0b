"""How fast pretraining is on one sensor's samples, and what limits it."""

import itertools
import statistics
import time
from collections.abc import Iterator, Sequence
from typing import Any, cast

import torch

from ofa_engine.core.sensors import get_sensor
from training.data.shards import ShardManifest, ShardSet
from training.pretraining.batches import Batch, batches, stored_tensor
from training.pretraining.config import PretrainingConfig
from training.pretraining.distributed import Ranks
from training.pretraining.objectives import MaskedAutoencoding
from training.pretraining.schedule import Step, TrainingSchedule
from training.pretraining.trainer import Trainer
from training.throughput.flops import training_flops
from training.throughput.reference_mae import ReferenceTrainer
from training.throughput.timing import PeakMemory, Timed, Turn, alternate, median_rate, ratios, repeat, synchronize

_WARM_STEPS = 2


class RandomSamples:
    """Random values in place of prepared samples: of the model's input size, in the sensor's canonical unit."""

    def __init__(self, sensor_id: str, size_px: int):
        sensor = get_sensor(sensor_id)
        self.bands_present = list(sensor.usable_bands)
        self.manifest = ShardManifest(
            sensor_id,
            sensor.unit,
            [len(sensor.bands), size_px, size_px],
            "float32",
            "random",
            0,
            mean=list(sensor.mean),
            std=list(sensor.std),
        )

    def __len__(self) -> int:
        return 2**20

    def statistics(self) -> tuple[list[float], list[float]]:
        return self.manifest.mean, self.manifest.std

    def read(self, numbers: Sequence[int]) -> Any:
        mean, std = (torch.tensor(getattr(self.manifest, n))[self.bands_present, None, None] for n in ("mean", "std"))
        size = self.manifest.shape[1:]
        return (mean + std * torch.randn(len(numbers), len(self.bands_present), *size)).numpy()


class SensorThroughput:
    """Measures pretraining of one sensor on this device."""

    def __init__(self, config: PretrainingConfig, sensor_id: str, samples: ShardSet | None, ranks: Ranks):
        """Without `samples` only random values are measured."""
        self.config, self.sensor_id, self.ranks, self.samples = config, sensor_id, ranks, samples
        source = samples or cast(ShardSet, RandomSamples(sensor_id, config.input_px))
        self.trainer = Trainer(config, {sensor_id: source}, ranks, lambda text: None)
        self.objective = cast(MaskedAutoencoding, self.trainer.objective)
        numbers = torch.arange(config.batch) % len(source)
        values = stored_tensor(source.read(numbers.tolist()))
        self.batch = Batch(Step(0, 0, sensor_id, numbers.numpy()), numbers, values).to(ranks.device)
        self.flops = self._flops()

    def _flops(self, reference: bool = False) -> float:
        config, bands = self.config, self.batch.values.shape[1]
        return training_flops(config.architecture, config.decoder, bands, config.mask_ratio, reference)

    def synthetic(self, seconds: float) -> Timed:
        """Steps on one batch that stays on the device."""
        return repeat(lambda: self.trainer.step(self.batch), self.config.batch, self.ranks.device, seconds)

    def _batches(self) -> Iterator[Batch]:
        assert self.samples is not None
        schedule = TrainingSchedule(
            {self.sensor_id: len(self.samples)}, batch=self.config.batch, epochs=2**20, seed=self.config.seed
        )
        steps = list(itertools.islice(schedule.steps_between(0, schedule.steps), 2**12))
        return batches({self.sensor_id: self.samples}, steps, self.ranks, self.config.workers)

    def real(self, seconds: float) -> Timed:
        """Steps on samples from shards; the start of the loader is not timed."""
        loader = self._batches()
        for batch in itertools.islice(loader, _WARM_STEPS):
            self.trainer.step(batch)
        synchronize(self.ranks.device)
        started, done = time.perf_counter(), Timed(0, 0.0)
        while done.images == 0 or time.perf_counter() - started < seconds:
            waiting = time.perf_counter()
            batch = next(loader)
            done.waited += time.perf_counter() - waiting
            self.trainer.step(batch)
            done.images += self.config.batch
        synchronize(self.ranks.device)
        done.seconds = time.perf_counter() - started
        return done

    def loader(self, seconds: float) -> Timed:
        """The loader alone."""
        loader = self._batches()
        for _ in range(_WARM_STEPS):
            next(loader)
        return repeat(lambda: next(loader), self.config.batch, torch.device("cpu"), seconds)

    def compare_reference(self, seconds: float) -> dict[str, Any]:
        """Our step and the reference's in turns, both from normalised pixels that stay on the device."""
        with torch.no_grad():
            pixels = self.objective.pixels(self.batch)
        reference = ReferenceTrainer(self.trainer, self.objective.module, self.sensor_id)
        size, device = self.config.batch, self.ranks.device

        def ours() -> None:
            self.trainer.update(self.batch.step, size, [self.objective.masked(pixels, self.batch)])

        done = alternate(
            {
                "ours": lambda s: repeat(ours, size, device, s),
                "reference": lambda s: repeat(lambda: reference.step(pixels), size, device, s),
            },
            seconds,
        )
        by_turn = ratios(done["ours"], done["reference"])
        return {
            "ours_images_s": round(median_rate(done["ours"]), 2),
            "reference_images_s": round(median_rate(done["reference"]), 2),
            "reference_ratio": round(statistics.median(by_turn), 3),
            "reference_ratio_min": round(min(by_turn), 3),
            "reference_ratio_max": round(max(by_turn), 3),
            "counted_ratio": round(self._flops(reference=True) / self.flops, 3),
        }

    def measure(self, seconds: float, peak: float | None, reference: bool) -> dict[str, Any]:
        """All figures of the sensor.

        Args:
            seconds: of each measurement.
            peak: of the device in TFLOP/s, None if it is not known.
            reference: also compare with the reference's step.
        """
        with PeakMemory(self.ranks.device) as memory:
            turns: dict[str, Turn] = {"synthetic": self.synthetic}
            if self.samples:
                turns |= {"real": self.real, "loader": self.loader}
            done = alternate(turns, seconds)
        rates = {key: median_rate(timed) for key, timed in done.items()}
        tflops = rates["synthetic"] * self.flops / 1e12
        real = done.get("real")
        return {
            "bands": self.batch.values.shape[1],
            "synthetic_images_s": round(rates["synthetic"], 2),
            "real_images_s": round(rates["real"], 2) if real else None,
            "loader_images_s": round(rates["loader"], 2) if real else None,
            "real_ratio": round(statistics.median(ratios(real, done["synthetic"])), 3) if real else None,
            "data_wait_share": round(sum(t.waited for t in real) / sum(t.seconds for t in real), 4) if real else None,
            "limit": ("loader" if rates["loader"] < rates["synthetic"] else "compute") if real else None,
            "gflop_image": round(self.flops / 1e9, 2),
            "tflops": round(tflops, 3),
            "mfu": round(tflops / peak, 3) if peak else None,
            "peak_memory_mb": round(memory.peak_mb),
        } | (self.compare_reference(seconds) if reference else {})
