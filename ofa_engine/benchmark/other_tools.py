"""`ofa bench --compare`: the same model over the same raster through other tools' ways of tiling, where these are
installed, and through a plain loop that holds the whole raster and all scores in memory.

Each runs in a process of its own with the same tile size, overlap, batch and threads, and ends with the same kind of
file. Time is from the raster on disk to the classes on disk; imports, the model and one tile to warm up come before,
and what the process holds then is the baseline that its peak is above. Only tools that cannot skip pixels without data
are here, so none of these counts in the share of pixels that differ from the plain loop's.
"""

import importlib.metadata
import importlib.util
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import rasterio
import torch
from numpy.typing import NDArray
from rasterio.windows import Window
from torch.nn import functional as F

from ..core.callbacks import QUIET
from ..core.errors import InputError
from ..core.options import BenchOptions, SegmentOptions
from ..inference.segment import segment
from ..inference.session import Job, Predictor, cached_checkpoint, open_job, plan_for
from ..model.onednn import unpack
from ..model.preprocess import normalise, resize, to_canonical
from ..raster.geotiff import NODATA, create_tiff
from .bench import Done, Log, Peak, describe, duration, prepare

PLAIN = "plain"
# name -> the package it takes, and what it does
PEERS: dict[str, tuple[str | None, str]] = {
    "ofa": (None, "this pipeline"),
    PLAIN: (None, "PyTorch, raster and scores whole in memory, blended as here"),
    "terratorch": ("terratorch", "terratorch.tasks.tiled_inference, blended"),
    "torchgeo": ("torchgeo", "RasterDataset and GridGeoSampler, middles of tiles put together"),
    "onnxruntime": ("onnxruntime", "ONNX in a loop over tiles, their middles put together, as QGIS's deepness does"),
}
_NEEDS = {"onnxruntime": "onnxruntime onnx onnxscript"}  # what pip must install where it is not the name alone

Labels = NDArray[np.uint8]  # (H, W) indices of classes


class _Case:
    """What each tool is given."""

    def __init__(self, told: SegmentOptions, packed: bool = False):
        self.told, self.job = told, open_job(told, "segment", QUIET)
        if not packed:  # others get the model as PyTorch has it
            unpack(self.job.checkpoint.model)
            cached_checkpoint.cache_clear()  # the next job of this process gets a packed one again
        self.plan = plan_for(self.job, told.overlap, len(self.job.classes))
        self.predictor = Predictor(self.job)
        self.tile_px, self.batch = self.plan.tile_px, self.plan.batch
        self.overlap_px = self.plan.rows.overlap_px
        self.stride = self.tile_px - self.overlap_px
        self.height, self.width = self.job.source.height, self.job.source.width
        self.bands, self.classes = self.job.source_bands, len(self.job.classes)

    def whole(self) -> NDArray:
        """(C, H, W) as the file holds it, in memory."""
        return self.job.source.read(self.bands, (0, 0, self.width, self.height))[0]

    def middle(self, start: int, size: int) -> tuple[slice, slice]:
        """Along an axis of `size`: where a tile that begins at `start` is kept, and which part of it that is."""
        half = self.overlap_px // 2
        first = start + half if start else 0
        last = start + self.tile_px
        last = size if last >= size else last - (self.overlap_px - half)
        return slice(first, last), slice(first - start, last - start)


# --- the tools: each gets ready, and returns what is timed -------------------------------------------------------

Run = Callable[[], tuple[Labels | None, int]]  # the classes, None where the file is there already; tiles computed


def _ofa(case: _Case) -> Run:
    return lambda: (None, segment(case.told)["tiles"])


def _plain(case: _Case) -> Run:
    """Sums of scores under a window need no division by the windows' sum for the largest of them to be found."""
    tile, reach = case.tile_px, case.overlap_px or 1
    side = np.minimum(np.arange(tile), np.arange(tile)[::-1]) + 0.5
    ramp = np.sin(np.minimum(side / reach, 1.0) * np.pi / 2) ** 2 if case.overlap_px else np.ones(tile)
    window = torch.from_numpy(np.outer(ramp, ramp).astype(np.float32))

    def run() -> tuple[Labels, int]:
        pixels = torch.from_numpy(case.whole())
        scores = torch.zeros(case.classes, case.height, case.width)
        starts = [[*range(0, size - tile, case.stride), size - tile] for size in (case.height, case.width)]
        places = list(itertools.product(*starts))
        for some in _batched(places, case.batch):
            stack = torch.stack([pixels[:, y : y + tile, x : x + tile].float() for y, x in some])
            found = case.predictor(stack).cpu()
            for (y, x), tile_scores in zip(some, found, strict=True):
                scores[:, y : y + tile, x : x + tile] += tile_scores * window
        return scores.argmax(0).to(torch.uint8).numpy(), len(places)

    return run


