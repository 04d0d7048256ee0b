"""A folder of labelled chips as what heads are fitted on."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.enums import Resampling
from rasterio.windows import Window

from ...core.callbacks import Callbacks
from ...core.classes import class_table, colors_for
from ...core.errors import Cancelled, InputError, SensorError
from ...core.sensors import Detection
from ...raster.gdal import RASTER_ERRORS, one_line, open_quietly
from ...raster.georeference import gsd_m
from ...raster.source import Source, detect_source
from ..labelled import Labelled, in_subset
from ..labelled_scenes import Scene, SceneSet
from .material import MOST_TILES, Material, chosen_tiles
from .recipes import Recipe, recipes_for

_LABELLED_PX = 1_000_000  # kept of a set
_PX_LIMITS = 500, 100_000  # kept of a class in a raster
_MOST_RASTERS = 3000
_LOOKED_AT = 9  # rasters, for their usual size


@dataclass(frozen=True)
class _LabelledPixels:
    """Those of a raster, with its size in pixels."""

    labelled: Labelled
    height: int
    width: int

    def coarser(self, factor: int) -> Labelled:
        """The labels of pixels `factor` times as large: those of the pixels in their middle."""
        height, width = (length // factor * factor for length in (self.height, self.width))
        row, column = self.labelled.row, self.labelled.column
        middle = (row % factor == factor // 2) & (column % factor == factor // 2) & (row < height) & (column < width)
        part = self.labelled.take(middle)
        return dataclasses.replace(part, row=part.row // factor, column=part.column // factor)


class LabelledChips:
    """The rasters of a set that are to be fitted on: those in training/, or all where there is no such folder."""

    def __init__(self, scene_set: SceneSet, folder: Path):
        """`folder` is for rasters with averaged pixels."""
        self.set, self._folder = scene_set, folder
        scenes = scene_set.training or scene_set.scenes
        evenly = np.linspace(0, len(scenes) - 1, min(len(scenes), _MOST_RASTERS)).round().astype(int)
        self.scenes = [scenes[i] for i in evenly]
        self._labelled: list[_LabelledPixels] | None = None

    @property
    def title(self) -> str:
        return f"{len(self.scenes)} labelled rasters of {self.set.name}"

    @cached_property
    def _side_px(self) -> int:
        """The shorter side of most rasters, by a few of them."""
        sides = []
        for scene in self.scenes[:: max(1, len(self.scenes) // _LOOKED_AT)]:
            with Source(scene.image) as source:
                sides.append(min(source.width, source.height))
        return int(np.median(sides))

    @cached_property
    def _first(self) -> tuple[Detection, float | None]:
        """(what the first raster is, its pixel size in metres)."""
        reading = self.set.reading
        with Source(self.scenes[0].image, reading.get("crs"), reading.get("nodata")) as source:
            found = detect_source(source, reading.get("sensor"), reading.get("bands"), reading.get("units"))
            if found.sensor is None or found.units is None:
                raise SensorError(found.marked_reason)
            pixel_m = gsd_m(source.transform, source.crs, source.width, source.height)
            return found, pixel_m

    def recipes(self, sensors: Sequence[str]) -> list[Recipe]:
        found, pixel_m = self._first
        return recipes_for(found, pixel_m, self.set.reading, sensors, averaging=True)

    def side_px(self, recipe: Recipe) -> int:
        return self._side_px // recipe.factor

    def tiles(self, recipe: Recipe, tile_px: int) -> int:
        across = -(-self.side_px(recipe) // tile_px)
        return min(MOST_TILES, len(self.scenes) * across**2)

    def material(self, recipe: Recipe, tile_px: int, seed: int, callbacks: Callbacks) -> Material:
        if self._labelled is None:
            self._labelled = [self._read(scene, callbacks) for scene in self.scenes]
        parts = [one.coarser(recipe.factor) for one in self._labelled]
        parts = chosen_tiles(parts, len(self.set.classes), tile_px, seed)
        used = [(scene, part) for scene, part in zip(self.scenes, parts, strict=True) if len(part)]
        places = len({scene.place for scene, _ in used})
        return Material(
            [self._image(scene, recipe.factor) for scene, _ in used],
            [part for _, part in used],
            self._classes(),
            {
                "fitted_on": f"{len(used)} labelled rasters of {places} places ({self.set.name})",
                "places": places,
                "rasters": [scene.image.name for scene, _ in used],
            },
        )

    def _classes(self) -> list[dict]:
        """A class keeps the lowest of its label values, and the colour that all heads give its name."""
        values: dict[int, int] = {}
        for value, k in sorted(self.set.label_values.items(), reverse=True):
            values[k] = value
        names = self.set.classes
        return class_table([values[k] for k in range(len(names))], names, colors_for(names))

    def _read(self, scene: Scene, callbacks: Callbacks) -> _LabelledPixels:
        """The labelled pixels of a raster, a limited number of each class; its place is their group. Raises
        InputError."""
        if callbacks.cancelled():
            raise Cancelled
        least, most = _PX_LIMITS
        limit = min(max(_LABELLED_PX // len(self.scenes), least), most)
        try:
            with open_quietly(scene.labels) as labels, open_quietly(scene.image) as image:
                if labels.shape != image.shape:
                    raise InputError(f"expected labels of the size of {scene.image}, found another in {scene.labels}")
                values = labels.read(1)
        except RASTER_ERRORS as error:
            raise InputError(
                f"expected a raster and its labels, found {scene.image.name}: {one_line(error)}"
            ) from error
        parts = []
        for value, k in self.set.label_values.items():
            row, column = np.nonzero(values == value)
            fraction = min(1.0, limit / max(len(row), 1))
            kept = in_subset(row, column, fraction)
            row, column = row[kept], column[kept]
            same = np.ones(len(row))
            parts.append((row, column, np.full(len(row), k), same * self._place_numbers[scene.place], same / fraction))
        row, column, index, group, weight = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        found = Labelled(row, column, index, group.astype(np.int64), weight, np.zeros(len(row), bool))
        return _LabelledPixels(found, *values.shape)

    @cached_property
    def _place_numbers(self) -> dict[str, int]:
        return {place: number for number, place in enumerate(sorted({scene.place for scene in self.scenes}))}

    def _image(self, scene: Scene, factor: int) -> str:
        if factor == 1:
            return str(scene.image)
        target = self._folder / f"{self.set.name}_{factor}_{scene.image.name}"
        if not target.exists():
            write_averaged(scene.image, factor, target)
        return str(target)


def write_averaged(path: Path, factor: int, target: Path) -> None:
    """Writes the raster with means of `factor` x `factor` pixels; what is left over at its right and lower edge is
    dropped."""
    with open_quietly(path) as source:
        height, width, t = source.height // factor, source.width // factor, source.transform
        window = Window(0, 0, width * factor, height * factor)
        shape = (source.count, height, width)
        values = source.read(window=window, out_shape=shape, resampling=Resampling.average)
        profile: dict[str, Any] = dict(
            driver="GTiff",
            count=source.count,
            height=height,
            width=width,
            dtype=values.dtype,
            crs=source.crs,
            transform=rasterio.Affine(t.a * factor, t.b * factor, t.c, t.d * factor, t.e * factor, t.f),
            nodata=source.nodata,
            photometric="minisblack",
        )
        with open_quietly(target, "w", **profile) as averaged:
            averaged.write(values)
            averaged.descriptions = source.descriptions
            averaged.scales, averaged.offsets = source.scales, source.offsets
            averaged.colorinterp = source.colorinterp
