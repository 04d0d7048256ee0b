"""SatlasPretrain (Bastani et al. 2023): Sentinel-1, Sentinel-2 and NAIP as PNG tiles. docs/pretraining_data.md has the
sources of the layout and the errors of the conversions."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ofa_engine.core.errors import InputError
from ofa_engine.core.sensors import get_sensor
from training.data.readers.pixels import canonical, read_image, resized
from training.data.readers.reader import Listing, ReaderAndListing, SourceOptions, UnusableSample, folder_names

FOLDERS = {"sentinel-1": "sentinel1", "sentinel-2": "sentinel2", "naip": "naip"}
S2_BANDS = ("tci", "b05", "b06", "b07", "b08", "b11", "b12")
_BANDS = {"sentinel-1": ("vv", "vh"), "sentinel-2": S2_BANDS, "naip": ("tci",)}

# Sentinel-1: bytes are the uncalibrated amplitudes of GRD products, clipped at 255. sigma0 = DN^2 / A^2 with
# A^2 = 474^2 / sin(incidence): 20 lg A is 56.5 dB at 30 degrees, 54.9 dB at 46 degrees; one value for all:
S1_GAIN_DB = 55.6


def s1_to_db(amplitudes: NDArray[np.uint8]) -> NDArray:
    """Satlas Sentinel-1 bytes to sigma nought in dB, within about 1 dB, saturated at -7.5 dB; 0 is missing."""
    values = amplitudes.astype(np.float32)
    values[values == 0] = np.nan
    return (20 * np.log10(values) - S1_GAIN_DB).astype(np.float32)


def s2_to_reflectance(step: NDArray[np.uint8], offset_dn: int) -> NDArray:
    """Satlas bytes of a band (DN // 32, at most 255) to reflectance: the middle of the step, so within 16 DN."""
    return ((step.astype(np.float32) * 32 + 16) - offset_dn) / 10000


@dataclass(frozen=True)
class Satlas:
    """`sentinel2/SCENE/{tci,b05,...}`, `sentinel1/DATE/{vh,vv}`, `naip/NAME/{tci,ir}`, each `/COLUMN_ROW.png`.

    `bands` are the sub-folders that any scene has: a sample that lacks one of them is skipped. Sentinel-1 and -2 are
    converted to the canonical unit (float16), NAIP's bytes are kept.
    """

    root: str
    sensor: str
    bands: tuple[str, ...]
    size_px: int | None = 512
    nodata: float | None = None

    @property
    def units(self) -> str:
        return get_sensor(self.sensor).unit

    @property
    def dtype(self) -> str:
        return "uint8" if self.sensor == "naip" else "float16"

    def read(self, name: str) -> NDArray:
        scene, tile = name.rsplit("/", 1)
        parts = {band: self._band(scene, band, tile) for band in self.bands}
        if self.sensor == "naip":
            return parts["tci"]
        if self.sensor == "sentinel-1":
            bands = [s1_to_db(parts[b]) if b in parts else None for b in ("vv", "vh")]
        else:
            bands = self._sentinel2(scene, parts)
        size = max(band.shape[-1] for band in bands if band is not None)
        empty = np.full((1, size, size), np.nan, np.float32)
        full = [empty if b is None else b if b.shape[1:] == (size, size) else resized(b, size, size) for b in bands]
        return np.concatenate(full)

    def _band(self, scene: str, band: str, tile: str) -> NDArray[np.uint8]:
        path = Path(self.root, FOLDERS[self.sensor], scene, band, f"{tile}.png")
        if not path.exists():
            raise UnusableSample(f"expected {band}/{tile}.png, as other scenes have, found none")
        pixels, wanted = read_image(path), 3 if band == "tci" else 1
        if len(pixels) != wanted:
            raise UnusableSample(f"expected {wanted} bands in {band}/{tile}.png, found {len(pixels)}")
        return pixels

    def _sentinel2(self, scene: str, parts: dict[str, NDArray[np.uint8]]) -> list[NDArray | None]:
        """True colour as ESA codes it (255 is reflectance 0.3558, 0 in all three is nodata), then six bands."""
        rgb = canonical(parts["tci"].astype(np.float32), self.sensor, "8-bit")
        nothing = (parts["tci"] == 0).all(0, keepdims=True)
        baseline = re.search(r"_N(\d{4})_", scene)
        offset_dn = 1000 if baseline and int(baseline[1]) >= 400 else 0
        bands: list[NDArray | None] = [rgb[i : i + 1] for i in range(3)]
        bands += [s2_to_reflectance(parts[b], offset_dn) if b in parts else None for b in S2_BANDS[1:]]
        for band in bands:
            if band is not None:
                hidden = nothing if band.shape == nothing.shape else _nearest(nothing, band.shape)
                band[hidden] = np.nan
        return bands


def _nearest(mask: NDArray[np.bool_], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """(1, H, W) mask at another size."""
    rows = np.arange(shape[1]) * mask.shape[1] // shape[1]
    columns = np.arange(shape[2]) * mask.shape[2] // shape[2]
    return mask[:, rows][:, :, columns]


def list_samples(root: Path, sensor: str) -> ReaderAndListing:
    folder = root / FOLDERS[sensor]
    wanted = _BANDS[sensor]
    scenes = {scene: [b for b in wanted if (folder / scene / b).is_dir()] for scene in folder_names(folder)}
    bands = tuple(b for b in wanted if any(b in folders for folders in scenes.values()))
    if not bands or wanted[0] == "tci" and "tci" not in bands:
        raise InputError(f"expected SCENE/{{{','.join(wanted)}}}/COLUMN_ROW.png in {folder}, found no {wanted[0]}/")
    names = [
        f"{scene}/{stem}"
        for scene, folders in scenes.items()
        if folders
        for stem in sorted(p.stem for p in (folder / scene / folders[0]).glob("*.png"))
    ]
    skipped = [{"file": f"{folder.name}/{s}", "why": "no band folders"} for s, folders in scenes.items() if not folders]
    return Satlas(str(root), sensor, bands), Listing(sorted(names), skipped)


def open_source(options: SourceOptions) -> Iterator[ReaderAndListing]:
    for sensor in options.sensors_in_folders({sensor: (folder,) for sensor, folder in FOLDERS.items()}):
        yield list_samples(options.root, sensor)
