"""The one table of sensors, and the recognition of a raster's sensor, band order and unit. Standard library only.

Sensors are those of the paper (Xiong et al., arXiv 2401.07527, section 2.1). The Sentinel-2 bands are inferred
from SatlasPretrain's, Gaofen's order is ours: R, G, B, NIR. Each sensor has ONE canonical unit in which statistics
are measured and which its embedder sees after normalisation; `UNITS` says how to get there.
"""

import json
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path

from ..errors import SensorError


@dataclass(frozen=True)
class Band:
    name: str
    wavelength_um: float | None = None  # centre; None for radar


@dataclass(frozen=True)
class Sensor:
    """One sensor: the bands of its embedder in their order, and what a raster of it looks like."""

    id: str
    title: str
    bands: tuple[Band, ...]
    gsd_m: tuple[float, float]  # plausible range; outside of it a detection is at best "likely"
    unit: str  # canonical: db, reflectance or 8-bit
    units: tuple[str, ...]  # those a raster may come in
    mean: tuple[float, ...]  # a band, canonical unit
    std: tuple[float, ...]
    never: frozenset[int] = frozenset()  # 1-based bands that always count as missing

    @property
    def band_names(self) -> tuple[str, ...]:
        return tuple(band.name for band in self.bands)


# unit: (scale, offset) so that value * scale + offset is reflectance (optical). "8-bit" follows the true-colour
# images of Sentinel-2 products, in which reflectance 0.3558 (DN 3558) is the brightest value, 255.
_EIGHT_BIT = 0.3558 / 255
_REFLECTANCE = {
    "reflectance": (1.0, 0.0),
    "reflectance+0.1": (1.0, -0.1),
    "dn": (1e-4, 0.0),
    "dn+1000": (1e-4, -0.1),  # Sentinel-2 since processing baseline 04.00
    "8-bit": (_EIGHT_BIT, 0.0),
}
UNITS = {
    "db": "decibel",
    "linear": "linear power",
    "reflectance": "reflectance 0..1",
    "reflectance+0.1": "reflectance 0..1 with Sentinel-2's offset of +0.1",
    "dn": "DN = reflectance x 10000",
    "dn+1000": "DN = reflectance x 10000 with Sentinel-2's offset of +1000",
    "8-bit": "8-bit grey values 0..255",
}


def affine_to_canonical(sensor: Sensor, units: str) -> tuple[float, float] | None:
    """(scale, offset) from `units` to the sensor's canonical unit; None for the one that is not affine (linear power).

    Raises SensorError where the sensor does not come in that unit.
    """
    if units not in sensor.units:
        raise SensorError(f"expected units {', '.join(sensor.units)} for {sensor.id}, found {units!r}: set --units")
    if units == sensor.unit:
        return 1.0, 0.0
    if units == "linear":
        return None
    scale, offset = _REFLECTANCE[units]
    if sensor.unit == "8-bit":
        return scale / _EIGHT_BIT, offset / _EIGHT_BIT
    return scale, offset


def _table() -> dict[str, Sensor]:
    facts = json.loads(Path(__file__).with_name("statistics.json").read_text(encoding="utf-8"))
    s2 = {
        "B4": 0.665,
        "B3": 0.560,
        "B2": 0.490,
        "B5": 0.705,
        "B6": 0.740,
        "B7": 0.783,
        "B8": 0.842,
        "B11": 1.610,
        "B12": 2.190,
    }
    rgb = (Band("R", 0.66), Band("G", 0.56), Band("B", 0.48))
    enmap = tuple(Band(f"band {i}", um) for i, um in enumerate(facts["enmap_wavelengths_um"], 1))
    optical = ("8-bit", "reflectance", "dn")
    entries = [
        ("sentinel-1", "Sentinel-1 radar", (Band("VV"), Band("VH")), (4, 60), "db", ("db", "linear")),
        (
            "sentinel-2",
            "Sentinel-2",
            tuple(Band(n, um) for n, um in s2.items()),
            (8, 65),
            "reflectance",
            ("reflectance", "reflectance+0.1", "dn", "dn+1000", "8-bit"),
        ),
        ("gaofen", "Gaofen and other 4-band", (*rgb, Band("NIR", 0.83)), (0.4, 9), "8-bit", optical),
        ("naip", "NAIP and other RGB", rgb, (0.05, 4), "8-bit", optical),
        ("enmap", "EnMAP hyperspectral", enmap, (20, 40), "reflectance", ("reflectance", "dn")),
    ]
    water_vapour = frozenset(range(127, 142)) | frozenset(range(161, 168))
    return {
        key: Sensor(
            key,
            title,
            bands,
            gsd,
            unit,
            units,
            tuple(facts["mean"][key]),
            tuple(facts["std"][key]),
            water_vapour if key == "enmap" else frozenset(),
        )
        for key, title, bands, gsd, unit, units in entries
    }


