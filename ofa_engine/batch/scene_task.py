"""One scene of a batch: the options that it is computed with, and what a worker does with it."""

import os
import time
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

from ..core.callbacks import Callbacks
from ..core.errors import Cancelled, InputError, OfaError
from ..core.option_schema import options_of
from ..core.options import TYPES, BatchOptions, ClassifyOptions, SegmentOptions
from ..core.version import __version__
from ..inference.classify import classify
from ..inference.segment import segment, segment_partition
from ..raster.source import Source
from ..raster.vectors import file_of
from .manifest import DONE, FAILED, file_digest, file_stamp, json_digest
from .scenes import redacted
from .stac import footprint

_FILES = ("head", "checkpoint", "mask", "valid_mask")  # head and checkpoint may also be names


def scene_options(options: BatchOptions) -> dict[str, Any]:
    """Options of the verb for every scene, without input and output. Files get absolute paths, since a worker may have
    another working directory."""
    names = options_of(TYPES[options.task]).keys() & {f.name for f in fields(options)} - {"input", "output"}
    given = {name: getattr(options, name) for name in sorted(names) if getattr(options, name) is not None}
    return {k: os.path.abspath(v) if k in _FILES and os.path.exists(file_of(v)) else v for k, v in given.items()}


def manifest_settings(options: BatchOptions) -> dict[str, Any]:
    """The same for the manifest, without credentials in addresses."""
    return {k: redacted(v) if k in _FILES else v for k, v in scene_options(options).items()}


def options_digest(options: BatchOptions) -> str:
    """A digest of all options that change a result, except for the head, which is compared by its content. Defaults are
    left out, so that an option added by a later version does not change the digest."""
    defaults = {f.name: f.default for f in fields(options)}
    given = scene_options(options).items()
    kept = {k: v for k, v in given if k not in ("head", "device", "memory_mb") and v != defaults[k]}
    files = {k: file_stamp(file_of(kept[k])) for k in _FILES if k in kept}
    return json_digest(kept | {"task": options.task, "format": options.format, "files": files})


def run_scene(scene: dict, cancelled: Callable[[], bool], report: Callable[[float], None]) -> dict:
    """Computes a scene, or a part of one, on a worker.

    Args:
        scene: {"task", "params"}, with "partition" [number, count] for one of several partitions, or with
            "partitions" (a count) to merge them once all are computed.
        cancelled: asks whether to stop.
        report: receives the fraction that is done, 0 to 1.

    Returns:
        An outcome for the manifest. No error is raised: a scene may fail, and the others go on.
    """

    def progress(done: int, total: int, seconds_left: float | None) -> None:
        report(done / max(total, 1))

    started = time.monotonic()
    try:
        options = TYPES[scene["task"]](**scene["params"])
        callbacks = Callbacks(progress, cancelled=cancelled)
        if "partition" in scene:
            number, count = scene["partition"]
            outcome = {"state": DONE} | segment_partition(options, callbacks, number=number, of=count)
        elif scene["task"] == "segment":
            outcome = _described(options, segment(options, callbacks, partitions=scene.get("partitions", 0)))
        else:
            outcome = _described(options, classify(options, callbacks))
    except Cancelled:
        return {"state": "cancelled"}
    except Exception as error:
        message = (
            error.message.marked if isinstance(error, OfaError) else f"unexpected: {type(error).__name__}: {error}"
        )
        outcome = {
            "state": FAILED,
            "why": " ".join(message.split()),
            "input_error": isinstance(error, InputError),
        }
    return outcome | {"seconds": round(time.monotonic() - started, 3), "engine": __version__}


def _described(options: SegmentOptions | ClassifyOptions, answer: dict) -> dict:
    """The outcome of a scene that is done: what the verb returned, and its footprint."""
    is_raster = Path(options.output).suffix == ".tif"
    with Source(options.output if is_raster else options.input) as source:
        if options.bounds and not is_raster:
            source.crop(options.bounds)
        bbox, geometry = footprint(source)
    head = {"name": answer["head_name"], "path": answer["head"], "sha256": file_digest(answer["head"])}
    kept = {key: answer[key] for key in ("sensor", "gsd_m", "classes", "tiles", "tile_px", "device")}
    found = answer["detection"]
    named = zip(found["sensor_bands"], found["bands"], strict=True)
    kept["bands"] = [name for name, band in named if band]  # they decide on the default head
    return {"state": DONE, "why": None, "head": head, "bbox": bbox, "geometry": geometry} | kept
