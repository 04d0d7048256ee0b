"""`ofa bench`: how fast the pipeline is beside the bare model, reading alone and writing alone, on this machine.

bare: normalising, resizing, model, head, up-sampling and softmax of one batch that is in memory already, in the
pipeline's own batch size, precision and threads; read: cutting the raster into batches; write: blending, classes,
compression. floor: what the stages allow when nothing is lost between them: 1 / (bare + read + write seconds a tile)
on a CPU, whose cores all stages share; the slowest stage on a GPU. Only tiles really computed count. Bare model and
pipeline take turns, since machines drift: each round's ratios are to the bare model before, after and, every few
seconds, within the pipeline's run, which stands still meanwhile, off the clock.
"""

import os
import platform
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import torch

from ..core.callbacks import QUIET, Callbacks, Progress
from ..core.errors import InputError
from ..core.options import BenchOptions, SegmentOptions
from ..inference.class_raster import ClassWriter, create_class_layer, make_quick
from ..inference.segment import segment
from ..inference.session import TIFF, Job, Predictor, gdal_limits, open_job, plan_for
from ..pipeline import stages as pl
from ..raster.geotiff import Pending, check_output
from ..raster.source import Source, detect_source
from .synthetic import SIZES, random_model, write_example

MODELS = ("starter", *SIZES)
_BARE_TILES, _STAGE_SECONDS = 256, 20.0  # a turn of the bare model, and of reading and writing, ends with either
_PIPELINE_TURN_S, _BARE_TURN_S = 6.0, 2.0  # within a run; longer ones would see less of the machine's drift
_RANDOM_CLASSES = 10

Log = Callable[[str], None]
Done = Callable[[float], None]  # how much of all the work is done, 0 to 1


def prepare(options: BenchOptions, folder: Path, log: Log) -> SegmentOptions:
    """The raster and the model files in `folder`, and the segmentation that is measured. Raises InputError."""
    for name in ("rounds", "size_px", "classes"):
        value = getattr(options, name)
        if value is not None and value < 1:
            raise InputError(f"expected {name.replace('_', '-')} of at least 1, found {value}")
    sensor_id, raster = options.sensor, options.input
    if raster is None:
        sensor_id = sensor_id or "gaofen"
        log(f"writing a raster of {options.size_px} x {options.size_px} px of {sensor_id}")
        raster = str(write_example(folder / "example.tif", options.size_px, options.size_px, sensor_id))
    told = SegmentOptions(
        raster,
        str(folder / "out.tif"),
        sensor=sensor_id,
        tile_px=options.tile_px,
        overlap=options.overlap,
        device=options.device,
        memory_mb=options.memory_mb,
    )
    if options.model == "starter" and options.classes is None:
        return told
    with Source(raster) as source:
        found = detect_source(source, sensor_id)
    if found.sensor is None:
        raise InputError(found.marked_reason)
    checkpoint, head = random_model(folder, options.model, found.sensor, options.classes or _RANDOM_CLASSES)
    return replace(told, sensor=found.sensor, checkpoint=str(checkpoint), head=str(head))


def bench(
    options: BenchOptions = BenchOptions(), log: Log = lambda text: None, done: Done = lambda share: None
) -> dict:
    """The figures; medians of all rounds, the ratio's least and largest value beside it. Raises InputError."""
    with tempfile.TemporaryDirectory() as folder:
        told = prepare(options, Path(folder), log)
        job = open_job(told, "segment", QUIET)
        try:
            return _measure(job, told, options.rounds, log, done) | describe(job, options)
        finally:
            job.source.close()


def describe(job: Job, options: BenchOptions) -> dict:
    """What was measured, and on which machine."""
    plan = _plan(job, options.overlap)
    return {
        "machine": _machine(job.device),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "device": str(job.device),
        "model": job.checkpoint.header["name"],
        "sensor": job.sensor.id,
        "bands": len(job.present),
        "classes": len(job.classes),
        "width": job.source.width,
        "height": job.source.height,
        "tile_px": plan.tile_px,
        "overlap": options.overlap,
        "batch": plan.batch,
        "memory_mb": job.budget_bytes // 2**20,
    }


