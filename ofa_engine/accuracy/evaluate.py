"""`ofa evaluate`: a head, rasters and labels in, an accuracy report out: as a mapping, and as an HTML page.

What is assessed is the map that `segment` or `classify` writes: these verbs make it here, too, and the part with labels
has the same tiles as the map of the whole raster. Polygons and label rasters show how good the map is where they lie.
Only a probability sample (points of `ofa sample`) allows conclusions about the whole map: it gives error-adjusted areas
and standard errors, after Olofsson et al. (2014), Remote Sensing of Environment 148, 42-57.
"""

import dataclasses
import math
import platform
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import torch

from ..core import catalog
from ..core.callbacks import Callbacks
from ..core.errors import InputError, OutputError
from ..core.html import count_text
from ..core.messages import Message, command
from ..core.options import ClassifyOptions, EvaluateOptions, SegmentOptions
from ..core.sensors import detect
from ..core.version import __version__
from ..inference.session import Session, open_session
from ..learning.labelled import DEFAULT_LIMITS, SampleLimits
from ..learning.metrics import scores
from ..raster.atomic import Pending, check_output
from ..raster.gdal import display_name
from ..raster.source import Source
from .accuracy_report import accuracy_page, interval_text, score_text
from .comparison import Comparison
from .label_comparison import compare_with_labels
from .sample_points import compare_with_points, read_points
from .stratified import Z_95, Estimates

_NO_AREAS = Message(
    "Areas are counted on the map and not corrected for its errors: polygons and label rasters lie where someone "
    "chose to put them. They are no probability sample, and nothing follows from them for the rest of the map. For "
    f"areas with confidence intervals draw points with {command('sample')}, label them, and evaluate with those."
)


def evaluate(options: EvaluateOptions, callbacks: Callbacks, limits: SampleLimits = DEFAULT_LIMITS) -> dict:
    """Assesses the map that a head makes of rasters, and writes the report.

    Args:
        options: head, rasters, labels (polygons, label rasters or points of `ofa sample`) and the report's path.
        callbacks: receive progress (in tiles) and log lines, and say whether to cancel.
        limits: how many labelled pixels are compared.

    Returns:
        A JSON mapping. Among its keys: accuracy, accuracy_se (None without a probability sample), kappa, miou,
        macro_f1; classes (per class labelled, nodata, users, producers, f1, iou, mapped_ha and, with a sample, their
        standard errors, share, area_ha and area_ci95_ha); confusion (rows are the reference); sample; validation (the
        head's own cross-validated scores); notes; provenance.

    Raises:
        InputError: head, rasters or labels cannot be used or do not match.
        OutputError: the report cannot be written.
        Cancelled: an earlier report is left as it was.
    """
    if not options.inputs:
        raise InputError("expected a raster to evaluate on, found none")
    target = check_output(options.output, [options.head, *options.inputs, *options.labels], (".html", ".htm"))
    head = _find_head(options)
    options = dataclasses.replace(options, head=str(head.path))  # the default of the first raster for all
    task = head.header["task"]
    map_options = _map_options(options, task, options.inputs[0])
    sessions: list[Session] = []
    held_back, log_now = _held_back(callbacks)
    try:
        for path in options.inputs:
            sessions.append(open_session(dataclasses.replace(map_options, input=path), task, held_back))
        points = read_points(options.labels, options.field)
        found = (
            compare_with_labels(options, sessions, map_options, held_back, limits)
            if points is None
            else compare_with_points(points, options.ignore, sessions, map_options, held_back)
        )
        answer = _answer(options, sessions, found)
    finally:
        for session in sessions:
            session.source.close()
    log_now()
    for note in answer["notes"]:
        callbacks.log("warning", note)
    _write(target, accuracy_page(answer))
    return answer


def _held_back(callbacks: Callbacks) -> tuple[Callbacks, Callable[[], None]]:
    """(callbacks whose lines are logged once tiles are computed, so that an error before is one line; what logs them
    now)."""
    lines: list[tuple[str, str]] = []

    def log_now() -> None:
        while lines:
            callbacks.log(*lines.pop(0))

    def progress(done: int, total: int, seconds_left: float | None) -> None:
        log_now()
        callbacks.progress(done, total, seconds_left)

    held = Callbacks(progress, lambda level, text: lines.append((level, Message(text).marked)), callbacks.cancelled)
    return held, log_now


def _map_options(options: EvaluateOptions, task: str, raster: str) -> SegmentOptions | ClassifyOptions:
    """Those of the verb that makes the map of a raster."""
    kind = SegmentOptions if task == "segment" else ClassifyOptions
    return kind(
        raster,
        head=options.head,
        sensor=options.sensor,
        bands=options.bands,
        units=options.units,
        crs=options.crs,
        nodata=options.nodata,
        tile_px=options.tile_px,
        device=options.device,
        memory_mb=options.memory_mb,
    )


def _find_head(options: EvaluateOptions) -> catalog.ModelFile:
    with Source(
        options.inputs[0], options.crs, options.nodata
    ) as source:  # an unknown name gets the heads of its sensor listed
        facts = source.facts()
    found = detect(facts, options.sensor, options.bands, options.units, catalog.installed_table())
    return catalog.find_head(options.head, options.sensor or found.sensor or "", None, facts.gsd_m, found.band_names)


def _write(target: Path, text: str) -> None:
    pending = Pending()
    try:
        pending.add(target).write_text(text, encoding="utf-8")
        pending.commit()
    except OSError as error:
        raise OutputError(f"cannot write {target}: {error.strerror}") from error
    finally:
        pending.discard()


# --- the answer --------------------------------------------------------------------------------------------------


