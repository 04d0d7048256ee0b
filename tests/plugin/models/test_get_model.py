"""The whole way of a foundation model, with the real engine and a server of this machine: download, checksum, import,
the model's card, features of a scene, heads, and a map with them; and files that are refused."""

import hashlib
import json
import pickle
import subprocess
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, sample
from osgeo import gdal
from qgis.core import QgsPalettedRasterRenderer, QgsProject
from qgis.PyQt.QtCore import QCoreApplication, QEvent, Qt
from qgis.PyQt.QtWidgets import QFileDialog

from qgis_plugin.engine.client import ENGINE, engine_python
from qgis_plugin.engine.modules import catalog
from qgis_plugin.models import foundation_files, model_files, model_manager, refit_dialog
from qgis_plugin.runs.panel_run import RunState
from tests.ofa_engine.model.downloads.bad_server import BadServer

LEFT = Qt.MouseButton.LeftButton
LONG_MS = 300_000  # the engine may have to start, on a busy machine
REAL = json.loads((ROOT / "resources" / "foundation_models.json").read_text(encoding="utf-8"))["models"][0]
MAKE = """
import sys, torch
sys.path.insert(0, {root!r})
from tests.ofa_engine.model.imports.layouts_at_random import dofa
torch.save(dofa(0), {path!r})
"""


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> Path:
    """A small file in DOFA's layout, with random values."""
    path = tmp_path_factory.mktemp("weights") / "DOFA_ViT_base_e100.pth"
    code = MAKE.format(root=str(ROOT), path=str(path))
    subprocess.run([str(engine_python()), "-c", code], check=True, timeout=120)
    return path


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch, settings) -> Path:
    """The user's own folder, empty."""
    own = tmp_path / "profile" / "models"
    for module in (model_files, model_manager, foundation_files, refit_dialog):
        monkeypatch.setattr(module, "models_dir", lambda: own)
    monkeypatch.setenv("OFANET_MODELS", str(own))
    settings.setValue("ofanet/machine_gflops", 50.0)
    return own


@pytest.fixture
def manager(plugin, window):
    plugin.setup_menu.show_models()
    yield plugin.setup_menu.manager
    if plugin.setup_menu.manager is not None:
        plugin.setup_menu.manager.close()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def offered(tmp_path, monkeypatch):
    """offered(content, file name) serves it as the catalogue's first entry."""
    servers = []
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)

    def serve(content: bytes, name: str = "DOFA_ViT_base_e100.pth", **changes):
        servers.append(BadServer(content))
        own = {"address": f"{servers[0].root}/{name}", "size_bytes": len(content)}
        entry = REAL | own | {"checksum": f"sha256:{hashlib.sha256(content).hexdigest()}"}
        path = tmp_path / "catalogue.json"
        path.write_text(json.dumps({"format": 1, "models": [entry | changes]}), encoding="utf-8")
        monkeypatch.setenv("OFANET_FOUNDATION_MODELS", str(path))

    yield serve
    for server in servers:
        server.close()


def get(manager, qtbot) -> str:
    """Presses Get and Download; returns what the dialog says in the end."""
    qtbot.mouseClick(manager.get, LEFT)
    dialog = manager.foundation_dialog
    qtbot.mouseClick(dialog.download, LEFT)
    qtbot.waitUntil(lambda: dialog.download.isVisibleTo(dialog), timeout=120000)
    return dialog.status.text()


def test_from_the_catalogue_to_a_map_of_features(manager, offered, weights, qtbot, folder, tmp_path):
    offered(weights.read_bytes())
    said = get(manager, qtbot)
    assert said == "DOFA, ViT-B is among your models now.", said
    dialog = manager.foundation_dialog
    assert dialog.list.currentItem().text(5) == "installed" and not dialog.download.isEnabled()
    assert [path.name for path in folder.iterdir()] == ["dofa_base.safetensors"]
    assert manager.entry().path == folder / "dofa_base.safetensors"
    shown = manager.page.toPlainText()
    for expected in ("DOFA, ViT-B", "CC-BY-4.0", REAL["attribution"], "Sentinel-2", "DOFA_ViT_base_e100.pth"):
        assert expected in shown, expected
    header = catalog.read_header(manager.entry().path)
    assert "generator" in header, "embedders for further sensors can be made"
    out = tmp_path / "features.tif"
    params = {"input": sample("sentinel-2"), "checkpoint": str(manager.entry().path), "output": str(out)}
    ENGINE.run("embed", params)
    assert gdal.Open(str(out)).RasterCount == header["architecture"]["width"]


