"""Readers of the pretraining sets in their layouts as downloaded: they list samples by name and read one of them.

A reader is a small frozen dataclass, so that it travels to worker processes. `read(name)` gives (C, H, W) with the
sensor's bands in the embedder's order, in the data type on disk; where a value is missing the array is floating and
NaN marks it. It raises whatever its library raises for a file that cannot be read, `Unusable` for one that can be read
but does not fit. What is stored afterwards is the reader's `dtype` in its `units`, with `nodata` for NaN in integers.
Sources of the layouts and the errors of the conversions: docs/pretraining_data.md.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from ofa_engine.core.errors import InputError
from ofa_engine.core.sensors import get_sensor
from ofa_engine.model.preprocess import to_canonical


class Unusable(Exception):
    """One sample cannot be used; the text says what was expected and what was found. It is skipped and counted."""


class Reader(Protocol):
    """How samples of one sensor are read. `size_px` is what the set's samples should measure, None where it varies."""

    @property
    def sensor(self) -> str: ...
    @property
    def units(self) -> str: ...
    @property
    def dtype(self) -> str: ...
    @property
    def nodata(self) -> float | None: ...
    @property
    def size_px(self) -> int | None: ...
    def read(self, name: str) -> NDArray: ...


@dataclass
class Listing:
    """Names of candidates in sorted order, and files that the listing already found to be of no use."""

    names: list[str]
    skipped: list[dict] = field(default_factory=list)  # file, why
    as_listed: bool = False  # take them in this order instead of a drawn one
    notes: list[str] = field(default_factory=list)  # for the report


def folder_names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))


def files_below(folder: Path, endings: Iterable[str]) -> list[str]:
    """Sorted paths, relative to the folder and with '/', of visible files with these endings."""
    found = (p.relative_to(folder) for p in folder.rglob("*") if p.suffix.lower() in endings and p.is_file())
    return sorted(p.as_posix() for p in found if not any(part.startswith(".") for part in p.parts))


def expect_folder(root: Path, wanted: Sequence[str], what: str) -> list[str]:
    """Those of the wanted sub-folders that are there. Raises InputError where none is."""
    found = [name for name in wanted if (root / name).is_dir()]
    if not found:
        there = ", ".join(folder_names(root)[:6]) or "no folders"
        raise InputError(f"expected {' or '.join(f'{w}/' for w in wanted)} of {what} in {root}, found {there}")
    return found


def resized(values: NDArray, height_px: int, width_px: int) -> NDArray[np.float32]:
    """(C, h, w) resampled bilinearly, low-pass filtered when shrinking; NaN where most of the weight is on NaN."""
    pixels = torch.from_numpy(values.astype(np.float32))[None]
    known = torch.isfinite(pixels)

    def resample(x: torch.Tensor) -> torch.Tensor:
        shrink = height_px < x.shape[-2] or width_px < x.shape[-1]
        return F.interpolate(x, size=(height_px, width_px), mode="bilinear", align_corners=False, antialias=shrink)

    if known.all():
        return resample(pixels)[0].numpy()
    weight = resample(known.float())
    total = resample(torch.where(known, pixels, 0.0))
    return torch.where(weight >= 0.5, total / weight.clamp_min(1e-6), torch.nan)[0].numpy()


def read_image(path: Path) -> NDArray[np.uint8]:
    """(C, H, W) bytes of a PNG or JPEG: one band for greys, else R, G, B; alpha is dropped."""
    from PIL import Image

    with Image.open(path) as image:
        if image.mode not in ("L", "RGB", "RGBA", "P"):
            raise Unusable(f"expected 8-bit greys or RGB, found mode {image.mode}")
        pixels = np.asarray(image if image.mode in ("L", "RGB") else image.convert("RGB"))
    return pixels[None] if pixels.ndim == 2 else np.ascontiguousarray(pixels.transpose(2, 0, 1))


def canonical(values: NDArray, sensor: str, units: str) -> NDArray:
    """`to_canonical` on numpy values; NaN stays NaN."""
    return to_canonical(torch.from_numpy(values), get_sensor(sensor), units).numpy()


