"""What every verb shares: the user's options, and from them a job, the raster understood and the model for it."""

import contextlib
import functools
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import rasterio
import torch
from rasterio.errors import RasterioError
from torch import Tensor

from ..core import catalog
from ..core.callbacks import Callbacks
from ..core.errors import Cancelled, InputError, OfaError, SensorError
from ..core.options import Options
from ..core.sensors import Detection, Sensor, get_sensor
from ..core.version import __version__
from ..model.checkpoint import Checkpoint, check_head, choose_device, load_checkpoint, load_head
from ..model.heads import LinearHead
from ..model.onednn import pack
from ..model.preprocess import normalise, resize, to_canonical
from ..pipeline import stages as pl
from ..pipeline.journal import Journal, Record
from ..raster.geotiff import Pending, check_output
from ..raster.masks import PolygonMask, RasterMask
from ..raster.source import Source, detect_source, gsd_m, one_line, shown
from ..tiling.axis import MAX_OVERLAP, Axis

TIFF, GPKG, HTML = (".tif", ".tiff"), (".gpkg",), (".html", ".htm")


# --- the job -----------------------------------------------------------------------------------------------------


@dataclass
class Job:
    """A raster opened and understood, with the model for it."""

    source: Source
    detection: Detection
    checkpoint: Checkpoint
    head: LinearHead | None
    head_file: catalog.ModelFile | None
    device: torch.device
    tile_px: int
    budget_bytes: int
    pending: Pending = field(default_factory=Pending)
    computing_s: float = 0.0  # what the tiles took, without start, opening and what comes after them
    journal: Journal = field(default_factory=Journal)
    started: float = field(default_factory=time.monotonic)  # on the clock of time.monotonic

    @property
    def sensor(self) -> Sensor:
        return get_sensor(self.detection.sensor or "")

    @property
    def present(self) -> list[int]:
        """0-based embedder bands that the raster has."""
        return [i for i, band in enumerate(self.detection.bands) if band]

    @property
    def source_bands(self) -> list[int]:
        return [band for band in self.detection.bands if band]

    @property
    def classes(self) -> list[dict]:
        return self.head_file.header["classes"] if self.head_file else []

    def tags(self, options: Options) -> dict[str, str]:
        """Provenance for the output's metadata."""
        found = self.detection
        tags = {
            "ENGINE": f"ofanet {__version__}",
            "SOURCE": self.source.name,
            "SENSOR": found.sensor or "",
            "BANDS": ",".join(str(b or "-") for b in found.bands),
            "UNITS": found.units or "",
            "CHECKPOINT": self.checkpoint.header["name"],
            "BACKBONE": self.checkpoint.header["fingerprints"][found.sensor],
            "TILE_PX": str(self.tile_px),
        }
        if self.head_file:
            tags["HEAD"] = self.head_file.header["name"]
        for key, value in (("VALID_MASK", options.valid_mask), ("MASK", options.mask)):
            if value:
                tags[key] = shown(value)
        if options.mask_values:
            tags["MASK_VALUES"] = ",".join(f"{float(value):g}" for value in options.mask_values)
        if options.min_area:
            tags["MIN_AREA_HA"] = f"{options.min_area:g}"
        if options.flips:
            tags["FLIPS"] = "4"
        if found.mapped:
            tags["MAPPED_BANDS"] = "bands of another sensor, or in another order than was found"
        return tags


@functools.lru_cache(maxsize=2)
def cached_checkpoint(path: str, stamp: int, device: str) -> Checkpoint:
    """A checkpoint that was read before stays in memory; on a CPU its layers are packed."""
    checkpoint = load_checkpoint(path, device)
    if torch.device(device).type == "cpu":
        pack(checkpoint.model)
    return checkpoint


