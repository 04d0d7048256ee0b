"""A sensor that a folder of JSON adds is recognised by the panel, and its rasters are classified in a real QGIS."""

import os
import subprocess

import pytest
from conftest import ROOT
from qgis.core import QgsRasterLayer
from test_real_qgis import classified_in_the_window

from qgis_plugin.engine.child import clean_environment
from qgis_plugin.engine.client import engine_python
from qgis_plugin.engine.modules import ENGINE_ENTRY

ADDED = ROOT / "tests" / "added_sensor"
FIT = ["--labels", "labels.tif", "--checkpoint", "tiny.safetensors", "--tile-px", "64"]


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A folder with a checkpoint of the added sensor, a head that was fitted on it, and its scene."""
    folder = tmp_path_factory.mktemp("models")
    environ = {**clean_environment(), "OFANET_SENSORS": str(ADDED), "OFANET_MODELS": str(folder)}
    for command in (
        [str(ADDED / "make_scene.py"), str(folder)],
        [str(ENGINE_ENTRY), "fit", "scene.tif", *FIT, "-o", "chessboard.safetensors"],
    ):
        command = [str(engine_python()), *command]
        done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    return folder


def test_the_panel_recognises_and_classifies_it(environment, models, tmp_path):
    environment |= {"OFANET_SENSORS": str(ADDED), "OFANET_MODELS": str(models)}
    found = classified_in_the_window(environment, tmp_path, str(models / "scene.tif"))
    assert found["verdict"].count("Kestrel surface reflectance") == 1 and "certain" in found["verdict"]
    scene = QgsRasterLayer(str(models / "scene.tif"))
    assert found["shown"] and (found["width"], found["height"]) == (scene.width(), scene.height())
    assert len(found["labels"]) == 2


def test_processing_takes_it(qgis_process, models, tmp_path):
    where = {"OFANET_SENSORS": str(ADDED), "OFANET_MODELS": str(models)}
    assert qgis_process("plugins", "enable", "qgis_plugin", **where).returncode == 0
    out = tmp_path / "classes.tif"
    words = [
        f"INPUT={models / 'scene.tif'}",
        "SENSOR=kestrel",
        f"OUTPUT={out}",
        f"HEAD={models / 'chessboard.safetensors'}",
    ]
    done = qgis_process("run", "ofanet:segment", "--", *words, **where)
    assert done.returncode == 0, done.stdout + done.stderr
    assert QgsRasterLayer(str(out)).isValid() and os.path.getsize(out)
