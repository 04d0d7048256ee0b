"""The choice of a head: which are offered, what the widget says of each, and heads from elsewhere."""

import json
import shutil
import struct
import time
from pathlib import Path

import pytest
from conftest import ROOT
from qgis.PyQt.QtCore import QCoreApplication, QEvent, Qt
from qgis.PyQt.QtWidgets import QDialog, QFileDialog

from qgis_plugin.engine.modules import catalog
from qgis_plugin.models.head_words import score_line
from qgis_plugin.widgets.class_chips import MOST_CHIPS
from qgis_plugin.widgets.head_choice import HeadChoice
from qgis_plugin.widgets.theme import state_color

MODELS = ROOT / "resources" / "models"
RED_EDGE = ["B4", "B3", "B2", "B5", "B6", "B7", "B8", "B11", "B12"]  # all bands of Sentinel-2's embedder
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """The only folder of models: what a test puts there is all that is offered."""
    own = tmp_path / "models"
    own.mkdir()
    monkeypatch.setattr(catalog, "models_dirs", lambda: [own])
    return own


@pytest.fixture
def widget(qtbot):
    made = HeadChoice()
    qtbot.addWidget(made)
    made.resize(380, 300)
    made.show()
    yield made
    made.hide()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def write_head(path: Path, **changes) -> Path:
    """A head's file with that header and no tensors."""
    header = catalog.read_header(MODELS / "naip_landcover.safetensors") | {"name": path.stem} | changes
    words = json.dumps({"__metadata__": {"ofanet": json.dumps(header)}}).encode()
    path.write_bytes(struct.pack("<Q", len(words)) + words)
    return path


def offered(widget) -> list[str]:
    return [widget.head.itemText(i) for i in range(widget.head.count())]


def classes(count: int) -> list[dict]:
    return [{"value": i, "name": f"class {i}", "color": "#3f7fd1"} for i in range(count)]


# --- which are offered ----------------------------------------------------------------------------------------------


def test_heads_of_the_sensor_with_those_for_pixels_first(widget, qtbot):
    assert widget.current() is None and widget.task() is None and offered(widget) == []
    with qtbot.waitSignal(widget.changed):
        widget.set_sensor("naip", 0.5)
    tasks = [head.header["task"] for head in widget._heads]
    assert tasks == sorted(tasks, key=["segment", "classify"].index) and set(tasks) == {"segment", "classify"}
    assert {head.path for head in widget._heads} == {head.path for head in catalog.list_heads("naip")}
    assert widget.task() == "segment" and widget.current().header["sensor"] == "naip"
    with qtbot.waitSignal(widget.changed):
        widget.set_sensor(None)
    assert widget.current() is None and not widget.description.isVisible() and not widget.card.isVisible()


def test_the_chosen_head_stays_where_it_fits(widget, qtbot):
    widget.set_sensor("naip")
    with qtbot.waitSignal(widget.changed):
        widget.head.setCurrentIndex(2)
    chosen = widget.current()
    with qtbot.assertNotEmitted(widget.changed):
        widget.set_sensor("naip", 1.0)
        widget.refresh()
    assert widget.current() == chosen
    widget.set_sensor("enmap")
    assert widget.current().header["sensor"] == "enmap"


def test_new_and_removed_heads_show_when_the_list_opens(widget, folder, qtbot):
    first, second = (write_head(folder / f"{name}.safetensors") for name in ("a", "b"))
    widget.set_sensor("naip")
    assert offered(widget) == ["★ a", "b"]
    write_head(folder / "0_new.safetensors")
    with qtbot.assertNotEmitted(widget.changed):
        widget.head.showPopup()
    widget.head.hidePopup()
    assert offered(widget) == ["★ 0_new", "a", "b"] and widget.current().path == first
    first.unlink()
    with qtbot.waitSignal(widget.changed):
        widget.refresh()
    write_head(second, classes=classes(3))
    with qtbot.waitSignal(widget.changed):
        widget.head.setCurrentIndex(1)
        widget.refresh()
    assert len(widget.chips.texts()) == 3, "a file that was written anew is another head"


def test_no_head_at_all(widget, folder, qtbot):
    widget.set_sensor("naip")
    assert widget.current() is None and not widget.head.isEnabled() and widget.other.isEnabled()
    write_head(folder / "a.safetensors")
    with qtbot.waitSignal(widget.changed):
        widget.refresh()
    assert widget.current() is not None and widget.head.isEnabled()


# --- heads from elsewhere -------------------------------------------------------------------------------------------


def test_a_file_of_the_users_own(widget, tmp_path, qtbot, monkeypatch):
    path = tmp_path / "mine.safetensors"
    shutil.copyfile(MODELS / "naip_tiles.safetensors", path)
    widget.set_sensor("naip")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    with qtbot.waitSignal(widget.changed):
        qtbot.mouseClick(widget.other, LEFT)
    assert widget.current().path == path and widget.task() == "classify"
    widget.set_sensor("enmap")
    widget.set_sensor("naip")
    assert widget.head.findData(str(path)) >= 0, "it stays on offer"
    path.unlink()
    widget.refresh()
    assert widget.head.findData(str(path)) < 0


