"""Sensors that a checkpoint defines: which rasters are read through them, and with which bands."""

from dataclasses import replace

import pytest

from ofa_engine.core.sensors import (
    PRODUCTS,
    SENSORS,
    TABLE,
    RasterFacts,
    defined_sensor,
    detect,
    reads_alike,
    table_for,
    table_with,
)

S2_13 = ["B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B9", "B10", "B11", "B12"]
S2_UM = [0.443, 0.49, 0.56, 0.665, 0.705, 0.74, 0.783, 0.842, 0.865, 0.945, 1.375, 1.61, 2.19]
LANDSAT_UM = [0.443, 0.482, 0.562, 0.655, 0.865, 1.61, 2.2]


def sensor(sensor_id, names, lengths, unit="reflectance"):
    count = len(names)
    entry = {"bands": names, "wavelengths_um": lengths, "unit": unit, "mean": [0.1] * count, "std": [0.1] * count}
    return defined_sensor(sensor_id, entry)


ALL_S2 = sensor("sentinel-2", S2_13, S2_UM)
LANDSAT = sensor("landsat-oli", [f"SR_B{i}" for i in range(1, 8)], LANDSAT_UM)
MARS = sensor("martian", ["dust", "ice", "rock"], [0.51, 0.93, 3.1])


def facts(names=(), count=None, lengths=(), dtype="uint16", high=4000.0):
    count = count or len(names) or len(lengths)
    samples = (tuple(80 + (high - 80) * i / 4999 for i in range(5000)),) * count
    return RasterFacts(dtype, ("undefined",) * count, tuple(names), tuple(lengths), samples=samples)


def test_statistics_alone_leave_the_table_as_it_is():
    others = [replace(found, mean=found.std, note="measured elsewhere") for found in SENSORS.values()]
    assert table_for(others) is TABLE and table_with(others) is TABLE
    assert all(reads_alike(*pair) for pair in zip(others, SENSORS.values(), strict=True))


@pytest.mark.parametrize("names", [S2_13, [f"B{i:02}" if i != 9 else "B8A" for i in range(1, 14)]])
def test_thirteen_bands_of_sentinel_2(names):
    if names is not S2_13:  # as in files' names: B01..B08, B8A, B09..B12
        names = [name.replace("B", "B0") if len(name) == 2 else name for name in S2_13]
    table = table_for([ALL_S2])
    found = detect(facts(names), table=table)
    assert (found.sensor, found.product, found.confidence) == ("sentinel-2", "sentinel-2-l1c", "certain"), found.reason
    assert found.bands == tuple(range(1, 14)) and found.sensor_bands == tuple(S2_13)
    shuffled = names[::-1]
    assert detect(facts(shuffled), table=table).bands == tuple(range(13, 0, -1))
    assert detect(facts(names)).bands == (4, 3, 2, 5, 6, 7, 8, 12, 13), "the table itself is as before"


def test_fewer_bands_than_the_checkpoints_sensor_has():
    """A raster that the table's sensor reads is not refused by one of more bands."""
    table = table_for([ALL_S2])
    level_2 = [name for name in S2_13 if name != "B10"]
    found = detect(facts(level_2), table=table)
    assert (found.product, found.confidence) == ("sentinel-2-l2a", "certain")
    assert found.bands == (*range(1, 11), None, 11, 12)
    nine = SENSORS["sentinel-2"].band_names
    found = detect(facts(nine), table=table)
    wanted = tuple(nine.index(name) + 1 if name in nine else None for name in S2_13)
    assert (found.confidence, found.bands) == ("certain", wanted)
    assert found.band_names == tuple(name for name in S2_13 if name in nine)


