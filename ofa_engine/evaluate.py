"""A head, rasters and labels in, an accuracy report out: the numbers as a mapping, and one HTML page for people.

What is assessed is the map that `segment` or `classify` writes, made by these verbs, and tile by tile the one of the
whole raster even where only the part with labels is computed. Polygons and label rasters say how good the map is where
they lie. Only a probability sample (points of `ofa sample`) speaks for the whole map: with it come error-adjusted areas
and standard errors, after Olofsson et al. (2014), Remote Sensing of Environment 148, 42-57.
"""

import dataclasses
import html
import math
import platform
import tempfile
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely
import torch
from numpy.typing import NDArray
from pyproj import Transformer

from . import catalog, sensors
from ._version import __version__
from .accuracy import Z_95, Stratified, confusion, scores, stratified
from .errors import InputError, OutputError
from .labels import as_text, read_labels, tile_labels
from .predict import Job, Options, Watch, classify, open_job, segment
from .raster import Pending, Source, check_output, place, pyproj_crs
from .tiling import Axis

OVERLAP = 0.25  # of `segment` where the user asks for nothing else
_UNKNOWN_COLOR = "#8a8a8a"
_NO_AREAS = ("Areas are counted on the map, not corrected for its errors: polygons and label rasters lie where someone "
             "put them, and that is no probability sample, so they say nothing of the rest of the map. For areas with "
             "confidence intervals draw points with `ofa sample`, label them, and evaluate with those.")  # fmt: skip


@dataclass(frozen=True)
class EvaluateOptions:
    """What the user asked for; None means the default. `output` is an HTML file."""

    head: str
    inputs: list[str]
    labels: list[str]
    output: str
    field: str | None = None
    ignore: list[str] = dataclasses.field(default_factory=list)
    sensor: str | None = None
    bands: str | None = None
    units: str | None = None
    tile_px: int | None = None
    device: str = "auto"
    memory_mb: int | None = None


@dataclass
class Findings:
    """Rows are the reference, columns the map. `classes` are those the map can have (the first `columns`), then those
    that only the reference has; both sides of `matrix` (R, R) have all of them."""

    classes: list[dict]
    columns: int
    matrix: NDArray[np.float64]  # pixels, tiles or points
    nodata: NDArray[np.float64]  # (R,) of each reference class where the map has none
    mapped_ha: NDArray[np.float64]  # (R,) NaN where it is not known
    unit: str
    notes: list[str]
    estimates: Stratified | None = None
    facts: dict = dataclasses.field(default_factory=dict)  # of the sample


def evaluate(options: EvaluateOptions, watch: Watch) -> dict:
    """Writes the report and returns what it says. Raises InputError, OfaError, Cancelled."""
    if not options.inputs:
        raise InputError("expected a raster to evaluate on, found none")
    target = check_output(options.output, [options.head, *options.inputs, *options.labels], (".html", ".htm"))
    task = _find_head(options).header["task"]
    jobs: list[Job] = []
    try:
        for path in options.inputs:
            jobs.append(open_job(_asked(options, path), task, watch, writes=False))
        points = _read_points(options)
        found = _by_labels(options, jobs, watch) if points is None else _by_points(points, jobs, options, watch)
        answer = _answer(options, jobs, found)
    finally:
        for job in jobs:
            job.source.dataset.close()
    for note in answer["notes"]:
        watch.log("warning", note)
    _write(target, _page(answer))
    return answer


def _asked(options: EvaluateOptions, path: str, **more: Any) -> Options:
    return Options(path, head=options.head, sensor=options.sensor, bands=options.bands, units=options.units,
                   tile_px=options.tile_px, device=options.device, memory_mb=options.memory_mb, **more)  # fmt: skip


def _find_head(options: EvaluateOptions) -> catalog.ModelFile:
    with Source(options.inputs[0]) as source:  # its sensor's heads are named where there is none of that name
        sensor = options.sensor or sensors.detect(source.facts(), None, options.bands, options.units).sensor
    return catalog.find_head(options.head, sensor or "", None)


# --- the map -----------------------------------------------------------------------------------------------------


