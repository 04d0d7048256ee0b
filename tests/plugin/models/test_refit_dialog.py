"""Heads for a checkpoint without any: the question, the time, the run, and what lists and cards show then."""

import subprocess
from pathlib import Path

import pytest
from conftest import ROOT, sample
from qgis.core import QgsProject, QgsRasterLayer
from qgis.PyQt.QtCore import QCoreApplication, QEvent, Qt

from qgis_plugin.engine.client import engine_python
from qgis_plugin.engine.modules import catalog
from qgis_plugin.models import model_files, model_manager, refit_dialog
from qgis_plugin.models.head_words import fitted_on, score_line, short_score
from qgis_plugin.models.model_card import page
from qgis_plugin.models.model_files import ModelEntry
from qgis_plugin.runs.panel_run import RunState
from qgis_plugin.widgets.head_choice import HeadChoice

LEFT = Qt.MouseButton.LeftButton
LONG_MS = 300_000  # the engine may have to start, on a busy machine
MAKE = """
import torch
from ofa_engine.model.checkpoint import save_checkpoint
from ofa_engine.model.ofanet import Architecture, OFANet
torch.manual_seed(5)
model = OFANet(Architecture(width=48, depth=1, heads=2, patch_px=8, input_px=32), ["sentinel-2"])
save_checkpoint({path!r}, model, "New backbone", {{}})
"""


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """The user's own folder, with a checkpoint that no head was fitted for."""
    own = tmp_path / "profile" / "models"
    own.mkdir(parents=True)
    for module in (model_files, model_manager, refit_dialog):
        monkeypatch.setattr(module, "models_dir", lambda: own)
    monkeypatch.setenv("OFANET_MODELS", str(own))
    code = MAKE.format(path=str(own / "new.safetensors"))
    subprocess.run([str(engine_python()), "-c", code], cwd=ROOT, check=True)
    return own


@pytest.fixture
def layer():
    layer = QgsRasterLayer(sample("sentinel-2"), "A scene")
    QgsProject.instance().addMapLayer(layer)
    yield layer
    QgsProject.instance().clear()


@pytest.fixture
def manager(plugin, window, folder, layer):
    next(action for action in window.menu.actions() if action.objectName() == "ofanetModels").trigger()
    manager = plugin.setup_menu.manager
    manager.refresh(folder / "new.safetensors")
    yield manager
    if plugin.setup_menu.manager is not None:
        plugin.setup_menu.manager.close()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def asked(manager, qtbot):
    """The dialog, once it knows how long it takes."""
    qtbot.mouseClick(manager.refit, LEFT)
    dialog = manager.refit_dialog
    qtbot.waitUntil(lambda: dialog.fit.isEnabled(), timeout=LONG_MS)
    return dialog


def test_heads_for_a_new_checkpoint_are_fitted_and_offered(manager, plugin, folder, qtbot):
    assert "Fit land-cover heads for it" in manager.page.toPlainText() and manager.refit.isVisible()
    dialog = asked(manager, qtbot)
    assert dialog.layers.count() == 1 and "errors" in dialog.caution.text()
    assert "about" in dialog.fit.text() and "Sentinel-2: land cover" in dialog.status.text()
    assert [path.name for path in folder.iterdir()] == ["new.safetensors"], "measuring writes nothing"
    qtbot.mouseClick(dialog.fit, LEFT)
    run = plugin.queue.runs[0]
    qtbot.waitUntil(lambda: run.state not in (RunState.WAITING, RunState.RUNNING), timeout=LONG_MS)
    assert run.done, run.message
    name = "Sentinel-2: land cover (New backbone)"
    assert name in manager.page.toPlainText(), "the checkpoint's card lists its heads"
    choice = HeadChoice()
    choice.set_sensor("sentinel-2", 10.0)
    assert choice.current().header["name"] == name and "Agrees with its teacher" in choice.score.text()
    choice.deleteLater()


def test_cancel_leaves_no_head(manager, plugin, folder, qtbot):
    dialog = asked(manager, qtbot)
    qtbot.mouseClick(dialog.fit, LEFT)
    run = plugin.queue.runs[0]
    run.cancel()
    qtbot.waitUntil(lambda: run.state is RunState.CANCELLED, timeout=LONG_MS)
    assert [path.name for path in folder.iterdir()] == ["new.safetensors"]


def test_a_folder_without_anything_is_refused_in_the_engines_words(manager, folder, qtbot, tmp_path):
    (tmp_path / "empty").mkdir()
    qtbot.mouseClick(manager.refit, LEFT)
    dialog = manager.refit_dialog
    dialog.labelled.setChecked(True)
    assert not dialog.fit.isEnabled() and dialog.params()["from_"] == []
    dialog.folder.setFilePath(str(tmp_path / "empty"))
    qtbot.waitUntil(lambda: "found none" in dialog.status.text(), timeout=LONG_MS)
    assert not dialog.fit.isEnabled() and '"What heads learn from"' in dialog.status.text()


def test_heads_alone_have_no_such_offer(manager):
    manager.refresh(catalog.resources_dir() / "models" / "naip_landcover.safetensors")
    assert not manager.refit.isVisible()


def test_an_agreement_is_never_called_an_accuracy(folder):
    taught = {"teacher": "T <b>", "rasters": ["a", "b"], "agreement": {"miou": 0.9, "accuracy": 0.97, "iou": [0.9]}}
    assert short_score(taught) == "copies another"
    assert "97%" in score_line(taught, "segment") and "not compared with labels" in score_line(taught, "segment")
    assert "T <b>" in fitted_on(taught) and "errors" in fitted_on(taught)
    header = catalog.read_header(catalog.resources_dir() / "models" / "naip_landcover.safetensors")
    header |= {"training": taught, "classes": header["classes"][:1]}
    shown = page(ModelEntry(folder / "new.safetensors", model_files.OWN, header))
    assert "Agreement with its teacher" in shown and "has not seen" not in shown and "T <b>" not in shown
