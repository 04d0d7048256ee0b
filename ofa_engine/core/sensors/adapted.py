"""Tables for checkpoints that define sensors of their own: which products these read, and with which bands.

A product's band is read as the sensor's of the same name, or as the one nearest in wavelength. Standard library only.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from functools import lru_cache

from .entries import BandRule, Claim, Product, ProductBand, Sensor
from .table import TABLE, Table

_ALIKE = 0.04  # relative difference of wavelengths of bands that stand for one another: Sentinel-2's differ by more
_LEAST_SHARE = 0.5  # of a sensor's bands that a product must have
_MANY_BANDS = 50  # of spectrometers, which are recognised by wavelengths
_SPECTRUM_UM = (0.35, 2.6)
_OF_VALUES = ("mean", "std", "note")  # fields of a sensor that detection does not need
_ZEROS = re.compile(r"(?<=[a-z])0+(?=\d)")


def reads_alike(one: Sensor, other: Sensor) -> bool:
    """Whether rasters are read the same way for both sensors, whatever their statistics are."""
    names = (field.name for field in fields(Sensor) if field.name not in _OF_VALUES)
    return all(getattr(one, name) == getattr(other, name) for name in names)


def table_for(sensors: Iterable[Sensor], table: Table = TABLE) -> Table:
    """The table for a checkpoint that has these sensors: they replace those of the same id, and a product is read
    through the sensor that has the most of its bands."""
    return _table_for(tuple(sensors), table)


def table_with(sensors: Iterable[Sensor], table: Table = TABLE) -> Table:
    """The table with sensors of other ids added: what it recognises without them is recognised as before."""
    return _table_with(tuple(sensor for sensor in sensors if sensor.id not in table.sensors), table)


@lru_cache(16)
def _table_for(sensors: tuple[Sensor, ...], table: Table) -> Table:
    own = {sensor.id: sensor for sensor in sensors}
    added = [sensor for sensor in sensors if sensor.id not in table.sensors]
    changed = {s.id: s for s in sensors if s.id in table.sensors and not reads_alike(s, table.sensors[s.id])}
    if not added and not changed:
        return table
    first: dict[str, Product] = {}
    rest: dict[str, Product] = {}
    for key, product in table.products.items():
        usual = product
        if product.sensor in changed:
            usual = _adapted(product, table.sensors[product.sensor], changed[product.sensor])
        chosen = _chosen(product, usual, own, added, table)
        (first if chosen.sensor in own else rest)[key] = chosen
        if chosen is not usual:
            rest[f"{key}/{usual.sensor}"] = usual
    products = first | _own_products(added, table) | rest | _as_others(added, table)
    return replace(table, sensors=table.sensors | own, products=products)


@lru_cache(16)
def _table_with(sensors: tuple[Sensor, ...], table: Table) -> Table:
    if not sensors:
        return table
    own = {sensor.id: sensor for sensor in sensors}
    products = table.products | _own_products(sensors, table) | _as_others(sensors, table)
    return replace(table, sensors=table.sensors | own, products=products)


def _chosen(
    product: Product, usual: Product, own: Mapping[str, Sensor], added: Iterable[Sensor], table: Table
) -> Product:
    """The product as the sensor with the most of its bands reads it; its usual sensor is kept where it has as many,
    unless it only stands in for another or is none of the checkpoint's."""
    best, most = usual, _read(usual)
    replaceable = usual.mapped or usual.sensor not in own
    for sensor in added:
        other = _adapted(product, table.sensors[product.sensor], sensor)
        same = sensor.id == product.id
        if same or _enough(other, sensor) and (_read(other) > most or replaceable and _read(other) == most):
            best, most, replaceable = other, _read(other), False
        if same:
            break
    return best


def _own_products(sensors: Iterable[Sensor], table: Table) -> dict[str, Product]:
    """Of sensors of other ids: rasters with the sensor's own bands."""
    return {sensor.id: _own_product(sensor, table) for sensor in sensors if sensor.id not in table.products}


def _as_others(sensors: Iterable[Sensor], table: Table) -> dict[str, Product]:
    """The table's products as sensors of other ids read them, for the user who names the sensor."""
    products = {}
    for sensor in sensors:
        for key, product in table.products.items():
            other = _adapted(product, table.sensors[product.sensor], sensor)
            if not product.claims and _enough(other, sensor):
                known = tuple(rule for rule in other.rules if rule.by != "order" or rule.file)  # the rest is assumed
                products[f"{key}/{sensor.id}"] = replace(other, rules=known)
    return products


def _read(product: Product) -> int:
    return sum(bool(band.reads) for band in product.bands)


