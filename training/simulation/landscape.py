"""A random landscape: fields, woods, settlements, lakes and rivers, roads, painted on a grid finer than the pixels."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from training.simulation.land_cover import BUILT, CLASSES, CROP, FOREST, GRASS, SOIL, WATER
from training.simulation.materials import MATERIALS
from training.simulation.random_fields import Cells, jittered_cells, noise_field


class Landscape(NamedTuple):
    """Per pixel: shares of MATERIALS times sunlight (M, H, W), the same times radar echo (M, H, W), and the land-cover
    class (H, W) uint8."""

    lit: NDArray[np.float32]
    echoes: NDArray[np.float32]
    labels: NDArray[np.uint8]


def random_landscape(rng: np.random.Generator, size_px: int, gsd_m: float, dryness: float) -> Landscape:
    """A square landscape of size_px pixels of gsd_m metres; `dryness` 0..1 makes fields bare and vegetation straw."""
    painter = _Painter(rng, size_px, gsd_m, dryness)
    painter.water()
    plots = painter.settlements()
    painter.crowns()
    painter.gardens(plots)
    painter.woods()
    painter.open_soil()
    painter.field_edges()
    painter.fields()
    return painter.pixels()


class _Plots(NamedTuple):
    """Settlements, each plot with one house; offsets from the middle of the plot in metres."""

    id: NDArray
    dx: NDArray
    dy: NDArray
    half_x: NDArray  # half the house's sides
    half_y: NDArray
    built: NDArray  # there is a house
    hall: NDArray  # in blocks of halls
    town: NDArray


def _rotate(dx: NDArray, dy: NDArray, angle: NDArray) -> tuple[NDArray, NDArray]:
    c, s = np.cos(angle), np.sin(angle)
    return dx * c + dy * s, dy * c - dx * s


class _Canvas:
    """Grid points that are painted once: what is painted first stays."""

    def __init__(self, n: int):
        self.free = np.ones((n, n), bool)
        self.shade = np.ones((n, n), np.float32)  # sunlight
        self.echo = np.ones((n, n), np.float32)  # radar: factor on the material's own backscatter
        self.classes = np.zeros((n, n), np.uint8)
        self.shares = np.zeros((len(MATERIALS), n, n), np.float32)

    def highest(self, score: NDArray, share: float) -> NDArray:
        """Free points with the highest scores; they are `share` of all points."""
        free = self.free
        share = min(1.0, share * free.size / max(int(free.sum()), 1))
        return free & (score > np.quantile(score[free][::7] if free.sum() > 70 else score, 1 - share))

    def paint(
        self,
        where: NDArray,
        land_cover: int,
        light: NDArray | float = 1,
        radar: NDArray | float = 1,
        **materials: NDArray | float,
    ) -> None:
        """Covers free points with shares of materials (an underscore stands for the blank in their names)."""
        where = where & self.free
        self.free[where] = False
        self.classes[where] = land_cover
        for name, part in materials.items():
            self.shares[MATERIALS.index(name.replace("_", " "))] += where * np.asarray(part, np.float32)
        self.shade[where] *= light if isinstance(light, float | int) else light[where]
        self.echo[where] *= radar if isinstance(radar, float | int) else radar[where]


class _Painter:
    """Draws one landscape. The methods share the random generator, so their order decides what is drawn."""

    def __init__(self, rng: np.random.Generator, size_px: int, gsd_m: float, dryness: float):
        """Divides the land into blocks between roads, each with its own direction, strips and fields."""
        self.rng, self.gsd_m, self.dryness = rng, gsd_m, dryness
        self.k = 2 if gsd_m < 15 else 4  # points along a pixel's side
        self.n, self.step = size_px * self.k, gsd_m / self.k
        self.scale = scale = 90 * gsd_m**0.45  # metres of a typical patch: coarser sensors show more of the land
        self.y, self.x = (axis.astype(np.float32) for axis in np.mgrid[: self.n, : self.n] * self.step)
        self.fine = gsd_m < 8  # gardens have a class of their own only where they fill pixels
        self.wide = self.noise(scale / 3, 6 * scale, 2.6)
        self.mid = self.noise(scale / 20, scale, 1.8)
        bend = self.noise(scale / 2, 3 * scale, 3) * np.float32(scale / 9)
        self.block = jittered_cells(rng, self.x + bend, self.y + self.wide * np.float32(scale / 9), 4 * scale, 0.8)
        self.angle = self.draw(self.block.id, 0, np.pi)
        self.p, self.q = _rotate(self.x, self.y, self.angle)
        width = self.draw(self.block.id, 0.35, 0.9) * np.float32(scale)
        strip = self.p / width + self.draw(self.block.id, 0, 1)
        self.strip_id = (np.floor(strip).astype(np.int64) * 2399 + self.block.id * 17) & 4095
        along = self.q / (width * self.draw(self.strip_id, 1.2, 3.5)) + self.draw(self.strip_id, 0, 1)
        self.field = (np.floor(along).astype(np.int64) * 1613 + self.strip_id) & 4095
        self.margin_m = np.minimum(0.5 - np.abs(strip % 1 - 0.5), (0.5 - np.abs(along % 1 - 0.5)) * 2) * width
        # shares of water, woods, settlements, open soil and the rest
        self.share = rng.dirichlet((0.9, 2.2 - 1.4 * dryness, 1.0, 0.4 + 0.5 * dryness, 2.6))
        self.canvas = _Canvas(self.n)

    def noise(self, small_m: float, large_m: float, slope: float) -> NDArray:
        return noise_field(self.rng, self.n, self.step, small_m, large_m, slope)

    def draw(self, ids: NDArray, low: float, high: float) -> NDArray:
        """One random number for each id 0..4095."""
        return self.rng.uniform(low, high, 4096).astype(np.float32).take(ids)

    def water(self) -> None:
        """Lakes in the lowest places, a river along the zero line of a smooth field."""
        rng, scale, canvas, mid = self.rng, self.scale, self.canvas, self.mid
        lakes = canvas.highest(-self.wide, self.share[0] * 0.8)
        course = self.noise(scale, 6 * scale, 3.2)
        slope_y, slope_x = np.gradient(course, np.float32(self.step))
        self.from_river = np.abs(course) / (np.hypot(slope_x, slope_y) + np.float32(1e-6))
        self.river_m = scale * rng.uniform(0.08, 0.3) if rng.random() < 0.5 else 0.0
        wind = np.exp(self.noise(scale / 3, 3 * scale, 2) * np.float32(0.35) + np.float32(rng.normal(0, 0.5)))
        canvas.paint(lakes | (self.from_river < self.river_m), WATER, light=1 + 0.08 * mid, radar=wind, water=1)
        canvas.paint(self.from_river < self.river_m * 1.25, SOIL, light=1 + 0.1 * mid, light_soil=0.7, grass=0.3)
        shore = canvas.highest(-self.wide, self.share[0] * 0.05 * rng.integers(0, 2))
        canvas.paint(shore, SOIL, light=1 + 0.1 * mid, light_soil=0.8, straw=0.2)

    def settlements(self) -> _Plots:
        """Roads, streets and houses; in some blocks a house is a hall."""
        scale, step, canvas, block = self.scale, self.step, self.canvas, self.block
        hall = self.draw(block.id, 0, 1) < 0.2
        zoom = np.where(hall, np.float32(0.33), np.float32(1))
        plot = jittered_cells(self.rng, self.p * zoom, self.q * zoom, max(21.0, 2.5 * step), 0.25)
        dx, dy = plot.dx / zoom, plot.dy / zoom
        self.urban = self.noise(scale / 4, 4 * scale, 2.6)
        cx, cy = _rotate(dx, dy, -self.angle)
        row = np.clip(((self.y - cy) / np.float32(step)).astype(np.int32), 0, self.n - 1)
        column = np.clip(((self.x - cx) / np.float32(step)).astype(np.int32), 0, self.n - 1)
        town = canvas.highest(self.urban[row, column], self.share[2] * 0.8)
        street = np.minimum(np.abs(self.p / 110 % 1 - 0.5) * 110, np.abs(self.q / 63 % 1 - 0.5) * 63) < 3.5
        road = (block.border_m < 3.5) & (self.from_river > self.river_m * 1.3)
        canvas.paint(road, BUILT, asphalt=0.85, concrete=0.15)
        canvas.paint(town & street, BUILT, light=1 + 0.06 * self.mid, asphalt=0.75, concrete=0.15, broadleaf=0.1)
        half_x, half_y = self.draw(plot.id, 3.5, 6.5) / zoom, self.draw(plot.id, 4.5, 8.5) / zoom
        built = self.draw(plot.id, 0, 1) < 0.88
        plots = _Plots(plot.id, dx, dy, half_x, half_y, built, hall, town)
        self._roofs(plots)
        return plots

    def _roofs(self, plots: _Plots) -> None:
        hall, dx, dy = plots.hall, plots.dx, plots.dy
        kind = np.where(hall, self.draw(self.block.id, 0.55, 1), self.draw(plots.id, 0, 0.92))
        kinds = {
            "tile": kind < 0.5,
            "slate": (kind >= 0.5) & (kind < 0.72),
            "concrete": (kind >= 0.72) & (kind < 0.85),
            "metal": kind >= 0.85,
        }
        # walls that face the radar
        aligned = np.exp(-((np.sin(self.angle - np.float32(0.2)) / np.float32(0.3)) ** 2))
        bounce = np.exp(self.draw(plots.id, -1.6, 1.6)) * (1 + 2 * aligned)
        slope = 1 + np.sign(dx) * np.where(hall, np.float32(0.04), np.float32(0.17))
        light = slope * self.draw(plots.id, 0.75, 1.2)
        house = plots.town & plots.built & (np.abs(dx) < plots.half_x) & (np.abs(dy) < plots.half_y)
        self.canvas.paint(house, BUILT, light=light, radar=bounce, **kinds)

    def crowns(self) -> None:
        """Tree crowns everywhere; gardens, woods and meadows use them."""
        size_m = max(7.5, 2.2 * self.step)
        self.crown: Cells = jittered_cells(self.rng, self.x, self.y, size_m, 0.9)
        dx, dy = self.crown.dx, self.crown.dy
        self.sharp = np.float32(min(1.0, (2.5 / self.step) ** 1.5))  # crowns smaller than a pixel blur to a mean
        self.reach = np.sqrt(dx**2 + dy**2) / np.float32(size_m)
        lit = (1 - 0.5 * (dx + dy) / np.float32(size_m) - 0.5 * self.reach) * self.draw(self.crown.id, 0.7, 1.25)
        self.lit = 0.82 + (lit - 0.82) * self.sharp

    def gardens(self, plots: _Plots) -> None:
        """Shadows of houses, trees, yards and lawns."""
        canvas, mid, dryness, town = self.canvas, self.mid, self.dryness, plots.town
        shadow = (np.abs(plots.dx - 2.5) < plots.half_x) & (np.abs(plots.dy - 2) < plots.half_y) & plots.built
        trees = (mid + self.draw(self.crown.id, -1, 1) > 1.0) & (self.reach < 0.55)
        canvas.paint(town & shadow, BUILT, shadow=0.6, asphalt=0.2, grass=0.2)
        canvas.paint(town & trees, FOREST if self.fine else BUILT, light=self.lit, broadleaf=1)
        yard = plots.hall | (self.draw(plots.id, 0, 1) < 0.15)
        canvas.paint(town & yard, BUILT, light=1 + 0.08 * mid, concrete=0.55, asphalt=0.45)
        canvas.paint(
            town,
            GRASS if self.fine else BUILT,
            light=1 + 0.08 * mid,
            grass=0.75 - 0.3 * dryness,
            straw=0.2 * dryness + 0.1,
            dark_soil=0.15 + 0.1 * dryness,
        )

    def woods(self) -> None:
        """Crowns with a sunny and a shady side, gaps in shadow."""
        canvas, field, scale = self.canvas, self.field, self.scale
        wood = self.noise(scale / 30, 3 * scale, 2.1) + self.draw(field, -0.6, 0.6)
        woods = canvas.highest(wood + (self.from_river < self.river_m * 2.5), self.share[1])
        mixture = self.wide * 0.5 + self.urban * 0.7 + self.draw(field, -0.6, 0.6)
        needles = np.clip(0.5 + 0.45 * np.sign(mixture), 0, 1).astype(np.float32)
        autumn = self.draw(self.crown.id, -0.9, 0.7) + np.float32(self.dryness - 0.4)
        autumn = np.clip(autumn, 0, 0.6) * (1 - needles)
        gap = 0.22 + (np.clip((self.reach - 0.36) * 3, 0, 0.9) - 0.22) * self.sharp
        canvas.paint(
            woods,
            FOREST,
            light=self.lit,
            radar=np.exp(self.draw(self.crown.id, -0.5, 0.5)),
            conifer=needles * (1 - gap),
            broadleaf=(1 - needles - autumn) * (1 - gap),
            straw=autumn * (1 - gap),
            shadow=gap,
        )

    def open_soil(self) -> None:
        mid, canvas = self.mid, self.canvas
        self.rough = self.noise(self.step, self.scale / 6, 1.2)
        stones = np.clip(0.5 + 0.3 * self.rough + 0.3 * mid, 0, 1)
        canvas.paint(
            canvas.highest(mid * 0.6 + self.urban - self.wide, self.share[3] * 0.5),
            SOIL,
            light=1 + 0.06 * self.rough,
            radar=np.exp(0.2 * mid),
            light_soil=0.9 * stones,
            dark_soil=0.9 * (1 - stones),
            straw=0.1,
        )

    def field_edges(self) -> None:
        """What all fields have: use, tone, moisture, rows and wheel tracks; hedges and strips of grass between them."""
        field, p = self.field, self.p
        self.use, self.tone = self.draw(field, 0, 1), self.draw(field, 0.85, 1.15)
        self.moist = np.exp(self.draw(field, -0.8, 0.8) + 0.15 * self.mid)
        row_m = np.maximum(self.draw(field, 2.5, 6), np.float32(4 * self.step))
        blur = np.float32(np.exp(-self.gsd_m / 6))
        tracks = 2 * (np.abs(p / 18 % 1 - 0.5) < 0.03) * blur
        self.rows = np.sin(p / row_m * np.float32(2 * np.pi)) * blur + tracks
        self.light_ground = self.draw(self.block.id, 0, 0.6)
        edge = (self.margin_m < 1.5) & (self.draw(self.strip_id, 0, 1) < 0.7)
        hedge = edge & (self.draw(self.strip_id, 0, 1) < 0.5)
        self.canvas.paint(hedge, FOREST, light=self.lit, broadleaf=0.8, shadow=0.2)
        self.canvas.paint(edge, GRASS, grass=0.6, straw=0.2, light_soil=0.2)

    def fields(self) -> None:
        """Bare fields, meadows with bushes, and crops on what is left."""
        canvas, mid, field, dryness = self.canvas, self.mid, self.field, self.dryness
        tone, ground, rough, rows = self.tone, self.light_ground, self.rough, self.rows
        bare = self.use > 0.93 - 0.25 * dryness
        light = tone * (1 + 0.05 * mid + 0.04 * rough + 0.05 * rows)
        canvas.paint(bare, SOIL, light=light, radar=self.moist, light_soil=ground, dark_soil=1 - ground)
        meadow = self.use < 0.42
        dried = np.clip(dryness * 0.7 + 0.12 * mid + 0.1 * rough + self.draw(field, -0.15, 0.2), 0, 0.9)
        bush = (mid + self.draw(self.crown.id, -1, 1) > 1.9) & (self.reach < 0.4) & meadow
        canvas.paint(bush, FOREST if self.fine else GRASS, light=self.lit, broadleaf=1)
        canvas.paint(
            meadow,
            GRASS,
            light=tone * (1 + 0.05 * mid),
            radar=self.moist,
            grass=0.92 * (1 - dried),
            straw=0.92 * dried,
            dark_soil=0.08,
        )
        cover = np.clip(self.draw(field, 0.45, 1.0) + 0.06 * mid - 0.14 * rows, 0.2, 1)
        is_ripe = self.draw(field, 0, 1) < 0.25 + 0.4 * dryness
        ripe = np.where(is_ripe, self.draw(field, 0.5, 0.95), self.draw(field, 0, 0.15))
        canvas.paint(
            canvas.free,
            CROP,
            light=tone * (1 + 0.03 * mid - 0.05 * rows),
            radar=self.moist * (0.7 + 0.5 * cover),
            crop=cover * (1 - ripe),
            straw=cover * ripe,
            dark_soil=(1 - cover) * (1 - ground),
            light_soil=(1 - cover) * ground,
        )

    def pixels(self) -> Landscape:
        """Averages over the points of each pixel, with the shading of relief."""
        canvas = self.canvas
        relief = np.gradient(self.wide, axis=1) * np.float32(self.scale / self.step)
        hills = np.clip(1 - 0.03 * relief / (relief.std() + 1e-6), 0.85, 1.15)
        canvas.shade *= hills * np.clip(1 + 0.04 * self.rough, 0.8, 1.2)
        mean = _pixel_means(self.k)
        votes = np.stack([mean((canvas.classes == c.value).astype(np.uint8)) for c in CLASSES])
        labels = (votes.argmax(0) + 1).astype(np.uint8)
        return Landscape(mean(canvas.shares * canvas.shade), mean(canvas.shares * canvas.echo), labels)


def _pixel_means(k: int) -> Callable[[NDArray], NDArray]:
    """A function from (..., k * H, k * W) points to means (..., H, W)."""

    def mean(points: NDArray) -> NDArray:
        parts = [points[..., i::k, j::k] for i in range(k) for j in range(k)]
        return sum(parts[1:], parts[0]) / np.float32(k * k)

    return mean