def test_landsat_through_the_checkpoints_landsat_or_sentinel_2():
    names, lengths = [f"SR_B{i}" for i in range(1, 8)], LANDSAT_UM
    mapped = detect(facts(names))
    assert (mapped.sensor, mapped.mapped) == ("sentinel-2", True)
    own = detect(facts(names[::-1], lengths=lengths[::-1]), table=table_for([SENSORS["sentinel-2"], LANDSAT]))
    assert (own.sensor, own.product, own.mapped) == ("landsat-oli", "landsat-8-9-l2", False), own.reason
    assert own.bands == (7, 6, 5, 4, 3, 2, 1)
    wider = detect(facts(names), table=table_for([ALL_S2]))
    assert (wider.sensor, wider.mapped) == ("sentinel-2", True)
    assert dict(zip(S2_13, wider.bands, strict=True)) == dict.fromkeys(S2_13) | {
        "B1": 1, "B2": 2, "B3": 3, "B4": 4, "B8A": 5, "B11": 6, "B12": 7,
    }  # fmt: skip


def test_an_installed_checkpoint_changes_nothing_that_is_recognised_without_it():
    names = [f"SR_B{i}" for i in range(1, 8)]
    table = table_with([LANDSAT, MARS, ALL_S2])
    assert detect(facts(names), table=table) == detect(facts(names))
    assert table.sensors["sentinel-2"] == SENSORS["sentinel-2"], "other definitions need their checkpoint"
    forced = detect(facts(names), "landsat-oli", table=table)
    assert (forced.sensor, forced.bands, forced.confidence) == ("landsat-oli", (1, 2, 3, 4, 5, 6, 7), "certain")
    for product in PRODUCTS.values():
        shown = [band.name for band in product.bands][:64]
        found, before = detect(facts(shown), table=table), detect(facts(shown))
        if before.sensor:
            assert replace(found, candidates=before.candidates) == before, product.id
        else:
            assert found.sensor is None  # with more sensors in the list of those that are expected


@pytest.mark.parametrize("chosen", [table_for, table_with])
def test_a_sensor_of_a_new_id_by_names_wavelengths_and_order(chosen):
    table = chosen([MARS])
    named = detect(facts(["ice", "rock", "dust"]), table=table)
    assert (named.sensor, named.product, named.confidence) == ("martian", "martian", "certain"), named.reason
    assert named.bands == (3, 1, 2)
    measured = detect(facts(lengths=[3.1, 0.51, 0.93], high=9000.0), table=table)
    assert (measured.sensor, measured.bands) == ("martian", (2, 3, 1))
    assert detect(facts(["ice", "rock", "dust"]), table=TABLE).confidence != "certain"
    assumed = detect(facts(count=3), "martian", table=table)
    assert (assumed.bands, assumed.confidence) == ((1, 2, 3), "likely")


def test_another_unit_of_a_known_sensor():
    s1 = SENSORS["sentinel-1"]
    amplitudes = sensor("sentinel-1", ["VV", "VH"], [None, None], "8-bit-amplitude")
    samples = (tuple(-30 + 33 * i / 4999 for i in range(5000)),) * 2
    raster = RasterFacts("float32", ("undefined",) * 2, ("VV", "VH"), samples=samples)
    found = detect(raster, table=table_for([amplitudes]))
    assert (found.sensor, found.units, found.confidence) == ("sentinel-1", "db", "certain")
    assert found == detect(raster) and set(amplitudes.units) == {*s1.units, "8-bit-amplitude"}


def test_spectrometers_by_wavelengths():
    lengths = [0.4 + 0.01 * i for i in range(180)]
    prisma = sensor("prisma", [f"b{i}" for i in range(180)], lengths)
    raster = facts(lengths=[um + 0.001 for um in lengths])
    found = detect(raster, table=table_for([prisma]))
    assert found.sensor == "prisma" and found.bands == tuple(range(1, 181)), found.reason
    assert detect(raster).sensor == "enmap"


def test_another_sensors_raster_is_not_read_with_the_few_bands_that_fit():
    """Where a checkpoint has only a sensor of a new id, Sentinel-2 stays what it is."""
    assert MARS.bands[0].wavelength_um < 0.52  # as Sentinel-2's blue
    two = sensor("martian", ["dust", "ice"], [0.5, 3.0])
    for own in (MARS, two):
        assert detect(facts(S2_13), table=table_for([own])) == detect(facts(S2_13))
