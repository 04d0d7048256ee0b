"""The classes of simulated label rasters."""

from typing import NamedTuple

from ofa_engine.core.classes import LAND_COVER


class SimulatedClass(NamedTuple):
    """A class of the label rasters: value from 1, name, colour as #rrggbb."""

    value: int
    name: str
    color: str


CLASSES = (
    SimulatedClass(1, "water", LAND_COVER["water"]),
    SimulatedClass(2, "forest", LAND_COVER["trees"]),
    SimulatedClass(3, "grassland", LAND_COVER["grass"]),
    SimulatedClass(4, "cropland", LAND_COVER["crops"]),
    SimulatedClass(5, "bare soil", LAND_COVER["bare soil"]),
    SimulatedClass(6, "built-up", LAND_COVER["built"]),
)
WATER, FOREST, GRASS, CROP, SOIL, BUILT = range(1, 7)
