"""Points of a probability sample, as `ofa sample` draws them, with references that someone has filled in.

They speak for the whole map: with them come error-adjusted areas and standard errors, after Olofsson et al. (2014),
Remote Sensing of Environment 148, 42-57.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyogrio
import shapely
from numpy.typing import NDArray
from pyproj import Transformer

from ..core.callbacks import Callbacks
from ..core.errors import InputError
from ..core.messages import command
from ..core.options import ClassifyOptions, SegmentOptions
from ..inference.session import Job
from ..learning.labels import as_text
from ..learning.metrics import confusion, stratified
from ..raster.source import Source, place, pyproj_crs
from .map_lookup import UNKNOWN_COLOR, Findings, map_at, names, one_of, read_layer


@dataclass
class Points:
    """Points as `ofa sample` writes them, (N,) each, with references filled in ("" where there is none)."""

    field: str  # of the references
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


def read_points(paths: Sequence[str], field: str | None) -> Points | None:
    """None where the labels are something else. Raises InputError."""
    path, field = paths[0], field or "reference"
    try:
        kind = str(pyogrio.read_info(path)["geometry_type"]) if len(paths) == 1 else ""
        if "Point" not in kind:
            return None
        meta, wkb, fields = read_layer(path)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, OSError):
        return None  # reading it as labels says what is wrong
    missing = [name for name in ("map_class", field, "stratum_weight") if name not in fields]
    if missing:
        raise InputError(
            f"expected polygons, a label raster, or points drawn by {command('sample')}, found points without "
            f"{', '.join(missing)} in {Path(path).name}"
        )
    drawn = np.isfinite(fields["map_class"].astype(float)) & (fields["stratum_weight"].astype(float) > 0)
    if not drawn.any():
        raise InputError(f"expected points drawn by {command('sample')} in {Path(path).name}, found none")
    fields = {name: values[drawn] for name, values in fields.items()}
    middle = shapely.centroid(shapely.from_wkb(wkb[drawn]))
    value, weight = fields["map_class"].astype(np.int64), fields["stratum_weight"].astype(np.float64)
    strata, first = np.unique(value, return_index=True)
    if weight[first].sum() > 1 + 1e-6 or any(np.ptp(weight[value == v]) > 1e-9 for v in strata):
        raise InputError(
            f"expected one stratum_weight a map_class, and that they sum to 1, found others in "
            f"{Path(path).name}: samples of several maps must be evaluated one by one"
        )
    called = fields.get("map_name", fields["map_class"])
    area = np.asarray(fields.get("stratum_ha", np.full(len(value), np.nan)), np.float64)
    return Points(
        field,
        shapely.get_x(middle),
        shapely.get_y(middle),
        meta["crs"],
        value,
        [as_text(name) for name in called],
        [as_text(text) for text in fields[field]],
        weight,
        area,
        sorted({as_text(name) for name in fields.get("map_file", ())}),
        int((~drawn).sum()),
    )


def by_points(
    points: Points,
    ignore: Sequence[str],
    jobs: Sequence[Job],
    asked: SegmentOptions | ClassifyOptions,
    callbacks: Callbacks,
) -> Findings:
    """What the points say of the map that was sampled. Raises InputError where none has a reference."""
    ignored = np.isin(np.array(points.reference), [text for text in ignore if text])
    empty = np.array([text == "" for text in points.reference])
    used = ~ignored & ~empty
    if not used.any():
        raise InputError(
            f"expected references in the field {points.field}, found none in {len(used)} points: fill them in first"
        )
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
        "maps": points.map_files,
        "points": len(used),
        "used": int(used.sum()),
        "empty": int(empty.sum()),
        "ignored": int(ignored.sum()),
        "share_of_map": round(float(weight[:columns][sampled].sum()), 6),
        "total_ha": float(area[:columns][sampled].sum()) if known else None,
        "added": points.added,
    }
    _note_points(found, stratum, jobs[0].classes)
    found.facts |= _compare(points, jobs, asked, callbacks)
    _note_differences(found)
    return found


def _strata(strata: Sequence[tuple[int, str]], head: Sequence[dict]) -> list[dict]:
    """The classes of the map: a map that has no names of its own gets the head's."""
    known = {entry["value"]: entry for entry in head}
    classes = []
    for value, name in strata:
        ours = known.get(value)
        same = ours is not None and name.casefold() in ("", str(value), ours["name"].casefold())
        classes.append(
            dict(ours) if ours and same else {"value": value, "name": name or str(value), "color": UNKNOWN_COLOR}
        )
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
            classes.append(dict(ours[0]) if ours else {"value": None, "name": text, "color": UNKNOWN_COLOR})
            learn(classes[-1], len(classes) - 1)
        answer[number] = order[text.casefold()]
    return answer


