"""Readers of pretraining sets that come as TIFF files, through `ofa_engine.raster.source`: Five-Billion-Pixels,
HySpecNet-11k, SSL4EO-S12 and folders of GeoTIFFs of one sensor. See `readers` for what a reader is."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ofa_engine.core.errors import InputError, RasterError, SensorError
from ofa_engine.core.sensors import Detection, detect, get_sensor
from ofa_engine.raster.source import Source
from training.data.readers.readers import Listing, Reader, Unusable, expect_folder, files_below, folder_names, resized


def read_raster(
    path: Path, bands: Sequence[int] | None = None, window: tuple[int, int, int, int] | None = None
) -> NDArray:
    """(C, h, w) of 1-based bands (all by default) in (column, row, width, height); NaN where nodata or masked."""
    with Source(path) as source:
        wanted = list(bands or range(1, source.dataset.count + 1))
        if max(wanted) > source.dataset.count:
            raise Unusable(f"expected {max(wanted)} bands, found {source.dataset.count}")
        values, valid = source.read(wanted, window or (0, 0, source.width, source.height))
    if valid is not None:
        values[:, ~valid] = np.nan
    return values


# --- Five-Billion-Pixels -----------------------------------------------------------------------------------------

CROP_PX, STRIDE_PX = 512, 256


@dataclass(frozen=True)
class FiveBillionPixels:
    """Crops of `Image__8bit_NirRGB/*.tif` or `Image_16bit_NirRGB/*.tiff`, channels NIR, R, G, B on disk.

    16-bit files hold the 10-bit grey values of the camera; a quarter of them is taken for the 8-bit scale (exact in
    float16). It is not the stretch that the publishers made their 8-bit files with, which is not documented.
    """

    root: str
    dtype: str = "uint8"
    sensor: str = "gaofen"
    units: str = "8-bit"
    nodata: float | None = None
    size_px: int | None = CROP_PX

    def read(self, name: str) -> NDArray:
        file, place = name.rsplit("@", 1)
        column, row = map(int, place.split(","))
        values = read_raster(Path(self.root, file), (2, 3, 4, 1), (column, row, CROP_PX, CROP_PX))
        return values if self.dtype == "uint8" else values.astype(np.float32) / 4


FIVE_BILLION_FOLDERS = {"8-bit": "Image__8bit_NirRGB", "16-bit": "Image_16bit_NirRGB"}


def five_billion_pixels(root: Path, variant: str | None) -> tuple[Reader, Listing]:
    if variant and variant not in FIVE_BILLION_FOLDERS:
        raise InputError(f"expected --variant out of {', '.join(FIVE_BILLION_FOLDERS)}, found {variant}")
    choice = [FIVE_BILLION_FOLDERS[variant]] if variant else list(FIVE_BILLION_FOLDERS.values())
    folder = root / expect_folder(root, choice, "Five-Billion-Pixels")[0]
    listing = Listing([])
    for file in files_below(folder, (".tif", ".tiff")):
        size, why = raster_size(folder / file, bands=4)
        if size and min(size) < CROP_PX:
            why = f"expected at least {CROP_PX} x {CROP_PX} px, found {size[0]} x {size[1]}"
        if why or not size:
            listing.skipped.append({"file": file, "why": why})
            continue
        listing.names += [
            f"{file}@{x},{y}"
            for y in range(0, size[1] - CROP_PX + 1, STRIDE_PX)
            for x in range(0, size[0] - CROP_PX + 1, STRIDE_PX)
        ]
    return FiveBillionPixels(str(folder), "float16" if "16bit" in folder.name else "uint8"), listing


def raster_size(path: Path, bands: int) -> tuple[tuple[int, int] | None, str]:
    """((width, height), "") of a raster's header, or (None, why) where it cannot be opened or has other bands."""
    try:
        with Source(path) as source:
            if source.dataset.count != bands:
                return None, f"expected {bands} bands, found {source.dataset.count}"
            return (source.width, source.height), ""
    except RasterError as error:
        return None, str(error)


# --- HySpecNet-11k -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class HySpecNet:
    """`patches/TILE/TILE-PATCH/TILE-PATCH-SPECTRAL_IMAGE.TIF`: int16, 224 bands, nodata -32768, reflectance x 10000.

    Values are clipped to 0..10000, as the set's own authors do: there are outliers on both sides.
    """

    root: str
    sensor: str = "enmap"
    units: str = "dn"
    dtype: str = "int16"
    nodata: float | None = -32768
    size_px: int | None = 128

    def read(self, name: str) -> NDArray:
        folder = Path(self.root, "patches", name)
        path = folder / f"{folder.name}-SPECTRAL_IMAGE.TIF"
        if not path.exists():
            raise Unusable(f"expected {path.name}, found no such file")
        values = read_raster(path)
        if len(values) != 224:
            raise Unusable(f"expected 224 bands, found {len(values)}")
        if values.dtype.kind != "f":
            values = np.where(values == -32768, np.float32(np.nan), values)
        return np.clip(values, 0, 10000)


