"""Mosaics of class layers as GDAL virtual rasters (VRT), written after GDAL's documentation since rasterio has no
BuildVRT (https://gdal.org/drivers/raster/vrt.html)."""

import math
import os
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pyproj import CRS

from ..core.errors import RasterError
from ..raster.class_names import NODATA, class_colormap
from ..raster.source import Source
from .manifest import write_whole


@dataclass(frozen=True)
class MosaicLayer:
    """A north-up class layer; its pixels are `across` wide and `down` high, in units of the CRS."""

    path: Path
    wkt: str
    left: float
    top: float
    across: float
    down: float
    width: int
    height: int
    block: tuple[int, int]  # height, width
    classes: tuple[tuple[int, str, str], ...]  # value, name, colour


def write_mosaics(folder: Path, layers: Sequence[tuple[Path, list[dict]]], warn: Callable[[str], None]) -> list[Path]:
    """Writes one VRT per CRS and set of classes: mosaic.vrt or, with several, mosaic_EPSG_32633.vrt and so on.

    `layers` are (path, classes); later ones lie above earlier ones. Mosaics of earlier runs are removed. Raises
    OutputError.
    """
    groups: dict[tuple, list[MosaicLayer]] = {}
    for path, classes in layers:
        layer = _layer(path, classes, warn)
        if layer:
            groups.setdefault((layer.wkt, layer.classes), []).append(layer)
    written: list[Path] = []
    for (wkt, _), members in groups.items():
        name = "mosaic" if len(groups) == 1 else f"mosaic_{_crs_name(wkt)}"
        path = folder / f"{name}.vrt"
        count = 2
        while path in written:  # the same CRS with other classes
            path = folder / f"{name}_{count}.vrt"
            count += 1
        write_whole(path, vrt(members, folder))
        written.append(path)
    for old in folder.glob("mosaic*.vrt"):
        if old not in written:
            old.unlink(missing_ok=True)
    return written


def _layer(path: Path, classes: list[dict], warn: Callable[[str], None]) -> MosaicLayer | None:
    try:
        with Source(path) as source:
            t, crs = source.transform, source.crs
            table = tuple((c["value"], c["name"], c["color"]) for c in classes)
            if crs is None or t.b or t.d or t.a <= 0 or t.e >= 0:
                warn(f"{path.name} is left out of the mosaic: it is not north up in a CRS")
                return None
            return MosaicLayer(
                path,
                crs.to_wkt(),
                t.c,
                t.f,
                t.a,
                -t.e,
                source.width,
                source.height,
                source.dataset.block_shapes[0],
                table,
            )
    except RasterError as error:
        warn(f"{path.name} is left out of the mosaic: {error}")
        return None


def _crs_name(wkt: str) -> str:
    crs = CRS.from_wkt(wkt)
    authority = crs.to_authority()
    return "_".join(authority) if authority else re.sub(r"\W+", "_", crs.name)[:40]


def vrt(layers: Sequence[MosaicLayer], folder: Path) -> str:
    """The XML of a VRT in `folder` over layers with the same CRS and classes, in the finest of their resolutions."""
    across, down = min(e.across for e in layers), min(e.down for e in layers)
    left, top = min(e.left for e in layers), max(e.top for e in layers)
    right = max(e.left + e.width * e.across for e in layers)
    bottom = min(e.top - e.height * e.down for e in layers)
    width, height = (max(1, math.ceil(size - 1e-6)) for size in ((right - left) / across, (top - bottom) / down))
    root = ET.Element("VRTDataset", rasterXSize=str(width), rasterYSize=str(height))
    ET.SubElement(root, "SRS").text = layers[0].wkt  # without an axis mapping GDAL takes x as east, as rasterio does
    ET.SubElement(root, "GeoTransform").text = ", ".join(repr(float(v)) for v in (left, across, 0, top, 0, -down))
    band = ET.SubElement(root, "VRTRasterBand", dataType="Byte", band="1")
    ET.SubElement(band, "Description").text = "class"
    ET.SubElement(band, "NoDataValue").text = str(NODATA)
    ET.SubElement(band, "ColorInterp").text = "Palette"
    _classes(band, layers[0].classes)
    for layer in layers:
        x, y = (layer.left - left) / across, (top - layer.top) / down
        size = (layer.width * layer.across / across, layer.height * layer.down / down)
        _source(band, layer, folder, (x, y, *size))
    ET.indent(root, " ")
    return ET.tostring(root, encoding="unicode")


def _classes(band: ET.Element, classes: Sequence[tuple[int, str, str]]) -> None:
    colors = class_colormap([{"value": value, "color": color} for value, _, color in classes])
    names = {value: name for value, name, _ in classes}
    table = ET.SubElement(band, "ColorTable")
    for value in range(256):
        ET.SubElement(table, "Entry", {f"c{i}": str(c) for i, c in enumerate(colors[value], 1)})
    categories = ET.SubElement(band, "CategoryNames")
    for value in range(max(names) + 1):
        ET.SubElement(categories, "Category").text = names.get(value, "")


def _source(band: ET.Element, layer: MosaicLayer, folder: Path, target: tuple[float, float, float, float]) -> None:
    """A complex source: the nodata of a simple one would hide the layers below."""
    source = ET.SubElement(band, "ComplexSource")
    name = os.path.relpath(layer.path, folder).replace(os.sep, "/")
    ET.SubElement(source, "SourceFilename", relativeToVRT="1").text = name
    ET.SubElement(source, "SourceBand").text = "1"
    # lets GDAL open the file only when its pixels are read
    ET.SubElement(
        source,
        "SourceProperties",
        RasterXSize=str(layer.width),
        RasterYSize=str(layer.height),
        DataType="Byte",
        BlockXSize=str(layer.block[1]),
        BlockYSize=str(layer.block[0]),
    )
    window = ("xOff", "yOff", "xSize", "ySize")
    for tag, numbers in (("SrcRect", (0, 0, layer.width, layer.height)), ("DstRect", target)):
        ET.SubElement(source, tag, {k: repr(_whole(v)) for k, v in zip(window, numbers, strict=True)})
    ET.SubElement(source, "NODATA").text = str(NODATA)


def _whole(value: float) -> float:
    """Removes rounding errors of coordinates, which would shift pixels."""
    return round(value) if abs(value - round(value)) < 1e-6 else value
