"""Where a raster lies: pixel corners in the CRS, ground sampling distance, and areas of pixels on the ellipsoid."""

import math
from typing import TypeVar

import numpy as np
import rasterio
from numpy.typing import NDArray
from pyproj import CRS, Geod
from rasterio.errors import RasterioError
from rasterio.warp import transform as warp_points

Number = TypeVar("Number", float, NDArray[np.float64])

_GEOD = Geod(ellps="WGS84")


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
