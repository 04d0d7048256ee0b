"""A head, rasters and labels in, an accuracy report out: the numbers as a mapping, and one HTML page for people.

What is assessed is the map that `segment` or `classify` writes, made by these verbs, and tile by tile the one of the
whole raster even where only the part with labels is computed. Polygons and label rasters say how good the map is where
they lie. Only a probability sample (points of `ofa sample`) speaks for the whole map: with it come error-adjusted areas
and standard errors, after Olofsson et al. (2014), Remote Sensing of Environment 148, 42-57.
"""

import dataclasses
import math
import platform
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ..core import catalog
from ..core.callbacks import Callbacks
from ..core.errors import InputError, OutputError
from ..core.html import count_text, interval_text, page, score_text
from ..core.options import EvaluateOptions, Options
from ..core.sensors import detect
from ..core.version import __version__
from ..inference.session import Job, open_job
from ..learning.labels import read_labels
from ..learning.metrics import Z_95, Stratified, confusion, scores
from ..raster.geotiff import Pending, check_output
from ..raster.source import Source, shown
from .map_lookup import UNKNOWN_COLOR, Findings, map_at, names, one_of
from .sample_points import by_points, read_points

_NO_AREAS = (
    "Areas are counted on the map, not corrected for its errors: polygons and label rasters lie where someone "
    "put them, and that is no probability sample, so they say nothing of the rest of the map. For areas with "
    "confidence intervals draw points with `ofa sample`, label them, and evaluate with those."
)


def evaluate(options: EvaluateOptions, callbacks: Callbacks) -> dict:
    """Writes the report and returns what it says. Raises InputError, OfaError, Cancelled."""
    if not options.inputs:
        raise InputError("expected a raster to evaluate on, found none")
    target = check_output(options.output, [options.head, *options.inputs, *options.labels], (".html", ".htm"))
    task, asked = _find_head(options).header["task"], _asked(options)
    jobs: list[Job] = []
    try:
        for path in options.inputs:
            jobs.append(open_job(dataclasses.replace(asked, input=path), task, callbacks, writes=False))
        points = read_points(options.labels, options.field)
        found = (
            _by_labels(options, jobs, asked, callbacks)
            if points is None
            else by_points(points, options.ignore, jobs, asked, callbacks)
        )
        answer = _answer(options, jobs, found)
    finally:
        for job in jobs:
            job.source.dataset.close()
    for note in answer["notes"]:
        callbacks.log("warning", note)
    _write(target, page(answer))
    return answer


def _asked(options: EvaluateOptions) -> Options:
    """What is asked of the verbs that make the map, of the first raster."""
    return Options(
        options.inputs[0],
        head=options.head,
        sensor=options.sensor,
        bands=options.bands,
        units=options.units,
        tile_px=options.tile_px,
        device=options.device,
        memory_mb=options.memory_mb,
    )


def _find_head(options: EvaluateOptions) -> catalog.ModelFile:
    with Source(options.inputs[0]) as source:  # its sensor's heads are named where there is none of that name
        sensor = options.sensor or detect(source.facts(), None, options.bands, options.units).sensor
    return catalog.find_head(options.head, sensor or "", None)


def _write(target: Path, text: str) -> None:
    pending = Pending()
    try:
        pending.beside(target).write_text(text, encoding="utf-8")
        pending.commit()
    except OSError as error:
        raise OutputError(f"cannot write {target}: {error.strerror}") from error
    finally:
        pending.discard()


# --- polygons and label rasters ----------------------------------------------------------------------------------


def _by_labels(options: EvaluateOptions, jobs: Sequence[Job], asked: Options, callbacks: Callbacks) -> Findings:
    first, sources = jobs[0], [job.source for job in jobs]
    tiles = first.tile_px if first.head is not None and first.head.task == "classify" else None
    labels = read_labels(sources, options.labels, options.field, options.ignore, first.tile_px, callbacks.log, tiles)
    classes, rows = match(first.classes, labels.classes)
    size = len(classes)
    found = Findings(
        classes,
        len(first.classes),
        np.zeros((size, size)),
        np.zeros(size),
        np.full(size, np.nan),
        "tiles" if tiles else "pixels",
        [],
    )
    area = np.zeros(found.columns)
    for number, (job, part) in enumerate(zip(jobs, labels.rasters, strict=True)):
        if not len(part):
            found.notes.append(f"no labels lie on {Path(job.source.path).name}: it is not evaluated")
            continue
        scale = job.tile_px if tiles else 1
        mapped, ha = map_at(asked, job, part.row * scale, part.column * scale, one_of(callbacks, number, len(jobs)))
        seen, index = mapped >= 0, rows[part.index]
        found.matrix += confusion(index[seen], mapped[seen], size, part.weight[seen])
        found.nodata += np.bincount(index[~seen], part.weight[~seen], size)
        area += ha
    if not found.matrix.any():
        raise InputError("expected labels on valid pixels, found nodata under all of them")
    found.mapped_ha[: found.columns] = area
    _note_labels(found, options, first)
    return found