def _note_points(found: Findings, stratum: NDArray, head: Sequence[dict]) -> None:
    facts, counts = found.facts, found.matrix.sum(0)
    drawn = np.bincount(stratum, minlength=len(counts))
    if facts["added"]:
        found.notes.append(
            f"{facts['added']} points have no map_class and weight and are left out: only points that "
            "were drawn at random count"
        )
    known = {(entry["value"], entry["name"].casefold()) for entry in head}
    other = [e for e in found.classes[: found.columns] if (e["value"], e["name"].casefold()) not in known]
    if other:
        found.notes.append(f"the sampled map has classes that the head has not: {names(other)}")
    if facts["empty"]:
        found.notes.append(
            f"{facts['empty']} of {facts['points']} points have no reference and are left out: the "
            "estimates assume that these are missing at random"
        )
    if facts["ignored"]:
        found.notes.append(f"{facts['ignored']} points have an ignored reference and are left out, as if at random")
    without = [entry for entry, n, d in zip(found.classes, counts, drawn, strict=True) if d and not n]
    if without:
        found.notes.append(f"no point that the map calls {names(without)} has a reference")
    if facts["share_of_map"] < 0.9999:
        found.notes.append(
            f"the estimates are of {facts['share_of_map']:.1%} of the map only: the rest has no points with references"
        )
    single = [entry for entry, n in zip(found.classes, counts, strict=True) if n == 1]
    if single:
        found.notes.append(f"only one point that the map calls {names(single)} has a reference: no standard errors")
    if found.facts["total_ha"] is None:
        found.notes.append("the sample has no areas (its map had no CRS): shares of the map's pixels are given instead")


def _compare(
    points: Points, jobs: Sequence[Job], asked: SegmentOptions | ClassifyOptions, callbacks: Callbacks
) -> dict:
    """How many points lie on the rasters, and at how many of them the head's map is not what was sampled."""
    left = np.ones(len(points.x), bool)
    differs = 0
    for number, job in enumerate(jobs):
        row, column = _to_pixels(points, job.source)
        mine = left & (row >= 0) & (row < job.source.height) & (column >= 0) & (column < job.source.width)
        left &= ~mine
        if mine.any():
            mapped, _ = map_at(asked, job, row[mine], column[mine], one_of(callbacks, number, len(jobs)))
            values = np.array([entry["value"] for entry in job.classes] + [-1])
            differs += int((values[mapped] != points.value[mine]).sum())
    return {"compared": int((~left).sum()), "differs": differs}


def _to_pixels(points: Points, source: Source) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(rows, columns) of points on the raster's grid, also outside of it; -1 where they cannot be placed."""
    x, y, ours = points.x, points.y, pyproj_crs(source.crs)
    if ours is not None and points.crs is not None:
        x, y = Transformer.from_crs(points.crs, ours, always_xy=True).transform(x, y)
    with np.errstate(invalid="ignore"):  # of what has no place in this CRS
        places = place(~source.transform, x, y)
    column, row = (np.floor(np.where(np.isfinite(v), v, -1)).clip(-1, 2**40).astype(np.int64) for v in places)
    return row, column


def _note_differences(found: Findings) -> None:
    facts = found.facts
    outside = facts["points"] - facts["compared"]
    if outside:
        found.notes.append(
            f"{outside} of {facts['points']} points lie outside of the rasters: there the head's map "
            "was not compared with the sampled one"
        )
    if facts["differs"]:
        found.notes.append(
            f"at {facts['differs']} of {facts['compared']} points the head's map is not the one that "
            "was sampled: the estimates are of the sampled map"
        )
