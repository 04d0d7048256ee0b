"""Simulated scenes: determinism, shapes and ranges, and physics that must hold."""

from functools import cache

import numpy as np
import pytest

from ofa_engine.core.sensors import SENSORS, SensorError, get_sensor
from training.simulation import land_cover
from training.simulation.scene import blur, simulate, simulate_together

SENSORS = list(SENSORS)


@cache
def scenes(sensor_id: str) -> tuple[np.ndarray, np.ndarray]:
    """Bands (C, N) and labels (N,) of six scenes of 64 px."""
    pairs = [simulate(sensor_id, 64, seed) for seed in range(6)]
    bands = np.concatenate([b.reshape(len(b), -1) for b, _ in pairs], 1)
    return bands, np.concatenate([labels.ravel() for _, labels in pairs])


def class_mean(sensor_id: str, band: str, land_cover: int) -> float:
    bands, labels = scenes(sensor_id)
    return float(bands[get_sensor(sensor_id).band_names.index(band)][labels == land_cover].mean())


@pytest.mark.parametrize("sensor_id", SENSORS)
def test_same_arguments_same_scene(sensor_id):
    first, again, other = (simulate(sensor_id, 40, seed) for seed in (3, 3, 4))
    assert np.array_equal(first[0], again[0]) and np.array_equal(first[1], again[1])
    assert not np.array_equal(first[0], other[0])


@pytest.mark.parametrize("size_px, gsd_m", [(8, None), (33, None), (24, 0.2), (24, 60.0)])
@pytest.mark.parametrize("sensor_id", SENSORS)
def test_shapes_types_and_ranges(sensor_id, size_px, gsd_m):
    sensor = get_sensor(sensor_id)
    bands, labels = simulate(sensor_id, size_px, 1, gsd_m)
    assert bands.shape == (len(sensor.bands), size_px, size_px) and bands.dtype == np.float32
    assert labels.shape == (size_px, size_px) and labels.dtype == np.uint8
    low, high = {"db": (-45, 30), "reflectance": (1e-5, 1), "8-bit": (0, 255)}[sensor.unit]
    assert np.isfinite(bands).all() and bands.min() >= low and bands.max() <= high
    assert set(np.unique(labels)) <= {c.value for c in land_cover.CLASSES}


@pytest.mark.parametrize("sensor_id", SENSORS)
def test_every_class_occurs(sensor_id):
    _, labels = scenes(sensor_id)
    shares = np.bincount(labels, minlength=7)[1:] / labels.size
    assert shares.shape == (6,) and shares.min() > 0.005, shares


@pytest.mark.parametrize("sensor_id", SENSORS)
def test_band_statistics_are_near_the_table(sensor_id):
    sensor = get_sensor(sensor_id)
    bands, _ = scenes(sensor_id)
    used = [i for i in range(len(sensor.bands)) if i + 1 not in sensor.never]
    mean, std = bands[used].mean(1), bands[used].std(1)
    table_mean, table_std = np.array(sensor.mean)[used], np.array(sensor.std)[used]
    assert np.all(abs(mean - table_mean) < table_std)
    assert np.all(std < 2 * table_std) and np.all(std > table_std / 3)


@pytest.mark.parametrize(
    "sensor_id, red, nir", [("sentinel-2", "B4", "B8"), ("gaofen", "R", "NIR"), ("enmap", "band 47", "band 73")]
)
def test_vegetation_index_separates_classes(sensor_id, red, nir):
    def ndvi(land_cover: int) -> float:
        r, n = class_mean(sensor_id, red, land_cover), class_mean(sensor_id, nir, land_cover)
        return (n - r) / (n + r)

    assert ndvi(land_cover.FOREST) > ndvi(land_cover.GRASS) > ndvi(land_cover.SOIL) > ndvi(land_cover.WATER)
    assert ndvi(land_cover.CROP) > ndvi(land_cover.BUILT)


def test_radar_separates_classes():
    assert class_mean("sentinel-1", "VV", land_cover.WATER) < class_mean("sentinel-1", "VV", land_cover.SOIL) - 3
    for name in ("VV", "VH"):
        assert class_mean("sentinel-1", name, land_cover.SOIL) < class_mean("sentinel-1", name, land_cover.FOREST) - 2
    assert class_mean("sentinel-1", "VV", land_cover.BUILT) > class_mean("sentinel-1", "VV", land_cover.CROP)


def test_speckle_is_that_of_about_five_looks():
    rng = np.random.default_rng(0)
    power = blur(rng.standard_exponential((1, 400, 400), np.float32), 0.2)
    assert 4 < power.mean() ** 2 / power.var() < 6.5
    assert power.mean() == pytest.approx(1, abs=0.02)


def test_refusals():
    with pytest.raises(SensorError, match="landsat"):
        simulate("landsat", 64, 0)
    for size_px, seed, gsd_m in ((4, 0, None), (64, -1, None), (64, 0, 0.0)):
        with pytest.raises(ValueError, match="expected"):
            simulate("naip", size_px, seed, gsd_m)


def test_sensors_see_one_landscape_together():
    """What one sensor measures explains what the others do, but not a scene of its own."""
    scene = simulate_together(["sentinel-2", "gaofen", "naip"], 48, 6, 10.0)
    assert {key: bands.shape[0] for key, bands in scene.items()} == {"sentinel-2": 9, "gaofen": 4, "naip": 3}
    again = simulate_together(["sentinel-2", "gaofen"], 48, 6, 10.0)
    assert np.array_equal(scene["sentinel-2"], again["sentinel-2"])
    nine = np.vstack([scene["sentinel-2"].reshape(9, -1), np.ones(48 * 48)]).T

    def explained(band):
        rest = band.ravel() - nine @ np.linalg.lstsq(nine, band.ravel())[0]
        return 1 - rest.var() / band.var()

    assert explained(scene["gaofen"][3]) > 0.8 and explained(scene["naip"][1]) > 0.8
    assert explained(simulate("gaofen", 48, 6, 10.0)[0][3]) < 0.4
