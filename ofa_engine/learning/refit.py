"""`ofa heads refit`: the default land-cover heads anew for another checkpoint, since a head belongs to its backbone."""

import re
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ..core.callbacks import Callbacks
from ..core.catalog import ModelFile, checkpoint_named, models_dirs
from ..core.errors import Cancelled, InputError, OutputError
from ..core.messages import option
from ..core.options import RefitHeadsOptions
from ..inference.session import cached_checkpoint
from ..model.checkpoint import choose_device
from .refitting.fit_anew import Target, fit_anew
from .refitting.material import LabelSource
from .refitting.own_heads import OwnHead, own_heads, refit_own_head
from .refitting.public_source import PublicChips
from .refitting.recipes import Recipe
from .refitting.sources import label_sources

_FITTING_S = 25  # of a head, once its features are computed
_TIMED_TILES = 2
_TAUGHT = (
    "heads fitted to another head's map repeat it, with its errors: their score says how often the two agree, not how "
    "often they are right; with labels of your own they become better than that"
)


@dataclass(frozen=True)
class _Job:
    """A head to be fitted: a default one from a source of labels, or one of the user's own."""

    name: str
    output: Path
    tiles: int
    sensor: str
    run: Callable[[Callbacks], dict[str, Any]]


def refit_heads(options: RefitHeadsOptions, callbacks: Callbacks) -> dict:
    """Fits heads for a checkpoint and writes them, one by one: those that are done stay when it is cancelled.

    Args:
        options: the checkpoint, what to learn from, and where to write.
        callbacks: receive progress (in thousandths) and log lines, and say whether to cancel.

    Returns:
        A JSON mapping: checkpoint, heads (of each what its header says), skipped (lines why others were not fitted);
        with `estimate` instead checkpoint, heads (names), tiles, seconds_needed and skipped.

    Raises:
        InputError: nothing can be fitted from what is named.
        Cancelled: the head under way was not written.
    """
    target = Target(checkpoint_named(options.checkpoint), options.device, options.memory_mb)
    if not (options.from_ or options.public or options.own):
        ways = f"{option('from_')}, {option('public')} or {option('own')}"
        raise InputError(f"expected something to learn from ({ways}), found none")
    output = Path(options.output)
    if not output.is_dir():
        raise OutputError(f"expected a folder for the heads, found none at {output}: create it first")
    with tempfile.TemporaryDirectory(prefix="ofanet-", ignore_cleanup_errors=True) as folder:
        skipped: list[str] = []
        jobs = _jobs(options, target, Path(folder), skipped, callbacks)
        if not jobs:
            raise InputError("; ".join(skipped) or f"expected heads to fit for {target.name}, found none")
        if options.estimate:
            return _estimate(target, jobs) | {"skipped": skipped}
        return _run(target, jobs, skipped, output, callbacks)


def _jobs(
    options: RefitHeadsOptions, target: Target, folder: Path, skipped: list[str], callbacks: Callbacks
) -> list[_Job]:
    """All heads to fit; lines on what cannot be are added to `skipped`."""
    sensors = [key for key in target.file.header["sensors"] if options.sensor in (None, key)]
    reading = {key: getattr(options, key) for key in ("sensor", "bands", "units") if getattr(options, key)}
    jobs: dict[str, _Job] = {}
    sources = label_sources(options.from_, reading, folder, skipped)
    if options.public:
        sources.append(PublicChips(Path(options.output), folder, options.seed))
    for source in sources:
        recipes = source.recipes(sensors)
        if not recipes:
            skipped.append(f"{source.title}: no default head of {target.name} can be fitted to that")
        for recipe in recipes:  # of the same head from two sources the first one stays
            jobs.setdefault(recipe.head.name, _default_head_job(options, target, source, recipe))
    found = [own for own in own_heads(target.file, skipped if options.own else []) if own.sensor in sensors]
    if options.own:
        for own in found:
            jobs.setdefault(own.head.name, _own_head_job(options, target, own))
    elif found:
        names = ", ".join(own.title for own in found)
        callbacks.log("info", f"{option('own')} fits your own heads anew, too, from the labels they remember: {names}")
    return list(jobs.values())


def _default_head_job(options: RefitHeadsOptions, target: Target, source: LabelSource, recipe: Recipe) -> _Job:
    output = _file_of(options, target, recipe.head)
    tiles = source.tiles(recipe, target.tile_px(recipe.sensor, source.side_px(recipe)))

    def run(callbacks: Callbacks) -> dict[str, Any]:
        callbacks.log("info", f"{recipe.head.header['name']}: from {source.title}")
        return fit_anew(target, source, recipe, output, options.seed, callbacks)

    return _Job(str(recipe.head.header["name"]), output, tiles, recipe.sensor, run)


