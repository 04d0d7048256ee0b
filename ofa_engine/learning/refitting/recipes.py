"""Which of the default heads can be fitted anew from rasters, and how these are read for each of them.

Rasters of one sensor serve several heads: chips of Sentinel-2 also serve the head for its bands without red edge, at
pixels averaged to a coarser size, and those for RGB pictures.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from ...core.catalog import ModelFile, list_heads
from ...core.sensors import Detection, get_sensor

MOST_AVERAGED = 4  # pixels of a row averaged into one


@dataclass(frozen=True)
class Recipe:
    """A default head, and how rasters are read to fit it anew.

    Attributes:
        head: the default head.
        reading: options that say how the rasters are read: sensor, bands, units.
        without: names of the bands of the head's sensor that it does without.
        factor: so many pixels of a row, and of a column, are averaged into one.
    """

    head: ModelFile
    reading: dict[str, Any]
    without: frozenset[str]
    factor: int

    @property
    def sensor(self) -> str:
        return str(self.head.header["sensor"])


def default_heads(sensor: str | None = None) -> list[ModelFile]:
    """The heads for pixels that come with the engine, or those of one sensor."""
    return [head for head in list_heads(sensor, "segment") if head.included]


def recipes_for(
    found: Detection, gsd_m: float | None, reading: dict[str, Any], sensors: Collection[str], averaging: bool
) -> list[Recipe]:
    """The default heads that rasters can be used for, one for each sensor, set of bands and size of pixels.

    Args:
        found: what the rasters are.
        gsd_m: their pixel size in metres; None for the usual one of their sensor.
        reading: the options by which they were recognised.
        sensors: ids of those wanted.
        averaging: whether pixels may be averaged, for heads that are meant for larger ones.
    """
    gsd_m = gsd_m or get_sensor(found.sensor or "").usual_gsd_m
    recipes: dict[tuple, Recipe] = {}
    for head in default_heads():
        sensor, bands = str(head.header["sensor"]), set(head.training.get("bands") or head.header["bands"])
        direct, factor = sensor == found.sensor, _factor(head, gsd_m, averaging)
        if sensor not in sensors or not factor or direct and not bands <= set(found.band_names):
            continue
        how = dict(reading) if direct else _as_other_sensor(found, sensor)
        if how is not None:
            without = frozenset(get_sensor(sensor).band_names) - bands
            recipes.setdefault((sensor, without, factor), Recipe(head, how, without, factor))
    return list(recipes.values())


def _factor(head: ModelFile, gsd_m: float, averaging: bool) -> int:
    """How many pixels to average so that they are in the middle of the sizes that the head is meant for; 0 where that
    takes too many, or pixels are too large."""
    if head.gsd_m is None:
        return 1
    low, high = head.gsd_m
    factor = max(1, round((low * high) ** 0.5 / gsd_m)) if averaging else 1
    return factor if factor <= MOST_AVERAGED and low <= gsd_m * factor <= high else 0


def _as_other_sensor(found: Detection, sensor_id: str) -> dict[str, Any] | None:
    """The options that read rasters as those of another sensor, by the wavelengths of its bands; None where it has a
    band that they lack, or comes in other units."""
    ours, other = get_sensor(found.sensor or ""), get_sensor(sensor_id)
    if found.units not in other.units:
        return None
    pairs = zip(ours.bands, found.bands, strict=True)
    known = {band.wavelength_um: number for band, number in pairs if band.wavelength_um and number}
    order = []
    for band in other.bands:
        wanted = band.wavelength_um or 0.0
        nearest = min(known, key=lambda um: abs(um - wanted), default=None)
        if nearest is None or abs(nearest - wanted) > other.tolerance_um:
            return None
        order.append(known[nearest])
    return {"sensor": sensor_id, "bands": ",".join(map(str, order)), "units": found.units}