def open_job(options: Options, task: str | None, callbacks: Callbacks, writes: bool = True) -> Job:
    """Opens and checks all that the user gave; `task` is None where no head is used, `writes` false where no layer is
    written. Raises InputError, and leaves nothing open."""
    started = time.monotonic()
    source = Source(options.input)
    try:
        found = detect_source(source, options.sensor, options.bands, options.units)
        if found.sensor is None:
            raise SensorError(found.reason)
        if found.units is None or found.confidence == "ambiguous" and not (options.sensor or options.bands):
            others = ", ".join(found.candidates)
            raise SensorError(
                f"{source.name} is ambiguous ({others}): {found.reason}; tell with --sensor, --bands or --units"
            )
        if writes:
            _check_outputs(options, task, source.dataset.files)
        if options.min_area is not None:
            _check_min_area(options.min_area, source)
        notes = _restrict(source, options)
        if options.bounds:
            source.crop(options.bounds)
        head_file = None
        if task:
            head_file = catalog.find_head(options.head, found.sensor, task)
            check_head(head_file.header, head_file.path, found.sensor, task)
        fingerprint = head_file.header.get("backbone") if head_file else None
        beside = head_file.path.parent if head_file else None
        if options.checkpoint:
            file = catalog.named_checkpoint(options.checkpoint, found.sensor)
        else:
            file = catalog.find_checkpoint(fingerprint, found.sensor, beside)
        device = choose_device(options.device)
        checkpoint = cached_checkpoint(str(file.path), file.path.stat().st_mtime_ns, str(device))
        head = load_head(head_file.path, checkpoint, found.sensor, task, device)[0] if head_file else None
        default_px = head_file.header["tile_px"] if head_file else checkpoint.tile_px(found.sensor)
        tile_px = options.tile_px or default_px
        if not 16 <= tile_px <= 8192:
            raise InputError(f"expected a tile of 16 to 8192 px, found {tile_px}")
        budget = options.memory_mb * 2**20 if options.memory_mb else pl.default_budget_bytes()
        if budget < 64 * 2**20:
            raise InputError(f"expected a memory budget of at least 64 MB, found {options.memory_mb}")
        # only now that nothing is left to complain of: an error is one line
        callbacks.log("info", f"{found.sensor} ({found.confidence}): {found.reason}")
        for level, message in notes:
            callbacks.log(level, message)
        if source.crs is None and writes:
            callbacks.log("warning", "the raster has no CRS: the result has none either, and no areas")
        return Job(source, found, checkpoint, head, head_file, device, tile_px, budget, started=started)
    except BaseException:
        source.close()
        raise


def _restrict(source: Source, options: Options) -> list[tuple[str, str]]:
    """Leaves out what the user's masks say; returns what there is to log. Raises InputError."""
    notes: list[tuple[str, str]] = []
    if options.mask_values is not None and not options.valid_mask:
        raise InputError("expected --valid-mask with --mask-values, found none")
    if options.valid_mask:
        source.restrict(RasterMask(source, options.valid_mask, options.mask_values, lambda *note: notes.append(note)))
    if options.mask:
        source.restrict(PolygonMask(source, options.mask))
    return notes


def _check_outputs(options: Options, task: str | None, files: Sequence[str]) -> None:
    """All that can be found out about outputs before work starts; `files` are what the input consists of. Raises
    OutputError, InputError."""
    wanted: dict[str | None, list[tuple[str | None, tuple[str, ...]]]] = {
        "segment": [
            (options.output, TIFF),
            (options.confidence, TIFF),
            (options.polygons, GPKG),
            (options.report, HTML),
        ],
        "classify": [(options.output, (*GPKG, *TIFF)), (options.report, HTML)],
        None: [(options.output, TIFF), (options.picture, TIFF)],
    }
    taken = [path for path in (options.input, *files, options.valid_mask, options.mask) if path]
    for path, endings in wanted[task]:
        if path is not None:
            check_output(path, taken, endings)
            taken.append(path)
    if options.overlap is not None and not 0 <= options.overlap <= MAX_OVERLAP:
        raise InputError(f"expected an overlap of 0 to {MAX_OVERLAP}, found {options.overlap}")