def _own_head_job(options: RefitHeadsOptions, target: Target, own: OwnHead) -> _Job:
    output = _file_of(options, target, own.head)

    def run(callbacks: Callbacks) -> dict[str, Any]:
        callbacks.log("info", f"{own.title}: from the labels that it was fitted to")
        return refit_own_head(target, own, output, callbacks)

    return _Job(own.title, output, own.tiles, own.sensor, run)


def _file_of(options: RefitHeadsOptions, target: Target, head: ModelFile) -> Path:
    """A head's file, which tells both the head and the checkpoint."""
    return Path(options.output) / f"{head.name}_{re.sub(r'[^A-Za-z0-9.-]+', '_', target.file.name)}.safetensors"


def _run(target: Target, jobs: Sequence[_Job], skipped: list[str], output: Path, callbacks: Callbacks) -> dict:
    heads, done, total, began = [], 0, sum(job.tiles for job in jobs), time.monotonic()
    for line in skipped:
        callbacks.log("warning", line)
    for job in jobs:

        def progress(part: int, whole: int, seconds_left: float | None, job: _Job = job, before: int = done) -> None:
            share = (before + job.tiles * part / max(whole, 1)) / total
            gone = time.monotonic() - began
            callbacks.progress(round(1000 * share), 1000, gone / share - gone if share > 0.03 else None)

        try:
            heads.append(job.run(Callbacks(progress, callbacks.log, callbacks.cancelled)))
        except Cancelled:
            raise
        except InputError as error:  # of one head: the others may succeed
            skipped.append(f"{job.name}: {error.message.marked}")
            callbacks.log("warning", skipped[-1])
        done += job.tiles
    if not heads:
        raise InputError(skipped[-1])
    if any("agreement" in head for head in heads):
        callbacks.log("warning", _TAUGHT)
    if not {output.resolve(), target.file.path.parent.resolve()} <= {folder.resolve() for folder in models_dirs()}:
        if output.resolve() != target.file.path.parent.resolve():
            place = f"put {target.file.path.name} into {output}, too, or both into a folder of $OFANET_MODELS"
            callbacks.log("info", f"for the heads to find their checkpoint, {place}")
    callbacks.progress(1000, 1000, 0.0)
    return {"checkpoint": target.name, "heads": heads, "skipped": skipped}


def _estimate(target: Target, jobs: Sequence[_Job]) -> dict:
    """How long the heads take, from a few tiles that are computed now."""
    per_tile = {sensor: _seconds_per_tile(target, sensor) for sensor in {job.sensor for job in jobs}}
    seconds = sum(job.tiles * per_tile[job.sensor] + _FITTING_S for job in jobs)
    return {
        "checkpoint": target.name,
        "heads": [job.name for job in jobs],
        "tiles": sum(job.tiles for job in jobs),
        "seconds_needed": round(seconds),
    }


@torch.inference_mode()
def _seconds_per_tile(target: Target, sensor: str) -> float:
    device = str(choose_device(target.device))
    checkpoint = cached_checkpoint(str(target.file.path), target.file.path.stat().st_mtime_ns, device)
    model, bands = checkpoint.model, len(checkpoint.sensor(sensor).bands)
    tiles = torch.zeros(_TIMED_TILES, bands, model.arch.input_px, model.arch.input_px, device=device)
    for _ in range(2):  # the first time, memory is allocated
        began = time.perf_counter()
        model(tiles, sensor, list(range(bands))).sum().item()
    return (time.perf_counter() - began) / _TIMED_TILES


def format_refit_heads_summary(answer: dict) -> str:
    """What `refit_heads` returns as text."""
    if "seconds_needed" in answer:
        minutes = max(1, round(answer["seconds_needed"] / 60))
        heads = ", ".join(answer["heads"])
        return f"{len(answer['heads'])} heads for {answer['checkpoint']}, about {minutes} min: {heads}"
    return "\n".join(_lines(answer["heads"]))


def _lines(heads: Sequence[dict]) -> Iterator[str]:
    for head in heads:
        yield f"{head['output']}: {head['name']}"
        key = "agreement" if "agreement" in head else "validation"
        scores = head.get(key, {})
        if "miou" not in scores:
            yield "  not validated: it takes labels in at least two places"
        elif key == "agreement":
            share = f"{scores['accuracy']:.3f} of the pixels that the teacher is sure of"
            yield f"  agrees with its teacher on {share} (mean IoU {scores['miou']:.3f}); not compared with any labels"
        else:
            folds = f"cross-validated over {scores['folds']} folds of whole places"
            yield f"  {folds}: mean IoU {scores['miou']:.3f}, accuracy {scores['accuracy']:.3f}"
