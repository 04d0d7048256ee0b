"""`ofa bench --compare`: the same model over the same raster through other tools' ways of tiling, where these are
installed, and through a plain loop that holds the whole raster and all scores in memory.

Each tool runs in a process of its own with the same tile size, overlap, batch and threads, and ends with the same kind
of file. Time is from the raster on disk to the classes on disk. Imports, loading the model and one tile to warm up come
before; the memory that the process holds then is the baseline above which its peak is reported. No tool here can skip
pixels without data, so these are not counted in the share of pixels that differ from the plain loop's.
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
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psutil
import rasterio

from ..core.errors import InputError
from ..core.model_cost import duration
from ..core.options import BenchOptions, SegmentOptions
from .bench import Log, ReportDone, describe, prepare
from .tool_runners import ToolCase

PLAIN = "plain"
# name -> the package it needs, and what it does
TOOLS: dict[str, tuple[str | None, str]] = {
    "ofa": (None, "this pipeline"),
    PLAIN: (None, "PyTorch, raster and scores whole in memory, blended as here"),
    "terratorch": ("terratorch", "terratorch.tasks.tiled_inference, blended"),
    "torchgeo": ("torchgeo", "RasterDataset and GridGeoSampler, middles of tiles put together"),
    "onnxruntime": ("onnxruntime", "ONNX in a loop over tiles, their middles put together, as QGIS's deepness does"),
}
_PIP_NAMES = {"onnxruntime": "onnxruntime onnx onnxscript"}  # where these are not the package alone


def _is_installed(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


def compare_tools(
    options: BenchOptions,
    log: Log = lambda text: None,
    report_done: ReportDone = lambda fraction: None,
    installed: Callable[[str], bool] = _is_installed,
) -> dict:
    """Runs all tools on this machine, in turns.

    Returns:
        A JSON mapping: tools (per tool the median of its seconds, tiles per second, the largest peak of memory in MB,
        and the share of pixels that differ from the plain loop; or why it failed or was skipped), rounds, and what was
        measured on which machine.

    Raises:
        InputError: raster, model or options cannot be used.
    """
    with tempfile.TemporaryDirectory() as folder:
        run_options = prepare(options, Path(folder), log)
        case = ToolCase(run_options)
        if case.session.source.may_have_holes or min(case.height, case.width) < case.tile_px:
            raise InputError(
                "expected a raster without missing pixels and no smaller than a tile, found another: "
                "leave RASTER out, or give one of integers without nodata"
            )
        about = describe(case.session, options)
        case.session.source.close()
        skipped = _skipped(case, installed)
        names = [name for name in TOOLS if name not in skipped]
        if "onnxruntime" in names:
            run_tool("export", run_options)  # beforehand: its memory is no part of the tool's
        found = _rounds(names, run_options, Path(folder), options.rounds, log, report_done)
        tools = [
            _row(name, found[name], Path(folder)) if name in found else {"tool": name, "skipped": skipped[name]}
            for name in TOOLS
        ]
        return {"tools": tools, "rounds": options.rounds} | about


def run_tool(name: str, options: SegmentOptions) -> dict[str, Any]:
    """Figures of a tool that ran in a process of its own, or {"failed": why}; with "export" the model is exported."""
    command = [sys.executable, "-m", f"{__package__}.tool_main", name, json.dumps(asdict(options))]
    root = str(Path(__file__).resolve().parents[2])
    paths = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    ended = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": paths})
    if ended.returncode:
        lines = ended.stderr.strip().splitlines()
        return {"failed": f"exit code {ended.returncode}: {lines[-1] if lines else 'killed, out of memory?'}"}
    return json.loads(ended.stdout.strip().splitlines()[-1]) if name != "export" else {}


def _rounds(
    names: list[str], options: SegmentOptions, folder: Path, rounds: int, log: Log, report_done: ReportDone
) -> dict[str, list[dict]]:
    found: dict[str, list[dict]] = {name: [] for name in names}
    started = time.perf_counter()
    for number, (turn, name) in enumerate(itertools.product(range(rounds), names), 1):
        output = str(folder / f"{name}.tif")
        figures = run_tool(name, SegmentOptions(**asdict(options) | {"output": output}))
        found[name].append(figures)
        share = number / (rounds * len(names))
        report_done(share)
        left = (time.perf_counter() - started) / share * (1 - share)
        result = figures.get("failed") or f"{figures['seconds']:.1f} s, {figures['peak_mb']:.0f} MB"
        log(f"round {turn + 1} of {rounds}: {name} {result}; about {duration(left)} left")
    return found


def _skipped(case: ToolCase, installed: Callable[[str], bool]) -> dict[str, str]:
    """Tools that cannot run here, and why."""
    why = {}
    for name, (package, _) in TOOLS.items():
        if package and not installed(package):
            why[name] = f"not installed: {sys.executable} -m pip install {_PIP_NAMES.get(name, package)}"
    # bytes per pixel held at once: the raster and all scores; terratorch also keeps the scores of all tiles
    pixels = case.height * case.width
    values = len(case.bands), case.classes
    cover = (case.tile_px / case.stride) ** 2
    needs = {PLAIN: 4 * (values[0] + values[1]), "terratorch": 4 * (2 * values[0] + (2 + cover) * values[1])}
    for name, each in needs.items():
        if name not in why and pixels * each > 0.8 * psutil.virtual_memory().available:
            why[name] = f"would need {pixels * each / 2**30:.0f} GiB, more than is free"
    return why


def _row(name: str, runs: list[dict], folder: Path) -> dict[str, Any]:
    package, what = TOOLS[name]
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
    """The share of pixels whose class differs; None without a reference."""
    if not reference.exists():
        return None
    with rasterio.open(path) as a, rasterio.open(reference) as b:
        other = sum(int((a.read(1, window=w) != b.read(1, window=w)).sum()) for _, w in a.block_windows(1))
        return other / (a.width * a.height)


def format_tool_table(answer: dict) -> str:
    """What `compare_tools` returns as a table."""
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
