"""Scenes of several files: a Sentinel-2 product as it is downloaded, as one raster that GDAL reads from memory (a VRT).

The structure is that of the "Sentinel-2 Products Specification Document": MTD_MSIL2A.xml or MTD_MSIL1C.xml names the
band files and how their numbers become reflectance, the granule's MTD_TL.xml where they lie. No band file is opened
before its pixels are wanted, and nothing is unpacked or copied.
"""

import re
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ..core.errors import RasterError
from ..core.sensors import SENSORS

_METADATA = {"MTD_MSIL2A.xml": "sentinel-2-l2a", "MTD_MSIL1C.xml": "sentinel-2-l1c"}  # file: id of the product
_IMAGE = re.compile(r"(GRANULE/[\w.-]+)/IMG_DATA/(?:R\d+m/)?[\w.-]+_(B\d[\dA]|SCL)(?:_(\d+)m)?")
_BLOCK_PX = 1024  # the side of a JPEG 2000 tile at 10 m: read in such blocks, each is decoded once
_LARGEST_XML_BYTES = 64 * 2**20  # real ones have under one megabyte

Root = Path | zipfile.Path


@dataclass(frozen=True)
class Sentinel2Product:
    """A product as one raster. `id` is that of `core.sensors`, `name` that of its folder; `vrt` describes it to GDAL,
    with band names and values in `units`, NaN where there is none; `unit_source` says where the unit comes from; `scl`
    is GDAL's name of the scene classification or None; `block_row_bytes` is what the blocks across all of its width
    take once they are decoded."""

    id: str
    name: str
    vrt: str
    units: str
    unit_source: str
    scl: str | None
    block_row_bytes: int


@dataclass(frozen=True)
class _Band:
    name: str  # as in `sensors`: B4
    file: str
    resolution_m: int
    offset: float


@dataclass(frozen=True)
class _Grid:
    width: int
    height: int
    transform: tuple[float, ...]  # in GDAL's order


