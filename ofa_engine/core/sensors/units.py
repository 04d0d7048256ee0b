"""Units of pixel values: how a raster's are recognised, and the way to the sensor's canonical one."""

import operator
from collections.abc import Mapping, Sequence

from ..errors import SensorError
from ..messages import option
from .entries import Sensor, ValueRule
from .facts import RasterFacts
from .table import TABLE, Table

_COMPARE = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_LOW, _HIGH = 0.01, 0.98  # quantiles of a band's sample


def affine_to_canonical(sensor: Sensor, units: str, table: Table = TABLE) -> tuple[float, float] | None:
    """(scale, offset) from `units` to the sensor's canonical unit; None for the one that is not affine (linear power,
    whose decibels are wanted).

    Raises SensorError where the sensor does not come in that unit.
    """
    if units not in sensor.units:
        raise SensorError(
            f"expected units {', '.join(sensor.units)} for {sensor.id}, found {units!r}: set {option('units')}"
        )
    if units == sensor.unit:
        return 1.0, 0.0
    source, target = table.units[units], table.units[sensor.unit]
    if source.function:
        return None
    return source.scale / target.scale, (source.offset - target.offset) / target.scale


def infer_units(
    sensor: Sensor, facts: RasterFacts, bands: Sequence[int | None], table: Table = TABLE
) -> tuple[str | None, str]:
    """(units, why), from the data type and the sample of the bands in use; (None, why) where they do not show it."""
    rules = table.unit_rules[table.units[sensor.unit].quantity]
    by_type = rules.data_types.get(facts.dtype)
    if by_type:
        return (by_type if by_type in sensor.units else None), f"{by_type} data"
    used = [values for values in (facts.sample(band) for band in bands if band is not None) if values]
    if not used:
        return sensor.unit, f"no valid values in the sample, {table.unit_title(sensor.unit)} assumed"
    low = min(_quantile(values, _LOW) for values in used)
    high = max(_quantile(values, _HIGH) for values in used)
    for rule in rules.values:
        if rule.unit in sensor.units and _fits(rule, sensor, facts, low, high):
            return rule.unit, rule.why.format(low=low, high=high)
    return None, rules.otherwise.format(low=low, high=high)


def _fits(rule: ValueRule, sensor: Sensor, facts: RasterFacts, low: float, high: float) -> bool:
    if rule.float and not facts.dtype.startswith("float") or rule.canonical and rule.unit != sensor.unit:
        return False
    return _within(low, rule.low) and _within(high, rule.high)


def _within(value: float, limits: Mapping[str, float]) -> bool:
    return all(_COMPARE[sign](value, limit) for sign, limit in limits.items())


def _quantile(values: Sequence[float], q: float) -> float:
    return values[min(int(q * len(values)), len(values) - 1)]