def _machine(device: torch.device) -> str:
    """Processor or graphics card, cores and memory, in words."""
    if device.type == "cuda":
        facts = torch.cuda.get_device_properties(device)
        return f"{facts.name}, {facts.total_memory / 2**30:.0f} GiB"
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")  # Linux: elsewhere platform knows the name
    if info.exists():
        lines = info.read_text(encoding="utf-8").splitlines()
        name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), name)
    return f"{name}, {os.cpu_count()} cores, {psutil.virtual_memory().total / 2**30:.0f} GiB"


def _plan(job: Job, overlap: float) -> pl.Plan:
    return plan_for(job, overlap, len(job.classes))


# --- rounds -----------------------------------------------------------------------------------------------------


def _measure(job: Job, told: SegmentOptions, rounds: int, log: Log, done: Done) -> dict:
    plan = _plan(job, told.overlap)
    stages = _Stages(job, plan, told)
    baseline, peak = psutil.Process().memory_info().rss, 0
    rates: dict[str, list[float]] = {key: [] for key in ("bare", "read", "write", "pipeline")}
    ratios, floors, seconds, started = [], [], [], time.perf_counter()
    before = stages.bare()
    for number in range(rounds):
        turns = _Turns(stages, _part_of(done, number, rounds))
        with Peak() as memory:
            begun = time.perf_counter()
            tiles = segment(told, Callbacks(turns))["tiles"]
            seconds.append(time.perf_counter() - begun - turns.bare.seconds)
        peak = max(peak, memory.peak)
        rates["pipeline"].append(tiles / seconds[-1])
        after = stages.bare()
        rates["bare"].append((before + turns.bare + after).rate)
        ratios.append(rates["pipeline"][-1] / rates["bare"][-1])
        before = after
        for key, rate in zip(("read", "write"), stages.read_and_write(), strict=True):
            rates[key].append(rate)
        cost = [1 / rates[key][-1] for key in ("bare", "read", "write")]
        floors.append(1 / (sum(cost) if job.device.type == "cpu" else max(cost)))
        done((number + 1) / rounds)
        left = (time.perf_counter() - started) / (number + 1) * (rounds - number - 1)
        shown = ", ".join(f"{key} {values[-1]:.1f}" for key, values in rates.items())
        log(f"round {number + 1} of {rounds}: {shown} tiles/s; {duration(left)} left")
    median = {key: statistics.median(values) for key, values in rates.items()}
    to_floor = [rate / floor for rate, floor in zip(rates["pipeline"], floors, strict=True)]
    pixels = job.source.width * job.source.height
    return {f"{key}_tiles_s": round(value, 2) for key, value in median.items()} | {
        "ratio": round(statistics.median(ratios), 3),
        "ratio_range": [round(min(ratios), 3), round(max(ratios), 3)],
        "floor_tiles_s": round(statistics.median(floors), 2),
        "floor_ratio": round(statistics.median(to_floor), 3),
        "floor_ratio_range": [round(min(to_floor), 3), round(max(to_floor), 3)],
        "pipeline_mpx_s": round(pixels / statistics.median(seconds) / 1e6, 3),
        "pipeline_s": round(statistics.median(seconds), 1),
        "peak_rss_mb": round(peak / 2**20),
        "baseline_rss_mb": round(baseline / 2**20),
        "limit": min(("bare", "read", "write"), key=lambda key: median[key]),
        "tiles": tiles,
        "rounds": rounds,
    }


def _part_of(done: Done, number: int, rounds: int) -> Progress:
    """Progress of a round's pipeline as progress of the whole."""
    return lambda n, total, seconds_left: done((number + 0.8 * n / max(total, 1)) / rounds)


def duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


