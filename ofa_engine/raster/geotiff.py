"""Writing GeoTIFFs, and checking that all of their blocks have reached the disk."""

import contextlib
import ctypes
import functools
import itertools
import math
from pathlib import Path

import rasterio

from ..core.errors import OfaError, OutputError
from .gdal import RASTER_ERRORS, one_line, open_quietly
from .source import Source


@functools.cache
def _quiet_libtiff() -> None:
    """On a full disk the libtiff in rasterio's wheel prints a line per block past all error handling; what it prints is
    raised by GDAL, or found by `check_complete`. Where rasterio is built otherwise, the lines stay."""
    for library in Path(rasterio.__file__).parent.with_name("rasterio.libs").glob("libtiff*"):
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(str(library)).TIFFSetErrorHandler(None)


def create_tiff(
    path: Path,
    source: Source,
    width: int,
    height: int,
    transform: rasterio.Affine,
    *,
    dtype: str,
    count: int = 1,
    nodata: float | None,
    tags: dict[str, str],
) -> rasterio.io.DatasetWriter:
    """A tiled, compressed GeoTIFF, open for writing.

    Args:
        path: to write to.
        source: the raster whose CRS it gets.
        width, height: in pixels.
        transform: from pixels to the CRS.
        dtype: as rasterio names it.
        count: of bands.
        nodata: None where there is none.
        tags: for the metadata domain OFANET.

    Raises:
        OutputError: where it cannot be created.
    """
    _quiet_libtiff()
    small = width < 256 or height < 256
    size = 16 * max(1, min(256, 2 ** math.ceil(math.log2(max(width, height, 16)))) // 16) if small else 256
    profile = dict(
        driver="GTiff",
        width=width,
        height=height,
        count=count,
        dtype=dtype,
        crs=source.crs,
        transform=transform,
        nodata=nodata,
        tiled=True,
        blockxsize=size,
        blockysize=size,
        compress="deflate",
        zlevel=1 if count > 1 else 6,
        predictor=3 if dtype == "float32" else 1,
        bigtiff="if_safer",
        interleave="band" if count == 1 else "pixel",
    )
    try:
        target = open_quietly(path, "w", **profile)
    except (*RASTER_ERRORS, OSError) as error:
        raise OutputError(f"cannot write {path.parent}: {one_line(error)}") from error
    target.update_tags(ns="OFANET", **tags)
    return target


def check_complete(path: Path, name: str) -> None:
    """Raises OfaError where blocks of a GeoTIFF are missing: GDAL reports no error where it cannot write on closing."""
    try:
        size = path.stat().st_size
        with open_quietly(path) as layer:
            missing = _missing_blocks(layer, size)
            levels = len(layer.overviews(1))
        for level in range(levels):
            with open_quietly(path, overview_level=level) as layer:
                missing |= _missing_blocks(layer, size)
    except (*RASTER_ERRORS, OSError):
        missing = True
    if missing:
        raise OfaError(f"expected room to write {name}, found too little: is the disk full?")


def _missing_blocks(layer: rasterio.DatasetReader, size: int) -> bool:
    """Whether a block is missing, or lies beyond the end of a file of `size` bytes."""
    rows, columns = (-(-n // block) for n, block in zip(layer.shape, layer.block_shapes[0], strict=True))
    for y, x in itertools.product(range(rows), range(columns)):
        start, length = (int(layer.get_tag_item(f"BLOCK_{key}_{x}_{y}", "TIFF", 1) or 0) for key in ("OFFSET", "SIZE"))
        if not start or not length or start + length > size:
            return True
    return False
