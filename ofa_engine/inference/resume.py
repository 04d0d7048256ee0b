"""What a run's results depend on, and the way from there to the journal of a run that was stopped."""

import glob
import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import torch

from ..core.callbacks import Callbacks
from ..core.errors import InputError
from ..core.messages import option
from ..core.options import MapOptions, value_of
from ..core.version import __version__
from ..pipeline import stages as pl
from ..pipeline.journal import Found, Journal, find
from ..raster.masks import PolygonMask
from .session import Job

_MATTERLESS = (".aux.xml", ".ovr")  # files beside an input that change when it is looked at


def begin(job: Job, options: MapOptions, part: Path, plan_of: Callable[[], pl.Plan], callbacks: Callbacks) -> pl.Plan:
    """The plan of a run that writes to `part`; from now on the job has a journal: with `resume` that of the run that
    was stopped, where there is one. Raises InputError where it was another run, or is not over."""
    found = _stopped(Path(options.output), options, callbacks)
    if found and options.memory_mb is None:  # what is free now may be less or more than then; stripes must be the same
        job.budget_bytes = found.about.get("memory", job.budget_bytes)
    plan = plan_of()
    about = depends_on(job, options, plan)
    if found:
        changed = [key for key in about if about[key] != found.about.get(key)]
        if changed:
            found.close()
            raise InputError(_difference(changed[0], found.about.get(changed[0]), about[changed[0]], found.path))
        pid = found.pid
        job.journal = Journal(part, about, found)
        _sweep(options, pid)
    else:
        job.journal = Journal(part, about)
    return plan


def _stopped(target: Path, options: MapOptions, callbacks: Callbacks) -> Found | None:
    """The youngest journal of a run that was stopped, with `resume`; all others of such runs are removed."""
    kept, held = None, False
    for found in find(target):
        if found is None:
            held = True
        elif options.resume and kept is None and found.about:
            kept = found
        else:
            pid = found.pid
            found.remove()
            _sweep(options, pid)
            callbacks.log(
                "info",
                f"an unfinished run of {target.name} is given up; {option('resume')} would have gone on with it",
            )
    if options.resume and kept is None:
        if held:
            raise InputError(f"expected a run of {target.name} that was stopped, found one that goes on: wait for it")
        callbacks.log("info", f"no unfinished run of {target.name} is there: from the beginning")
    return kept


def depends_on(job: Job, options: MapOptions, plan: pl.Plan) -> dict:
    """What the results of a run depend on, in words for people, since a difference is told."""
    files = {options.input, *job.source.dataset.files}
    polygons = [mask.digest for mask in job.source.masks if isinstance(mask, PolygonMask)]
    about = {
        "engine": f"ofanet {__version__}, PyTorch {torch.__version__}",
        "task": job.head.task if job.head else "embed",
        "input": _named(options.input),
        "input's files": _stamps(files),
        "sensor, bands and units": [job.sensor.id, list(job.detection.bands), job.detection.units],
        "bounds": options.bounds,
        "masks": [_stamps({options.valid_mask or ""} - {""}), options.mask_values, polygons],
        "head": hashlib.sha256(job.head_file.path.read_bytes()).hexdigest() if job.head_file else None,
        "checkpoint": job.checkpoint.header["fingerprints"][job.sensor.id],
        "tile size": plan.tile_px,
        "overlap": plan.rows.overlap,
        "flips": bool(value_of(options, "flips")),
        "confidence": bool(value_of(options, "confidence")),
        "device": str(job.device),
        "number of threads": torch.get_num_threads(),
        "memory": job.budget_bytes,
        "batch": plan.batch,
        "stripes": plan.stripes,
    }
    return json.loads(json.dumps(about))  # as it comes out of a file


def _named(path: str) -> str:
    """An address is told apart by its digest: it may hold a password."""
    return os.path.realpath(path) if os.path.exists(path) else hashlib.sha256(path.encode()).hexdigest()


def _stamps(paths: set[str]) -> list:
    """Names, sizes and times of files; of what is no file on this machine only the name."""
    kept = sorted(_named(path) for path in paths if not path.endswith(_MATTERLESS))
    return [[p, os.stat(p).st_size, os.stat(p).st_mtime_ns] if os.path.isfile(p) else [p] for p in kept]


def _difference(key: str, was: object, now: object, journal: Path) -> str:
    short = all(len(str(value)) < 60 for value in (was, now))
    told = f"was {was}, is {now}" if short else "changed"
    return (
        f"expected the same run as the one that was stopped, found that its {key} {told}: run it as it was, or "
        f"without {option('resume')} from the beginning; {journal.name} is what is kept of it"
    )


def _sweep(options: MapOptions, pid: str) -> None:
    """Removes what a process that was killed has half written."""
    if pid == str(os.getpid()):
        return
    for name in ("output", "confidence", "polygons", "report", "picture"):
        output = value_of(options, name)
        if output:
            target = Path(output)
            for path in target.parent.glob(f".{glob.escape(target.stem)}.{pid}.*part*"):
                path.unlink(missing_ok=True)
            for path in target.parent.glob(f".{glob.escape(target.stem)}.{pid}.part*"):
                path.unlink(missing_ok=True)