def _map(options: EvaluateOptions, job: Job, row: NDArray, column: NDArray, watch: Watch
         ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:  # fmt: skip
    """(class (N,) from 0 at pixels, -1 where there is none; hectares (K,) of each class), by the product's own verb on
    the part of the raster that decides about these pixels."""
    pixels = job.head is not None and job.head.task == "segment"
    source, overlap = job.source, OVERLAP if pixels else 0.0
    left, right = _span(column, Axis(source.width, job.tile_px, overlap, not pixels))
    top, bottom = _span(row, Axis(source.height, job.tile_px, overlap, not pixels))
    if source.transform.b or source.transform.d:  # bounds of a turned raster cut out something else
        left, top, right, bottom = 0, 0, source.width, source.height
    x, y = zip(*(place(source.transform, *corner) for corner in ((left, top), (right, bottom))), strict=True)
    bounds = None if (right - left, bottom - top) == (source.width, source.height) else [min(x), min(y), max(x), max(y)]
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / ("map.tif" if pixels else "map.gpkg"))
        if not pixels:
            classify(_asked(options, source.path, output=path, bounds=bounds), watch)
            return _at_tiles(path, job, row, column)
        answer = segment(_asked(options, source.path, output=path, bounds=bounds, overlap=overlap), watch)
        area = [math.nan if entry["area_ha"] is None else entry["area_ha"] for entry in answer["classes"]]
        return _at_pixels(path, job, row - top, column - left), np.array(area)


def _span(places: NDArray, axis: Axis) -> tuple[int, int]:
    """[first, stop) pixels of all tiles that cover some place: starting and ending with whole tiles of the raster, it
    has the same tiles as the raster, and so the same scores."""
    starts = np.array(axis.starts)
    first = np.searchsorted(starts, places.min() - axis.tile_px, "right")
    last = np.searchsorted(starts, places.max(), "right") - 1
    return int(starts[first]), int(min(starts[last] + axis.tile_px, axis.size_px))


def _index(job: Job, values: NDArray) -> NDArray[np.int64]:
    """Class values to classes from 0; -1 for what is none."""
    table = np.full(256, -1)
    table[[entry["value"] for entry in job.classes]] = np.arange(len(job.classes))
    return table[values]


def _at_pixels(path: str, job: Job, row: NDArray, column: NDArray) -> NDArray[np.int64]:
    """Only blocks with pixels that are asked for are read, one at a time."""
    found = np.full(len(row), -1)
    with Source(path) as layer:
        windows = list(layer.block_windows())
        wide, high = windows[0][2:]
        key = row // high * -(-layer.width // wide) + column // wide
        order = np.argsort(key, kind="stable")
        keys, first = np.unique(key[order], return_index=True)
        for number, mine in zip(keys, np.split(order, first[1:]), strict=True):
            left, top, *_ = windows[number]
            values, _ = layer.read([1], windows[number])
            block = np.nan_to_num(values[0], nan=255).astype(np.int64)
            found[mine] = _index(job, block[row[mine] - top, column[mine] - left])
    return found


