"""The samples of pair sets (`pair_sets`), from the public samples that `readers.starter_mixture` reads.

  s1s2       Sentinel-1 and -2 chips of BigEarthNet, WorldCereal, SEN12MS-CR, PASTIS and BioMassters
  optical    Sentinel-2 chips; their red, green and blue on the 8-bit scale as NAIP, with near infrared as Gaofen
  simulated  one simulated landscape as all sensors see it
Chips of held-out places (`places`) never enter.
"""

import hashlib
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ofa_engine.core.files import sha256
from ofa_engine.core.sensors import SENSORS, get_sensor
from training.data.places import held_out_files
from training.data.readers.pixels import resized
from training.data.readers.real_sets import (
    array_files,
    array_layers,
    read_sentinel1,
    read_sentinel2,
    window_names,
)
from training.data.readers.starter_mixture import StarterMixture, list_samples
from training.data.shards import ShardManifest
from training.simulation.scene import simulate_together

SIZE_PX = 64
SCENES = 40  # simulated, each cut to 16 samples
_SCENE_GSD_M = (10.0, 4.0, 20.0, 30.0)
_SHRINK = {"enmap": 2}  # pixels that are that many times as large, which saves three quarters of the memory
SHARD_SAMPLES = 256

Pixels = dict[str, NDArray]  # (C, H, W) by sensor id
PairSample = tuple[str, Pixels]  # with its name


def radar_optical(root: Path) -> Iterator[PairSample]:
    """Sentinel-1 and -2 of the same ground, a few days apart."""
    held_out = held_out_files()
    for radar, chip in _twins(root):
        file = chip.relative_to(root).as_posix()
        if file in held_out:
            continue
        for name in window_names(root, file, chip.parent.name):
            x, y, side = map(int, name.rpartition("@")[2].split(","))
            window = (x, y, side, side)
            yield name, _radar_optical(read_sentinel1(radar, window), read_sentinel2(chip, window))
    for path in array_files(root):
        layers = zip(array_layers(path, "sentinel-1"), array_layers(path, "sentinel-2"), strict=True)
        for number, (backscatter, bands) in enumerate(layers):
            if np.isfinite(backscatter).mean() > 0.8:
                yield f"{path.stem}#{number}", _radar_optical(backscatter, bands)


def _radar_optical(backscatter: NDArray, bands: NDArray) -> Pixels:
    pixels = {"sentinel-1": backscatter, "sentinel-2": bands}
    for key, values in pixels.items():
        if values.shape[1] != SIZE_PX:
            values = resized(values, SIZE_PX, SIZE_PX)
        pixels[key] = values.astype(np.float16)
    return pixels


def _twins(root: Path) -> Iterator[tuple[Path, Path]]:
    """(Sentinel-1 file, Sentinel-2 file) of the same ground, by their names."""
    real = root / "real"
    for radar in sorted((real / "s1_ben").glob("*.tif")):
        yield radar, real / "s2_ben" / radar.name
    for radar in sorted((real / "s1_worldcereal").glob("*.tif")):
        yield radar, real / "s2_worldcereal" / f"{radar.stem.partition('_S1')[0]}.tif"
    for radar in sorted((real / "s1_sen12mscr").glob("*.tif")):
        yield radar, real / "s2_sen12mscr" / f"{radar.stem.replace('_s1_', '_s2_cloudy_')}.tif"


def optical(root: Path) -> Iterator[PairSample]:
    """Each real Sentinel-2 sample once, as three sensors."""
    reader = StarterMixture(str(root), "sentinel-2")
    names = list_samples(root, "sentinel-2", dict.fromkeys(SENSORS, 0))[1].names
    for name in dict.fromkeys(names):
        pixels = reader.read(name).astype(np.float32)
        picture = as_picture(pixels[[0, 1, 2, 6]], name)
        yield name, {"sentinel-2": pixels.astype(np.float16), "gaofen": picture, "naip": picture[:3]}


def as_picture(reflectance: NDArray[np.float32], name: str) -> NDArray[np.uint8]:
    """Reflectance (C, H, W) on the 8-bit scale, as a viewer would stretch it. White point and gamma are drawn by the
    sample's name and the same for all bands, so that colours stay."""
    rng = np.random.default_rng(int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big"))
    white, gamma = rng.uniform(0.22, 0.4), rng.uniform(0.7, 1.0)
    bands = np.nan_to_num(reflectance).clip(0, None) / white
    return (255 * bands**gamma).clip(0, 255).round().astype(np.uint8)


def simulated(scenes: int) -> Iterator[PairSample]:
    """Cuts of simulated landscapes as all sensors see them."""
    side = 4 * SIZE_PX
    for seed in range(scenes):
        scene = simulate_together(list(SENSORS), side, seed, _SCENE_GSD_M[seed % len(_SCENE_GSD_M)])
        for y in range(0, side, SIZE_PX):
            for x in range(0, side, SIZE_PX):
                cuts = {key: bands[:, y : y + SIZE_PX, x : x + SIZE_PX] for key, bands in scene.items()}
                yield f"simulated/{seed}@{x},{y}", {key: _stored(key, cut) for key, cut in cuts.items()}


def _stored(key: str, pixels: NDArray) -> NDArray:
    if key in _SHRINK:
        pixels = resized(pixels, SIZE_PX // _SHRINK[key], SIZE_PX // _SHRINK[key])
    return pixels.round().astype(np.uint8) if get_sensor(key).unit == "8-bit" else pixels.astype(np.float16)


def write_pair_set(folder: Path, samples: Iterable[PairSample], source: str) -> int:
    """Writes the shards of all sensors of a pair set.

    Args:
        folder: of the set.
        samples: each with the same sensors.
        source: stands in the manifests.

    Returns:
        The number of samples.
    """
    names: list[str] = []
    manifests: dict[str, ShardManifest] = {}
    rest = iter(samples)
    while part := list(islice(rest, SHARD_SAMPLES)):
        names += [name for name, _ in part]
        for key in part[0][1]:
            values = np.stack([pixels[key] for _, pixels in part])
            manifest = manifests.setdefault(key, _manifest(key, values, source))
            path = folder / key / f"shard-{len(manifest.shards):05d}.npy"
            path.parent.mkdir(parents=True, exist_ok=True)
            np.save(path, values)
            manifest.shards.append({"file": path.name, "count": len(values), "sha256": sha256(path)})
    for key, manifest in manifests.items():
        manifest.samples = names
        manifest.save(folder / key)
    return len(names)


def _manifest(key: str, values: NDArray, source: str) -> ShardManifest:
    """With the sensor table's statistics: pairs are normalised with those of the sensors' own samples."""
    sensor = get_sensor(key)
    return ShardManifest(
        sensor=key,
        units=sensor.unit,
        shape=list(values.shape[1:]),
        dtype=str(values.dtype),
        source=source,
        seed=0,
        mean=list(sensor.mean),
        std=list(sensor.std),
        present=[number not in sensor.never for number in range(1, len(sensor.bands) + 1)],
    )
