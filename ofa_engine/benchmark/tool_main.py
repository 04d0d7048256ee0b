"""Runs one tool of the comparison in a process of its own: `python -m ofa_engine.benchmark.tool_main NAME OPTIONS`."""

import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import psutil
import torch

from ..core.options import SegmentOptions
from ..inference.session import Session
from ..raster.class_names import NODATA
from ..raster.geotiff import create_tiff
from .stage_timing import PeakMemory
from .tool_runners import RUNNERS, ClassIndices, ToolCase, export_onnx


def main(name: str, options: str) -> None:
    """Runs one tool, or exports the model; the last line that it prints is JSON with its figures."""
    warnings.simplefilter("ignore")  # deprecations in other tools are not ours to fix
    case = ToolCase(SegmentOptions(**json.loads(options)), packed=name == "ofa")
    if name == "export":
        export_onnx(case)
        return
    run = RUNNERS[name](case)
    case.predictor(torch.zeros(1, len(case.bands), case.tile_px, case.tile_px))
    baseline = psutil.Process().memory_info().rss
    with PeakMemory() as memory:
        started = time.perf_counter()
        labels, tiles = run()
        if labels is not None:
            _write(case.session, labels, Path(case.options.output))
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


def _write(session: Session, labels: ClassIndices, path: Path) -> None:
    values = np.array([entry["value"] for entry in session.classes], np.uint8)
    s = session.source
    with create_tiff(path, s, s.width, s.height, s.transform, dtype="uint8", nodata=NODATA, tags={}) as layer:
        layer.write(values[labels], 1)


if __name__ == "__main__":
    main(*sys.argv[1:])
