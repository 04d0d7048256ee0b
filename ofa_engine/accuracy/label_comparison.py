"""The map against polygons or label rasters: how good it is where they lie."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..core.callbacks import Callbacks
from ..core.errors import InputError
from ..core.html import count_text
from ..core.messages import Message, option
from ..core.options import ClassifyOptions, EvaluateOptions, SegmentOptions
from ..inference.session import Session
from ..learning.label_classes import same_class
from ..learning.labelled import SampleLimits
from ..learning.labels import read_labels
from ..learning.metrics import confusion
from ..raster.gdal import display_name
from .comparison import UNKNOWN_COLOR, Comparison, class_list, raster_progress
from .map_lookup import map_at


def compare_with_labels(
    options: EvaluateOptions,
    sessions: Sequence[Session],
    map_options: SegmentOptions | ClassifyOptions,
    callbacks: Callbacks,
    limits: SampleLimits,
) -> Comparison:
    """The map at all labelled pixels, or tiles. Raises InputError where the labels cannot be used, Cancelled."""
    first, sources = sessions[0], [session.source for session in sessions]
    tile_px = first.tile_px if first.head is not None and first.head.task == "classify" else None
    labels = read_labels(
        sources,
        options.labels,
        options.field,
        options.ignore,
        first.tile_px,
        callbacks.log,
        tile_px,
        limits,
        options.radius,
    )
    classes, rows = match_classes(first.classes, labels.classes)
    size, columns = len(classes), len(first.classes)
    matrix, nodata, area, notes = np.zeros((size, size)), np.zeros(size), np.zeros(columns), []
    for number, (session, part) in enumerate(zip(sessions, labels.rasters, strict=True)):
        if not len(part):
            notes.append(f"no labels lie on {Path(session.source.path).name}: it is not evaluated")
            continue
        scale = session.tile_px if tile_px else 1
        progress = raster_progress(callbacks, number, len(sessions))
        mapped, ha = map_at(map_options, session, part.row * scale, part.column * scale, progress)
        valid, index = mapped >= 0, rows[part.index]
        matrix += confusion(index[valid], mapped[valid], size, part.weight[valid])
        nodata += np.bincount(index[~valid], part.weight[~valid], size)
        area += ha
    if not matrix.any():
        raise InputError("expected labels on valid pixels, found nodata under all of them")
    mapped_ha = np.full(size, np.nan)
    mapped_ha[:columns] = area
    found = Comparison(classes, columns, matrix, nodata, mapped_ha, "tiles" if tile_px else "pixels", notes)
    _add_notes(found, options, first)
    return found


def match_classes(head: Sequence[dict], labels: Sequence[dict]) -> tuple[list[dict], NDArray[np.int64]]:
    """Matches the labels' classes with the head's: by value where all labels are integers, else by name, ignoring case.

    Returns:
        (the head's classes, then those that only the labels have; for each class of the labels its position among them)

    Raises:
        InputError: no class matches.
    """
    by_value = all(entry["name"].lstrip("-").isdigit() for entry in labels)

    def key(entry: dict) -> object:
        return entry["value"] if by_value else same_class(entry["name"])

    known = {key(entry): i for i, entry in reversed(list(enumerate(head)))}
    classes, rows = [dict(entry) for entry in head], []
    for entry in labels:
        if key(entry) not in known:
            classes.append({"value": None, "name": entry["name"], "color": UNKNOWN_COLOR})
        rows.append(known.get(key(entry), len(classes) - 1))
    if min(rows) >= len(head):
        wanted = ", ".join(f"{entry['value']} {entry['name']}" for entry in head)
        raise InputError(
            f"expected labels of the head's classes ({wanted}), found {class_list(labels)}: "
            f"is it the right head, or the right {option('field')}?"
        )
    return classes, np.array(rows)


def _add_notes(found: Comparison, options: EvaluateOptions, session: Session) -> None:
    reference, unit = found.matrix.sum(1) + found.nodata, found.unit
    unknown = [
        f"{entry['name']} ({count_text(n)} {unit})"
        for entry, n in zip(found.classes[found.columns :], reference[found.columns :], strict=True)
    ]
    if unknown:
        note = f"the head does not know these classes of the labels: {', '.join(unknown)}. They are counted as errors, "
        found.notes.append(Message(f"{note}also in the means; {option('ignore')} excludes them"))
    absent = [entry for entry, n in zip(found.classes, reference, strict=True) if not n]
    if absent:
        found.notes.append(f"no labels of the head's {class_list(absent)}: how well the map finds them is not known")
    if found.nodata.any():
        per_class = [
            f"{entry['name']} {count_text(n)}" for entry, n in zip(found.classes, found.nodata, strict=True) if n
        ]
        found.notes.append(
            f"{count_text(found.nodata.sum())} labelled {unit} are nodata in the map and not scored: "
            f"{', '.join(per_class)}"
        )
    if not np.isfinite(found.mapped_ha[: found.columns]).all():
        found.notes.append("a raster has no CRS: areas are not known")
    training = session.head_file.header.get("training", {}) if session.head_file else {}
    if {display_name(p) for p in options.labels} & set(training.get("labels", [])):
        found.notes.append(
            "the head was fitted on labels of this name: scores on its own training labels are too "
            "optimistic; its cross-validated ones are closer to the truth"
        )
