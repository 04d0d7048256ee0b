"""The classes of simulated label rasters."""

from typing import NamedTuple


class LandCover(NamedTuple):
    """A class of the label rasters: value from 1, name, colour as #rrggbb."""

    value: int
    name: str
    color: str


CLASSES = (
    LandCover(1, "water", "#3f7fd1"),
    LandCover(2, "forest", "#1f6b36"),
    LandCover(3, "grassland", "#9ccf6b"),
    LandCover(4, "cropland", "#f0d264"),
    LandCover(5, "bare soil", "#b58a5e"),
    LandCover(6, "built-up", "#c8434b"),
)
WATER, FOREST, GRASS, CROP, SOIL, BUILT = range(1, 7)
