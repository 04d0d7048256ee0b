"""The second collection of public samples, `real/SET/...` below the data folder: Sentinel-1 and -2 chips, aerial and
satellite pictures. Missing sets are left out.

Labelled Sentinel-2 chips of held-out places (`training.data.places`) are never listed, nor are the Sentinel-1 chips of
the same ground. Names are FILE@column,row,side, for .npz files FILE#layer.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ofa_engine.core.sensors import get_sensor
from ofa_engine.raster.source import Source
from training.data.places import held_out_files
from training.data.readers.pixels import canonical
from training.data.readers.rasters import read_raster, windows

Window = tuple[int, int, int, int]  # column, row, width, height

S2_BANDS = (4, 3, 2, 5, 6, 7, 8, 11, 12)  # of 12-band products
_S2_NAMES = ("B04", "B03", "B02", "B05", "B06", "B07", "B08", "B11", "B12")
_EUROSAT_BANDS = (4, 3, 2, 5, 6, 7, 8, 11, 12)  # of 13 bands with B10 before B11 and B8A last
_RGBN = ("rgbn_flair/images", "rgbn_treesat", "rgbn_chesapeake/images", "rgbn_satellogic", "rgbn_spacenet6")
_RGB = ("rgb_neon", "rgb_nz", "rgb_spacenet7/images", "rgb_spacenet8/images")
_ARRAYS = ("s1s2_biomassters", "s1s2_pastis")
_SIDES_AND_STEPS = {  # of windows in pixels, by set; the others have 64 px every 64
    "s2_ben": ((64, 28), (120, 120)),
    "s2_worldcereal": ((64, 37),),
    "s2_eotdl": ((64, 32), (128, 64)),
    "s2_eobrowser": ((64, 48),),
    "s2_l1c_virginia": ((64, 48), (128, 64)),
    "s2_l1c_dsen2": ((64, 48), (128, 64)),
    "s2_sen12mscr": ((64, 48),),
    "s1_ben": ((64, 28), (120, 120)),
    "s1_worldcereal": ((64, 37),),
    "s1_floods_more": ((64, 32), (112, 48)),
    "s1_sen12mscr": ((64, 32),),
    "s1_peru": ((64, 20),),
    "rgb_neon": ((64, 84), (128, 90), (256, 144)),
    "rgb_nz": ((64, 109), (128, 124), (256, 122)),
    "rgb_spacenet7": ((64, 64), (128, 96)),
    "rgb_spacenet8": ((96, 104), (192, 106)),
    "rgbn_flair": ((64, 64), (128, 64), (256, 64)),
    "rgbn_treesat": ((64, 60), (128, 88), (256, 48)),
    "rgbn_chesapeake": ((64, 48), (128, 64)),
    "rgbn_satellogic": ((64, 32), (128, 64)),
    "rgbn_spacenet6": ((64, 59), (128, 86)),
}
_REPEATS = {"s2_ben": 2, "s2_eurosat_ms": 4, "rgbn_flair": 2, "rgbn_treesat": 2, "rgbn_chesapeake": 2}


def read_sample(root: Path, name: str, sensor: str, window: Window | None) -> NDArray:
    """(C, h, w) of a file, or of a layer of an .npz file, in the sensor's canonical unit; NaN where missing."""
    file, _, layer = name.partition("#")
    path = root / file
    if layer:
        return array_layers(path, sensor)[int(layer)]
    if sensor == "sentinel-2":
        return read_sentinel2(path, window)
    if sensor == "sentinel-1":
        return read_sentinel1(path, window)
    return read_picture(path, sensor, window)


def read_sentinel2(path: Path, window: Window | None = None) -> NDArray:
    """(9, h, w) reflectance of a chip: its bands by their descriptions, its scale by its folder."""
    with Source(path) as source:
        names = list(source.dataset.descriptions)
    bands: tuple[int, ...] = S2_BANDS if len(names) == 12 else _EUROSAT_BANDS
    if set(_S2_NAMES) <= set(names):
        bands = tuple(names.index(name) + 1 for name in _S2_NAMES)
    values = read_raster(path, bands, window).astype(np.float32)
    return values / (65535 if path.parent.name == "s2_eobrowser" else 10000)


def read_sentinel1(path: Path, window: Window | None = None) -> NDArray:
    """(2, h, w) VV and VH in dB."""
    values = read_raster(path, (1, 2), window).astype(np.float32)
    if path.parent.name != "s1_worldcereal":
        return values
    if path.name.startswith("wc_"):
        return values / 10000
    return 20 * np.log10(np.where(values > 0, values, np.nan)) - 83


