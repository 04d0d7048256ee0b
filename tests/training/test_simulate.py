"""The simulator: determinism, shapes and ranges, physics that must hold, and the committed sample scenes."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from ofa_engine.core.sensors import SENSORS, SensorError, detect, get_sensor
from training import simulate as sim

SENSORS = list(SENSORS)
SAMPLES = Path(__file__).resolve().parents[2] / "resources" / "samples"


@cache
def scenes(sensor_id: str) -> tuple[np.ndarray, np.ndarray]:
    """Bands (C, N) and labels (N,) of six scenes of 64 px."""
    pairs = [sim.simulate(sensor_id, 64, seed) for seed in range(6)]
    bands = np.concatenate([b.reshape(len(b), -1) for b, _ in pairs], 1)
    return bands, np.concatenate([labels.ravel() for _, labels in pairs])


def class_mean(sensor_id: str, band: str, land_cover: int) -> float:
    bands, labels = scenes(sensor_id)
    return float(bands[get_sensor(sensor_id).band_names.index(band)][labels == land_cover].mean())


@pytest.mark.parametrize("sensor_id", SENSORS)
def test_same_arguments_same_scene(sensor_id):
    first, again, other = (sim.simulate(sensor_id, 40, seed) for seed in (3, 3, 4))
    assert np.array_equal(first[0], again[0]) and np.array_equal(first[1], again[1])
    assert not np.array_equal(first[0], other[0])


@pytest.mark.parametrize("size_px, gsd_m", [(8, None), (33, None), (24, 0.2), (24, 60.0)])
@pytest.mark.parametrize("sensor_id", SENSORS)
def test_shapes_types_and_ranges(sensor_id, size_px, gsd_m):
    sensor = get_sensor(sensor_id)
    bands, labels = sim.simulate(sensor_id, size_px, 1, gsd_m)
    assert bands.shape == (len(sensor.bands), size_px, size_px) and bands.dtype == np.float32
    assert labels.shape == (size_px, size_px) and labels.dtype == np.uint8
    low, high = {"db": (-45, 30), "reflectance": (1e-5, 1), "8-bit": (0, 255)}[sensor.unit]
    assert np.isfinite(bands).all() and bands.min() >= low and bands.max() <= high
    assert set(np.unique(labels)) <= {c.value for c in sim.CLASSES}


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

    assert ndvi(sim.FOREST) > ndvi(sim.GRASS) > ndvi(sim.SOIL) > ndvi(sim.WATER)
    assert ndvi(sim.CROP) > ndvi(sim.BUILT)


def test_radar_separates_classes():
    assert class_mean("sentinel-1", "VV", sim.WATER) < class_mean("sentinel-1", "VV", sim.SOIL) - 3
    for name in ("VV", "VH"):
        assert class_mean("sentinel-1", name, sim.SOIL) < class_mean("sentinel-1", name, sim.FOREST) - 2
    assert class_mean("sentinel-1", "VV", sim.BUILT) > class_mean("sentinel-1", "VV", sim.CROP)


def test_speckle_is_that_of_about_five_looks():
    rng = np.random.default_rng(0)
    power = sim._blur(rng.standard_exponential((1, 400, 400), np.float32), 0.2)
    assert 4 < power.mean() ** 2 / power.var() < 6.5
    assert power.mean() == pytest.approx(1, abs=0.02)


def test_spectra_obey_their_absorptions():
    um = np.arange(0.4, 2.5, 0.01)
    for season, moisture, mud in ((0, 0, 0), (0.5, 0.5, 0.5), (1, 1, 1)):
        table = dict(zip(sim.MATERIALS, sim.spectra(um, season, moisture, mud), strict=True))
        assert all(0 < s.min() and s.max() < 0.7 for s in table.values())

        def at(name: str, where: float, table: dict[str, np.ndarray] = table) -> float:
            return float(np.interp(where, um, table[name]))

        for leaf in ("broadleaf", "conifer", "grass", "crop"):
            assert at(leaf, 0.67) < at(leaf, 0.55) < at(leaf, 0.8)  # chlorophyll, green peak, red edge
            assert at(leaf, 1.45) < at(leaf, 1.65) and at(leaf, 1.94) < at(leaf, 2.2)  # liquid water
            assert at(leaf, 0.97) < at(leaf, 0.9)
        for soil in ("dark soil", "light soil"):
            assert at(soil, 0.45) < at(soil, 0.65) < at(soil, 1.6)
            assert at(soil, 2.2) < min(at(soil, 2.12), at(soil, 2.28))  # clay
        assert at("water", 1.0) < at("water", 0.5)


def test_class_colours_and_values():
    assert [c.value for c in sim.CLASSES] == [1, 2, 3, 4, 5, 6]
    assert len({c.color for c in sim.CLASSES}) == 6 and all(len(bytes.fromhex(c.color[1:])) == 3 for c in sim.CLASSES)


def test_refusals():
    with pytest.raises(SensorError, match="landsat"):
        sim.simulate("landsat", 64, 0)
    for size_px, seed, gsd_m in ((4, 0, None), (64, -1, None), (64, 0, 0.0)):
        with pytest.raises(ValueError, match="expected"):
            sim.simulate("naip", size_px, seed, gsd_m)


def test_command_line_writes_scene_and_labels(tmp_path):
    rasterio = pytest.importorskip("rasterio")
    scene, labels = tmp_path / "scene.tif", tmp_path / "labels.tif"
    assert sim.main(["--sensor", "naip", "--size", "72", "--seed", "5", "-o", str(scene), "--labels", str(labels)]) == 0
    bands, truth = sim.simulate("naip", 72, 5)
    with rasterio.open(scene) as a, rasterio.open(labels) as b:
        assert np.array_equal(a.read(), np.round(bands)) and np.array_equal(b.read(1), truth)
        assert a.transform == b.transform and a.crs == b.crs and b.nodata == 0
        assert b.colormap(1)[sim.WATER][:3] == tuple(bytes.fromhex(sim.CLASSES[0].color[1:]))
    with pytest.raises(SystemExit):
        sim.main(["--sensor", "naip"])


def test_files_are_reproducible(tmp_path):
    pytest.importorskip("rasterio")
    for name in ("a.tif", "b.tif"):
        sim.write("sentinel-2", 32, 1, tmp_path / name)
    assert (tmp_path / "a.tif").read_bytes() == (tmp_path / "b.tif").read_bytes()


@pytest.mark.parametrize("sensor_id", SENSORS)
def test_sample_scene_is_recognised(sensor_id):
    raster = pytest.importorskip("ofa_engine.raster.source")
    with raster.Source(SAMPLES / f"{sensor_id}.tif") as source:
        found = detect(source.facts())
        assert (found.sensor, found.confidence) == (sensor_id, "certain"), found.reason
        form = {"sentinel-1": "db", "sentinel-2": "dn", "gaofen": "8-bit", "naip": "8-bit", "enmap": "dn"}
        assert found.units == form[sensor_id]
        assert source.crs is not None and (source.width, source.height) == (sim.SAMPLES[sensor_id][0],) * 2
    if sensor_id == "sentinel-2":
        assert found.bands == (4, 3, 2, 5, 6, 7, 8, 11, 12)
    json.dumps(found.to_json())


@pytest.mark.parametrize("sensor_id", ["sentinel-1", "gaofen", "enmap"])
def test_sample_scene_is_what_the_simulator_makes(sensor_id):
    rasterio = pytest.importorskip("rasterio")
    size_px, seed = sim.SAMPLES[sensor_id]
    bands, _ = sim.simulate(sensor_id, size_px, seed)
    with rasterio.open(SAMPLES / f"{sensor_id}.tif") as file:
        stored = file.read().astype(np.float32) * (1e-4 if sensor_id == "enmap" else 1)
    near = abs(stored - bands) <= {"sentinel-1": 1 / 32, "gaofen": 1, "enmap": 2e-4}[sensor_id]
    near[129:135] |= sensor_id == "enmap"  # nodata in the file
    assert near.mean() > 0.99  # not all: other processors round differently


def test_samples_are_small():
    assert sum(p.stat().st_size for p in SAMPLES.glob("*.tif")) < 6_000_000
