"""Scenes as files, and the committed sample scenes."""

import json
from pathlib import Path

import numpy as np
import pytest

from ofa_engine.core.sensors import SENSORS, detect
from training.simulation.scene import simulate
from training.simulation.scene_files import SAMPLES as SCENES
from training.simulation.scene_files import write_scene

SENSORS = list(SENSORS)
SAMPLES = Path(__file__).resolve().parents[3] / "resources" / "samples"


def test_files_are_reproducible(tmp_path):
    pytest.importorskip("rasterio")
    for name in ("a.tif", "b.tif"):
        write_scene("sentinel-2", 32, 1, tmp_path / name)
    assert (tmp_path / "a.tif").read_bytes() == (tmp_path / "b.tif").read_bytes()


@pytest.mark.parametrize("sensor_id", SENSORS)
def test_sample_scene_is_recognised(sensor_id):
    raster = pytest.importorskip("ofa_engine.raster.source")
    with raster.Source(SAMPLES / f"{sensor_id}.tif") as source:
        found = detect(source.facts())
        assert (found.sensor, found.confidence) == (sensor_id, "certain"), found.reason
        form = {"sentinel-1": "db", "sentinel-2": "dn", "gaofen": "8-bit", "naip": "8-bit", "enmap": "dn"}
        assert found.units == form[sensor_id]
        assert source.crs is not None and (source.width, source.height) == (SCENES[sensor_id][0],) * 2
    if sensor_id == "sentinel-2":
        assert found.bands == (4, 3, 2, 5, 6, 7, 8, 11, 12)
    json.dumps(found.to_json())


@pytest.mark.parametrize("sensor_id", ["sentinel-1", "gaofen", "enmap"])
def test_sample_scene_is_what_the_simulator_makes(sensor_id):
    rasterio = pytest.importorskip("rasterio")
    size_px, seed = SCENES[sensor_id]
    bands, _ = simulate(sensor_id, size_px, seed)
    with rasterio.open(SAMPLES / f"{sensor_id}.tif") as file:
        stored = file.read().astype(np.float32) * (1e-4 if sensor_id == "enmap" else 1)
    near = abs(stored - bands) <= {"sentinel-1": 1 / 32, "gaofen": 1, "enmap": 2e-4}[sensor_id]
    if sensor_id == "enmap":
        near[129:135] = True  # nodata in the file
        near[79:100] = True  # where its detectors overlap, the file is in detector order, as some importers write it
    assert near.mean() > 0.99  # not all: other processors round differently


def test_samples_are_small():
    assert sum(p.stat().st_size for p in SAMPLES.glob("*.tif")) < 6_000_000
