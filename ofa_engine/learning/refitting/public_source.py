"""Public images and labels, fetched when the first head is fitted to them, as what heads are fitted on."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from ...core.callbacks import Callbacks
from ...core.sensors import Detection, get_sensor
from ..labelled_scenes import open_set
from ..public_chips import Catalogue, fetch_labelled_chips
from .labelled_chips import LabelledChips
from .material import MOST_TILES, Material
from .recipes import Recipe, recipes_for

CHIPS = 150
_LOGGED = 10  # chips, from line to line
_FOLDER = "public_chips"  # beside the heads: the same command goes on with what has come
_SENSOR, _UNITS, _GSD_M, _SIDE_PX = "sentinel-2", "reflectance", 10.0, 256  # of the chips


class PublicChips:
    """Chips of Sentinel-2 and a public land-cover map; servers are asked on the first call of `material` only.

    Args:
        output: folder of the heads, in which the chips stay.
        folder: for rasters with averaged pixels.
        seed: of the places.
        catalogue: of servers; the public one by default.
        chips: how many.
    """

    title = "public images of Sentinel-2 and a public land-cover map"

    def __init__(self, output: Path, folder: Path, seed: int, catalogue: Catalogue | None = None, chips: int = CHIPS):
        self._output, self._folder, self._seed = output / _FOLDER, folder, seed
        self._catalogue, self._count = catalogue, chips
        self._chips: LabelledChips | None = None
        self._attribution: tuple[str, ...] = ()

    def recipes(self, sensors: Sequence[str]) -> list[Recipe]:
        names = get_sensor(_SENSOR).band_names
        bands = tuple(range(1, len(names) + 1))
        found = Detection(_SENSOR, "", bands=bands, units=_UNITS, sensor_bands=names)
        return recipes_for(found, _GSD_M, {"sensor": _SENSOR, "units": _UNITS}, sensors, averaging=True)

    def side_px(self, recipe: Recipe) -> int:
        return _SIDE_PX // recipe.factor

    def tiles(self, recipe: Recipe, tile_px: int) -> int:
        return MOST_TILES

    def material(self, recipe: Recipe, tile_px: int, seed: int, callbacks: Callbacks) -> Material:
        if self._chips is None:
            fetched = fetch_labelled_chips(
                self._output,
                chips=self._count,
                seed=self._seed,
                catalogue=self._catalogue,
                callbacks=_quiet(callbacks),
            )
            self._chips = LabelledChips(open_set(fetched.folder), self._folder)
            self._attribution = fetched.attribution
        material = self._chips.material(recipe, tile_px, seed, callbacks)
        return dataclasses.replace(material, facts=material.facts | {"attribution": list(self._attribution)})


def _quiet(callbacks: Callbacks) -> Callbacks:
    """Without progress, which counts chips there and thousandths of a head here; chips that came are logged."""

    def progress(done: int, total: int, seconds_left: float | None) -> None:
        if done % _LOGGED == 0:
            callbacks.log("info", f"{done} of {total} public chips are there")

    return Callbacks(progress, callbacks.log, callbacks.cancelled)
