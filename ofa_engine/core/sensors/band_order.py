"""Which of a raster's bands is which of the sensor's: by names, colours, wavelengths, or an order that is assumed."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

from .entries import BandRule, Product, Sensor
from .facts import RasterFacts
from .table import TABLE, Table

_NUMBER = re.compile(r"(?<![a-z0-9])b(\d+)(?![a-z0-9])")
_MOST_NAMED = 64  # a raster of more bands numbers them
_FULL = (1.0, 255.0, 65535.0)  # of a mask
_COLOURS = ("red", "green", "blue", "nir")
_ASKED_ABOUT = 4  # bands of which the last one may as well be near infrared


@dataclass(frozen=True)
class Match:
    """A product that a raster fits: `bands` holds the 1-based source band of each embedder band, or None."""

    product: Product
    rule: BandRule
    bands: tuple[int | None, ...]


def match_products(facts: RasterFacts, products: Iterable[Product], table: Table = TABLE) -> Match | None:
    """The first product that names or wavelengths show; else the first whose assumed order has as many bands."""
    products = list(products)
    for assumed in (False, True):
        for product in products:
            for rule in product.rules:
                if (rule.by == "order") == assumed:
                    bands = _apply(rule, product, facts, table)
                    if bands is not None:
                        return Match(product, rule, bands)
    return None


def measured_bands(facts: RasterFacts, table: Table = TABLE) -> list[int]:
    """1-based bands that hold measurements: not alpha. A name outweighs the colour, since GDAL calls the fourth of four
    8-bit bands alpha unless it was created otherwise."""
    alpha = {i for i, color in enumerate(facts.colors, 1) if color == "alpha"}
    named = {
        i for i in alpha if any(_word(product, facts.description(i), table) for product in table.products.values())
    }
    left_out = (alpha - named) | ({facts.count} if last_is_mask(facts, table) else set())
    return [i for i in range(1, facts.count + 1) if i not in left_out]


def last_is_mask(facts: RasterFacts, table: Table = TABLE) -> bool:
    """Whether the last band is the mask that exports add (dataMask): it holds only nothing and full, has no other name,
    and others hold more. Of four bands it is asked about."""
    description = facts.description(facts.count)
    if facts.count == _ASKED_ABOUT or facts.colors[-1] in _COLOURS or not holds_mask(facts, facts.count):
        return False
    if table.words.speaks(description) and "mask" not in description.lower():
        return False
    if any(_word(product, description, table) for product in table.products.values()):
        return False
    return not all(holds_mask(facts, band) for band in range(1, facts.count) if facts.sample(band))


def holds_mask(facts: RasterFacts, band: int) -> bool:
    """Whether the sample of a 1-based band holds nothing but 0 and full."""
    values = facts.sample(band)  # sorted
    if not values or values[-1] not in (0.0, *_FULL):
        return False
    return values[0] == values[-1] or values[0] == 0 and bisect_right(values, 0.0) == bisect_left(values, values[-1])


def _apply(rule: BandRule, product: Product, facts: RasterFacts, table: Table) -> tuple[int | None, ...] | None:
    """The order of bands by that rule; None where it does not fit."""
    sensor = table.sensors[product.sensor]
    if rule.file and not re.search(rule.file, facts.name.lower()):
        return None
    if rule.by == "names":
        return _by_names(rule, product, sensor, facts, table)
    if rule.by == "wavelengths":
        return _by_wavelengths(rule, product, sensor, facts)
    return _by_order(rule, product, sensor, facts, table)


def _names_read(product: Product, sensor: Sensor) -> tuple[str, ...]:
    """Per band of the sensor the name that the product has for it; "" where it has none, or it is never used."""
    bands = enumerate(product.reads(sensor), 1)
    return tuple(band.name if band and number not in sensor.never else "" for number, band in bands)


def _by_names(
    rule: BandRule, product: Product, sensor: Sensor, facts: RasterFacts, table: Table
) -> tuple[int | None, ...] | None:
    found = band_names(product, facts, table)
    if rule.rest:
        others = [i for i in measured_bands(facts, table) if i not in found.values()]
        nameless = len(others) == 1 and not table.words.speaks(facts.description(others[0]))
        found |= {rule.rest: others[0]} if nameless else {}
    wanted = _names_read(product, sensor)
    read = sum(name in found for name in wanted)
    enough = len(found) >= rule.known if rule.known else read >= (rule.least or sum(map(bool, wanted)))
    if not enough or not found.keys() >= set(rule.also) or not found.keys().isdisjoint(rule.without):
        return None
    if rule.one_of and found.keys().isdisjoint(rule.one_of):
        return None
    bands = tuple(found.get(name) for name in wanted)
    texts = [table.words.plain(facts.description(band)) for band in bands if band]
    return bands if all(re.search(rule.named, text) for text in texts) else None


def band_names(product: Product, facts: RasterFacts, table: Table = TABLE) -> dict[str, int]:
    """The product's name of a band -> 1-based band, the first where several have it; from descriptions, or from colours
    where there is none."""
    return {name: numbers[0] for name, numbers in all_named(product, facts, table).items()}


def all_named(product: Product, facts: RasterFacts, table: Table = TABLE) -> dict[str, list[int]]:
    """The product's name of a band -> the 1-based bands that have it. Numbers are no names where there are more of them
    than the product has."""
    found: dict[str, list[int]] = {}
    if facts.count > _MOST_NAMED:
        return found
    for number, color in enumerate(facts.colors, 1):
        text = _text(product, facts, number, table)
        if product.highest_number and any(
            int(n) > product.highest_number for n in _NUMBER.findall(table.words.plain(text))
        ):
            return {}
        # a description that says something else outweighs GDAL's default colours
        name = _word(product, text, table) if text else next((b.name for b in product.bands if b.color == color), None)
        if name:
            found.setdefault(name, []).append(number)
    return found


def _text(product: Product, facts: RasterFacts, band: int, table: Table) -> str:
    """A band's description; "" where it says no more than its number, as in scene-b1 to scene-b4 of four bands."""
    text = facts.description(band)
    if product.highest_number or facts.count > _ASKED_ABOUT:
        return text
    plain = [table.words.plain(facts.description(i)) for i in range(1, facts.count + 1)]
    counted = all(_NUMBER.findall(words) == [f"{i}"] for i, words in enumerate(plain, 1))
    return "" if counted else text


