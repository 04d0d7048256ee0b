"""Any folder of GeoTIFFs of one sensor, whole or cut to tiles."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ofa_engine.core.errors import InputError, RasterError, SensorError
from ofa_engine.core.sensors import Detection, detect
from ofa_engine.raster.source import Source
from training.data.readers.rasters import read_raster
from training.data.readers.reader import Listing, ReaderAndListing, SourceOptions, files_below

TILE_PX = 224  # side of the tiles that rasters are cut to
WHOLE_PX = 512  # rasters that are all of one size and no larger than this stay whole
_DETECTION_RASTERS = 9  # rasters whose values are used to detect sensor and unit


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
            name, corner = name.rsplit("@", 1)
            column, row = map(int, corner.split(","))
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
    """Facts of a raster's header; `size` is (width, height)."""

    size: tuple[int, int]
    count: int
    dtype: str
    nodata: tuple[float | None, ...]
    masked: bool


def _header(path: Path) -> _Header:
    with Source(path) as source:
        d = source.dataset
        return _Header(
            (source.width, source.height),
            d.count,
            "float32" if source.scaled else np.result_type(*d.dtypes).name,
            d.nodatavals,
            source.may_have_holes,
        )


def list_samples(
    root: Path, sensor: str | None, bands: str | None, units: str | None, tile_px: int | None
) -> ReaderAndListing:
    """The reader of a folder, and its tiles.

    Args:
        root: folder with `.tif` and `.tiff` files, also in sub-folders.
        sensor, bands, units: as in `ofa segment`; None: detected once, on values of several rasters together.
        tile_px: side of the tiles; None: whole rasters if they are all of one small size, else about 224 px.

    Raises:
        SensorError: sensor, band order or unit cannot be detected.
        InputError: no raster can be opened.
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
    dtype, nodata = _stored_type(list(headers.values()), used)
    tile_px = _tile_px({h.size for h in headers.values()}, tile_px)
    listing.names = _tiles(headers, tile_px, listing)
    reader = GeoTiffs(str(root), found.sensor or "", found.units or "", dtype, nodata, found.bands, count, tile_px)
    return reader, listing


def _detect(root: Path, files: list[str], sensor: str | None, bands: str | None, units: str | None) -> Detection:
    """Sensor, band order and unit of a few rasters' values together. Raises SensorError, InputError."""
    facts = []
    for file in files[:: max(1, len(files) // _DETECTION_RASTERS)][:_DETECTION_RASTERS]:
        try:
            with Source(root / file) as source:
                facts.append(source.facts())
        except RasterError:  # its tiles will be skipped and listed
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


def _stored_type(headers: list[_Header], used: Sequence[int]) -> tuple[str, float | None]:
    """(data type, nodata) to store the files' values with; NaN marks missing ones without a common nodata value."""
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


def _tile_px(sizes: set[tuple[int, int]], wanted_px: int | None) -> int | None:
    """Side of the tiles to cut; None where all rasters have one size and are small enough to stay whole."""
    if wanted_px:
        return wanted_px
    if len(sizes) == 1 and max(*sizes.copy().pop()) <= WHOLE_PX:
        return None
    return min(TILE_PX, *(min(size) for size in sizes))


def _tiles(headers: dict[str, _Header], tile_px: int | None, listing: Listing) -> list[str]:
    """Names of adjacent whole tiles; the rest at the right and lower edge is not used."""
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


def open_source(options: SourceOptions) -> Iterator[ReaderAndListing]:
    yield list_samples(options.root, options.sensor, options.bands, options.units, options.size_px)