def match(head: Sequence[dict], labels: Sequence[dict]) -> tuple[list[dict], NDArray[np.int64]]:
    """(the head's classes and those of the labels that it does not know, the place of each of the labels' classes
    among them). By value where the labels are integers, else by name, whatever its case.

    Raises InputError where they have nothing in common.
    """
    by_value = all(entry["name"].lstrip("-").isdigit() for entry in labels)

    def key(entry: dict) -> object:
        return entry["value"] if by_value else entry["name"].strip().casefold()

    known = {key(entry): i for i, entry in reversed(list(enumerate(head)))}
    classes, rows = [dict(entry) for entry in head], []
    for entry in labels:
        if key(entry) not in known:
            classes.append({"value": None, "name": entry["name"], "color": UNKNOWN_COLOR})
        rows.append(known.get(key(entry), len(classes) - 1))
    if min(rows) >= len(head):
        wanted = ", ".join(f"{entry['value']} {entry['name']}" for entry in head)
        raise InputError(
            f"expected labels of the head's classes ({wanted}), found {names(labels)}: "
            "is it the right head, or the right --field?"
        )
    return classes, np.array(rows)


def _note_labels(found: Findings, options: EvaluateOptions, job: Job) -> None:
    reference, unit = found.matrix.sum(1) + found.nodata, found.unit
    unknown = [
        f"{entry['name']} ({count_text(n)} {unit})"
        for entry, n in zip(found.classes[found.columns :], reference[found.columns :], strict=True)
    ]
    if unknown:
        found.notes.append(
            f"the head does not know the labels' {', '.join(unknown)}: counted as errors, also in the "
            "means; --ignore leaves them out"
        )
    absent = [entry for entry, n in zip(found.classes, reference, strict=True) if not n]
    if absent:
        found.notes.append(f"no labels of the head's {names(absent)}: how well the map finds them is not known")
    if found.nodata.any():
        each = [f"{entry['name']} {count_text(n)}" for entry, n in zip(found.classes, found.nodata, strict=True) if n]
        found.notes.append(
            f"{count_text(found.nodata.sum())} labelled {unit} are nodata in the map and not scored: {', '.join(each)}"
        )
    if not np.isfinite(found.mapped_ha[: found.columns]).all():
        found.notes.append("a raster has no CRS: areas are not known")
    training = job.head_file.header.get("training", {}) if job.head_file else {}
    if {shown(p) for p in options.labels} & set(training.get("labels", [])):
        found.notes.append(
            "the head was fitted on labels of this name: scores on what it has learned from are too "
            "good; its cross-validated ones are nearer to the truth"
        )


# --- the answer --------------------------------------------------------------------------------------------------


def _answer(options: EvaluateOptions, jobs: Sequence[Job], found: Findings) -> dict:
    job, estimates, columns = jobs[0], found.estimates, found.columns
    header = job.head_file.header if job.head_file else {}
    marks = scores(found.matrix if estimates is None else estimates.cells)
    labelled = found.matrix.sum(1) + found.nodata
    table = []
    for k, entry in enumerate(found.classes):
        line = entry | {
            "mapped": k < columns,
            "labelled": _rounded(labelled[k]),
            "nodata": _rounded(found.nodata[k]),
            "mapped_ha": _finite(found.mapped_ha[k]),
        }
        line |= {key: marks[key][k] for key in ("users", "producers", "f1", "iou")}
        if estimates is not None:
            line |= _estimated(estimates, k, found.facts["total_ha"])
        table.append(line)
    accuracy_se = _finite(estimates.overall_se) if estimates else None
    return {
        "output": options.output,
        "head": str(job.head_file.path) if job.head_file else None,
        "head_name": header.get("name"),
        "task": header.get("task"),
        "sensor": job.sensor.id,
        "tile_px": job.tile_px,
        "device": str(job.device),
        "unit": found.unit,
        "accuracy": marks["accuracy"],
        "accuracy_se": accuracy_se,
        "kappa": marks["kappa"],
        "miou": marks["miou"],
        "macro_f1": marks["macro_f1"],
        "classes": table,
        "confusion": [[_rounded(n) for n in row[:columns]] for row in found.matrix],
        "unknown_classes": [e["name"] for e in found.classes[columns:]],
        "unlabelled_classes": [e["name"] for e, n in zip(found.classes, labelled, strict=True) if not n],
        "nodata": _rounded(found.nodata.sum()),
        "sample": found.facts or None,
        "areas": "error-adjusted" if estimates else _NO_AREAS,
        "validation": _validation(header),
        "notes": found.notes,
        "provenance": _provenance(options, jobs),
    }


