"""The recognition of a raster: its product, the sensor that reads it, band order and unit.

No sensor is named here: what tells them apart stands in `sensors.json` and `products.json`.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from ..errors import SensorError
from ..messages import Message, option
from .band_order import Match, all_named, holds_mask, last_is_mask, match_products, measured_bands
from .entries import DoubtRule, Product, Sensor, least_confident
from .facts import RasterFacts
from .table import TABLE, Table
from .units import affine_to_canonical, infer_units, stored_scale

_GREY_EDGES = 0.1  # the share of pixels at whose edges a smoothed alpha has greys
_MANY_BANDS = 50  # of spectrometers
_FEW_VALUES, _MANY = 8, 1000  # different values of classes; pixels among which a measurement has more


@dataclass(frozen=True)
class Detection:
    """The answer: `bands` holds the 1-based source band of each embedder band, None where it is missing."""

    sensor: str | None
    reason: str
    confidence: str = "ambiguous"  # certain | likely | ambiguous
    bands: tuple[int | None, ...] = ()
    units: str | None = None
    candidates: tuple[str, ...] = ()
    mapped: bool = False  # bands of another sensor, or in another order than was found, stand in
    product: str | None = None
    product_title: str | None = None  # the product in words
    sensor_bands: tuple[str, ...] = ()  # names of the embedder's bands

    def __post_init__(self) -> None:
        object.__setattr__(self, "reason", Message(self.reason))

    @property
    def marked_reason(self) -> str:
        """With the options marked that it names, for messages that quote it."""
        return Message(self.reason).marked

    @property
    def band_names(self) -> tuple[str, ...]:
        """Names of the sensor's bands that the raster has."""
        return tuple(name for name, band in zip(self.sensor_bands, self.bands, strict=True) if band)

    def to_json(self) -> dict:
        """As `detect --json` prints it."""
        if self.sensor is None:
            return {"sensor": None, "reason": self.reason}
        answer = asdict(self)
        answer = {name: list(value) if isinstance(value, tuple) else value for name, value in answer.items()}
        return {name: answer.pop(name) for name in ("product", "product_title")} | answer


def detect(
    facts: RasterFacts,
    sensor_id: str | None = None,
    bands: str | None = None,
    units: str | None = None,
    table: Table = TABLE,
) -> Detection:
    """The product, sensor, band order and unit of a raster.

    Args:
        facts: what is known of the raster.
        sensor_id, bands, units: what the user has set; `bands` as in "3,2,1,-".
        table: the sensors and products there are.

    Returns:
        A detection. It never raises for a raster that is not recognised: `sensor` is None then, and `reason` says what
        to do.

    Raises:
        SensorError: what the user has set does not fit the raster or itself.
    """
    if table.problem:
        raise SensorError(table.problem)
    if bands:
        return _with_bands(facts, sensor_id, bands, units, table)
    if facts.colors and facts.colors[0] == "palette":
        return Detection(None, "expected measurements, found a colour table: this looks like a class layer")
    if sensor_id:
        sensor = table.sensor(sensor_id)
        match = match_products(facts, _products_of(sensor, table), table)
        if match is None:
            return Detection(None, _refusal_as(sensor, facts, table))
        return _answer(match, facts, units, table, (sensor_id,), sensor_set=True)
    match = match_products(facts, _products_to_try(facts, table), table)
    if match is None:
        return Detection(None, _refusal(facts, table))
    return _answer(match, facts, units, table, _candidates(match, facts, table), sensor_set=False)


