"""Scenes without labels, on which a head that comes with the engine is the teacher: the pixels that it is sure of are
what heads for another backbone are fitted on.

Such a head learns to repeat its teacher, errors included. That is worth something where the new backbone sees more of
the image, or for a start before there are labels; it adds no knowledge of the ground, and its score is an agreement
with the teacher.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ...core.callbacks import QUIET, Callbacks
from ...core.catalog import ModelFile
from ...core.errors import Cancelled
from ...core.options import DEFAULT_OVERLAP, SegmentOptions
from ...core.sensors import Detection
from ...inference.predictor import Predictor
from ...inference.session import Session, open_session
from ...raster.gdal import display_name
from ...tiling.axis import Axis
from ..features import read_tile
from ..labelled import Labelled
from .material import MOST_TILES, Material, chosen_tiles
from .recipes import Recipe, recipes_for

_BATCH = 16  # tiles
_TAUGHT_TILES = 400  # that the teacher maps, of all scenes together
_PX_PER_CLASS = 100  # kept of a class in a tile: a lake does not outvote the places
_SURE = 0.6  # the least probability of a pixel's class


@dataclass(frozen=True)
class ReadScene:
    """A scene and what it is."""

    path: str
    found: Detection
    gsd_m: float | None
    height: int  # in pixels
    width: int


class TaughtScenes:
    """Scenes of one sensor that the same head suits.

    Args:
        scenes: the rasters.
        teacher: the head.
        reading: options for all of them.
    """

    def __init__(self, scenes: Sequence[ReadScene], teacher: ModelFile, reading: dict[str, Any]):
        self.scenes, self.teacher, self._reading = list(scenes), teacher, reading
        self._labelled: list[Labelled] | None = None

    @property
    def title(self) -> str:
        names = ", ".join(display_name(scene.path) for scene in self.scenes[:3])
        more = f" and {len(self.scenes) - 3} more" if len(self.scenes) > 3 else ""
        return f"{names}{more}, mapped by the head {self.teacher.header['name']}"

    def recipes(self, sensors: Sequence[str]) -> list[Recipe]:
        first = self.scenes[0]
        return recipes_for(first.found, first.gsd_m, self._reading, sensors, averaging=False)

    def side_px(self, recipe: Recipe) -> int:
        return int(np.median([min(scene.height, scene.width) for scene in self.scenes]))

    def tiles(self, recipe: Recipe, tile_px: int) -> int:
        across = ((-(-scene.height // tile_px), -(-scene.width // tile_px)) for scene in self.scenes)
        return min(MOST_TILES, sum(rows * columns for rows, columns in across))

    def material(self, recipe: Recipe, tile_px: int, seed: int, callbacks: Callbacks) -> Material:
        classes = [dict(entry) for entry in self.teacher.header["classes"]]
        if self._labelled is None:
            self._labelled = self._teach(seed, callbacks)
        parts = chosen_tiles(self._labelled, len(classes), tile_px, seed)
        name, count = self.teacher.header["name"], len(self.scenes)
        scenes = "one scene" if count == 1 else f"{count} scenes"
        facts = {
            "fitted_on": f"the map that the head {name} makes of {scenes}: it repeats that head's errors",
            "teacher": name,
            "rasters": [display_name(scene.path) for scene in self.scenes],
        }
        return Material([scene.path for scene in self.scenes], parts, classes, facts, taught=True)

    def _teach(self, seed: int, callbacks: Callbacks) -> list[Labelled]:
        """The pixels of each scene that the teacher is sure of."""
        tiles, parts = max(1, _TAUGHT_TILES // len(self.scenes)), []
        for number, scene in enumerate(self.scenes):
            options = SegmentOptions(scene.path, head=str(self.teacher.path), **self._reading)
            session = open_session(options, "segment", QUIET)
            try:
                part = sure_pixels(session, tiles, seed + number, callbacks)
            finally:
                session.source.close()
            # whole scenes are better groups than tiles of them, which resemble each other
            group = np.zeros_like(part.group) if len(self.scenes) > 2 else part.group
            parts.append(replace(part, group=group + (number << 32)))
        return parts


def sure_pixels(session: Session, tiles: int, seed: int, callbacks: Callbacks) -> Labelled:
    """Pixels whose class a head is sure of, from tiles all over the scene, a limited number of each class in a tile.
    Their group is the tile.

    Args:
        session: the scene, with the head.
        tiles: how many the head maps.
        seed: of the draw of tiles and pixels.
        callbacks: say whether to cancel.
    """
    rng = np.random.default_rng(seed)
    parts = []
    for group, (row, column, classes, probability) in enumerate(_mapped_tiles(session, tiles, rng, callbacks)):
        for k in np.unique(classes):
            y, x = np.nonzero((classes == k) & (probability >= _SURE))
            kept = rng.permutation(len(y))[:_PX_PER_CLASS]
            y, x, same = y[kept], x[kept], np.full(len(kept), k, np.int64)
            numbers = np.full(len(kept), group, np.int64)
            parts.append(np.stack([y + row, x + column, same, numbers]))
    found = np.concatenate(parts, 1) if parts else np.zeros((4, 0), np.int64)
    row, column, index, group = found
    return Labelled(row, column, index, group, np.ones(len(row)), np.zeros(len(row), bool))


def _mapped_tiles(
    session: Session, count: int, rng: np.random.Generator, callbacks: Callbacks
) -> Iterator[tuple[int, int, NDArray, NDArray]]:
    """Of tiles spread over the scene: (row, column, classes (h, w) with -1 where nothing is valid, probability (h, w)
    of the class), without the margin of each tile that a map takes from its neighbours."""
    rows, columns = (Axis(n, session.tile_px, DEFAULT_OVERLAP) for n in (session.source.height, session.source.width))
    starts = [(row, column) for row in rows.starts for column in columns.starts]
    count = min(count, len(starts))
    chosen = ((np.arange(count) + rng.random(count)) * len(starts) / count).astype(int)  # one of each equal share
    predictor, margin = Predictor(session), rows.overlap_px // 2 if len(starts) > 1 else 0
    inside = slice(margin, session.tile_px - margin)
    for first in range(0, count, _BATCH):
        if callbacks.cancelled():
            raise Cancelled
        places = [starts[number] for number in chosen[first : first + _BATCH]]
        read = [read_tile(session, *place) for place in places]
        scores = predictor(torch.from_numpy(np.stack([pixels for pixels, _ in read])))
        probability, classes = (values.cpu().numpy() for values in scores.max(1))
        for k, ((row, column), (_, valid)) in enumerate(zip(places, read, strict=True)):
            known = np.where(valid, classes[k], -1)[inside, inside]
            yield row + margin, column + margin, known, np.where(valid, probability[k], 0)[inside, inside]
