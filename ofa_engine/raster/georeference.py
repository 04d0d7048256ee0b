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
    """Ground sampling distance in metres: the square root of the area of the pixel in the middle of a raster.

    Args:
        transform: of the raster.
        crs: of the raster, in any unit; None where it has none.
        width, height: in pixels.

    Returns:
        Metres; None without a CRS, or where the middle has no place on the ellipsoid.
    """
    if not crs:
        return None
    area = pixel_area_m2(transform, crs, (width // 2, height // 2, 1, 1))
    return None if area is None else math.sqrt(area)


def place(t: rasterio.Affine, column: Number, row: Number) -> tuple[Number, Number]:
    """Pixel corners (column, row) to coordinates (x, y) in the CRS.

    For numbers and arrays; affine's own operator for it changed from * to @ between releases.
    """
    return t.a * column + t.b * row + t.c, t.d * column + t.e * row + t.f


def coarser(t: rasterio.Affine, factor: float) -> rasterio.Affine:
    """The transform of a grid with the same origin, of cells `factor` pixels wide and high."""
    return rasterio.Affine(t.a * factor, t.b * factor, t.c, t.d * factor, t.e * factor, t.f)


def pixel_area_m2(transform: rasterio.Affine, crs: object, window: tuple[int, int, int, int]) -> float | None:
    """Mean area of the pixels in a window, on the WGS 84 ellipsoid.

    Args:
        transform: of the raster.
        crs: of the raster; None where it has none.
        window: column, row, width, height in pixels.

    Returns:
        Square metres; None without a usable CRS.
    """
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
    """A CRS of rasterio as one of pyproj; None stays None."""
    return CRS.from_wkt(crs.to_wkt()) if crs else None  # type: ignore[attr-defined]
