"""Where chips are cut: on land, balanced, far from each other, the same for the same seed."""

import itertools
from collections import Counter

import numpy as np
import pytest
from pyproj import Geod

from ofa_engine.learning.public_chips.places import corner_of, draw_places

CLASSES = {10: "trees", 30: "grass", 40: "crops", 80: "water"}


def overviews_of(world):
    """What reads tiles of a made-up world, and the names that it was asked for."""
    asked = []

    def overviews(tiles):
        for tile in tiles:
            asked.append(tile)
            yield tile, world(tile)

    return overviews, asked


def mixed(tile):
    """Half of all tiles is sea; trees are everywhere, crops hardly anywhere; a lake."""
    south, west = corner_of(tile)
    if (south // 3 + west // 3) % 2:
        return None
    values = np.full((300, 300), 10, np.uint8)
    values[::50, ::50] = 40
    values[100:200, 100:150] = 80
    values[:, 200:] = 30 if south > 0 else 100
    return values


def test_the_same_seed_draws_the_same_places():
    draw = [draw_places(40, seed, overviews_of(mixed)[0], CLASSES) for seed in (1, 1, 2)]
    assert draw[0] == draw[1] != draw[2]
    assert draw_places(10, 1, overviews_of(mixed)[0], CLASSES) == draw[0][:10]  # fewer are the first of more


def test_places_are_balanced_over_classes_and_belts():
    places = draw_places(160, 0, overviews_of(mixed)[0], CLASSES)
    classes = Counter(place.target for place in places)
    assert set(classes) == set(CLASSES.values())
    assert max(classes.values()) < 1.25 * min(classes.values())  # crops: 0.04 % of the land
    belts = Counter(int(np.digitize(abs(place.latitude), [24, 39, 54])) for place in places)
    assert set(belts) == {0, 1, 2, 3} and max(belts.values()) < 2 * min(belts.values())
    assert any(place.latitude < 0 for place in places)


def test_places_lie_on_their_class_on_land_and_apart():
    places = draw_places(120, 5, overviews_of(mixed)[0], CLASSES)
    for place in places:
        south, west = corner_of(place.tile)
        values = mixed(place.tile)
        row, column = int((south + 3 - place.latitude) * 100), int((place.longitude - west) * 100)
        assert CLASSES[values[row, column]] == place.target
        assert 3 <= row < 297 and 3 <= column < 297  # the whole chip lies within the tile
        if place.target == "water":
            assert (values[row - 1 : row + 2, column - 1 : column + 2] != 80).any()  # at a shore
    geod = Geod(ellps="WGS84")
    for a, b in itertools.combinations(places, 2):
        assert geod.inv(a.longitude, a.latitude, b.longitude, b.latitude)[2] > 9_900
    assert len({place.name for place in places}) == len(places)


@pytest.mark.parametrize("world", [lambda tile: None, lambda tile: np.full((12, 12), 100, np.uint8)])
def test_without_land_or_classes_there_are_no_places_and_all_tiles_are_asked_once(world):
    overviews, asked = overviews_of(world)
    assert draw_places(5, 0, overviews, CLASSES) == []
    assert len(asked) == len(set(asked)) == 120 * 48


def test_a_single_land_tile_gives_few_places():
    places = draw_places(50, 0, overviews_of(lambda tile: mixed("N00E000") if tile == "N48E009" else None)[0], CLASSES)
    assert 1 <= len(places) <= 2 and {place.tile for place in places} == {"N48E009"}
