"""The model manager: what it lists and shows, and what happens to files when they are imported, renamed, removed."""

import json
import os
import shutil
import struct
from html import unescape
from pathlib import Path

import pytest
from conftest import ROOT, sample
from osgeo import gdal
from qgis.PyQt.QtCore import QCoreApplication, QEvent, Qt
from qgis.PyQt.QtWidgets import QFileDialog, QInputDialog, QMessageBox, QPushButton

from qgis_plugin.engine.client import ENGINE, EngineCancelled
from qgis_plugin.engine.modules import catalog, errors
from qgis_plugin.models import model_files, model_manager
from qgis_plugin.models.model_card import AMBER, page, score
from qgis_plugin.models.model_files import ModelEntry

MODELS = ROOT / "resources" / "models"
HEAD, CHECKPOINT = MODELS / "naip_landcover.safetensors", MODELS / "ofanet_starter.safetensors"
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    """The user's own folder, empty."""
    own = tmp_path / "profile" / "models"
    for module in (model_files, model_manager):
        monkeypatch.setattr(module, "models_dir", lambda: own)
    monkeypatch.setenv("OFANET_MODELS", str(own))
    return own


@pytest.fixture
def manager(plugin, window):
    next(action for action in window.menu.actions() if action.objectName() == "ofanetModels").trigger()
    yield plugin.setup_menu.manager
    if plugin.setup_menu.manager is not None:
        plugin.setup_menu.manager.close()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def titles(manager) -> dict[str, list[str]]:
    groups = [manager.list.topLevelItem(i) for i in range(manager.list.topLevelItemCount())]
    return {group.text(0): [group.child(i).text(0) for i in range(group.childCount())] for group in groups}


def click_import(manager, qtbot, monkeypatch, *paths):
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: ([str(path) for path in paths], ""))
    qtbot.mouseClick(manager.import_file, LEFT)
    qtbot.waitUntil(lambda: manager._task is None, timeout=20000)


def own_head(**changes) -> dict:
    """A header as `fit` writes it."""
    header = catalog.read_header(HEAD)
    classes = [{"value": 1, "name": "roof <b>", "color": "#c8434b"}, {"value": 2, "name": "lawn", "color": "#9ccf6b"}]
    validation = {"folds": 5, "not_scored": ["lawn"], "miou": 0.61, "accuracy": 0.9, "iou": [0.734, 0.5]}
    training = {
        "recipe": "logistic regression on frozen features",
        "samples": {"roof": 12, "lawn": 3},
        "rasters": ["a.tif"],
        "validation": validation,
        "unknown_fact": 7,
    }
    own = {"name": "My roofs", "classes": classes, "training": training, "gsd_m": None}
    return header | own | changes


def write_model(path: Path, header: dict) -> Path:
    """A file with that header and no tensors."""
    words = json.dumps({"__metadata__": {"ofanet": json.dumps(header)}}).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(struct.pack("<Q", len(words)) + words)
    return path


# --- what is shown --------------------------------------------------------------------------------------------------


def test_all_models_are_listed_by_place(manager):
    listed = titles(manager)
    assert listed["Your own"] == ["none yet: train a head, or import one"]
    brought = listed["Comes with the plugin"]
    assert brought[0] == catalog.read_header(CHECKPOINT)["name"]
    assert len(brought) == len(list(MODELS.glob("*.safetensors")))
    assert not manager.rename.isEnabled() and not manager.remove.isEnabled()


def test_folders_of_the_variable_are_a_place_of_their_own(manager, folder, tmp_path, monkeypatch):
    shutil.copy(HEAD, write_model(tmp_path / "shared" / "h.safetensors", own_head()).with_name("other.safetensors"))
    monkeypatch.setenv("OFANET_MODELS", os.pathsep.join([str(tmp_path / "shared"), str(folder)]))
    manager.refresh()
    assert titles(manager)["Folder in OFANET_MODELS"] == ["My roofs", catalog.read_header(HEAD)["name"]]


