"""Writes the default heads of a finetuning run, each scored on held-out places."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from ofa_engine.core.classes import class_table, colors_for
from ofa_engine.core.sensors import get_sensor
from ofa_engine.model.checkpoint import Checkpoint, save_head
from ofa_engine.model.heads import LinearHead
from ofa_engine.model.ofanet import usable_bands
from ofa_engine.model.pixel_head import PixelMLPHead
from training.data.places import CLASSES, MERGED
from training.finetuning.default_heads import CHIPS, DEFAULT_HEADS, S2_TASK, DefaultHead
from training.finetuning.dense_sets import DenseTask
from training.finetuning.heads import fit_head, without_classes
from training.finetuning.held_out import class_scores, held_out_confusion
from training.finetuning.run import STATE

ENMAP_TILE_PX = 16
_LEAST_PIXELS = 300  # of a class, for a head to have it

Tasks = Mapping[str, DenseTask]


def write_default_heads(
    run: Path,
    checkpoint: Checkpoint,
    tasks: Sequence[DenseTask],
    held_out: Sequence[DenseTask],
    output: Path,
    steps: int,
    log: Callable[[str], None],
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

    Returns:
        What stands under "training" in each head's header, by the head's name.
    """
    by_name, scored_on = {t.name: t for t in tasks}, {t.name: t for t in held_out}
    start = joined_heads(run, checkpoint)
    facts = {}
    for spec in DEFAULT_HEADS:
        if not all(name in by_name for name in spec.tasks):
            continue
        used = [by_name[name] for name in spec.tasks]
        head = fit_head(spec, checkpoint, start[spec.tasks[0]], used, steps, seed=0)
        facts[spec.name] = _write(spec, head, checkpoint, used, scored_on.get(spec.tasks[0]), output)
        log(f"{spec.name}: {facts[spec.name].get('held_out')} six classes: {facts[spec.name].get('held_out_six')}")
    if S2_TASK in by_name and "enmap" in checkpoint.model.embedders:
        _write_enmap_head(run, checkpoint, by_name[S2_TASK], output)
    return facts


def joined_heads(run: Path, checkpoint: Checkpoint) -> dict[str, PixelMLPHead]:
    """The heads that a run trained with its backbone, by task."""
    heads = {}
    for name in checkpoint.header["training"]["tasks"]:
        values = _weights(run, checkpoint, "joined", name)
        classes, hidden = values["weight"].shape
        head = PixelMLPHead(checkpoint.model.arch.width, classes, values["pixel_weight"].shape[1] // 5, hidden)
        head.load_state_dict(values)
        heads[name] = head
    return heads


def _weights(run: Path, checkpoint: Checkpoint, heads: str, task: str) -> dict[str, torch.Tensor]:
    """Of one of the run's heads, "linear" or "joined"."""
    module = torch.load(run / STATE, map_location="cpu", weights_only=True)["module"]
    prefix = f"{heads}.{list(checkpoint.header['training']['tasks']).index(task)}."
    return {key.removeprefix(prefix): value for key, value in module.items() if key.startswith(prefix)}


def _write_enmap_head(run: Path, checkpoint: Checkpoint, task: DenseTask, output: Path) -> None:
    """Sentinel-2's linear head: EnMAP's embedder, made by wavelength, gives Sentinel-2's tokens."""
    head = LinearHead(checkpoint.model.arch.width, len(task.classes), "segment")
    head.load_state_dict(_weights(run, checkpoint, "linear", S2_TASK))
    save_head(
        output / "enmap_landcover.safetensors",
        head,
        "EnMAP: land cover, learned from Sentinel-2",
        sensor_id="enmap",
        classes=class_table(range(len(task.classes)), task.classes, colors_for(task.classes)),
        tile_px=ENMAP_TILE_PX,
        backbone=checkpoint.header["fingerprints"]["enmap"],
        training={
            "recipe": "linear head of Sentinel-2, finetuned with the backbone on dense labels",
            "fitted_on": CHIPS,
            "places": len(set(task.places)),
            "labelled": dict(zip(task.classes, map(int, task.class_pixels()), strict=True)),
            "bands": [get_sensor("enmap").band_names[band] for band in usable_bands("enmap")],
        },
        gsd_m=(14, 60),
    )


def _write(
    spec: DefaultHead,
    head: PixelMLPHead,
    checkpoint: Checkpoint,
    tasks: Sequence[DenseTask],
    held_out: DenseTask | None,
    output: Path,
) -> dict:
    sensor, names = tasks[0].sensor, tasks[0].classes
    pixels = np.sum([task.class_pixels() for task in tasks], 0)
    kept = [k for k, name in enumerate(names) if pixels[k] >= _LEAST_PIXELS and name not in spec.unseen]
    present = spec.present(sensor)
    training = {
        "recipe": "finetuned with the backbone on dense labels, then continued on the frozen backbone",
        "fitted_on": spec.fitted_on,
        "places": len({place for task in tasks for place in task.places}),
        "labelled": {names[k]: int(pixels[k]) for k in kept},
        "bands": [get_sensor(sensor).band_names[band] for band in present],
    }
    path = output / f"{spec.name}.safetensors"

    def save(facts: dict) -> None:
        save_head(
            path,
            without_classes(head, kept),
            spec.title,
            sensor_id=sensor,
            classes=class_table(kept, [names[k] for k in kept], colors_for([names[k] for k in kept])),
            tile_px=spec.tile_px,
            backbone=checkpoint.header["fingerprints"][sensor],
            training=facts,
            gsd_m=spec.gsd_m,
        )

    save(training)
    if held_out:
        factor = min(factor for _, factor in spec.crops[0])
        matrix = held_out_confusion(path, held_out, present, factor)
        places = {"places": len(set(held_out.places))}
        own = class_scores(matrix, names)
        by_value = {str(names.index(name)): iou for name, iou in own["iou"].items()}
        training["held_out"] = places | own | {"iou": by_value}
        training["held_out_six"] = places | class_scores(matrix, CLASSES, MERGED)
        save(training)
    return training