SENSORS = _table()


def get_sensor(sensor_id: str) -> Sensor:
    """The sensor of that id. Raises SensorError naming the ids there are."""
    try:
        return SENSORS[sensor_id]
    except KeyError:
        raise SensorError(f"expected a sensor out of {', '.join(SENSORS)}, found {sensor_id!r}") from None


@dataclass(frozen=True)
class RasterFacts:
    """What detection needs to know of a raster; filled by rasterio in the engine and by QgsRasterLayer in the plugin.

    `samples` holds, a band, sorted valid values out of `sample_windows` (empty where there is none); it may be empty
    altogether, and then nothing is concluded from values.
    """

    dtype: str  # numpy's name, band 1
    colors: tuple[str, ...]  # GDAL colour interpretation in lower case, one a band
    descriptions: tuple[str, ...] = ()  # "" where a band has none
    wavelengths_um: tuple[float | None, ...] = ()
    gsd_m: float | None = None  # None without CRS
    samples: tuple[tuple[float, ...], ...] = ()

    @property
    def count(self) -> int:
        return len(self.colors)


@dataclass(frozen=True)
class Detection:
    """The answer: `bands` holds the 1-based source band of each embedder band, None where it is missing."""

    sensor: str | None
    reason: str
    confidence: str = "ambiguous"  # certain | likely | ambiguous
    bands: tuple[int | None, ...] = ()
    units: str | None = None
    candidates: tuple[str, ...] = ()
    mapped: bool = field(default=False)  # bands of another sensor stand in, by the user's word

    def to_json(self) -> dict:
        if self.sensor is None:
            return {"sensor": None, "reason": self.reason}
        answer = asdict(self)
        answer["bands"], answer["candidates"] = list(self.bands), list(self.candidates)
        return answer