def fit_heads(manager, plugin, qtbot):
    """Presses the button for heads, and Fit once the time is known; waits for the run."""
    qtbot.mouseClick(manager.refit, LEFT)
    dialog = manager.refit_dialog
    qtbot.waitUntil(lambda: dialog.fit.isEnabled(), timeout=LONG_MS)
    qtbot.mouseClick(dialog.fit, LEFT)
    run = plugin.queue.runs[0]
    qtbot.waitUntil(lambda: run.state not in (RunState.WAITING, RunState.RUNNING), timeout=LONG_MS)
    assert run.done, run.message


def classify(plugin, window, qtbot, title: str, output: Path):
    """Chooses that head in the panel on the active layer, and presses Run; returns the layer of the map."""
    window.mainWindow().show()
    qtbot.mouseClick(window.toolbar.widgetForAction(window.toolbar.actions()[0]), LEFT)
    panel = plugin.panels["classify"]
    names = [head.header["name"] for head in panel.head._heads]
    panel.head.head.setCurrentIndex(names.index(title))
    panel.output.setFilePath(str(output))
    qtbot.mouseClick(panel.run, LEFT)
    project = QgsProject.instance()
    qtbot.waitUntil(lambda: len(project.mapLayers()) == 2, timeout=LONG_MS)
    return next(one for one in project.mapLayers().values() if one is not window.layer)


def test_from_the_catalogue_to_a_map_of_classes(
    manager, offered, weights, plugin, window, layer, qtbot, folder, tmp_path
):
    window.layer = layer(sample("sentinel-2"), "A scene")
    offered(weights.read_bytes())
    get(manager, qtbot)
    manager.foundation_dialog.close()
    fit_heads(manager, plugin, qtbot)
    made = folder / "sentinel-2_landcover_dofa_base.safetensors"
    header = catalog.read_header(made)
    assert header["name"] == "Sentinel-2: land cover (DOFA, ViT-B)"
    assert header["name"] in manager.page.toPlainText(), "the model's card lists its heads"
    manager.refresh(made)
    card = manager.page.toPlainText()
    assert "Agreement with its teacher" in card and "dofa_base.safetensors" in card
    result = classify(plugin, window, qtbot, header["name"], tmp_path / "map.tif")
    values = gdal.Open(str(tmp_path / "map.tif")).ReadAsArray()
    shipped = tmp_path / "shipped.tif"
    ENGINE.run("segment", {"input": sample("sentinel-2"), "output": str(shipped)})
    assert np.mean(values == gdal.Open(str(shipped)).ReadAsArray()) > 0.5, "it repeats its teacher"
    assert isinstance(result.renderer(), QgsPalettedRasterRenderer)
    shown = {int(one.value): (one.label, one.color.name()) for one in result.renderer().classes()}
    known = {one["value"]: (one["name"], one["color"].lower()) for one in header["classes"]}
    assert set(np.unique(values)) - {255} <= set(shown) and shown.items() <= known.items()


def test_import_makes_a_checkpoint_of_weights_of_others(manager, weights, qtbot, monkeypatch, folder):
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: ([str(weights)], ""))
    qtbot.mouseClick(manager.import_file, LEFT)
    qtbot.waitUntil(lambda: manager._task is None, timeout=60000)
    assert "Imported DOFA_ViT_base_e100" in manager.status.text()
    assert [path.name for path in folder.iterdir()] == ["DOFA_ViT_base_e100.safetensors"]
    assert "CC-BY-4.0" in manager.page.toPlainText()


class Hostile:
    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_files_that_are_no_models_are_refused_in_one_line(manager, offered, weights, qtbot, folder, tmp_path):
    good, trace = weights.read_bytes(), tmp_path / "it ran"
    cases = {
        "hostile": (pickle.dumps({"model": Hostile(trace)}), "weights.pth"),
        "cut off": (good[: len(good) // 2], "DOFA_ViT_base_e100.pth"),
        "old layout": (good, "dofa_base_patch16_224-7cc0f413.pth"),
        "another checksum": (good, "DOFA_ViT_base_e100.pth"),
        "a page": (b"<html>not found</html>", "DOFA_ViT_base_e100.pth"),
    }
    changes = {"another checksum": {"checksum": f"sha256:{'0' * 64}"}}
    for name, (content, file_name) in cases.items():
        offered(content, file_name, **changes.get(name, {}))
        said = get(manager, qtbot)
        assert said.startswith("expected") and "\n" not in said, (name, said)
        assert not trace.exists() and not list(folder.iterdir()), name
        manager.foundation_dialog.close()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
