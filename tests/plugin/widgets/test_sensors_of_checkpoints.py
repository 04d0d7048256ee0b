"""Rasters and heads of checkpoints that define their sensors: other bands than the table's, sensors of new ids."""

import json
import struct
from dataclasses import replace

import pytest
from osgeo import gdal
from rasters import make

from qgis_plugin.algorithms import parameters
from qgis_plugin.algorithms.segment import Segment
from qgis_plugin.engine.modules import catalog, sensors
from qgis_plugin.models.model_card import sensor_name
from qgis_plugin.widgets.raster_input import RasterInput

S2 = sensors.get_sensor("sentinel-2")
NAMES = ["B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B9", "B11", "B12"]
MORE = {"B1": 0.443, "B8A": 0.865, "B9": 0.945}
KNOWN = {band.name: band for band in S2.bands} | {name: sensors.Band(name, um) for name, um in MORE.items()}
BANDS = tuple(KNOWN[name] for name in NAMES)
TWELVE = replace(S2, bands=BANDS, mean=(0.2,) * 12, std=(0.1,) * 12, bands_example="")
MARS = sensors.defined_sensor(
    "martian",
    {
        "title": "Mars",
        "bands": ["dust", "ice"],
        "wavelengths_um": [0.5, 3.0],
        "unit": "dn",
        "mean": [1000, 1000],
        "std": [500, 500],
    },
)


def write_model(folder, name, header):
    whole = {"format": catalog.FORMAT_VERSION, "name": name, "training": {}} | header
    words = json.dumps({"__metadata__": {"ofanet": json.dumps(whole)}}).encode()
    path = folder / f"{name}.safetensors"
    path.write_bytes(struct.pack("<Q", len(words)) + words)
    return path


@pytest.fixture
def heads(tmp_path, monkeypatch):
    """Heads of a checkpoint that has Sentinel-2 with twelve bands, and a sensor of its own; of headers only."""
    folder = tmp_path / "models"
    folder.mkdir()
    monkeypatch.setenv("OFANET_MODELS", str(folder))
    defined = {"sentinel-2": TWELVE, "martian": MARS}
    write_model(
        folder,
        "own",
        {
            "file": "checkpoint",
            "architecture": {},
            "sensors": {key: sensors.definition(one) for key, one in defined.items()},
            "fingerprints": {key: f"print of {key}" for key in defined},
        },
    )
    for key, one in defined.items():
        about = {"task": "segment", "bands": list(one.band_names), "classes": [], "tile_px": 64}
        header = {"file": "head", "sensor": key, "backbone": f"print of {key}", **about}
        write_model(folder, f"head_{key}", header)
    return {head.header["sensor"]: head for head in catalog.list_heads() if not head.included}


@pytest.fixture
def source(layer, qtbot):
    def on(path) -> RasterInput:
        found = RasterInput(None)
        qtbot.addWidget(found)
        found.raster.setLayer(layer(path))
        return found

    return on


def plain(random, number, shape):
    return random.integers(200, 4000, shape)


def raster(path, names):
    return make(path, len(names), values=plain, descriptions=names, dtype=gdal.GDT_UInt16, pixel=10.0)


def test_a_raster_is_read_for_the_chosen_head(source, heads, tmp_path):
    starter = next(head for head in catalog.list_heads("sentinel-2") if head.included)
    found, changes = source(raster(tmp_path / "s2.tif", tuple(NAMES))), []
    found.read_for(starter)
    found.changed.connect(lambda: changes.append(found.detection and found.detection.bands))
    assert found.detection.sensor_bands == S2.band_names
    found.read_for(heads["sentinel-2"])
    assert changes == [tuple(range(1, 13))] and "without" not in found.verdict.text()
    table = found.reading.order.table
    assert len([box for box in table.boxes if not box.isHidden()]) == 12
    found.read_for(heads["sentinel-2"])
    found.read_for(heads["martian"])  # is no head for this raster: the checkpoint taken by default reads it
    assert len(changes) == 1
    found.read_for(starter)
    assert changes[1:] == [(4, 3, 2, 5, 6, 7, 8, 11, 12)]


def test_a_sensor_that_only_a_checkpoint_has_is_recognised_and_can_be_chosen(source, heads, tmp_path):
    found = source(raster(tmp_path / "mars.tif", ("ice", "dust")))
    assert "Mars (certain)" in found.verdict.text() and found.detection.bands == (2, 1)
    assert found.reading_parameters() == {"SENSOR": "auto", "BANDS": "", "UNITS": "auto"}
    nameless = source(raster(tmp_path / "two.tif", ("", "")))
    assert nameless.detection.sensor != "martian"
    nameless.choose_sensor("martian")
    assert nameless.detection.sensor == "martian" and nameless.detection.bands == (1, 2)
    assert nameless.reading_parameters()["SENSOR"] == "martian"


def test_processing_and_the_model_card_know_it(heads):
    algorithm = Segment().create()
    values = algorithm.parameterDefinition("SENSOR").options()
    assert values == [parameters.AUTO, *sensors.SENSORS, "martian"]
    assert sensor_name("martian") == "Mars" and sensor_name("sentinel-2") == "Sentinel-2"
