"""`ofa bench`: how fast the pipeline is beside the bare model, reading alone and writing alone, on this machine.

bare: resizing, normalising, model, head and up-sampling of tiles already in memory, the best of three batch sizes;
floor: 1 / (bare + read + write seconds a tile, each alone), since on a CPU all stages share the cores; on a GPU the
slowest stage. Only tiles really computed count. Everything runs five times in turn; medians are given.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import rasterio
import torch
from rasterio.windows import Window

from . import pipeline as pl
from .classlayer import ClassWriter
from .job import TIFF, Job, Options, Predictor, Watch, open_job, plan_for
from .layers import Pending, check_output, class_colormap, create_tiff
from .predict import segment

_ROUNDS = 5
_OVERLAP = 0.25
_BARE_TILES = 256


@dataclass
class _Timed:
    tiles: int
    seconds: float

    @property
    def rate(self) -> float:
        return self.tiles / self.seconds


def bench(raster: str | None = None, log: Callable[[str], None] = lambda text: None) -> dict:
    """Figures of a raster, or of a generated one of 4 bands and 3072 x 3072 px. Raises InputError."""
    with tempfile.TemporaryDirectory() as folder:
        path = raster or str(write_example(Path(folder) / "example.tif", 3072, 3072))
        options = Options(path, str(Path(folder) / "out.tif"))
        job = open_job(options, "segment", Watch())
        try:
            return _measure(job, options, log)
        finally:
            job.source.dataset.close()


def _measure(job: Job, options: Options, log: Callable[[str], None]) -> dict:
    plan = plan_for(job, _OVERLAP, len(job.classes))
    predictor = Predictor(job)
    tiles, scores = _tiles_in_memory(job, plan, predictor)
    baseline = psutil.Process().memory_info().rss
    watch = _Peak()
    rates: dict[str, list[float]] = {"read": [], "write": [], "pipeline": []}
    by_batch: dict[int, list[float]] = {max(1, plan.batch // 2): [], plan.batch: [], plan.batch * 2: []}
    for number in range(_ROUNDS):
        started = time.perf_counter()
        answer = segment(options, Watch(progress=watch))
        rates["pipeline"].append(answer["tiles"] / (time.perf_counter() - started))
        for size, found in by_batch.items():
            found.append(_bare(predictor, tiles, size, job.device).rate)
        rates["read"].append(_read(job, plan).rate)
        rates["write"].append(_write(job, plan, scores, options).rate)
        shown = {"bare": by_batch[plan.batch]} | rates
        log(f"round {number + 1} of {_ROUNDS}: " + ", ".join(f"{k} {v[-1]:.1f} tiles/s" for k, v in shown.items()))
    # the best size by its median: the best single time would be the luckiest one
    rates["bare"] = max(by_batch.values(), key=statistics.median)
    median = {key: statistics.median(values) for key, values in rates.items()}
    cost = {key: 1 / median[key] for key in ("bare", "read", "write")}
    floor = 1 / (sum(cost.values()) if job.device.type == "cpu" else max(cost.values()))
    return {f"{key}_tiles_s": round(value, 2) for key, value in median.items()} | {
        "ratio": round(statistics.median(p / b for p, b in zip(rates["pipeline"], rates["bare"], strict=True)), 3),
        "floor_ratio": round(median["pipeline"] / floor, 3),
        "peak_rss_mb": round(watch.peak / 2**20),
        "baseline_rss_mb": round(baseline / 2**20),
        "limit": max(cost, key=lambda key: cost[key]),
        "device": str(job.device),
        "threads": torch.get_num_threads(),
        "batch": plan.batch,
        "tile_px": plan.tile_px,
        "tiles": answer["tiles"],
    }


class _Peak:
    """The largest resident memory seen at a progress report."""

    def __init__(self) -> None:
        self.process, self.peak = psutil.Process(), 0

    def __call__(self, done: int, total: int, seconds_left: float | None) -> None:
        self.peak = max(self.peak, self.process.memory_info().rss)


def _tiles_in_memory(job: Job, plan: pl.Plan, predictor: Predictor) -> tuple[torch.Tensor, torch.Tensor]:
    """Tiles as the pipeline reads them (at least one batch of double size), and the scores of one batch."""
    found: list[torch.Tensor] = []
    for batch in pl.read_batches(job.source, job.source_bands, plan):
        if batch.pixels is not None:
            found.append(batch.pixels)
        if sum(map(len, found)) >= 2 * plan.batch:
            break
    tiles = torch.cat(found)
    return tiles, predictor(tiles[: plan.batch])


def _bare(predictor: Predictor, tiles: torch.Tensor, size: int, device: torch.device) -> _Timed:
    batch = tiles[torch.arange(size) % len(tiles)].clone()
    predictor(batch)
    started, done = time.perf_counter(), 0
    while done < _BARE_TILES and time.perf_counter() - started < 20:
        predictor(batch)
        done += size
    return _Timed(done, time.perf_counter() - started)


def _read(job: Job, plan: pl.Plan) -> _Timed:
    started = time.perf_counter()
    tiles = sum(len(batch.tiles) for batch in pl.read_batches(job.source, job.source_bands, plan))
    return _Timed(tiles, time.perf_counter() - started)


def _write(job: Job, plan: pl.Plan, scores: torch.Tensor, options: Options) -> _Timed:
    """Blending and writing of scores that are there already; the same tiles and rows as the pipeline's."""
    pending = Pending()
    part = pending.beside(check_output(options.output, [options.input], TIFF))
    source, tiles = job.source, 0
    started = time.perf_counter()
    with create_tiff(part, source, source.width, source.height, source.transform, dtype="uint8", nodata=255,
                     tags={}) as layer:  # fmt: skip
        layer.write_colormap(1, class_colormap(job.classes))
        blender = pl.Blender(plan, len(job.classes), ClassWriter(job, layer, None))
        for stripe in plan.stripes:
            columns = list(plan.columns.covering(*stripe))
            for index in range(len(plan.rows.starts)):
                row = pl.Row(index, stripe, range(columns[0], columns[-1] + 1), None)
                for first in range(0, len(columns), plan.batch):
                    some = columns[first : first + plan.batch]
                    blender(pl.Batch(None, some, row, 0, first + plan.batch >= len(columns)), scores[: len(some)])
                    tiles += len(some)
    seconds = time.perf_counter() - started
    pending.discard()
    return _Timed(tiles, seconds)


def write_example(path: Path, width: int, height: int, bands: int = 4) -> Path:
    """A tiled, compressed 8-bit raster of blotches with grain, which compress about like imagery; written in rows."""
    rng = np.random.default_rng(0)
    profile = dict(driver="GTiff", width=width, height=height, count=bands, dtype="uint8", crs="EPSG:32633", tiled=True,
                   compress="deflate", transform=rasterio.Affine(4, 0, 5e5, 0, -4, 5.8e6), photometric="MINISBLACK",
                   interleave="pixel", bigtiff="if_safer")  # fmt: skip
    with rasterio.open(path, "w", **profile) as target:
        for row in range(0, height, 256):
            rows = min(256, height - row)
            blotches = rng.integers(30, 220, (bands, 4, width // 64 + 1)).repeat(64, 1).repeat(64, 2)[:, :rows, :width]
            grain = rng.integers(-12, 13, (bands, rows, width))
            target.write((blotches + grain).clip(1, 254).astype(np.uint8), window=Window(0, row, width, rows))
    return path
