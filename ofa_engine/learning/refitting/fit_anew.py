"""One default head, fitted anew on the frozen backbone of another checkpoint."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...core.callbacks import QUIET, Callbacks
from ...core.catalog import ModelFile
from ...core.errors import Cancelled, InputError
from ...core.options import MIN_TILE_PX, EmbedOptions
from ...inference.session import Session, open_session
from ...model.checkpoint import save_head
from ..features import Samples, TokenCache, gather_features
from ..fitted_head import build_head, score_facts
from ..kind_selection import SelectedKind, select_kind
from ..labelled import Labels, NoLabels, thin
from .material import LabelSource, Material
from .recipes import Recipe

KIND = "mlp+pixels"
_TOKEN_PX = 8  # of the raster: larger tokens draw coarser outlines, smaller ones see less around them
_SAMPLES = 40_000  # of all classes together
_LEAST_SAMPLES = 30  # of a class, for the head to have it
_FEATURES_SHARE = 0.8  # of the time that a head takes; fitting takes the rest


@dataclass(frozen=True)
class Target:
    """The checkpoint that heads are fitted for, and how it is computed."""

    file: ModelFile
    device: str
    memory_mb: int | None

    @property
    def name(self) -> str:
        return str(self.file.header["name"])

    def tile_px(self, sensor: str, side_px: int) -> int:
        """The side of a tile: so that a token is `_TOKEN_PX` wide, but not more than the model was trained on, nor more
        than the rasters have."""
        size = self.file.header["architecture"]
        trained = self.file.header["sensors"][sensor].get("tile_px") or size["input_px"]
        return max(MIN_TILE_PX, min(trained, size["input_px"] // size["patch_px"] * _TOKEN_PX, side_px))

    def open(self, path: str, recipe: Recipe, tile_px: int) -> Session:
        """A raster with the model, without the bands that the head does without."""
        options = EmbedOptions(
            path,
            checkpoint=str(self.file.path),
            tile_px=tile_px,
            device=self.device,
            memory_mb=self.memory_mb,
            **recipe.reading,
        )
        session = open_session(options, None, QUIET)
        found = session.detection
        names = session.sensor.band_names
        bands = tuple(None if name in recipe.without else band for name, band in zip(names, found.bands, strict=True))
        return dataclasses.replace(session, detection=dataclasses.replace(found, bands=bands))


def fit_anew(
    target: Target, source: LabelSource, recipe: Recipe, output: Path, seed: int, callbacks: Callbacks
) -> dict[str, Any]:
    """Fits a default head anew and writes it.

    Args:
        target: the checkpoint.
        source: rasters with labels.
        recipe: the head, and how these are read for it.
        output: of the head.
        seed: of all draws.
        callbacks: progress in thousandths of this head, log, cancelling.

    Returns:
        output, name, sensor, kind, tile_px, classes, and what stands under "training" in its header.

    Raises:
        InputError: where rasters cannot be used, or fewer than two classes have enough pixels.
        Cancelled: nothing was written.
    """
    tile_px = target.tile_px(recipe.sensor, source.side_px(recipe))
    material = source.material(recipe, tile_px, seed, callbacks)
    labels = thin(Labels(material.classes, material.labelled), _SAMPLES, seed)
    samples, session = _features(target, recipe, material.rasters, labels, tile_px, callbacks)
    samples, classes = _common_classes(samples, material.classes, callbacks)
    selected = select_kind(samples, len(classes), "segment", KIND, seed, callbacks)
    callbacks.progress(1000, 1000, None)
    return _save(target, recipe, material, output, (samples, classes, selected), session, seed)


def _features(
    target: Target, recipe: Recipe, rasters: Sequence[str], labels: Labels, tile_px: int, callbacks: Callbacks
) -> tuple[Samples, Session]:
    """Features of all samples, raster by raster, so that only one is open; and the last raster's session, closed."""
    found, session = [], None
    sizes = np.array([len(part) for part in labels.rasters])
    cache = TokenCache(limit_bytes=0)
    for number, (path, part) in enumerate(zip(rasters, labels.rasters, strict=True)):
        if callbacks.cancelled():
            raise Cancelled
        if not len(part):
            continue
        before, mine = sizes[:number].sum() / sizes.sum(), sizes[number] / sizes.sum()

        def progress(done: int, total: int, seconds_left: float | None, before=before, mine=mine) -> None:
            share = before + mine * done / max(total, 1)
            callbacks.progress(round(1000 * _FEATURES_SHARE * share), 1000, None)

        session = target.open(path, recipe, tile_px)
        try:
            one = Labels(labels.classes, [part])
            watched = Callbacks(progress, QUIET.log, callbacks.cancelled)
            found.append(gather_features([session], one, "segment", watched, cache))
        except NoLabels:
            continue
        finally:
            session.source.close()
    if session is None or not found:
        raise NoLabels("expected labels on valid pixels, found none")
    names = [field.name for field in dataclasses.fields(Samples)]
    return Samples(*(np.concatenate([getattr(one, name) for one in found]) for name in names)), session


def _common_classes(samples: Samples, classes: list[dict], callbacks: Callbacks) -> tuple[Samples, list[dict]]:
    """The samples of classes that have enough of them, and these classes. Raises InputError for fewer than two."""
    counts = np.bincount(samples.index, minlength=len(classes))
    kept = np.flatnonzero(counts >= _LEAST_SAMPLES)
    if len(kept) < 2:
        raise InputError(f"expected {_LEAST_SAMPLES} pixels of two classes or more, found {len(kept)} such classes")
    if rare := [entry["name"] for k, entry in enumerate(classes) if k not in kept]:
        callbacks.log("info", f"too few pixels to learn from, left out: {', '.join(rare)}")
    mine = np.isin(samples.index, kept)
    fields = {field.name: getattr(samples, field.name)[mine] for field in dataclasses.fields(Samples)}
    fields["index"] = np.searchsorted(kept, fields["index"])
    return Samples(**fields), [classes[k] for k in kept]


def _save(
    target: Target,
    recipe: Recipe,
    material: Material,
    output: Path,
    fitted: tuple[Samples, list[dict], SelectedKind],
    session: Session,
    seed: int,
) -> dict[str, Any]:
    samples, classes, selected = fitted
    name = f"{recipe.head.header['name']} ({target.name})"
    scores = score_facts(selected, samples, [entry["name"] for entry in classes])
    validation = scores.pop("validation")
    training = {
        "recipe": "one hidden layer on frozen features and the pixel's surroundings, a default head fitted anew",
        **material.facts,
        "backbone": target.name,
        **scores,
        "seed": seed,
        "bands": [session.sensor.band_names[i] for i in session.present],
        "agreement" if material.taught else "validation": validation,
    }
    save_head(
        output,
        build_head(selected, session.checkpoint.model.arch.width, session.sensor, session.present, "segment"),
        name,
        sensor=session.sensor,
        classes=classes,
        tile_px=session.tile_px,
        backbone=session.fingerprint,
        training=training,
        gsd_m=recipe.head.gsd_m,
    )
    about = {"output": str(output), "name": name, "sensor": session.sensor.id, "kind": selected.kind}
    return about | {"tile_px": session.tile_px, "classes": classes} | training