def read_picture(path: Path, sensor: str, window: Window | None = None) -> NDArray:
    """(3 or 4, h, w) of an aerial or satellite picture on the 8-bit scale."""
    values = read_raster(path, range(1, len(get_sensor(sensor).bands) + 1), window)
    if path.parent.name == "rgbn_satellogic":
        return canonical(values.astype(np.float32), sensor, "dn").clip(0, 255)
    if path.parent.name == "rgbn_spacenet6":  # 11 bits of WorldView-2, most of the land below 1000
        return (values / np.float32(4)).clip(0, 255)
    return values


def array_layers(path: Path, sensor: str) -> list[NDArray]:
    """The dates of a BioMassters or PASTIS file, (C, 32, 32) each, in the canonical unit and NaN where missing.
    Sentinel-1 and -2 of one date have the same place in their lists."""
    with np.load(path) as file:
        if "s2" in file:
            if sensor == "sentinel-2":
                return [_nine_bands(layer) for layer in file["s2"]]
            return [layer.astype(np.float32) for layer in file["s1_asc"]]
        months = sorted(key[3:] for key in file if key.startswith("S2_") and _is_clear(file[key][-1]))
        if sensor == "sentinel-2":
            return [_nine_bands(file[f"S2_{month}"]) for month in months]
        return [_backscatter(file[f"S1_{month}"]) for month in months]


def _is_clear(cloud: NDArray) -> bool:
    """Whether four fifths of the pixels have a cloud probability below 20 %; unknown is 255."""
    return float((cloud < 20).mean()) > 0.8


def _nine_bands(layer: NDArray) -> NDArray:
    """From B02..B08, B8A, B11, B12 (and more) to the embedder's nine, as reflectance."""
    return layer[[2, 1, 0, 3, 4, 5, 6, 8, 9]].astype(np.float32) / 10000


def _backscatter(layer: NDArray) -> NDArray[np.float32]:
    """VV, VH of the ascending pass, or of the descending one where most of the ascending one is missing."""
    known = np.where(layer > -9000, layer, np.nan).astype(np.float32)
    return known[:2] if np.isfinite(known[:2]).mean() > 0.5 else known[2:]


def sample_names(root: Path, sensor: str) -> Iterator[str]:
    """The names of a sensor's samples; those of small sets several times, so that they keep some weight."""
    held_out = held_out_files()
    held_out |= {f"real/s1_ben/{Path(file).name}" for file in held_out if file.startswith("real/s2_ben/")}
    for folder in _folders(root, sensor):
        name = folder.partition("/")[0]
        for window in window_names(root, f"real/{folder}/*.tif", name):
            if window.partition("@")[0] not in held_out:
                yield from [window] * _REPEATS.get(name, 1)
    if sensor in ("sentinel-1", "sentinel-2"):
        for path in array_files(root):
            file = path.relative_to(root).as_posix()
            yield from (f"{file}#{layer}" for layer in range(len(array_layers(path, sensor))))


def _folders(root: Path, sensor: str) -> list[str]:
    """Folders with GeoTIFFs of a sensor, below `real`."""
    if sensor == "gaofen":
        return list(_RGBN)
    if sensor == "naip":  # two of the sets with near infrared are no pictures as viewers show them
        return [folder for folder in _RGBN + _RGB if folder not in ("rgbn_satellogic", "rgbn_spacenet6")]
    prefix = {"sentinel-1": "s1_", "sentinel-2": "s2_"}.get(sensor)
    names = sorted(path.name for path in (root / "real").glob(f"{prefix}*") if path.is_dir()) if prefix else []
    return ["s1_floods_more/images" if name == "s1_floods_more" else name for name in names]


def window_names(root: Path, pattern: str, name: str) -> Iterator[str]:
    """Windows of the rasters that match a pattern, with the sides and steps of the set `name`."""
    for path in sorted(root.glob(pattern)):
        if path.name.startswith("labels"):
            continue
        with Source(path) as source:
            width, height = source.width, source.height
        for side, step in _SIDES_AND_STEPS.get(name, ((64, 64),)):
            yield from windows(path.relative_to(root).as_posix(), width, height, side, step)


def array_files(root: Path) -> Iterator[Path]:
    """The .npz files with dates of Sentinel-1 and -2."""
    for name in _ARRAYS:
        yield from sorted((root / "real" / name).glob("*.npz"))
