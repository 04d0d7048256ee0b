"""The map against points of a probability sample, as `ofa sample` draws them, once their references are filled in.

They stand for the whole map: with them come error-adjusted areas and standard errors, after Olofsson et al. (2014),
Remote Sensing of Environment 148, 42-57.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from ..core.callbacks import Callbacks
from ..core.errors import InputError
from ..core.messages import command
from ..core.options import ClassifyOptions, SegmentOptions
from ..inference.session import Session
from ..learning.label_classes import as_text
from ..learning.metrics import confusion
from ..raster.georeference import in_crs_of_raster, place
from ..raster.source import Source
from ..raster.vectors import is_vector, read_vector
from .comparison import UNKNOWN_COLOR, Comparison, class_list, raster_progress
from .map_lookup import map_at
from .stratified import stratified_estimates


@dataclass
class SamplePoints:
    """Points of `ofa sample`: arrays and lists (N,)."""

    field: str  # that holds the references
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    crs: str | None
    value: NDArray[np.int64]  # the class of the map that was sampled
    name: list[str]
    reference: list[str]  # "" where it is not filled in
    weight: NDArray[np.float64]  # the stratum's share of the map
    area_ha: NDArray[np.float64]  # the stratum's area on the map, NaN where unknown
    map_files: list[str]
    added: int  # points without a stratum, added after sampling: not in the arrays


def read_points(paths: Sequence[str], field: str | None) -> SamplePoints | None:
    """The points of a sample in a file, None where the labels are no such points. `field` holds the references
    (default: reference). Raises InputError."""
    path, field = paths[0], field or "reference"
    if len(paths) > 1 or not is_vector(path):
        return None
    try:
        layer = read_vector(path, "labels")
    except InputError:
        return None  # reading the file as labels gives the error
    fields = layer.fields
    if layer.kinds() - {"Point", "MultiPoint"} or not {"map_class", "stratum_weight"} & set(fields):
        return None
    missing = [name for name in ("map_class", field, "stratum_weight") if name not in fields]
    if missing:
        raise InputError(
            f"expected points as drawn by {command('sample')}, found them without {', '.join(missing)} in "
            f"{Path(path).name}"
        )
    drawn = np.isfinite(fields["map_class"].astype(float)) & (fields["stratum_weight"].astype(float) > 0)
    if not drawn.any():
        raise InputError(f"expected points drawn by {command('sample')} in {Path(path).name}, found none")
    fields = {name: values[drawn] for name, values in fields.items()}
    centroid = shapely.centroid(layer.geometries[drawn])
    value, weight = fields["map_class"].astype(np.int64), fields["stratum_weight"].astype(np.float64)
    strata, first = np.unique(value, return_index=True)
    if weight[first].sum() > 1 + 1e-6 or any(np.ptp(weight[value == v]) > 1e-9 for v in strata):
        raise InputError(
            f"expected one stratum_weight per map_class, and a sum of 1, found others in "
            f"{Path(path).name}: samples of several maps must be evaluated one by one"
        )
    map_names = fields.get("map_name", fields["map_class"])
    area = np.asarray(fields.get("stratum_ha", np.full(len(value), np.nan)), np.float64)
    return SamplePoints(
        field,
        shapely.get_x(centroid),
        shapely.get_y(centroid),
        layer.crs,
        value,
        [as_text(name) for name in map_names],
        [as_text(text) for text in fields[field]],
        weight,
        area,
        sorted({as_text(name) for name in fields.get("map_file", ())}),
        int((~drawn).sum()),
    )


def compare_with_points(
    points: SamplePoints,
    ignore: Sequence[str],
    sessions: Sequence[Session],
    map_options: SegmentOptions | ClassifyOptions,
    callbacks: Callbacks,
) -> Comparison:
    """Estimates for the map that was sampled, and at how many points the head's map differs from it. Raises InputError
    where no point has a reference, Cancelled."""
    ignored = np.isin(np.array(points.reference), [text for text in ignore if text])
    empty = np.array([text == "" for text in points.reference])
    used = ~ignored & ~empty
    if not used.any():
        raise InputError(
            f"expected references in the field {points.field}, found none in {len(used)} points: fill them in first"
        )
    head_classes = sessions[0].classes
    values, first, stratum = np.unique(points.value, return_index=True, return_inverse=True)
    classes = _map_classes([(int(v), points.name[i]) for v, i in zip(values, first, strict=True)], head_classes)
    columns = len(classes)
    reference = _references(points.reference, used, classes, head_classes)
    size = len(classes)
    weight, area = np.zeros(size), np.full(size, np.nan)
    weight[:columns], area[:columns] = points.weight[first], points.area_ha[first]
    counts = confusion(reference[used], stratum[used], size)
    estimates = stratified_estimates(counts, weight)
    found = Comparison(classes, columns, counts, np.zeros(size), area, "points", [], estimates)
    sampled = counts[:, :columns].sum(0) > 0
    areas_known = np.isfinite(area[:columns][sampled]).all()
    found.sample = {
        "maps": points.map_files,
        "points": len(used),
        "used": int(used.sum()),
        "empty": int(empty.sum()),
        "ignored": int(ignored.sum()),
        "share_of_map": round(float(weight[:columns][sampled].sum()), 6),
        "total_ha": float(area[:columns][sampled].sum()) if areas_known else None,
        "added": points.added,
    }
    _add_sample_notes(found, stratum, head_classes)
    found.sample |= _compare_with_head(points, sessions, map_options, callbacks)
    _add_difference_notes(found)
    return found


def _map_classes(strata: Sequence[tuple[int, str]], head: Sequence[dict]) -> list[dict]:
    """The classes of the sampled map from (value, name); where the map has no names of its own, the head's."""
    by_value = {entry["value"]: entry for entry in head}
    classes = []
    for value, name in strata:
        entry = by_value.get(value)
        same = entry is not None and name.casefold() in ("", str(value), entry["name"].casefold())
        classes.append(
            dict(entry) if entry and same else {"value": value, "name": name or str(value), "color": UNKNOWN_COLOR}
        )
    return classes