def _at_tiles(path: str, job: Job, row: NDArray, column: NDArray) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """As `_at_pixels`, and hectares: a tile's polygon is found in the grid of tiles by its middle."""
    _, wkb, fields = _read_layer(path, ["class", "area_ha"])
    index, middle = _index(job, fields["class"]), shapely.centroid(shapely.from_wkb(wkb))
    x, y = shapely.get_x(middle), shapely.get_y(middle)
    tiles = np.full((-(-job.source.height // job.tile_px), -(-job.source.width // job.tile_px)), -1)
    across, down = (np.floor((a * x + b * y + c) / job.tile_px).astype(int) for a, b, c in _rows(~job.source.transform))
    tiles[down, across] = index
    area = np.bincount(index, fields["area_ha"], len(job.classes)).astype(np.float64)
    if job.source.crs is None or not np.isfinite(area).all():
        area[:] = math.nan
    return tiles[row // job.tile_px, column // job.tile_px], area


def _rows(t: Any) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    return (t.a, t.b, t.c), (t.d, t.e, t.f)


def _read_layer(path: str, columns: list[str] | None = None) -> tuple[dict, NDArray, dict[str, NDArray]]:
    with warnings.catch_warnings():  # of a missing CRS, and of more layers than one
        warnings.simplefilter("ignore")
        meta, _, wkb, values = pyogrio.raw.read(path, columns=columns)
    return meta, wkb, dict(zip(meta["fields"], values, strict=True))


def _part(watch: Watch, number: int, count: int) -> Watch:
    """Progress of one raster out of several, as if all had as many tiles; what it says was said on opening."""
    return Watch(lambda done, total, left: watch.progress(number * total + done, count * total,
                                                          left if count == 1 else None),
                 cancelled=watch.cancelled)  # fmt: skip


# --- polygons and label rasters ----------------------------------------------------------------------------------


def _by_labels(options: EvaluateOptions, jobs: Sequence[Job], watch: Watch) -> Findings:
    first, sources = jobs[0], [job.source for job in jobs]
    labels = read_labels(sources, options.labels, options.field, options.ignore, first.tile_px, watch.log)
    classes, rows = match(first.classes, labels.classes)
    size, tiles = len(classes), first.head is not None and first.head.task == "classify"
    found = Findings(classes, len(first.classes), np.zeros((size, size)), np.zeros(size), np.full(size, np.nan),
                     "tiles" if tiles else "pixels", [])  # fmt: skip
    area = np.zeros(found.columns)
    for number, (job, part) in enumerate(zip(jobs, labels.rasters, strict=True)):
        if tiles:
            part = tile_labels(job.source, part, job.tile_px, len(labels.classes))
        if not len(part):
            found.notes.append(f"no labels lie on {Path(job.source.path).name}: it is not evaluated")
            continue
        scale = job.tile_px if tiles else 1
        mapped, ha = _map(options, job, part.row * scale, part.column * scale, _part(watch, number, len(jobs)))
        seen, index = mapped >= 0, rows[part.index]
        found.matrix += confusion(index[seen], mapped[seen], size, part.weight[seen])
        found.nodata += np.bincount(index[~seen], part.weight[~seen], size)
        area += ha
    if not found.matrix.any() and not found.nodata.any():
        raise InputError(f"expected tiles of {first.tile_px} px of which one class covers more than half, found none: "
                         "use smaller --tile-px, or larger polygons")  # fmt: skip
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
            classes.append({"value": None, "name": entry["name"], "color": _UNKNOWN_COLOR})
        rows.append(known.get(key(entry), len(classes) - 1))
    if min(rows) >= len(head):
        wanted = ", ".join(f"{entry['value']} {entry['name']}" for entry in head)
        raise InputError(f"expected labels of the head's classes ({wanted}), found {_names(labels)}: "
                         "is it the right head, or the right --field?")  # fmt: skip
    return classes, np.array(rows)


def _names(entries: Iterable[dict]) -> str:
    return ", ".join(entry["name"] for entry in entries)


def _note_labels(found: Findings, options: EvaluateOptions, job: Job) -> None:
    reference, unit = found.matrix.sum(1) + found.nodata, found.unit
    unknown = [f"{entry['name']} ({_count(n)} {unit})" for entry, n in
               zip(found.classes[found.columns :], reference[found.columns :], strict=True)]  # fmt: skip
    if unknown:
        found.notes.append(f"the head does not know the labels' {', '.join(unknown)}: counted as errors, also in the "
                           "means; --ignore leaves them out")  # fmt: skip
    absent = [entry for entry, n in zip(found.classes, reference, strict=True) if not n]
    if absent:
        found.notes.append(f"no labels of the head's {_names(absent)}: how well the map finds them is not known")
    if found.nodata.any():
        each = [f"{entry['name']} {_count(n)}" for entry, n in zip(found.classes, found.nodata, strict=True) if n]
        found.notes.append(f"{_count(found.nodata.sum())} labelled {unit} are nodata in the map and not scored: "
                           f"{', '.join(each)}")  # fmt: skip
    if not np.isfinite(found.mapped_ha[: found.columns]).all():
        found.notes.append("a raster has no CRS: areas are not known")
    training = job.head_file.header.get("training", {}) if job.head_file else {}
    if {Path(p).name for p in options.labels} & set(training.get("labels", [])):
        found.notes.append("the head was fitted on labels of this name: scores on what it has learned from are too "
                           "good; its cross-validated ones are nearer to the truth")  # fmt: skip


# --- points of a probability sample ------------------------------------------------------------------------------


@dataclass
class Points:
    """Points as `ofa sample` writes them, (N,) each, with references filled in ("" where there is none)."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    crs: str | None
    value: NDArray[np.int64]  # the map's class when they were drawn
    name: list[str]
    reference: list[str]
    weight: NDArray[np.float64]  # the stratum's share of the map
    area_ha: NDArray[np.float64]  # the stratum's, NaN where it is not known
    map_files: list[str]
    added: int  # points without a stratum, which someone added: not in the arrays


def _read_points(options: EvaluateOptions) -> Points | None:
    """None where the labels are something else. Raises InputError."""
    path, field = options.labels[0], options.field or "reference"
    try:
        kind = str(pyogrio.read_info(path)["geometry_type"]) if len(options.labels) == 1 else ""
        if "Point" not in kind:
            return None
        meta, wkb, fields = _read_layer(path)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, OSError):
        return None  # reading it as labels says what is wrong
    missing = [name for name in ("map_class", field, "stratum_weight") if name not in fields]
    if missing:
        raise InputError(f"expected polygons, a label raster, or points drawn by `ofa sample`, found points without "
                         f"{', '.join(missing)} in {Path(path).name}")  # fmt: skip
    drawn = np.isfinite(fields["map_class"].astype(float)) & (fields["stratum_weight"].astype(float) > 0)
    if not drawn.any():
        raise InputError(f"expected points drawn by `ofa sample` in {Path(path).name}, found none")
    fields = {name: values[drawn] for name, values in fields.items()}
    middle = shapely.centroid(shapely.from_wkb(wkb[drawn]))
    value, weight = fields["map_class"].astype(np.int64), fields["stratum_weight"].astype(np.float64)
    strata, first = np.unique(value, return_index=True)
    if weight[first].sum() > 1 + 1e-6 or any(np.ptp(weight[value == v]) > 1e-9 for v in strata):
        raise InputError(f"expected one stratum_weight a map_class, and that they sum to 1, found others in "
                         f"{Path(path).name}: samples of several maps must be evaluated one by one")  # fmt: skip
    names = fields.get("map_name", fields["map_class"])
    area = np.asarray(fields.get("stratum_ha", np.full(len(value), np.nan)), np.float64)
    return Points(shapely.get_x(middle), shapely.get_y(middle), meta["crs"], value, [as_text(n) for n in names],
                  [as_text(text) for text in fields[field]], weight, area,
                  sorted({as_text(name) for name in fields.get("map_file", ())}), int((~drawn).sum()))  # fmt: skip


def _by_points(points: Points, jobs: Sequence[Job], options: EvaluateOptions, watch: Watch) -> Findings:
    ignored = np.isin(np.array(points.reference), [text for text in options.ignore if text])
    empty = np.array([text == "" for text in points.reference])
    used = ~ignored & ~empty
    if not used.any():
        raise InputError(f"expected references in the field {options.field or 'reference'}, found none in "
                         f"{len(used)} points: fill them in first")  # fmt: skip
    values, first, stratum = np.unique(points.value, return_index=True, return_inverse=True)
    classes = _strata([(int(v), points.name[i]) for v, i in zip(values, first, strict=True)], jobs[0].classes)
    columns = len(classes)
    reference = _references(points.reference, used, classes, jobs[0].classes)
    size = len(classes)
    weight, area = np.zeros(size), np.full(size, np.nan)
    weight[:columns], area[:columns] = points.weight[first], points.area_ha[first]
    counts = confusion(reference[used], stratum[used], size)
    found = Findings(classes, columns, counts, np.zeros(size), area, "points", [], stratified(counts, weight))
    sampled = counts[:, :columns].sum(0) > 0
    known = np.isfinite(area[:columns][sampled]).all()
    found.facts = {
        "maps": points.map_files, "points": len(used),
        "used": int(used.sum()), "empty": int(empty.sum()), "ignored": int(ignored.sum()),
        "share_of_map": round(float(weight[:columns][sampled].sum()), 6),
        "total_ha": float(area[:columns][sampled].sum()) if known else None, "added": points.added,
    }  # fmt: skip
    _note_points(found, stratum, jobs[0].classes)
    found.facts |= _compare(points, jobs, options, watch)
    _note_differences(found)
    return found


def _strata(strata: Sequence[tuple[int, str]], head: Sequence[dict]) -> list[dict]:
    """The classes of the map: a map that has no names of its own gets the head's."""
    known = {entry["value"]: entry for entry in head}
    classes = []
    for value, name in strata:
        ours = known.get(value)
        same = ours is not None and name.casefold() in ("", str(value), ours["name"].casefold())
        classes.append(dict(ours) if ours and same else
                       {"value": value, "name": name or str(value), "color": _UNKNOWN_COLOR})  # fmt: skip
    return classes


def _references(texts: Sequence[str], used: NDArray, classes: list[dict], head: Sequence[dict]) -> NDArray[np.int64]:
    """The class (N,) of each reference, given by name or value; -1 where it is not used. A class that is none of the
    map's is appended to `classes`."""
    order: dict[str, int] = {}

    def learn(entry: dict, index: int) -> None:
        order.setdefault(entry["name"].casefold(), index)
        if entry["value"] is not None:
            order.setdefault(str(entry["value"]), index)

    for index, entry in enumerate(classes):
        learn(entry, index)
    taken = {entry["value"] for entry in classes}
    spare = [entry for entry in head if entry["value"] not in taken]
    answer = np.full(len(texts), -1)
    for number in np.flatnonzero(used).tolist():
        text = texts[number]
        if text.casefold() not in order:
            ours = [e for e in spare if text.casefold() in (e["name"].casefold(), str(e["value"]))]
            classes.append(dict(ours[0]) if ours else {"value": None, "name": text, "color": _UNKNOWN_COLOR})
            learn(classes[-1], len(classes) - 1)
        answer[number] = order[text.casefold()]
    return answer


def _note_points(found: Findings, stratum: NDArray, head: Sequence[dict]) -> None:
    facts, counts = found.facts, found.matrix.sum(0)
    drawn = np.bincount(stratum, minlength=len(counts))
    if facts["added"]:
        found.notes.append(f"{facts['added']} points have no map_class and weight and are left out: only points that "
                           "were drawn at random count")  # fmt: skip
    known = {(entry["value"], entry["name"].casefold()) for entry in head}
    other = [e for e in found.classes[: found.columns] if (e["value"], e["name"].casefold()) not in known]
    if other:
        found.notes.append(f"the sampled map has classes that the head has not: {_names(other)}")
    if facts["empty"]:
        found.notes.append(f"{facts['empty']} of {facts['points']} points have no reference and are left out: the "
                           "estimates assume that these are missing at random")  # fmt: skip
    if facts["ignored"]:
        found.notes.append(f"{facts['ignored']} points have an ignored reference and are left out, as if at random")
    without = [entry for entry, n, d in zip(found.classes, counts, drawn, strict=True) if d and not n]
    if without:
        found.notes.append(f"no point that the map calls {_names(without)} has a reference")
    if facts["share_of_map"] < 0.9999:
        found.notes.append(f"the estimates are of {facts['share_of_map']:.1%} of the map only: the rest has no points "
                           "with references")  # fmt: skip
    single = [entry for entry, n in zip(found.classes, counts, strict=True) if n == 1]
    if single:
        found.notes.append(f"only one point that the map calls {_names(single)} has a reference: no standard errors")
    if found.facts["total_ha"] is None:
        found.notes.append("the sample has no areas (its map had no CRS): shares of the map's pixels are given instead")


def _compare(points: Points, jobs: Sequence[Job], options: EvaluateOptions, watch: Watch) -> dict:
    """How many points lie on the rasters, and at how many of them the head's map is not what was sampled."""
    left = np.ones(len(points.x), bool)
    differs = 0
    for number, job in enumerate(jobs):
        row, column = _to_pixels(points, job.source)
        mine = left & (row >= 0) & (row < job.source.height) & (column >= 0) & (column < job.source.width)
        left &= ~mine
        if mine.any():
            mapped, _ = _map(options, job, row[mine], column[mine], _part(watch, number, len(jobs)))
            values = np.array([entry["value"] for entry in job.classes] + [-1])
            differs += int((values[mapped] != points.value[mine]).sum())
    return {"compared": int((~left).sum()), "differs": differs}


def _to_pixels(points: Points, source: Source) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(rows, columns) of points on the raster's grid, also outside of it; -1 where they cannot be placed."""
    x, y, ours = points.x, points.y, pyproj_crs(source.crs)
    if ours is not None and points.crs is not None:
        x, y = Transformer.from_crs(points.crs, ours, always_xy=True).transform(x, y)
    with np.errstate(invalid="ignore"):  # of what has no place in this CRS
        places = [a * x + b * y + c for a, b, c in _rows(~source.transform)]
    column, row = (np.floor(np.where(np.isfinite(v), v, -1)).clip(-1, 2**40).astype(np.int64) for v in places)
    return row, column


def _note_differences(found: Findings) -> None:
    facts = found.facts
    outside = facts["points"] - facts["compared"]
    if outside:
        found.notes.append(f"{outside} of {facts['points']} points lie outside of the rasters: there the head's map "
                           "was not compared with the sampled one")  # fmt: skip
    if facts["differs"]:
        found.notes.append(f"at {facts['differs']} of {facts['compared']} points the head's map is not the one that "
                           "was sampled: the estimates are of the sampled map")  # fmt: skip


# --- the answer --------------------------------------------------------------------------------------------------


def _answer(options: EvaluateOptions, jobs: Sequence[Job], found: Findings) -> dict:
    job, estimates, columns = jobs[0], found.estimates, found.columns
    header = job.head_file.header if job.head_file else {}
    marks = scores(found.matrix if estimates is None else estimates.cells)
    labelled = found.matrix.sum(1) + found.nodata
    table = []
    for k, entry in enumerate(found.classes):
        line = entry | {"mapped": k < columns, "labelled": _rounded(labelled[k]),
                        "nodata": _rounded(found.nodata[k]), "mapped_ha": _finite(found.mapped_ha[k])}  # fmt: skip
        line |= {key: marks[key][k] for key in ("users", "producers", "f1", "iou")}
        if estimates is not None:
            line |= _estimated(estimates, k, found.facts["total_ha"])
        table.append(line)
    accuracy_se = _finite(estimates.overall_se) if estimates else None
    return {
        "output": options.output, "head": str(job.head_file.path) if job.head_file else None,
        "head_name": header.get("name"), "task": header.get("task"), "sensor": job.sensor.id, "tile_px": job.tile_px,
        "device": str(job.device), "unit": found.unit,
        "accuracy": marks["accuracy"], "accuracy_se": accuracy_se, "kappa": marks["kappa"], "miou": marks["miou"],
        "macro_f1": marks["macro_f1"], "classes": table,
        "confusion": [[_rounded(n) for n in row[:columns]] for row in found.matrix],
        "unknown_classes": [e["name"] for e in found.classes[columns:]],
        "unlabelled_classes": [e["name"] for e, n in zip(found.classes, labelled, strict=True) if not n],
        "nodata": _rounded(found.nodata.sum()), "sample": found.facts or None,
        "areas": "error-adjusted" if estimates else _NO_AREAS,
        "validation": _validation(header), "notes": found.notes, "provenance": _provenance(options, jobs),
    }  # fmt: skip


def _estimated(found: Stratified, k: int, total_ha: float | None) -> dict:
    share, error = float(found.share[k]), float(found.share_se[k])
    total = math.nan if total_ha is None else total_ha
    return {"users_se": _finite(found.users_se[k]), "producers_se": _finite(found.producers_se[k]),
            "share": _finite(share), "share_se": _finite(error),
            "area_ha": _finite(share * total), "area_ci95_ha": _finite(Z_95 * error * total)}  # fmt: skip


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
    tags = [one.tags(_asked(options, one.source.path)) for one in jobs]
    return {
        "rasters": [tag["SOURCE"] for tag in tags], "labels": [Path(path).name for path in options.labels],
        "field": options.field, "ignore": list(options.ignore),
        "head": f"{tags[0]['HEAD']} ({job.head_file.path.name if job.head_file else ''})",
        "checkpoint": tags[0]["CHECKPOINT"], "backbone": tags[0]["BACKBONE"], "sensor": job.sensor.id,
        "bands": [tag["BANDS"] for tag in tags], "units": [tag["UNITS"] for tag in tags], "tile_px": job.tile_px,
        "mapped_bands": any("MAPPED_BANDS" in tag for tag in tags),
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "versions": f"ofanet {__version__}, PyTorch {torch.__version__}, NumPy {np.__version__}, "
                    f"Python {platform.python_version()}",
    }  # fmt: skip


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _rounded(value: float) -> float | int:
    """Whole numbers as such: weights of labels that were drawn need not be."""
    return int(value) if float(value).is_integer() else round(float(value), 3)


def _count(value: float) -> str:
    return f"{value:,.0f}"


def show(answer: dict) -> str:
    """The scores, for people."""
    error = answer["accuracy_se"]
    interval = f" ± {Z_95 * error:.3f}" if error is not None else ""
    lines = [f"{answer['output']}: {answer['head_name']} on {', '.join(answer['provenance']['rasters'])}",
             f"accuracy {_score(answer['accuracy'])}{interval}, kappa {_score(answer['kappa'])}, "
             f"mean IoU {_score(answer['miou'])}"]  # fmt: skip
    wide = max(5, *(len(entry["name"]) for entry in answer["classes"]))
    lines.append(f"{'class':{wide}} {answer['unit']:>12} {'users':>7} {'producers':>9} {'F1':>6} {'IoU':>6} {'ha':>14}")
    for entry in answer["classes"]:
        area = entry.get("area_ha", entry["mapped_ha"])
        more = f" ± {entry['area_ci95_ha']:.1f}" if entry.get("area_ci95_ha") is not None else ""
        lines.append(f"{entry['name']:{wide}} {_count(entry['labelled']):>12} {_score(entry['users']):>7} "
                     f"{_score(entry['producers']):>9} {_score(entry['f1']):>6} {_score(entry['iou']):>6} "
                     f"{'-' if area is None else f'{area:.1f}':>14}{more}")  # fmt: skip
    return "\n".join(lines)


def _score(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


# --- the page ----------------------------------------------------------------------------------------------------

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.6rem; overflow-wrap: anywhere } h2 { font-size: 1.2rem; margin-top: 2rem } .wide { overflow-x: auto }
table { border-collapse: collapse } td, th { padding: .15rem 1rem .15rem 0; text-align: left; vertical-align: top }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums } tr { border-bottom: 1px solid #8884 }
code, td { overflow-wrap: anywhere } td.n, th.n { white-space: nowrap }
svg text { font: 13px system-ui, sans-serif; fill: currentColor }
svg text.s { font-size: 11px } li { margin: .3rem 0 } .swatch { display: inline-block; width: .8em; height: .8em;
border: 1px solid #8888 }
"""


def _write(target: Path, page: str) -> None:
    pending = Pending()
    try:
        pending.beside(target).write_text(page, encoding="utf-8")
        pending.commit()
    except OSError as error:
        raise OutputError(f"cannot write {target}: {error.strerror}") from error
    finally:
        pending.discard()


def _page(answer: dict) -> str:
    name, source = _text(answer["head_name"]), answer["provenance"]
    parts = [f"<h1>Accuracy of {name}</h1>", _summary(answer)]
    if answer["notes"]:
        notes = "".join(f"<li>{_text(note)}</li>" for note in answer["notes"])
        parts.append(f"<h2>To bear in mind</h2><ul>{notes}</ul>")
    caption = "in per cent of the reference class, and "
    caption += "in points, each class's own number, not weighted" if answer["sample"] else f"in {answer['unit']}"
    parts += ["<h2>What was found as what</h2>", _matrix(answer), f"<p>Rows are the reference, columns the map: "
              f"{caption}. Frames: where both agree.</p>", "<h2>Classes</h2>", _class_table(answer),
              "<h2>Areas</h2>", _area_table(answer), "<h2>Where this comes from</h2>", _list(source.items()),
              "<h2>How to read it</h2>", _reading(answer)]  # fmt: skip
    head = f'<head><meta charset="utf-8"><title>Accuracy of {name}</title><style>{_STYLE}</style></head>'
    return f'<!doctype html>\n<html lang="en">{head}\n<body>\n' + "\n".join(parts) + "\n</body></html>\n"


def _summary(answer: dict) -> str:
    own, error = answer["validation"] or {}, answer["accuracy_se"]
    interval = f" ± {Z_95 * error:.3f}" if error is not None else ""
    names = (("accuracy", "overall accuracy"), ("kappa", "kappa"), ("miou", "mean IoU"), ("macro_f1", "mean F1"))
    head = ["", "here", *(["when fitted, cross-validated"] if own else [])]
    lines = [[title, _score(answer[key]) + (interval if key == "accuracy" else ""),
              *([_score(own.get(key))] if own else [])] for key, title in names]  # fmt: skip
    total = sum(entry["labelled"] for entry in answer["classes"])
    what = f"{_count(total)} labelled {answer['unit']}"
    if answer["sample"]:
        maps = f" {', '.join(answer['sample']['maps'])}" if answer["sample"]["maps"] else ""
        what += f" out of {answer['sample']['points']} drawn at random by class, weighted to stand for the map{maps}"
    return f"<p>{_text(what)}.</p>" + _table(head, lines)


def _class_table(answer: dict) -> str:
    own = {entry["value"]: entry for entry in (answer["validation"] or {}).get("classes", [])}
    points = answer["sample"] is not None
    head = ["class", f"labelled {answer['unit']}", "user's accuracy", "producer's accuracy", "F1", "IoU",
            *(["IoU when fitted"] if own else [])]  # fmt: skip
    lines = []
    for entry in answer["classes"]:
        users, producers = (_score(entry[key]) + _interval(entry.get(f"{key}_se")) for key in ("users", "producers"))
        line = [_called(entry, answer), _count(entry["labelled"]), users, producers, _score(entry["f1"]),
                _score(entry["iou"])]  # fmt: skip
        lines.append([*line, *([_score(own.get(entry["value"], {}).get("iou"))] if own else [])])
    return _table(head, lines, first_is_html=True) + ("<p>± is half of a 95 % interval.</p>" if points else "")


def _interval(error: float | None) -> str:
    return "" if error is None else f" ± {Z_95 * error:.3f}"


def _called(entry: dict, answer: dict) -> str:
    value = "" if entry["value"] is None else f"{entry['value']} "
    what = "not in the map" if answer["sample"] else "unknown to the head"
    return (f'<span class="swatch" style="background:{_text(entry["color"])}"></span> {_text(value + entry["name"])}'
            + ("" if entry["mapped"] else f" <em>({what})</em>"))  # fmt: skip


def _area_table(answer: dict) -> str:
    classes = answer["classes"]
    if not answer["sample"]:
        lines = [[_called(e, answer), _hectares(e["mapped_ha"])] for e in classes if e["mapped"]]
        return (_table(["class", "mapped, ha"], lines, first_is_html=True)
                + f"<p>In the part of the rasters around the labels. {_text(answer['areas'])}</p>")  # fmt: skip
    head = ["class", "mapped, ha", "error-adjusted, ha", "± (95 %)", "share of the map", "± (95 %)"]
    lines = [[_called(e, answer), _hectares(e["mapped_ha"]), _hectares(e["area_ha"]), _hectares(e["area_ci95_ha"]),
              f"{e['share']:.2%}", "-" if e["share_se"] is None else f"{Z_95 * e['share_se']:.2%}"]
             for e in classes]  # fmt: skip
    return _table(head, lines, first_is_html=True) + (
        "<p>Error-adjusted: the area that is so, whatever the map says; what the points show of the map's errors is "
        "taken into account (Olofsson et al. 2014, Remote Sensing of Environment 148, 42-57).</p>")  # fmt: skip


def _hectares(value: float | None) -> str:
    return "-" if value is None else f"{value:,.2f}"


def _reading(answer: dict) -> str:
    return (
        "<p>User's accuracy: of what the map calls a class, the share that is so. Producer's accuracy: of what is so, "
        "the share that the map calls so. F1 is their harmonic mean. IoU: what both the map and the reference call so, "
        "out of what either does. Kappa: agreement beyond what chance would give with these shares. Means are over all "
        "classes that occur in the reference or in the map where there is a reference.</p>"
        f"<p>Reference {answer['unit']} that the map leaves out (nodata) are counted but not scored. Cross-validated "
        "scores are those of the head's own training labels, each from a model that had not seen its polygon or "
        "block.</p>"
    )


def _text(value: object) -> str:
    return html.escape(", ".join(map(str, value)) if isinstance(value, list) else str(value))


def _list(pairs: Iterable[tuple[str, object]]) -> str:
    rows = (f"<tr><th>{_text(k.replace('_', ' '))}</th><td><code>{_text(v)}</code></td></tr>"
            for k, v in pairs if v not in (None, [], False))  # fmt: skip
    return f"<table>{''.join(rows)}</table>"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], first_is_html: bool = False) -> str:
    """The first column is text (or HTML), the others are numbers."""

    def line(values: Sequence[str], tag: str, ready: bool) -> str:
        shown = [v if ready and not i else _text(v) for i, v in enumerate(values)]
        cells = (f'<{tag}{" class=n" * (i > 0)}>{v}</{tag}>' for i, v in enumerate(shown))
        return f"<tr>{''.join(cells)}</tr>"

    body = "".join(line(row, "td", first_is_html) for row in rows)
    return f'<div class="wide"><table>{line(head, "th", False)}{body}</table></div>'


# --- the matrix as a picture -------------------------------------------------------------------------------------

_CELL_W, _CELL_H, _LETTER = 64, 42, 7.2
_LIGHT, _DARK = (247, 251, 255), (8, 48, 107)  # one blue from light to dark: told apart by lightness alone


def _matrix(answer: dict) -> str:
    """Rows are the reference, columns the map; a cell's colour is its share of the row."""
    classes, counts = answer["classes"], np.array(answer["confusion"], np.float64)
    columns = counts.shape[1]
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1e-12)
    longest = max(_LETTER * len(_short(entry["name"])) for entry in classes)
    left, top = 40 + longest, 40 + longest * 0.7  # column names lean by 45 degrees
    width, height = left + columns * _CELL_W + longest * 0.7 + 10, top + len(classes) * _CELL_H + 10
    parts = [f'<div class="wide"><svg viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}" '
             'role="img"><title>Confusion matrix: rows are the reference, columns the map</title>']  # fmt: skip
    for j, entry in enumerate(classes[:columns]):
        x, y = left + (j + 0.5) * _CELL_W, top - 8
        parts.append(f'<text transform="translate({x:.1f} {y:.1f}) rotate(-45)">{_text(_short(entry["name"]))}</text>')
    for i, entry in enumerate(classes):
        y = top + i * _CELL_H
        parts.append(f'<text x="{left - 8:.1f}" y="{y + _CELL_H / 2 + 4:.1f}" text-anchor="end">'
                     f"{_text(_short(entry['name']))}</text>")  # fmt: skip
        for j in range(columns):
            parts.append(_cell(left + j * _CELL_W, y, counts[i, j], shares[i, j], f"{entry['name']} found as "
                               f"{classes[j]['name']}: {_count(counts[i, j])} {answer['unit']}", i == j))  # fmt: skip
    parts.append(f'<text x="4" y="{top - 8:.1f}" class="s">reference ↓ map →</text></svg></div>')
    return "\n".join(parts)


def _cell(x: float, y: float, count: float, share: float, says: str, right: bool) -> str:
    color = "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(_LIGHT, _DARK, strict=True))
    ink = "#ffffff" if share > 0.65 else "#000000"  # whichever stands out more: 4.5 to 1 at least
    frame = ' stroke="#d55e00" stroke-width="3"' if right else ""  # of what is right
    middle = x + _CELL_W / 2
    return (f'<g><title>{_text(says)}</title><rect x="{x + 2:.1f}" y="{y + 2:.1f}" width="{_CELL_W - 4}" '
            f'height="{_CELL_H - 4}" fill="{color}"{frame}/>'
            f'<text x="{middle:.1f}" y="{y + 18:.1f}" text-anchor="middle" style="fill:{ink}">{share:.0%}</text>'
            f'<text x="{middle:.1f}" y="{y + 33:.1f}" text-anchor="middle" class="s" style="fill:{ink}">'
            f"{_compact(count)}</text></g>")  # fmt: skip


def _compact(value: float) -> str:
    """At most five letters: 1234, 12k, 1.2M."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if value >= size:
            unit = 1e3 if letter == "k" else size
            return f"{value / unit:.1f}{letter}" if value < 10 * unit else f"{value / unit:.0f}{letter}"
    return f"{value:.0f}"


def _short(name: str) -> str:
    return name if len(name) <= 28 else name[:27] + "…"
