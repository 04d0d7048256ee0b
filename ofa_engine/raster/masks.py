"""Masks: pixels excluded by a mask raster in any grid and CRS, and everything outside of polygons."""

import hashlib
import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import rasterio
import rasterio.features
import shapely
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.vrt import WarpedVRT
from rasterio.warp import transform_bounds
from rasterio.windows import Window

from ..core.errors import InputError
from ..core.messages import option
from .gdal import CRS_ERRORS, RASTER_ERRORS, one_line
from .georeference import in_crs_of_raster, place, pyproj_crs
from .source import Source
from .vectors import read_vector

# Sentinel-2 L2A's scene classification (Sen2Cor): classes without a clear view of the ground
SCL_MASKED = {
    0: "no data",
    1: "saturated or defective",
    3: "cloud shadow",
    8: "cloud, medium probability",
    9: "cloud, high probability",
    10: "thin cirrus",
    11: "snow or ice",
}

Log = Callable[[str, str], None]  # level, message


class RasterMask:
    """Masks pixels by the value of a mask raster's first band, and those where it has no data or does not reach.

    Args:
        source: the raster to mask.
        path: the mask raster.
        values: that are masked. None: clouds and the like where the mask is Sentinel-2's scene classification by its
            name, 0 otherwise.
        log: takes level and message of how the values were chosen.

    Raises:
        InputError: where the mask cannot be used on the source.
    """

    def __init__(self, source: Source, path: str, values: Sequence[float] | None, log: Log):
        self._opened = Source(path)
        self._warped: WarpedVRT | None = None
        try:
            self.values = _masked_values(self._opened, values, log)
            if not _same_grid(self._opened, source):
                self._warped = _on_grid(self._opened, source)
        except BaseException:
            self.close()
            raise

    def valid(self, column: int, row: int, width: int, height: int) -> NDArray[np.bool_]:
        """(height, width) of a window of the whole raster."""
        area = Window(column, row, width, height)
        if self._warped:
            found = self._warped.read(1, window=area)
            return np.isfinite(found) & ~np.isin(found, self.values)
        data = self._opened.dataset
        found = data.read(1, window=area)
        masked = self.values if data.nodata is None else np.append(self.values, data.nodata)
        return np.isfinite(found) & ~np.isin(found, masked)

    def close(self) -> None:
        if self._warped:
            self._warped.close()
        self._opened.close()


def _same_grid(mask: Source, source: Source) -> bool:
    one, other = mask.dataset, source.dataset
    return one.shape == other.shape and one.crs == other.crs and one.transform.almost_equals(other.transform, 1e-9)


def _on_grid(mask: Source, source: Source) -> WarpedVRT:
    """The mask on the source's whole grid, by the nearest pixel; NaN where it has no value."""
    data, whole, name = mask.dataset, source.dataset, Path(mask.path).name
    if pyproj_crs(source.crs) is None or pyproj_crs(mask.crs) is None:
        found = f"{mask.width} x {mask.height} px, {'a' if pyproj_crs(mask.crs) else 'no'} CRS"
        raise InputError(
            "expected a mask with a CRS, or one on the raster's own grid of "
            f"{whole.width} x {whole.height} px, found {name}: {found}"
        )
    try:
        box = transform_bounds(mask.crs, source.crs, *_outline(mask).bounds)
    except (*RASTER_ERRORS, *CRS_ERRORS) as error:
        raise InputError(f"{name} cannot be brought to the raster's CRS: {one_line(error)}") from error
    ours = _outline(source)
    if not shapely.box(*box).intersects(ours):
        raise InputError(
            f"expected a mask that lies on the raster, {_rounded(ours.bounds)}, found {name} at {_rounded(box)}"
        )
    return WarpedVRT(
        data,
        crs=source.crs,
        transform=whole.transform,
        width=whole.width,
        height=whole.height,
        resampling=Resampling.nearest,
        dtype="float64",
        src_nodata=data.nodata,
        nodata=math.nan,
    )


