"""A fitted head as a file: the weights, and in its header what it was fitted on and how it scored."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..core.options import FitOptions
from ..inference.session import Session
from ..model.checkpoint import Head, save_head
from ..model.heads import LinearHead
from ..model.pixel_head import PixelMLPHead
from ..raster.gdal import display_name
from .features import Samples
from .kind_selection import SelectedKind
from .labelled import Labels
from .logistic import LogisticFit
from .metrics import scores
from .pixel_mlp import PixelMLPFit

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
        sensor=sensor,
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


def build_head(selected: SelectedKind, width: int, sensor: Any, present: Sequence[int], task: str) -> Head:
    """A head with the fitted weights. `width` is D; columns of bands that the rasters lack stay zero."""
    bands = len(sensor.bands)
    if isinstance(selected.fitted, PixelMLPFit):
        return _pixel_mlp_head(selected.fitted, width, bands, present)
    return _linear_head(selected.fitted, width, bands if selected.kind == "linear+pixels" else 0, present, task)


@torch.no_grad()
def _pixel_mlp_head(fitted: PixelMLPFit, width: int, bands: int, present: Sequence[int]) -> PixelMLPHead:
    head = PixelMLPHead(width, len(fitted.bias), bands)
    for name in ("token_weight", "hidden_bias", "weight", "bias"):
        getattr(head, name).copy_(torch.from_numpy(getattr(fitted, name)))
    extra = torch.from_numpy(fitted.pixel_weight).float().unflatten(1, (-1, len(present)))  # blocks of all bands
    head.pixel_weight.zero_().unflatten(1, (-1, bands))[:, :, list(present)] = extra
    return head


@torch.no_grad()
def _linear_head(fitted: LogisticFit, width: int, bands: int, present: Sequence[int], task: str) -> LinearHead:
    head = LinearHead(width, len(fitted.bias), task, bands)
    head.weight.copy_(torch.from_numpy(fitted.weight[:, :width]))
    head.bias.copy_(torch.from_numpy(fitted.bias))
    if bands:
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
    found = selected.fitted.validation
    names = [entry["name"] for entry in labels.classes]
    used = np.bincount(samples.index, minlength=len(names))
    validation: dict[str, Any] = {"folds": found.folds, "not_scored": [names[k] for k in found.unscored]}
    if found.score is not None:
        validation |= scores(found.matrix, found.unscored) | {"confusion": found.matrix.round(3).tolist()}
    return {
        "recipe": _recipe(selected.fitted),
        "rasters": [display_name(path) for path in options.inputs],
        "labels": [display_name(path) for path in options.labels],
        "labelled": {name: round(float(n)) for name, n in zip(names, totals, strict=True)},
        "samples": {name: int(n) for name, n in zip(names, used, strict=True)},
        "groups": {name: len(np.unique(samples.group[samples.index == k])) for k, name in enumerate(names)},
        **({"strength": selected.fitted.strength} if isinstance(selected.fitted, LogisticFit) else {}),
        "temperature": round(found.temperature, 4),
        "seed": options.seed,
        "bands": [session.sensor.band_names[i] for i in session.present],
        "tried": selected.tried,
        "validation": validation,
    }


def _recipe(fitted: LogisticFit | PixelMLPFit) -> str:
    if isinstance(fitted, LogisticFit):
        return "logistic regression on frozen features"
    return "one hidden layer on frozen features and the pixel's surroundings"
