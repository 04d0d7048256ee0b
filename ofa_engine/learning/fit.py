"""Rasters and labels in, a head out: a linear probe on frozen features, with an honest score.

Tokens of labelled tiles are computed once and kept in memory for the next fit: in a warm worker, a polygon more costs
the tiles it touches. Each labelled pixel gets the tokens of the tile in whose middle it lies, interpolated as the head
interpolates its logits.
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from ..core.callbacks import Callbacks
from ..core.errors import Cancelled, InputError
from ..core.options import DEFAULT_OVERLAP, EmbedOptions, FitOptions
from ..inference.session import Job, Predictor, open_job
from ..model.checkpoint import save_head
from ..model.heads import KINDS, LinearHead, tile_statistics
from ..raster.geotiff import check_output
from ..raster.source import shown
from ..tiling.axis import Axis, pad_to_tile
from . import logistic
from .labels import Labelled, Labels, read_labels
from .metrics import scores

MOST_SAMPLES = 20_000  # of all classes together: more changes a linear head little
# Of token features beside a pixel's own values. They are many and agree with each other over a whole polygon, so that
# with equal penalties they would explain everything, and the pixel nothing. (Tiles have no such pixel.)
TOKEN_TRUST = 0.1
CACHE_BYTES = 256 * 2**20


def fit(options: FitOptions, callbacks: Callbacks) -> dict:
    """Writes a head, and returns its cross-validated scores. Raises InputError, Cancelled."""
    _check(options)
    jobs: list[Job] = []
    try:
        for path in options.inputs:
            jobs.append(_open(options, path, callbacks))
            first, last = jobs[0], jobs[-1]
            if last.sensor.id != first.sensor.id:
                raise InputError(f"expected rasters of one sensor, found {first.sensor.id} and {last.sensor.id}")
        return _fit(options, jobs, callbacks)
    finally:
        for job in jobs:
            job.source.dataset.close()


def _check(options: FitOptions) -> None:
    if options.task not in ("segment", "classify"):
        raise InputError(f"expected task segment or classify, found {options.task!r}")
    if options.kind not in ("auto", *KINDS):
        raise InputError(f"expected kind auto, {' or '.join(KINDS)}, found {options.kind!r}")
    if not options.inputs:
        raise InputError("expected a raster to learn from, found none")
    check_output(options.output, [*options.inputs, *options.labels], (".safetensors",))


def _open(options: FitOptions, path: str, callbacks: Callbacks) -> Job:
    job = open_job(
        EmbedOptions(
            path,
            sensor=options.sensor,
            bands=options.bands,
            units=options.units,
            tile_px=options.tile_px,
            device=options.device,
            memory_mb=options.memory_mb,
            checkpoint=options.checkpoint,
        ),
        None,
        callbacks,
        writes=False,
    )
    if options.task == "segment" and not options.tile_px:
        # the lower end of the crops that the model was trained on: tokens half as large draw finer edges
        job.tile_px = max(16, job.tile_px // 2)
    return job


def _fit(options: FitOptions, jobs: list[Job], callbacks: Callbacks) -> dict:
    first = jobs[0]
    tile_px = first.tile_px
    sources = [job.source for job in jobs]
    block_px = 2 * tile_px  # so that a block's middle is out of its neighbours' sight
    tiles = tile_px if options.task == "classify" else None
    labels = read_labels(sources, options.labels, options.field, options.ignore, block_px, callbacks.log, tiles)
    if len(labels.classes) < 2 or (labels.counts() > 0).sum() < 2:
        raise InputError(f"expected labels of at least two classes, found {labels.classes[0]['name']} alone")
    totals = labels.counts()
    labels = thinned(labels, options.seed)
    samples = gather(jobs, labels, options.task, callbacks)
    chosen = choose(samples, len(labels.classes), options.task, options.kind, options.seed, callbacks)
    return _save(options, first, labels, totals, samples, chosen)


def thinned(labels: Labels, seed: int) -> Labels:
    """At most MOST_SAMPLES samples, rare classes whole; weights make up for what is left out."""
    index = np.concatenate([part.index for part in labels.rasters])
    if len(index) <= MOST_SAMPLES:
        return labels
    counts = np.bincount(index, minlength=len(labels.classes))
    limit = next(n for n in range(int(counts.max()), 0, -50) if np.minimum(counts, n).sum() <= MOST_SAMPLES)
    rng = np.random.default_rng(seed)
    share = np.minimum(1, limit / np.maximum(counts, 1))
    kept = rng.random(len(index)) < share[index]
    parts, start = [], 0
    for part in labels.rasters:
        mine = kept[start : start + len(part)]
        start += len(part)
        weight = part.weight[mine] / share[part.index[mine]]
        parts.append(Labelled(part.row[mine], part.column[mine], part.index[mine], part.group[mine], weight))
    return Labels(labels.classes, parts)


# --- features ----------------------------------------------------------------------------------------------------


@dataclass
class Samples:
    """Labelled samples with their features: tokens (N, D) and what a `linear+pixels` head takes from pixels (N, P)."""

    tokens: NDArray[np.float32]
    pixels: NDArray[np.float32]
    index: NDArray[np.int64]
    group: NDArray[np.int64]
    weight: NDArray[np.float64]


class TokenCache:
    """Tokens of tiles, the last used ones up to CACHE_BYTES."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple, NDArray[np.float32]] = OrderedDict()
        self._bytes = 0

    def get(self, key: tuple) -> NDArray[np.float32] | None:
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def put(self, key: tuple, tokens: NDArray[np.float32]) -> None:
        self._kept[key] = tokens
        self._bytes += tokens.nbytes
        while self._bytes > CACHE_BYTES:
            self._bytes -= self._kept.popitem(last=False)[1].nbytes


