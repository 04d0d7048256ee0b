"""Timing of the pipeline's stages alone, and of the bare model in turns within a run of the pipeline."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import psutil
import torch
from rasterio.enums import Resampling

from ..core.callbacks import Progress
from ..core.options import SegmentOptions
from ..inference.class_raster import ClassWriter, add_overviews, create_class_layer
from ..inference.predictor import Predictor
from ..inference.runner import RunLimits
from ..inference.session import TIFF, Session
from ..pipeline.blender import Blender
from ..pipeline.journal import Journal
from ..pipeline.memory import gdal_limits
from ..pipeline.tile_reader import TileBatch, read_batches
from ..raster.atomic import Pending, check_output
from ..tiling.plan import TilePlan


@dataclass(frozen=True)
class BenchLimits:
    """How long things are measured. A measurement of a stage ends with its tiles or its seconds, whichever is first."""

    bare_tiles: int = 256
    stage_s: float = 20.0
    pipeline_turn_s: float = 6.0  # of the pipeline, between turns of the bare model within a run
    bare_turn_s: float = 2.0  # longer turns would see less of how the machine's speed drifts


DEFAULT_LIMITS = BenchLimits()


@dataclass(frozen=True)
class Timed:
    """Tiles, and the seconds they took."""

    tiles: int = 0
    seconds: float = 0.0

    def __add__(self, other: "Timed") -> "Timed":
        return Timed(self.tiles + other.tiles, self.seconds + other.seconds)

    @property
    def rate(self) -> float:
        """Tiles per second."""
        return self.tiles / self.seconds


class StageTimer:
    """Times each stage of the pipeline alone."""

    def __init__(self, session: Session, plan: TilePlan, options: SegmentOptions, limits: BenchLimits):
        self.session, self.plan, self.options, self.limits = session, plan, options, limits
        self.predictor = Predictor(session)
        batches = (batch.pixels for batch in self._batches() if batch.pixels is not None)
        tiles = next(batches)
        self.tiles = tiles[torch.arange(plan.batch) % len(tiles)].clone()  # a raster may have less than one batch
        if session.device.type == "cuda":
            self.tiles = self.tiles.to(session.device)  # the pipeline copies while the model computes
        self.scores = self.predictor(self.tiles)

    def _batches(self) -> Iterator[TileBatch]:
        return read_batches(self.session.source, self.session.source_bands, self.plan)

    def bare(self, seconds: float | None = None) -> Timed:
        """The model on one batch that is in memory, for `seconds` or until the limits are reached."""
        tiles, passed, started = 0, 0.0, time.perf_counter()
        limits = self.limits
        while passed < seconds if seconds else tiles < limits.bare_tiles and passed < limits.stage_s:
            self.predictor(self.tiles)
            tiles += len(self.tiles)
            if self.session.device.type == "cuda":
                torch.cuda.synchronize()
            passed = time.perf_counter() - started
        return Timed(tiles, passed)

    def read_and_write(self) -> tuple[float, float]:
        """(tiles per second read, tiles per second blended and written), one batch after the other and each with its
        own clock; of a large raster as many as the time allows. Building overviews belongs to writing, but those of
        a part would not be representative and are not counted."""
        session, pending, clock, tiles = self.session, Pending(), _StageClock(), 0
        part = pending.add(check_output(self.options.output, [self.options.input], TIFF))
        try:
            with gdal_limits(session.source, session.budget_bytes), create_class_layer(part, session, {}) as layer:
                writer = ClassWriter(session, Journal(), layer, None)
                blender = Blender(self.plan, len(session.classes), writer, device=session.device)
                clock.lap("write")
                for batch in self._batches():
                    clock.lap("read")
                    tiles += len(batch.tiles)
                    blender(batch, self.scores[: len(batch.tiles)] if batch.tiles else None)
                    clock.lap("write")
                    if clock.total > self.limits.stage_s:
                        break
            if clock.total <= self.limits.stage_s:
                with gdal_limits(session.source, session.budget_bytes):
                    add_overviews(part, Resampling.mode, RunLimits().overviews_from_px)
            clock.lap("write")
        finally:
            pending.discard()
        return tiles / clock.seconds["read"], tiles / clock.seconds["write"]


class InterleavedTurns:
    """Progress of a pipeline that is paused every few seconds, while the bare model has a turn. Stages that run in
    threads of their own get ahead by at most the two batches that are queued between them."""

    def __init__(self, timer: StageTimer, progress: Progress, limits: BenchLimits):
        self.timer, self.progress, self.limits = timer, progress, limits
        self.bare = Timed()
        self.resumed = time.perf_counter()

    def __call__(self, tiles: int, total: int, seconds_left: float | None) -> None:
        self.progress(tiles, total, seconds_left)
        if time.perf_counter() - self.resumed >= self.limits.pipeline_turn_s and tiles < total:
            self.bare += self.timer.bare(self.limits.bare_turn_s)
            self.resumed = time.perf_counter()


class _StageClock:
    """Adds the seconds since the last lap to one of the stages."""

    def __init__(self) -> None:
        self.seconds = {"read": 0.0, "write": 0.0}
        self.last = time.perf_counter()

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self.seconds[stage] += now - self.last
        self.last = now

    @property
    def total(self) -> float:
        return sum(self.seconds.values())


class PeakMemory:
    """The largest resident memory of this process within a `with` block, sampled every 10 ms."""

    def __enter__(self) -> "PeakMemory":
        self.process, self.over = psutil.Process(), threading.Event()
        self.peak = self.process.memory_info().rss
        self.thread = threading.Thread(target=self._sample, daemon=True)
        self.thread.start()
        return self

    def _sample(self) -> None:
        while not self.over.wait(0.01):
            self.peak = max(self.peak, self.process.memory_info().rss)

    def __exit__(self, *error: object) -> None:
        self.over.set()
        self.thread.join()