def hyspecnet(root: Path, split: str | None) -> tuple[Reader, Listing]:
    expect_folder(root, ["patches"], "HySpecNet-11k")
    if split:
        path = root / "splits" / f"{split}.csv"
        if not path.exists():
            raise InputError(f"expected --split to name a file such as easy/train, found no {path}")
        lines = (line.strip().split(",")[0] for line in path.read_text(encoding="utf-8").splitlines())
        files = [Path(line.removeprefix("patches/")) for line in lines if line.endswith("DATA.npy")]
    else:
        found = (root / "patches").glob("*/*/*-SPECTRAL_IMAGE.TIF")
        files = [path.relative_to(root / "patches") for path in found]
    names = {path.parent.as_posix() for path in files}
    return HySpecNet(str(root)), Listing(sorted(names))


# --- SSL4EO-S12 --------------------------------------------------------------------------------------------------

# folders as in the archives, then as some programs name them after unpacking
SSL4EO_FOLDERS = {"sentinel-1": ("s1_grd", "s1"), "sentinel-2": ("s2_l2a", "s2a", "s2_l1c", "s2c")}


@dataclass(frozen=True)
class SSL4EO:
    """`s1_grd/ID/SEASON/{VV,VH}.tif` (float32 dB), `s2_l2a/ID/SEASON/B4.tif`, ... (reflectance x 10000, 0 is nodata).

    Bands of 20 m, and those that differ by a few pixels, are brought to the grid of the first band (10 m). `bands`
    are those that any sample has: a sample that lacks one of them is skipped.
    """

    root: str
    sensor: str
    bands: tuple[str, ...]
    size_px: int | None = 264

    @property
    def units(self) -> str:
        return "db" if self.sensor == "sentinel-1" else "dn"

    @property
    def dtype(self) -> str:
        return "float32" if self.sensor == "sentinel-1" else "uint16"

    @property
    def nodata(self) -> float | None:
        return None if self.sensor == "sentinel-1" else 0

    def read(self, name: str) -> NDArray:
        parts: dict[str, NDArray] = {}
        for band in self.bands:
            path = Path(self.root, name, f"{band}.tif")
            if not path.exists():
                raise Unusable(f"expected {band}.tif, as other samples have, found none")
            values = read_raster(path, (1,)).astype(np.float32)
            if self.nodata is not None:
                values[values == self.nodata] = np.nan
            grid = next(iter(parts.values()), values).shape[1:]
            parts[band] = values if values.shape[1:] == grid else resized(values, *grid)
        grid = next(iter(parts.values())).shape
        empty = np.full(grid, np.nan, np.float32)
        return np.concatenate([parts.get(band, empty) for band in get_sensor(self.sensor).band_names])