def test_a_head_that_is_offered_already_is_only_taken(widget):
    widget.set_sensor("naip")
    before = offered(widget)
    path = MODELS / "naip_tiles.safetensors"
    assert widget.choose(path) and widget.current().path == path and offered(widget) == before


def test_a_file_that_is_no_head(widget, tmp_path):
    widget.set_sensor("naip")
    before = widget.current()
    text, none = tmp_path / "text.safetensors", tmp_path / "none.safetensors"
    text.write_text("no model")
    for path, word in (
        (text, "found another file"),
        (none, "cannot read"),
        (MODELS / "ofanet_starter.safetensors", "expected a head, found a checkpoint"),
    ):
        assert not widget.choose(path)
        assert word in widget.problem.text() and widget.problem.isVisible() and widget.current() == before
    assert widget.choose(MODELS / "naip_tiles.safetensors") and not widget.problem.isVisible()


def test_a_head_of_another_sensor_asks_for_it(widget, qtbot):
    path = MODELS / "enmap_landcover.safetensors"
    widget.set_sensor("naip")
    with qtbot.waitSignal(widget.sensor_wanted) as wanted:
        assert not widget.choose(path)
    assert wanted.args == ["enmap"] and widget.current().header["sensor"] == "naip"
    assert widget.problem.text() == "The head is for EnMAP hyperspectral: choose it as the sensor"
    widget.sensor_wanted.connect(widget.set_sensor)
    assert widget.choose(path)
    assert widget.current().path == path and not widget.problem.isVisible()


# --- what it says ---------------------------------------------------------------------------------------------------


def test_what_a_head_tells(widget):
    widget.set_sensor("naip", 0.6)
    path = MODELS / "naip_tiles.safetensors"
    widget.choose(path)
    header = catalog.read_header(path)
    assert widget.description.text() == "One class per tile; tiles of 64 pixels (38.4 m)"
    assert widget.score.text() == score_line(header["training"], "classify")
    assert widget.chips.texts() == [entry["name"] for entry in header["classes"]]
    widget.set_sensor("naip", None)
    assert widget.description.text().endswith("64 pixels")


@pytest.mark.parametrize(
    "training, text",
    [
        (
            {"validation": {"folds": 5, "miou": 0.614, "accuracy": 0.9, "not_scored": ["<b>lawn"]}},
            "Cross-validated: mean IoU 0.61, accuracy 90%; not scored: <b>lawn",
        ),
        (
            {"validation": {"folds": 2, "not_scored": ["a", "b"]}},
            "Not scored: for that each class needs polygons in two places",
        ),
        (
            {"rasters": ["a.tif"], "validation": {"folds": 4, "miou": 0.98, "accuracy": 0.99, "not_scored": []}},
            "Cross-validated in one scene: mean IoU 0.98, accuracy 99%; not tested on others",
        ),
        (
            {
                "held_out": {"places": 41, "miou": 0.694, "accuracy": 0.867},
                "validation": {"miou": 0.9, "accuracy": 0.9},
            },
            "87% of the pixels right in 41 places that it has not seen; mean IoU 0.69",
        ),
        (
            {"held_out": {"places": 1, "miou": 0.694, "accuracy": 0.867}},
            "87% of the pixels right in one scene that it has not seen; not tested on others",
        ),
        (
            {"simulated": True, "held_out": {"places": 4, "miou": 0.84, "accuracy": 0.95}},
            "95% of the pixels right in simulated scenes that it has not seen; mean IoU 0.84",
        ),
        ({"held_out": {"miou": 0.5}}, "Not scored"),
        ({}, "Not scored"),
        (None, "Not scored"),
    ],
)
def test_scores_in_one_line(widget, folder, training, text):
    write_head(folder / "a.safetensors", training=training)
    widget.set_sensor("naip")
    assert widget.score.text() == text and widget.score.textFormat() == Qt.TextFormat.PlainText


@pytest.mark.parametrize(
    "training, text",
    [
        ({"fitted_on": "1,200 chips of 158 places, all seasons"}, "Fitted on 1,200 chips of 158 places, all seasons"),
        ({"rasters": ["my <b>scene.tif"]}, "Fitted on one scene, my <b>scene.tif"),
        ({"rasters": ["a.tif", "b.tif"]}, "Fitted on 2 scenes"),
        ({}, ""),
        (None, ""),
    ],
)
def test_what_it_was_fitted_on(widget, folder, training, text):
    write_head(folder / "a.safetensors", training=training)
    widget.set_sensor("naip")
    assert widget.fitted.text() == text and widget.fitted.isVisible() == bool(text)
    assert widget.fitted.textFormat() == Qt.TextFormat.PlainText and not widget.fitted.styleSheet()


