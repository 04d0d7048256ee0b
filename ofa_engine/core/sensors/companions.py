"""What the metadata files beside a raster say of its bands: names, wavelengths, scale and offset to reflectance.

GDAL reads none of these for the GeoTIFFs that they belong to: MTL of Landsat (Data Format Control Books, Collection 2),
the XML of EnMAP and DESIS, headers of ENVI, and the IMD of Maxar's satellites. Standard library only.
"""

import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import RasterError

_LARGEST_BYTES = 16 * 2**20  # real ones have under four megabytes
_MOST_FILES = 5000  # of a folder that is searched for an MTL
_SCENE = re.compile(r"L[A-Z]0\d_L\d[A-Z]{2}_\d{6}_\d{8}_\d{8}_\d\d_(?:T1|T2|RT)")
_MTL_ENTRY = re.compile(
    r"\b(REFLECTANCE_(?:MULT|ADD)_BAND_\d+|FILE_NAME_BAND_\d+|SUN_ELEVATION|LANDSAT_PRODUCT_ID)\b"
    r'"?\s*[=:>]\s*"?([^"<>\n,]+)'
)
_LANDSAT_BAND = re.compile(r"(?:^|[^a-z0-9])b(?:and ?)?0?(\d{1,2})(?![a-z0-9])", re.IGNORECASE)
_SPECTRAL = re.compile(r"SPECTRAL_IMAGE(?:_COG)?(?:\.\w+)?$", re.IGNORECASE)
_ENVI_ENTRY = re.compile(r"^[ \t]*([\w ]+?)[ \t]*=[ \t]*(\{[^}]*\}|[^\n]*)", re.MULTILINE)
_IMD_BAND = re.compile(r"BEGIN_GROUP\s*=\s*BAND_(\w+)")
_IMD_NAMES = {
    "C": "coastal",
    "B": "blue",
    "G": "green",
    "Y": "yellow",
    "R": "red",
    "RE": "red edge",
    "N": "nir1",
    "N2": "nir2",
    "P": "pan",
}


_CONTAINERS = {  # what GDAL opens, but not as the image that it is
    r"PRS_L\d.*\.he5": "PRISMA's file has its bands between its rows and columns, and its wavelengths apart: import it "
    "to a raster with wavelengths first, as EnMAP-Box (Import PRISMA L2D product) and prismaread do",
    r"EMIT_L\d.*\.nc": "EMIT's file is a swath that has to be brought to a map: make an ENVI file of it first, as "
    "reformat.py of emit-utils does with --orthorectify",
}


@dataclass(frozen=True)
class BandRecord:
    """What is said of one band; empty where nothing is. `value * scale + offset` is reflectance."""

    name: str = ""
    wavelength_um: float | None = None
    scale: float = 1.0
    offset: float = 0.0

    @property
    def scaled(self) -> bool:
        return (self.scale, self.offset) != (1.0, 0.0)


@dataclass(frozen=True)
class _Raster:
    path: Path
    files: tuple[Path, ...]  # per band the one that its pixels come from
    descriptions: tuple[str, ...]  # "" where a band has none
    floats: bool

    @property
    def count(self) -> int:
        return len(self.descriptions)


def records_beside(
    path: str, sources: Sequence[str], descriptions: Sequence[str], dtypes: Sequence[str]
) -> tuple[BandRecord, ...]:
    """Per band of a local raster what the metadata beside it say; () where there are none.

    Args:
        path: of the raster.
        sources: per band the file that a virtual raster takes it from, "" where it is the raster itself or several.
        descriptions: per band, "" where it has none.
        dtypes: NumPy's names per band.

    Raises:
        RasterError: they say that the raster is nothing that can be read here.
    """
    files = tuple(Path(path).parent / source if source else Path(path) for source in sources)
    raster = _Raster(Path(path), files, tuple(descriptions), any(name.startswith("float") for name in dtypes))
    for find in (_landsat, _spectrometer, _envi, _maxar):
        records = find(raster)
        if len(records) == raster.count and any(record != BandRecord() for record in records):
            return tuple(records)
    return ()