def _answer(options: EvaluateOptions, sessions: Sequence[Session], found: Comparison) -> dict:
    session, estimates, columns = sessions[0], found.estimates, found.columns
    header = session.head_file.header if session.head_file else {}
    overall = scores(found.matrix if estimates is None else estimates.cells)
    labelled = found.matrix.sum(1) + found.nodata
    return {
        "output": options.output,
        "head": str(session.head_file.path) if session.head_file else None,
        "head_name": header.get("name"),
        "task": header.get("task"),
        "sensor": session.sensor.id,
        "tile_px": session.tile_px,
        "device": str(session.device),
        "unit": found.unit,
        "accuracy": overall["accuracy"],
        "accuracy_se": _finite(estimates.overall_se) if estimates else None,
        "kappa": overall["kappa"],
        "miou": overall["miou"],
        "macro_f1": overall["macro_f1"],
        "classes": [_class_entry(found, overall, k) for k in range(len(found.classes))],
        "confusion": [[_number(n) for n in row[:columns]] for row in found.matrix],
        "unknown_classes": [e["name"] for e in found.classes[columns:]],
        "unlabelled_classes": [e["name"] for e, n in zip(found.classes, labelled, strict=True) if not n],
        "nodata": _number(found.nodata.sum()),
        "sample": found.sample or None,
        "areas": "error-adjusted" if estimates else _NO_AREAS,
        "validation": _validation(header),
        "notes": found.notes,
        "provenance": _provenance(options, sessions),
    }


def _class_entry(found: Comparison, overall: dict, k: int) -> dict:
    entry = found.classes[k] | {
        "mapped": k < found.columns,
        "labelled": _number(found.matrix[k].sum() + found.nodata[k]),
        "nodata": _number(found.nodata[k]),
        "mapped_ha": _finite(found.mapped_ha[k]),
    }
    entry |= {key: overall[key][k] for key in ("users", "producers", "f1", "iou")}
    return entry if found.estimates is None else entry | _estimated(found.estimates, k, found.sample["total_ha"])


def _estimated(estimates: Estimates, k: int, total_ha: float | None) -> dict:
    share, error = float(estimates.share[k]), float(estimates.share_se[k])
    total = math.nan if total_ha is None else total_ha
    return {
        "users_se": _finite(estimates.users_se[k]),
        "producers_se": _finite(estimates.producers_se[k]),
        "share": _finite(share),
        "share_se": _finite(error),
        "area_ha": _finite(share * total),
        "area_ci95_ha": _finite(Z_95 * error * total),
    }


def _validation(header: dict) -> dict | None:
    """The head's own cross-validated scores, by class value; None where it has none, as the heads of the starter."""
    validation = header.get("training", {}).get("validation", {})
    if "miou" not in validation:
        return None
    kept = {key: validation.get(key) for key in ("folds", "accuracy", "kappa", "miou", "macro_f1", "not_scored")}
    values = [entry["value"] for entry in header["classes"]]
    lists = {key: validation.get(key) or [None] * len(values) for key in ("users", "producers", "f1", "iou")}
    return kept | {"classes": [{"value": v} | {key: lists[key][k] for key in lists} for k, v in enumerate(values)]}


def _provenance(options: EvaluateOptions, sessions: Sequence[Session]) -> dict:
    session = sessions[0]
    tags = [one.tags(_map_options(options, one.head.task if one.head else "", one.source.path)) for one in sessions]
    return {
        "rasters": [tag["SOURCE"] for tag in tags],
        "labels": [display_name(path) for path in options.labels],
        "field": options.field,
        "ignore": list(options.ignore),
        "head": f"{tags[0]['HEAD']} ({session.head_file.path.name if session.head_file else ''})",
        "checkpoint": tags[0]["CHECKPOINT"],
        "backbone": tags[0]["BACKBONE"],
        "sensor": session.sensor.id,
        "bands": [tag["BANDS"] for tag in tags],
        "units": [tag["UNITS"] for tag in tags],
        "tile_px": session.tile_px,
        "mapped_bands": any("MAPPED_BANDS" in tag for tag in tags),
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "versions": f"ofanet {__version__}, PyTorch {torch.__version__}, NumPy {np.__version__}, "
        f"Python {platform.python_version()}",
    }


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _number(value: float) -> float | int:
    """Whole numbers as int; with sampled labels, sums of weights need not be whole."""
    return int(value) if float(value).is_integer() else round(float(value), 3)


def format_evaluate_summary(answer: dict) -> str:
    """What `evaluate` returns as text: the scores, overall and per class."""
    lines = [
        f"{answer['output']}: {answer['head_name']} on {', '.join(answer['provenance']['rasters'])}",
        f"accuracy {score_text(answer['accuracy'])}{interval_text(answer['accuracy_se'])}, "
        f"kappa {score_text(answer['kappa'])}, "
        f"mean IoU {score_text(answer['miou'])}",
    ]
    width = max(5, *(len(entry["name"]) for entry in answer["classes"]))
    lines.append(
        f"{'class':{width}} {answer['unit']:>12} {'users':>7} {'producers':>9} {'F1':>6} {'IoU':>6} {'ha':>14}"
    )
    for entry in answer["classes"]:
        area = entry.get("area_ha", entry["mapped_ha"])
        interval = f" ± {entry['area_ci95_ha']:.1f}" if entry.get("area_ci95_ha") is not None else ""
        lines.append(
            f"{entry['name']:{width}} {count_text(entry['labelled']):>12} {score_text(entry['users']):>7} "
            f"{score_text(entry['producers']):>9} {score_text(entry['f1']):>6} {score_text(entry['iou']):>6} "
            f"{'-' if area is None else f'{area:.1f}':>14}{interval}"
        )
    return "\n".join(lines)
