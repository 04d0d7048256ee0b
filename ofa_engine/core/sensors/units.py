"""Units of pixel values: how a raster's are recognised, and the way to the sensor's canonical one."""

import math
import operator
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..errors import SensorError
from ..messages import option
from .band_order import of_types
from .entries import Product, Sensor, Unit, UnitRules, ValueRule
from .facts import RasterFacts
from .table import TABLE, Table

_COMPARE = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_LOW, _HIGH = 0.01, 0.98  # quantiles of a band's sample
_REDDEST_UM = 0.7  # of visible bands
_IN_STEPS = 0.99  # the share of values; exports interpolate a few at edges
_LEAST_STEPS, _CHECKED = 20, 400  # values per band that are checked for steps; fewer multiples show none


@dataclass(frozen=True)
class Conversion:
    """From a raster's values to a sensor's canonical unit: a function, scale and offset, the inverse of a function, and
    a highest value. Functions are of FUNCTIONS; "" is none."""

    function: str = ""
    scale: float = 1.0
    offset: float = 0.0
    inverse: str = ""
    most: float = math.inf

    @property
    def affine(self) -> tuple[float, float] | None:
        """(scale, offset); None where these are not all."""
        return None if self.function or self.inverse else (self.scale, self.offset)


def conversion(sensor: Sensor, units: str, table: Table = TABLE) -> Conversion:
    """The way from `units` to the sensor's canonical unit.

    Args:
        units: a unit's id, or "scale,offset" of numbers to the quantity itself (reflectance 0..1, decibel).

    Raises SensorError where the sensor does not come in that unit.
    """
    target = table.units[sensor.unit]
    source = scale_and_offset(units, target.quantity)
    if source is None:
        if units not in sensor.units:
            raise SensorError(
                f"expected units {', '.join(sensor.units)} or SCALE,OFFSET for {sensor.id}, found {units!r}: "
                f"set {option('units')}"
            )
        if units == sensor.unit:
            return Conversion()
        source = table.units[units]
    scale, offset = source.scale / target.scale, (source.offset - target.offset) / target.scale
    return Conversion(source.function, scale, offset, target.function, target.most)


def affine_to_canonical(sensor: Sensor, units: str, table: Table = TABLE) -> tuple[float, float] | None:
    """(scale, offset) of a conversion; None for one that is not affine, as of linear power to decibel. Raises
    SensorError where the sensor does not come in that unit."""
    return conversion(sensor, units, table).affine


def scale_and_offset(text: str, quantity: str = "") -> Unit | None:
    """The unit "scale,offset" of numbers; None where the text is none, or the scale is not above 0."""
    try:
        scale, offset = map(float, text.split(","))
    except ValueError:
        return None
    usable = math.isfinite(scale) and math.isfinite(offset) and scale > 0
    return Unit(text, text, quantity, scale, offset) if usable else None


def stored_scale(units: str, table: Table = TABLE) -> tuple[float, float] | None:
    """(scale, offset) from stored values in a unit of reflectance to reflectance; None for other units."""
    unit = scale_and_offset(units, "reflectance") or table.units[units]
    return (unit.scale, unit.offset) if unit.quantity == "reflectance" and not unit.function else None


@dataclass(frozen=True)
class _Values:
    """Of the sampled bands that are read: see `ValueRule`."""

    low: float
    dark: float
    visible: float
    bright: float
    high: float


def infer_units(
    sensor: Sensor,
    facts: RasterFacts,
    bands: Sequence[int | None],
    table: Table = TABLE,
    product: Product | None = None,
) -> tuple[str | None, str, str]:
    """(units, why, confidence at most), from the data type and the sample of the bands in use; units are None where
    these do not show them."""
    rules = _rules(sensor, product, table)
    if not facts.samples:
        types = facts.types(bands)
        by_type = rules.data_types.get(types.pop()) if len(types) == 1 else None
        if by_type in sensor.units:
            return str(by_type), f"{by_type} data", "certain"
        return sensor.unit, f"no valid values in the sample, {table.unit_title(sensor.unit)} assumed", "certain"
    used = {number: facts.sample(band) for number, band in enumerate(bands) if band and facts.sample(band)}
    if not used:
        return None, "no valid values were found", "ambiguous"
    values = _values(sensor, used)
    for rule in rules.values:
        known = not rule.unit or rule.unit in sensor.units
        if known and _is_of(rule, facts, bands) and _fits(rule, values, [*used.values()]):
            return rule.unit or None, rule.why.format(**vars(values)), rule.then
    return None, rules.otherwise.format(**vars(values)), "ambiguous"


def _rules(sensor: Sensor, product: Product | None, table: Table) -> UnitRules:
    named = product.values if product and product.values else sensor.values
    return table.unit_rules[named or table.units[sensor.unit].quantity]


def _values(sensor: Sensor, used: Mapping[int, Sequence[float]]) -> _Values:
    lows = {number: _quantile(sample, _LOW) for number, sample in used.items()}
    medians = [_quantile(sample, 0.5) for sample in used.values()]
    visible = [low for number, low in lows.items() if (sensor.bands[number].wavelength_um or 0) < _REDDEST_UM]
    return _Values(
        low=min(lows.values()),
        dark=min(medians),
        visible=max(visible or lows.values()),
        bright=max(medians),
        high=max(_quantile(sample, _HIGH) for sample in used.values()),
    )


def _is_of(rule: ValueRule, facts: RasterFacts, bands: Sequence[int | None]) -> bool:
    """Whether types and names of the bands are those of the rule."""
    if rule.named and not all(re.search(rule.named, facts.description(band).lower()) for band in bands if band):
        return False
    return of_types(rule.types, facts, bands)


def _fits(rule: ValueRule, values: _Values, samples: Sequence[Sequence[float]]) -> bool:
    if max(map(len, samples)) < rule.least_px:
        return False
    limits = ((name, getattr(rule, name)) for name in vars(values))
    if not all(_within(getattr(values, name), limit) for name, limit in limits):
        return False
    return not rule.steps or all(_in_steps(sample, rule.steps) for sample in samples)


def _within(value: float, limits: Mapping[str, float]) -> bool:
    return all(_COMPARE[sign](value, limit) for sign, limit in limits.items())


def _in_steps(sample: Sequence[float], step: float) -> bool:
    """Whether nearly all numbers are multiples of the step, exact, rounded or cut off, and too many for chance."""
    checked = sample[:: max(1, len(sample) // _CHECKED)]
    ways = (lambda n: n * step, lambda n: round(n * step), lambda n: math.floor(n * step))
    for way in ways:
        fitting = sum(min(abs(v - way(n)) for n in (int(v // step), int(v // step) + 1)) < 0.01 for v in checked)
        if fitting >= _IN_STEPS * len(checked):
            return len({round(value / step) for value in checked}) >= _LEAST_STEPS
    return False


def _quantile(values: Sequence[float], q: float) -> float:
    return values[min(int(q * len(values)), len(values) - 1)]