def test_a_head_tells_classes_scores_recipe_and_backbone(manager, folder):
    write_model(folder / "roofs.safetensors", own_head())
    manager.refresh()
    shown = manager.page.toPlainText()
    for expected in (
        "My roofs",
        "roof <b> (1)",
        "0.734",
        "0.610",
        "Cross-validated",
        "logistic regression",
        "ofanet_starter.safetensors",
        catalog.read_header(HEAD)["backbone"],
        "Unknown fact",
        "roof 12",
        str(folder / "roofs.safetensors"),
    ):
        assert expected in shown, expected
    assert "0.500" not in shown  # lawn was not scored
    assert 'bgcolor="#c8434b"' in page(manager.entry())
    assert manager.list.currentItem().text(3) == "one scene", "no number beside those of many scenes"
    assert "Fitted on one scene, a.tif" in shown and "pixels of any size" in shown


def test_scores_of_held_out_places_stand_beside_their_classes():
    header = catalog.read_header(MODELS / "sentinel-2_landcover.safetensors")
    shown = page(ModelEntry(MODELS / "sentinel-2_landcover.safetensors", model_files.INCLUDED, header))
    scores = header["training"]["held_out"]["iou"]
    assert scores["0"] > 0.9 and all(f"<td>{value:.3f}</td>" in shown for value in scores.values())


def test_scores_that_do_not_compare_are_words(folder):
    scores = {"miou": 0.85, "accuracy": 0.9}
    cases = {
        "IoU 0.85": {"rasters": ["a", "b"], "validation": scores},
        "IoU 0.70": {"rasters": ["a"], "validation": scores, "held_out": {"places": 9, "miou": 0.7, "accuracy": 0.8}},
        "one scene": {"rasters": ["a", "b"], "held_out": scores | {"places": 1}},
        "simulated scenes": {"rasters": ["a", "b"], "validation": scores, "simulated": True},
        "-": {"rasters": ["a"], "validation": {"not_scored": ["x"]}},
    }
    for expected, training in cases.items():
        entry = ModelEntry(folder / "x", model_files.OWN, own_head(training=training))
        assert score(entry)[0] == expected


def test_a_head_of_simulated_scenes_is_amber_in_list_and_card(manager, folder):
    training = {"simulated": True, "held_out": {"places": 4, "miou": 0.84, "accuracy": 0.95, "iou": [0.8, 0.9]}}
    path = write_model(folder / "s.safetensors", own_head(training=training, gsd_m=[6.7, 15]))
    manager.refresh(path)
    item, shown = manager.list.currentItem(), manager.page.toPlainText()
    assert item.text(3) == "simulated scenes" and item.background(3).color().name() == AMBER
    assert "Fitted on simulated scenes, not on real ones" in shown and "pixels of 6.7 to 15 m" in shown
    assert "95% of the pixels right in simulated scenes that it has not seen" in shown and "0.800" in shown
    before, _, after = page(manager.entry()).partition("Fitted on simulated scenes")
    assert f"background-color:{AMBER}" in before and after
    write_model(path, own_head())
    manager.refresh(path)
    assert AMBER not in page(manager.entry())
    assert manager.list.currentItem().background(3).style() == Qt.BrushStyle.NoBrush


def test_a_head_without_its_checkpoint_says_so(folder):
    write_model(folder / "lost.safetensors", own_head(backbone="0" * 64))
    entry = model_files.entries()[0]
    assert model_files.backbone_of(entry) is None and "import the one it was fitted on" in page(entry)


