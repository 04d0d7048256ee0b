"""What is known of public weights, as data: licence and origin of each family, and the sensors that its embedders read.

`families.json` holds, per family, `title`, `licence`, `licence_url`, `attribution`, `address`, `citation`, and
`sensors`: those of the sensor table (`like`) with other bands, unit or statistics. `generator_um` and `bandwidths_nm`
are what a generator of embedders was given in pretraining, where that is not the bands' wavelengths.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path

from ...core.sensors import Sensor, get_sensor
from ...core.sensors.entries import Band

_NOT_OF_SENSORS = ("id", "like", "bands", "never", "generator_um", "bandwidths_nm")


@dataclass(frozen=True)
class Reading:
    """A sensor as a family's embedder reads it."""

    sensor: Sensor
    generator_um: tuple[float, ...]  # per band that is used; empty where a band has no wavelength
    bandwidths_nm: tuple[float, ...] = ()


@dataclass(frozen=True)
class Family:
    """Weights of one origin."""

    id: str
    title: str
    licence: str  # "" where the file does not show it
    licence_url: str
    attribution: str
    address: str
    citation: str
    readings: Mapping[str, Reading]  # by the sensor's id


@cache
def families() -> dict[str, Family]:
    """All of them, by id."""
    entries = json.loads((Path(__file__).parent / "families.json").read_text(encoding="utf-8"))
    found = {}
    for entry in entries:
        readings = {key: reading_of({"id": key} | sensor) for key, sensor in entry.pop("sensors").items()}
        found[entry["id"]] = Family(**entry, readings=readings)
    return found


def reading_of(entry: Mapping) -> Reading:
    """A sensor from its entry: that of the table with other values.

    Raises:
        KeyError, TypeError, ValueError: where something is missing or wrong.
        SensorError: where it is like no sensor of the table.
    """
    base = get_sensor(entry.get("like", "sentinel-2"))
    known = {field.name for field in fields(Sensor)} | set(_NOT_OF_SENSORS)
    unknown = [name for name in entry if name not in known]
    if unknown:
        raise ValueError(f"a sensor has no {unknown[0]!r}")
    bands = tuple(Band(**band) for band in entry["bands"]) if "bands" in entry else base.bands
    never = base.never if "bands" not in entry else frozenset()
    more = {name: value for name, value in entry.items() if name not in _NOT_OF_SENSORS}
    for name in ("units", "gsd_m"):
        if name in more:
            more[name] = tuple(more[name])
    for name, unused in (("mean", 0.0), ("std", 1.0)):
        more[name] = _for_all_bands(more.get(name, getattr(base, name)), len(bands), never, unused)
    sensor = replace(base, **{**more, "id": entry.get("id", base.id), "bands": bands, "never": never})
    used = [bands[i].wavelength_um for i in sensor.usable_bands]
    known_um = [um for um in used if um]
    generator_um = entry.get("generator_um") or (known_um if len(known_um) == len(used) else [])
    return Reading(sensor, tuple(generator_um), tuple(entry.get("bandwidths_nm", ())))


def _for_all_bands(values: list[float], bands: int, never: frozenset[int], unused: float) -> tuple[float, ...]:
    """Statistics of the bands in use, with fillers for those that always count as missing."""
    if len(values) == bands:
        return tuple(values)
    given = iter(values)
    return tuple(unused if i in never else next(given, float("nan")) for i in range(1, bands + 1))
