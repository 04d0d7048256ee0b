"""The whole way of a foundation model, with the real engine and a server of this machine: download, checksum, import,
the model's card, and features of a scene; and files that are refused."""

import hashlib
import json
import pickle
import subprocess
from pathlib import Path

import pytest
from conftest import ROOT, sample
from osgeo import gdal
from qgis.PyQt.QtCore import QCoreApplication, QEvent, Qt
from qgis.PyQt.QtWidgets import QFileDialog

from qgis_plugin.engine.client import ENGINE, engine_python
from qgis_plugin.engine.modules import catalog
from qgis_plugin.models import foundation_files, model_files, model_manager
from tests.ofa_engine.model.downloads.bad_server import BadServer

LEFT = Qt.MouseButton.LeftButton
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
    for module in (model_files, model_manager, foundation_files):
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

    def serve(content: bytes, name: str = "DOFA_ViT_base_e100.pth"):
        servers.append(BadServer(content))
        own = {"address": f"{servers[0].root}/{name}", "size_bytes": len(content)}
        entry = REAL | own | {"checksum": f"sha256:{hashlib.sha256(content).hexdigest()}"}
        path = tmp_path / "catalogue.json"
        path.write_text(json.dumps({"format": 1, "models": [entry]}), encoding="utf-8")
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
        "a page": (b"<html>not found</html>", "DOFA_ViT_base_e100.pth"),
    }
    for name, (content, file_name) in cases.items():
        offered(content, file_name)
        said = get(manager, qtbot)
        assert said.startswith("expected") and "\n" not in said, (name, said)
        assert not trace.exists() and not list(folder.iterdir()), name
        manager.foundation_dialog.close()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
