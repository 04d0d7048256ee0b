"""A sensor's definition in the header of a checkpoint: bands in the embedder's order, wavelengths, unit, statistics.

Headers of before named the bands only, and meant the table's sensor of that id. Standard library only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from .entries import Sensor
from .table import TABLE, Table, build_sensor

_MORE = ("tile_px",)  # of a header's entry, and of no sensor
_OWN = ("bands", "never", "bands_example")  # do not hold for other bands than the table's
_FOR_OTHERS = {"gsd_m": (0.01, 10000), "tolerance_um": 0.015}  # where neither header nor table say


def definition(sensor: Sensor) -> dict[str, Any]:
    """All of a sensor but its id, for JSON."""
    entry = {field.name: getattr(sensor, field.name) for field in fields(sensor) if field.name != "id"}
    entry = {key: list(value) if isinstance(value, tuple) else value for key, value in entry.items()}
    return entry | {
        "bands": list(sensor.band_names),
        "wavelengths_um": [band.wavelength_um for band in sensor.bands],
        "never": [sensor.band_names[number - 1] for number in sorted(sensor.never)],
    }


def defined_sensor(sensor_id: str, entry: Mapping[str, Any], table: Table = TABLE) -> Sensor | None:
    """The sensor that an entry of a checkpoint's header defines.

    What the entry does not say is the table's sensor of that id. An entry without wavelengths means that sensor, with
    the entry's unit and statistics; these come in the table's order of bands.

    Args:
        sensor_id: key of the entry.
        entry: as `definition` gives it, or parts of it.
        table: the sensors and units there are.

    Returns:
        The sensor; None where the entry has no wavelengths and the table has no such sensor.

    Raises:
        ValueError, KeyError, TypeError: the entry is not complete, or has a field that is not known.
    """
    known = table.sensors.get(sensor_id)
    entry = {key: value for key, value in entry.items() if key not in _MORE}
    if unknown := entry.keys() - {*(field.name for field in fields(Sensor)), "wavelengths_um"}:
        raise ValueError(f"the unknown field {min(unknown)!r} of {sensor_id}")
    if "wavelengths_um" not in entry:
        return _as_in_table(known, entry) if known else None
    base = {key: value for key, value in definition(known).items() if key not in _OWN} if known else _FOR_OTHERS
    whole = {"title": sensor_id, "short": sensor_id, **base, **entry}
    if whole["unit"] not in table.units:
        raise ValueError(f"the unknown unit {whole['unit']!r} of {sensor_id}")
    quantity = table.units[whole["unit"]].quantity
    units = whole.get("units", [key for key, unit in table.units.items() if unit.quantity == quantity])
    whole["units"] = list(dict.fromkeys([*(unit for unit in units if unit in table.units), whole["unit"]]))
    whole["values"] = whole.get("values", "") if whole.get("values") in table.unit_rules else ""
    whole["bands"] = {"names": whole["bands"], "wavelengths_um": whole.pop("wavelengths_um")}
    return build_sensor(sensor_id, whole, table.units)


def order_in_file(names: Sequence[str], sensor: Sensor) -> list[int] | None:
    """Per band of the sensor its place in a file that lists the same bands in another order; None where the order is
    the sensor's: the tables put EnMAP's bands by wavelength since, and older files detector by detector."""
    if list(names) == [*sensor.band_names] or sorted(names) != sorted(sensor.band_names):
        return None
    return [names.index(name) for name in sensor.band_names]


def _as_in_table(known: Sensor, entry: Mapping[str, Any]) -> Sensor:
    if not len(entry["bands"]) == len(entry["mean"]) == len(entry["std"]) == len(known.bands):
        raise ValueError(f"statistics of {known.id}")
    order = order_in_file(entry["bands"], known) or range(len(known.bands))
    mean, std = (tuple(entry[name][i] for i in order) for name in ("mean", "std"))
    return replace(known, mean=mean, std=std, unit=entry.get("unit", known.unit))
