"""The table of classes that a head carries, and colours for classes by their names. Standard library only, so that QGIS
and the engine choose the same ones."""

from collections.abc import Iterable, Sequence

# the colour-blind-safe palette of Okabe and Ito first, but its blues last: blue is water
COLORS = (
    "#009e73",
    "#e69f00",
    "#d55e00",
    "#cc79a7",
    "#f0e442",
    "#8a8a8a",
    "#7a4b9a",
    "#5a3d1e",
    "#b8d8a0",
    "#222222",
    "#0072b2",
    "#56b4e9",
)
# the classes of heads for 5 to 40 m (those of Dynamic World, in its order, and cloud), and of heads below 2 m
MEDIUM_RESOLUTION = (
    "water",
    "trees",
    "grass",
    "flooded vegetation",
    "crops",
    "shrub and scrub",
    "built",
    "bare",
    "snow and ice",
    "cloud",
)
HIGH_RESOLUTION = ("building", "other sealed", "bare soil", "water", "tree", "low vegetation", "crop")
_MEDIUM_COLORS = {
    "water": "#2a6fd1",
    "trees": "#1f6b36",
    "grass": "#87b132",
    "flooded vegetation": "#47a08b",
    "crops": "#fbe782",
    "shrub and scrub": "#8b7b14",
    "built": "#da5569",
    "bare": "#e6b28e",
    "snow and ice": "#f6fefc",
    "cloud": "#b8b2b7",
}
# one colour per meaning, over all sensors. Colour-blind safe: within a legend, colours are apart (CIEDE2000) by 15 or
# more to normal eyes, by 12 or more to eyes that lack one kind of cone. Only water is blue.
LAND_COVER = _MEDIUM_COLORS | {
    "building": _MEDIUM_COLORS["built"],
    "other sealed": "#525255",
    "bare soil": _MEDIUM_COLORS["bare"],
    "tree": _MEDIUM_COLORS["trees"],
    "low vegetation": _MEDIUM_COLORS["grass"],
    "crop": _MEDIUM_COLORS["crops"],
}
# for other names, the first of these words that a name contains decides, after the names above
_SIMILAR = {
    "rice": "crops",  # before ice
    "sealed": "other sealed",  # before sea
    "river": "water",
    "lake": "water",
    "sea": "water",
    "forest": "trees",
    "wood": "trees",
    "wetland": "flooded vegetation",
    "shrub": "shrub and scrub",
    "scrub": "shrub and scrub",
    "meadow": "grass",
    "pasture": "grass",
    "field": "crops",
    "soil": "bare",
    "village": "built",
    "urban": "built",
    "roof": "built",
    "road": "other sealed",
    "snow": "snow and ice",
    "ice": "snow and ice",
}
_CONVENTIONAL = LAND_COVER | {word: LAND_COVER[name] for word, name in _SIMILAR.items()}
_CONVENTIONAL |= {"impervious": "#8a8a8a", "pavement": "#8a8a8a"}  # beside roads
_CONVENTIONAL |= {"land": "#c8b280"}  # beside water; last, since many names end so
_FREE = tuple(color for color in COLORS if color not in _CONVENTIONAL.values())


def color_for(name: str, taken: Iterable[str]) -> str:
    """A colour as #rrggbb for a new class: the one its name suggests, else the next free one of `COLORS`. A colour in
    `taken` is used again only when all are."""
    used = [color.lower() for color in taken]
    suggested = (color for word, color in _CONVENTIONAL.items() if word in name.lower())
    return next((color for color in (*suggested, *_FREE) if color not in used), COLORS[len(used) % len(COLORS)])


def colors_for(names: Sequence[str]) -> list[str]:
    """One colour per class; none is used twice while there are others."""
    taken: list[str] = []
    for name in names:
        taken.append(color_for(name, taken))
    return taken


def class_table(values: Sequence[int], names: Sequence[str], colors: Sequence[str]) -> list[dict]:
    """The classes as a head's header lists them, in the order of the head's outputs.

    Raises ValueError where the three differ in length, a value occurs twice, or one is not 0 to 254.
    """
    if not len(values) == len(names) == len(colors) or len(set(values)) != len(values):
        raise ValueError("expected one distinct value, one name and one colour per class")
    if not all(0 <= value <= 254 for value in values):
        raise ValueError(f"expected class values 0 to 254, found {sorted(values)}")
    return [{"value": int(v), "name": n, "color": c} for v, n, c in zip(values, names, colors, strict=True)]
