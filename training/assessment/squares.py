"""Few polygons: small squares of one class each, drawn in fully labelled scenes as an analyst draws training areas."""

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyogrio
import shapely
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter, minimum_filter

from ofa_engine.core.callbacks import QUIET
from ofa_engine.core.options import FitOptions
from ofa_engine.learning.fit import fit
from ofa_engine.learning.labelled_scenes import Scene, SceneSet
from ofa_engine.raster.georeference import place
from ofa_engine.raster.source import Source
from training.assessment.methods import Mapped, map_scene
from training.assessment.pixel_models import PIXEL_MODELS, fit_pixel_model
from training.assessment.scene_sets import read_pixels

LEAST_LABELLED = 0.8  # share of a scene's pixels
_SIDES_PER_SCENE = 25  # a square's side is so small a part of the scene's shorter one
_LEAST_SIDE_PX = 4

Square = tuple[int, int, int, int]  # first row and column, side, class index


def square_side_px(shape: Sequence[int]) -> int:
    return max(_LEAST_SIDE_PX, min(shape) // _SIDES_PER_SCENE)


def draw_squares(truth: NDArray, count: int, seed: int) -> list[Square]:
    """`count` squares that do not overlap for each class that has room for them, at random; empty where the scene is
    not densely labelled or fewer than two classes have room. `truth` (H, W) is -1 where unlabelled."""
    if (truth >= 0).mean() < LEAST_LABELLED:
        return []
    rng, side = np.random.default_rng(seed), square_side_px(truth.shape)
    corner = {"size": side, "origin": -(side // 2)}  # the window's first pixel is the one that gets its value
    pure = (minimum_filter(truth, **corner) == maximum_filter(truth, **corner)) & (truth >= 0)
    pure[truth.shape[0] - side + 1 :] = pure[:, truth.shape[1] - side + 1 :] = False
    squares: list[Square] = []
    for k in range(truth.max() + 1):
        free = pure & (truth == k)
        drawn: list[Square] = []
        while len(drawn) < count and free.any():
            row, column = np.argwhere(free)[rng.integers(free.sum())]
            free[max(row - side + 1, 0) : row + side, max(column - side + 1, 0) : column + side] = False
            drawn.append((int(row), int(column), side, k))
        squares += drawn if len(drawn) == count else []
    return squares if len({square[3] for square in squares}) > 1 else []


def split_truth(truth: NDArray, squares: Sequence[Square]) -> tuple[NDArray, NDArray]:
    """(class indices inside the squares, those of the rest of the scene); -1 elsewhere, and in the rest for classes
    without squares."""
    inside = np.zeros(truth.shape, bool)
    for row, column, side, _ in squares:
        inside[row : row + side, column : column + side] = True
    known = np.isin(truth, [square[3] for square in squares])
    return np.where(inside, truth, -1), np.where(known & ~inside, truth, -1)


def map_from_squares(
    method: str, scene_set: SceneSet, scene: Scene, squares: Sequence[Square], drawn: NDArray, seed: int, folder: Path
) -> Mapped:
    """The map of a scene by a method that learns from the squares alone.

    Args:
        method: "fit" or one of PIXEL_MODELS.
        scene_set, scene: of the raster.
        squares: as `draw_squares` draws them.
        drawn: (H, W) class indices inside the squares, -1 elsewhere.
        seed: of the method.
        folder: for files.
    """
    if method != "fit":
        pixels = read_pixels(scene)
        return Mapped(fit_pixel_model(PIXEL_MODELS[method], [(pixels, drawn)], 1, seed)(pixels), "")
    polygons, head = folder / "squares.gpkg", str(folder / "squares.safetensors")
    _write_polygons(polygons, scene, squares, scene_set.classes)
    fit(FitOptions([str(scene.image)], [str(polygons)], head, seed=seed, **scene_set.reading), QUIET)
    return map_scene(scene_set, scene, head, None, folder)


def _write_polygons(path: Path, scene: Scene, squares: Sequence[Square], classes: Sequence[str]) -> None:
    with Source(scene.image) as source:
        transform, crs = source.transform, source.crs
    corners = np.array([((0, 0), (0, 1), (1, 1), (1, 0))])  # of a square of side 1: rows and columns
    sides = np.array([(row, column, side) for row, column, side, _ in squares], float)
    pixels = sides[:, None, :2] + corners * sides[:, None, 2:]
    x, y = place(transform, pixels[..., 1], pixels[..., 0])
    with warnings.catch_warnings():  # a raster without CRS has polygons without
        warnings.filterwarnings("ignore", ".*'crs' was not provided.*")
        pyogrio.raw.write(
            path,
            shapely.to_wkb(shapely.polygons(np.stack([x, y], -1))),
            [np.array([classes[k] for *_, k in squares], dtype=object)],
            ["class"],
            driver="GPKG",
            geometry_type="Polygon",
            crs=crs.to_wkt() if crs else None,
        )
