"""The mixture that the starter model is pretrained on: public samples of all five sensors, and the simulator.

Layout: `eurosat_rgb/CLASS/*.jpg`, `naip_scenes/*.tif` (R, G, B, NIR), `aerial/*.tif`, `chesapeake/*.npz`,
`s1_floods/images/*.tif`, `s2_chips/*.tif`, `s2_scene/sen2_12band.tif`, `enmap_potsdam/images/*.tif`, and the sets of
`real_sets`; missing sets are skipped. EuroSAT's held-out chips (`held_out_chips`) and Sentinel-2 chips of held-out
places (`training.data.places`) are never used. Pixels are stored in the canonical unit.
"""

import functools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ofa_engine.core.sensors import SENSORS, get_sensor
from ofa_engine.raster.source import Source
from training.data.places import held_out_files
from training.data.readers import real_sets
from training.data.readers.held_out_chips import chip_digest, held_out_chips
from training.data.readers.pixels import canonical, read_image, resized
from training.data.readers.rasters import read_raster, windows
from training.data.readers.reader import Listing, ReaderAndListing, SourceOptions, UnusableSample
from training.simulation.scene import simulate

SIZE_PX = {"enmap": 32}  # of a sample; the others have 64
SCENES = {
    "naip": 100,
    "gaofen": 150,
    "sentinel-2": 200,
    "sentinel-1": 150,
    "enmap": 150,
}  # simulated, each cut to 16 samples


@functools.lru_cache(maxsize=2)
def _simulated(sensor: str, seed: int, size_px: int) -> NDArray[np.float32]:
    """A scene with pixels of 0.6 to 1.5 times the usual size."""
    gsd_m = get_sensor(sensor).usual_gsd_m * (1, 1.5, 0.6, 1)[seed % 4]
    return simulate(sensor, size_px, 50_000_000 + seed, gsd_m)[0]


@dataclass(frozen=True)
class StarterMixture:
    """Samples by name: FILE, or FILE@column,row,side (of which layer, for .npz: #first), or `simulated/SEED@...`."""

    root: str
    sensor: str
    nodata: float | None = None

    @property
    def size_px(self) -> int:
        return SIZE_PX.get(self.sensor, 64)

    @property
    def units(self) -> str:
        return get_sensor(self.sensor).unit

    @property
    def dtype(self) -> str:
        return "uint8" if self.units == "8-bit" else "float16"

    def read(self, name: str) -> NDArray:
        name, _, corner = name.partition("@")
        x, y, side = map(int, corner.split(",")) if corner else (0, 0, 0)
        pixels = self._pixels(name, (x, y, side, side) if corner else None)
        if pixels.shape[1:] != (self.size_px, self.size_px):
            pixels = resized(pixels, self.size_px, self.size_px)
        return pixels

    def _pixels(self, name: str, window: tuple[int, int, int, int] | None) -> NDArray:
        kind = name.partition("/")[0]
        path = Path(self.root, name.partition("#")[0])
        if kind == "real":
            return real_sets.read_sample(Path(self.root), name, self.sensor, window)
        if kind == "simulated":
            assert window
            return _cut(_simulated(self.sensor, int(path.name), 4 * self.size_px), window)
        if kind == "eurosat_rgb":
            return read_image(path)
        if kind == "chesapeake":
            assert window
            first = int(name.partition("#")[2])
            bands = len(get_sensor(self.sensor).bands)
            return _cut(np.load(path)["arr_0"][0, first : first + bands], window)
        if kind == "s2_chips":
            return canonical(read_raster(path, real_sets.S2_BANDS, window), self.sensor, "dn")
        if kind == "s2_scene":
            return canonical(read_raster(path, real_sets.S2_BANDS, window), self.sensor, "reflectance+0.1")
        if kind == "enmap_potsdam":
            return canonical(read_raster(path, None, window), self.sensor, "dn")
        pixels = read_raster(path, None, window)
        if kind in ("aerial", "naip_scenes"):
            whole = pixels[3] > 0 if kind == "aerial" and len(pixels) == 4 else pixels.max(0) > 0
            if not np.isfinite(pixels).all() or not whole.all():
                raise UnusableSample("expected a tile inside the scene, found its edge")
            pixels = pixels[: len(get_sensor(self.sensor).bands)]
        return pixels


def _cut(pixels: NDArray, window: tuple[int, int, int, int]) -> NDArray:
    x, y, width, height = window
    return pixels[:, y : y + height, x : x + width]


def _names(root: Path, sensor: str, size_px: int, scenes: Mapping[str, int], held_out: frozenset[str]) -> Iterable[str]:
    """Samples of the first sets, those of small ones several times so that they keep some weight, then simulated ones,
    then those of `real_sets`."""
    places = held_out_files()

    def files(pattern: str) -> list[tuple[str, Path]]:
        return [(path.relative_to(root).as_posix(), path) for path in sorted(root.glob(pattern))]

    def rasters(pattern: str, side: int, step: int, bands: int) -> Iterable[str]:
        for name, path in files(pattern):
            with Source(path) as image:
                if image.dataset.count >= bands:
                    yield from windows(name, image.width, image.height, side, step)

    if sensor == "naip":
        yield from (name for name, path in files("eurosat_rgb/*/*.jpg") if chip_digest(path) not in held_out)
        yield from rasters("aerial/*.tif", 64, 48, 3)
    if sensor in ("naip", "gaofen"):
        for side, step in ((64, 64), (128, 96)):
            yield from rasters("naip_scenes/*.tif", side, step, 4)
            for name, _ in files("chesapeake/*.npz"):
                for first in (0, 4):
                    yield from windows(f"{name}#{first}", 256, 256, side, step // 2)
    if sensor == "sentinel-2":
        yield from 4 * [name for name, _ in files("s2_chips/*.tif") if name not in places]
        yield from 2 * list(rasters("s2_scene/sen2_12band.tif", 64, 16, 12))
        yield from rasters("s2_scene/sen2_12band.tif", 32, 16, 12)
    if sensor == "sentinel-1":
        for side in (64, 112):
            yield from rasters("s1_floods/images/*.tif", side, 32, 2)
    if sensor == "enmap":
        yield from 40 * [name for name, _ in files("enmap_potsdam/images/*.tif")]
        yield from 10 * list(rasters("enmap_potsdam/images/*.tif", 16, 8, 224))
    for seed in range(scenes[sensor]):
        yield from windows(f"simulated/{seed}", 4 * size_px, 4 * size_px, size_px, size_px)
    yield from real_sets.sample_names(root, sensor)


def list_samples(
    root: Path, sensor: str, scenes: Mapping[str, int] = SCENES, held_out: frozenset[str] | None = None
) -> ReaderAndListing:
    """The mixture of one sensor.

    Args:
        root: folder with the public sets.
        sensor: id of the sensor.
        scenes: simulated scenes by sensor id.
        held_out: digests of EuroSAT chips that are not used; None: those of `held_out_chips`.
    """
    reader = StarterMixture(str(root), sensor)
    held_out = held_out_chips() if held_out is None else held_out
    return reader, Listing(list(_names(root, sensor, reader.size_px, scenes, held_out)), as_listed=True)


def open_source(options: SourceOptions) -> Iterator[ReaderAndListing]:
    for sensor in [get_sensor(options.sensor).id] if options.sensor else SENSORS:
        yield list_samples(options.root, sensor)
