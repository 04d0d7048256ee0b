"""Writes the default heads of a finetuning run, each scored on held-out places."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, cast

import torch
from torch import Tensor

from ofa_engine.core.classes import class_table, colors_for
from ofa_engine.model.checkpoint import Checkpoint, load_head, save_head
from ofa_engine.model.heads import LinearHead
from ofa_engine.model.pixel_head import WINDOWS, PixelMLPHead
from training.data.places import CLASSES, MERGED
from training.finetuning.default_heads import CHIPS, DEFAULT_HEADS, S2_TASK, DefaultHead
from training.finetuning.dense_sets import DenseTask
from training.finetuning.heads import fit_head, without_classes
from training.finetuning.held_out import class_scores, held_out_confusion
from training.finetuning.run import STATE

ENMAP_TILE_PX = 16
_LEAST_PIXELS = 300  # of a class, for a head to have it


class TrainedHeads(NamedTuple):
    """The two heads of a task of labelled pixels that a run trains with its backbone."""

    linear: LinearHead
    joined: PixelMLPHead


def write_default_heads(
    run: Path,
    checkpoint: Checkpoint,
    tasks: Sequence[DenseTask],
    held_out: Sequence[DenseTask],
    output: Path,
    steps: int,
    log: Callable[[str], None],
    refitted: Mapping[str, Path] = MappingProxyType({}),
) -> dict[str, dict]:
    """The heads of `DEFAULT_HEADS` whose tasks are there.

    Args:
        run: folder of `training.finetune`.
        checkpoint: its model as it is stored for use.
        tasks: that the run learned from.
        held_out: the same with rasters of held-out places, where there are any.
        output: folder for the heads.
        steps: of each head.
        log: gets a line per head.
        refitted: files of heads that are fitted already, by name.

    Returns:
        What stands under "training" in each head's header, by the head's name.
    """
    by_name, scored_on = {t.name: t for t in tasks}, {t.name: t for t in held_out}
    trained = trained_heads(run, checkpoint)
    facts = {}
    for spec in DEFAULT_HEADS:
        if spec.task not in by_name:
            continue
        task, scored = by_name[spec.task], scored_on.get(spec.task)
        if spec.name in refitted:
            facts[spec.name] = _write(
                _refitted(spec, refitted[spec.name], checkpoint, task), checkpoint, scored, output
            )
        else:
            head = fit_head(spec, checkpoint, trained[spec.task].joined, task, steps, seed=0)
            facts[spec.name] = _write(_continued(spec, head, task), checkpoint, scored, output)
        log(f"{spec.name}: {facts[spec.name].get('held_out')} six classes: {facts[spec.name].get('held_out_six')}")
    if S2_TASK in by_name and "enmap" in checkpoint.model.embedders:
        _write_enmap_head(trained[S2_TASK].linear, checkpoint, by_name[S2_TASK], output)
    return facts


def trained_heads(run: Path, checkpoint: Checkpoint) -> dict[str, TrainedHeads]:
    """The heads for pixels that a run trained with its backbone, by task."""
    module = torch.load(run / STATE, map_location="cpu", weights_only=True)["module"]
    width, heads = checkpoint.model.arch.width, {}
    for number, name in enumerate(checkpoint.header["training"]["tasks"]):
        if f"joined.{number}.weight" not in module:
            continue  # of whole scenes
        linear, joined = _below(module, f"linear.{number}."), _below(module, f"joined.{number}.")
        classes, hidden = joined["weight"].shape
        bands = joined["pixel_weight"].shape[1] // (1 + 2 * len(WINDOWS))
        heads[name] = TrainedHeads(
            LinearHead(width, classes, "segment"), PixelMLPHead(width, classes, bands, hidden, WINDOWS)
        )
        heads[name].linear.load_state_dict(linear)
        heads[name].joined.load_state_dict(joined)
    return heads


def _below(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}


def _write_enmap_head(head: LinearHead, checkpoint: Checkpoint, task: DenseTask, output: Path) -> None:
    """Sentinel-2's linear head: EnMAP's embedder, made by wavelength, gives Sentinel-2's tokens."""
    sensor = checkpoint.sensor("enmap")
    save_head(
        output / "enmap_landcover.safetensors",
        head,
        "EnMAP: land cover, learned from Sentinel-2",
        sensor=sensor,
        classes=class_table(range(len(task.classes)), task.classes, colors_for(task.classes)),
        tile_px=ENMAP_TILE_PX,
        backbone=checkpoint.header["fingerprints"]["enmap"],
        training={
            "recipe": "linear head of Sentinel-2, finetuned with the backbone on dense labels",
            "fitted_on": CHIPS,
            "places": len(set(task.places)),
            "labelled": dict(zip(task.classes, map(int, task.class_pixels()), strict=True)),
            "bands": [sensor.band_names[band] for band in sensor.usable_bands],
        },
        gsd_m=(14, 60),
    )


class _Made(NamedTuple):
    """A default head: its specification, the head, indices of its classes in those of its task, and how it was made."""

    spec: DefaultHead
    head: PixelMLPHead
    kept: list[int]
    tile_px: int
    recipe: str
    task: DenseTask


def _continued(spec: DefaultHead, head: PixelMLPHead, task: DenseTask) -> _Made:
    names, pixels = task.classes, task.class_pixels()
    kept = [k for k, name in enumerate(names) if pixels[k] >= _LEAST_PIXELS and name not in spec.left_out]
    recipe = "finetuned with the backbone on dense labels, then continued on the frozen backbone"
    return _Made(spec, without_classes(head, kept), kept, spec.tile_px, recipe, task)


def _refitted(spec: DefaultHead, path: Path, checkpoint: Checkpoint, task: DenseTask) -> _Made:
    head, header = load_head(path, checkpoint, task.sensor)
    kept = [task.classes.index(entry["name"]) for entry in header["classes"]]
    recipe = "fitted to the frozen backbone, which was finetuned on the same labels among others"
    return _Made(spec, cast(PixelMLPHead, head), kept, header["tile_px"], recipe, task)


def _write(made: _Made, checkpoint: Checkpoint, held_out: DenseTask | None, output: Path) -> dict:
    spec, task, kept = made.spec, made.task, made.kept
    sensor, names, pixels = checkpoint.sensor(task.sensor), task.classes, task.class_pixels()
    present = spec.present(sensor.id)
    training = {
        "recipe": made.recipe,
        "fitted_on": spec.fitted_on,
        "places": len(set(task.places)),
        "labelled": {names[k]: int(pixels[k]) for k in kept},
        "bands": [sensor.band_names[band] for band in present],
    }
    path = output / f"{spec.name}.safetensors"

    def save(facts: dict) -> None:
        save_head(
            path,
            made.head,
            spec.title,
            sensor=sensor,
            classes=class_table(kept, [names[k] for k in kept], colors_for([names[k] for k in kept])),
            tile_px=made.tile_px,
            backbone=checkpoint.header["fingerprints"][sensor.id],
            training=facts,
            gsd_m=spec.gsd_m,
        )

    save(training)
    if held_out:
        factor = min(factor for _, factor in spec.crops)
        matrix = held_out_confusion(path, held_out, present, factor)
        places = {"places": len(set(held_out.places))}
        own = class_scores(matrix, names)
        by_value = {str(names.index(name)): iou for name, iou in own["iou"].items()}
        training["held_out"] = places | own | {"iou": by_value}
        training["held_out_six"] = places | class_scores(matrix, CLASSES, MERGED)
        save(training)
    return training
