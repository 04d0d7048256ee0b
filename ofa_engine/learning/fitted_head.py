"""A fitted head as a file: the weights, and in its header what it was fitted on and how it scored."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..core.options import FitOptions
from ..inference.session import Session
from ..model.checkpoint import save_head
from ..model.heads import LinearHead
from ..raster.gdal import display_name
from .features import Samples
from .kind_selection import SelectedKind
from .labelled import Labels
from .metrics import scores

GSD_LEEWAY = 1.5  # a pixel may be smaller or larger by this factor than those that a head was fitted on


def save_fitted_head(
    options: FitOptions,
    sessions: Sequence[Session],
    labels: Labels,
    totals: NDArray,
    samples: Samples,
    selected: SelectedKind,
) -> dict:
    """Writes the head to `options.output`; `totals` (K,) are labelled pixels per class before thinning. Returns what
    `fit` returns."""
    session = sessions[0]
    sensor = session.sensor
    head = build_head(selected, session.checkpoint.model.arch.width, sensor, session.present, options.task)
    training = _training_facts(options, session, labels, totals, samples, selected)
    save_head(
        options.output,
        head,
        options.name or Path(options.output).stem,
        sensor_id=sensor.id,
        classes=labels.classes,
        tile_px=session.tile_px,
        backbone=session.checkpoint.header["fingerprints"][sensor.id],
        training=training,
        gsd_m=gsd_range([one.gsd_m for one in sessions]),
    )
    return {
        "output": options.output,
        "sensor": sensor.id,
        "task": options.task,
        "kind": selected.kind,
        "tile_px": session.tile_px,
        "classes": labels.classes,
        "device": str(session.device),
    } | training


def gsd_range(sizes_m: Sequence[float | None]) -> tuple[float, float] | None:
    """The pixel sizes that a head is meant for which was fitted on these, in metres; None where none is known."""
    known = [size for size in sizes_m if size]
    if not known:
        return None
    return float(f"{min(known) / GSD_LEEWAY:.3g}"), float(f"{max(known) * GSD_LEEWAY:.3g}")


def build_head(selected: SelectedKind, width: int, sensor: Any, present: Sequence[int], task: str) -> LinearHead:
    """A head with the fitted weights. `width` is D; columns of bands that the rasters lack stay zero."""
    fitted, bands = selected.fitted, len(sensor.bands)
    head = LinearHead(width, len(fitted.bias), task, bands if selected.kind == "linear+pixels" else 0)
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


def _training_facts(
    options: FitOptions, session: Session, labels: Labels, totals: NDArray, samples: Samples, selected: SelectedKind
) -> dict[str, Any]:
    """What the head's header keeps under "training"."""
    fitted = selected.fitted
    names = [entry["name"] for entry in labels.classes]
    used = np.bincount(samples.index, minlength=len(names))
    validation: dict[str, Any] = {"folds": fitted.folds, "not_scored": [names[k] for k in fitted.unscored]}
    if fitted.score is not None:
        validation |= scores(fitted.matrix, fitted.unscored) | {"confusion": fitted.matrix.round(3).tolist()}
    return {
        "recipe": "logistic regression on frozen features",
        "rasters": [display_name(path) for path in options.inputs],
        "labels": [display_name(path) for path in options.labels],
        "labelled": {name: round(float(n)) for name, n in zip(names, totals, strict=True)},
        "samples": {name: int(n) for name, n in zip(names, used, strict=True)},
        "groups": {name: len(np.unique(samples.group[samples.index == k])) for k, name in enumerate(names)},
        "strength": fitted.strength,
        "temperature": round(fitted.temperature, 4),
        "seed": options.seed,
        "bands": [session.sensor.band_names[i] for i in session.present],
        "tried": selected.tried,
        "validation": validation,
    }
