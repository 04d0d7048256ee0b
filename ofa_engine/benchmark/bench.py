"""`ofa bench`: the speed of the whole pipeline compared with the bare model, with reading alone and with writing alone.

bare: normalising, resizing, model, head, upsampling and softmax of one batch that is in memory, with the pipeline's own
batch size, precision and threads; read: cutting the raster into batches; write: blending, classes, compression. floor:
what the stages allow when nothing is lost between them: 1 / (bare + read + write seconds per tile) on a CPU, whose
cores all stages share; the slowest stage on a GPU. Only tiles that are computed count. Since a machine's speed drifts,
the bare model and the pipeline take turns: each round's ratio is to the bare model before, after and, every few
seconds, within the pipeline's run, which is paused meanwhile, off the clock.
"""

import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import psutil
import torch

from ..core.callbacks import QUIET, Callbacks, Progress
from ..core.errors import InputError
from ..core.model_cost import duration
from ..core.options import BenchOptions, SegmentOptions
from ..inference.runner import plan_for
from ..inference.segment import segment
from ..inference.session import Session, check_overlap, open_session
from ..raster.source import Source, detect_source
from ..tiling.plan import TilePlan
from .stage_timing import DEFAULT_LIMITS, BenchLimits, InterleavedTurns, PeakMemory, StageTimer
from .synthetic import SIZES, random_model, write_example

MODELS = ("starter", *SIZES)
_RANDOM_CLASSES = 10

Log = Callable[[str], None]
ReportDone = Callable[[float], None]  # the fraction of all work that is done, 0 to 1


def bench(
    options: BenchOptions = BenchOptions(),
    log: Log = lambda text: None,
    report_done: ReportDone = lambda fraction: None,
    limits: BenchLimits = DEFAULT_LIMITS,
) -> dict:
    """Measures the pipeline on this machine.

    Args:
        options: raster, model, and how many rounds.
        log: receives a line per round.
        report_done: receives the fraction of the work that is done.
        limits: how long things are measured.

    Returns:
        A JSON mapping: medians over all rounds of bare_tiles_s, read_tiles_s, write_tiles_s, pipeline_tiles_s,
        floor_tiles_s (tiles per second), ratio (pipeline to bare) and floor_ratio (pipeline to floor), each with its
        range; pipeline_mpx_s, pipeline_s, peak_rss_mb, baseline_rss_mb, limit (the slowest stage), tiles, rounds; and
        what was measured on which machine.

    Raises:
        InputError: raster, model or options cannot be used.
    """
    with tempfile.TemporaryDirectory() as folder:
        run_options = prepare(options, Path(folder), log)
        session = open_session(run_options, "segment", QUIET, check=lambda source: check_overlap(run_options.overlap))
        try:
            return _measure(session, run_options, options.rounds, log, report_done, limits) | describe(session, options)
        finally:
            session.source.close()


def prepare(options: BenchOptions, folder: Path, log: Log) -> SegmentOptions:
    """Writes the raster and the model into `folder` where they are generated; returns the options of the segmentation
    that is measured. Raises InputError."""
    for name in ("rounds", "size_px", "classes"):
        value = getattr(options, name)
        if value is not None and value < 1:
            raise InputError(f"expected {name.replace('_', '-')} of at least 1, found {value}")
    sensor_id, raster = options.sensor, options.input
    if raster is None:
        sensor_id = sensor_id or "gaofen"
        log(f"writing a raster of {options.size_px} x {options.size_px} px of {sensor_id}")
        raster = str(write_example(folder / "example.tif", options.size_px, options.size_px, sensor_id))
    run_options = SegmentOptions(
        raster,
        str(folder / "out.tif"),
        sensor=sensor_id,
        tile_px=options.tile_px,
        overlap=options.overlap,
        device=options.device,
        memory_mb=options.memory_mb,
    )
    if options.model == "starter" and options.classes is None:
        return run_options
    with Source(raster) as source:
        found = detect_source(source, sensor_id)
    if found.sensor is None:
        raise InputError(found.reason)
    checkpoint, head = random_model(folder, options.model, found.sensor, options.classes or _RANDOM_CLASSES)
    return replace(run_options, sensor=found.sensor, checkpoint=str(checkpoint), head=str(head))


def describe(session: Session, options: BenchOptions) -> dict:
    """What was measured, and on which machine."""
    plan = _plan(session, options.overlap)
    return {
        "machine": _machine(session.device),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "device": str(session.device),
        "model": session.checkpoint.header["name"],
        "sensor": session.sensor.id,
        "bands": len(session.present),
        "classes": len(session.classes),
        "width": session.source.width,
        "height": session.source.height,
        "tile_px": plan.tile_px,
        "overlap": options.overlap,
        "batch": plan.batch,
        "memory_mb": session.budget_bytes // 2**20,
    }


