"""The methods that are compared: heads as they are, heads fitted by `ofa fit`, and classifiers of pixels.

A method is fitted to scenes and returns a mapper. Heads that are scored as they are need no scenes.
"""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ofa_engine.core.callbacks import QUIET
from ofa_engine.core.errors import InputError
from ofa_engine.core.options import FitOptions, SegmentOptions
from ofa_engine.inference.segment import segment
from ofa_engine.learning.fit import fit
from ofa_engine.learning.labelled_scenes import Scene, SceneSet
from ofa_engine.raster.class_names import NODATA, write_class_names
from ofa_engine.raster.geotiff import create_tiff
from ofa_engine.raster.source import Source
from training.assessment.pixel_models import PIXEL_MODELS, PixelModel, fit_pixel_model
from training.assessment.scene_sets import read_pixels, read_truth

METHODS = ("head", "fit", *PIXEL_MODELS)


class Mapped(NamedTuple):
    """A map: (H, W) class indices, K where it has none of the set's classes; and the name of the head, if any."""

    classes: NDArray[np.int64]
    head: str


Mapper = Callable[[Scene], Mapped]


class NotComparable(InputError):
    """A method cannot be scored on a set."""


@dataclasses.dataclass(frozen=True)
class Method:
    """A row of the table. `fit` takes a set, scenes to learn from, a seed and a folder for files; `learns` says whether
    it uses the scenes."""

    name: str
    learns: bool
    head: str | None  # the head's file or name, where one was asked for
    fit: Callable[[SceneSet, Sequence[Scene], int, Path], Mapper]


def methods_of(names: Sequence[str], heads: Sequence[str], checkpoints: Sequence[str]) -> list[Method]:
    """The methods of some of METHODS.

    Args:
        names: of METHODS.
        heads: files or names of heads; empty: what `segment` takes by default.
        checkpoints: files or names of checkpoints to fit heads on; empty: what `fit` takes by default.
    """
    made: list[Method] = []
    for name in names:
        if name == "head":
            made += [head_method(head) for head in heads] if heads else [head_method(None)]
        elif name == "fit":
            made += [fitted_method(checkpoint) for checkpoint in checkpoints] if checkpoints else [fitted_method(None)]
        else:
            made.append(pixel_method(PIXEL_MODELS[name]))
    return made


# --- heads -------------------------------------------------------------------------------------------------------


def head_method(head: str | None) -> Method:
    """A head as it is; None: the one that `segment` takes by default."""

    def mapper(scene_set: SceneSet, scenes: Sequence[Scene], seed: int, folder: Path) -> Mapper:
        return lambda scene: map_scene(scene_set, scene, head, None, folder)

    return Method(f"head {Path(head).stem}" if head else "default head", False, head, mapper)


def fitted_method(checkpoint: str | None) -> Method:
    """`ofa fit` on a checkpoint; None: the one that it takes by default."""

    def mapper(scene_set: SceneSet, scenes: Sequence[Scene], seed: int, folder: Path) -> Mapper:
        labels = [_merged_labels(scene_set, scene, folder / f"labels_{i}.tif") for i, scene in enumerate(scenes)]
        labelled = [(str(scene.image), path) for scene, path in zip(scenes, labels, strict=True) if path]
        head = str(folder / "fitted.safetensors")
        inputs, paths = ([pair[i] for pair in labelled] for i in (0, 1))
        fit(FitOptions(inputs, paths, head, seed=seed, checkpoint=checkpoint, **scene_set.reading), QUIET)
        return lambda scene: map_scene(scene_set, scene, head, checkpoint, folder)

    return Method(f"ofa fit on {Path(checkpoint).stem}" if checkpoint else "ofa fit", True, None, mapper)


def map_scene(scene_set: SceneSet, scene: Scene, head: str | None, checkpoint: str | None, folder: Path) -> Mapped:
    """What `ofa segment` makes of a raster, in classes of the set. Raises NotComparable where fewer than two of them
    are the head's."""
    output = folder / "map.tif"
    answer = segment(
        SegmentOptions(str(scene.image), str(output), head=head, checkpoint=checkpoint, **scene_set.reading)
    )
    with Source(output) as source:
        values = source.dataset.read(1)
    none = len(scene_set.classes)
    table = np.full(256, none, np.int64)
    for entry in answer["classes"]:
        table[entry["value"]] = scene_set.head_classes.get(entry["name"].lower(), none)
    if len(set(table.tolist()) - {none}) < 2:
        names = ", ".join(entry["name"] for entry in answer["classes"])
        raise NotComparable(f"expected a head with two or more classes of {scene_set.name}, found {names}")
    return Mapped(table[values], answer["provenance"]["HEAD"])


def _merged_labels(scene_set: SceneSet, scene: Scene, path: Path) -> str | None:
    """A label raster with the set's classes, for `ofa fit`; None where nothing is labelled."""
    truth = read_truth(scene_set, scene)
    if (truth < 0).all():
        return None
    with Source(scene.image) as source:
        grid = (source.width, source.height, source.transform)
        with create_tiff(path, source, *grid, dtype="uint8", nodata=NODATA, tags={}) as target:
            target.write(np.where(truth < 0, NODATA, truth).astype(np.uint8), 1)
    entries = [{"value": k, "name": name, "color": "#808080"} for k, name in enumerate(scene_set.classes)]
    write_class_names(path, entries, [int((truth == k).sum()) for k in range(len(entries))])
    return str(path)


# --- pixels ------------------------------------------------------------------------------------------------------


def pixel_method(model: PixelModel) -> Method:
    """A classifier of pixels, fitted to the scenes."""

    def mapper(scene_set: SceneSet, scenes: Sequence[Scene], seed: int, folder: Path) -> Mapper:
        pairs = ((read_pixels(scene), read_truth(scene_set, scene)) for scene in scenes)
        predict = fit_pixel_model(model, pairs, len(scenes), seed)
        return lambda scene: Mapped(predict(read_pixels(scene)), "")

    return Method(model.name, True, None, mapper)
