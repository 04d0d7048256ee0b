"""Writes the default heads of a finetuning run, each scored on held-out places."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from ofa_engine.core.classes import class_table, colors_for
from ofa_engine.core.sensors import get_sensor
from ofa_engine.model.checkpoint import Checkpoint, save_head
from ofa_engine.model.pixel_head import PixelMLPHead
from training.finetuning.default_heads import DEFAULT_HEADS, DefaultHead
from training.finetuning.dense_sets import DenseTask
from training.finetuning.heads import fit_head, without_classes
from training.finetuning.held_out import SIX, held_out_scores
from training.finetuning.run import STATE

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
    return facts


def joined_heads(run: Path, checkpoint: Checkpoint) -> dict[str, PixelMLPHead]:
    """The heads that a run trained with its backbone, by task."""
    module = torch.load(run / STATE, map_location="cpu", weights_only=True)["module"]
    heads = {}
    for number, name in enumerate(checkpoint.header["training"]["tasks"]):
        prefix = f"joined.{number}."
        values = {key.removeprefix(prefix): value for key, value in module.items() if key.startswith(prefix)}
        classes, hidden = values["weight"].shape
        head = PixelMLPHead(checkpoint.model.arch.width, classes, values["pixel_weight"].shape[1] // 5, hidden)
        head.load_state_dict(values)
        heads[name] = head
    return heads


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
    kept = [k for k in range(len(names)) if pixels[k] >= _LEAST_PIXELS]
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
        training["held_out"] = held_out_scores(path, held_out, present, factor)
        training["held_out_six"] = held_out_scores(path, held_out, present, factor, SIX)
        save(training)
    return training
