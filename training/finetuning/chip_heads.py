"""Heads of Sentinel-2 fitted to the frozen backbone as `ofa heads refit` fits them to anybody's labelled rasters.

A head that was trained with its backbone, and continued on it, sees the classes nearly as often as they occur. On
places held out, one fitted anew to as many pixels of each class is better.
"""

import json
from pathlib import Path

import numpy as np

from ofa_engine.core.callbacks import QUIET
from ofa_engine.core.options import RefitHeadsOptions
from ofa_engine.core.sensors import get_sensor
from ofa_engine.learning.refit import refit_heads
from training.finetuning.dense_sets import DenseTask
from training.finetuning.held_out import write_raster

_SCALE = 10000


def refitted_heads(checkpoint: Path, task: DenseTask, scratch: Path) -> dict[str, Path]:
    """Files of heads for the task's sensor, by the name of the default head that each replaces.

    Args:
        checkpoint: with the backbone.
        task: labelled rasters of reflectance.
        scratch: an empty folder for temporary files, and for the heads.
    """
    folder, output = scratch / "chips", scratch / "refitted"
    for part in (folder / "images", folder / "labels", output):
        part.mkdir(parents=True)
    places = ["file,place"]
    for number, (image, labels, place) in enumerate(zip(task.images, task.labels, task.places, strict=True)):
        name = f"{number:04}.tif"
        values = np.nan_to_num(image.astype(np.float32) * _SCALE).round().clip(0, 65535).astype(np.uint16)
        write_raster(folder / "images" / name, values)
        write_raster(folder / "labels" / name, labels[None])
        places.append(f'{name},"{place}"')
    (folder / "places.csv").write_text("\n".join(places) + "\n", encoding="utf-8")
    classes = {name: {"labels": [value], "heads": [name]} for value, name in enumerate(task.classes)}
    (folder / "classes.json").write_text(json.dumps(classes), encoding="utf-8")
    bands = ",".join(str(number + 1) for number in range(len(get_sensor(task.sensor).bands)))
    reading = {"sensor": task.sensor, "units": "dn", "bands": bands}
    (folder / "reading.json").write_text(json.dumps(reading), encoding="utf-8")
    options = RefitHeadsOptions(str(checkpoint), str(output), from_=[str(folder)], sensor=task.sensor)
    refit_heads(options, QUIET)
    return {path.stem.removesuffix(f"_{checkpoint.stem}"): path for path in output.glob("*.safetensors")}