def test_a_head_of_simulated_scenes_says_so_in_full_and_in_amber(widget, folder):
    write_head(folder / "a.safetensors", training={"simulated": True, "rasters": ["naip_1.tif"], "fitted_on": "x"})
    write_head(folder / "b.safetensors", training={"rasters": ["naip_1.tif"]})
    widget.set_sensor("naip")
    assert widget.current().name == "b", "real scenes come before simulated ones"
    widget.head.setCurrentIndex(1)
    assert widget.fitted.text() == "Fitted on simulated scenes, not on real ones"
    assert state_color(widget, "fair") in widget.fitted.styleSheet()
    widget.head.setCurrentIndex(0)
    assert not widget.fitted.styleSheet()


def test_pixels_of_another_size_than_it_was_fitted_for(widget, folder):
    write_head(folder / "a.safetensors", gsd_m=[0.4, 1.5])
    widget.set_sensor("naip", 1.0)
    assert not widget.misfit.isVisible()
    widget.set_sensor("naip", 3.0)
    assert widget.misfit.isVisible() and state_color(widget, "fair") in widget.misfit.styleSheet()
    assert widget.misfit.text() == "Fitted for pixels of 0.4 to 1.5 m; this raster has 3 m"
    widget.set_sensor("naip", None)
    assert not widget.misfit.isVisible()


def test_the_default_is_that_of_the_layer_until_the_user_chooses(widget, folder, qtbot):
    without = {"bands": [name for name in RED_EDGE if name not in ("B5", "B6", "B7")]}
    write_head(folder / "a_10_m.safetensors", sensor="sentinel-2", gsd_m=[5, 15], training={"bands": RED_EDGE})
    write_head(folder / "b_30_m.safetensors", sensor="sentinel-2", gsd_m=[20, 40], training=without)
    write_head(folder / "c_10_m.safetensors", sensor="sentinel-2", gsd_m=[5, 15], training=without)
    widget.set_sensor("sentinel-2", 10.0, RED_EDGE)
    assert widget.current().name == "a_10_m" and offered(widget)[0] == "★ a_10_m"
    assert widget.description.text().startswith("★ default for this layer; one class per pixel")
    assert "Default for this layer" in widget.head.itemData(0, Qt.ItemDataRole.ToolTipRole)
    with qtbot.waitSignal(widget.changed):
        widget.set_sensor("sentinel-2", 30.0, without["bands"])
    assert widget.current().name == "b_30_m" and offered(widget) == ["★ b_30_m", "c_10_m", "a_10_m"]
    widget.set_sensor("sentinel-2", 10.0, without["bands"])
    assert widget.current().name == "c_10_m" == catalog.find_head(None, "sentinel-2", None, 10, without["bands"]).name
    widget.head.setCurrentIndex(widget.head.findData(str(folder / "b_30_m.safetensors")))
    widget.set_sensor("sentinel-2", 10.0, RED_EDGE)
    assert widget.current().name == "b_30_m" and offered(widget)[0] == "★ a_10_m", "the user's choice stays"


def test_a_header_with_little_in_it(widget, folder):
    write_head(folder / "a.safetensors", classes=None, task="other", tile_px=None, name="")
    widget.set_sensor("naip", 1.0)
    assert offered(widget) == ["★ a"] and widget.chips.texts() == []


def test_many_classes(widget, folder, qtbot):
    write_head(folder / "a.safetensors", classes=classes(20))
    widget.set_sensor("naip")
    assert len(widget.chips.texts()) == MOST_CHIPS + 1 and widget.chips.texts()[-1] == "and 8 more"
    assert "class 19" in widget.chips.toolTip() and "class 19" in widget.chips.accessibleName()


def test_it_fits_into_a_narrow_panel(widget, folder):
    write_head(folder / "a.safetensors", name="A head with a very long name that somebody gave to it " * 3)
    widget.set_sensor("naip", 1.0)
    assert widget.minimumSizeHint().width() <= 380


def test_the_model_card_follows_the_choice(widget, qtbot):
    widget.set_sensor("naip")
    widget.card.linkActivated.emit("card")
    card = widget.findChild(QDialog, "ofanetModelCard")
    assert card.isVisible() and widget.current().header["name"] in card.page.toPlainText()
    widget.head.setCurrentIndex(1)
    assert widget.current().header["name"] in card.page.toPlainText() == card.page.toPlainText()
    widget.show_card()
    assert len(widget.findChildren(QDialog, "ofanetModelCard")) == 1
    card.close()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    widget.head.setCurrentIndex(0)
    assert widget.findChild(QDialog, "ofanetModelCard") is None
    widget.show_card()
    assert widget.findChild(QDialog, "ofanetModelCard").isVisible()


def test_it_is_quick(widget):
    widget.set_sensor("naip")
    begin = time.perf_counter()
    for _ in range(20):
        widget.set_sensor("naip", 1.0)
    assert (time.perf_counter() - begin) / 20 < 0.05
