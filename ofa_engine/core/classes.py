"""The table of classes that a head carries, and colours for classes by their names. Standard library only, so that QGIS
and the engine choose the same ones."""

from collections.abc import Iterable, Sequence

# the colour-blind-safe palette of Okabe and Ito first
COLORS = (
    "#0072b2",
    "#009e73",
    "#e69f00",
    "#d55e00",
    "#cc79a7",
    "#56b4e9",
    "#f0e442",
    "#8a8a8a",
    "#7a4b9a",
    "#5a3d1e",
    "#b8d8a0",
    "#222222",
)
# conventional map colours; the first of these words that a class's name contains decides
_CONVENTIONAL = {
    "water": "#2a6fd1",
    "river": "#2a6fd1",
    "lake": "#2a6fd1",
    "sea": "#2a6fd1",
    "forest": "#1f6b36",
    "wood": "#1f6b36",
    "tree": "#1f6b36",
    "grass": "#9ccf6b",
    "meadow": "#9ccf6b",
    "pasture": "#9ccf6b",
    "low vegetation": "#9ccf6b",
    "crop": "#f0d264",
    "field": "#f0d264",
    "soil": "#b07a3c",
    "bare": "#b07a3c",
    "built": "#c8434b",
    "village": "#c8434b",
    "urban": "#c8434b",
    "roof": "#c8434b",
    "building": "#c8434b",
    "road": "#4a4a4a",
    "impervious": "#8a8a8a",
    "pavement": "#8a8a8a",
    "snow": "#e8f4ff",
    "ice": "#e8f4ff",
    "wetland": "#5fb3a8",
    "cloud": "#d9d9d9",
}
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
