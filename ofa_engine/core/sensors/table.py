"""Sensors, products and units as data: what stands in the JSON files of this folder, read once.

`sensors.json` says which bands a sensor's embedder has, `statistics.json` what their values are like, `products.json`
how the rasters look that are read through it, `units.json` in which units values come, `words.json` what bands are
called. Folders named in $OFANET_SENSORS add to each of them. docs/sensors.md explains the fields. Standard library
only.
"""

import json
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from ..errors import SensorError
from .entries import Band, BandRule, Claim, DoubtRule, Product, ProductBand, Sensor, Unit, UnitRules, ValueRule
from .words import Vocabulary

FOLDER = Path(__file__).parent
VARIABLE = "OFANET_SENSORS"  # folders with further sensors and products, separated as in PATH
_SECTIONS = ("units", "recognised_by", "words", "sensors", "sources", "mean", "std", "products", "hints")
_RANGE = re.compile(r"(.*?)(\d+)\.\.(\d+)")
Entry = TypeVar("Entry")


@dataclass(frozen=True)
class Table:
    sensors: dict[str, Sensor]
    products: dict[str, Product]  # a raster is of the first one that fits
    units: dict[str, Unit]
    unit_rules: dict[str, UnitRules]  # by quantity, and those that sensors and products name
    words: Vocabulary  # in band descriptions
    hints: dict[str, str]  # by the number of bands of a raster that was refused; "": any other number
    problem: str = ""  # why a folder of the user's could not be read

    def sensor(self, sensor_id: str) -> Sensor:
        """The sensor of that id. Raises SensorError naming the ids there are."""
        try:
            return self.sensors[sensor_id]
        except KeyError:
            raise SensorError(f"expected a sensor out of {', '.join(self.sensors)}, found {sensor_id!r}") from None

    def unit_title(self, unit_id: str | None) -> str:
        """In words, also of a "scale,offset" that the user has set."""
        if not unit_id:
            return "unit unknown"
        return self.units[unit_id].title if unit_id in self.units else f"scale and offset {unit_id}"


def load_table(folders: Sequence[str | Path] = (FOLDER,)) -> Table:
    """The table that the JSON files of these folders make up together.

    An entry replaces one of the same id in a folder before; products are tried before those of the folders before.
    Raises SensorError, naming what is wrong and where.
    """
    data: dict[str, dict] = {section: {} for section in _SECTIONS}
    for folder in map(Path, folders):
        files = sorted(folder.glob("*.json"))
        if not files:
            raise SensorError(
                f"expected a folder with JSON files of sensors and products in {VARIABLE}, found {folder}"
            )
        for path in files:
            _merge(data, path)
    units = _entries(data["units"], lambda key, entry: Unit(key, **entry))
    rules = _entries(data["recognised_by"], lambda key, entry: _unit_rules(entry, data["recognised_by"]))
    sensors = _entries(data["sensors"], lambda key, entry: build_sensor(key, entry | _statistics(key, data), units))
    products = _entries(data["products"], lambda key, entry: _product(key, entry, data["products"], sensors))
    words = Vocabulary(data["words"].get("bands", {}), data["words"].get("others", ()))
    return Table(sensors, products, units, rules, words, data["hints"])


def _merge(data: dict[str, dict], path: Path) -> None:
    try:
        for section, entries in json.loads(path.read_text(encoding="utf-8")).items():
            if section == "products":
                data[section] = entries | {key: entry for key, entry in data[section].items() if key not in entries}
            else:
                data[section] = data[section] | entries
    except (OSError, ValueError, TypeError, AttributeError, KeyError) as error:
        raise SensorError(f"expected JSON with {', '.join(_SECTIONS)} in {path}, found {error}") from error


def _entries(data: Mapping[str, dict], build: Callable[[str, dict], Entry]) -> dict[str, Entry]:
    built = {}
    for key, entry in data.items():
        try:
            built[key] = build(key, entry)
        except (KeyError, TypeError, ValueError, AttributeError, re.error) as error:
            raise SensorError(f"expected a complete entry for {key}, found one that is wrong: {error}") from error
    return built


def _unit_rules(entry: dict, all_entries: Mapping[str, dict]) -> UnitRules:
    """Rules that are like others come before those."""
    values = tuple(ValueRule(**{**rule, "types": tuple(rule.get("types", ()))}) for rule in entry["values"])
    if "like" not in entry:
        return UnitRules(entry["data_types"], values, entry["otherwise"])
    like = _unit_rules(all_entries[entry["like"]], all_entries)
    return UnitRules(like.data_types, values + like.values, like.otherwise)