# --- SatlasPretrain ----------------------------------------------------------------------------------------------

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
        path = Path(self.root, SATLAS_FOLDERS[self.sensor], scene, band, f"{tile}.png")
        if not path.exists():
            raise Unusable(f"expected {band}/{tile}.png, as other scenes have, found none")
        pixels, wanted = read_image(path), 3 if band == "tci" else 1
        if len(pixels) != wanted:
            raise Unusable(f"expected {wanted} bands in {band}/{tile}.png, found {len(pixels)}")
        return pixels

    def _sentinel2(self, scene: str, parts: dict[str, NDArray[np.uint8]]) -> list[NDArray | None]:
        """True colour as ESA codes it (255 is reflectance 0.3558, 0 in all three is nodata), then six bands."""
        rgb = canonical(parts["tci"].astype(np.float32), self.sensor, "8-bit")
        nothing = (parts["tci"] == 0).all(0, keepdims=True)
        baseline = re.search(r"_N(\d{4})_", scene)
        offset_dn = 1000 if baseline and int(baseline[1]) >= 400 else 0
        bands: list[NDArray | None] = [rgb[i : i + 1] for i in range(3)]
        bands += [s2_to_reflectance(parts[b], offset_dn) if b in parts else None for b in SATLAS_S2[1:]]
        for band in bands:
            if band is not None:
                hidden = nothing if band.shape == nothing.shape else _nearest(nothing, band.shape)
                band[hidden] = np.nan
        return bands


SATLAS_FOLDERS = {"sentinel-1": "sentinel1", "sentinel-2": "sentinel2", "naip": "naip"}
SATLAS_S2 = ("tci", "b05", "b06", "b07", "b08", "b11", "b12")
_SATLAS_BANDS = {"sentinel-1": ("vv", "vh"), "sentinel-2": SATLAS_S2, "naip": ("tci",)}


def _nearest(mask: NDArray[np.bool_], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """(1, H, W) mask at another size."""
    rows = np.arange(shape[1]) * mask.shape[1] // shape[1]
    columns = np.arange(shape[2]) * mask.shape[2] // shape[2]
    return mask[:, rows][:, :, columns]


def satlas(root: Path, sensor: str) -> tuple[Reader, Listing]:
    folder = root / SATLAS_FOLDERS[sensor]
    wanted = _SATLAS_BANDS[sensor]
    scenes = {scene: [b for b in wanted if (folder / scene / b).is_dir()] for scene in folder_names(folder)}
    bands = tuple(b for b in wanted if any(b in there for there in scenes.values()))
    if not bands or wanted[0] == "tci" and "tci" not in bands:
        raise InputError(f"expected SCENE/{{{','.join(wanted)}}}/COLUMN_ROW.png in {folder}, found no {wanted[0]}/")
    names = [
        f"{scene}/{stem}"
        for scene, there in scenes.items()
        if there
        for stem in sorted(p.stem for p in (folder / scene / there[0]).glob("*.png"))
    ]
    skipped = [{"file": f"{folder.name}/{s}", "why": "no band folders"} for s, there in scenes.items() if not there]
    return Satlas(str(root), sensor, bands), Listing(sorted(names), skipped)


# --- pictures, and the simulator ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Images:
    """Folders of RGB pictures (PNG, JPEG), as EuroSAT's: read as naip, 8-bit."""

    root: str
    sensor: str = "naip"
    units: str = "8-bit"
    dtype: str = "uint8"
    nodata: float | None = None
    size_px: int | None = None

    def read(self, name: str) -> NDArray:
        pixels = read_image(Path(self.root, name))
        if len(pixels) != 3:
            raise Unusable("expected an RGB picture, found greys")
        return pixels


def images(root: Path) -> tuple[Reader, Listing]:
    return Images(str(root)), Listing(files_below(root, (".jpg", ".jpeg", ".png")))


_SIMULATED = {"sentinel-1": ("db", "float16"), "sentinel-2": ("dn", "uint16"), "enmap": ("dn", "int16")}


@dataclass(frozen=True)
class Simulated:
    """Scenes of `training.simulate` in the data type and unit of the sensor's products."""

    sensor: str
    seed: int
    size_px: int | None
    nodata: float | None = None

    @property
    def units(self) -> str:
        return _SIMULATED.get(self.sensor, ("8-bit", "uint8"))[0]

    @property
    def dtype(self) -> str:
        return _SIMULATED.get(self.sensor, ("8-bit", "uint8"))[1]

    def read(self, name: str) -> NDArray:
        from training.simulate import simulate

        number = int(name.removeprefix("scene "))
        bands, _ = simulate(self.sensor, self.size_px or 224, (self.seed + 1) * 10_000_000 + number)
        return bands * np.float32(10000) if self.units == "dn" else bands


def simulated(sensor: str, count: int, seed: int, size_px: int | None) -> tuple[Reader, Listing]:
    size_px = size_px or (128 if sensor == "enmap" else 224)  # as HySpecNet-11k, and the paper's input
    return Simulated(sensor, seed, size_px), Listing([f"scene {i}" for i in range(count)], as_listed=True)