def _outline(source: Source) -> shapely.Geometry:
    """The whole raster in its CRS; a parallelogram where its grid is rotated."""
    width, height = source.dataset.width, source.dataset.height
    corners = [place(source.dataset.transform, x, y) for x in (0, width) for y in (0, height)]
    return shapely.convex_hull(shapely.MultiPoint(corners))


def _rounded(bounds: Sequence[float]) -> str:
    return ", ".join(f"{value:.6g}" for value in bounds)


def _masked_values(mask: Source, values: Sequence[float] | None, log: Log) -> NDArray:
    name = Path(mask.path).name
    if values is not None:
        try:
            return np.array([float(value) for value in values])
        except (TypeError, ValueError):
            raise InputError(f"expected numbers as {option('mask_values')}, found {values}") from None
    if _is_scl(mask):
        listed = ", ".join(f"{value} {text}" for value, text in SCL_MASKED.items())
        log("info", f"{name} is taken for Sentinel-2's scene classification; left out are {listed}")
        return np.array(list(SCL_MASKED), float)
    log("info", f"left out is where {name} is 0")
    return np.zeros(1)


def _is_scl(mask: Source) -> bool:
    """By the name SCL of the file or band, and values 0 to 11."""
    texts = (Path(mask.path).stem, mask.dataset.descriptions[0] or "")
    if not any(re.search(r"(^|[^a-z0-9])scl([^a-z0-9]|$)", text.lower()) for text in texts):
        return False
    if np.dtype(mask.dataset.dtypes[0]).kind not in "ui":
        return False
    step = max(1, max(mask.width, mask.height) // 1024)
    shape = (max(1, mask.height // step), max(1, mask.width // step))
    return bool(mask.dataset.read(1, out_shape=shape).max() <= 11)


class PolygonMask:
    """Masks pixels whose centre lies in no polygon of a file, in any CRS. Raises InputError."""

    def __init__(self, source: Source, path: str):
        name = Path(path).name
        shapes, crs = _polygons(path)
        shapes = in_crs_of_raster(shapes, crs, source.crs, name)
        shapes = shapes[np.isfinite(shapely.bounds(shapes)).all(1)]
        outline = _outline(source)
        shapes = shapes[shapely.intersects(shapes, outline)]
        if not len(shapes):
            raise InputError(
                f"expected polygons that lie on the raster, {_rounded(outline.bounds)}, found none in "
                f"{name}: do they lie elsewhere, or is a CRS wrong?"
            )
        # in pixels, so that windows need no CRS and a rotated grid is like any other
        inverse = ~source.dataset.transform
        self._shapes = shapely.transform(shapes, lambda x, y: place(inverse, x, y), interleaved=False)
        self._tree = shapely.STRtree(self._shapes)
        self.digest = hashlib.sha256(b"".join(shapely.to_wkb(self._shapes))).hexdigest()  # whatever file they come from

    def valid(self, column: int, row: int, width: int, height: int) -> NDArray[np.bool_]:
        """(height, width) of a window of the whole raster."""
        near = self._shapes[self._tree.query(shapely.box(column, row, column + width, row + height))]
        if not len(near):
            return np.zeros((height, width), bool)
        moved = rasterio.Affine(1, 0, column, 0, 1, row)
        return rasterio.features.rasterize(near, (height, width), transform=moved, dtype="uint8") > 0

    def close(self) -> None:
        """Nothing is open."""


def _polygons(path: str) -> tuple[NDArray, str | None]:
    """(polygons, CRS or None) of a vector file."""
    layer = read_vector(path, "polygons", [])
    shapes = layer.geometries[~shapely.is_missing(layer.geometries)]
    kinds = layer.kinds()
    if kinds - {"Polygon", "MultiPolygon"} or not kinds:
        raise InputError(f"expected polygons in {Path(path).name}, found {', '.join(sorted(kinds)) or 'nothing'}")
    return shapes, layer.crs