def _references(texts: Sequence[str], used: NDArray, classes: list[dict], head: Sequence[dict]) -> NDArray[np.int64]:
    """(N,) the class of each reference, which is a name or a value; -1 where it is not used. Classes that the map does
    not have are appended to `classes`."""
    order: dict[str, int] = {}

    def add(entry: dict, index: int) -> None:
        order.setdefault(entry["name"].casefold(), index)
        if entry["value"] is not None:
            order.setdefault(str(entry["value"]), index)

    for index, entry in enumerate(classes):
        add(entry, index)
    taken = {entry["value"] for entry in classes}
    spare = [entry for entry in head if entry["value"] not in taken]
    found = np.full(len(texts), -1)
    for number in np.flatnonzero(used).tolist():
        text = texts[number]
        if text.casefold() not in order:
            known = [e for e in spare if text.casefold() in (e["name"].casefold(), str(e["value"]))]
            classes.append(dict(known[0]) if known else {"value": None, "name": text, "color": UNKNOWN_COLOR})
            add(classes[-1], len(classes) - 1)
        found[number] = order[text.casefold()]
    return found


def _add_sample_notes(found: Comparison, stratum: NDArray, head: Sequence[dict]) -> None:
    sample, counts = found.sample, found.matrix.sum(0)
    drawn = np.bincount(stratum, minlength=len(counts))
    if sample["added"]:
        found.notes.append(
            f"{sample['added']} points have no map_class and weight and are left out: only points that "
            "were drawn at random count"
        )
    known = {(entry["value"], entry["name"].casefold()) for entry in head}
    other = [e for e in found.classes[: found.columns] if (e["value"], e["name"].casefold()) not in known]
    if other:
        found.notes.append(f"the sampled map has classes that the head does not have: {class_list(other)}")
    if sample["empty"]:
        found.notes.append(
            f"{sample['empty']} of {sample['points']} points have no reference and are left out: the "
            "estimates assume that they are missing at random"
        )
    if sample["ignored"]:
        found.notes.append(f"{sample['ignored']} points have an ignored reference and are left out, as if at random")
    without = [entry for entry, n, d in zip(found.classes, counts, drawn, strict=True) if d and not n]
    if without:
        found.notes.append(f"no point in the stratum of {class_list(without)} has a reference")
    if sample["share_of_map"] < 0.9999:
        found.notes.append(
            f"the estimates are for {sample['share_of_map']:.1%} of the map only: the rest has no "
            "points with references"
        )
    single = [entry for entry, n in zip(found.classes, counts, strict=True) if n == 1]
    if single:
        found.notes.append(f"only one point in the stratum of {class_list(single)} has a reference: no standard errors")
    if sample["total_ha"] is None:
        found.notes.append("the sample has no areas (its map had no CRS): shares of the map's pixels are given instead")


def _compare_with_head(
    points: SamplePoints,
    sessions: Sequence[Session],
    map_options: SegmentOptions | ClassifyOptions,
    callbacks: Callbacks,
) -> dict[str, int]:
    """How many points lie on the rasters, and at how many of them the head's map differs from the sampled one."""
    left = np.ones(len(points.x), bool)
    differs = 0
    for number, session in enumerate(sessions):
        row, column = _pixels_of(points, session.source)
        mine = left & (row >= 0) & (row < session.source.height) & (column >= 0) & (column < session.source.width)
        left &= ~mine
        if mine.any():
            mapped, _ = map_at(
                map_options, session, row[mine], column[mine], raster_progress(callbacks, number, len(sessions))
            )
            values = np.array([entry["value"] for entry in session.classes] + [-1])
            differs += int((values[mapped] != points.value[mine]).sum())
    return {"compared": int((~left).sum()), "differs": differs}


def _pixels_of(points: SamplePoints, source: Source) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(rows, columns) of the points on the raster's grid, also beyond its edges; -1 where there is none."""
    drawn = in_crs_of_raster(shapely.points(points.x, points.y), points.crs, source.crs, "the file of points")
    x, y = shapely.get_coordinates(drawn).T
    with np.errstate(invalid="ignore"):  # about points that this CRS cannot represent
        places = place(~source.transform, x, y)
    column, row = (np.floor(np.where(np.isfinite(v), v, -1)).clip(-1, 2**40).astype(np.int64) for v in places)
    return row, column


def _add_difference_notes(found: Comparison) -> None:
    sample = found.sample
    outside = sample["points"] - sample["compared"]
    if outside:
        found.notes.append(
            f"{outside} of {sample['points']} points lie outside of the rasters: there the head's map "
            "was not compared with the sampled one"
        )
    if sample["differs"]:
        found.notes.append(
            f"at {sample['differs']} of {sample['compared']} points the head's map differs from the one that "
            "was sampled: the estimates are for the sampled map"
        )