def _statistics(key: str, data: dict[str, dict]) -> dict:
    return {name: data[name][key] for name in ("mean", "std")}


def build_sensor(key: str, entry: Mapping[str, Any], units: Mapping[str, Unit]) -> Sensor:
    """The sensor of an entry with its statistics. Raises KeyError, TypeError or ValueError where it is wrong."""
    bands = _sensor_bands(entry["bands"])
    numbers = {band.name: number for number, band in enumerate(bands, 1)}
    if len(numbers) < len(bands):
        raise ValueError("two bands of one name")
    more = {
        "bands": bands,
        **{name: tuple(entry[name]) for name in ("gsd_m", "units", "mean", "std")},
        "never": frozenset(numbers[name] for name in expand(entry.get("never", ()))),
    }
    for unit in more["units"]:
        if units[unit].quantity != units[entry["unit"]].quantity:
            raise ValueError(f"{unit} is another quantity than {entry['unit']}")
    return Sensor(key, **{**entry, **more})


def _sensor_bands(entry: list | dict) -> tuple[Band, ...]:
    if isinstance(entry, dict):  # names in short, with their wavelengths
        names = [entry["names"]] if isinstance(entry["names"], str) else entry["names"]
        return tuple(Band(*pair) for pair in zip(expand(names), entry["wavelengths_um"], strict=True))
    return tuple(Band(**band) for band in entry)


def _product(key: str, entry: dict, all_entries: Mapping[str, dict], sensors: Mapping[str, Sensor]) -> Product:
    while "like" in entry:
        entry = {**all_entries[entry["like"]], **{name: entry[name] for name in entry if name != "like"}}
    sensor = sensors[entry["sensor"]]
    claims = entry.get("claims")
    return Product(
        id=key,
        title=entry["title"],
        sensor=sensor.id,
        bands=_product_bands(entry.get("bands", sensor.band_names), sensor),
        rules=tuple(_band_rule(rule) for rule in entry["recognised_by"]),
        doubts=tuple(_doubt_rule(rule) for rule in entry.get("doubts", ())),
        counts=tuple(entry.get("counts", ())),
        claims=Claim(claims["wavelengths"], tuple(claims["range_um"])) if claims else None,
        mapped=entry.get("mapped", False),
        values=entry.get("values", ""),
    )


def _product_bands(entry: Iterable[str | dict], sensor: Sensor) -> tuple[ProductBand, ...]:
    found = {band.name: band for band in sensor.bands}
    bands = []
    for band in entry:
        about = {} if isinstance(band, str) else band
        for name in expand([band]) if isinstance(band, str) else [band["name"]]:
            reads = about.get("reads", name if name in found else "")
            um = about.get("wavelength_um", found[reads].wavelength_um if reads else None)
            aliases = tuple(about.get("aliases", [re.escape(name.lower())]))
            bands.append(ProductBand(name, reads, um, aliases, about.get("color", "")))
    return tuple(bands)


def _doubt_rule(entry: dict) -> DoubtRule:
    return DoubtRule(**{**entry, "candidates": tuple(entry.get("candidates", ()))})


def _band_rule(entry: dict) -> BandRule:
    lists = {
        name: tuple(expand(entry[name])) for name in ("also", "without", "one_of", "bands", "types") if name in entry
    }
    return BandRule(**{**entry, **lists})


def expand(names: Iterable[str]) -> list[str]:
    """Band names with ranges written out: "B1..3" is B1, B2, B3."""
    found = []
    for name in names:
        match = _RANGE.fullmatch(name)
        found += [f"{match[1]}{i}" for i in range(int(match[2]), int(match[3]) + 1)] if match else [name]
    return found


def _from_environment() -> Table:
    """The table with the user's folders; without them, and the problem said, where they cannot be used: `detect` raises
    it, since nobody would see an error of an import."""
    folders = [folder for folder in os.environ.get(VARIABLE, "").split(os.pathsep) if folder]
    try:
        return load_table([FOLDER, *folders])
    except SensorError as error:
        return replace(load_table(), problem=str(error))


TABLE = _from_environment()
SENSORS, PRODUCTS = TABLE.sensors, TABLE.products
UNITS = {unit.id: unit.title for unit in TABLE.units.values()}
get_sensor = TABLE.sensor