def _check_min_area(hectares: float, source: Source) -> None:
    if not (0 < hectares < math.inf):
        raise InputError(f"expected a smallest area above 0 ha, found {hectares}")
    if gsd_m(source.transform, source.crs, source.width, source.height) is None:
        raise InputError("expected a raster with a CRS for --min-area, found none: without one no area is known")


class Predictor:
    """Tiles in the raster's unit to scores: canonical unit, normalisation, resizing, OFA-Net, head, up-sampling. With
    `flips`, the mean of a pixel's probabilities over the tile and its three mirror images."""

    def __init__(self, job: Job, flips: bool = False):
        pl.settle_memory()
        mean, std = job.checkpoint.statistics(job.sensor.id)
        self.job = job
        self.mirrors: tuple[tuple[int, ...], ...] = ((), (-1,), (-2,), (-2, -1)) if flips else ((),)
        self.mean, self.std = [mean[i] for i in job.present], [std[i] for i in job.present]

    @torch.inference_mode()
    def __call__(self, pixels: Tensor) -> Tensor:
        """(B, C, tile_px, tile_px) float32, NaN where missing, to scores of the head, on the model's device; without a
        head to token features (B, D, grid, grid)."""
        job = self.job
        x = self.normalised(pixels)
        if job.head is None:
            grid = job.checkpoint.model.arch.grid
            return self.tokens(x).transpose(1, 2).reshape(len(x), -1, grid, grid)
        if len(self.mirrors) == 1:
            return job.head.scores(self.tokens(x), x, job.present)
        total: Tensor | None = None
        for axes in self.mirrors:
            seen = x.flip(axes)
            scores = job.head.scores(self.tokens(seen), seen, job.present).div_(len(self.mirrors)).flip(axes)
            total = scores if total is None else total.add_(scores)
        return total  # type: ignore[return-value]

    def normalised(self, pixels: Tensor) -> Tensor:
        """The raster's values to the model's, on its device, still in the tile's resolution."""
        x = to_canonical(pixels.to(self.job.device, non_blocking=True), self.job.sensor, self.job.detection.units or "")
        return normalise(x, self.mean, self.std, in_place=x is not pixels)  # a batch may be tried again

    @torch.inference_mode()
    def tokens(self, normalised: Tensor) -> Tensor:
        """(B, L, D) float32."""
        job, model = self.job, self.job.checkpoint.model
        with torch.autocast(job.device.type, torch.bfloat16, enabled=job.device.type == "cuda"):
            return model(resize(normalised, model.arch.input_px), job.sensor.id, job.present).float()


def run_pipeline(
    job: Job, plan: pl.Plan, sink: Callable, replay: Callable[[Record], None], callbacks: Callbacks, flips: bool = False
) -> int:
    """All tiles through the model, the batch halved where memory runs out; rows of tiles that the job's journal has go
    to `replay` instead. Returns how many tiles were computed, those of the journal too."""

    def pause() -> None:
        if callbacks.cancelled():
            raise Cancelled

    forward = pl.Halving(Predictor(job, flips), plan.batch, callbacks.log)
    # a product's files have other blocks than the whole
    in_parts = bool(job.source.product) or plan.slices.size_px % job.source.blocks[0].size_px > 0
    _warn_of_large_blocks(job, in_parts, callbacks)
    with gdal_limits(job, in_parts):
        start, before, computed = (0, plan.share.start), 0, 0
        for record in job.journal.records():
            pause()
            replay(record)
            start = plan.after(record.stripe, record.row)
            before += len(plan.tiles_of(plan.stripes[record.stripe]))
            computed += record.tiles
        if before:
            job.journal.check_handed(plan.handed_before(*start))
            callbacks.log("info", f"going on after {before} of {plan.tiles} tiles")
        callbacks.progress(before, plan.tiles, None)
        began = time.monotonic()
        gpu = job.device.type == "cuda"
        batches = pl.read_batches(job.source, job.source_bands, plan, start, pause, job.pending.folder, pinned=gpu)
        batches = pl.uploaded(batches, job.device) if gpu else batches
        computed += pl.run(
            batches,
            forward,
            _Recorded(job.journal, plan, sink),
            total=plan.tiles,
            before=before,
            progress=callbacks.progress,
            cancelled=callbacks.cancelled,
            sink_beside=plan.beside,
            read_beside=plan.beside or not job.source.local,
        )
        job.computing_s = time.monotonic() - began
    if not computed:
        callbacks.log("warning", "no pixel is valid where the masks and bounds let one be: the result is empty")
    return computed