def find_product(path: str) -> Sentinel2Product | None:
    """The product that is meant by its folder, its metadata file or its .zip; None for anything else.

    Raises RasterError where it is one that cannot be used.
    """
    with _opened(path) as found:
        if found is None:
            return None
        root, metadata, prefix = found
        product = _xml(root / metadata)
        images = _images(product, metadata)
        granule = _only_granule(images, metadata)
        tile = _xml(root / granule / "MTD_TL.xml")
        bands = _bands(product, images, metadata)
        classified = [file for (name, _), file in images.items() if name == "SCL" and (root / file).is_file()]
        for file in [band.file for band in bands]:
            if not (root / file).is_file():
                raise RasterError(
                    f"expected the band file {file} that {metadata} names, found none: is the download complete?"
                )
        quantification = _quantification(product, metadata)
        code = (tile.findtext(".//{*}HORIZONTAL_CS_CODE") or "").strip()
        grids = {band.resolution_m: _grid(tile, band.resolution_m) for band in bands}
    vrt = _vrt(bands, grids, code, quantification, prefix)
    offsets = {band.offset for band in bands}
    shift = f"{offsets.pop():+g}" if len(offsets) == 1 else "+the band's offset"
    unit_source = (
        f"as its metadata say: (DN{shift}) / {quantification:g}, processing baseline {_baseline(product):05.2f}"
    )
    name = PurePosixPath(prefix.rstrip("/")).name
    row_bytes = sum(2 * _BLOCK_PX**2 * -(-grids[band.resolution_m].width // _BLOCK_PX) for band in bands)
    scl = prefix + min(classified) if classified else None
    return Sentinel2Product(_METADATA[metadata], name, vrt, "reflectance", unit_source, scl, row_bytes)


@contextmanager
def _opened(path: str) -> Iterator[tuple[Root, str, str] | None]:
    """(root folder, name of the metadata file in it, what comes before a file's name for GDAL)."""
    place = Path(path)
    if place.name in _METADATA and place.is_file():
        yield place.parent, place.name, f"{place.parent.absolute().as_posix()}/"
    elif place.is_dir():
        name = next((name for name in _METADATA if (place / name).is_file()), None)
        if name is None and re.match(r"S2._", place.name):
            raise RasterError(
                f"expected {' or '.join(_METADATA)} in {place.name}, found neither: is the download complete?"
            )
        yield (place, name, f"{place.absolute().as_posix()}/") if name else None
    elif place.suffix.lower() == ".zip" and place.is_file():
        with _archive(place) as archive:
            names = [PurePosixPath(n) for n in archive.namelist() if PurePosixPath(n).name in _METADATA]
            inside = min(names, key=lambda n: len(n.parts), default=None)
            if inside is None:
                raise RasterError(
                    f"expected a Sentinel-2 product in {place.name}, found none; name another raster in "
                    f"it as /vsizip/{path}/NAME"
                )
            folder = "" if str(inside.parent) == "." else f"{inside.parent}/"
            yield zipfile.Path(archive, folder), inside.name, f"/vsizip/{place.absolute().as_posix()}/{folder}"
    else:
        yield None


def _archive(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile) as error:
        raise RasterError(f"expected a zip file, found {path.name}: {error}: is the download complete?") from error


def _xml(file: Root) -> ET.Element:
    try:
        with file.open("rb") as opened:
            return ET.fromstring(opened.read(_LARGEST_XML_BYTES))
    except (OSError, KeyError, ET.ParseError, zipfile.BadZipFile, RuntimeError) as error:  # the last: encrypted
        raise RasterError(f"expected Sentinel-2's metadata, found {file.name} that cannot be read: {error}") from error


def _images(product: ET.Element, metadata: str) -> dict[tuple[str, int], str]:
    """(band name or SCL, metres of its pixels by the file's name or 0) -> file, out of the product's own list."""
    found = {}
    for element in product.findall(".//{*}IMAGE_FILE"):
        match = _IMAGE.fullmatch((element.text or "").strip())
        if match:
            name = match[2].replace("B0", "B")
            found[name, int(match[3] or 0)] = f"{match[0]}.jp2"
    if not found:
        raise RasterError(f"expected IMAGE_FILE entries in {metadata}, found none: is it a product of before 2017?")
    return found


def _only_granule(images: Mapping[tuple[str, int], str], metadata: str) -> str:
    granules = {"/".join(file.split("/")[:2]) for file in images.values()}
    if len(granules) > 1:
        raise RasterError(f"expected one granule in {metadata}, found {len(granules)}")
    return granules.pop()


def _bands(product: ET.Element, images: Mapping[tuple[str, int], str], metadata: str) -> list[_Band]:
    """The sensor's bands, each from its finest file."""
    facts = {(e.get("physicalBand") or "").strip(): e for e in product.findall(".//{*}Spectral_Information")}
    offsets = {
        (e.get("band_id") or ""): _number(e.text, metadata)
        for tag in ("BOA_ADD_OFFSET", "RADIO_ADD_OFFSET")
        for e in product.findall(f".//{{*}}{tag}")
    }
    without = not offsets and _baseline(product) < 4  # offsets came with processing baseline 04.00
    bands = []
    for name in SENSORS["sentinel-2"].band_names:
        resolutions = [resolution for other, resolution in images if other == name]
        if not resolutions:
            continue  # a product made at 20 m only has no B8
        if name not in facts:
            raise RasterError(f"expected {name} in {metadata}'s Spectral_Information, found none")
        finest = min(resolutions)
        resolution_m = finest or int(_number(facts[name].findtext("{*}RESOLUTION"), metadata))
        offset = 0.0 if without else offsets.get(facts[name].get("bandId") or "")
        if offset is None:
            raise RasterError(f"expected an offset of {name}'s values in {metadata}, found none")
        bands.append(_Band(name, images[name, finest], resolution_m, offset))
    if not bands:
        raise RasterError(f"expected Sentinel-2's bands in {metadata}, found none")
    return bands


def _quantification(product: ET.Element, metadata: str) -> float:
    found = product.find(".//{*}BOA_QUANTIFICATION_VALUE")
    found = product.find(".//{*}QUANTIFICATION_VALUE") if found is None else found
    value = _number(None if found is None else found.text, metadata)
    if value <= 0:
        raise RasterError(f"expected a quantification value above 0 in {metadata}, found {value:g}")
    return value


def _baseline(product: ET.Element) -> float:
    try:
        return float(product.findtext(".//{*}PROCESSING_BASELINE") or 0)
    except ValueError:
        return 0.0


def _number(text: str | None, where: str) -> float:
    try:
        return float(text or "")
    except ValueError:
        raise RasterError(f"expected a number in {where}, found {text!r}") from None


def _grid(tile: ET.Element, resolution_m: int) -> _Grid:
    def numbers(element: str, *tags: str) -> list[float]:
        found = tile.find(f".//{{*}}{element}[@resolution='{resolution_m}']")
        if found is None:
            raise RasterError(f"expected the grid of {resolution_m} m in MTD_TL.xml, found none")
        return [_number(found.findtext(f"{{*}}{tag}"), "MTD_TL.xml") for tag in tags]

    width, height = numbers("Size", "NCOLS", "NROWS")
    left, top, dx, dy = numbers("Geoposition", "ULX", "ULY", "XDIM", "YDIM")
    return _Grid(int(width), int(height), (left, dx, 0, top, 0, dy))


def _vrt(bands: list[_Band], grids: Mapping[int, _Grid], code: str, quantification: float, prefix: str) -> str:
    """All bands on the finest grid. A coarser band's pixel is repeated in each fine one that it covers: no value that
    was not measured comes in, no data (0) is never mixed with data, and a window's values do not depend on its edge."""
    grid = grids[min(grids)]
    root = ET.Element("VRTDataset", rasterXSize=str(grid.width), rasterYSize=str(grid.height))
    ET.SubElement(root, "SRS").text = code
    ET.SubElement(root, "GeoTransform").text = ", ".join(str(value) for value in grid.transform)
    for number, band in enumerate(bands, 1):
        own = grids[band.resolution_m]
        element = ET.SubElement(
            root,
            "VRTRasterBand",
            dataType="Float32",
            band=str(number),
            blockXSize=str(_BLOCK_PX),
            blockYSize=str(_BLOCK_PX),
        )
        ET.SubElement(element, "Description").text = band.name
        ET.SubElement(element, "NoDataValue").text = "nan"
        source = ET.SubElement(element, "ComplexSource", resampling="nearest")
        ET.SubElement(source, "SourceFilename", relativeToVRT="0").text = prefix + band.file
        ET.SubElement(source, "SourceBand").text = "1"
        # with its size declared, GDAL opens a file only when pixels of it are read
        ET.SubElement(
            source,
            "SourceProperties",
            RasterXSize=str(own.width),
            RasterYSize=str(own.height),
            DataType="UInt16",
            BlockXSize=str(_BLOCK_PX),
            BlockYSize=str(_BLOCK_PX),
        )
        ET.SubElement(source, "SrcRect", xOff="0", yOff="0", xSize=str(own.width), ySize=str(own.height))
        ET.SubElement(source, "DstRect", xOff="0", yOff="0", xSize=str(grid.width), ySize=str(grid.height))
        ET.SubElement(source, "NODATA").text = "0"
        ET.SubElement(source, "ScaleOffset").text = repr(band.offset / quantification)
        ET.SubElement(source, "ScaleRatio").text = repr(1 / quantification)
    return ET.tostring(root, encoding="unicode")
