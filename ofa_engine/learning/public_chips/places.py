"""Where chips are cut: seeded random places on land, balanced over belts of latitude and classes, far from each other.

Tiles of the label map, 3 x 3 degrees, are drawn by turns out of four belts of latitude, which stand for the biomes. An
overview of each shows where which class is; a place is drawn for the class that has the fewest so far. Where there is
no tile there is sea.
"""

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from .catalogue import Catalogue
from .web import Missing, Web

TILE_DEGREES = 3
_BELTS = ((0, 24), (24, 39), (39, 54), (54, 84))  # |latitude|: tropics, subtropics, temperate, boreal and polar
_SOUTH, _NORTH = -60, 84  # of the label map
_OVERVIEW_PX = 600  # about 550 m a pixel
_PER_TILE = 2  # an overview is small beside a chip
_TRIES = 20  # of places in a tile
_APART_KM = 10.0
_MARGIN_DEGREES = 0.03  # of a chip's centre to its tile's edge, in latitude
_EARTH_KM = 6371.0


@dataclass(frozen=True)
class Place:
    """The centre of a chip.

    Attributes:
        name: of the chip's files, without ending.
        tile: of the label map; chips of one tile count as one place, which is never split.
        longitude, latitude: in degrees.
        target: the class it was drawn for.
    """

    name: str
    tile: str
    longitude: float
    latitude: float
    target: str


def draw_places(
    count: int,
    seed: int,
    overviews: Callable[[Iterator[str]], Iterator[tuple[str, NDArray[np.uint8] | None]]],
    classes: dict[int, str],
) -> list[Place]:
    """Places in the order in which they are to be used; fewer than `count` where the land does not have them.

    Args:
        count: of places.
        seed: the same one draws the same places of the same map.
        overviews: from names of tiles to the same names with (H, W) values of the label map, north up; None where there
            is no such tile.
        classes: class name by value of the label map.
    """
    rng = np.random.default_rng(seed)
    drawn = {name: 0 for name in dict.fromkeys(classes.values())}
    places: list[Place] = []
    for tile, values in overviews(_tiles(np.random.default_rng([seed, 1]))):
        if values is not None:
            places += _places_of(tile, values, classes, drawn, places, rng)
        if len(places) >= count:
            break
    return places[:count]


def read_overview(web: Web, catalogue: Catalogue, tile: str) -> NDArray[np.uint8] | None:
    """A tile of the label map at about 550 m a pixel; None where there is none, or a part of one at the map's end.

    Raises PublicDataError, Cancelled.
    """
    south, west = corner_of(tile)
    whole = (west, south, west + TILE_DEGREES, south + TILE_DEGREES)
    try:
        with web.opened(label_address(catalogue, tile)) as dataset:
            if not np.allclose(dataset.bounds, whole, rtol=0, atol=1e-3):
                return None
            shape = (min(_OVERVIEW_PX, dataset.height), min(_OVERVIEW_PX, dataset.width))
            return dataset.read(1, out_shape=shape)
    except Missing:
        return None


def label_address(catalogue: Catalogue, tile: str) -> str:
    return catalogue.label_tiles.replace("{tile}", tile)


def _tiles(rng: np.random.Generator) -> Iterator[str]:
    """All tiles of the globe, by turns from each belt; in a belt those of larger area tend to come earlier."""
    rows = range(_SOUTH, _NORTH, TILE_DEGREES)
    belts = [_shuffled([south for south in rows if low <= _least_latitude(south) < high], rng) for low, high in _BELTS]
    for turn in itertools.zip_longest(*belts):
        yield from (_tile_name(south, west) for south, west in filter(None, turn))


def _least_latitude(south: int) -> int:
    return south if south >= 0 else -south - TILE_DEGREES


def _shuffled(rows: list[int], rng: np.random.Generator) -> list[tuple[int, int]]:
    corners = [(south, west) for south in rows for west in range(-180, 180, TILE_DEGREES)]
    area = np.array([math.cos(math.radians(south + TILE_DEGREES / 2)) for south, _ in corners])
    order = rng.choice(len(corners), len(corners), replace=False, p=area / area.sum())
    return [corners[i] for i in order]


def _tile_name(south: int, west: int) -> str:
    return f"{'N' if south >= 0 else 'S'}{abs(south):02d}{'E' if west >= 0 else 'W'}{abs(west):03d}"


def corner_of(tile: str) -> tuple[int, int]:
    """(south, west) in degrees of a tile's name."""
    south, west = int(tile[1:3]), int(tile[4:7])
    return (south if tile[0] == "N" else -south), (west if tile[3] == "E" else -west)


def _places_of(
    tile: str,
    values: NDArray[np.uint8],
    classes: dict[int, str],
    drawn: dict[str, int],
    others: list[Place],
    rng: np.random.Generator,
) -> list[Place]:
    """Up to `_PER_TILE` places of a tile; counts their classes in `drawn`."""
    south, west = corner_of(tile)
    step_y, step_x = (TILE_DEGREES / n for n in values.shape)
    usable = _pixels_of_classes(values, classes, south)
    found: list[Place] = []
    for _ in range(_TRIES):
        if not usable or len(found) == _PER_TILE:
            break
        target = min(usable, key=lambda name: (drawn[name], name))
        pixels = usable[target]
        row, column = np.unravel_index(pixels[rng.integers(len(pixels))], values.shape)
        longitude, latitude = west + (column + 0.5) * step_x, south + TILE_DEGREES - (row + 0.5) * step_y
        place = Place(f"{tile}_{len(found) + 1}", tile, round(float(longitude), 5), round(float(latitude), 5), target)
        if all(_distance_km(place, other) >= _APART_KM for other in (*others, *found)):
            found.append(place)
            drawn[target] += 1
            del usable[target]  # another class next
    return found


def _pixels_of_classes(values: NDArray[np.uint8], classes: dict[int, str], south: int) -> dict[str, NDArray[np.int64]]:
    """Flat indices of the pixels of each class around which a chip fits into the tile; of water those at a shore."""
    height, width = values.shape
    inner = np.zeros(values.shape, bool)
    widest = math.cos(math.radians(max(abs(south), abs(south + TILE_DEGREES))))
    y = math.ceil(_MARGIN_DEGREES / TILE_DEGREES * height)
    x = math.ceil(_MARGIN_DEGREES / widest / TILE_DEGREES * width)
    inner[y : height - y, x : width - x] = True
    water = np.isin(values, [value for value, name in classes.items() if name == "water"])
    shore = ndimage.binary_dilation(~water & (values > 0), np.ones((3, 3)))
    pixels: dict[str, NDArray[np.int64]] = {}
    for name in dict.fromkeys(classes.values()):
        here = inner & np.isin(values, [value for value, other in classes.items() if other == name])
        if len(found := np.flatnonzero(here & shore if name == "water" else here)):
            pixels[name] = found
    return pixels


def _distance_km(a: Place, b: Place) -> float:
    """Great-circle distance on a sphere."""
    phi, psi = math.radians(a.latitude), math.radians(b.latitude)
    half = math.sin((phi - psi) / 2) ** 2
    half += math.cos(phi) * math.cos(psi) * math.sin(math.radians(a.longitude - b.longitude) / 2) ** 2
    return 2 * _EARTH_KM * math.asin(min(1.0, math.sqrt(half)))
