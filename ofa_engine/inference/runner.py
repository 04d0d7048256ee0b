"""A run: one verb's work on a session, from the first batch to the last."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from torch import Tensor

from ..core.callbacks import Callbacks
from ..core.errors import Cancelled
from ..core.options import MapOptions
from ..pipeline.journal import Journal, JournalLimits, JournalRecord
from ..pipeline.memory import Halving, gdal_limits
from ..pipeline.stages import run_stages, spare_core, uploaded
from ..pipeline.tile_reader import CARRIED_BYTES, TileBatch, read_batches
from ..raster.atomic import Pending
from ..tiling.axis import Axis
from ..tiling.plan import PlanLimits, TilePlan, make_plan
from .predictor import Predictor
from .session import Session
from .speed import expected_time


@dataclass(frozen=True)
class RunLimits:
    """What a run keeps to besides its memory budget. The defaults suit any raster."""

    plan: PlanLimits = PlanLimits()
    journal: JournalLimits = JournalLimits()
    carried_bytes: int = CARRIED_BYTES  # of pixels carried over from stripe to stripe in a file
    overviews_from_px: int = 4096  # a layer whose longer side is larger gets overviews


@dataclass
class InferenceRun:
    """Everything about a verb's work that changes: outputs that are not complete yet, the journal, budget and time."""

    session: Session
    options: MapOptions
    callbacks: Callbacks
    outputs: list[Path]
    limits: RunLimits
    budget_bytes: int
    started: float  # on the clock of time.monotonic
    pending: Pending = field(default_factory=Pending)
    journal: Journal = field(default_factory=Journal)
    computing_s: float = 0.0  # of the tiles, without start, opening and what comes after them

    def check_cancelled(self) -> None:
        """Raises Cancelled where the user has cancelled."""
        if self.callbacks.cancelled():
            raise Cancelled

    def plan(self, overlap: float, scores: int, *, clipped: bool = False, passes: int = 1) -> TilePlan:
        """Where tiles lie, see `plan_for`."""
        budget, limits = self.budget_bytes, self.limits.plan
        return plan_for(
            self.session, overlap, scores, clipped=clipped, passes=passes, budget_bytes=budget, limits=limits
        )


def plan_for(
    session: Session,
    overlap: float,
    scores: int,
    *,
    clipped: bool = False,
    passes: int = 1,
    budget_bytes: int | None = None,
    limits: PlanLimits = PlanLimits(),
) -> TilePlan:
    """Where tiles lie on a session's raster, and how it is worked through.

    Args:
        session: raster and model.
        overlap: of neighbouring tiles, as a fraction of their side.
        scores: float values per pixel that are accumulated, see `make_plan`.
        clipped: tiles keep to a regular grid, and those at the edge are clipped to the raster.
        passes: how often the model sees each tile.
        budget_bytes: of memory, the session's by default.
        limits: what else the plan keeps to.
    """
    model, source = session.checkpoint.model, session.source
    return make_plan(
        Axis(source.height, session.tile_px, overlap, clipped),
        Axis(source.width, session.tile_px, overlap, clipped),
        bands=len(session.present),
        bytes_per_value=4 if source.reads_floats else 2,
        scores=scores,
        tile_gflop=passes * model.tile_gflop(len(session.present)),
        budget_bytes=session.budget_bytes if budget_bytes is None else budget_bytes,
        on_cpu=session.device.type == "cpu",
        spare_core=spare_core(),
        blocks=source.blocks,
        scores_in_work=1 if passes == 1 else 3,  # of one mirror image, turned back, and the sum
        limits=limits,
    )


