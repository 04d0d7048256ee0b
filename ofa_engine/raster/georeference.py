"""Where a raster lies: pixel corners in the CRS, ground sampling distance, and areas of pixels on the ellipsoid."""

import math
from collections.abc import Callable
from typing import TypeVar

import numpy as np
import rasterio
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Geod, Transformer
from rasterio.warp import transform as warp_points

from ..core.errors import InputError
from ..core.messages import option
from .gdal import CRS_ERRORS, RASTER_ERRORS, one_line

Number = TypeVar("Number", float, NDArray[np.float64])

_NO_DEGREES = 1000.0
_GEOD = Geod(ellps="WGS84")


def gsd_m(transform: rasterio.Affine, crs: object, width: int, height: int) -> float | None:
    """Ground sampling distance in metres: the square root of the area of the pixel in the middle of a raster.

    Args:
        transform: of the raster.
        crs: of the raster, in any unit; None where it has none.
        width, height: in pixels.

    Returns:
        Metres; None without a CRS, or where the middle has no place on the Earth, as in local coordinates.
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
        Square metres; None without a CRS that has a place on the Earth.
    """
    if not crs:
        return None
    column, row, w, h = window
    corners = [(column, row), (column + w, row), (column + w, row + h), (column, row + h)]
    points = [place(transform, x, y) for x, y in corners]
    try:
        lon, lat = warp_points(crs, "EPSG:4326", [p[0] for p in points], [p[1] for p in points])
    except (*RASTER_ERRORS, *CRS_ERRORS, ValueError):
        return None
    area = abs(_GEOD.polygon_area_perimeter(lon, lat)[0]) / (w * h)
    return area if math.isfinite(area) and area > 0 else None


def pyproj_crs(crs: object) -> CRS | None:
    """A CRS of rasterio as one of pyproj; None where there is none, or local coordinates, which lie nowhere else.

    Raises InputError where PROJ does not know it."""
    if not crs:
        return None
    try:
        found = CRS.from_wkt(crs.to_wkt())  # type: ignore[attr-defined]
    except CRS_ERRORS as error:
        raise InputError(f"expected a raster with a CRS that PROJ knows, found another: {error}") from error
    return None if found.is_engineering else found


def crs_of(text: str) -> rasterio.crs.CRS:
    """A CRS that the user names. Raises InputError."""
    try:
        return rasterio.crs.CRS.from_user_input(text)
    except CRS_ERRORS:
        raise InputError(f"expected {option('crs')} as EPSG:32633 or WKT, found {text[:60]!r}") from None


def crs_name(crs: object) -> str:
    """For messages."""
    try:
        return f'"{CRS.from_wkt(crs.to_wkt()).name}"'  # type: ignore[attr-defined]
    except CRS_ERRORS:
        return "an unknown CRS"


def to_degrees(crs: object) -> Callable[..., NDArray] | None:
    """What turns geometries of a CRS into degrees on the Earth; None where it has no place there."""
    try:
        known = pyproj_crs(crs)
        return None if known is None else _moving(Transformer.from_crs(known, "EPSG:4326", always_xy=True))
    except (InputError, *CRS_ERRORS):
        return None


def in_crs_of_raster(geometries: NDArray, crs: object, raster_crs: object, name: str) -> NDArray:
    """Geometries of a vector file in the CRS of a raster; as they are where one of the two has none.

    Args:
        geometries: (N,) of shapely.
        crs: of the file, as pyogrio has it; None where it has none.
        raster_crs: of the raster, as rasterio has it.
        name: of the file, for the message.

    Raises:
        InputError: where the coordinates cannot be transformed.
    """
    ours = pyproj_crs(raster_crs)
    if ours is None or crs is None:
        return geometries
    try:
        theirs = CRS.from_user_input(crs)
        if theirs.is_engineering:
            return geometries
        moved = _moving(Transformer.from_crs(theirs, ours, always_xy=True))(geometries)
    except CRS_ERRORS as error:
        raise InputError(f"{name} cannot be brought to the raster's CRS, {ours.name}: {one_line(error)}") from error
    reach = np.abs(shapely.total_bounds(geometries)).max() if len(geometries) else 0.0
    if theirs.is_geographic and reach > _NO_DEGREES and not np.isfinite(shapely.bounds(moved)).all(1).any():
        raise InputError(
            f"expected degrees in {name}, as its CRS is {theirs.name}, found coordinates up to {reach:.0f}: save it "
            "with the CRS that they are in"
        )
    return moved


def _moving(transformer: Transformer) -> Callable[..., NDArray]:
    def moved(geometries: NDArray) -> NDArray:
        with np.errstate(invalid="ignore"):  # about points that the CRS cannot represent
            return shapely.transform(geometries, transformer.transform, interleaved=False)

    return moved
