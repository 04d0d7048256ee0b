"""`ofa fit`: rasters and labels in, a head on the frozen backbone out, with a cross-validated score."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from ..core.callbacks import Callbacks
from ..core.errors import InputError
from ..core.messages import Message
from ..core.options import EmbedOptions, FitOptions
from ..inference.session import Session, open_session
from ..model.heads import KINDS
from ..raster.atomic import check_output
from .features import TokenCache, gather_features
from .fitted_head import save_fitted_head
from .kind_selection import select_kind
from .labelled import DEFAULT_LIMITS, Labels, SampleLimits, thin
from .labels import read_labels

_CACHE = TokenCache()  # of this process: the next fit finds the tokens of this one


def fit(
    options: FitOptions,
    callbacks: Callbacks,
    limits: SampleLimits = DEFAULT_LIMITS,
    cache: TokenCache = _CACHE,
) -> dict:
    """Fits a head to labels and writes it.

    Args:
        options: rasters, labels and where to write the head.
        callbacks: receive progress (in tiles) and log lines, and say whether to cancel.
        limits: how many labelled samples are kept.
        cache: tokens of tiles that earlier fits computed; by default the process's own.

    Returns:
        A JSON mapping: output, sensor, task, kind, tile_px, classes, device; labelled pixels, samples and groups per
        class; tried (per kind the mean IoU that decides, see `select_kind`); validation (folds, not_scored and, where
        it was possible, accuracy, kappa, miou, macro_f1, per-class users, producers, f1 and iou, and the confusion
        matrix).

    Raises:
        InputError: rasters, labels or options cannot be used.
        Cancelled: nothing was written.
    """
    _check(options)
    sessions: list[Session] = []
    notes: list[tuple[str, str]] = []  # logged once the labels are read, too: an error is one line
    opening = Callbacks(log=lambda level, text: notes.append((level, Message(text).marked)))
    try:
        for path in options.inputs:
            sessions.append(_open(options, path, opening))
            first, last = sessions[0], sessions[-1]
            if last.sensor.id != first.sensor.id:
                raise InputError(f"expected rasters of one sensor, found {first.sensor.id} and {last.sensor.id}")
        labels = _read_labels(options, sessions, opening, limits)
        for level, text in notes:
            callbacks.log(level, text)
        return _fit(options, sessions, labels, callbacks, limits, cache)
    finally:
        for session in sessions:
            session.source.close()


def _check(options: FitOptions) -> None:
    if options.task not in KINDS:
        raise InputError(f"expected task {' or '.join(KINDS)}, found {options.task!r}")
    kinds = KINDS[options.task]
    if options.kind not in ("auto", *kinds):
        raise InputError(f"expected kind auto, {' or '.join(kinds)} to {options.task}, found {options.kind!r}")
    if not options.inputs:
        raise InputError("expected a raster to learn from, found none")
    check_output(options.output, [*options.inputs, *options.labels], (".safetensors",))


def _open(options: FitOptions, path: str, callbacks: Callbacks) -> Session:
    session = open_session(
        EmbedOptions(
            path,
            sensor=options.sensor,
            bands=options.bands,
            units=options.units,
            crs=options.crs,
            nodata=options.nodata,
            tile_px=options.tile_px,
            device=options.device,
            memory_mb=options.memory_mb,
            checkpoint=options.checkpoint,
        ),
        None,
        callbacks,
    )
    if options.task == "segment" and not options.tile_px:
        # the lower end of the crops that the model was trained on: smaller tokens draw finer edges
        return dataclasses.replace(session, tile_px=max(16, session.tile_px // 2))
    return session


def _read_labels(
    options: FitOptions, sessions: Sequence[Session], callbacks: Callbacks, limits: SampleLimits
) -> Labels:
    """Raises InputError, also for labels of one class only."""
    tile_px = sessions[0].tile_px
    labels = read_labels(
        [session.source for session in sessions],
        options.labels,
        options.field,
        options.ignore,
        2 * tile_px,  # so that the tile around a block's centre does not reach into neighbouring blocks
        callbacks.log,
        tile_px if options.task == "classify" else None,
        limits,
        options.radius,
    )
    if len(labels.classes) < 2 or (labels.counts() > 0).sum() < 2:
        raise InputError(f"expected labels of at least two classes, found {labels.classes[0]['name']} alone")
    return labels


def _fit(
    options: FitOptions,
    sessions: Sequence[Session],
    labels: Labels,
    callbacks: Callbacks,
    limits: SampleLimits,
    cache: TokenCache,
) -> dict:
    totals = labels.counts()
    labels = thin(labels, limits.training_samples, options.seed)
    samples = gather_features(sessions, labels, options.task, callbacks, cache)
    selected = select_kind(samples, len(labels.classes), options.task, options.kind, options.seed, callbacks)
    return save_fitted_head(options, sessions, labels, totals, samples, selected)


def format_fit_summary(answer: dict) -> str:
    """What `fit` returns as text: the scores, and a confusion matrix in per cent of the reference."""
    names, validation = [entry["name"] for entry in answer["classes"]], answer["validation"]
    lines = [f"{answer['output']}: a head to {answer['task']} {answer['sensor']}, kind {answer['kind']}"]
    tried = ", ".join(f"{k} {v:.3f}" for k, v in answer["tried"].items() if v is not None)
    if "miou" not in validation:
        return "\n".join([*lines, "not validated: each class needs polygons (or blocks) in at least two places"])
    lines.append(
        f"cross-validated over {validation['folds']} folds of whole polygons, rasters or blocks: mean IoU "
        f"{validation['miou']:.3f}, accuracy {validation['accuracy']:.3f}"
    )
    if len(answer["tried"]) > 1:
        lines.append(f"kinds by mean IoU, in which pixels at the outlines of polygons count half: {tried}")
    if validation["not_scored"]:
        lines.append(f"not scored, since they lie in one place only: {', '.join(validation['not_scored'])}")
    width = max(12, *(len(name) for name in names))
    lines.append(f"{'reference':{width}} {'samples':>9} {'places':>9} {'IoU':>6}   mapped as, in per cent")
    for k, name in enumerate(names):
        row = np.array(validation["confusion"][k])
        share = " ".join(f"{100 * v / row.sum():4.0f}" if row.sum() else "   -" for v in row)
        iou = validation["iou"][k]
        lines.append(
            f"{name:{width}} {answer['samples'][name]:9} {answer['groups'][name]:9} "
            f"{'-' if iou is None else f'{iou:.3f}':>6}   {share}"
        )
    return "\n".join(lines)
