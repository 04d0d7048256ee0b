"""Loose band files of one scene, offered as one layer where one of them is chosen; with the real engine."""

import os
from pathlib import Path

import pytest
from conftest import sample
from osgeo import gdal
from qgis.core import QgsProject
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QFileDialog

from qgis_plugin.panels.classify.loose_bands import LooseBands, scene_around
from qgis_plugin.widgets.raster_input import RasterInput

NUMBERS = (2, 3, 4, 5, 6, 7, 8, 9, 11, 12)  # of the sample's bands: 9 is B8A
SCENE = "T33UUP_20210601T101031"


def name_of(number: int) -> str:
    return (
        f"{SCENE}_B8A_20m.tif" if number == 9 else f"{SCENE}_B{number:02}_{10 if number in (2, 3, 4, 8) else 20}m.tif"
    )


@pytest.fixture
def bands(tmp_path) -> dict[int, str]:
    """The files of ten bands, and others beside them."""
    folder = tmp_path / "scene"
    folder.mkdir()
    paths = {number: str(folder / name_of(number)) for number in NUMBERS}
    for number, path in paths.items():
        gdal.Translate(path, sample("sentinel-2"), bandList=[number], srcWin=(0, 0, 128, 128))
    for other in (f"{SCENE}_SCL_20m.tif", "T33UUP_20210611T101031_B04_10m.tif", "notes.tif"):
        gdal.Translate(str(folder / other), paths[2])
    return paths


@pytest.fixture
def offered(plugin, qtbot):
    source = RasterInput(None)
    widget = LooseBands(source)
    for one in (source, widget):
        qtbot.addWidget(one)
    return source, widget


def test_ten_bands_become_one_layer(offered, layer, bands, qtbot):
    source, widget = offered
    source.raster.setLayer(layer(bands[4]))
    assert source.detection.sensor is None and "Stack band files" in source.verdict.text(), "still refused in words"
    assert widget.isVisibleTo(widget.parentWidget()) and widget.offer.text() == (
        "These 10 files of one band look like one scene of Sentinel-2: B02, B03, B04, B05, B06, B07, B08, B8A, B11, B12"
    )
    qtbot.mouseClick(widget.stack, Qt.MouseButton.LeftButton)
    assert not widget.stack.isEnabled() and widget.status.text() == "Making the virtual raster..."
    qtbot.waitUntil(lambda: source.layer().bandCount() == 10, timeout=60_000)
    chosen = source.layer()
    assert chosen.name() == SCENE and Path(chosen.source()) == Path(bands[4]).with_name(f"{SCENE}.vrt")
    assert (source.detection.sensor, source.detection.confidence) == ("sentinel-2", "certain")
    assert not widget.isVisibleTo(widget.parentWidget()) and not source.trouble()
    colors = chosen.renderer()
    assert (colors.redBand(), colors.greenBand(), colors.blueBand()) == (3, 2, 1), "B04, B03, B02"
    assert QgsProject.instance().layerTreeRoot().layerOrder()[0] is chosen, "above its bands"
    QgsProject.instance().removeMapLayer(chosen.id())


def test_layers_of_other_folders_count_and_files_beside_need_no_layer(layer, bands, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    moved = elsewhere / Path(bands[12]).name
    os.rename(bands[12], moved)
    chosen = layer(bands[4])
    assert len(scene_around(chosen).files) == 9
    layer(moved)
    scene = scene_around(chosen)
    assert len(scene.files) == 10 and scene.files[-1] == ("B12", str(moved))


def test_nothing_is_offered_for_other_rasters(offered, layer, bands):
    source, widget = offered
    folder = Path(bands[4]).parent
    for path in (sample("sentinel-2"), folder / "notes.tif", folder / "T33UUP_20210611T101031_B04_10m.tif"):
        source.raster.setLayer(layer(path))
        assert scene_around(source.layer()) is None and not widget.isVisibleTo(widget.parentWidget())
    assert scene_around(None) is None


def test_a_file_that_is_there_is_not_overwritten(offered, layer, bands, qtbot):
    source, widget = offered
    there = Path(bands[4]).with_name(f"{SCENE}.vrt")
    there.write_text("mine")
    source.raster.setLayer(layer(bands[4]))
    qtbot.mouseClick(widget.stack, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: source.layer().bandCount() == 10, timeout=60_000)
    assert there.read_text() == "mine" and Path(source.layer().source()).name == f"{SCENE}_2.vrt"
    QgsProject.instance().removeMapLayer(source.layer().id())


def test_a_folder_that_is_read_only_and_an_engine_that_fails(offered, layer, bands, tmp_path, qtbot, monkeypatch):
    source, widget = offered
    source.raster.setLayer(layer(bands[4]))
    answers = ["", str(tmp_path / "no" / "x"), str(tmp_path / "mine")]
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (answers.pop(0), ""))
    folder = Path(bands[4]).parent
    folder.chmod(0o555)
    try:
        qtbot.mouseClick(widget.stack, Qt.MouseButton.LeftButton)
        assert widget.stack.isEnabled(), "the user chose no file"
        qtbot.mouseClick(widget.stack, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: "expected a folder to write to" in widget.status.text(), timeout=60_000)
        qtbot.mouseClick(widget.stack, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: source.layer().bandCount() == 10, timeout=60_000)
    finally:
        folder.chmod(0o755)
    assert source.layer().source() == str(tmp_path / "mine.vrt")
    QgsProject.instance().removeMapLayer(source.layer().id())
