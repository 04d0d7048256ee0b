"""Simulated scenes of the five sensors with their land cover: for tests, demonstrations and a first training set.

A landscape is drawn in metres (fields, woods, settlements, lakes and rivers, roads), so that 1 m NAIP shows roofs and
crowns and 30 m EnMAP shows mixed pixels of the same kind of country. On a grid finer than the sensor's every point
gets shares of a few materials; averaged to the sensor's pixels they are multiplied with the materials' spectra (or
radar backscatter) at the sensor's wavelengths. All formulas are this file's own approximations. They follow well-known
facts: chlorophyll absorbs at 0.43-0.48 and 0.67 um; liquid water at 0.97, 1.2, 1.45 and 1.94 um; cellulose at 2.1 um;
clay at 2.2 um; iron oxide below 0.55 and near 0.9 um; smooth water is dark for radar, crowns scatter in volume
(high VH) and walls send the wave back twice (bright VV). numpy only; rasterio where a GeoTIFF is written.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ofa_engine.core.sensors import SENSORS, Sensor, get_sensor


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
GSD_M = {"sentinel-1": 10.0, "sentinel-2": 10.0, "gaofen": 4.0, "naip": 1.0, "enmap": 30.0}

MATERIALS = (
    "water",
    "broadleaf",
    "conifer",
    "grass",
    "crop",
    "straw",
    "dark soil",
    "light soil",
    "tile",
    "slate",
    "metal",
    "asphalt",
    "concrete",
    "shadow",
)
_VV_VH_DB = (
    (-20.5, -28),
    (-7.5, -13),
    (-8, -13.5),
    (-12, -18.5),
    (-9.5, -15.5),
    (-11.5, -19),
    (-12.5, -21.5),
    (-14.5, -24),
    (-3, -11),
    (-3, -11),
    (0.5, -9),
    (-17, -25),
    (-14, -22),
    (-17, -24),
)
# 8-bit imagery is stretched for the eye: 255 * (reflectance / white) ** gamma, haze included. By wavelength, um.
_WHITE_UM, _WHITE, _GAMMA = (0.48, 0.56, 0.66, 0.83), (0.345, 0.36, 0.41, 0.70), 0.62

Array = np.ndarray[Any, np.dtype[Any]]


def simulate(sensor_id: str, size_px: int, seed: int, gsd_m: float | None = None) -> tuple[Array, Array]:
    """A random scene: (bands float32 (C, H, W), labels uint8 (H, W) with the values of CLASSES), H = W = size_px.

    Bands are in the sensor's canonical unit (`SENSORS`): dB about -35..15, reflectance 0.0001..1, or 8-bit
    scale 0..255 (not rounded); EnMAP's water-vapour bands hold small noise. A label is the class that fills most of
    the pixel; fallow fields are bare soil; gardens and their trees count as grassland and forest in pixels below 8 m,
    as built-up above. `gsd_m` is the size of a pixel, the sensor's usual one by default. The same arguments give the
    same scene (another version of numpy may not). Raises SensorError for an unknown sensor, ValueError for a size
    below 8, a negative seed or a gsd_m that is not positive.
    """
    sensor = get_sensor(sensor_id)
    return _scene(sensor, size_px, seed, gsd_m, [band.wavelength_um for band in sensor.bands])


def spectra(um: Sequence[float] | Array, season: float = 0.5, moisture: float = 0.5, mud: float = 0.3) -> Array:
    """Reflectance 0..1 of MATERIALS at the wavelengths um (micrometres, 0.4-2.5): float32 (materials, wavelengths).

    season 0 (early) .. 1 (dry late summer) ages the leaves, moisture 0..1 darkens soils, mud 0..1 colours water.
    """
    x = np.asarray(um, dtype=np.float64)

    def bump(centre: float, width: float) -> Array:
        return np.exp(-(((x - centre) / width) ** 2))

    def rise(centre: float, width: float) -> Array:
        return 1 / (1 + np.exp(-(x - centre) / width))

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

    def leaf(plateau: float, chlorophyll: float, water: float, cellulose: float) -> Array:
        return plateau * np.exp(-chlorophyll * green - water * wet - cellulose * dry)

    def soil(bright: float, iron: float) -> Array:
        ground = bright * (1 - np.exp(-(x - 0.28) / 0.5)) * (1 - 0.35 * moisture)
        lines = iron * (bump(0.42, 0.13) * 0.6 + bump(0.9, 0.09) * 0.12) + bump(2.2, 0.035) * 0.13
        return ground * np.exp(-lines - (0.08 + 0.3 * moisture) * (bump(1.43, 0.05) + 1.6 * bump(1.93, 0.06)))

    age = 1 - 0.35 * season
    deep = 0.035 * np.exp(-(x - 0.4) / 0.12) + 0.002
    rows = (
        deep + mud * (0.07 * bump(0.57, 0.09) + 0.035 * bump(0.68, 0.1) + 0.02 * bump(0.81, 0.03)),
        leaf(0.54, 1.7 * age, 0.9, 0.3),
        leaf(0.38, 1.6, 1.1, 0.4),
        leaf(0.37, 1.35 * age, 0.7, 0.7),
        leaf(0.47, 1.65 * age, 0.9, 0.3),
        leaf(0.35, 0.12, 0.3, 1.6),
        soil(0.28, 0.8),
        soil(0.50, 1.0),
        (0.05 + 0.22 * rise(0.6, 0.03) + 0.07 * rise(1.0, 0.3)) * np.exp(-0.15 * bump(0.87, 0.1)),
        0.075 + 0.03 * rise(1.2, 0.4),
        0.52 - 0.1 * bump(0.4, 0.15) - 0.06 * (x - 0.4),
        0.075 + 0.05 * rise(0.7, 0.3) + 0.02 * rise(1.6, 0.2),
        (0.16 + 0.14 * rise(0.65, 0.2)) * np.exp(-0.25 * bump(1.93, 0.07) - 0.12 * bump(2.34, 0.06)),
        0.004 + 0.012 * bump(0.4, 0.2) + 0.02 * bump(0.95, 0.3),
    )
    return np.stack(rows).astype(np.float32)


def usual_gsd_m(sensor: Sensor) -> float:
    """Size of the sensor's pixels in metres; the middle of its range where this file does not know it."""
    return GSD_M.get(sensor.id) or float(np.sqrt(sensor.gsd_m[0] * sensor.gsd_m[1]))