def _enough(product: Product, sensor: Sensor) -> bool:
    count = len(sensor.usable_bands)
    return _read(product) >= max(min(2, count), _LEAST_SHARE * count)


def _own_product(sensor: Sensor, table: Table) -> Product:
    """What a raster with the sensor's own bands looks like."""
    names = sensor.band_names
    bands = tuple(
        ProductBand(
            band.name, band.name, band.wavelength_um, (re.escape(table.words.plain(band.name) or band.name.lower()),)
        )
        for band in sensor.bands
    )
    many = len(names) >= _MANY_BANDS
    rules = [
        BandRule("wavelengths", "band wavelengths", "certain", least=len(sensor.usable_bands) // 2 if many else 0),
        BandRule("order", "the assumed order of the checkpoint's bands", bands=names, unless_named=True),
    ]
    if not many:  # whose bands are numbered
        rules.insert(0, BandRule("names", "band names", "certain"))
    claims = Claim(_MANY_BANDS, _SPECTRUM_UM) if many else None
    return Product(sensor.id, sensor.title, sensor.id, bands, tuple(rules), claims=claims)


def _adapted(product: Product, old: Sensor, sensor: Sensor) -> Product:
    """The product as another sensor reads it than the table's."""
    places = _places(product, old, sensor)
    bands = []
    for number, band in enumerate(product.bands):
        reads = sensor.bands[places[number]] if number in places else None
        um = band.wavelength_um or (reads.wavelength_um if reads else None)
        bands.append(replace(band, reads=reads.name if reads else "", wavelength_um=um))
    before, now = (len({b.reads for b in found if b.reads}) for found in (product.bands, bands))
    rules = tuple(_adapted_rule(rule, before, now) for rule in product.rules)
    mapped = product.mapped if sensor.id == product.sensor else not _native(bands, sensor)
    return replace(product, sensor=sensor.id, bands=tuple(bands), rules=rules, mapped=mapped)


def _native(bands: Iterable[ProductBand], sensor: Sensor) -> bool:
    """Whether these are all of the sensor's bands, at their wavelengths."""
    lengths = {band.reads: band.wavelength_um or 0.0 for band in bands}
    used = [sensor.bands[place] for place in sensor.usable_bands]
    return all(
        band.name in lengths and abs((band.wavelength_um or 0.0) - lengths[band.name]) <= sensor.tolerance_um
        for band in used
    )


def _adapted_rule(rule: BandRule, before: int, now: int) -> BandRule:
    """More bands of the sensor are not more bands that must be found."""
    return rule if rule.by == "order" else replace(rule, least=max(1, min(rule.least or before, now)))


def _places(product: Product, old: Sensor, sensor: Sensor) -> dict[int, int]:
    """Per band of the product, by number, the sensor's that it is read as: by name, then by wavelength, then the one
    that the table's sensor has for it. None is read twice."""
    known = {band.name: band.wavelength_um for band in old.bands}
    lengths = [band.wavelength_um or known.get(band.reads) for band in product.bands]
    names = {_plain(band.name): place for place, band in enumerate(sensor.bands)}
    found: dict[int, int] = {}
    for number, band in enumerate(product.bands):
        place = names.get(_plain(band.name))
        if place is not None and _alike(lengths[number], sensor.bands[place].wavelength_um, unknown=True):
            found[number] = place
    found |= _nearest(
        {number: um for number, um in enumerate(lengths) if um and number not in found},
        {place: band.wavelength_um for place, band in enumerate(sensor.bands) if place not in found.values()},
    )
    for number, band in enumerate(product.bands):
        place = names.get(_plain(band.reads)) if sensor.id == product.sensor or not lengths[number] else None
        if number not in found and place is not None and place not in found.values():
            found[number] = place
    return found


def _nearest(lengths: Mapping[int, float], others: Mapping[int, float | None]) -> dict[int, int]:
    """Pairs of bands that are each other's nearest in wavelength, and alike."""
    centers = {place: um for place, um in others.items() if um}
    found = {}
    for number, um in lengths.items() if centers else ():
        place = min(centers, key=lambda i: abs(centers[i] - um))
        back = min(lengths, key=lambda i: abs(lengths[i] - centers[place]))
        if back == number and _alike(um, centers[place]):
            found[number] = place
    return found


def _plain(name: str) -> str:
    """B04 as b4."""
    return _ZEROS.sub("", name.lower())


def _alike(one: float | None, other: float | None, unknown: bool = False) -> bool:
    """Whether bands of these wavelengths stand for one another; `unknown`: also where one is not known."""
    if not one or not other:
        return unknown
    return abs(one - other) <= _ALIKE * other
