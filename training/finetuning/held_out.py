"""How a head scores on labelled rasters of places that neither it nor its backbone has seen, mapped as a user maps
them: by `segment`, from files."""

import tempfile
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray

from ofa_engine.core.options import SegmentOptions
from ofa_engine.core.sensors import get_sensor
from ofa_engine.inference.segment import segment
from ofa_engine.learning.metrics import confusion, scores
from ofa_engine.raster.source import Source
from training.finetuning.dense_sets import GREY, DenseTask

_LEAST_PIXELS = 1000  # of a class, to be in the mean


def held_out_confusion(head: Path, task: DenseTask, present: tuple[int, ...], factor: int = 1) -> NDArray[np.float64]:
    """Maps the task's labelled rasters, which lie in places that were held out.

    Args:
        head: file of the head; its class values are label values of the task.
        task: the labelled rasters.
        present: 0-based embedder bands that the rasters are given with.
        factor: pixels averaged into one.

    Returns:
        (K, 256) pixels by label value and mapped value.
    """
    matrix = np.zeros((256, 256))
    with tempfile.TemporaryDirectory() as folder:
        for image, labels in zip(task.images, task.labels, strict=True):
            side = [length - length % factor for length in labels.shape]
            known = labels[factor // 2 : side[0] : factor, factor // 2 : side[1] : factor].astype(int)
            mapped = _mapped(head, task, _averaged(image, side, factor), present, Path(folder)).astype(int)
            matrix += confusion(known.ravel(), mapped.ravel(), 256)
    return matrix[: len(task.classes)]


def class_scores(matrix: NDArray, classes: Sequence[str], merged: Mapping[int, int] | None = None) -> dict:
    """Scores from what `held_out_confusion` returns.

    Args:
        matrix: (K, 256).
        classes: names of the classes.
        merged: index in `classes` by label value; others are left out as labels and wrong as maps. None: all as they
            are.

    Returns:
        samples (pixels), accuracy, miou and iou by class name; classes with few pixels are in no mean.
    """
    other = len(classes)
    place = np.full(256, other)
    for value, index in (merged or {k: k for k in range(len(classes))}).items():
        place[value] = index
    together = np.zeros((other + 1, other + 1))
    np.add.at(together, np.ix_(place[: len(matrix)], place), matrix)
    together[other] = 0  # no label
    rare = [k for k in range(other + 1) if together[k].sum() < _LEAST_PIXELS]
    result = scores(together, rare)
    return {
        "samples": int(together.sum()),
        "accuracy": result["accuracy"],
        "miou": result["miou"],
        "iou": {name: result["iou"][k] for k, name in enumerate(classes) if k not in rare},
    }


def _averaged(image: NDArray, side: list[int], factor: int) -> NDArray[np.float32]:
    part = image[:, : side[0], : side[1]].astype(np.float32)
    return part.reshape(len(part), side[0] // factor, factor, side[1] // factor, factor).mean((2, 4))


def _mapped(head: Path, task: DenseTask, image: NDArray, present: tuple[int, ...], folder: Path) -> NDArray[np.uint8]:
    """(H, W) class values, 255 where there is none."""
    raster, out = folder / "image.tif", folder / "map.tif"
    write_raster(raster, image * GREY if task.as_picture else image)
    bands = ",".join(str(band + 1) if band in present else "-" for band in range(task.bands))
    unit = get_sensor(task.sensor).unit
    segment(SegmentOptions(str(raster), str(out), head=str(head), sensor=task.sensor, bands=bands, units=unit))
    with Source(out) as source:
        values: NDArray[np.uint8] = source.dataset.read(1)
    return values


def write_raster(path: Path, pixels: NDArray) -> None:
    """A GeoTIFF without georeference."""
    shape = {"count": len(pixels), "height": pixels.shape[1], "width": pixels.shape[2], "dtype": pixels.dtype}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        with rasterio.open(path, "w", driver="GTiff", photometric="minisblack", alpha="NO", **shape) as target:
            target.write(pixels)