def ssl4eo(root: Path, sensor: str, collection: str | None) -> tuple[Reader, Listing]:
    choice = [f for f in SSL4EO_FOLDERS[sensor] if not collection or f == collection]
    if not choice:
        raise InputError(f"expected --variant out of {', '.join(SSL4EO_FOLDERS[sensor])}, found {collection}")
    folder = root / expect_folder(root, choice, f"SSL4EO-S12 ({sensor})")[0]
    names = [f"{number}/{season}" for number in folder_names(folder) for season in folder_names(folder / number)]
    there = {p.stem for name in names[:: max(1, len(names) // 200)] for p in (folder / name).glob("*.tif")}
    bands = tuple(b for b in get_sensor(sensor).band_names if b in there)
    if not bands:
        raise InputError(f"expected ID/SEASON/BAND.tif in {folder}, found no band file of {sensor}")
    return SSL4EO(str(folder), sensor, bands), Listing(names, notes=[f"collection {folder.name}"])


# --- any folder of GeoTIFFs of one sensor ------------------------------------------------------------------------

TILE_PX = 224  # side of the tiles that rasters are cut to
WHOLE_PX = 512  # rasters that are all of one size and no larger than this stay whole
_LOOKED_AT = 9  # rasters whose values detection sees


@dataclass(frozen=True)
class GeoTiffs:
    """Rasters of one sensor, cut to tiles of `tile_px` (None: whole). `order`: 1-based source bands, None missing."""

    root: str
    sensor: str
    units: str
    dtype: str
    nodata: float | None
    order: tuple[int | None, ...]
    count: int  # bands in a file
    tile_px: int | None
    size_px: int | None = None

    def read(self, name: str) -> NDArray:
        window = None
        if self.tile_px:
            name, place = name.rsplit("@", 1)
            column, row = map(int, place.split(","))
            window = (column, row, self.tile_px, self.tile_px)
        used = sorted({band for band in self.order if band})
        values = read_raster(Path(self.root, name), used, window)
        if None not in self.order and len(used) == len(self.order):
            return values[[used.index(band) for band in self.order if band]]
        bands = np.full((len(self.order), *values.shape[1:]), np.nan, np.float32)
        for index, band in enumerate(self.order):
            if band:
                bands[index] = values[used.index(band)]
        return bands


@dataclass
class _Header:
    """What a raster's header says."""

    size: tuple[int, int]
    count: int
    dtype: str
    nodata: tuple[float | None, ...]
    masked: bool


def _header(path: Path) -> _Header:
    with Source(path) as source:
        d = source.dataset
        return _Header(
            (source.width, source.height), d.count, np.result_type(*d.dtypes).name, d.nodatavals, source.may_have_holes
        )


def geotiffs(
    root: Path, sensor: str | None, bands: str | None, units: str | None, tile_px: int | None
) -> tuple[Reader, Listing]:
    """The sensor, band order and unit are detected once, on values of several rasters together, or told.

    Raises SensorError where they cannot be told, InputError where no raster can be opened.
    """
    headers: dict[str, _Header] = {}
    listing = Listing([])
    for file in files_below(root, (".tif", ".tiff")):
        try:
            headers[file] = _header(root / file)
        except RasterError as error:
            listing.skipped.append({"file": file, "why": str(error)})
    if not headers:
        broken = f", {len(listing.skipped)} that cannot be opened" if listing.skipped else ""
        raise InputError(f"expected GeoTIFFs (.tif, .tiff) in {root}, found none{broken}")
    count = Counter(h.count for h in headers.values()).most_common(1)[0][0]
    for file in [f for f, h in headers.items() if h.count != count]:
        why = f"expected {count} bands as most files have, found {headers.pop(file).count}"
        listing.skipped.append({"file": file, "why": why})
    found = _detect(root, list(headers), sensor, bands, units)
    listing.notes.append(found.reason)
    used = [band for band in found.bands if band]
    dtype, nodata = _stored_as(list(headers.values()), used)
    tile_px = _tile_px({h.size for h in headers.values()}, tile_px)
    listing.names = _tiles(headers, tile_px, listing)
    reader = GeoTiffs(str(root), found.sensor or "", found.units or "", dtype, nodata, found.bands, count, tile_px)
    return reader, listing


def _detect(root: Path, files: list[str], sensor: str | None, bands: str | None, units: str | None) -> Detection:
    facts = []
    for file in files[:: max(1, len(files) // _LOOKED_AT)][:_LOOKED_AT]:
        try:
            with Source(root / file) as source:
                facts.append(source.facts())
        except RasterError:  # its tiles will be skipped and named
            continue
    if not facts:
        raise InputError(f"expected GeoTIFFs that can be read in {root}, found only broken ones")
    pooled = tuple(tuple(sorted(v for f in facts for v in f.samples[i][::7])) for i in range(facts[0].count))
    found = detect(replace(facts[0], samples=pooled), sensor, bands, units)
    if found.sensor is None:
        raise SensorError(found.reason)
    if found.confidence == "ambiguous" and not ((sensor or bands) and found.units):
        raise SensorError(f"{found.reason}: set --sensor, --bands and --units")
    return found


def _stored_as(headers: list[_Header], used: Sequence[int]) -> tuple[str, float | None]:
    """(data type, nodata) that hold what the files hold; NaN marks missing values where no common nodata value can."""
    dtype = np.result_type(*{h.dtype for h in headers})
    if dtype.kind == "f":
        return ("float16" if dtype == np.float16 else "float32"), None
    if dtype.kind not in "iu":
        raise InputError(f"expected integer or real values, found {dtype}")
    if not any(h.masked for h in headers):
        return dtype.name, None
    marks = {h.nodata[band - 1] for h in headers for band in used}
    nodata = marks.pop() if len(marks) == 1 else None
    if nodata is not None and np.iinfo(dtype).min <= nodata <= np.iinfo(dtype).max:
        return dtype.name, nodata
    return ("float16" if dtype.itemsize == 1 else "float32"), None


def _tile_px(sizes: set[tuple[int, int]], told_px: int | None) -> int | None:
    """Side of the tiles to cut; None where all rasters are alike and small enough to stay whole."""
    if told_px:
        return told_px
    if len(sizes) == 1 and max(*sizes.copy().pop()) <= WHOLE_PX:
        return None
    return min(TILE_PX, *(min(size) for size in sizes))


def _tiles(headers: dict[str, _Header], tile_px: int | None, listing: Listing) -> list[str]:
    """Names of whole tiles beside each other; what is left at the right and lower edge is not used."""
    if tile_px is None:
        return list(headers)
    listing.notes.append(f"tiles of {tile_px} px")
    names = []
    for file, header in headers.items():
        width, height = header.size
        if min(width, height) < tile_px:
            why = f"expected at least {tile_px} x {tile_px} px, found {width} x {height}"
            listing.skipped.append({"file": file, "why": why})
        names += [
            f"{file}@{x},{y}"
            for y in range(0, height - tile_px + 1, tile_px)
            for x in range(0, width - tile_px + 1, tile_px)
        ]
    return sorted(names)
