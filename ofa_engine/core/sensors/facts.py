"""What detection knows of a raster, and which part of it is sampled for that. Standard library only."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_FILL = (0.0, -9999.0, -32768.0, -3.4028234663852886e38)  # what files hold where there is nothing, declared or not
_LENGTH = r"(nm|nanometers?|um|µm|micrometers?|microns?)\b"
_WAVELENGTH = re.compile(rf"([\d.]+)\s*{_LENGTH}", re.IGNORECASE)
_RANGE = re.compile(rf"([\d.]+)\s*(?:-|–|to)\s*([\d.]+)(?=\s*{_LENGTH})", re.IGNORECASE)
SEARCH_PX, SEARCH_BYTES, SEARCH_PLACES = 512, 2**27, 144  # limits of the search for data in mostly empty rasters
FEW_PX = 1000  # with so few valid pixels in the first windows, others are searched for
_ALL_SAMPLED, _SPREAD = 16, 9  # up to so many bands are all sampled; of more bands, this many


@dataclass(frozen=True)
class RasterFacts:
    """What detection needs to know of a raster; filled by rasterio in the engine and by GDAL in the plugin.

    `samples` holds, per band, sorted valid values out of `sample_windows` (empty for a band that was not sampled), with
    the file's own scale and offset applied and without undeclared fill. It may be empty altogether, and then nothing is
    concluded from values. `fill` is the share of the sampled pixels that are undeclared fill.
    """

    dtype: str  # NumPy's name, common to all bands; float32 where the file has a scale or offset
    colors: tuple[str, ...]  # GDAL colour interpretation in lower case, one per band
    descriptions: tuple[str, ...] = ()  # "" where a band has none
    wavelengths_um: tuple[float | None, ...] = ()
    gsd_m: float | None = None  # None without CRS
    samples: tuple[tuple[float, ...], ...] = ()
    fill: float = 0.0
    dtypes: tuple[str, ...] = ()  # per band, where these differ
    name: str = ""  # of the file, without folder and ending
    scale_offset: tuple[float, float] | None = (
        None  # the file's own, where all bands have the same; applied to `samples`
    )

    @property
    def count(self) -> int:
        return len(self.colors)

    def description(self, band: int) -> str:
        """Of a 1-based band; "" where it has none."""
        return self.descriptions[band - 1] if self.descriptions else ""

    def sample(self, band: int) -> tuple[float, ...]:
        """Sorted valid values of a 1-based band; empty where it was not sampled."""
        return self.samples[band - 1] if band <= len(self.samples) else ()

    def types(self, bands: Iterable[int | None]) -> set[str]:
        """The data types of 1-based bands; None stands for a missing one."""
        return {self.dtypes[band - 1] if self.dtypes else self.dtype for band in bands if band}


def fill_values(dtype: str) -> tuple[float, ...]:
    """What stands for "nothing here" in files that do not declare it, if all bands of a pixel have it."""
    if dtype.startswith("u"):
        return _FILL[:1]
    lowest = {"int8": -128.0, "int32": -2147483648.0, "float64": -1.7976931348623157e308}.get(dtype)
    return tuple(v for v in (*_FILL, *([lowest] if lowest else [])) if dtype.startswith("float") or v >= -(2**31))


def odd_bands(count: int) -> int:
    """How many of so many sampled bands may hold something else in a pixel of fill: quality flags, angles."""
    return (count - 1) // 4


def sample_windows(
    width_px: int, height_px: int, block_px: tuple[int, int] = (1, 1), size_px: int = 64
) -> list[tuple[int, int, int, int]]:
    """Up to five (column, row, width, height) windows: the middle of the raster and of its quarters.

    Args:
        width_px, height_px: of the raster.
        block_px: width and height of the blocks in which it is stored. A window is moved into one block where it fits:
            each block that is touched is decoded as a whole, with all bands that it holds.
        size_px: the side of a window.
    """
    w, h = min(size_px, width_px), min(size_px, height_px)
    windows = []
    for fx, fy in ((0.5, 0.5), (0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)):
        column = _in_one_block(min(max(int(width_px * fx) - w // 2, 0), width_px - w), w, block_px[0])
        row = _in_one_block(min(max(int(height_px * fy) - h // 2, 0), height_px - h), h, block_px[1])
        if (column, row, w, h) not in windows:
            windows.append((column, row, w, h))
    return windows


def _in_one_block(start: int, size: int, block: int) -> int:
    """The start moved back so that so many pixels lie in one block, where they fit."""
    beyond = start % block + size - block
    return start - beyond if block >= size and beyond > 0 else start


def windows_at(
    places: Sequence[tuple[int, int]], width_px: int, height_px: int, size_px: int = 64
) -> list[tuple[int, int, int, int]]:
    """Up to five (column, row, width, height) windows around some of the places (column, row), spread evenly."""
    w, h = min(size_px, width_px), min(size_px, height_px)
    chosen = [places[i * (len(places) - 1) // 4] for i in range(5)] if len(places) > 5 else places
    corners = ((min(max(x - w // 2, 0), width_px - w), min(max(y - h // 2, 0), height_px - h)) for x, y in chosen)
    return [(x, y, w, h) for x, y in dict.fromkeys(corners)]


def search_size(width_px: int, height_px: int) -> tuple[int, int]:
    """(width, height) of the coarse image of one band that is searched for data where the first windows hold hardly
    any."""
    shrink = max(1.0, max(width_px, height_px) / SEARCH_PX)
    return max(1, round(width_px / shrink)), max(1, round(height_px / shrink))


def search_grid(width_px: int, height_px: int, most: int) -> list[tuple[int, int]]:
    """(column, row) of at most so many single pixels of a regular grid: the search where a coarse image would take all
    of a large file to be read."""
    side = max(2, int(most**0.5))
    along = [(2 * i + 1) / (2 * side) for i in range(side)]
    return [(int(x * width_px), int(y * height_px)) for y in along for x in along]


def sampled_bands(count: int) -> list[int]:
    """1-based bands to sample: all of up to 16 bands, else nine spread evenly, which show the unit as well."""
    if count <= _ALL_SAMPLED:
        return list(range(1, count + 1))
    return [1 + i * (count - 1) // (_SPREAD - 1) for i in range(_SPREAD)]


def wavelength_um(text: str, unit: str, description: str) -> float | None:
    """Centre wavelength of a band in micrometres.

    Args:
        text, unit: ENVI's band metadata `wavelength` and `wavelength_units`, "" where there are none.
        description: used without metadata, as in 'band 3 (429.3 Nanometers)'.
    """
    if not text:
        middle = _RANGE.sub(lambda m: f"{(float(m[1]) + float(m[2])) / 2}", description)
        match = _WAVELENGTH.search(middle)
        text, unit = (match[1], match[2]) if match else ("", "")
    try:
        value = float(text)
    except ValueError:
        return None
    nanometres = unit.lower().startswith("n") or not unit and value > 100
    return value / 1000 if nanometres else value


def sources_of(vrt: str, count: int) -> tuple[str, ...]:
    """Per band of a virtual raster the file that its pixels come from, as the VRT names it; "" where there are none or
    several.

    Args:
        vrt: the VRT's XML.
        count: of its bands.
    """
    try:
        bands = ET.fromstring(vrt).findall("VRTRasterBand")
    except ET.ParseError:
        return ("",) * count
    files = [{(element.text or "").strip() for element in band.iter("SourceFilename")} for band in bands]
    found = tuple(next(iter(names)) if len(names) == 1 else "" for names in files)
    return found if len(found) == count else ("",) * count


def named_by_sources(descriptions: Sequence[str], sources: Sequence[str]) -> tuple[str, ...]:
    """Descriptions of a virtual raster's bands, with the name of the band's file where it has none: `gdalbuildvrt
    -separate` stacks files that are named after their bands.

    Args:
        descriptions: per band, "" where it has none.
        sources: per band the file that it comes from.
    """
    stems = [re.sub(r".*[/\\\\:]|\.\w+$", "", source) for source in sources]
    if len({*stems}) < len(stems):
        return tuple(descriptions)
    return tuple(text or stem for text, stem in zip(descriptions, stems, strict=True))
