"""The Sentinel-2 chips with Dynamic World labels, their places, and the fifth of the places that training never sees.

A place is a cell of one degree of longitude and latitude. The chips of `s2_chips` have no coordinates, so each of them
is a place of its own. A place is held out where the SHA-256 of its name, as a number, is divisible by five;
`places_held_out.txt` lists the chips of these places, so that they stay out even where the labels are not at hand.
"""

import hashlib
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ofa_engine.raster.source import Source

# folder of chips below the data folder: its folder of labels
LABELLED = {
    "s2_chips": "s2_chips_labels_dw",
    "real/s2_ben": "real/s2_ben/labels_dw",
    "real/s2_eobrowser": "real/s2_eobrowser/labels_dw",
    "real/s2_eotdl": "real/s2_eotdl/labels_dw",
    "real/s2_eurosat_ms": "real/s2_eurosat_ms/labels_dw",
    "real/s2_l1c_virginia": "real/s2_l1c_virginia/labels_dw",
    "real/s2_worldcereal": "real/s2_worldcereal/labels_dw",
}
CLASSES = ("water", "trees", "low vegetation", "crops", "built", "bare")
# Dynamic World's value: index in CLASSES. Grass, flooded vegetation and shrub are one class; snow and cloud are none.
MERGED = {0: 0, 1: 1, 2: 2, 3: 2, 5: 2, 4: 3, 6: 4, 7: 5}
_HELD_OUT = Path(__file__).with_name("places_held_out.txt")
_FOLDS = 5  # one place in so many is held out


@dataclass(frozen=True)
class Chip:
    """A labelled chip: the paths of image and labels relative to the data folder, and its place."""

    image: str
    labels: str
    place: str

    @property
    def held_out(self) -> bool:
        return is_held_out(self.place)


def labelled_chips(root: Path) -> list[Chip]:
    """The labelled chips below the data folder `root`, in a fixed order; sets that are missing are left out."""
    found = []
    for folder, labels in LABELLED.items():
        for path in sorted((root / labels).glob("*.tif")):
            image = root / folder / path.name
            if image.exists():
                found.append(Chip(f"{folder}/{path.name}", f"{labels}/{path.name}", place_of(image)))
    return found


def place_of(path: Path) -> str:
    """The cell of one degree that the centre of a raster lies in, such as `+54+009` (latitude, longitude); folder and
    name where it has no coordinates."""
    with Source(path) as source:
        if source.dataset.crs is None:
            return f"{path.parent.name}/{path.stem}"
        lon, lat = source.dataset.lnglat()
    return f"{math.floor(lat):+03d}{math.floor(lon):+04d}"


def is_held_out(place: str) -> bool:
    return int.from_bytes(hashlib.sha256(place.encode()).digest(), "big") % _FOLDS == 0


def held_out_files() -> frozenset[str]:
    """The chips of held-out places, relative to the data folder, as listed in `places_held_out.txt`."""
    return frozenset(_HELD_OUT.read_text(encoding="ascii").split())


def merged_labels(path: Path) -> NDArray[np.int64]:
    """(H, W) indices in CLASSES of a raster of Dynamic World's values; -1 where there is no label."""
    with Source(path) as source:
        values = source.dataset.read(1)
    table = np.full(256, -1, np.int64)
    table[list(MERGED)] = list(MERGED.values())
    return table[values]