def test_a_checkpoint_tells_size_statistics_fingerprints_and_its_heads(manager):
    header, match = catalog.read_header(CHECKPOINT), Qt.MatchFlag.MatchRecursive | Qt.MatchFlag.MatchExactly
    manager.list.setCurrentItem(manager.list.findItems(header["name"], match)[0])
    shown = manager.page.toPlainText()
    heads = [
        head.header["name"]
        for head in catalog.list_heads()
        if head.header["backbone"] in header["fingerprints"].values()
    ]
    size = header["architecture"]
    assert f"width {size['width']}, {size['depth']} blocks" in shown and header["training"]["recipe"] in shown
    assert heads and all(head in shown for head in heads)
    for fingerprint in header["fingerprints"].values():
        assert fingerprint in shown
    assert f"VV: {header['sensors']['sentinel-1']['mean'][0]:.4g}" in shown and "(224 in all)" in shown


@pytest.mark.parametrize("path", sorted(MODELS.glob("*.safetensors")), ids=lambda path: path.stem)
def test_every_file_that_comes_along_can_be_read(path):
    entry = ModelEntry(path, model_files.INCLUDED, catalog.read_header(path))
    assert entry.title in unescape(page(entry))
    scored = {"validation", "held_out"} & set(entry.header.get("training", {}))
    assert (score(entry)[0] != "-") == (entry.header["file"] == "head" and bool(scored))


def test_a_header_that_holds_little_can_be_read(folder):
    for name, kind in (("h", "head"), ("c", "checkpoint")):
        write_model(folder / f"{name}.safetensors", {"format": 1, "file": kind})
    for entry in model_files.entries()[:2]:
        assert entry.title in page(entry) and score(entry)[0] == "-"


def test_a_broken_file_of_ones_own_is_shown_with_the_reason_and_can_be_removed(manager, folder, qtbot, monkeypatch):
    write_model(folder / "old.safetensors", {"format": 99, "file": "head"})
    manager.refresh()
    assert titles(manager)["Your own"] == ["old"] and "format version" in manager.page.toPlainText()
    assert manager.remove.isEnabled() and not manager.rename.isEnabled()
    monkeypatch.setattr(QMessageBox, "question", lambda *_: QMessageBox.StandardButton.Yes)
    qtbot.mouseClick(manager.remove, LEFT)
    assert not (folder / "old.safetensors").exists()


# --- import ---------------------------------------------------------------------------------------------------------


def test_import_copies_and_selects(manager, folder, qtbot, monkeypatch, tmp_path):
    source = shutil.copy(HEAD, tmp_path / "source.safetensors")
    click_import(manager, qtbot, monkeypatch, source)
    assert (folder / "source.safetensors").read_bytes() == HEAD.read_bytes() and Path(source).exists()
    assert manager.entry().path == folder / "source.safetensors" and manager.rename.isEnabled()
    assert "Imported source" in manager.status.text()
    assert [head.name for head in catalog.list_heads("naip", "segment")][0] == "source"


def test_a_name_that_is_taken_gets_a_number(manager, folder, qtbot, monkeypatch, tmp_path):
    source = shutil.copy(HEAD, tmp_path / "Source.safetensors")
    write_model(folder / "source.safetensors", own_head())
    before = (folder / "source.safetensors").read_bytes()
    click_import(manager, qtbot, monkeypatch, source)
    assert sorted(path.name for path in folder.iterdir()) == ["Source_2.safetensors", "source.safetensors"]
    assert (folder / "source.safetensors").read_bytes() == before


def test_a_model_of_another_version_is_refused_with_the_catalogues_message(
    manager, folder, qtbot, monkeypatch, tmp_path
):
    other = write_model(tmp_path / "other.safetensors", {"format": 99, "file": "head"})
    click_import(manager, qtbot, monkeypatch, other, HEAD)
    with pytest.raises(errors.ModelFileError) as expected:
        catalog.read_header(other)
    assert str(expected.value) in manager.status.text() and "Imported naip_landcover" in manager.status.text()
    assert [path.name for path in folder.iterdir()] == [HEAD.name]