def _warn_of_large_blocks(job: Job, in_parts: bool, callbacks: Callbacks) -> None:
    """Where blocks that are read in parts do not fit the budget, the user had better have smaller ones."""
    source = job.source
    if in_parts and not source.product and source.block_row_bytes >= job.budget_bytes // 4:
        height, width = source.dataset.block_shapes[0]
        costs = "memory beyond the budget" if source.one_block_wide else "time, since each is decoded many times"
        mb = source.block_row_bytes >> 20
        callbacks.log(
            "warning",
            f"the file's blocks of {width} x {height} px take {mb} MB a row and "
            f"cost {costs}: gdal_translate -co TILED=YES makes a copy with small ones",
        )


class _Recorded:
    """A sink that tells the journal of each row of tiles that is finished."""

    def __init__(self, journal: Journal, plan: pl.Plan, sink: Callable):
        self.journal, self.plan, self.sink, self.tiles = journal, plan, sink, 0

    def __call__(self, batch: pl.Batch, scores: Tensor | None) -> None:
        self.sink(batch, scores)
        if not batch.row.again:
            self.tiles += len(batch.tiles)
            if batch.last:
                self.journal.finish(self.plan.stripes.index(batch.row.stripe), batch.row.index, self.tiles)
                self.tiles = 0


@contextlib.contextmanager
def gdal_limits(job: Job, block_rows: bool = False) -> Iterator[None]:
    """GDAL's cache inside the budget, with `block_rows` large enough for blocks that are not read in one go, where that
    may be, or where a block is as wide as the file and GDAL needs as much to decode it; library errors become ours."""
    cache = min(job.budget_bytes // 8, 64 * 2**20)
    if block_rows and (job.source.block_row_bytes < job.budget_bytes // 4 or job.source.one_block_wide):
        cache = max(cache, job.source.block_row_bytes * 17 // 16)  # GDAL counts what it notes of each block, too
    try:
        with rasterio.Env(GDAL_CACHEMAX=cache, GDAL_NUM_THREADS=1):
            yield
    except (RasterioError, OSError) as error:
        # GDAL does not say so of a server's silence; a full disk is no error of its own
        lost = isinstance(error, RasterioError) and not job.source.local
        hint = " (did the connection break?)" if lost else ""
        raise OfaError(f"reading or writing broke off{hint}: {one_line(error)}") from error


def plan_for(job: Job, overlap: float, scores: int, clipped: bool = False, passes: int = 1) -> pl.Plan:
    """Where tiles lie for a job; `passes` is how often the model sees each tile."""
    model = job.checkpoint.model
    return pl.make_plan(
        Axis(job.source.height, job.tile_px, overlap, clipped),
        Axis(job.source.width, job.tile_px, overlap, clipped),
        bands=len(job.present),
        bytes_per_value=4 if job.source.may_have_holes else 2,
        scores=scores,
        tile_gflop=passes * model.tile_gflop(len(job.present)),
        budget_bytes=job.budget_bytes,
        on_cpu=job.device.type == "cpu",
        spare_core=pl.spare_core(),
        blocks=job.source.blocks,
        scores_in_work=1 if passes == 1 else 3,  # of one mirror image, turned back, and the sum
    )