def run_pipeline(
    run: InferenceRun, plan: TilePlan, sink: Callable, replay: Callable[[JournalRecord], None], flips: bool = False
) -> int:
    """All tiles through the model, the batch halved where memory runs out.

    Args:
        run: whose journal is read and written.
        plan: where tiles lie.
        sink: takes each batch and its scores.
        replay: takes each row of tiles that the run's journal has; it is not computed again.
        flips: see `Predictor`.

    Returns:
        How many tiles were computed, those of the journal too.

    Raises:
        OfaError: what broke on the way.
        Cancelled: where the user has cancelled.
    """
    source, callbacks = run.session.source, run.callbacks
    forward = Halving(Predictor(run.session, flips), plan.batch, callbacks.log)
    # the files of a product differ in their blocks from the raster that they make
    in_parts = bool(source.product) or plan.slices.size_px % source.blocks[0].size_px > 0
    _warn_of_large_blocks(run, in_parts)
    with gdal_limits(source, run.budget_bytes, in_parts):
        start, before, replayed = _replay(run, plan, replay)
        callbacks.progress(before, plan.tiles, None)
        if note := expected_time(run.session, plan, plan.tiles - before, 4 if flips else 1):
            callbacks.log("info", note)
        computed = replayed + _compute(run, plan, forward, sink, start, before)
    if source.fill_found:
        callbacks.log(
            "info", "pixels that hold only 0, or another usual value of fill, in all bands were taken as no data"
        )
    if not computed:
        callbacks.log("warning", "no pixel is valid where the masks and bounds let one be: the result is empty")
    return computed


def _replay(
    run: InferenceRun, plan: TilePlan, replay: Callable[[JournalRecord], None]
) -> tuple[tuple[int, int], int, int]:
    """Takes what the journal has; returns the stripe and row of tiles to continue with, how many tiles come before it,
    and how many of them were computed."""
    start, before, computed = (0, plan.own_rows.start), 0, 0
    for record in run.journal.records():
        run.check_cancelled()
        replay(record)
        start = plan.after(record.stripe, record.row)
        before += len(plan.tiles_of(plan.stripes[record.stripe]))
        computed += record.tiles
    if before:
        run.journal.check_carried(plan.carried_before(*start))
        run.callbacks.log("info", f"going on after {before} of {plan.tiles} tiles")
    return start, before, computed


def _compute(
    run: InferenceRun,
    plan: TilePlan,
    forward: Callable[[Tensor], Tensor],
    sink: Callable,
    start: tuple[int, int],
    before: int,
) -> int:
    session, began = run.session, time.monotonic()
    on_gpu = session.device.type == "cuda"
    batches = read_batches(
        session.source,
        session.source_bands,
        plan,
        start,
        run.check_cancelled,
        run.pending.folder,
        pinned=on_gpu,
        carried_bytes=run.limits.carried_bytes,
    )
    computed = run_stages(
        uploaded(batches, session.device) if on_gpu else batches,
        forward,
        _Recorded(run.journal, plan, sink),
        total=plan.tiles,
        done_before=before,
        progress=run.callbacks.progress,
        cancelled=run.callbacks.cancelled,
        sink_in_thread=plan.threaded,
        read_in_thread=plan.threaded or not session.source.local,
    )
    run.computing_s = time.monotonic() - began
    return computed


def _warn_of_large_blocks(run: InferenceRun, in_parts: bool) -> None:
    """Where blocks that are read in parts do not fit the budget, a copy with smaller ones is faster."""
    source = run.session.source
    if in_parts and not source.product and source.block_row_bytes >= run.budget_bytes // 4:
        height, width = source.dataset.block_shapes[0]
        costs = "memory beyond the budget" if source.one_block_wide else "time, since each is decoded many times"
        mb = source.block_row_bytes >> 20
        run.callbacks.log(
            "warning",
            f"the file's blocks of {width} x {height} px take {mb} MB a row and "
            f"cost {costs}: gdal_translate -co TILED=YES makes a copy with small ones",
        )


class _Recorded:
    """A sink that records in the journal each row of tiles that is finished."""

    def __init__(self, journal: Journal, plan: TilePlan, sink: Callable):
        self.journal, self.plan, self.sink, self.tiles = journal, plan, sink, 0

    def __call__(self, batch: TileBatch, scores: Tensor | None) -> None:
        self.sink(batch, scores)
        if not batch.row.recomputed:
            self.tiles += len(batch.tiles)
            if batch.last:
                self.journal.finish(self.plan.stripes.index(batch.row.stripe), batch.row.index, self.tiles)
                self.tiles = 0