# --- the landscape ----------------------------------------------------------------------------------------------


def _noise(rng: np.random.Generator, n: int, step_m: float, small_m: float, large_m: float, slope: float) -> Array:
    """(n, n) Gaussian random field, mean 0, deviation 1: waves of small_m to large_m, smooth for slope >= 3."""
    m = (n // 32 + 2) * 32  # a size that FFT likes, cut so that opposite edges do not match
    fy, fx = np.fft.fftfreq(m, step_m)[:, None], np.fft.rfftfreq(m, step_m)[None, :]
    f2 = (fy * fy + fx * fx).astype(np.float32)
    shape = (f2 + np.float32(large_m**-2)) ** np.float32(-slope / 2) * np.exp(-f2 * np.float32(small_m**2))
    shape[0, 0] = 0
    waves = rng.standard_normal((2, m, m // 2 + 1), dtype=np.float32)
    field = np.fft.irfft2((waves[0] + 1j * waves[1]) * shape, (m, m))[:n, :n]
    return ((field - field.mean()) / field.std()).astype(np.float32)


class _Cells(NamedTuple):
    """The nearest of a jittered grid's points, for every position."""

    id: Array  # int, 0..4095; use it with `lot`
    dx: Array  # position minus the point, metres
    dy: Array
    border_m: Array  # distance to the border with the next cell


def _cells(rng: np.random.Generator, x: Array, y: Array, size_m: float, jitter: float) -> _Cells:
    """Cells of about size_m around the points of a grid that are displaced by up to jitter * size_m / 2."""
    table = rng.uniform(-jitter / 2, jitter / 2, (2, 4096)).astype(np.float32) + np.float32(0.5)
    u, v = x / np.float32(size_m), y / np.float32(size_m)
    column, row = np.floor(u), np.floor(v)
    u, v = u - column, v - row
    base = column.astype(np.int64) * 1031 + row.astype(np.int64) * 2503

    def point(which: Any) -> tuple[Array, Array, Array]:
        """Key and offset of one of the nine points around (a number, or one for each position)."""
        i, j = which // 3 - 1, which % 3 - 1
        key = (base + (i * 1031 + j * 2503)) & 4095
        return key, u - i - table[0].take(key), v - j - table[1].take(key)

    first, second = np.full((2, *u.shape), 99, np.float32)  # squared distances, in sizes
    nearest, next_one = np.zeros((2, *u.shape), np.int8)
    for which in range(9):
        _, du, dv = point(which)
        d2 = du * du + dv * dv
        best, better = d2 < first, d2 < second
        next_one = np.where(best, nearest, np.where(better, np.int8(which), next_one))
        second = np.where(best, first, np.minimum(second, d2))
        nearest, first = np.where(best, np.int8(which), nearest), np.minimum(first, d2)
    (key, du, dv), (_, eu, ev) = point(nearest.astype(np.int64)), point(next_one.astype(np.int64))
    border = (second - first) / (np.hypot(du - eu, dv - ev) + np.float32(1e-6)) * np.float32(size_m / 2)
    return _Cells(key, du.astype(np.float32) * np.float32(size_m), dv.astype(np.float32) * np.float32(size_m), border)


def _landscape(rng: np.random.Generator, size_px: int, gsd_m: float, dryness: float) -> tuple[Array, Array, Array]:
    """Shares of MATERIALS lit by the sun and seen by radar, float32 (M, H, W) each, and labels uint8 (H, W)."""
    k = 2 if gsd_m < 15 else 4  # points a pixel's side
    n, step = size_px * k, gsd_m / k
    scale = 90 * gsd_m**0.45  # metres of a typical patch: coarser sensors are shown a wider country
    y, x = (axis.astype(np.float32) for axis in np.mgrid[:n, :n] * step)

    def noise(small: float, large: float, slope: float) -> Array:
        return _noise(rng, n, step, small, large, slope)

    def lot(ids: Array, low: float, high: float) -> Array:
        """One random number for each id."""
        return rng.uniform(low, high, 4096).astype(np.float32).take(ids)

    def turn(dx: Array, dy: Array, angle: Array) -> tuple[Array, Array]:
        c, s = np.cos(angle), np.sin(angle)
        return dx * c + dy * s, dy * c - dx * s

    # country: blocks of fields between roads, each with its own direction
    wide = noise(scale / 3, 6 * scale, 2.6)
    mid = noise(scale / 20, scale, 1.8)
    bend = noise(scale / 2, 3 * scale, 3) * np.float32(scale / 9)
    block = _cells(rng, x + bend, y + wide * np.float32(scale / 9), 4 * scale, 0.8)
    angle = lot(block.id, 0, np.pi)
    p, q = turn(x, y, angle)
    width, phase = lot(block.id, 0.35, 0.9) * np.float32(scale), lot(block.id, 0, 1)
    strip = p / width + phase
    strip_id = (np.floor(strip).astype(np.int64) * 2399 + block.id * 17) & 4095
    along = q / (width * lot(strip_id, 1.2, 3.5)) + lot(strip_id, 0, 1)
    field = (np.floor(along).astype(np.int64) * 1613 + strip_id) & 4095
    margin = np.minimum(0.5 - np.abs(strip % 1 - 0.5), (0.5 - np.abs(along % 1 - 0.5)) * 2) * width

    # how much of each there is, and where: from the highest values of one random field a zone
    share = rng.dirichlet((0.9, 2.2 - 1.4 * dryness, 1.0, 0.4 + 0.5 * dryness, 2.6))
    free = np.ones((n, n), bool)

    def highest(score: Array, part: float) -> Array:
        part = min(1.0, part * free.size / max(int(free.sum()), 1))
        return free & (score > np.quantile(score[free][::7] if free.sum() > 70 else score, 1 - part))

    shade = np.ones((n, n), np.float32)  # sunlight
    echo = np.ones((n, n), np.float32)  # radar: strength of the echo beside the material's own
    classes = np.zeros((n, n), np.uint8)
    shares = np.zeros((len(MATERIALS), n, n), np.float32)

    def paint(
        where: Array, land_cover: int, light: Array | float = 1, radar: Array | float = 1, **materials: Array | float
    ) -> None:
        """Cover what is still free there with shares of materials (underscore for a blank in their names)."""
        where = where & free
        free[where] = False
        classes[where] = land_cover
        for name, part in materials.items():
            shares[MATERIALS.index(name.replace("_", " "))] += where * np.asarray(part, np.float32)
        shade[where] *= light if isinstance(light, float | int) else light[where]
        echo[where] *= radar if isinstance(radar, float | int) else radar[where]

    # water: lakes in the lowest places, a river along the zero line of a smooth field
    lakes = highest(-wide, share[0] * 0.8)
    course = noise(scale, 6 * scale, 3.2)
    slope_y, slope_x = np.gradient(course, np.float32(step))
    from_river = np.abs(course) / (np.hypot(slope_x, slope_y) + np.float32(1e-6))
    river_m = scale * rng.uniform(0.08, 0.3) if rng.random() < 0.5 else 0.0
    wind = np.exp(noise(scale / 3, 3 * scale, 2) * np.float32(0.35) + np.float32(rng.normal(0, 0.5)))
    paint(lakes | (from_river < river_m), WATER, light=1 + 0.08 * mid, radar=wind, water=1)
    paint(from_river < river_m * 1.25, SOIL, light=1 + 0.1 * mid, light_soil=0.7, grass=0.3)
    shore = highest(-wide, share[0] * 0.05 * rng.integers(0, 2))
    paint(shore, SOIL, light=1 + 0.1 * mid, light_soil=0.8, straw=0.2)

    # settlements: streets, plots with a house, gardens; in some blocks a house is a hall
    hall = lot(block.id, 0, 1) < 0.2
    zoom = np.where(hall, np.float32(0.33), np.float32(1))
    plot = _cells(rng, p * zoom, q * zoom, max(21.0, 2.5 * step), 0.25)
    dx, dy = plot.dx / zoom, plot.dy / zoom
    urban = noise(scale / 4, 4 * scale, 2.6)
    cx, cy = turn(dx, dy, -angle)
    row = np.clip(((y - cy) / np.float32(step)).astype(np.int32), 0, n - 1)
    column = np.clip(((x - cx) / np.float32(step)).astype(np.int32), 0, n - 1)
    town = highest(urban[row, column], share[2] * 0.8)
    street = np.minimum(np.abs(p / 110 % 1 - 0.5) * 110, np.abs(q / 63 % 1 - 0.5) * 63) < 3.5
    paint((block.border_m < 3.5) & (from_river > river_m * 1.3), BUILT, asphalt=0.85, concrete=0.15)
    paint(town & street, BUILT, light=1 + 0.06 * mid, asphalt=0.75, concrete=0.15, broadleaf=0.1)
    half_x, half_y = lot(plot.id, 3.5, 6.5) / zoom, lot(plot.id, 4.5, 8.5) / zoom
    built = lot(plot.id, 0, 1) < 0.88
    kind = np.where(hall, lot(block.id, 0.55, 1), lot(plot.id, 0, 0.92))
    kinds = {
        "tile": kind < 0.5,
        "slate": (kind >= 0.5) & (kind < 0.72),
        "concrete": (kind >= 0.72) & (kind < 0.85),
        "metal": kind >= 0.85,
    }
    aligned = np.exp(-((np.sin(angle - np.float32(0.2)) / np.float32(0.3)) ** 2))  # walls that face the radar
    bounce = np.exp(lot(plot.id, -1.6, 1.6)) * (1 + 2 * aligned)
    roof_light = (1 + np.sign(dx) * np.where(hall, np.float32(0.04), np.float32(0.17))) * lot(plot.id, 0.75, 1.2)
    paint(town & built & (np.abs(dx) < half_x) & (np.abs(dy) < half_y), BUILT, light=roof_light, radar=bounce, **kinds)
    shadow = (np.abs(dx - 2.5) < half_x) & (np.abs(dy - 2) < half_y) & built
    crown = _cells(rng, x, y, max(7.5, 2.2 * step), 0.9)
    sharp = np.float32(min(1.0, (2.5 / step) ** 1.5))  # crowns smaller than a pixel blur to a mean
    reach = np.sqrt(crown.dx**2 + crown.dy**2) / np.float32(max(7.5, 2.2 * step))
    lit = (1 - 0.5 * (crown.dx + crown.dy) / np.float32(max(7.5, 2.2 * step)) - 0.5 * reach) * lot(crown.id, 0.7, 1.25)
    lit = 0.82 + (lit - 0.82) * sharp
    trees = (mid + lot(crown.id, -1, 1) > 1.0) & (reach < 0.55)
    fine = gsd_m < 8  # gardens have a class of their own only where they fill pixels
    paint(town & shadow, BUILT, shadow=0.6, asphalt=0.2, grass=0.2)
    paint(town & trees, FOREST if fine else BUILT, light=lit, broadleaf=1)
    yard = hall | (lot(plot.id, 0, 1) < 0.15)
    paint(town & yard, BUILT, light=1 + 0.08 * mid, concrete=0.55, asphalt=0.45)
    paint(
        town,
        GRASS if fine else BUILT,
        light=1 + 0.08 * mid,
        grass=0.75 - 0.3 * dryness,
        straw=0.2 * dryness + 0.1,
        dark_soil=0.15 + 0.1 * dryness,
    )

    # woods: crowns with a sunny and a shady side, gaps in shadow
    wood = noise(scale / 30, 3 * scale, 2.1) + lot(field, -0.6, 0.6) + (from_river < river_m * 2.5)
    woods = highest(wood, share[1])
    needles = np.clip(0.5 + 0.45 * np.sign(wide * 0.5 + urban * 0.7 + lot(field, -0.6, 0.6)), 0, 1).astype(np.float32)
    autumn = np.clip(lot(crown.id, -0.9, 0.7) + np.float32(dryness - 0.4), 0, 0.6) * (1 - needles)
    gap = 0.22 + (np.clip((reach - 0.36) * 3, 0, 0.9) - 0.22) * sharp
    paint(
        woods,
        FOREST,
        light=lit,
        radar=np.exp(lot(crown.id, -0.5, 0.5)),
        conifer=needles * (1 - gap),
        broadleaf=(1 - needles - autumn) * (1 - gap),
        straw=autumn * (1 - gap),
        shadow=gap,
    )

    # open soil, and fields of crops, grass or nothing
    rough = noise(step, scale / 6, 1.2)
    stones = np.clip(0.5 + 0.3 * rough + 0.3 * mid, 0, 1)
    paint(
        highest(mid * 0.6 + urban - wide, share[3] * 0.5),
        SOIL,
        light=1 + 0.06 * rough,
        radar=np.exp(0.2 * mid),
        light_soil=0.9 * stones,
        dark_soil=0.9 * (1 - stones),
        straw=0.1,
    )
    use, tone = lot(field, 0, 1), lot(field, 0.85, 1.15)
    moist = np.exp(lot(field, -0.8, 0.8) + 0.15 * mid)
    row_m = np.maximum(lot(field, 2.5, 6), np.float32(4 * step))
    rows = np.sin(p / row_m * np.float32(2 * np.pi)) * np.float32(np.exp(-gsd_m / 6))
    rows = rows + 2 * (np.abs(p / 18 % 1 - 0.5) < 0.03) * np.float32(np.exp(-gsd_m / 6))  # wheel tracks
    light_ground = lot(block.id, 0, 0.6)
    edge = (margin < 1.5) & (lot(strip_id, 0, 1) < 0.7)
    paint(edge & (lot(strip_id, 0, 1) < 0.5), FOREST, light=lit, broadleaf=0.8, shadow=0.2)  # a hedge
    paint(edge, GRASS, grass=0.6, straw=0.2, light_soil=0.2)
    bare = use > 0.93 - 0.25 * dryness
    paint(
        bare,
        SOIL,
        light=tone * (1 + 0.05 * mid + 0.04 * rough + 0.05 * rows),
        radar=moist,
        light_soil=light_ground,
        dark_soil=1 - light_ground,
    )
    meadow = use < 0.42
    dried = np.clip(dryness * 0.7 + 0.12 * mid + 0.1 * rough + lot(field, -0.15, 0.2), 0, 0.9)
    bush = (mid + lot(crown.id, -1, 1) > 1.9) & (reach < 0.4) & meadow
    paint(bush, FOREST if fine else GRASS, light=lit, broadleaf=1)
    paint(
        meadow,
        GRASS,
        light=tone * (1 + 0.05 * mid),
        radar=moist,
        grass=0.92 * (1 - dried),
        straw=0.92 * dried,
        dark_soil=0.08,
    )
    cover = np.clip(lot(field, 0.45, 1.0) + 0.06 * mid - 0.14 * rows, 0.2, 1)
    ripe = np.where(lot(field, 0, 1) < 0.25 + 0.4 * dryness, lot(field, 0.5, 0.95), lot(field, 0, 0.15))
    paint(
        free,
        CROP,
        light=tone * (1 + 0.03 * mid - 0.05 * rows),
        radar=moist * (0.7 + 0.5 * cover),
        crop=cover * (1 - ripe),
        straw=cover * ripe,
        dark_soil=(1 - cover) * (1 - light_ground),
        light_soil=(1 - cover) * light_ground,
    )

    relief = np.gradient(wide, axis=1) * np.float32(scale / step)
    shade *= np.clip(1 - 0.03 * relief / (relief.std() + 1e-6), 0.85, 1.15) * np.clip(1 + 0.04 * rough, 0.8, 1.2)

    def pixels(a: Array) -> Array:
        parts = [a[..., i::k, j::k] for i in range(k) for j in range(k)]
        return sum(parts[1:], parts[0]) / np.float32(k * k)

    votes = np.stack([pixels((classes == c.value).astype(np.uint8)) for c in CLASSES])
    return pixels(shares * shade), pixels(shares * echo), (votes.argmax(0) + 1).astype(np.uint8)


# --- the sensor -------------------------------------------------------------------------------------------------


def _blur(a: Array, side: float) -> Array:
    """Each pixel with `side` of each of its neighbours in both directions: the point spread of a sensor. (..., H, W)"""
    for axis in (-2, -1):
        padded = np.concatenate((a.take([0], axis), a, a.take([-1], axis)), axis)
        n = a.shape[axis]
        left, right = padded.take(range(n), axis), padded.take(range(2, n + 2), axis)
        a = (1 - 2 * side) * a + side * (left + right)
    return a


def _scene(
    sensor: Sensor, size_px: int, seed: int, gsd_m: float | None, um: Sequence[float | None]
) -> tuple[Array, Array]:
    """`simulate` at freely chosen wavelengths: what a product has beside the sensor's own bands."""
    gsd_m = usual_gsd_m(sensor) if gsd_m is None else gsd_m
    if size_px < 8 or seed < 0 or gsd_m <= 0:
        raise ValueError(f"expected size_px >= 8, seed >= 0, gsd_m > 0, found {size_px}, {seed}, {gsd_m}")
    rng = np.random.default_rng([*sensor.id.encode(), size_px, seed])
    dryness = float(rng.beta(2.2, 1.0) if sensor.id == "enmap" else rng.beta(1, 3))
    lit, echoes, labels = _landscape(rng, size_px, gsd_m, dryness)
    if sensor.unit == "db":
        offset_db = rng.normal(0, 0.5, (2, 1)) + rng.normal(0, 1)  # of the scene: moisture, incidence angle
        power = 10 ** ((np.array(_VV_VH_DB).T + offset_db) / 10)
        mean = np.tensordot(power.astype(np.float32), echoes, 1)
        speckle = rng.standard_exponential((2, size_px, size_px), np.float32)  # one look; the blur makes about five
        signal = _blur(mean * speckle, 0.2) + 10 ** np.float32(-3.1)  # noise floor
        return 10 * np.log10(signal), labels
    wavelengths = np.array(um, np.float64)
    materials = spectra(wavelengths, dryness, float(rng.beta(2, 2 + 3 * dryness)), float(rng.beta(1, 2.5)))
    materials *= np.exp(rng.normal(0, 0.11, (len(MATERIALS), 1))).astype(np.float32)
    haze = (rng.uniform(0, 0.006) * (wavelengths / 0.5) ** -2).astype(np.float32)
    gain = rng.uniform(0.85, 1.15)
    bands = np.tensordot(materials.T * np.float32(gain), _blur(lit, 0.12), 1) + haze[:, None, None]
    if sensor.id == "sentinel-2":  # bands of 20 m, in pixels of 10 m
        coarse = (wavelengths > 0.7) & (abs(wavelengths - 0.842) > 0.005) | (wavelengths < 0.46)
        bands[coarse] = _blur(_blur(bands[coarse], 0.25), 0.15)
    noise_level = np.where(wavelengths > 1, 0.002, 0.001 + 0.001 * (wavelengths < 0.46))
    if sensor.id != "enmap":
        noise_level = np.full(len(wavelengths), 0.0012 if sensor.unit == "reflectance" else 0.0025)
    noise = rng.standard_normal(bands.shape, np.float32)
    bands += noise * noise_level[:, None, None].astype(np.float32)
    never = np.array(sorted(sensor.never), int) - 1
    bands[never] = 0.002 * np.abs(noise[never])
    bands = np.clip(bands, 1e-4, 1)
    if sensor.unit == "8-bit":
        white = np.interp(wavelengths, _WHITE_UM, _WHITE)[:, None, None] * rng.uniform(0.8, 1.2)
        veil = np.interp(wavelengths, (0.48, 0.83), (0.022, 0.004))[:, None, None]
        bands = np.clip(255 * ((bands + veil) / white) ** (_GAMMA * rng.uniform(0.85, 1.15)), 0, 255)
    return bands.astype(np.float32), labels


# --- files in the form real ones have ---------------------------------------------------------------------------

_S2_PRODUCT = {
    "B1": 0.443,
    "B2": 0.490,
    "B3": 0.560,
    "B4": 0.665,
    "B5": 0.705,
    "B6": 0.740,
    "B7": 0.783,
    "B8": 0.842,
    "B8A": 0.865,
    "B9": 0.945,
    "B11": 1.610,
    "B12": 2.190,
}
_PLACE = {
    "sentinel-1": (32632, 448000, 5921000),
    "sentinel-2": (32633, 390000, 5790000),
    "gaofen": (32650, 512000, 3372000),
    "naip": (26917, 604000, 4121000),
    "enmap": (32633, 354000, 5820000),
}  # EPSG code, easting and northing of the upper left corner
SAMPLES = {
    "sentinel-1": (384, 14),
    "sentinel-2": (288, 1),
    "gaofen": (512, 7),
    "naip": (512, 7),
    "enmap": (96, 3),
}  # size in pixels and seed: scenes in which every class is found


def write(sensor_id: str, size_px: int, seed: int, path: str | Path, labels_path: str | Path | None = None) -> None:
    """Write `simulate`'s scene as a GeoTIFF like the sensor's real products, and its labels where a path is given.

    Sentinel-1: float32 dB in steps of 1/32. Sentinel-2: the 12 bands of a level-2A product, uint16 reflectance x
    10000. Gaofen, NAIP: uint8. EnMAP: int16 reflectance x 10000, nodata -32768, wavelengths as band metadata, six
    water-vapour bands nodata everywhere. Labels: uint8, nodata 0, colour table. Raises as `simulate` does, and
    rasterio's errors where a file cannot be written.
    """
    import rasterio
    from rasterio import Affine

    from ofa_engine.raster.geotiff import write_class_names

    sensor = get_sensor(sensor_id)
    names = list(sensor.band_names)
    um = [band.wavelength_um for band in sensor.bands]
    if sensor_id == "sentinel-2":
        names, um = list(_S2_PRODUCT), list(_S2_PRODUCT.values())
    elif sensor_id == "gaofen":
        names = ["Red", "Green", "Blue", "NIR"]
    elif sensor_id == "enmap":
        names = [f"{name} ({1000 * (w or 0):g} Nanometers)" for name, w in zip(names, um, strict=True)]
    bands, labels = _scene(sensor, size_px, seed, None, um)
    options: dict[str, Any] = {}
    if sensor.unit == "db":
        bands = np.round(bands * 32) / np.float32(32)
        options["nodata"] = float("nan")
    elif sensor.unit == "8-bit":
        bands, options["photometric"] = np.round(bands).astype(np.uint8), "RGB"
    elif sensor_id == "enmap":
        bands, options["nodata"] = np.round(bands * 10000).astype(np.int16), -32768
        bands[129:135] = -32768
    else:
        bands = np.round(bands * 10000).astype(np.uint16)
    if len(bands) == 4:
        options["alpha"] = "NO"
    epsg, east, north = _PLACE.get(sensor_id, _PLACE["sentinel-2"])
    gsd_m = usual_gsd_m(sensor)
    place = {"crs": f"EPSG:{epsg}", "transform": Affine(gsd_m, 0, east, 0, -gsd_m, north)}
    block_px = min(128, -(-size_px // 16) * 16)
    options |= {
        "driver": "GTiff",
        "width": size_px,
        "height": size_px,
        "compress": "deflate",
        "zlevel": 9,
        "tiled": True,
        "blockxsize": block_px,
        "blockysize": block_px,
    }
    interleave = "band" if len(bands) > 4 else "pixel"
    predictor = 3 if sensor.unit == "db" else 2
    with rasterio.open(
        path, "w", count=len(bands), dtype=bands.dtype, interleave=interleave, predictor=predictor, **place, **options
    ) as file:
        file.write(bands)
        file.update_tags(TIFFTAG_IMAGEDESCRIPTION=f"Simulated {sensor.title} scene, not a measurement")
        for index, name in enumerate(names, 1):
            if sensor_id != "naip":
                file.set_band_description(index, name)
            if sensor_id == "enmap":
                file.update_tags(index, wavelength=f"{1000 * (um[index - 1] or 0):g}", wavelength_units="Nanometers")
    if labels_path is None:
        return
    options.pop("photometric", None), options.pop("alpha", None)
    with rasterio.open(labels_path, "w", count=1, dtype="uint8", **place, **options | {"nodata": 0}) as file:
        file.write(labels, 1)
        file.write_colormap(1, {c.value: tuple(bytes.fromhex(c.color[1:])) for c in CLASSES})
    classes = [c._asdict() for c in CLASSES]
    write_class_names(Path(labels_path), classes, [int((labels == c.value).sum()) for c in CLASSES])


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m training.simulate", description="Simulate scenes of a sensor.")
    parser.add_argument("--sensor", choices=list(SENSORS))
    parser.add_argument("--size", type=int, default=256, metavar="PX")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--output", type=Path, metavar="FILE.tif")
    parser.add_argument("--labels", type=Path, metavar="FILE.tif", help="write the land cover too")
    parser.add_argument("--samples", type=Path, metavar="FOLDER", help="write the sample scenes of all sensors")
    told = parser.parse_args(arguments)
    if not told.samples and not (told.sensor and told.output):
        parser.error("expected --samples FOLDER, or --sensor and -o")
    try:
        if told.samples:
            told.samples.mkdir(parents=True, exist_ok=True)
            for sensor_id, (size_px, seed) in SAMPLES.items():
                write(sensor_id, size_px, seed, told.samples / f"{sensor_id}.tif")
        else:
            write(told.sensor, told.size, told.seed, told.output, told.labels)
    except ValueError as error:
        parser.error(str(error))
    return 0


if __name__ == "__main__":
    sys.exit(main())
