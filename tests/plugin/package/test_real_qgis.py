"""End to end in the programs that users start: the QGIS window (under Xvfb) and qgis_process."""

import contextlib
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

from conftest import ROOT, sample
from qgis.core import QgsRasterLayer

from qgis_plugin.engine.client import engine_python

sys.path.insert(0, str(ROOT / ".ci"))
import package


@contextlib.contextmanager
def virtual_screen():
    """The name of a display on which windows can be opened."""
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "1400x900x24", "-nolisten", "tcp"]
    screen = subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    try:
        with os.fdopen(read) as pipe:
            yield f":{pipe.readline().strip()}"
    finally:
        screen.terminate()
        screen.wait()


def unpack(plugins: Path):
    """Installs the package, as it is built from what git has, in a folder of plugins."""
    zipped = plugins.with_suffix(".zip")
    package.build(zipped, package.contents())
    with zipfile.ZipFile(zipped) as opened:
        opened.extractall(plugins)


def classified_in_the_window(environment, tmp_path, scene: str) -> dict:
    """What in_qgis.py writes down after it opened the scene in a QGIS window and pressed Run."""
    answer, settings = tmp_path / "answer.json", tmp_path / "profiles" / "profiles" / "default" / "QGIS"
    settings.mkdir(parents=True)
    (settings / "QGIS3.ini").write_text("[PythonPlugins]\nqgis_plugin=true\nprocessing=true\n[qgis]\nshowTips=false\n")
    environment |= {"OFANET_TEST_ANSWER": str(answer), "OFANET_TEST_SCENE": scene}
    script = str(Path(__file__).with_name("in_qgis.py"))
    options = ["--noversioncheck", "--nologo", "--profiles-path", str(tmp_path / "profiles"), "--code", script]
    with virtual_screen() as display:
        done = subprocess.run(
            ["qgis", *options],
            env={**environment, "DISPLAY": display},
            timeout=150,
            capture_output=True,
            text=True,
            check=False,
        )
    assert answer.exists(), done.stderr[-2000:]
    found = json.loads(answer.read_text())
    assert "error" not in found, found["error"]
    return found


def test_toolbar_action_in_the_qgis_window(environment, tmp_path):
    told, scene = classified_in_the_window(environment, tmp_path, sample("naip")), QgsRasterLayer(sample("naip"))
    assert "RGB image" in told["verdict"] and told["name"].startswith("scene ") and told["shown"]
    assert (told["width"], told["height"]) == (scene.width(), scene.height())
    assert told["labels"] and all(label and not label.isdigit() for label in told["labels"])


def test_qgis_process_in_place(qgis_process, tmp_path):
    assert qgis_process("plugins", "enable", "qgis_plugin").returncode == 0
    out = tmp_path / "o.tif"
    done = qgis_process("run", "ofanet:segment", "--", f"INPUT={sample('gaofen')}", f"OUTPUT={out}", "TILE_SIZE=200")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["results"]["OUTPUT"] == str(out)
    assert QgsRasterLayer(str(out)).isValid()
    refused = qgis_process("run", "ofanet:segment", "--", "INPUT=/nowhere.tif", f"OUTPUT={tmp_path / 'n.tif'}")
    assert refused.returncode != 0 and "nowhere.tif" in refused.stdout + refused.stderr


def test_qgis_process_with_the_packaged_layout(qgis_process, tmp_path):
    """The folder is called ofanet there, and holds the engine and the resources."""
    plugins = tmp_path / "plugins"
    unpack(plugins)
    where = {"QGIS_PLUGINPATH": str(plugins), "OFANET_PYTHON": str(engine_python())}
    assert qgis_process("plugins", "enable", "ofanet", **where).returncode == 0
    out = tmp_path / "o.gpkg"
    done = qgis_process("run", "ofanet:classify", "--", f"INPUT={sample('naip')}", f"OUTPUT={out}", **where)
    assert done.returncode == 0, done.stdout + done.stderr
    assert out.exists()
    del where["OFANET_PYTHON"]
    missing = qgis_process(
        "run", "ofanet:classify", "--", f"INPUT={sample('naip')}", f"OUTPUT={out}", **where, OFANET_PYTHON=""
    )
    assert missing.returncode != 0 and "Set up engine" in missing.stdout + missing.stderr