def _terratorch(case: _Case) -> Run:
    from terratorch.tasks.tiled_inference import tiled_inference

    border = min(8, case.overlap_px // 2)  # the default where the overlap allows it; its padding takes no 0
    tiles = 0

    def forward(pixels: torch.Tensor) -> torch.Tensor:
        nonlocal tiles
        tiles += len(pixels)
        return case.predictor(pixels).cpu()

    def run() -> tuple[Labels, int]:
        pixels = torch.from_numpy(case.whole()).float()[None]
        scores = tiled_inference(
            forward,
            pixels,
            crop=case.tile_px,
            stride=case.stride,
            delta=border,
            batch_size=case.batch,
            padding="reflect" if border else False,
        )
        return scores[0].argmax(0).to(torch.uint8).numpy(), tiles

    return run


def _torchgeo(case: _Case) -> Run:
    from torch.utils.data import DataLoader
    from torchgeo.datasets import RasterDataset, stack_samples
    from torchgeo.samplers import GridGeoSampler

    class OneFile(RasterDataset):
        all_bands = tuple(str(band) for band in range(1, max(case.bands) + 1))

    t = case.job.source.transform

    def run() -> tuple[Labels, int]:
        dataset = OneFile(case.told.input, bands=[str(band) for band in case.bands])
        sampler = GridGeoSampler(dataset, size=case.tile_px, stride=case.stride)
        loader: DataLoader = DataLoader(dataset, case.batch, sampler=sampler, collate_fn=stack_samples)
        labels, tiles = np.zeros((case.height, case.width), np.uint8), 0
        for sample in loader:
            found = case.predictor(sample["image"].float()).argmax(1).to(torch.uint8).cpu().numpy()
            tiles += len(found)
            for (x, y, _), tile in zip(sample["bounds"], found, strict=True):
                # from its lower left corner: there the sampler starts
                column, row = round((x.start - t.c) / t.a), round((y.stop - t.f) / t.e)
                below, part = case.middle(case.height - row - case.tile_px, case.height)
                across, wide = case.middle(column, case.width)
                down = slice(case.height - below.stop, case.height - below.start)
                tall = slice(case.tile_px - part.stop, case.tile_px - part.start)
                labels[down, across] = tile[tall, wide]
        return labels, tiles

    return run


class _Scorer(torch.nn.Module):
    """The predictor as a module for export, in one piece: the head's own way by pieces is made for this processor."""

    def __init__(self, case: _Case):
        super().__init__()
        self.case, self.net, self.head = case, case.job.checkpoint.model, case.job.head

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        job, known = self.case.job, self.case.predictor
        x = normalise(to_canonical(pixels, job.sensor, job.detection.units or ""), known.mean, known.std)
        tokens = self.net(resize(x, self.net.arch.input_px), job.sensor.id, job.present)
        logits = F.interpolate(self.head(tokens), x.shape[-2:], mode="bilinear")  # type: ignore[misc]
        if self.head.bands:  # type: ignore[union-attr]
            weight = self.head.pixel_weight[:, list(job.present)]  # type: ignore[union-attr]
            logits = logits + F.conv2d(x, weight[:, :, None, None])
        return torch.softmax(logits, 1)


def _export(case: _Case) -> None:
    example = torch.zeros(2, len(case.bands), case.tile_px, case.tile_px)
    torch.onnx.export(
        _Scorer(case).cpu().eval(),
        (example,),
        _onnx(case),
        dynamo=True,
        input_names=["pixels"],
        output_names=["scores"],
        dynamic_shapes=({0: torch.export.Dim.DYNAMIC},),
        external_data=False,
        verbose=False,
    )


def _onnx(case: _Case) -> str:
    return str(Path(case.told.output).with_name("model.onnx"))


def _onnxruntime(case: _Case) -> Run:
    import onnxruntime

    if not Path(_onnx(case)).exists():
        _child("export", case.told)  # in a process of its own: what it takes is no part of the baseline
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(_onnx(case), settings, providers=["CPUExecutionProvider"])
    warm = np.zeros((1, len(case.bands), case.tile_px, case.tile_px), np.float32)
    session.run(None, {"pixels": warm})

    def run() -> tuple[Labels, int]:
        labels = np.zeros((case.height, case.width), np.uint8)
        starts = [range(0, max(size - case.overlap_px, 1), case.stride) for size in (case.height, case.width)]
        places = list(itertools.product(*starts))
        with rasterio.open(case.told.input) as raster:
            for some in _batched(places, case.batch):
                pixels = [_window(raster, case, *place) for place in some]
                found = session.run(None, {"pixels": np.stack(pixels)})[0].argmax(1)
                for (y, x), tile in zip(some, found, strict=True):
                    down, tall = case.middle(y, case.height)
                    across, wide = case.middle(x, case.width)
                    labels[down, across] = tile[tall, wide]
        return labels, len(places)

    return run


def _window(raster: rasterio.DatasetReader, case: _Case, row: int, column: int) -> NDArray[np.float32]:
    """A tile; 0 beyond the raster's edge."""
    tile = np.zeros((len(case.bands), case.tile_px, case.tile_px), np.float32)
    height, width = (min(case.tile_px, size - at) for size, at in ((case.height, row), (case.width, column)))
    tile[:, :height, :width] = raster.read(case.bands, window=Window(column, row, width, height))
    return tile


def _batched(items: Sequence, size: int) -> Iterator[Sequence]:
    return (items[first : first + size] for first in range(0, len(items), size))


_TOOLS = {"ofa": _ofa, PLAIN: _plain, "terratorch": _terratorch, "torchgeo": _torchgeo, "onnxruntime": _onnxruntime}


# --- one process ------------------------------------------------------------------------------------------------


def _main(name: str, options: str) -> None:
    """Runs one tool; the last line of what it prints is its figures."""
    warnings.simplefilter("ignore")  # others' deprecations are not ours to mend
    case = _Case(SegmentOptions(**json.loads(options)), packed=name == "ofa")
    if name == "export":
        _export(case)
        return
    run = _TOOLS[name](case)
    case.predictor(torch.zeros(1, len(case.bands), case.tile_px, case.tile_px))
    baseline = psutil.Process().memory_info().rss
    with Peak() as memory:
        started = time.perf_counter()
        labels, tiles = run()
        if labels is not None:
            _write(case.job, labels, Path(case.told.output))
        seconds = time.perf_counter() - started
    print(
        json.dumps(
            {
                "seconds": seconds,
                "tiles": tiles,
                "peak_mb": (memory.peak - baseline) / 2**20,
                "baseline_mb": baseline / 2**20,
            }
        )
    )


def _write(job: Job, labels: Labels, path: Path) -> None:
    values = np.array([entry["value"] for entry in job.classes], np.uint8)
    s = job.source
    with create_tiff(path, s, s.width, s.height, s.transform, dtype="uint8", nodata=NODATA, tags={}) as layer:
        layer.write(values[labels], 1)


def _child(name: str, told: SegmentOptions) -> dict[str, Any]:
    """Figures of a tool that ran in a process of its own, or {"failed": why}."""
    command = [sys.executable, "-m", __spec__.name, name, json.dumps(asdict(told))]
    root = str(Path(__file__).resolve().parents[2])
    paths = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    ended = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": paths})
    if ended.returncode:
        lines = ended.stderr.strip().splitlines()
        return {"failed": f"exit code {ended.returncode}: {lines[-1] if lines else 'killed, out of memory?'}"}
    return json.loads(ended.stdout.strip().splitlines()[-1]) if name != "export" else {}


# --- all of them ------------------------------------------------------------------------------------------------


def compare(options: BenchOptions, log: Log = lambda text: None, done: Done = lambda share: None) -> dict:
    """Figures of each tool: medians of all rounds' seconds, the largest peak. Raises InputError."""
    with tempfile.TemporaryDirectory() as folder:
        told = prepare(options, Path(folder), log)
        case = _Case(told)
        if case.job.source.may_have_holes or min(case.height, case.width) < case.tile_px:
            raise InputError(
                "expected a raster without missing pixels and no smaller than a tile, found another: "
                "leave RASTER out, or give one of integers without nodata"
            )
        about = describe(case.job, options)
        case.job.source.close()
        skipped = _skipped(case)
        names = [name for name in PEERS if name not in skipped]
        found = _rounds(names, told, Path(folder), options.rounds, log, done)
        tools = [
            _row(name, found[name], Path(folder)) if name in found else {"tool": name, "skipped": skipped[name]}
            for name in PEERS
        ]
        return {"tools": tools, "rounds": options.rounds} | about


def _rounds(
    names: list[str], told: SegmentOptions, folder: Path, rounds: int, log: Log, done: Done
) -> dict[str, list[dict]]:
    found: dict[str, list[dict]] = {name: [] for name in names}
    started = time.perf_counter()
    for number, (turn, name) in enumerate(itertools.product(range(rounds), names), 1):
        output = str(folder / f"{name}.tif")
        figures = _child(name, replace(told, output=output))
        found[name].append(figures)
        share = number / (rounds * len(names))
        done(share)
        left = (time.perf_counter() - started) / share * (1 - share)
        said = figures.get("failed") or f"{figures['seconds']:.1f} s, {figures['peak_mb']:.0f} MB"
        log(f"round {turn + 1} of {rounds}: {name} {said}; about {duration(left)} left")
    return found


def _skipped(case: _Case) -> dict[str, str]:
    """Tools that cannot run here, and why."""
    why = {}
    for name, (package, _) in PEERS.items():
        if package and importlib.util.find_spec(package) is None:
            why[name] = f"not installed: {sys.executable} -m pip install {_NEEDS.get(name, package)}"
    # what they hold at once a pixel: the raster, all scores; terratorch also the scores of all tiles
    pixels = case.height * case.width
    values = len(case.bands), case.classes
    cover = (case.tile_px / case.stride) ** 2
    needs = {PLAIN: 4 * (values[0] + values[1]), "terratorch": 4 * (2 * values[0] + (2 + cover) * values[1])}
    for name, each in needs.items():
        if name not in why and pixels * each > 0.8 * psutil.virtual_memory().available:
            why[name] = f"would take {pixels * each / 2**30:.0f} GiB, more than is free"
    return why


def _row(name: str, runs: list[dict], folder: Path) -> dict[str, Any]:
    package, what = PEERS[name]
    row: dict[str, Any] = {"tool": name, "what": what}
    if package:
        row["version"] = importlib.metadata.version(package)
    failed = next((run["failed"] for run in runs if "failed" in run), None)
    if failed:
        return row | {"failed": failed}
    seconds = statistics.median(run["seconds"] for run in runs)
    return row | {
        "seconds": round(seconds, 1),
        "tiles": runs[0]["tiles"],
        "tiles_s": round(runs[0]["tiles"] / seconds, 2),
        "peak_mb": round(max(run["peak_mb"] for run in runs)),
        "baseline_mb": round(statistics.median(run["baseline_mb"] for run in runs)),
        "differing": _differing(folder / f"{name}.tif", folder / f"{PLAIN}.tif"),
    }


def _differing(path: Path, reference: Path) -> float | None:
    """Share of the pixels whose class is another one; None where there is no reference."""
    if not reference.exists():
        return None
    with rasterio.open(path) as a, rasterio.open(reference) as b:
        other = sum(int((a.read(1, window=w) != b.read(1, window=w)).sum()) for _, w in a.block_windows(1))
        return other / (a.width * a.height)


def table(answer: dict) -> str:
    """For people."""
    head = {key: answer[key] for key in answer if key != "tools"}
    lines = [
        ", ".join(f"{key} {value}" for key, value in head.items()),
        f"{'':12} {'s':>8} {'tiles/s':>8} {'peak MB':>8} {'differing':>10}",
    ]
    for row in answer["tools"]:
        if "seconds" not in row:
            lines.append(f"{row['tool']:12} {row.get('failed') or row['skipped']}")
            continue
        other = "-" if row["differing"] is None else f"{100 * row['differing']:.3f} %"
        lines.append(f"{row['tool']:12} {row['seconds']:8.1f} {row['tiles_s']:8.2f} {row['peak_mb']:8} {other:>10}")
    return "\n".join(lines)


if __name__ == "__main__":
    _main(*sys.argv[1:])
