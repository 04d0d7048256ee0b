"""The package as a user has it: installed in a new profile, used in the QGIS window, uninstalled again."""

import json
import subprocess
from pathlib import Path

import pytest
from conftest import SENSORS, sample
from test_real_qgis import unpack, virtual_screen

from qgis_plugin.engine.client import engine_python

MOST_START_S = 0.3  # of processor time, as QGIS measures it; a quiet machine needs a sixth of it
SETTINGS = """[PythonPlugins]
ofanet=true
processing=true
[app]
askToSaveMemoryLayers=false
projections\\promptWhenMultipleTransformsExist=false
[qgis]
showTips=false
"""


@pytest.fixture
def start(environment, tmp_path):
    """Starts QGIS with the package installed for a stage of in_package.py; returns what that wrote down."""
    profile = tmp_path / "profiles" / "profiles" / "default"
    (profile / "QGIS").mkdir(parents=True)
    (profile / "python").mkdir()
    (profile / "QGIS" / "QGIS3.ini").write_text(SETTINGS)
    unpack(profile / "python" / "plugins")
    answer = tmp_path / "answer.json"
    del environment["QGIS_PLUGINPATH"]  # the plugin in the repository is not the one that is tested here
    scenes = Path(sample("naip")).parent
    for sensor in SENSORS:
        sample(sensor)
    environment |= {
        "OFANET_PYTHON": str(engine_python()),
        "OFANET_TEST_SCENES": str(scenes),
        "OFANET_TEST_PROJECT": str(tmp_path / "project.qgz"),
        "OFANET_TEST_ANSWER": str(answer),
    }
    script = str(Path(__file__).with_name("in_package.py"))
    options = ["--noversioncheck", "--nologo", "--profiles-path", str(tmp_path / "profiles"), "--code", script]

    def run(stage: str) -> dict:
        answer.unlink(missing_ok=True)
        environ = {**environment, "DISPLAY": display, "OFANET_TEST_STAGE": stage}
        done = subprocess.run(["qgis", *options], env=environ, timeout=150, capture_output=True, text=True, check=False)
        assert answer.exists(), done.stderr[-2000:]
        found = json.loads(answer.read_text())
        assert "error" not in found, found["error"]
        assert done.returncode == 0, done.stderr[-2000:]
        return found

    with virtual_screen() as display:
        yield run


def test_five_sensors_a_saved_project_and_uninstalling(start):
    made = start("classify")
    assert sorted(made["verdicts"]) == sorted(SENSORS)
    assert len(made["results"]) == len(SENSORS)
    for sensor in SENSORS:
        found = next(found for name, found in made["results"].items() if name.startswith(f"{sensor}_classes"))
        assert found["valid"] and found["shown"] and sensor in found["group"]
        assert len(found["legend"]) > 1 and all(label and not label.isdigit() for _, label, _ in found["legend"])
    assert not Path(f"/proc/{made['engine']}").exists(), "the engine outlived QGIS"

    opened = start("uninstall")
    assert opened["results"] == made["results"]
    assert opened["start_s"] < MOST_START_S
    assert opened["engine"] and not Path(f"/proc/{opened['engine']}").exists()
    assert {what: things for what, things in opened["left"].items() if things} == {}
