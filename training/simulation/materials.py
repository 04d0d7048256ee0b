"""Materials that landscapes are made of: radar backscatter, and reflectance at any wavelength."""

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

BACKSCATTER_DB = {  # VV, VH
    "water": (-20.5, -28),
    "broadleaf": (-7.5, -13),
    "conifer": (-8, -13.5),
    "grass": (-12, -18.5),
    "crop": (-9.5, -15.5),
    "straw": (-11.5, -19),
    "dark soil": (-12.5, -21.5),
    "light soil": (-14.5, -24),
    "tile": (-3, -11),
    "slate": (-3, -11),
    "metal": (0.5, -9),
    "asphalt": (-17, -25),
    "concrete": (-14, -22),
    "shadow": (-17, -24),
}
MATERIALS = tuple(BACKSCATTER_DB)


def spectra(um: Sequence[float] | NDArray, season: float = 0.5, moisture: float = 0.5, mud: float = 0.3) -> NDArray:
    """Reflectance of all MATERIALS.

    Args:
        um: wavelengths in micrometres, 0.4 to 2.5.
        season: 0 (early) to 1 (dry late summer); ages the leaves.
        moisture: 0 to 1; darkens soils.
        mud: 0 to 1; colours water.

    Returns:
        (M, C) float32 in 0..1, for M materials and C wavelengths.
    """
    x = np.asarray(um, dtype=np.float64)

    bump, rise = partial(_bump, x), partial(_rise, x)
    green = (
        bump(0.43, 0.06) * 1.9
        + bump(0.49, 0.035) * 1.4
        + bump(0.55, 0.05) * 0.75
        + bump(0.62, 0.05) * 1.25
        + bump(0.677, 0.036) * 1.65
    )
    wet = (
        bump(0.97, 0.035) * 0.1
        + bump(1.2, 0.06) * 0.22
        + bump(1.45, 0.075) * 1.3
        + bump(1.94, 0.1) * 2.0
        + rise(1.4, 0.06) * 0.85
        + bump(2.6, 0.38) * 3.0
    )
    dry = bump(2.1, 0.06) * 0.14 + bump(2.3, 0.05) * 0.18 + bump(0.4, 0.22) * 0.9

    def leaf(plateau: float, chlorophyll: float, water: float, cellulose: float) -> NDArray:
        return plateau * np.exp(-chlorophyll * green - water * wet - cellulose * dry)

    def soil(bright: float, iron: float) -> NDArray:
        ground = bright * (1 - np.exp(-(x - 0.28) / 0.5)) * (1 - 0.35 * moisture)
        lines = iron * (bump(0.42, 0.13) * 0.6 + bump(0.9, 0.09) * 0.12) + bump(2.2, 0.035) * 0.13
        return ground * np.exp(-lines - (0.08 + 0.3 * moisture) * (bump(1.43, 0.05) + 1.6 * bump(1.93, 0.06)))

    age = 1 - 0.35 * season
    deep = 0.035 * np.exp(-(x - 0.4) / 0.12) + 0.002
    reflectance = {
        "water": deep + mud * (0.07 * bump(0.57, 0.09) + 0.035 * bump(0.68, 0.1) + 0.02 * bump(0.81, 0.03)),
        "broadleaf": leaf(0.54, 1.7 * age, 0.9, 0.3),
        "conifer": leaf(0.38, 1.6, 1.1, 0.4),
        "grass": leaf(0.37, 1.35 * age, 0.7, 0.7),
        "crop": leaf(0.47, 1.65 * age, 0.9, 0.3),
        "straw": leaf(0.35, 0.12, 0.3, 1.6),
        "dark soil": soil(0.28, 0.8),
        "light soil": soil(0.50, 1.0),
        "tile": (0.05 + 0.22 * rise(0.6, 0.03) + 0.07 * rise(1.0, 0.3)) * np.exp(-0.15 * bump(0.87, 0.1)),
        "slate": 0.075 + 0.03 * rise(1.2, 0.4),
        "metal": 0.52 - 0.1 * bump(0.4, 0.15) - 0.06 * (x - 0.4),
        "asphalt": 0.075 + 0.05 * rise(0.7, 0.3) + 0.02 * rise(1.6, 0.2),
        "concrete": (0.16 + 0.14 * rise(0.65, 0.2)) * np.exp(-0.25 * bump(1.93, 0.07) - 0.12 * bump(2.34, 0.06)),
        "shadow": 0.004 + 0.012 * bump(0.4, 0.2) + 0.02 * bump(0.95, 0.3),
    }
    return np.stack([reflectance[name] for name in MATERIALS]).astype(np.float32)


def _bump(x: NDArray, centre: float, width: float) -> NDArray:
    return np.exp(-(((x - centre) / width) ** 2))


def _rise(x: NDArray, centre: float, width: float) -> NDArray:
    return 1 / (1 + np.exp(-(x - centre) / width))