_cache = TokenCache()


def gather(jobs: Sequence[Job], labels: Labels, task: str, callbacks: Callbacks) -> Samples:
    """Features of all labelled samples. Raises Cancelled."""
    plans = [_tiles(job, part, task) for job, part in zip(jobs, labels.rasters, strict=True)]
    total, done = sum(len(tiles) for tiles, _ in plans), 0
    parts: list[tuple[NDArray, NDArray, Labelled]] = []
    callbacks.progress(0, total, None)
    for job, part, (tiles, owner) in zip(jobs, labels.rasters, plans, strict=True):
        for numbers, tokens, pixels, valid in _batches(job, tiles):
            if callbacks.cancelled():
                raise Cancelled
            for k, number in enumerate(numbers):
                mine = np.flatnonzero(owner == number)
                parts.append(_of_tile(part, mine, tiles[number], tokens[k], pixels[k], valid[k], task))
            done += len(numbers)
            callbacks.progress(done, total, None)
    found = [p for p in parts if len(p[2])]
    if not found:
        raise InputError("expected labels on valid pixels, found nodata under all of them")
    both = [
        np.concatenate(arrays)
        for arrays in zip(*((t, p, s.index, s.group, s.weight) for t, p, s in found), strict=True)
    ]
    return Samples(*both)


def _tiles(job: Job, part: Labelled, task: str) -> tuple[NDArray, NDArray]:
    """((T, 2) rows and columns where tiles start, (N,) the tile of each sample)."""
    size = (job.source.height, job.source.width)
    if task == "classify":
        starts = np.stack([part.row, part.column], 1) * job.tile_px
    else:
        places = []
        for length, where in zip(size, (part.row, part.column), strict=True):
            axis = Axis(length, job.tile_px, DEFAULT_OVERLAP)
            middles = np.array(axis.starts) + job.tile_px / 2
            between = (middles[1:] + middles[:-1]) / 2
            places.append(np.array(axis.starts)[np.searchsorted(between, where + 0.5)])
        starts = np.stack(places, 1)
    tiles, owner = np.unique(starts.reshape(-1, 2), axis=0, return_inverse=True)
    return tiles, owner.reshape(-1)


def _batches(job: Job, tiles: NDArray, size: int = 16) -> Iterator[tuple[range, Tensor, Tensor, NDArray]]:
    """(numbers, tokens (B, L, D), normalised pixels (B, C, tile_px, tile_px), valid (B, tile_px, tile_px))."""
    predictor = Predictor(job)
    for start in range(0, len(tiles), size):
        numbers = range(start, min(start + size, len(tiles)))
        read = [_read(job, *tiles[n]) for n in numbers]
        pixels = predictor.normalised(torch.from_numpy(np.stack([values for values, _ in read])))
        keys = [_key(job, *tiles[n]) for n in numbers]
        kept = [_cache.get(key) for key in keys]
        wanted = [i for i, tokens in enumerate(kept) if tokens is None]
        if wanted:
            for i, tokens in zip(wanted, predictor.tokens(pixels[wanted]).cpu().numpy(), strict=True):
                kept[i] = tokens
                _cache.put(keys[i], tokens)
        tokens = torch.from_numpy(np.stack(kept))  # type: ignore[arg-type]
        yield numbers, tokens, pixels.cpu(), np.stack([valid for _, valid in read])


