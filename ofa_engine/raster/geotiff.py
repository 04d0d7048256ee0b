"""Outputs: GeoTIFFs with colours, class names and provenance, beside their target until they are whole."""

import contextlib
import ctypes
import functools
import itertools
import math
import os
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path

import rasterio
from rasterio.errors import RasterioError

from ..core.errors import OfaError, OutputError
from .source import Source, one_line, open_quietly

NODATA = 255  # of class layers
QGIS_MARK = b"ofanet"  # stands in the style and metadata files that the plugin writes


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
        self._scratch: list[Path] = []

    @property
    def folder(self) -> Path | None:
        """Of the first target."""
        return self._moves[0][1].parent if self._moves else None

    def beside(self, target: Path) -> Path:
        """A hidden name in the target's folder, with its ending, to write to."""
        part = target.with_name(f".{target.stem}.{os.getpid()}.part{target.suffix}")
        self._moves.append((part, target))
        _remove(part)
        return part

    def scratch(self, target: Path) -> Path:
        """Another name in the target's folder, for a file that is not kept."""
        path = target.with_name(f".{target.stem}.{os.getpid()}.scratch.part{target.suffix}")
        self._scratch.append(path)
        _remove(path)
        return path

    def commit(self) -> None:
        """Renames all, side files first; old side files of the targets go. Raises OfaError where one is not whole."""
        for part, target in self._moves:
            if part.suffix.lower() in (".tif", ".tiff"):
                check_whole(part, target.name)
        try:
            for part, target in self._moves:
                aux, old = _aux(part), _aux(target)
                if aux.exists():
                    os.replace(aux, old)
                else:
                    old.unlink(missing_ok=True)
                _forget_style(target)
                os.replace(part, target)
        except OSError as error:
            raise OutputError(f"cannot write {error.filename2 or error.filename}: {error.strerror}") from error

    def discard(self) -> None:
        for part in [*(part for part, _ in self._moves), *self._scratch]:
            _remove(part)


def _aux(path: Path) -> Path:
    return path.with_name(path.name + ".aux.xml")


def _forget_style(target: Path) -> None:
    """What the plugin left beside an older layer of that name, for QGIS: it tells of classes that are gone. Files that
    it did not make stay, and those of a raster where a GeoPackage of its name is written."""
    rasters = (".tif", ".tiff")
    of_a_raster = any(target.with_suffix(ending).exists() for ending in rasters)
    if target.suffix.lower() not in (rasters if of_a_raster else (*rasters, ".gpkg")):
        return
    for side in map(target.with_suffix, (".qml", ".qmd")):
        if side.is_file() and QGIS_MARK in side.read_bytes():
            side.unlink()


def _remove(part: Path) -> None:
    for path in (part, _aux(part), *(part.with_name(part.name + end) for end in ("-journal", "-wal", "-shm"))):
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


@functools.cache
def _quiet_libtiff() -> None:
    """On a full disk the libtiff in rasterio's wheel prints a line a block beside all error handling; what it prints is
    raised by GDAL, or found by `check_whole`. Where rasterio is built otherwise, the lines stay."""
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
    """A tiled, compressed GeoTIFF in the source's CRS. Raises OutputError."""
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
    except (RasterioError, OSError) as error:
        raise OutputError(f"cannot write {path.parent}: {one_line(error)}") from error
    target.update_tags(ns="OFANET", **tags)
    return target


def check_whole(path: Path, name: str) -> None:
    """Raises OfaError where blocks of a GeoTIFF are missing: GDAL says nothing of what it cannot write on closing."""
    try:
        size = path.stat().st_size
        with open_quietly(path) as layer:
            missing = _missing_blocks(layer, size)
            levels = len(layer.overviews(1))
        for level in range(levels):
            with open_quietly(path, overview_level=level) as layer:
                missing |= _missing_blocks(layer, size)
    except (RasterioError, OSError):
        missing = True
    if missing:
        raise OfaError(f"expected room to write {name}, found too little: is the disk full?")


def _missing_blocks(layer: rasterio.DatasetReader, size: int) -> bool:
    """Whether a block has no place in a file of so many bytes."""
    rows, columns = (-(-n // block) for n, block in zip(layer.shape, layer.block_shapes[0], strict=True))
    for y, x in itertools.product(range(rows), range(columns)):
        start, length = (int(layer.get_tag_item(f"BLOCK_{key}_{x}_{y}", "TIFF", 1) or 0) for key in ("OFFSET", "SIZE"))
        if not start or not length or start + length > size:
            return True
    return False


def class_colormap(classes: Sequence[dict]) -> dict[int, tuple[int, int, int, int]]:
    """GDAL colour table: the classes' colours; everything else, nodata too, is transparent."""
    table = {value: (0, 0, 0, 0) for value in range(256)}
    for entry in classes:
        color = entry["color"].lstrip("#")
        table[entry["value"]] = (*(int(color[i : i + 2], 16) for i in (0, 2, 4)), 255)  # type: ignore[assignment]
    return table


def write_class_names(path: Path, classes: Sequence[dict], counts: Sequence[int]) -> None:
    """Category names and a raster attribute table as GDAL's side file (.aux.xml, GDAL's PAM format), since a GeoTIFF
    itself has no room for them and rasterio cannot write them. Areas stand in the table where all classes have them."""
    root = ET.Element("PAMDataset")
    band = ET.SubElement(root, "PAMRasterBand", band="1")
    names = {entry["value"]: entry["name"] for entry in classes}
    categories = ET.SubElement(band, "CategoryNames")
    for value in range(max(names) + 1):
        ET.SubElement(categories, "Category").text = names.get(value, "")
    table = ET.SubElement(band, "GDALRasterAttributeTable", tableType="thematic")
    # name, GDAL field type (0 integer, 1 real, 2 string), GDAL usage (5 value, 1 count, 2 name, 6-9 red, green, blue,
    # alpha, 0 any other)
    areas = all(entry.get("area_ha") is not None for entry in classes)
    columns = [
        ("Value", 0, 5),
        ("Count", 0, 1),
        ("Class", 2, 2),
        *([("Area_ha", 1, 0)] if areas else []),
        ("Red", 0, 6),
        ("Green", 0, 7),
        ("Blue", 0, 8),
        ("Alpha", 0, 9),
    ]
    for index, (name, kind, usage) in enumerate(columns):
        field = ET.SubElement(table, "FieldDefn", index=str(index))
        for tag, text in (("Name", name), ("Type", str(kind)), ("Usage", str(usage))):
            ET.SubElement(field, tag).text = text
    colors = class_colormap(classes)
    for index, (entry, count) in enumerate(sorted(zip(classes, counts, strict=True), key=lambda e: e[0]["value"])):
        row = ET.SubElement(table, "Row", index=str(index))
        area = [f"{entry['area_ha']:.4f}"] if areas else []
        for value in (entry["value"], count, entry["name"], *area, *colors[entry["value"]]):
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
