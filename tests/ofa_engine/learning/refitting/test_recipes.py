"""Which default heads rasters can be used for."""

import pytest

from ofa_engine.core.sensors import SENSORS, Detection, get_sensor
from ofa_engine.learning.refitting.recipes import default_heads, recipes_for


def found(sensor, units, missing=()):
    names = get_sensor(sensor).band_names
    bands = tuple(None if name in missing else number for number, name in enumerate(names, 1))
    return Detection(sensor, "", bands=bands, units=units, sensor_bands=names)


def recipes(detection, gsd_m, averaging=True, sensors=tuple(SENSORS)):
    made = recipes_for(detection, gsd_m, {"units": detection.units}, sensors, averaging)
    return {recipe.head.name: recipe for recipe in made}


def test_sentinel_2_serves_its_heads_and_those_for_pictures():
    made = recipes(found("sentinel-2", "dn"), 10.0)
    factors = {name: recipe.factor for name, recipe in made.items()}
    assert factors == {
        "sentinel-2_landcover": 1,
        "sentinel-2_landcover_20m": 3,
        "sentinel-2_landcover_no_red_edge": 2,
        "naip_landcover_10m": 1,
        "gaofen_landcover_10m": 1,
    }
    assert made["sentinel-2_landcover_no_red_edge"].without == {"B5", "B6", "B7"}
    assert made["sentinel-2_landcover"].reading == {"units": "dn"}, "as it was recognised"
    assert made["gaofen_landcover_10m"].reading == {"sensor": "gaofen", "bands": "1,2,3,7", "units": "dn"}


def test_pixels_stay_inside_the_range_of_the_head():
    for gsd_m in (0.2, 1.0, 10.0, 30.0):
        for sensor, units in (("sentinel-2", "dn"), ("gaofen", "8-bit"), ("sentinel-1", "db")):
            for averaging in (True, False):
                for recipe in recipes(found(sensor, units), gsd_m, averaging).values():
                    low, high = recipe.head.gsd_m
                    assert low <= gsd_m * recipe.factor <= high and (averaging or recipe.factor == 1)


def test_missing_bands_leave_out_the_heads_that_need_them():
    made = recipes(found("sentinel-2", "dn", ("B5", "B6", "B7")), 30.0)
    assert set(made) == {"sentinel-2_landcover_no_red_edge"}
    made = recipes(found("sentinel-2", "dn", ("B7", "B8")), 10.0)
    assert set(made) == {"naip_landcover_10m"}, "pictures need no near infrared"


@pytest.mark.parametrize("sensor, units, gsd_m", [("sentinel-1", "db", 10.0), ("enmap", "reflectance", 30.0)])
def test_of_two_heads_that_are_read_alike_there_is_one(sensor, units, gsd_m):
    made = recipes(found(sensor, units, _never(sensor)), gsd_m)
    mine = [recipe.head.name for recipe in made.values() if recipe.sensor == sensor]
    assert mine == [f"{sensor}_landcover"] and len(default_heads(sensor)) > 1


def _never(sensor):
    bands = get_sensor(sensor)
    return [bands.band_names[number - 1] for number in bands.never]


def test_only_sensors_that_are_wanted():
    assert set(recipes(found("sentinel-2", "dn"), 10.0, sensors=["naip"])) == {"naip_landcover_10m"}