def _key(job: Job, row: int, column: int) -> tuple:
    path = Path(job.source.path)
    stat = path.stat() if path.exists() else None
    return (
        str(path.resolve()),
        stat and (stat.st_mtime_ns, stat.st_size),
        job.detection.bands,
        job.detection.units,
        job.checkpoint.header["fingerprints"][job.sensor.id],
        job.tile_px,
        int(row),
        int(column),
    )


def _read(job: Job, row: int, column: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    height, width = min(job.tile_px, job.source.height - row), min(job.tile_px, job.source.width - column)
    values, valid = job.source.read(job.source_bands, (int(column), int(row), int(width), int(height)))
    whole = np.zeros((job.tile_px, job.tile_px), bool)
    whole[:height, :width] = True if valid is None else valid
    return pad_to_tile(values.astype(np.float32), job.tile_px), whole


def _of_tile(
    part: Labelled, mine: NDArray, start: NDArray, tokens: Tensor, pixels: Tensor, valid: NDArray, task: str
) -> tuple[NDArray, NDArray, Labelled]:
    """(tokens (n, D), pixel features (n, P), samples) of a tile's samples that are valid."""
    if task == "classify":
        found = tokens.mean(0, keepdim=True).numpy(), tile_statistics(tokens[None], pixels[None]).numpy()
        mine = mine if valid.any() else mine[:0]
    else:
        y, x = part.row[mine] - start[0], part.column[mine] - start[1]
        seen = valid[y, x]
        y, x, mine = y[seen], x[seen], mine[seen]
        found = _at(tokens, y, x, pixels.shape[-1]), pixels[:, y, x].T.numpy()
    kept = Labelled(part.row[mine], part.column[mine], part.index[mine], part.group[mine], part.weight[mine])
    return found[0][: len(mine)], found[1][: len(mine)], kept


def _at(tokens: Tensor, y: NDArray, x: NDArray, tile_px: int) -> NDArray[np.float32]:
    """Token features (L, D) at pixels: what bilinear up-sampling to the tile's size gives there."""
    length, width = tokens.shape
    grid = int(length**0.5)
    maps = tokens.T.reshape(1, width, grid, grid)
    places = torch.from_numpy(np.stack([x, y], 1).astype(np.float32) + 0.5) / tile_px * 2 - 1
    found = F.grid_sample(maps, places[None, None], mode="bilinear", padding_mode="border", align_corners=False)
    return found[0, :, 0].T.numpy()


# --- the head ----------------------------------------------------------------------------------------------------


@dataclass
class Chosen:
    kind: str
    fitted: logistic.Fitted
    tried: dict[str, float | None]  # cross-validated mean IoU by kind


def choose(samples: Samples, classes: int, task: str, kind: str, seed: int, callbacks: Callbacks) -> Chosen:
    """The kind asked for, or the one that scores better in cross-validation."""

    def tick() -> None:
        if callbacks.cancelled():
            raise Cancelled

    found: dict[str, logistic.Fitted] = {}
    weight = balanced(samples.index, samples.weight, classes)
    for one in KINDS if kind == "auto" else (kind,):
        x, trust = samples.tokens, None
        if one == "linear+pixels":
            x = np.concatenate([samples.tokens, samples.pixels], 1)
            if task == "segment":
                trust = np.where(np.arange(x.shape[1]) < samples.tokens.shape[1], TOKEN_TRUST, 1.0)
        callbacks.log("info", f"cross-validating a head of kind {one}: {len(x)} samples, {x.shape[1]} features")
        found[one] = logistic.fit(x, samples.index, samples.group, weight, classes, seed, tick, trust)
    best = max(found, key=lambda k: (found[k].score or 0.0, k == "linear"))
    return Chosen(best, found[best], {k: f.score for k, f in found.items()})


def balanced(index: NDArray, weight: NDArray, classes: int) -> NDArray[np.float64]:
    """Weights between the labels' own shares and equal ones: each class counts with the square root of its share."""
    totals = np.bincount(index, weight, minlength=classes)
    return weight / np.sqrt(np.maximum(totals, 1e-9))[index]


def build(chosen: Chosen, width: int, sensor: Any, present: Sequence[int], task: str) -> LinearHead:
    """The head with the fitted weights."""
    fitted, bands = chosen.fitted, len(sensor.bands)
    head = LinearHead(width, len(fitted.bias), task, bands if chosen.kind == "linear+pixels" else 0)
    with torch.no_grad():
        head.weight.copy_(torch.from_numpy(fitted.weight[:, :width]))
        head.bias.copy_(torch.from_numpy(fitted.bias))
        if head.bands:
            columns = torch.as_tensor(list(present))
            extra = torch.from_numpy(fitted.weight[:, width:]).float()
            if task == "classify":
                head.spread_weight.copy_(extra[:, :width])
                columns, extra = torch.cat([columns, columns + bands]), extra[:, width:]
            head.pixel_weight[:, columns] = extra
    return head


def _save(options: FitOptions, job: Job, labels: Labels, totals: NDArray, samples: Samples, chosen: Chosen) -> dict:
    fitted, sensor = chosen.fitted, job.sensor
    head = build(chosen, job.checkpoint.model.arch.width, sensor, job.present, options.task)
    names = [entry["name"] for entry in labels.classes]
    used = np.bincount(samples.index, minlength=len(names))
    validation: dict[str, Any] = {"folds": fitted.folds, "not_scored": [names[k] for k in fitted.unscored]}
    if fitted.score is not None:
        validation |= scores(fitted.matrix, fitted.unscored) | {"confusion": fitted.matrix.round(3).tolist()}
    facts = {
        "recipe": "logistic regression on frozen features",
        "rasters": [shown(path) for path in options.inputs],
        "labels": [shown(path) for path in options.labels],
        "labelled": {name: round(float(n)) for name, n in zip(names, totals, strict=True)},
        "samples": {name: int(n) for name, n in zip(names, used, strict=True)},
        "groups": {name: len(np.unique(samples.group[samples.index == k])) for k, name in enumerate(names)},
        "strength": fitted.strength,
        "temperature": round(fitted.temperature, 4),
        "seed": options.seed,
        "bands": [sensor.band_names[i] for i in job.present],
        "tried": chosen.tried,
        "validation": validation,
    }
    name = options.name or Path(options.output).stem
    save_head(
        options.output,
        head,
        name,
        sensor_id=sensor.id,
        classes=labels.classes,
        tile_px=job.tile_px,
        backbone=job.checkpoint.header["fingerprints"][sensor.id],
        training=facts,
    )
    return {
        "output": options.output,
        "sensor": sensor.id,
        "task": options.task,
        "kind": chosen.kind,
        "tile_px": job.tile_px,
        "classes": labels.classes,
        "device": str(job.device),
    } | facts


def show(answer: dict) -> str:
    """The scores of a fit, for people."""
    names, validation = [entry["name"] for entry in answer["classes"]], answer["validation"]
    lines = [f"{answer['output']}: a head to {answer['task']} {answer['sensor']}, kind {answer['kind']}"]
    tried = ", ".join(f"{k} {v:.3f}" for k, v in answer["tried"].items() if v is not None)
    if "miou" not in validation:
        return "\n".join([*lines, "not validated: each class needs polygons (or blocks) in at least two places"])
    lines.append(
        f"cross-validated over {validation['folds']} folds of whole polygons, rasters or blocks: mean IoU "
        f"{validation['miou']:.3f} ({tried}), accuracy {validation['accuracy']:.3f}"
    )
    if validation["not_scored"]:
        lines.append(f"not scored, since they lie in one place only: {', '.join(validation['not_scored'])}")
    wide = max(12, *(len(name) for name in names))
    lines.append(f"{'reference':{wide}} {'samples':>9} {'places':>9} {'IoU':>6}   found as, in per cent")
    for k, name in enumerate(names):
        row = np.array(validation["confusion"][k])
        share = " ".join(f"{100 * v / row.sum():4.0f}" if row.sum() else "   -" for v in row)
        iou = validation["iou"][k]
        lines.append(
            f"{name:{wide}} {answer['samples'][name]:9} {answer['groups'][name]:9} "
            f"{'-' if iou is None else f'{iou:.3f}':>6}   {share}"
        )
    return "\n".join(lines)