def _word(product: Product, description: str, table: Table) -> str | None:
    """The product's band that a description names first: 'B04', 'S2 band 4 (665 nm)', 'near infrared'."""
    if not description or product.words is None:
        return None
    match = product.words.search(table.words.plain(description))
    return product.bands[int(match.lastgroup[1:])].name if match and match.lastgroup else None


def _by_wavelengths(
    rule: BandRule, product: Product, sensor: Sensor, facts: RasterFacts
) -> tuple[int | None, ...] | None:
    """Each embedder band's nearest source band, where each is the other's nearest and within the tolerance."""
    source = [(um, index) for index, um in enumerate(facts.wavelengths_um, 1) if um]
    if len(source) < 2:
        return None
    wanted = [(band.wavelength_um if band else None) or 0.0 for band in product.reads(sensor)]
    bands: list[int | None] = []
    for number, want in enumerate(wanted):
        um, index = min(source, key=lambda s: abs(s[0] - want))
        back = min(range(len(wanted)), key=lambda i: abs(wanted[i] - um))
        close = (
            abs(um - want) <= (rule.within_um or sensor.tolerance_um)
            and back == number
            and number + 1 not in sensor.never
        )
        bands.append(index if close else None)
    read = sum(band is not None for band in bands)
    return tuple(bands) if read >= (rule.least or sum(map(bool, _names_read(product, sensor)))) else None


def _by_order(
    rule: BandRule, product: Product, sensor: Sensor, facts: RasterFacts, table: Table
) -> tuple[int | None, ...] | None:
    used = measured_bands(facts, table)
    if len(used) != len(rule.bands) or not of_types(rule.types, facts, used):
        return None
    if rule.unless_named and band_names(product, facts, table):
        return None
    place = dict(zip(rule.bands, used, strict=True))
    if any(_contradicts(name, product, _text(product, facts, band, table), table) for name, band in place.items()):
        return None
    return tuple(place.get(name) for name in _names_read(product, sensor))


def of_types(prefixes: tuple[str, ...], facts: RasterFacts, bands: Iterable[int | None]) -> bool:
    """Whether the data types of all the bands begin with one of the prefixes; with none, any type does."""
    return not prefixes or all(name.startswith(prefixes) for name in facts.types(bands))


def _contradicts(name: str, product: Product, description: str, table: Table) -> bool:
    """Whether a description says that the band is another one than that of the product."""
    named = _word(product, description, table)
    return named != name if named else bool(description) and table.words.speaks(description)
