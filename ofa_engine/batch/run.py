"""`ofa batch`: many scenes with one head, into one folder of results.

Each scene is one call of `segment` or `classify` on a Dask worker. With more workers than scenes, large scenes are
split into partitions. The folder's manifest records what is done; the same command again computes what is missing,
outdated or failed on the way.
"""

import time
from dataclasses import fields
from pathlib import Path

from ..core import catalog
from ..core.callbacks import Callbacks
from ..core.errors import InputError
from ..core.messages import option
from ..core.option_schema import options_of
from ..core.options import TYPES, BatchOptions, SegmentOptions
from . import dask_workers
from .distribute import DEFAULT_LIMITS, PROGRESS_STEPS, BatchLimits, compute
from .folder_lock import exclusive_folder
from .manifest import BatchManifest
from .results import write_results
from .scenes import find_scenes
from .work_list import WorkList

__all__ = ["PROGRESS_STEPS", "batch", "failure_line", "format_batch_summary"]


def batch(options: BatchOptions, callbacks: Callbacks, limits: BatchLimits = DEFAULT_LIMITS) -> dict:
    """Classifies many scenes.

    A scene that fails is tried once more and then recorded as failed; the others go on.

    Args:
        options: scenes (rasters, folders, patterns, tables, catalogs), the folder of results, options of the verb, and
            the workers.
        callbacks: receive progress (`PROGRESS_STEPS` per scene) and log lines, and say whether to cancel.
        limits: sizes and times that the batch is bound by.

    Returns:
        A JSON mapping: output, manifest, scenes, done, failed, run (how many were computed now), failures (id, input,
        why), mosaics, items, areas (paths) and seconds.

    Raises:
        InputError: an option, or an input, cannot be used.
        OutputError: the folder cannot be written to, or another batch is running in it.
        Cancelled: the manifest records what is done.
    """
    _check(options)
    started, folder = time.monotonic(), Path(options.output)
    dask_workers.import_distributed()
    with exclusive_folder(folder):
        manifest = BatchManifest(folder)
        scenes = find_scenes(options.inputs, manifest.ids(), folder)
        work = WorkList(options, folder, manifest, scenes)
        try:
            if work.todo:
                if already := len(scenes) - len(work.todo):
                    callbacks.log("info", f"{already} of {len(scenes)} scenes are up to date")
                manifest.save()
                compute(work, callbacks, limits)
        finally:
            manifest.save()
        results = write_results(folder, work.entries(), callbacks)
    seconds = round(time.monotonic() - started, 3)
    return {"output": options.output} | results | {"run": len(work.todo), "seconds": seconds}


def _check(options: BatchOptions) -> None:
    if options.task not in ("segment", "classify"):
        raise InputError(f"expected the task segment or classify, found {options.task!r}")
    if options.format not in ("tif", "gpkg") or options.format == "gpkg" and options.task == "segment":
        raise InputError(f"expected the format tif, or for classify gpkg, found {options.format!r} for {options.task}")
    of_segment = options_of(SegmentOptions).keys() - options_of(TYPES[options.task]).keys()
    for f in fields(options):
        if f.name in of_segment and getattr(options, f.name) != f.default:
            raise InputError(f"expected {option(f.name)} with the task segment only, found classify")
    if options.workers is not None and options.workers < 1:
        raise InputError(f"expected at least one worker, found {options.workers}")
    if options.workers and options.scheduler:
        raise InputError(
            f"expected {option('workers')} or {option('scheduler')}, found both: a cluster has its own workers"
        )
    if options.head:
        catalog.find_head(options.head, options.sensor or "", options.task)  # a wrong name fails before work starts


def failure_line(answer: dict) -> str | None:
    """One line for the command line's stderr where scenes failed."""
    if not answer["failed"]:
        return None
    return f"{answer['failed']} of {answer['scenes']} scenes failed: see {answer['manifest']}"


def format_batch_summary(answer: dict) -> str:
    """What `batch` returns as text."""
    lines = [
        f"{answer['done']} of {answer['scenes']} scenes are done ({answer['run']} were computed now, in "
        f"{answer['seconds']:.0f} s): {answer['output']}"
    ]
    lines += [f"failed: {entry['id']}: {entry['why']}" for entry in answer["failures"]]
    return "\n".join(
        [
            *lines,
            *(f"mosaic: {path}" for path in answer["mosaics"]),
            f"items: {answer['items']}",
            f"areas: {answer['areas']}",
            f"manifest: {answer['manifest']}",
        ]
    )
