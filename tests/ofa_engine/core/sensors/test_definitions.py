import json
from dataclasses import replace

import pytest

from ofa_engine.core.sensors import SENSORS, Band, defined_sensor, definition

S2 = SENSORS["sentinel-2"]


@pytest.mark.parametrize("sensor", SENSORS.values(), ids=list(SENSORS))
def test_a_definition_comes_back_as_it_was(sensor):
    entry = json.loads(json.dumps(definition(sensor)))
    assert defined_sensor(sensor.id, entry) == sensor
    named = replace(sensor, id="another")
    assert defined_sensor("another", entry) == named


@pytest.mark.parametrize("sensor", SENSORS.values(), ids=list(SENSORS))
def test_a_header_without_wavelengths_means_the_tables_sensor(sensor):
    """In whatever order it lists the bands."""
    entry = {"bands": list(sensor.band_names), "unit": sensor.unit, "mean": list(sensor.mean), "std": list(sensor.std)}
    assert defined_sensor(sensor.id, entry | {"tile_px": 64}) == sensor
    for name in ("bands", "mean", "std"):
        entry[name] = entry[name][::-1]
    assert defined_sensor(sensor.id, entry) == sensor
    assert defined_sensor("another", entry) is None


def test_other_bands_of_a_known_sensor():
    """What is not said of it is the table's, but nothing that belongs to the table's bands."""
    entry = {"bands": ["B1", "B4"], "wavelengths_um": [0.443, 0.665], "unit": "dn", "mean": [500, 600], "std": [1, 2]}
    found = defined_sensor("sentinel-2", entry)
    assert found.bands == (Band("B1", 0.443), Band("B4", 0.665)) and found.usable_bands == (0, 1)
    assert (found.unit, found.mean, found.std) == ("dn", (500, 600), (1, 2))
    assert (found.title, found.gsd_m, found.tolerance_um) == (S2.title, S2.gsd_m, S2.tolerance_um)
    assert set(found.units) == set(S2.units) and found.bands_example == ""
    assert defined_sensor("enmap", entry).never == frozenset()


def test_a_sensor_of_a_new_id_needs_bands_unit_and_statistics_only():
    entry = {
        "bands": ["a", "b"],
        "wavelengths_um": [0.5, 0.6],
        "unit": "reflectance",
        "mean": [0.1, 0.2],
        "std": [1, 2],
    }
    found = defined_sensor("martian", entry)
    assert found.title == "martian" and "dn" in found.units and "db" not in found.units
    assert found.gsd_m[0] < 1 and found.tolerance_um > 0


@pytest.mark.parametrize(
    "change, message",
    [
        ({"color": "blue"}, "unknown field 'color' of sentinel-2"),
        ({"unit": "parsec"}, "unknown unit 'parsec'"),
        ({"mean": [0.1]}, "statistics of sentinel-2"),
        ({"std": [0.0, 1.0]}, "statistics of sentinel-2"),
        ({"wavelengths_um": [0.5]}, "zip"),
        ({"bands": ["a", "a"]}, "two bands of one name"),
    ],
)
def test_entries_that_are_wrong(change, message):
    entry = {
        "bands": ["a", "b"],
        "wavelengths_um": [0.5, 0.6],
        "unit": "reflectance",
        "mean": [0.1, 0.2],
        "std": [1, 2],
    }
    with pytest.raises(ValueError, match=message):
        defined_sensor("sentinel-2", entry | change)
