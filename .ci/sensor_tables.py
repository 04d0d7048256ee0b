"""Writes the tables of docs/sensors.md from the data in ofa_engine/core/sensors. Run it after the data has changed.

.venv/bin/python .ci/sensor_tables.py
"""

import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "sensors.md"
sys.path.insert(0, str(ROOT))

from ofa_engine.core.sensors.entries import BandRule, Product, Sensor  # noqa: E402
from ofa_engine.core.sensors.table import load_table  # noqa: E402

_BLOCK = re.compile(r"(<!-- (\w+): made by \.ci/sensor_tables\.py -->\n).*?(<!-- end -->)", re.DOTALL)
_MOST_NAMES = 13
TABLE = load_table()


def sensors() -> str:
    head = ("sensor", "bands, in the embedder's order", "pixel size", "unit inside", "units of rasters")
    rows = []
    for sensor in TABLE.sensors.values():
        low, high = sensor.gsd_m
        units = ", ".join(f"`{unit}`" for unit in sensor.units)
        rows.append((f"`{sensor.id}`", _bands(sensor), f"{low:g} to {high:g} m", f"`{sensor.unit}`", units))
    return _table(head, rows)


def products() -> str:
    rows = [(f"`{p.id}`", p.title, f"`{p.sensor}`", _recognised_by(p)) for p in TABLE.products.values()]
    return _table(("product", "what it is", "read as", "recognised by"), rows)


def units() -> str:
    rows = []
    for unit in TABLE.units.values():
        offset = f"{unit.offset:+g}" if unit.offset else ""
        affine = f"{unit.function}{offset}" if unit.function else f"value x {unit.scale:.6g}{offset}"
        rows.append((f"`{unit.id}`", unit.title, unit.quantity, affine))
    return _table(("unit", "meaning", "quantity", "conversion to it"), rows)


def _bands(sensor: Sensor) -> str:
    lengths = [band.wavelength_um for band in sensor.bands if band.wavelength_um]
    if len(sensor.bands) <= _MOST_NAMES:
        return ", ".join(sensor.band_names)
    return f"{len(sensor.bands)}, {min(lengths):.2f} to {max(lengths):.2f} um, {len(sensor.never)} of them never used"


def _recognised_by(product: Product) -> str:
    tolerance = TABLE.sensors[product.sensor].tolerance_um
    rules = [f"{_rule(rule, tolerance)}{_if_named(rule)} ({rule.confidence})" for rule in product.rules]
    counts = f"of {' or '.join(map(str, product.counts))} bands: " if product.counts else ""
    return counts + "; ".join(rules)


def _if_named(rule: BandRule) -> str:
    if rule.file:
        return " in a file with the product's name"
    return " that begin with the product's name" if rule.named else ""


def _rule(rule: BandRule, tolerance_um: float) -> str:
    if rule.by == "order":
        names = [name if name != "-" else "one that is not used" for name in rule.bands]
        return f"{len(names)} bands: {', '.join(names) if len(names) <= _MOST_NAMES else rule.how}"
    if rule.by == "wavelengths":
        which = f"at least {rule.least} bands" if rule.least else "all bands"
        return f"wavelengths of {which} within {tolerance_um * 1000:g} nm"
    if rule.known:
        return f"names of at least {rule.known} bands"
    if rule.rest:
        return f"names of all bands but one, which is taken as {rule.rest}"
    text = f"names of at least {rule.least} bands" if rule.least else "names of all bands that are read"
    text += f", and of {' and '.join(rule.also)}" if rule.also else ""
    return text + (f", {' or '.join(rule.one_of)} among them" if rule.one_of else "")


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def page(text: str) -> str:
    """The page with its tables as the data have them now."""
    made = {"sensors": sensors, "products": products, "units": units}
    return _BLOCK.sub(lambda match: match[1] + made[match[2]]() + match[3], text)


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