def refuse_container(path: str) -> None:
    """Raises RasterError for files of hyperspectral satellites whose image GDAL does not see as one."""
    for pattern, advice in _CONTAINERS.items():
        match = re.search(pattern, path, re.IGNORECASE)
        if match:
            raise RasterError(f"expected a raster of bands, found {match[0]}: {advice}")


def band_scales(
    scales: Sequence[float], offsets: Sequence[float], records: Sequence[BandRecord]
) -> dict[int, tuple[float, float]]:
    """1-based band -> (scale, offset) of its values, for those that have any: the file's own, else those of the
    metadata beside it."""
    own = enumerate(zip(scales, offsets, strict=True), 1)
    found = {i: (s, o) for i, (s, o) in own if (s, o) != (1.0, 0.0) and math.isfinite(s * o) and s}
    return found or {i: (record.scale, record.offset) for i, record in enumerate(records, 1) if record.scaled}


def common_scale(scales: Mapping[int, tuple[float, float]], count: int) -> tuple[float, float] | None:
    """The (scale, offset) that all `count` bands have; None where they differ, or have none."""
    different = set(scales.values())
    return different.pop() if len(scales) == count and len(different) == 1 else None


def _text(path: Path) -> str:
    """ "" where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""


def _number(text: object) -> float | None:
    try:
        value = float(str(text))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


# --- Landsat ---------------------------------------------------------------------------------------------------------


def _landsat(raster: _Raster) -> list[BandRecord]:
    own = [_SCENE.search(file.name) for file in (*raster.files, raster.path)]
    named = [_LANDSAT_BAND.search(text) for text in raster.descriptions]
    if not any(own) and not any(named):
        return []
    entries = _mtl(raster.files[0].parent, next((match[0] for match in own if match), ""))
    scene = entries.get("LANDSAT_PRODUCT_ID", "")
    if not scene:
        return []
    numbers = {value: key.rsplit("_", 1)[1] for key, value in entries.items() if key.startswith("FILE_NAME_BAND")}
    found = [numbers.get(file.name) or (m[1] if m else "") for file, m in zip(raster.files, named, strict=True)]
    if not any(own) and ("8" in found or set(found) - {"", *numbers.values()}):
        return []  # bands that Landsat lacks, or has on another grid: the MTL is that of another raster
    surface = "_L2" in scene
    records = [_landsat_band(entries, number, scene, surface) if number else BandRecord() for number in found]
    return [BandRecord(record.name) for record in records] if raster.floats else records  # floats were converted before


def _landsat_band(entries: Mapping[str, str], number: str, scene: str, surface: bool) -> BandRecord:
    """Level 1 is reflectance at the top of the atmosphere once it is divided by the sine of the sun's elevation."""
    name = f"{scene}_{'SR_' if surface else ''}B{number}"
    scale = _number(entries.get(f"REFLECTANCE_MULT_BAND_{number}"))
    offset = _number(entries.get(f"REFLECTANCE_ADD_BAND_{number}"))
    height = 90.0 if surface else _number(entries.get("SUN_ELEVATION"))
    if scale is None or offset is None or height is None or height <= 0:
        return BandRecord(name)
    sine = math.sin(math.radians(height))
    return BandRecord(name, None, scale / sine, offset / sine)


def _mtl(folder: Path, scene: str) -> dict[str, str]:
    """The entries of the scene's MTL, or of the only one in the folder where the scene is not known. Of an entry that
    is there twice, as those of level 1 in a level 2 product, the first counts."""
    ends = (".txt", ".xml", ".json")
    if scene:
        found = [folder / f"{scene}_MTL{end}" for end in ends]
    else:
        found = sorted(_listed(folder, "_MTL"), key=lambda file: ends.index(file.suffix.lower()))
        if len({file.stem for file in found}) != 1:
            return {}
    entries: dict[str, str] = {}
    for key, value in _MTL_ENTRY.findall(next(filter(None, map(_text, found)), "")):
        entries.setdefault(key, value.strip())
    return entries