def sample_windows(width_px: int, height_px: int, size_px: int = 64) -> list[tuple[int, int, int, int]]:
    """Up to five (column, row, width, height) windows: the middle of the raster and of its quarters."""
    windows = []
    for fx, fy in ((0.5, 0.5), (0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)):
        w, h = min(size_px, width_px), min(size_px, height_px)
        column = min(max(int(width_px * fx) - w // 2, 0), width_px - w)
        row = min(max(int(height_px * fy) - h // 2, 0), height_px - h)
        if (column, row, w, h) not in windows:
            windows.append((column, row, w, h))
    return windows


# --- band order -------------------------------------------------------------------------------------------------

_S2_NAME = re.compile(r"(?:^|[^a-z0-9])b(?:and)?[ _]?0?(1[0-2]|[1-9])(a?)(?![a-z0-9])")
_PRODUCT_ORDER = {  # Sentinel-2 bands of a stack, by their number
    10: "B2 B3 B4 B5 B6 B7 B8 B8A B11 B12",
    12: "B1 B2 B3 B4 B5 B6 B7 B8 B8A B9 B11 B12",
    13: "B1 B2 B3 B4 B5 B6 B7 B8 B8A B9 B10 B11 B12",
}
_COLOR_WORDS = (("NIR", r"\bnir\d?\b|near.?infra.?red"), ("R", r"\bred\b"), ("G", r"\bgreen\b"), ("B", r"\bblue\b"))
_COLOR_OF_S2 = {"B4": "R", "B3": "G", "B2": "B", "B8": "NIR"}


def _s2_names(facts: RasterFacts) -> dict[str, int]:
    """Sentinel-2 band name -> 1-based band, from descriptions such as B4, B04, B8A, 'S2 B08 (842 nm)'."""
    found: dict[str, int] = {}
    for index, text in enumerate(facts.descriptions, 1):
        match = _S2_NAME.search(text.lower())
        if match and not re.fullmatch(r"band[ _]?\d+.*", text.lower().strip()):
            found.setdefault(f"B{match[1]}{match[2].upper()}", index)
    return found


def _color_names(facts: RasterFacts) -> dict[str, int]:
    """R, G, B, NIR -> 1-based band, from colour interpretation, colour words or Sentinel-2 names."""
    found: dict[str, int] = {}
    s2 = {index: _COLOR_OF_S2[name] for name, index in _s2_names(facts).items() if name in _COLOR_OF_S2}
    for index, color in enumerate(facts.colors, 1):
        text = facts.descriptions[index - 1] if facts.descriptions else ""
        word = _word(text) or s2.get(index)
        if not word and not text:  # a description that says something else outweighs GDAL's default colours
            word = {"red": "R", "green": "G", "blue": "B", "nir": "NIR"}.get(color)
        if word:
            found.setdefault(word, index)
    return found


def _word(text: str) -> str | None:
    """R, G, B or NIR, where a description says so in a word or a letter."""
    text = text.lower().replace("_", " ").strip()
    words = [name for name, pattern in _COLOR_WORDS if re.search(pattern, text)]
    return words[0] if words else {"r": "R", "g": "G", "b": "B", "n": "NIR"}.get(text)


def _radar_names(facts: RasterFacts) -> dict[str, int]:
    found: dict[str, int] = {}
    for index, text in enumerate(facts.descriptions, 1):
        match = re.search(r"(?:^|[^a-z])(vv|vh)(?![a-z])", text.lower())
        if match:
            found.setdefault(match[1].upper(), index)
    return found


def _by_wavelength(sensor: Sensor, facts: RasterFacts, tolerance_um: float) -> tuple[int | None, ...] | None:
    """Each embedder band's nearest source band, where each is the other's nearest and within the tolerance."""
    source = [(um, index) for index, um in enumerate(facts.wavelengths_um, 1) if um]
    if len(source) < 2:
        return None
    bands: list[int | None] = []
    for number, band in enumerate(sensor.bands, 1):
        want = band.wavelength_um or 0.0
        um, index = min(source, key=lambda s: abs(s[0] - want))
        back = min(range(len(sensor.bands)), key=lambda i: abs((sensor.bands[i].wavelength_um or 0.0) - um)) + 1
        close = abs(um - want) <= tolerance_um and back == number and number not in sensor.never
        bands.append(index if close else None)
    return tuple(bands)


def _used(facts: RasterFacts) -> list[int]:
    """1-based bands that hold measurements: not alpha. A name outweighs the colour, since GDAL calls the fourth of
    four 8-bit bands alpha unless it is told otherwise."""
    named = _named(facts)
    return [i for i, color in enumerate(facts.colors, 1) if color != "alpha" or i in named]


def _named(facts: RasterFacts) -> set[int]:
    """Bands whose description is a band's name (near infrared, B8, ...)."""
    texts = enumerate(facts.descriptions, 1)
    return {i for i, text in texts if text and (_word(text) or _S2_NAME.search(text.lower()))}


def _pick(names: tuple[str, ...], found: dict[str, int]) -> tuple[int | None, ...]:
    return tuple(found.get(name) for name in names)


def map_bands(sensor: Sensor, facts: RasterFacts) -> tuple[tuple[int | None, ...], str, str] | None:
    """(bands, confidence, how) of the raster read as this sensor; None where its bands do not say how."""
    used, names = _used(facts), sensor.band_names
    if sensor.id == "enmap":
        bands = _by_wavelength(sensor, facts, 0.006)
        if bands and sum(b is not None for b in bands) >= 100:
            return bands, "certain", "band wavelengths"
        keep = [i for i in range(1, 225) if i not in sensor.never]
        if len(used) == 224:
            return tuple(used[i - 1] if i in keep else None for i in range(1, 225)), "likely", "EnMAP's own band order"
        if len(used) == len(keep):
            place = dict(zip(keep, used, strict=True))
            return _pick_numbers(place, 224), "likely", "EnMAP's order with the 22 water-vapour bands dropped"
        return None
    if sensor.id == "sentinel-1":
        found = _radar_names(facts)
        if len(found) == 2:
            return _pick(names, found), "certain", "band names VV and VH"
        return (tuple(used), "likely", "the assumed order VV, VH") if len(used) == 2 else None
    if sensor.id == "sentinel-2":
        found = _s2_names(facts)
        if all(name in found for name in names):
            return _pick(names, found), "certain", "band names"
        own = "B8A" in found or "B12" in found  # names that Landsat does not have
        if own and sum(name in found for name in names) >= 6:
            return _pick(names, found), "likely", "band names; bands without a name are missing"
        bands = _by_wavelength(sensor, facts, 0.015)
        if bands and sum(b is not None for b in bands) >= 7:
            return bands, "likely", "band wavelengths"
        if len(used) == 9:
            return tuple(used), "likely", "the assumed order " + ", ".join(names)
        if len(used) in _PRODUCT_ORDER and not found:
            order = _PRODUCT_ORDER[len(used)].split()
            by_name = {name: used[i] for i, name in enumerate(order)}
            return _pick(names, by_name), "likely", f"the product's order {order[0]}..{order[-1]}"
        return None
    found = _color_names(facts)
    if all(name in found for name in names):
        return _pick(names, found), "certain", "band names or colours"
    bands = _by_wavelength(sensor, facts, 0.05)
    if bands and None not in bands:
        return bands, "certain", "band wavelengths"
    if sensor.id == "gaofen" and all(n in found for n in "RGB") and len(used) == 4:
        rest = [i for i in used if i not in found.values()]
        return (*_pick(("R", "G", "B"), found), rest[0]), "likely", "colours R, G, B; the fourth band is taken as NIR"
    if len(found) >= 2 and any(n not in found for n in names):
        bands = _pick(names, found)
        return bands, "ambiguous", "band names, of which not all were found"
    if len(used) in (3, 4) and len(used) >= len(names):
        return tuple(used[: len(names)]), "likely", "the assumed order " + ", ".join(names)
    return None


def _pick_numbers(place: dict[int, int], count: int) -> tuple[int | None, ...]:
    return tuple(place.get(i) for i in range(1, count + 1))


# --- units ------------------------------------------------------------------------------------------------------


def _quantile(values: list[float], q: float) -> float:
    return values[min(int(q * len(values)), len(values) - 1)]


def infer_units(sensor: Sensor, facts: RasterFacts, bands: tuple[int | None, ...]) -> tuple[str | None, str]:
    """(units, why), from the data type and the sample of the bands in use; (None, why) where they do not tell."""
    used = [list(facts.samples[b - 1]) for b in bands if b is not None and b <= len(facts.samples)]
    used = [values for values in used if values]
    if facts.dtype in ("uint8", "int8") and sensor.unit != "db":
        return ("8-bit", "8-bit data") if "8-bit" in sensor.units else (None, "8-bit data")
    if not used:
        return sensor.unit, f"no valid values in the sample, {UNITS[sensor.unit]} assumed"
    low = min(_quantile(v, 0.01) for v in used)
    high = max(_quantile(v, 0.98) for v in used)
    if sensor.unit == "db":
        if low < 0 and high < 40:
            return "db", f"values {low:.3g} to {high:.3g}"
        if low >= 0 and high <= 30 and facts.dtype.startswith("float"):
            return "linear", f"values {low:.3g} to {high:.3g}, none negative"
        return None, f"values {low:.3g} to {high:.3g} are neither decibel nor linear power (uncalibrated amplitudes?)"
    offset = sensor.id == "sentinel-2"  # the only product with an offset; its darkest values then stay near 0.1
    if facts.dtype.startswith("float") and high <= 2:
        shifted = offset and 0.09 <= low <= 0.16
        return ("reflectance+0.1" if shifted else "reflectance"), f"values {low:.3g} to {high:.3g}"
    if high <= 255 and sensor.unit == "8-bit":
        return "8-bit", f"values {low:.3g} to {high:.3g}"
    shifted = offset and 900 <= low <= 1600
    return ("dn+1000" if shifted else "dn"), f"values {low:.4g} to {high:.4g}"


# --- detection --------------------------------------------------------------------------------------------------


def _candidates(facts: RasterFacts) -> list[str]:
    """Sensors to try, most likely first, from names and the count of bands that are not alpha."""
    count = len(_used(facts))
    if len(_radar_names(facts)) == 2:
        return ["sentinel-1"]
    if sum(1 for um in facts.wavelengths_um if um and 0.4 < um < 2.5) >= 100:
        return ["enmap"]
    s2 = map_bands(SENSORS["sentinel-2"], facts)
    if s2 and (s2[1] == "certain" or count > 4 and s2[2].startswith("band")):
        return ["sentinel-2"]
    by_count = {
        2: "sentinel-1",
        3: "naip",
        4: "gaofen naip",
        9: "sentinel-2",
        10: "sentinel-2",
        12: "sentinel-2",
        13: "sentinel-2",
        202: "enmap",
        224: "enmap",
    }
    return by_count.get(count, "").split()


def _refusal(facts: RasterFacts) -> str:
    count = len(_used(facts))
    text = (
        f"expected 2 (Sentinel-1), 3 (RGB), 4 (RGB+NIR), 9, 10, 12 or 13 (Sentinel-2), 202 or 224 (EnMAP) bands, "
        f"found {count}"
    )
    if count == 6:
        text += (
            "; if this is Landsat (blue, green, red, NIR, SWIR 1, SWIR 2), map its bands to Sentinel-2's: "
            "--sensor sentinel-2 --bands 3,2,1,-,-,-,4,5,6"
        )
    elif count == 1:
        text += "; stack single-band files to one raster first (gdalbuildvrt -separate)"
    else:
        text += "; say which bands to use: --sensor S --bands 3,2,1,-,... (one entry a band of the sensor)"
    return text


def _doubts(sensor: Sensor, facts: RasterFacts, units: str | None) -> list[str]:
    doubts = []
    low, high = sensor.gsd_m
    if facts.gsd_m is not None and not low <= facts.gsd_m <= high:
        doubts.append(f"pixels of {facts.gsd_m:.3g} m are unusual for {sensor.title} ({low:g} to {high:g} m)")
    if units is None:
        doubts.append("the unit is unknown: set --units")
    return doubts


def _greys_in_alpha(facts: RasterFacts) -> bool:
    """An alpha band with many values between nothing and full is rather a measurement."""
    alpha = [i for i, color in enumerate(facts.colors) if color == "alpha" and i < len(facts.samples)]
    values = facts.samples[alpha[0]] if alpha else ()
    return bool(values) and sum(0 < v < 255 for v in values) > len(values) / 2


def _looks_like_alpha(facts: RasterFacts) -> bool:
    values = facts.samples[3] if len(facts.samples) == 4 else ()
    return bool(values) and set(values) <= {0.0, 255.0} and "alpha" not in facts.colors


def detect(
    facts: RasterFacts, sensor_id: str | None = None, bands: str | None = None, units: str | None = None
) -> Detection:
    """The sensor, band order and unit of a raster. `sensor_id`, `bands` ("3,2,1,-") and `units` are the user's word.

    Never raises for a raster that is not known: Detection.sensor is None then and `reason` says what to do.
    Raises SensorError where the user's own words do not fit the raster or each other.
    """
    if bands:
        return _told(facts, sensor_id, bands, units)
    if facts.colors and facts.colors[0] == "palette":
        return Detection(None, "expected measurements, found a colour table: this looks like a class layer")
    candidates = [get_sensor(sensor_id).id] if sensor_id else _candidates(facts)
    mapping = map_bands(SENSORS[candidates[0]], facts) if candidates else None
    if mapping is None:
        if not sensor_id:
            return Detection(None, _refusal(facts))
        n, count = len(SENSORS[sensor_id].bands), len(_used(facts))
        hint = "--bands 3,2,1,-,-,-,4,5,6" if sensor_id == "sentinel-2" else f"--bands with {n} entries"
        return Detection(None, f"found {count} bands that cannot be told to be {sensor_id}'s {n}: add {hint}")
    sensor = SENSORS[candidates[0]]
    order, confidence, how = mapping
    found_units, why = (units, "as told") if units else infer_units(sensor, facts, order)
    if units:
        affine_to_canonical(sensor, units)
    doubts = _doubts(sensor, facts, found_units)
    if found_units is None:
        confidence = "ambiguous"
    elif doubts and confidence == "certain":
        confidence = "likely"
    if sensor.id == "gaofen" and not sensor_id and _looks_like_alpha(facts):
        confidence = "ambiguous"
        doubts.append("the fourth band holds only 0 and 255: alpha (then it is naip 1,2,3) or near infrared?")
    if sensor.id == "naip" and not sensor_id and len(facts.colors) == 4 and _greys_in_alpha(facts):
        confidence, candidates = "likely", ["naip", "gaofen"]
        doubts.append("the alpha band is full of greys: if it is near infrared, use --sensor gaofen --bands 1,2,3,4")
    if sensor.id == "naip" and found_units is not None and facts.samples and min(map(_least, facts.samples[:3])) < 0:
        confidence = "ambiguous"
        doubts.append("three bands with negative values are not an RGB image")
    reason = f"{len(_used(facts))} bands, order from {how}; {UNITS.get(found_units or '', 'unit unknown')} ({why})"
    return Detection(sensor.id, "; ".join([reason, *doubts]), confidence, order, found_units, tuple(candidates))


def _least(values: tuple[float, ...]) -> float:
    return values[0] if values else 0.0


def parse_bands(text: str) -> tuple[int | None, ...]:
    """'3,2,1,-' to (3, 2, 1, None). Raises SensorError."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part == "-" or part.isdecimal() and int(part) > 0 for part in parts):
        raise SensorError(f"expected band numbers from 1 or '-' for a missing band, with commas, found {text!r}")
    return tuple(None if part == "-" else int(part) for part in parts)


def _told(facts: RasterFacts, sensor_id: str | None, text: str, units: str | None) -> Detection:
    order = parse_bands(text)
    by_count = {len(s.bands): s.id for s in SENSORS.values()}
    if not sensor_id and len(order) not in by_count:
        raise SensorError(f"expected --bands with 2, 3, 4, 9 or 224 entries, found {len(order)}")
    sensor = get_sensor(sensor_id or by_count[len(order)])
    if len(order) != len(sensor.bands):
        raise SensorError(f"expected --bands with {len(sensor.bands)} entries for {sensor.id}, found {len(order)}")
    wrong = [b for b in order if b is not None and b > facts.count]
    if wrong:
        raise SensorError(f"expected bands 1 to {facts.count}, the raster's, found band {wrong[0]} in --bands")
    order = tuple(None if number in sensor.never else band for number, band in enumerate(order, 1))
    if not any(order):
        raise SensorError("expected at least one band in --bands, found none")
    found_units, why = (units, "as told") if units else infer_units(sensor, facts, order)
    if units:
        affine_to_canonical(sensor, units)
    doubts = _doubts(sensor, facts, found_units)
    reason = f"bands as told; {UNITS.get(found_units or '', 'unit unknown')} ({why})"
    confidence = "certain" if found_units else "ambiguous"
    mapped = (map_bands(sensor, facts) or ((),))[0] != order
    return Detection(sensor.id, "; ".join([reason, *doubts]), confidence, order, found_units, (sensor.id,), mapped)
