"""The XML of a virtual raster (VRT) whose bands are files of their own."""

import os
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rasterio

_GDAL_TYPES = {
    "uint8": "Byte",
    "int8": "Int8",
    "uint16": "UInt16",
    "int16": "Int16",
    "uint32": "UInt32",
    "int32": "Int32",
    "uint64": "UInt64",
    "int64": "Int64",
    "float32": "Float32",
    "float64": "Float64",
}


@dataclass(frozen=True)
class StackedBand:
    """A file's first band. `size` is (width, height), `block` (height, width) and `rectangle` the part that is used
    (column, row, width, height), all in the file's pixels; `mask` is the mask in the file as a VRT names its bands, or
    ""."""

    name: str
    path: str
    dtype: str
    size: tuple[int, int]
    block: tuple[int, int]
    rectangle: tuple[float, float, float, float]
    nodata: float | None
    scale: float
    offset: float
    mask: str


@dataclass(frozen=True)
class Grid:
    """Of the virtual raster: `whole` is the size (width, height) of the finest file; `crs` and `points_crs` are WKT or
    "", `points` ground control points as rasterio has them."""

    width: int
    height: int
    whole: tuple[int, int]
    transform: rasterio.Affine
    crs: str
    points: Sequence[Any]
    points_crs: str


def vrt_of(bands: Sequence[StackedBand], grid: Grid, target: Path) -> str:
    """The VRT's text; files in its folder, or below, are named relative to it."""
    root = ET.Element("VRTDataset", rasterXSize=str(grid.width), rasterYSize=str(grid.height))
    _add_place(root, grid)
    for number, band in enumerate(bands, 1):
        element = ET.SubElement(root, "VRTRasterBand", dataType=_GDAL_TYPES[band.dtype], band=str(number))
        ET.SubElement(element, "Description").text = band.name
        if band.nodata is not None:
            ET.SubElement(element, "NoDataValue").text = repr(band.nodata)
        if (band.scale, band.offset) != (1.0, 0.0):
            ET.SubElement(element, "Offset").text = repr(band.offset)
            ET.SubElement(element, "Scale").text = repr(band.scale)
        _add_source(element, band, "1", grid, target)
    masked = [band for band in bands if band.mask]
    if masked:
        mask = ET.SubElement(ET.SubElement(root, "MaskBand"), "VRTRasterBand", dataType="Byte")
        if len(masked) > 1:  # valid is what is valid in all of them
            mask.set("subClass", "VRTDerivedRasterBand")
            ET.SubElement(mask, "PixelFunctionType").text = "mul"
            ET.SubElement(mask, "SourceTransferType").text = "Float64"
        for band in masked:
            _add_source(mask, band, band.mask, grid, target)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode")


def _add_place(root: ET.Element, grid: Grid) -> None:
    if grid.crs:
        ET.SubElement(root, "SRS").text = grid.crs
    t = grid.transform
    if t != rasterio.Affine.identity():
        ET.SubElement(root, "GeoTransform").text = ", ".join(map(repr, (t.c, t.a, t.b, t.f, t.d, t.e)))
    elif grid.points:
        points = ET.SubElement(root, "GCPList", Projection=grid.points_crs)
        for number, point in enumerate(grid.points, 1):
            places = {"Pixel": point.col, "Line": point.row, "X": point.x, "Y": point.y, "Z": point.z or 0.0}
            ET.SubElement(points, "GCP", {"Id": str(number)} | {key: repr(float(v)) for key, v in places.items()})


def _add_source(element: ET.Element, band: StackedBand, number: str, grid: Grid, target: Path) -> None:
    """A coarser file's pixel is repeated in each fine one that it covers: nothing that was not measured comes in."""
    source = ET.SubElement(element, "SimpleSource", resampling="nearest")
    path, relative = _path(band.path, target)
    ET.SubElement(source, "SourceFilename", relativeToVRT=str(int(relative))).text = path
    ET.SubElement(source, "SourceBand").text = number
    if number == "1":  # with its size declared, GDAL opens a file only when pixels of it are read
        ET.SubElement(
            source,
            "SourceProperties",
            RasterXSize=str(band.size[0]),
            RasterYSize=str(band.size[1]),
            DataType=_GDAL_TYPES[band.dtype],
            BlockXSize=str(band.block[1]),
            BlockYSize=str(band.block[0]),
        )
    _add_rectangle(source, "SrcRect", band.rectangle)
    _add_rectangle(source, "DstRect", (0, 0, grid.width, grid.height))


def _add_rectangle(source: ET.Element, name: str, rectangle: tuple[float, float, float, float]) -> None:
    sides = zip(("xOff", "yOff", "xSize", "ySize"), rectangle, strict=True)
    ET.SubElement(source, name, {side: repr(value) for side, value in sides})


def _path(path: str, target: Path) -> tuple[str, bool]:
    """(the path as the VRT has it, whether it is relative)."""
    if "://" in path or path.startswith("/vsi"):
        return path, False
    file, folder = os.path.abspath(path), os.path.abspath(target.parent)
    if Path(file).is_relative_to(folder):
        return Path(os.path.relpath(file, folder)).as_posix(), True
    return Path(file).as_posix(), False