def _estimated(found: Stratified, k: int, total_ha: float | None) -> dict:
    share, error = float(found.share[k]), float(found.share_se[k])
    total = math.nan if total_ha is None else total_ha
    return {
        "users_se": _finite(found.users_se[k]),
        "producers_se": _finite(found.producers_se[k]),
        "share": _finite(share),
        "share_se": _finite(error),
        "area_ha": _finite(share * total),
        "area_ci95_ha": _finite(Z_95 * error * total),
    }


def _validation(header: dict) -> dict | None:
    """The head's own cross-validated scores, by class value; None where it has none (as the starter's heads)."""
    validation = header.get("training", {}).get("validation", {})
    if "miou" not in validation:
        return None
    kept = {key: validation.get(key) for key in ("folds", "accuracy", "kappa", "miou", "macro_f1", "not_scored")}
    values = [entry["value"] for entry in header["classes"]]
    lists = {key: validation.get(key) or [None] * len(values) for key in ("users", "producers", "f1", "iou")}
    return kept | {"classes": [{"value": v} | {key: lists[key][k] for key in lists} for k, v in enumerate(values)]}


def _provenance(options: EvaluateOptions, jobs: Sequence[Job]) -> dict:
    job = jobs[0]
    tags = [one.tags(dataclasses.replace(_asked(options), input=one.source.path)) for one in jobs]
    return {
        "rasters": [tag["SOURCE"] for tag in tags],
        "labels": [shown(path) for path in options.labels],
        "field": options.field,
        "ignore": list(options.ignore),
        "head": f"{tags[0]['HEAD']} ({job.head_file.path.name if job.head_file else ''})",
        "checkpoint": tags[0]["CHECKPOINT"],
        "backbone": tags[0]["BACKBONE"],
        "sensor": job.sensor.id,
        "bands": [tag["BANDS"] for tag in tags],
        "units": [tag["UNITS"] for tag in tags],
        "tile_px": job.tile_px,
        "mapped_bands": any("MAPPED_BANDS" in tag for tag in tags),
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "versions": f"ofanet {__version__}, PyTorch {torch.__version__}, NumPy {np.__version__}, "
        f"Python {platform.python_version()}",
    }


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _rounded(value: float) -> float | int:
    """Whole numbers as such: weights of labels that were drawn need not be."""
    return int(value) if float(value).is_integer() else round(float(value), 3)


def show(answer: dict) -> str:
    """The scores, for people."""
    lines = [
        f"{answer['output']}: {answer['head_name']} on {', '.join(answer['provenance']['rasters'])}",
        f"accuracy {score_text(answer['accuracy'])}{interval_text(answer['accuracy_se'])}, "
        f"kappa {score_text(answer['kappa'])}, "
        f"mean IoU {score_text(answer['miou'])}",
    ]
    wide = max(5, *(len(entry["name"]) for entry in answer["classes"]))
    lines.append(f"{'class':{wide}} {answer['unit']:>12} {'users':>7} {'producers':>9} {'F1':>6} {'IoU':>6} {'ha':>14}")
    for entry in answer["classes"]:
        area = entry.get("area_ha", entry["mapped_ha"])
        more = f" ± {entry['area_ci95_ha']:.1f}" if entry.get("area_ci95_ha") is not None else ""
        lines.append(
            f"{entry['name']:{wide}} {count_text(entry['labelled']):>12} {score_text(entry['users']):>7} "
            f"{score_text(entry['producers']):>9} {score_text(entry['f1']):>6} {score_text(entry['iou']):>6} "
            f"{'-' if area is None else f'{area:.1f}':>14}{more}"
        )
    return "\n".join(lines)
