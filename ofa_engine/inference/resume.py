"""What a run's results depend on, and the way from there to the journal of a run that was stopped."""

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import torch

from ..core import files, partial_names
from ..core.errors import InputError
from ..core.messages import option
from ..core.options import value_of
from ..core.version import __version__
from ..pipeline.journal import Journal, StoppedJournal, find_journals
from ..raster.masks import PolygonMask
from ..tiling.plan import TilePlan
from .runner import InferenceRun

_IRRELEVANT = (".aux.xml", ".ovr")  # files next to an input that change when it is looked at


def begin(run: InferenceRun, part: Path, plan_of: Callable[[], TilePlan]) -> TilePlan:
    """The plan of a run that writes to `part`, and its journal: with --resume that of the run that was stopped, where
    there is one.

    Raises:
        InputError: where that was a different run, or is still going on.
    """
    stopped = _find_stopped(run)
    if stopped and run.options.memory_mb is None:  # what is free may have changed; stripes must be the same
        run.budget_bytes = stopped.about.get("memory", run.budget_bytes)
    plan = plan_of()
    about = depends_on(run, plan)
    if stopped:
        changed = [key for key in about if about[key] != stopped.about.get(key)]
        if changed:
            stopped.close()
            was, now = stopped.about.get(changed[0]), about[changed[0]]
            raise InputError(_difference(changed[0], was, now, stopped.path))
    run.journal = Journal(part, about, stopped, run.limits.journal)
    if stopped:
        _sweep(run, stopped.pid)
    return plan


def _find_stopped(run: InferenceRun) -> StoppedJournal | None:
    """The youngest journal of a run that was stopped, with --resume; all others of such runs are removed."""
    target, resume = Path(run.options.output), run.options.resume
    kept, held = None, False
    for stopped in find_journals(target):
        if stopped is None:
            held = True
        elif resume and kept is None and stopped.about:
            kept = stopped
        else:
            stopped.remove()
            _sweep(run, stopped.pid)
            run.callbacks.log(
                "info", f"an unfinished run of {target.name} is given up; {option('resume')} would have gone on with it"
            )
    if resume and kept is None:
        if held:
            raise InputError(f"expected a run of {target.name} that was stopped, found one that goes on: wait for it")
        run.callbacks.log("info", f"no unfinished run of {target.name} is there: from the beginning")
    return kept


def depends_on(run: InferenceRun, plan: TilePlan) -> dict:
    """What the results of a run depend on; the keys are for people, since a difference is reported."""
    session, options = run.session, run.options
    inputs = {options.input, *session.source.dataset.files}
    polygons = [mask.digest for mask in session.source.masks if isinstance(mask, PolygonMask)]
    about = {
        "engine": f"ofanet {__version__}, PyTorch {torch.__version__}",
        "task": session.head.task if session.head else "embed",
        "input": _name(options.input),
        "input's files": _stamps(inputs),
        "sensor, bands and units": [session.sensor.id, list(session.detection.bands), session.detection.units],
        "bounds": options.bounds,
        "declared": [options.crs, options.nodata],
        "masks": [_stamps({options.valid_mask or ""} - {""}), options.mask_values, polygons],
        "head": files.sha256(session.head_file.path) if session.head_file else None,
        "checkpoint": session.fingerprint,
        "tile size": plan.tile_px,
        "overlap": plan.rows.overlap,
        "flips": bool(value_of(options, "flips")),
        "confidence": bool(value_of(options, "confidence")),
        "device": str(session.device),
        "number of threads": torch.get_num_threads(),
        "memory": run.budget_bytes,
        "batch": plan.batch,
        "stripes": plan.stripes,
    }
    return json.loads(json.dumps(about))  # as it comes out of a file


def _name(path: str) -> str:
    """An address is kept as its digest: it may hold a password."""
    return os.path.realpath(path) if os.path.exists(path) else hashlib.sha256(path.encode()).hexdigest()


def _stamps(paths: set[str]) -> list:
    """Names, sizes and times of files; of what is no file on this machine only the name."""
    kept = sorted(_name(path) for path in paths if not path.endswith(_IRRELEVANT))
    return [[p, os.stat(p).st_size, os.stat(p).st_mtime_ns] if os.path.isfile(p) else [p] for p in kept]


def _difference(key: str, was: object, now: object, journal: Path) -> str:
    short = all(len(str(value)) < 60 for value in (was, now))
    change = f"was {was}, is {now}" if short else "changed"
    return (
        f"expected the same run as the one that was stopped, found that its {key} {change}: run it as it was, or "
        f"without {option('resume')} from the beginning; {journal.name} is what is kept of it"
    )


def _sweep(run: InferenceRun, pid: int) -> None:
    """Removes the incomplete outputs of a process that was killed."""
    if pid != os.getpid():
        for target in run.outputs:
            for path in partial_names.left_by(pid, target):
                path.unlink(missing_ok=True)