def parse_bands(text: str) -> tuple[int | None, ...]:
    """'3,2,1,-' to (3, 2, 1, None). Raises SensorError."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part == "-" or part.isdecimal() and int(part) > 0 for part in parts):
        raise SensorError(f"expected band numbers from 1 or '-' for a missing band, with commas, found {text!r}")
    return tuple(None if part == "-" else int(part) for part in parts)


def _products_of(sensor: Sensor, table: Table) -> list[Product]:
    return [product for product in table.products.values() if product.sensor == sensor.id]


def _products_to_try(facts: RasterFacts, table: Table) -> list[Product]:
    """Those that claim such rasters for themselves; else those that come with so many bands."""
    claiming = [product for product in table.products.values() if _claims(product, facts)]
    count = len(measured_bands(facts, table))
    return claiming or [p for p in table.products.values() if not p.counts or count in p.counts]


def _claims(product: Product, facts: RasterFacts) -> bool:
    if product.claims is None:
        return False
    low, high = product.claims.range_um
    return sum(1 for um in facts.wavelengths_um if um and low < um < high) >= product.claims.wavelengths


def _candidates(match: Match, facts: RasterFacts, table: Table) -> tuple[str, ...]:
    """The sensor, and those of other products with as many bands where the count has a part in the answer."""
    found = [match.product.sensor]
    if match.product.counts:
        count = len(measured_bands(facts, table))
        alike = (p for p in table.products.values() if any(len(rule.bands) == count for rule in p.orders))
        found += [product.sensor for product in alike]
    return tuple(dict.fromkeys(found))


def _answer(
    match: Match,
    facts: RasterFacts,
    units: str | None,
    table: Table,
    candidates: tuple[str, ...],
    sensor_set: bool,
) -> Detection:
    sensor = table.sensors[match.product.sensor]
    found_units, why, at_most = _units(match.product, sensor, facts, match.bands, units, table)
    doubts, confidence = _sensor_doubts(sensor, facts, found_units), least_confident(match.rule.confidence, at_most)
    if doubts:
        confidence = least_confident(confidence, "likely" if found_units else "ambiguous")
    for doubt in match.product.doubts:
        if (doubt.also_with_sensor or not sensor_set) and CHECKS[doubt.when](doubt, facts, match.bands):
            doubts.append(doubt.say)
            confidence, candidates = least_confident(confidence, doubt.then), doubt.candidates or candidates
    for why_not in filter(None, (_named_twice(match, facts, table), _few_values(match, facts))):
        doubts.append(why_not)
        confidence = "ambiguous"
    count = len(measured_bands(facts, table))
    reason = f"{count} bands, order from {match.rule.how}; {table.unit_title(found_units)} ({why})"
    if match.product.mapped:
        reason = f"{match.product.title}, read as {sensor.title}{_without(match, sensor)}; {reason}"
    return Detection(
        sensor.id,
        "; ".join([reason, *_fill_note(facts), *doubts]),
        confidence,
        match.bands,
        found_units,
        candidates,
        mapped=match.product.mapped,
        product=match.product.id,
        product_title=match.product.title,
        sensor_bands=sensor.band_names,
    )


def _without(match: Match, sensor: Sensor) -> str:
    """The bands that the product lacks, where these are few enough to be named."""
    bands = enumerate(zip(sensor.band_names, match.bands, strict=True), 1)
    missing = [name for number, (name, band) in bands if band is None and number not in sensor.never]
    if not missing:
        return ""
    return f" without {', '.join(missing)}" if len(missing) < 9 else f" without {len(missing)} of its bands"


def _named_twice(match: Match, facts: RasterFacts, table: Table) -> str:
    if match.rule.by != "names":
        return ""
    named = all_named(match.product, facts, table)
    read = {band for band in match.bands if band}
    doubled = [(name, bands) for name, bands in named.items() if len(bands) > 1 and bands[0] in read]
    if not doubled:
        return ""
    name, bands = doubled[0]
    return (
        f"bands {' and '.join(map(str, bands))} are all named {name}: several dates in one file? Set {option('bands')}"
    )


def _few_values(match: Match, facts: RasterFacts) -> str:
    """Whether what has no names may be layers of classes."""
    samples = [facts.sample(band) for band in match.bands if band]
    if match.rule.by != "order" or not any(len(sample) >= _MANY for sample in samples):
        return ""
    if any(_different(sample) > _FEW_VALUES for sample in samples):
        return ""
    return f"the bands hold at most {_FEW_VALUES} different values each: are they classes?"


def _different(sample: Sequence[float]) -> int:
    """How many different values a sorted sample has; counted up to one more than classes have."""
    place = found = 0
    while place < len(sample) and found <= _FEW_VALUES:
        place, found = bisect_right(sample, sample[place], place), found + 1
    return found


def _units(
    product: Product | None,
    sensor: Sensor,
    facts: RasterFacts,
    bands: Sequence[int | None],
    units: str | None,
    table: Table,
) -> tuple[str | None, str, str]:
    """(units, why, confidence at most): what the user has set, or what type and values show.

    A unit set to what the file's own scale and offset already account for is not applied a second time.
    """
    if units:
        affine_to_canonical(sensor, units, table)  # raises for a unit that the sensor does not come in
        if facts.scale_offset and facts.scale_offset == stored_scale(units, table):
            return "reflectance", "the file's own scale is the unit set", "certain"
        return units, "as set", "certain"
    return infer_units(sensor, facts, bands, table, product)


def _fill_note(facts: RasterFacts) -> list[str]:
    if facts.fill < 0.001:
        return []
    share = f"{facts.fill:.0%}" if facts.fill >= 0.01 else "part"
    return [f"{share} of the sample holds only fill (0, -9999, ...) that the file does not declare: taken as no data"]


def _sensor_doubts(sensor: Sensor, facts: RasterFacts, units: str | None) -> list[str]:
    doubts = []
    low, high = sensor.gsd_m
    if facts.gsd_m is not None and not low <= facts.gsd_m <= high:
        doubts.append(f"pixels of {facts.gsd_m:.3g} m are unusual for {sensor.title} ({low:g} to {high:g} m)")
    if units is None:
        doubts.append(f"the unit is unknown: set {option('units')}")
    return doubts


# --- signs that the doubts of products refer to --------------------------------------------------------------------


def _last_band_is_a_mask(doubt: DoubtRule, facts: RasterFacts, bands: Sequence[int | None]) -> bool:
    """A mask that is not marked as alpha."""
    return "alpha" not in facts.colors and holds_mask(facts, facts.count)


def _greys_in_alpha(doubt: DoubtRule, facts: RasterFacts, bands: Sequence[int | None]) -> bool:
    """An alpha band with values between nothing and full is rather a measurement."""
    alpha = facts.colors.index("alpha") + 1 if "alpha" in facts.colors else 0
    values = facts.sample(alpha) if alpha and alpha not in bands else ()
    return bool(values) and sum(0 < v < max(255.0, values[-1]) for v in values) > len(values) * _GREY_EDGES


def _negative_values(doubt: DoubtRule, facts: RasterFacts, bands: Sequence[int | None]) -> bool:
    return any(min(facts.sample(band), default=0.0) < 0 for band in bands if band)


def _file_name(doubt: DoubtRule, facts: RasterFacts, bands: Sequence[int | None]) -> bool:
    return bool(re.search(doubt.file, facts.name.lower()))


CHECKS: dict[str, Callable[[DoubtRule, RasterFacts, Sequence[int | None]], bool]] = {
    "last band is a mask": _last_band_is_a_mask,
    "greys in alpha": _greys_in_alpha,
    "negative values": _negative_values,
    "file name": _file_name,
}


# --- refusals -----------------------------------------------------------------------------------------------------


def _refusal(facts: RasterFacts, table: Table) -> str:
    count = len(measured_bands(facts, table))
    hint = table.hints.get(str(count)) or table.hints["many" if count >= _MANY_BANDS else ""]
    mask = " and a mask" if last_is_mask(facts, table) else ""
    return (
        f"expected band names or wavelengths that say what the bands are, or {expected_counts(table)} bands in a usual "
        f"order, found {count}{mask}{_described(facts)}; {hint}"
    )


def _described(facts: RasterFacts) -> str:
    """named HH, HV: where bands have descriptions, these are why a fitting number of bands was not enough."""
    named = [text for text in facts.descriptions if text]
    return f" named {', '.join(named[:8])}{', ...' if len(named) > 8 else ''}" if named else ""


def expected_counts(table: Table = TABLE) -> str:
    """How many bands a raster has that is recognised without names: "2 (Sentinel-1), 3 (RGB), ..."."""
    counts: dict[str, set[int]] = {}
    for product in table.products.values():
        here = {len(rule.bands) for rule in product.orders}
        counts.setdefault(product.sensor, set()).update(here & set(product.counts) if product.counts else here)
    listed = sorted((sorted(numbers), sensor) for sensor, numbers in counts.items() if numbers)
    return ", ".join(f"{_either(numbers)} ({table.sensors[sensor].short})" for numbers, sensor in listed)


def _either(numbers: Sequence[int]) -> str:
    """2, 3 or 4."""
    *most, last = map(str, numbers)
    return f"{', '.join(most)} or {last}" if most else last


def _refusal_as(sensor: Sensor, facts: RasterFacts, table: Table) -> str:
    count, wanted = len(measured_bands(facts, table)), len(sensor.bands)
    hint = option("bands", sensor.bands_example) if sensor.bands_example else f"{option('bands')} with {wanted} entries"
    return f"found {count} bands, which do not say which of them are {sensor.id}'s {wanted}: add {hint}"


# --- bands set by the user ----------------------------------------------------------------------------------------


def _with_bands(facts: RasterFacts, sensor_id: str | None, text: str, units: str | None, table: Table) -> Detection:
    order = parse_bands(text)
    sensor = table.sensor(sensor_id) if sensor_id else _sensor_with(len(order), table)
    order = _checked(order, sensor, facts)
    match = match_products(facts, _products_of(sensor, table), table)
    found_units, why, at_most = _units(match.product if match else None, sensor, facts, order, units, table)
    product = match.product if match and match.bands == order else None
    reason = f"bands as set; {table.unit_title(found_units)} ({why})"
    return Detection(
        sensor.id,
        "; ".join([reason, *_fill_note(facts), *_sensor_doubts(sensor, facts, found_units)]),
        at_most if found_units else "ambiguous",
        order,
        found_units,
        (sensor.id,),
        mapped=product is None or product.mapped,
        product=product.id if product else None,
        product_title=product.title if product else None,
        sensor_bands=sensor.band_names,
    )


def _sensor_with(count: int, table: Table) -> Sensor:
    """The only sensor of so many bands. Raises SensorError."""
    found = [sensor for sensor in table.sensors.values() if len(sensor.bands) == count]
    if len(found) == 1:
        return found[0]
    if found:
        raise SensorError(
            f"expected {option('sensor')} with {option('bands')}, since "
            f"{' and '.join(s.id for s in found)} have {count} bands"
        )
    counts = _either(sorted({len(sensor.bands) for sensor in table.sensors.values()}))
    raise SensorError(f"expected {option('bands')} with {counts} entries, found {count}")


def _checked(order: tuple[int | None, ...], sensor: Sensor, facts: RasterFacts) -> tuple[int | None, ...]:
    """The order without the bands that the sensor never uses. Raises SensorError where it does not fit."""
    if len(order) != len(sensor.bands):
        raise SensorError(
            f"expected {option('bands')} with {len(sensor.bands)} entries for {sensor.id}, found {len(order)}"
        )
    beyond = [band for band in order if band is not None and band > facts.count]
    if beyond:
        raise SensorError(
            f"expected bands 1 to {facts.count}, the raster's, found band {beyond[0]} in {option('bands')}"
        )
    used = tuple(None if number in sensor.never else band for number, band in enumerate(order, 1))
    if not any(used):
        raise SensorError(f"expected at least one band in {option('bands')}, found none")
    return used