class Peak:
    """The largest resident memory of this process within a `with` statement, looked at every 10 ms."""

    def __enter__(self) -> "Peak":
        self.process, self.over = psutil.Process(), threading.Event()
        self.peak = self.process.memory_info().rss
        self.thread = threading.Thread(target=self._look, daemon=True)
        self.thread.start()
        return self

    def _look(self) -> None:
        while not self.over.wait(0.01):
            self.peak = max(self.peak, self.process.memory_info().rss)

    def __exit__(self, *error: object) -> None:
        self.over.set()
        self.thread.join()


@dataclass(frozen=True)
class _Timed:
    tiles: int = 0
    seconds: float = 0.0

    def __add__(self, other: "_Timed") -> "_Timed":
        return _Timed(self.tiles + other.tiles, self.seconds + other.seconds)

    @property
    def rate(self) -> float:
        return self.tiles / self.seconds


class _Turns:
    """Progress of a pipeline that stands still every few seconds, while the bare model has a turn. Stages that run
    beside the model get ahead by the two batches that wait between them."""

    def __init__(self, stages: "_Stages", progress: Progress):
        self.stages, self.progress, self.bare = stages, progress, _Timed()
        self.begun = time.perf_counter()

    def __call__(self, tiles: int, total: int, seconds_left: float | None) -> None:
        self.progress(tiles, total, seconds_left)
        if time.perf_counter() - self.begun >= _PIPELINE_TURN_S and tiles < total:
            self.bare += self.stages.bare(_BARE_TURN_S)
            self.begun = time.perf_counter()


class _Stages:
    """Each stage of the pipeline alone, in tiles a second."""

    def __init__(self, job: Job, plan: pl.Plan, told: SegmentOptions):
        self.job, self.plan, self.told, self.predictor = job, plan, told, Predictor(job)
        batches = (batch.pixels for batch in self._batches() if batch.pixels is not None)
        tiles = next(batches)
        self.tiles = tiles[torch.arange(plan.batch) % len(tiles)].clone()  # a raster may hold less than one batch
        if job.device.type == "cuda":
            self.tiles = self.tiles.to(job.device)  # the pipeline's copies are done beside the model
        self.scores = self.predictor(self.tiles)

    def _batches(self) -> Iterator[pl.Batch]:
        return pl.read_batches(self.job.source, self.job.source_bands, self.plan)

    def bare(self, seconds: float | None = None) -> _Timed:
        tiles, passed, started = 0, 0.0, time.perf_counter()
        while passed < seconds if seconds else tiles < _BARE_TILES and passed < _STAGE_SECONDS:
            self.predictor(self.tiles)
            tiles += len(self.tiles)
            if self.job.device.type == "cuda":
                torch.cuda.synchronize()
            passed = time.perf_counter() - started
        return _Timed(tiles, passed)

    def read_and_write(self) -> tuple[float, float]:
        """Batches are read, and blended and written with scores that are there already, one after the other and each
        on its own clock; of a large raster as many as fit the time. Overviews belong to writing; those of a part would
        tell nothing of the whole, and do not count."""
        job, pending, clock, tiles = self.job, Pending(), _Clock(), 0
        part = pending.beside(check_output(self.told.output, [self.told.input], TIFF))
        try:
            with gdal_limits(job), create_class_layer(part, job, {}) as layer:
                writer = ClassWriter(job, layer, None)
                blender = pl.Blender(self.plan, len(job.classes), writer, device=job.device)
                clock.lap("write")
                for batch in self._batches():
                    clock.lap("read")
                    tiles += len(batch.tiles)
                    blender(batch, self.scores[: len(batch.tiles)] if batch.tiles else None)
                    clock.lap("write")
                    if clock.read + clock.write > _STAGE_SECONDS:
                        break
            if clock.read + clock.write <= _STAGE_SECONDS:
                make_quick(part, job, cog=False)
            clock.lap("write")
        finally:
            pending.discard()
        return tiles / clock.read, tiles / clock.write


class _Clock:
    """Adds up the seconds since the last lap under one of two names."""

    def __init__(self) -> None:
        self.read = self.write = 0.0
        self.last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        setattr(self, name, getattr(self, name) + now - self.last)
        self.last = now
