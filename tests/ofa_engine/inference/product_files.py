"""Random files as makers deliver and tools export them, of one made-up landscape that every sensor sees."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray

from ofa_engine.core.sensors import SENSORS

from ..conftest import write_raster

SIZE = 48
CLASSES = 5
_UM = (0.40, 0.49, 0.56, 0.665, 0.705, 0.74, 0.783, 0.842, 1.0, 1.61, 2.2, 2.5)
_SPECTRA = np.array(  # reflectance of water, forest, crops, soil and roofs at these wavelengths
    [
        (0.04, 0.035, 0.03, 0.02, 0.018, 0.015, 0.014, 0.012, 0.01, 0.006, 0.005, 0.005),
        (0.02, 0.025, 0.045, 0.025, 0.07, 0.2, 0.26, 0.29, 0.3, 0.13, 0.06, 0.05),
        (0.025, 0.04, 0.08, 0.05, 0.12, 0.32, 0.4, 0.44, 0.44, 0.2, 0.1, 0.08),
        (0.06, 0.09, 0.13, 0.18, 0.2, 0.22, 0.24, 0.26, 0.29, 0.34, 0.3, 0.28),
        (0.14, 0.19, 0.22, 0.24, 0.25, 0.26, 0.27, 0.28, 0.29, 0.3, 0.28, 0.27),
    ]
)
_DECIBEL = np.array([(-19, -27), (-8, -14), (-10, -17), (-12, -20), (-5, -12)])  # VV, VH of the same


@dataclass(frozen=True)
class Kind:
    """A kind of file: the band of the file `names[i]` shows `shows[i]`, micrometres, "VV", "VH" or a name of what is no
    measurement. `reads` says per embedder band of `sensor` which of these it is, None where it is missing; it is empty
    where no reading would be right."""

    names: tuple[str, ...]
    shows: tuple[float | str, ...]
    sensor: str
    reads: tuple[float | str | None, ...]
    scales: tuple[tuple[float, float], ...] = ((1e-4, 0.0),)  # value x scale + offset is reflectance, as delivered
    file: str = "scene"
    ordered: bool = False  # the order of the bands is the file's only sign of what they are
    wavelengths: bool = False
    pixel_m: float = 10.0


def _of(sensor: str, pairs: dict[str, float | str], reads: Sequence[float | str | None], **more) -> Kind:
    return Kind(tuple(pairs), tuple(pairs.values()), sensor, tuple(reads), **more)


_S2 = dict(zip(("B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B9", "B11", "B12"), (
    0.443, 0.49, 0.56, 0.665, 0.705, 0.74, 0.783, 0.842, 0.865, 0.945, 1.61, 2.19), strict=True))  # fmt: skip
_S2_READS = (0.665, 0.56, 0.49, 0.705, 0.74, 0.783, 0.842, 1.61, 2.19)
_DN = ((1e-4, 0.0), (1e-4, -0.1))
_OLI = {f"B{i}": um for i, um in zip(range(1, 8), (0.443, 0.482, 0.562, 0.655, 0.865, 1.61, 2.2), strict=True)}
_OLI_READS = (0.655, 0.562, 0.482, None, None, None, 0.865, 1.61, 2.2)
_TM = dict(zip(("B1", "B2", "B3", "B4", "B5", "B7"), (0.485, 0.56, 0.66, 0.83, 1.65, 2.215), strict=True))
_TM_READS = (0.66, 0.56, 0.485, None, None, None, 0.83, 1.65, 2.215)
_C2 = ((2.75e-5, -0.2),)
_PLANET = dict(zip(("coastal_blue", "blue", "green_i", "green", "yellow", "red", "rededge", "nir"), (
    0.443, 0.49, 0.531, 0.565, 0.61, 0.665, 0.705, 0.8651), strict=True))  # fmt: skip
_PLANET_READS = (0.665, 0.565, 0.49, 0.705, None, None, 0.8651, None, None)
_RGBN = {"red": 0.66, "green": 0.56, "blue": 0.48, "nir": 0.83}
_EIGHT_BIT = 0.3558 / 255
_LC08 = "LC08_L1TP_193024_20220620_20220701_02_T1"

KINDS: dict[str, Kind] = {
    "s2": _of("sentinel-2", _S2, _S2_READS, scales=_DN),
    "s2 padded": _of(
        "sentinel-2", {f"{n[0]}{n[1:]:0>2}" if n != "B8A" else n: um for n, um in _S2.items()}, _S2_READS, scales=_DN
    ),
    "s2 earth engine": _of(
        "sentinel-2", {**_S2, "AOT": "angle", "SCL": "classes", "MSK_CLDPRB": "classes", "QA60": "classes"}, _S2_READS
    ),
    "s2 stac": _of(
        "sentinel-2",
        dict(
            zip(
                ("red", "green", "blue", "rededge1", "rededge2", "rededge3", "nir", "swir16", "swir22"),
                _S2_READS,
                strict=True,
            )
        ),
        _S2_READS,
        scales=_DN,
    ),
    "s2 20 m": _of("sentinel-2", {n: um for n, um in _S2.items() if n not in ("B1", "B9")}, _S2_READS, scales=_DN),
    "s2 10 m": _of(
        "gaofen", {"B04": 0.665, "B03": 0.56, "B02": 0.49, "B08": 0.842}, (0.665, 0.56, 0.49, 0.842), scales=_DN
    ),
    "s2 unnamed": _of("sentinel-2", _S2, _S2_READS, scales=_DN, ordered=True),
    "s2 unnamed and mask": _of("sentinel-2", {**_S2, "dataMask": "mask"}, _S2_READS, scales=_DN, ordered=True),
    "landsat": _of("sentinel-2", {f"SR_{n}": um for n, um in _OLI.items()}, _OLI_READS, scales=_C2, pixel_m=30.0),
    "landsat with more": _of(
        "sentinel-2",
        {**{f"SR_{n}": um for n, um in _OLI.items()}, "ST_B10": "angle", "QA_PIXEL": "classes"},
        _OLI_READS,
        scales=_C2,
        pixel_m=30.0,
    ),
    "landsat 5": _of("sentinel-2", {f"SR_{n}": um for n, um in _TM.items()}, _TM_READS, scales=_C2, pixel_m=30.0),
    "landsat stac": _of(
        "sentinel-2",
        dict(zip(("blue", "green", "red", "nir08", "swir16", "swir22"), tuple(_OLI.values())[1:], strict=True)),
        _OLI_READS,
        scales=_C2,
        pixel_m=30.0,
    ),
    "landsat level 1": _of(
        "sentinel-2", {f"{_LC08}_{n}": um for n, um in _OLI.items()}, _OLI_READS, scales=((2e-5, -0.1),), pixel_m=30.0
    ),
    "hls": _of(
        "sentinel-2",
        {f"HLS.L30.T33UUP.2021123T100000.v2.0.B0{n[1]}": um for n, um in _OLI.items()},
        _OLI_READS,
        pixel_m=30.0,
    ),
    "planetscope 8": _of("sentinel-2", _PLANET, _PLANET_READS, pixel_m=3.0),
    "planetscope unnamed": _of(
        "sentinel-2",
        _PLANET,
        _PLANET_READS,
        file="20220620_101010_12_2461_3B_AnalyticMS_SR_8b",
        ordered=True,
        pixel_m=3,
    ),
    "planetscope 4": _of(
        "gaofen",
        {"blue": 0.48, "green": 0.56, "red": 0.66, "nir": 0.83},
        (0.66, 0.56, 0.48, 0.83),
        file="20190620_101010_1024_3B_AnalyticMS_SR",
        ordered=True,
        pixel_m=3.0,
    ),
    "worldview": _of(
        "gaofen",
        dict(
            zip(
                ("coastal", "blue", "green", "yellow", "red", "rededge", "nir1", "nir2"),
                (0.425, 0.48, 0.545, 0.605, 0.66, 0.725, 0.8325, 0.95),
                strict=True,
            )
        ),
        (0.66, 0.545, 0.48, 0.8325),
        pixel_m=2.0,
    ),  # fmt: skip
    "five bands": _of(
        "gaofen",
        {"Blue": 0.475, "Green": 0.56, "Red": 0.668, "Red edge": 0.717, "NIR": 0.84},
        (0.668, 0.56, 0.475, 0.84),
        scales=((1e-4, 0.0), (1 / 32768, 0.0)),
        pixel_m=0.5,
    ),
    "gaofen": _of(
        "gaofen",
        {"B1": 0.48, "B2": 0.56, "B3": 0.66, "B4": 0.83},
        (0.66, 0.56, 0.48, 0.83),
        scales=((0.0007, 0.0), (1e-4, 0.0)),
        file="GF2_PMS1_E116.1_N40.2_20220620_L1A0006-MSS1",
        ordered=True,
        pixel_m=4.0,
    ),
    "rgbn": _of("gaofen", _RGBN, tuple(_RGBN.values()), scales=((_EIGHT_BIT, 0.0), (1e-4, 0.0)), pixel_m=1.0),
    "rgbn in words": _of(
        "gaofen",
        {"Nahes Infrarot": 0.83, "Rot": 0.66, "Grün": 0.56, "Blau": 0.48},
        (0.66, 0.56, 0.48, 0.83),
        scales=((_EIGHT_BIT, 0.0), (1e-4, 0.0)),
        pixel_m=1.0,
    ),
    "rgbn unnamed": _of("gaofen", _RGBN, tuple(_RGBN.values()), scales=((_EIGHT_BIT, 0.0),), ordered=True, pixel_m=1.0),
    "bgrn unnamed": _of(
        "gaofen", dict(sorted(_RGBN.items())), tuple(_RGBN.values()), scales=((_EIGHT_BIT, 0), (1e-4, 0)), ordered=True
    ),
    "two dates": _of(
        "gaofen",
        {f"{n}{d}": um + d * 1e-6 for d in (0, 1) for n, um in _RGBN.items()},
        (),
        ordered=True,
    ),
    "rgb": _of("naip", {"R": 0.66, "G": 0.56, "B": 0.48}, (0.66, 0.56, 0.48), scales=((_EIGHT_BIT, 0.0),), pixel_m=0.5),
    "indices": _of("sentinel-2", {"NDVI": 0.665, **{f"x{i}": um for i, um in enumerate(_S2_READS[1:])}}, ()),
    "radar": _of("sentinel-1", {"VV": "VV", "VH": "VH"}, ("VV", "VH")),
    "radar of snap": _of("sentinel-1", {"Sigma0_VH_db": "VH", "Sigma0_VV_db": "VV"}, ("VV", "VH")),
    "radar with angle": _of("sentinel-1", {"VV": "VV", "VH": "VH", "angle": "angle"}, ("VV", "VH")),
    "radar, other polarisations": _of("sentinel-1", {"HH": "VV", "HV": "VH"}, ()),
    "enmap": _of(
        "enmap",
        {f"x{i}": float(b.wavelength_um) for i, b in enumerate(SENSORS["enmap"].bands)},
        [
            None if i in SENSORS["enmap"].never else float(b.wavelength_um)
            for i, b in enumerate(SENSORS["enmap"].bands, 1)
        ],
        wavelengths=True,
        pixel_m=30.0,
    ),
}


@dataclass(frozen=True)
class Drawn:
    """A file that was drawn, and what it holds."""

    path: Path
    kind: Kind
    canonical: Path | None  # the embedder's bands that the file has, in the unit "reflectance" or "db"
    about: str


def draw(seed: int, folder: Path) -> Drawn:
    """The file of that number, and the raster that it should be read as."""
    rng = np.random.default_rng([16, seed])
    name = list(KINDS)[rng.integers(len(KINDS))]
    kind = KINDS[name]
    if not kind.ordered:
        order = rng.permutation(len(kind.names))
        kind = replace(kind, names=tuple(kind.names[i] for i in order), shows=tuple(kind.shows[i] for i in order))
    radar = kind.sensor == "sentinel-1"
    numbers, truth, about, scale = (_radar if radar else _optical)(rng, kind)
    border = rng.choice([0, 0, 1])
    fill = rng.choice([0, -9999, -32768]) if numbers.dtype.kind in "if" and not radar else 0
    nodata = float(fill) if border and rng.random() < 0.5 else None
    hole = np.zeros((SIZE, SIZE), bool)
    if border:
        hole[:, : rng.integers(6, 20)] = True
        numbers[:, hole] = fill
        truth[:, hole] = np.nan
    about += f", fill {fill} {'declared' if nodata is not None else 'undeclared'}" if border else ""
    folder.mkdir(parents=True, exist_ok=True)
    path = _write(folder / f"{kind.file}.tif", numbers, kind, nodata, scale if rng.random() < 0.4 else None)
    canonical = _write_canonical(folder / "canonical.tif", truth, kind) if kind.reads else None
    return Drawn(path, kind, canonical, f"seed {seed}: {name}, {numbers.dtype}, {about}")


def _landscape(rng) -> NDArray[np.int64]:
    return np.kron(rng.integers(0, CLASSES, (SIZE // 6, SIZE // 6)), np.ones((6, 6), int))


def _optical(rng, kind: Kind):
    """(numbers in the file, reflectance that they stand for, in words, (scale, offset))."""
    land, bright = _landscape(rng), rng.choice([1.0, 1.0, 1.0, 0.3, 2.0])
    usual = kind.scales[rng.integers(len(kind.scales))]
    unusual = [(1.0, 0.0), (1e-3, 0.0), (0.01, 0.0), (1 / 65535, 0.0), (1.0, -0.1)]
    scale, offset = usual if rng.random() < 0.7 else unusual[rng.integers(len(unusual))]
    highest = 1 / scale
    types = ["float32"] if highest < 200 else ["uint8"] if highest < 1000 else ["uint16", "uint16", "int16", "float32"]
    dtype = types[rng.integers(len(types))]
    numbers = np.empty((len(kind.shows), SIZE, SIZE))
    for i, shown in enumerate(kind.shows):
        if isinstance(shown, str):
            numbers[i] = {"mask": 1.0}.get(shown, 0.0) or rng.integers(0, 12, (SIZE, SIZE))
        else:
            spectrum = np.array([np.interp(shown, _UM, values) for values in _SPECTRA])
            truth = spectrum[land] * bright * (1 + 0.08 * rng.standard_normal((SIZE, SIZE)))
            numbers[i] = (truth.clip(0.001, None).round(4) - offset) / scale
    if dtype != "float32":
        numbers = numbers.round().clip(1, np.iinfo(dtype).max)
    numbers = numbers.astype(dtype)
    about = f"x {scale:.6g} {offset:+g}, brightness {bright:g}"
    return numbers, numbers.astype(np.float64) * scale + offset, about, (scale, offset)


def _radar(rng, kind: Kind):
    """As `_optical`, in decibel; a scale only where there is one to decibel."""
    land = _landscape(rng)
    column = {"VV": 0, "VH": 1}
    decibel = np.stack([_DECIBEL[:, column.get(str(shown), 0)][land] for shown in kind.shows])
    decibel = (decibel + rng.standard_normal(decibel.shape) + rng.choice([0, 0, -4, 4])).round(2)
    way = rng.choice(["db", "db", "db x 100", "db x 10000", "linear", "amplitude", "raw amplitude", "0..1"])
    numbers, scale = {
        "db": (decibel, None),
        "db x 100": ((decibel * 100).round(), (0.01, 0.0)),
        "db x 10000": ((decibel * 10000).round(), (0.0001, 0.0)),
        "linear": (10 ** (decibel / 10), None),
        "amplitude": (10 ** (decibel / 20), None),
        "raw amplitude": ((10 ** (decibel / 20) * 800).round(), None),
        "0..1": ((decibel + 50) / 60, None),
    }[str(way)]
    dtype = {"db x 100": "int16", "db x 10000": "int32", "raw amplitude": "uint16"}.get(str(way), "float32")
    return numbers.astype(dtype), decibel, str(way), scale


def _write(path, numbers, kind: Kind, nodata, scale) -> Path:
    transform = rasterio.Affine(kind.pixel_m, 0, 500000, 0, -kind.pixel_m, 5800000)
    names = () if kind.ordered or kind.wavelengths else kind.names
    write_raster(path, numbers, nodata=nodata, names=names, transform=transform)
    with rasterio.open(path, "r+") as target:
        if scale:
            target.scales, target.offsets = ([value] * len(numbers) for value in scale)
        if kind.wavelengths:
            for i, um in enumerate(kind.shows, 1):
                target.update_tags(i, wavelength=f"{um}", wavelength_units="Micrometers")
    return path


def _write_canonical(path, truth, kind: Kind) -> Path:
    bands = [truth[kind.shows.index(band)] for band in kind.reads if band is not None]
    transform = rasterio.Affine(kind.pixel_m, 0, 500000, 0, -kind.pixel_m, 5800000)
    return write_raster(path, np.stack(bands).astype(np.float32), nodata=np.nan, transform=transform)
