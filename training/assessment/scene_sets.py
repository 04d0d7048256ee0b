"""Sets of labelled rasters for the quality bench: pixels and labels; `learning.labelled_scenes` has the layout."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ofa_engine.core.errors import InputError
from ofa_engine.learning.labelled_scenes import Scene, SceneSet, open_set
from ofa_engine.raster.source import Source


def scene_sets(root: Path, names: Sequence[str] = ()) -> list[SceneSet]:
    """The sets below a folder, or those of the given names. Raises InputError."""
    found = sorted(p.parent for p in root.glob("*/images"))
    if missing := set(names) - {p.name for p in found}:
        raise InputError(f"expected sets with a folder images in {root}, found none named {', '.join(sorted(missing))}")
    if not found:
        raise InputError(f"expected folders NAME/images and NAME/labels in {root}, found none")
    return [open_set(p) for p in found if not names or p.name in names]


def read_pixels(scene: Scene) -> NDArray[np.float32]:
    """All bands (C, H, W) in the file's own unit, NaN where missing."""
    with Source(scene.image) as source:
        bands = list(range(1, source.dataset.count + 1))
        return source.read(bands, (0, 0, source.width, source.height))[0].astype(np.float32)


def read_truth(scene_set: SceneSet, scene: Scene) -> NDArray[np.int64]:
    """(H, W) class indices, -1 where there is no label or no valid pixel."""
    with Source(scene.labels) as source:
        labels = source.dataset.read(1)
    truth = np.full(labels.shape, -1, np.int64)
    for value, k in scene_set.label_values.items():
        truth[labels == value] = k
    pixels = read_pixels(scene)
    if pixels.shape[1:] != truth.shape:
        raise InputError(f"expected labels of the size of {scene.image}, found another in {scene.labels}")
    truth[~np.isfinite(pixels).any(0)] = -1
    return truth