def _listed(folder: Path, stem_end: str) -> list[Path]:
    try:
        files = [file for file, _ in zip(folder.iterdir(), range(_MOST_FILES), strict=False)]
    except OSError:
        return []
    return [f for f in files if f.stem.endswith(stem_end) and f.suffix.lower() in (".txt", ".xml", ".json")]


# --- imaging spectrometers -------------------------------------------------------------------------------------------


def _spectrometer(raster: _Raster) -> list[BandRecord]:
    """EnMAP's and DESIS's ...-SPECTRAL_IMAGE.TIF with ...-METADATA.XML."""
    path = raster.path
    match = _SPECTRAL.search(path.name)
    if not match:
        return []
    start = path.name[: match.start()]
    text = next(filter(None, (_text(path.with_name(f"{start}METADATA.{end}")) for end in ("XML", "xml"))), "")
    try:
        elements = list(ET.fromstring(text.encode()).iter()) if text else []
    except ET.ParseError as error:
        raise RasterError(f"expected metadata of the scene in {start}METADATA.XML, found {error}") from error
    bands = [children for children in map(_children, elements) if "wavelengthcenterofband" in children]
    if bands and not re.search(r"L2A", path.name, re.IGNORECASE):
        raise RasterError(
            f"expected reflectance, found radiance of level 1 in {path.name}: use the scene's level 2A product"
        )
    return [_spectral_band(children) for children in bands]


def _children(element: ET.Element) -> dict[str, str]:
    return {child.tag.rsplit("}", 1)[-1].lower(): (child.text or "").strip() for child in element}


def _spectral_band(children: Mapping[str, str]) -> BandRecord:
    length = _number(children["wavelengthcenterofband"])
    scale, offset = _number(children.get("gainofband")), _number(children.get("offsetofband"))
    um = length / 1000 if length else None
    return BandRecord("", um, scale, offset or 0.0) if scale and scale > 0 else BandRecord("", um)


def _envi(raster: _Raster) -> list[BandRecord]:
    """ENVI's header, beside its own files or GeoTIFFs."""
    path, count = raster.path, raster.count
    text = next(filter(None, map(_text, (path.with_suffix(".hdr"), path.with_name(f"{path.name}.hdr")))), "")
    if not text.startswith("ENVI"):
        return []
    entries = {key.lower(): value.strip() for key, value in _ENVI_ENTRY.findall(text)}
    lengths = _numbers(entries.get("wavelength"), count)
    nanometres = entries.get("wavelength units", "").lower().startswith("n")
    kind = "data reflectance" if "data reflectance gain values" in entries else "data"
    scales = _numbers(entries.get(f"{kind} gain values"), count)
    offsets = _numbers(entries.get(f"{kind} offset values"), count)
    factor = _number(entries.get("reflectance scale factor"))
    if not scales and factor and factor > 0:
        scales = [1 / factor] * count
    records = []
    for i in range(count):
        length = lengths[i] if lengths else None
        um = length / 1000 if length and (nanometres or length > 100) else length
        scale, offset = scales[i] if scales else 1.0, offsets[i] if offsets else 0.0
        records.append(BandRecord("", um, scale, offset) if scale > 0 else BandRecord("", um))
    return records


def _numbers(text: str | None, count: int) -> list[float]:
    """[] where these are not so many numbers."""
    found = [_number(part.strip()) for part in (text or "").strip("{}").split(",")]
    numbers = [value for value in found if value is not None]
    return numbers if len(numbers) == len(found) == count else []


# --- Maxar -----------------------------------------------------------------------------------------------------------


def _maxar(raster: _Raster) -> list[BandRecord]:
    """The order of bands of WorldView, QuickBird and GeoEye, after the groups of the .IMD file."""
    text = next(filter(None, (_text(raster.path.with_suffix(end)) for end in (".IMD", ".imd"))), "")
    satellite = re.search(r'satId\s*=\s*"?(\w+)', text)
    names = [_IMD_NAMES.get(band, "") for band in _IMD_BAND.findall(text)]
    return [BandRecord(f"{satellite[1] if satellite else ''} {name}".strip() if name else "") for name in names]