def test_import_of_a_folder(manager, folder, qtbot, monkeypatch, tmp_path):
    (tmp_path / "source" / "deep").mkdir(parents=True)
    shutil.copy(HEAD, tmp_path / "source")
    shutil.copy(CHECKPOINT, tmp_path / "source" / "deep")
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "source"))
    qtbot.mouseClick(manager.import_folder, LEFT)
    qtbot.waitUntil(lambda: manager._task is None, timeout=20000)
    assert sorted(path.name for path in folder.iterdir()) == [HEAD.name, CHECKPOINT.name]
    (tmp_path / "empty").mkdir()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "empty"))
    qtbot.mouseClick(manager.import_folder, LEFT)
    assert "found none in" in manager.status.text()


def test_a_head_whose_checkpoint_is_missing_is_imported_with_a_word(manager, qtbot, monkeypatch, tmp_path):
    lost = write_model(tmp_path / "lost.safetensors", own_head(backbone="0" * 64))
    click_import(manager, qtbot, monkeypatch, lost)
    assert "checkpoint that My roofs needs was not found" in manager.status.text()


def test_a_cancelled_import_leaves_no_half_file(folder):
    with pytest.raises(EngineCancelled):
        model_files.import_model(CHECKPOINT, lambda: True)
    assert not list(folder.iterdir())


def test_ones_own_file_is_not_imported_again(folder):
    own = write_model(folder / "own.safetensors", own_head())
    with pytest.raises(errors.ModelFileError, match="already"):
        model_files.import_model(own)


# --- rename, remove -------------------------------------------------------------------------------------------------


def test_rename_changes_header_and_file_and_the_head_still_works(manager, folder, qtbot, monkeypatch, tmp_path):
    click_import(manager, qtbot, monkeypatch, HEAD)
    monkeypatch.setattr(QInputDialog, "getText", lambda *_: ("Dächer: 2026/11", True))
    qtbot.mouseClick(manager.rename, LEFT)
    renamed = folder / "Dächer_ 2026_11.safetensors"
    assert list(folder.iterdir()) == [renamed] and manager.entry().path == renamed
    before, header = catalog.read_header(HEAD), catalog.read_header(renamed)
    assert header == before | {"name": "Dächer: 2026/11"}
    maps = []
    for number, head in enumerate((HEAD, renamed)):
        out = tmp_path / f"{number}.tif"
        ENGINE.run("segment", {"input": sample("naip"), "head": str(head), "output": str(out), "tile_px": 224})
        maps.append(gdal.Open(str(out)).ReadAsArray())
    assert (maps[0] == maps[1]).all()


def test_rename_to_the_same_file_name_rewrites_the_header_only(folder):
    path = write_model(folder / "roofs.safetensors", own_head())
    assert model_files.rename(path, "roofs") == path and catalog.read_header(path)["name"] == "roofs"
    with pytest.raises(errors.ModelFileError, match="Expected a name"):
        model_files.rename(path, "  ")
    assert list(folder.iterdir()) == [path]


def test_remove_asks_and_names_the_heads_that_need_it(manager, folder, qtbot, monkeypatch):
    click_import(manager, qtbot, monkeypatch, CHECKPOINT)
    questions, answers = [], [QMessageBox.StandardButton.Cancel, QMessageBox.StandardButton.Yes]
    monkeypatch.setattr(QMessageBox, "question", lambda *words: questions.append(words[2]) or answers.pop(0))
    qtbot.mouseClick(manager.remove, LEFT)
    assert (folder / CHECKPOINT.name).exists() and catalog.read_header(HEAD)["name"] in questions[0]
    qtbot.mouseClick(manager.remove, LEFT)
    assert not list(folder.iterdir()) and CHECKPOINT.exists()
    assert "Removed" in manager.status.text()


def test_only_ones_own_files_are_changed(manager):
    for change in (model_files.remove, lambda path: model_files.rename(path, "mine")):
        with pytest.raises(errors.ModelFileError, match="import it first"):
            change(HEAD)
    assert HEAD.exists()


def test_everything_that_can_be_used_has_a_name(manager):
    assert manager.list.accessibleName() and manager.page.accessibleName()
    assert all(button.text() for button in manager.findChildren(QPushButton))