def _machine(device: torch.device) -> str:
    """Processor or graphics card, cores and memory, as text."""
    if device.type == "cuda":
        facts = torch.cuda.get_device_properties(device)
        return f"{facts.name}, {facts.total_memory / 2**30:.0f} GiB"
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")  # on Linux; elsewhere platform knows the name
    if info.exists():
        lines = info.read_text(encoding="utf-8").splitlines()
        name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), name)
    return f"{name}, {os.cpu_count()} cores, {psutil.virtual_memory().total / 2**30:.0f} GiB"


def _plan(session: Session, overlap: float) -> TilePlan:
    return plan_for(session, overlap, len(session.classes))


# --- rounds ------------------------------------------------------------------------------------------------------


@dataclass
class _Rounds:
    """What was measured, a value per round."""

    bare: list[float] = field(default_factory=list)  # tiles per second, as the next three
    read: list[float] = field(default_factory=list)
    write: list[float] = field(default_factory=list)
    pipeline: list[float] = field(default_factory=list)
    floor: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)  # of the pipeline
    peak: int = 0  # bytes
    tiles: int = 0


def _measure(
    session: Session, options: SegmentOptions, rounds: int, log: Log, report_done: ReportDone, limits: BenchLimits
) -> dict:
    timer = StageTimer(session, _plan(session, options.overlap or 0.0), options, limits)
    baseline, started = psutil.Process().memory_info().rss, time.perf_counter()
    found = _Rounds()
    before = timer.bare()
    for number in range(rounds):
        turns = InterleavedTurns(timer, _round_progress(report_done, number, rounds), limits)
        with PeakMemory() as memory:
            begun = time.perf_counter()
            found.tiles = segment(options, Callbacks(turns))["tiles"]
            found.seconds.append(time.perf_counter() - begun - turns.bare.seconds)
        found.peak = max(found.peak, memory.peak)
        found.pipeline.append(found.tiles / found.seconds[-1])
        after = timer.bare()
        found.bare.append((before + turns.bare + after).rate)
        before = after
        read, write = timer.read_and_write()
        found.read.append(read)
        found.write.append(write)
        cost = [1 / rate for rate in (found.bare[-1], read, write)]
        found.floor.append(1 / (sum(cost) if session.device.type == "cpu" else max(cost)))
        report_done((number + 1) / rounds)
        left = (time.perf_counter() - started) / (number + 1) * (rounds - number - 1)
        rates = ", ".join(f"{key} {getattr(found, key)[-1]:.1f}" for key in ("bare", "read", "write", "pipeline"))
        log(f"round {number + 1} of {rounds}: {rates} tiles/s; {duration(left)} left")
    return _figures(found, session.source.width * session.source.height) | {"baseline_rss_mb": round(baseline / 2**20)}


def _figures(found: _Rounds, pixels: int) -> dict:
    median = {key: statistics.median(getattr(found, key)) for key in ("bare", "read", "write", "pipeline")}
    ratios = [pipeline / bare for pipeline, bare in zip(found.pipeline, found.bare, strict=True)]
    floor_ratios = [pipeline / floor for pipeline, floor in zip(found.pipeline, found.floor, strict=True)]
    seconds = statistics.median(found.seconds)
    return {f"{key}_tiles_s": round(value, 2) for key, value in median.items()} | {
        "ratio": round(statistics.median(ratios), 3),
        "ratio_range": [round(min(ratios), 3), round(max(ratios), 3)],
        "floor_tiles_s": round(statistics.median(found.floor), 2),
        "floor_ratio": round(statistics.median(floor_ratios), 3),
        "floor_ratio_range": [round(min(floor_ratios), 3), round(max(floor_ratios), 3)],
        "pipeline_mpx_s": round(pixels / seconds / 1e6, 3),
        "pipeline_s": round(seconds, 1),
        "peak_rss_mb": round(found.peak / 2**20),
        "limit": min(("bare", "read", "write"), key=lambda key: median[key]),
        "tiles": found.tiles,
        "rounds": len(found.pipeline),
    }


def _round_progress(report_done: ReportDone, number: int, rounds: int) -> Progress:
    """Progress of a round's pipeline, as progress of the whole."""
    return lambda n, total, seconds_left: report_done((number + 0.8 * n / max(total, 1)) / rounds)
