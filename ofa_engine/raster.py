"""The only module that opens rasters: reading windows with their validity, facts for detection, and writing outputs."""

import contextlib
import math
import os
import re
import warnings
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import rasterio
from numpy.typing import NDArray
from pyproj import CRS, Geod
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.errors import NotGeoreferencedWarning, RasterioError, RasterioIOError
from rasterio.warp import transform as warp_points
from rasterio.windows import Window

from .errors import OutputError, RasterError
from .sensors import Detection, RasterFacts, detect, sample_windows

NODATA = 255  # of class layers

Number = TypeVar("Number", float, NDArray[np.float64])


def _open(path: str | Path, mode: str = "r", **profile: object) -> Any:
    with warnings.catch_warnings():  # a missing geotransform is reported by the verbs, in our own words
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        return rasterio.open(path, mode, **profile)


class Source:
    """A raster opened for reading. Close it, or use it in a `with` statement.

    Raises RasterError where it cannot be opened. Attributes: path, width, height (pixels), crs (or None), transform.
    """

    def __init__(self, path: str | Path):
        self.path = str(path)
        name = Path(self.path).name or self.path
        if not self.path.strip():
            raise RasterError("expected a raster file, found no name")
        local = "://" not in self.path and not self.path.startswith("/vsi") and ":" not in self.path[2:]
        if local and not Path(self.path).exists():
            raise RasterError(f"expected a raster file, found no file {self.path}")
        try:
            self.dataset = _open(self.path)
        except (RasterioError, ValueError, TypeError) as error:
            raise RasterError(f"expected a raster that GDAL can read, found {name}: {_line(error)}") from error
        if self.dataset.count == 0:
            self.dataset.close()
            raise RasterError(f"expected a raster with bands, found none in {name}: open one of its subdatasets")
        self.width, self.height = self.dataset.width, self.dataset.height
        self.crs, self.transform = self.dataset.crs, self.dataset.transform
        self._offset = (0, 0)  # column and row of the region in the file
        flags = self.dataset.mask_flag_enums[0]
        self._masked = MaskFlags.per_dataset in flags  # .msk file, internal mask or alpha
        alpha = (i for i, c in enumerate(self.dataset.colorinterp, 1) if c == ColorInterp.alpha)
        self._alpha = set(alpha)  # in use as a measurement it masks nothing
        self._floats = any(np.dtype(t).kind in "fc" for t in self.dataset.dtypes)

    def __enter__(self) -> "Source":
        return self

    def __exit__(self, *_: object) -> None:
        self.dataset.close()

    @property
    def may_have_holes(self) -> bool:
        """False where every pixel of every band is known to be valid without reading it."""
        return self._masked or self._floats or any(value is not None for value in self.dataset.nodatavals)

    def crop(self, bounds: Sequence[float]) -> None:
        """Restricts everything from now on to (west, south, east, north) in the raster's CRS, in whole pixels.

        Raises RasterError where no pixel is left.
        """
        west, south, east, north = bounds
        inverse = ~self.transform
        corners = [place(inverse, x, y) for x in (west, east) for y in (south, north)]
        left, right = (_round(f(x for x, _ in corners)) for f in (min, max))
        top, bottom = (_round(f(y for _, y in corners)) for f in (min, max))
        left, top, right, bottom = max(left, 0), max(top, 0), min(right, self.width), min(bottom, self.height)
        if right <= left or bottom <= top:
            raise RasterError(f"expected bounds that touch the raster, {self.dataset.bounds[:]}, found {tuple(bounds)}")
        self._offset = (self._offset[0] + left, self._offset[1] + top)
        self.width, self.height = right - left, bottom - top
        t = self.transform
        x, y = place(t, left, top)
        self.transform = rasterio.Affine(t.a, t.b, x, t.d, t.e, y)

    def read(self, bands: Sequence[int], window: tuple[int, int, int, int]) -> tuple[NDArray, NDArray[np.bool_] | None]:
        """(values (C, h, w), valid (h, w) or None where all are) of 1-based bands in (column, row, width, height).

        Where something can be missing, values are float32 with NaN for each missing value. Raises RasterioIOError.
        """
        column, row, width, height = window
        area = Window(column + self._offset[0], row + self._offset[1], width, height)
        values = self.dataset.read(list(bands), window=area)
        if not self.may_have_holes:
            return values, None
        missing = self._missing(values, bands)
        valid: NDArray[np.bool_] = np.ones(values.shape[1:], bool)
        if missing is not None:
            valid = ~np.logical_and.reduce(missing, 0)
        if self._masked and not self._alpha & set(bands):
            valid &= self.dataset.read_masks(bands[0], window=area) > 0
        values = values.astype(np.float32)
        if missing is not None:
            values[missing] = np.nan
        return values, None if valid.all() else valid

    def _missing(self, values: NDArray, bands: Sequence[int]) -> NDArray[np.bool_] | None:
        missing = None
        if values.dtype.kind == "f":
            missing = ~np.isfinite(values)
        for i, band in enumerate(bands):
            nodata = self.dataset.nodatavals[band - 1]
            if nodata is not None and not math.isnan(nodata):
                missing = np.zeros(values.shape, bool) if missing is None else missing
                missing[i] |= values[i] == np.asarray(nodata).astype(values.dtype)
        return missing

    def block_windows(self) -> Iterator[tuple[int, int, int, int]]:
        """Windows that cover the raster, aligned to its blocks, of at most about a megapixel."""
        block_h, block_w = self.dataset.block_shapes[0]
        step_w = min(max(block_w, 1024 // block_w * block_w), self.width)
        step_h = min(max(block_h, 1024 // block_h * block_h), max(1, 2**21 // step_w), self.height)
        for row in range(0, self.height, step_h):
            for column in range(0, self.width, step_w):
                yield column, row, min(step_w, self.width - column), min(step_h, self.height - row)

    def empty_bands(self, bands: Sequence[int]) -> set[int]:
        """Those of the 1-based bands that hold no valid value anywhere. Reads all of the raster only where it must."""
        left = set(bands)
        windows = sample_windows(self.width, self.height)
        for window in [*windows, *(self.block_windows() if self.may_have_holes else ())]:
            if not left:
                break
            order = sorted(left)
            values, valid = self.read(order, window)
            if values.dtype.kind != "f":
                return set()
            found = np.isfinite(values) if valid is None else np.isfinite(values) & valid
            left -= {band for band, any_valid in zip(order, found.any((1, 2)), strict=True) if any_valid}
        return left

    def facts(self) -> RasterFacts:
        """What detection needs to know. Raises RasterError where the sample cannot be read."""
        d = self.dataset
        count = d.count
        return RasterFacts(
            dtype=d.dtypes[0],
            colors=tuple(c.name for c in d.colorinterp),
            descriptions=tuple(text or "" for text in d.descriptions),
            wavelengths_um=tuple(_wavelength_um(d.tags(i), d.descriptions[i - 1] or "") for i in range(1, count + 1)),
            gsd_m=gsd_m(self.transform, self.crs, self.width, self.height),
            samples=self._samples(),
        )

    def _samples(self) -> tuple[tuple[float, ...], ...]:
        chosen = sampled_bands(self.dataset.count)
        parts: dict[int, list[NDArray]] = {band: [] for band in chosen}
        try:
            for window in sample_windows(self.width, self.height):
                values, valid = self.read(chosen, window)
                values = values.astype(np.float64) if valid is None else np.where(valid, values, np.nan)
                for band, pixels in zip(chosen, values, strict=True):
                    parts[band].append(pixels[np.isfinite(pixels)])
        except RasterioIOError as error:
            raise RasterError(f"{Path(self.path).name} cannot be read, is it truncated? {_line(error)}") from error
        found = {band: np.sort(np.concatenate(arrays)) for band, arrays in parts.items()}
        return tuple(tuple(found[b].tolist()) if b in found else () for b in range(1, self.dataset.count + 1))


def detect_source(
    source: Source, sensor_id: str | None = None, bands: str | None = None, units: str | None = None
) -> Detection:
    """`sensors.detect` on an open raster, with bands that are nodata everywhere as missing.

    Raises RasterError where nothing is valid or the file breaks off, SensorError where the user's words do not fit.
    """
    found = detect(source.facts(), sensor_id, bands, units)
    if found.sensor is None:
        return found
    used = [band for band in found.bands if band]
    name = Path(source.path).name
    try:
        empty = source.empty_bands(used)
    except RasterioIOError as error:
        raise RasterError(f"{name} cannot be read, is it truncated? {_line(error)}") from error
    if len(empty) == len(set(used)):
        raise RasterError(f"expected valid pixels, found none in {name}: all is nodata")
    return replace(found, bands=tuple(None if band in empty else band for band in found.bands)) if empty else found


def _round(value: float) -> int:
    return math.floor(value + 0.5)


def sampled_bands(count: int) -> list[int]:
    """1-based bands whose values detection looks at: all up to 16, else nine spread evenly."""
    return list(range(1, count + 1)) if count <= 16 else [1 + i * (count - 1) // 8 for i in range(9)]


def _wavelength_um(tags: dict[str, str], description: str) -> float | None:
    """Centre wavelength from ENVI-style band metadata or a description such as 'band 3 (429.3 Nanometers)'."""
    text, unit = tags.get("wavelength", ""), tags.get("wavelength_units", "")
    if not text:
        match = re.search(r"([\d.]+)\s*(nm|nanometers?|um|µm|micrometers?|microns?)\b", description, re.IGNORECASE)
        text, unit = (match[1], match[2]) if match else ("", "")
    try:
        value = float(text)
    except ValueError:
        return None
    nanometers = unit.lower().startswith("n") or not unit and value > 100
    return value / 1000 if nanometers else value


def gsd_m(transform: rasterio.Affine, crs: object, width: int, height: int) -> float | None:
    """Pixel size in metres in the middle of the raster (root of its area); None without a CRS."""
    if not crs:
        return None
    area = pixel_area_m2(transform, crs, (width // 2, height // 2, 1, 1))
    return None if area is None else math.sqrt(area)


def place(t: rasterio.Affine, column: Number, row: Number) -> tuple[Number, Number]:
    """Where pixel corners lie in the CRS (affine's own operator for it changed from * to @ between releases)."""
    return t.a * column + t.b * row + t.c, t.d * column + t.e * row + t.f


def coarser(t: rasterio.Affine, factor: float) -> rasterio.Affine:
    """The grid of cells `factor` pixels wide and high, from the same corner."""
    return rasterio.Affine(t.a * factor, t.b * factor, t.c, t.d * factor, t.e * factor, t.f)


_GEOD = Geod(ellps="WGS84")


def pixel_area_m2(transform: rasterio.Affine, crs: object, window: tuple[int, int, int, int]) -> float | None:
    """Mean area on the WGS 84 ellipsoid of the pixels in (column, row, width, height); None without a usable CRS."""
    if not crs:
        return None
    column, row, w, h = window
    corners = [(column, row), (column + w, row), (column + w, row + h), (column, row + h)]
    points = [place(transform, x, y) for x, y in corners]
    try:
        lon, lat = warp_points(crs, "EPSG:4326", [p[0] for p in points], [p[1] for p in points])
    except (RasterioError, ValueError):
        return None
    area = abs(_GEOD.polygon_area_perimeter(lon, lat)[0]) / (w * h)
    return area if math.isfinite(area) and area > 0 else None


def pyproj_crs(crs: object) -> CRS | None:
    return CRS.from_wkt(crs.to_wkt()) if crs else None  # type: ignore[attr-defined]


def _line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


# --- outputs ----------------------------------------------------------------------------------------------------


def check_output(path: str | Path, inputs: Sequence[str], endings: Sequence[str]) -> Path:
    """The output's path, where it can be written. Raises OutputError (the folder, the ending, an input's own file)."""
    path = Path(path)
    if path.suffix.lower() not in endings:
        raise OutputError(f"expected an output ending in {' or '.join(endings)}, found {path.name}")
    folder = path.parent
    if not folder.is_dir():
        raise OutputError(f"expected a folder to write to, found none at {folder}: create it first")
    # a folder marked read-only is respected even by root, whom the system would let write
    if not os.access(folder, os.W_OK) or not folder.stat().st_mode & 0o222:
        raise OutputError(f"expected a folder that can be written to, found a read-only one: {folder}")
    if path.is_dir():
        raise OutputError(f"expected a file name for the output, found a folder: {path}")
    for source in inputs:
        if os.path.realpath(source) == os.path.realpath(path):
            raise OutputError(f"the output must not be an input: {path}")
    return path


class Pending:
    """Files written beside their targets, renamed onto them by `commit` and removed by `discard`."""

    def __init__(self) -> None:
        self._moves: list[tuple[Path, Path]] = []

    def beside(self, target: Path) -> Path:
        """A hidden name in the target's folder, with its ending, to write to."""
        part = target.with_name(f".{target.stem}.{os.getpid()}.part{target.suffix}")
        self._moves.append((part, target))
        _remove(part)
        return part

    def commit(self) -> None:
        """Renames all, side files first; old side files of the targets go."""
        try:
            for part, target in self._moves:
                aux, old = _aux(part), _aux(target)
                if aux.exists():
                    os.replace(aux, old)
                else:
                    old.unlink(missing_ok=True)
                os.replace(part, target)
        except OSError as error:
            raise OutputError(f"cannot write {error.filename2 or error.filename}: {error.strerror}") from error

    def discard(self) -> None:
        for part, _ in self._moves:
            _remove(part)


def _aux(path: Path) -> Path:
    return path.with_name(path.name + ".aux.xml")


def _remove(part: Path) -> None:
    for path in (part, _aux(part), *(part.with_name(part.name + end) for end in ("-journal", "-wal", "-shm"))):
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def create_tiff(path: Path, source: Source, width: int, height: int, transform: rasterio.Affine, *, dtype: str,
                count: int = 1, nodata: float | None, tags: dict[str, str]) -> rasterio.io.DatasetWriter:  # fmt: skip
    """A tiled, compressed GeoTIFF in the source's CRS. Raises OutputError."""
    small = width < 256 or height < 256
    size = 16 * max(1, min(256, 2 ** math.ceil(math.log2(max(width, height, 16)))) // 16) if small else 256
    profile = dict(
        driver="GTiff", width=width, height=height, count=count, dtype=dtype, crs=source.crs, transform=transform,
        nodata=nodata, tiled=True, blockxsize=size, blockysize=size, compress="deflate", zlevel=1 if count > 1 else 6,
        predictor=3 if dtype == "float32" else 1, bigtiff="if_safer", interleave="band" if count == 1 else "pixel",
    )  # fmt: skip
    try:
        target = _open(path, "w", **profile)
    except (RasterioError, OSError) as error:
        raise OutputError(f"cannot write {path.parent}: {_line(error)}") from error
    target.update_tags(ns="OFANET", **tags)
    return target


def class_colormap(classes: Sequence[dict]) -> dict[int, tuple[int, int, int, int]]:
    """GDAL colour table: the classes' colours; everything else, nodata too, is transparent."""
    table = {value: (0, 0, 0, 0) for value in range(256)}
    for entry in classes:
        color = entry["color"].lstrip("#")
        table[entry["value"]] = (*(int(color[i : i + 2], 16) for i in (0, 2, 4)), 255)  # type: ignore[assignment]
    return table


def write_class_names(path: Path, classes: Sequence[dict], counts: Sequence[int]) -> None:
    """Category names and a raster attribute table as GDAL's side file (.aux.xml, GDAL's PAM format), since a GeoTIFF
    itself has no room for them and rasterio cannot write them."""
    root = ET.Element("PAMDataset")
    band = ET.SubElement(root, "PAMRasterBand", band="1")
    names = {entry["value"]: entry["name"] for entry in classes}
    categories = ET.SubElement(band, "CategoryNames")
    for value in range(max(names) + 1):
        ET.SubElement(categories, "Category").text = names.get(value, "")
    table = ET.SubElement(band, "GDALRasterAttributeTable", tableType="thematic")
    # name, GDAL field type (0 integer, 2 string), GDAL usage (5 value, 1 count, 2 name, 6-9 red, green, blue, alpha)
    columns = [("Value", 0, 5), ("Count", 0, 1), ("Class", 2, 2), ("Red", 0, 6), ("Green", 0, 7), ("Blue", 0, 8),
               ("Alpha", 0, 9)]  # fmt: skip
    for index, (name, kind, usage) in enumerate(columns):
        field = ET.SubElement(table, "FieldDefn", index=str(index))
        for tag, text in (("Name", name), ("Type", str(kind)), ("Usage", str(usage))):
            ET.SubElement(field, tag).text = text
    colors = class_colormap(classes)
    for index, (entry, count) in enumerate(sorted(zip(classes, counts, strict=True), key=lambda e: e[0]["value"])):
        row = ET.SubElement(table, "Row", index=str(index))
        for value in (entry["value"], count, entry["name"], *colors[entry["value"]]):
            ET.SubElement(row, "F").text = str(value)
    ET.ElementTree(root).write(_aux(path), encoding="unicode")


def read_class_names(path: str | Path) -> dict[int, str]:
    """Names of class values from the category names in GDAL's side file, which rasterio cannot read; empty where there
    is none."""
    side = _aux(Path(path))
    try:
        band = ET.parse(side).getroot().find("PAMRasterBand") if side.exists() else None
    except (ET.ParseError, OSError):
        return {}
    categories = band.find("CategoryNames") if band is not None else None
    texts = [(entry.text or "").strip() for entry in categories] if categories is not None else []
    return {value: text for value, text in enumerate(texts) if text}
