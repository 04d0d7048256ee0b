"""The only module that opens rasters to read: windows with their validity, and facts for detection."""

import itertools
import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.windows import Window

from ..core.errors import RasterError, SensorError
from ..core.messages import option
from ..core.sensors import TABLE, Detection, RasterFacts, Table, band_scales, detect, refuse_container
from ..tiling.axis import Blocks
from .facts import facts_of, records_of
from .gdal import CRS_ERRORS, RASTER_ERRORS, display_name, one_line, open_quietly
from .georeference import crs_of, place
from .sampling import data_windows, find_fill
from .sentinel2_product import find_product


class Mask(Protocol):
    """Pixels that are masked beyond the raster's own validity; see `masks`."""

    def valid(self, column: int, row: int, width: int, height: int) -> NDArray[np.bool_]:
        """(height, width) of a window of the uncropped raster."""
        ...

    def close(self) -> None: ...


class Source:
    """A raster opened for reading, by its file, GDAL's name of it (a subdataset, /vsizip/..., https://...) or, where it
    is a product of several files, by that. Close it, or use it in a `with` statement.

    Args:
        crs: what counts instead of the file's; as WKT or EPSG:32633.
        nodata: values that count as no data, besides those that the file declares.

    Raises RasterError where it cannot be opened. Attributes: path, name (for messages), product (or None), width and
    height (pixels), crs (or None), transform.
    """

    def __init__(self, path: str | Path, crs: str | None = None, nodata: Sequence[float] | None = None):
        self.path = str(path)
        self.name = display_name(self.path)
        if not self.path.strip():
            raise RasterError("expected a raster file, found no name")
        local = "://" not in self.path and not self.path.startswith("/vsi") and ":" not in self.path[2:]
        if local and not Path(self.path).exists():
            raise RasterError(f"expected a raster file, found no file {self.path}")
        refuse_container(self.path)
        self.product = find_product(self.path) if local else None
        self.name = self.product.name if self.product else self.name
        try:
            self.dataset = open_quietly(self.product.vrt if self.product else self.path)
            self.crs, self.transform = self.dataset.crs, self.dataset.transform
        except (*RASTER_ERRORS, *CRS_ERRORS, ValueError, TypeError) as error:
            why = one_line(error)
            if self.path.endswith(".dim"):
                why += "; SNAP's bands are the .img files in the .data folder: stack these"
            raise RasterError(f"expected a raster that GDAL can read, found {self.name}: {why}") from error
        if crs:
            self.crs = crs_of(crs)
        self.nodata = tuple(nodata or ())  # of all bands
        if self.dataset.count == 0:
            found = self.dataset.subdatasets
            self.dataset.close()
            raise RasterError(_choose(self.name, found))
        self.width, self.height = self.dataset.width, self.dataset.height
        self._kinds = [_kind(text) for text in self.dataset.dtypes]
        if set(self._kinds) == {"c"}:
            self.dataset.close()
            raise RasterError(_complex(self.name))
        self._offset = (0, 0)  # column and row of the region in the file
        flags = self.dataset.mask_flag_enums[0]
        self.masked = MaskFlags.per_dataset in flags  # .msk file, internal mask or alpha
        alpha = (i for i, c in enumerate(self.dataset.colorinterp, 1) if c == ColorInterp.alpha)
        self._alpha = set(alpha)  # in use as a measurement it masks nothing
        self._floats = any(kind in "fc" for kind in self._kinds)
        self.masks: list[Mask] = []
        try:
            self.records = () if self.product or not local else records_of(self.path, self.dataset)
        except RasterError:
            self.dataset.close()
            raise
        self.scaled = band_scales(self.dataset.scales, self.dataset.offsets, self.records)
        self.undeclared_fill = False  # whether pixels that hold nothing but 0, -9999, ... are holes
        self.fill_found = False  # whether any was read

    def __enter__(self) -> "Source":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        for mask in self.masks:
            mask.close()
        self.dataset.close()

    def restrict(self, mask: Mask) -> None:
        """From now on only pixels that are valid in the mask, too, are valid; it is closed with the raster."""
        self.masks.append(mask)

    @property
    def may_have_holes(self) -> bool:
        """False where every pixel of every band is known to be valid without reading it, but for undeclared fill."""
        return self.declares_holes or self._floats or bool(self.masks)

    @property
    def declares_holes(self) -> bool:
        """Whether the file or the user says which pixels hold nothing."""
        return self.masked or bool(self.nodata) or any(value is not None for value in self.dataset.nodatavals)

    @property
    def reads_floats(self) -> bool:
        """Whether `read` returns float32; else it does so only for windows with undeclared fill."""
        return self.may_have_holes or bool(self.scaled)

    @property
    def read_type(self) -> np.dtype:
        """Of what `read` returns, but for windows with undeclared fill."""
        return np.dtype(np.float32) if self.reads_floats else np.result_type(*self.dataset.dtypes)

    @property
    def block_row_bytes(self) -> int:
        """Size of the decoded blocks across the file's width. With a smaller cache, reading in rows lower than a block
        decodes each block once per row."""
        if self.product:
            return self.product.block_row_bytes
        d = self.dataset
        height, width = d.block_shapes[0]
        pixel_bytes = sum(8 if text.startswith("complex_") else np.dtype(text).itemsize for text in d.dtypes)
        return pixel_bytes * height * -(-d.width // width) * width

    @property
    def placed_by(self) -> str:
        """What places it where no geotransform does; "" where one does, or nothing."""
        if self.transform != rasterio.Affine.identity():
            return ""
        return "ground control points" if self.dataset.gcps[0] else "a camera model (RPC)" if self.dataset.rpcs else ""

    @property
    def local(self) -> bool:
        """Whether all of it lies in plain files of this machine, so that reading waits for no server."""
        return all(os.path.exists(path) for path in {self.path, *self.dataset.files})

    @property
    def one_block_wide(self) -> bool:
        """Whether a block is as wide as the file, as strips are."""
        return not self.product and self.dataset.block_shapes[0][1] >= self.dataset.width

    @property
    def blocks(self) -> tuple[Blocks, Blocks]:
        """Where the file's blocks lie along the rows and the columns of what is read."""
        height, width = self.dataset.block_shapes[0]
        return Blocks(height, self._offset[1] % height), Blocks(width, self._offset[0] % width)

    @property
    def offset(self) -> tuple[int, int]:
        """Column and row in the file where the region begins."""
        return self._offset

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

        The file's own scale and offset are applied. Where something can be missing, and where there is undeclared fill
        in the window, values are float32 with NaN for each missing value. Raises RASTER_ERRORS.
        """
        column, row, width, height = window
        area = Window(column + self._offset[0], row + self._offset[1], width, height)
        valid: NDArray[np.bool_] = np.ones((height, width), bool)
        for mask in self.masks:
            valid &= mask.valid(area.col_off, area.row_off, width, height)
        if not valid.any():  # nothing to read
            return np.full((len(bands), height, width), np.nan, np.float32), valid
        values = self.read_raw(bands, window)
        fill = find_fill(values) if self.undeclared_fill and not self.declares_holes else None
        if not self.may_have_holes and fill is None:
            return self._scale(values, bands), None
        missing = self._missing(values, bands)
        if missing is not None:
            valid &= ~np.logical_and.reduce(missing, 0)
        if self.masked and not self._alpha & set(bands):
            valid &= self.dataset.read_masks(bands[0], window=area) > 0
        values = self._scale(values, bands).astype(np.float32, copy=False)
        if missing is not None:
            values[missing] = np.nan
        if fill is not None:
            self.fill_found = True
            values[:, fill] = np.nan
            valid &= ~fill
        return values, None if valid.all() else valid

    def read_raw(self, bands: Sequence[int], window: tuple[int, int, int, int]) -> NDArray:
        """(C, h, w) of 1-based bands as they stand in the file, in their common type. Raises RASTER_ERRORS."""
        column, row, width, height = window
        area = Window(column + self._offset[0], row + self._offset[1], width, height)
        if len({self.dataset.dtypes[band - 1] for band in bands}) == 1:
            return self.dataset.read(list(bands), window=area)
        return np.stack([self.dataset.read(band, window=area) for band in bands])

    def _scale(self, values: NDArray, bands: Sequence[int]) -> NDArray:
        """The file's own scale and offset applied; float32 where it has any."""
        if not self.scaled:
            return values
        scaled = np.empty(values.shape, np.float32)
        for out, raw, band in zip(scaled, values, bands, strict=True):
            scale, offset = self.scaled.get(band, (1.0, 0.0))
            out[:] = np.multiply(raw, scale, dtype=np.float64) + offset
        return scaled

    def _missing(self, values: NDArray, bands: Sequence[int]) -> NDArray[np.bool_] | None:
        missing = None
        if values.dtype.kind == "f":
            missing = ~np.isfinite(values)
        for i, band in enumerate(bands):
            for nodata in {self.dataset.nodatavals[band - 1], *self.nodata} - {None}:
                if math.isnan(nodata) or not _holds(values.dtype, nodata):
                    continue
                missing = np.zeros(values.shape, bool) if missing is None else missing
                missing[i] |= values[i] == np.asarray(nodata).astype(values.dtype)
        return missing

    def real_bands(self, bands: Sequence[int]) -> list[int]:
        """Those of the 1-based bands that hold no complex numbers."""
        return [band for band in bands if self._kinds[band - 1] != "c"]

    def measure(self, bands: Sequence[int]) -> None:
        """From now on an alpha band among these 1-based ones is a measurement and masks nothing."""
        self.masked = self.masked and not self._alpha & set(bands)

    def check_real(self, bands: Sequence[int]) -> None:
        """Raises RasterError where one of the 1-based bands holds complex numbers."""
        if len(self.real_bands(bands)) < len(bands):
            raise RasterError(_complex(self.name))

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
        first = data_windows(self, bands[0]) if bands else ()
        for window in itertools.chain(first, self.block_windows()):
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
        try:
            return facts_of(self)
        except RASTER_ERRORS as error:
            raise _unreadable(self, error) from error


def detect_source(
    source: Source,
    sensor_id: str | None = None,
    bands: str | None = None,
    units: str | None = None,
    table: Table = TABLE,
) -> Detection:
    """The recognition of an open raster, with bands that are nodata everywhere as missing.

    Args:
        sensor_id, bands, units: what the user has set; see `core.sensors.detect`.
        table: the sensors and products there are.

    Raises:
        RasterError: nothing is valid, or the file breaks off.
        SensorError: what the user has set does not fit.
    """
    product, name = source.product, source.name
    if product and units not in (None, product.units):
        raise SensorError(f"expected no {option('units')} for {name}, whose metadata say the unit, found {units}")
    found = detect(source.facts(), sensor_id, bands, product.units if product else units, table)
    if found.sensor is None:
        return found
    if product:
        clouds = f"; for {option('valid_mask')}, its scene classification is {product.scl}" if product.scl else ""
        reason = found.marked_reason.replace("(as set)", f"({product.unit_source})") + clouds
        found = replace(found, reason=reason, product=product.id, product_title=table.products[product.id].title)
    used = [band for band in found.bands if band]
    source.check_real(used)
    source.measure(used)
    source.undeclared_fill = True
    try:
        empty = source.empty_bands(used)
    except RASTER_ERRORS as error:
        raise _unreadable(source, error) from error
    if len(empty) == len(set(used)):
        raise RasterError(f"expected valid pixels, found none in {name}: all is nodata")
    return replace(found, bands=tuple(None if band in empty else band for band in found.bands)) if empty else found


def _unreadable(source: Source, error: Exception) -> RasterError:
    why = "did the connection break?" if "://" in source.path else "is it truncated?"
    return RasterError(f"{source.name} cannot be read, {why} {one_line(error)}")


def _choose(name: str, subdatasets: Sequence[str]) -> str:
    if not subdatasets:
        return f"expected a raster with bands, found none in {name}"
    parts = [text.rsplit(":", 1)[-1].lstrip("/") for text in subdatasets]
    listed = ", ".join(parts[:12]) + (", ..." if len(parts) > 12 else "")
    return f"expected one raster, found {len(parts)} subdatasets in {name}: {listed}; name one, e.g. '{subdatasets[0]}'"


def _kind(dtype: str) -> str:
    """NumPy's letter for a type as rasterio names it: "c" for complex numbers, of which NumPy lacks the integers."""
    return "c" if dtype.startswith("complex") else np.dtype(dtype).kind


def _holds(dtype: np.dtype, value: float) -> bool:
    """Whether a type can have the value: bytes have no -9999, and would have another number in its place."""
    return dtype.kind not in "iu" or value % 1 == 0 and np.iinfo(dtype).min <= value <= np.iinfo(dtype).max


def _complex(name: str) -> str:
    return (
        f"expected real values, found complex numbers in {name}, as in single-look complex radar: export their "
        "intensity, calibrated, as one real band per polarisation"
    )


def _round(value: float) -> int:
    return math.floor(value + 0.5)
