"""The toolbar action: what its window shows, what Run does, what is left after unload."""

import time
from pathlib import Path

import pytest
from conftest import SENSORS, sample
from osgeo import gdal
from qgis.core import QgsPalettedRasterRenderer, QgsProject, QgsVectorLayer
from qgis.PyQt.QtCore import QCoreApplication, QEvent, Qt
from qgis.PyQt.QtWidgets import QPushButton

from qgis_plugin.bridge import sensors
from qgis_plugin.engine import SETTING


@pytest.fixture(autouse=True)
def clean_bar(window):
    window.messageBar().clearWidgets()
    yield
    window.layer = None


@pytest.fixture
def opened(plugin, window, layer):
    """Opens the action's window on a raster, as a click on the toolbar does."""

    def click(path, name=None):
        window.layer = layer(path, name)
        window.toolbar.actions()[0].trigger()
        return plugin.dialog

    yield click
    if plugin.dialog is not None:
        plugin.dialog.close()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def press_run(dialog, qtbot):
    qtbot.mouseClick(dialog.run, Qt.MouseButton.LeftButton)


def wait_for_layers(qtbot, count, seconds=90):
    qtbot.waitUntil(lambda: len(QgsProject.instance().mapLayers()) >= count, timeout=seconds * 1000)
    return list(QgsProject.instance().mapLayers().values())


def test_toolbar_and_menu(plugin, window):
    named = ["ofanetClassifyLayer", "ofanetTrainFromPolygons", "ofanetFindSimilarPlaces"]
    assert [a.objectName() for a in window.toolbar.actions()] == named
    assert [a.objectName() for a in window.menu.actions()] == [*named, "ofanetModels", "ofanetSetUpEngine"]
    assert not window.toolbar.actions()[0].icon().isNull()


def test_without_a_raster_layer_it_says_so(plugin, window, layer):
    for wrong in (None, QgsVectorLayer("Point", "points", "memory")):
        window.layer = wrong
        window.toolbar.actions()[0].trigger()
        assert plugin.dialog is None
        assert "raster layer" in window.messages()[-1]


@pytest.mark.parametrize("sensor", SENSORS)
def test_window_shows_what_was_recognised_and_why(opened, sensor):
    dialog = opened(sample(sensor))
    sensor_entry = sensors.get(sensor)
    assert dialog.sensor.currentData() == sensor and sensor_entry.title in dialog.verdict.text()
    assert dialog.detection.reason in dialog.reason.text()
    assert len(dialog.bands.text().split(",")) == len(sensor_entry.bands)
    assert dialog.units.currentData() == dialog.detection.units
    assert dialog.head.count() and dialog.head.currentData()[1] == "segment"
    assert dialog.run.isEnabled() and not dialog.warning.isVisible()


def test_run_adds_a_styled_layer(opened, window, qtbot):
    dialog = opened(sample("naip"), "my scene")
    press_run(dialog, qtbot)
    result = next(made for made in wait_for_layers(qtbot, 2) if made.name() != "my scene")
    assert result.name().startswith("my scene ")
    assert isinstance(result.renderer(), QgsPalettedRasterRenderer)
    qtbot.waitUntil(lambda: any("done" in text for text in window.messages()), timeout=5000)


def test_run_with_a_tile_head_writes_the_file_asked_for(opened, qtbot, tmp_path):
    dialog = opened(sample("naip"))
    tasks = [dialog.head.itemData(i)[1] for i in range(dialog.head.count())]
    dialog.head.setCurrentIndex(tasks.index("classify"))
    dialog.output.setFilePath(str(tmp_path / "tiles"))
    press_run(dialog, qtbot)
    result = next(made for made in wait_for_layers(qtbot, 2) if isinstance(made, QgsVectorLayer))
    assert Path(result.source().split("|")[0]) == tmp_path / "tiles.gpkg"
    assert result.renderer().type() == "categorizedSymbol"


def _six_bands(path) -> str:
    made = gdal.GetDriverByName("GTiff").Create(str(path), 256, 256, 6, gdal.GDT_Byte)
    for i in range(1, 7):
        made.GetRasterBand(i).Fill(30 * i)
    return str(path)


def test_refused_raster_lets_the_user_choose(opened, window, qtbot, tmp_path):
    dialog = opened(_six_bands(tmp_path / "landsat.tif"))
    assert "Not recognised" in dialog.verdict.text() and "Landsat" in dialog.reason.text()
    assert "--" not in dialog.reason.text()
    assert not dialog.run.isEnabled()
    dialog.sensor.setCurrentIndex(dialog.sensor.findData("sentinel-2"))
    dialog.sensor.activated.emit(dialog.sensor.currentIndex())
    assert not dialog.run.isEnabled()
    dialog.bands.clear()
    qtbot.keyClicks(dialog.bands, "3,2,1,-,-,-,4,5,6")
    assert dialog.run.isEnabled(), dialog.reason.text()
    press_run(dialog, qtbot)
    result = next(made for made in wait_for_layers(qtbot, 2) if made.name() != "landsat")
    assert gdal.Open(result.source()).GetMetadata("OFANET")["BANDS"] == "3,2,1,-,-,-,4,5,6"


def test_ambiguous_raster_asks_to_check(opened, tmp_path):
    path = tmp_path / "masked.tif"
    made = gdal.GetDriverByName("GTiff").Create(str(path), 256, 256, 4, gdal.GDT_Byte, ["PHOTOMETRIC=MINISBLACK"])
    for i in range(1, 5):
        made.GetRasterBand(i).Fill(255 if i == 4 else 40 * i)
    made = None
    dialog = opened(path)
    assert "please check" in dialog.verdict.text() and "alpha" in dialog.reason.text()
    assert "NAIP" in dialog.reason.text() and dialog.run.isEnabled()


def test_missing_engine_is_explained_in_the_window(opened, settings):
    settings.setValue(SETTING, "/nowhere/python")
    dialog = opened(sample("naip"))
    assert "Set up engine" in dialog.warning.text() and not dialog.run.isEnabled()
    assert dialog.sensor.currentData() == "naip"


def test_failed_run_is_reported(opened, window, qtbot, tmp_path):
    dialog = opened(sample("naip"))
    dialog.output.setFilePath(str(tmp_path / "none" / "o.tif"))
    press_run(dialog, qtbot)
    qtbot.waitUntil(lambda: any("expected a folder" in text for text in window.messages()), timeout=30000)
    assert len(QgsProject.instance().mapLayers()) == 1


def test_cancel_in_the_message_bar(opened, plugin, window, qtbot, tmp_path):
    large = tmp_path / "large.vrt"
    gdal.Translate(str(large), sample("naip"), width=9000, height=9000, format="VRT")
    dialog = opened(large)
    out = tmp_path / "out"
    out.mkdir()
    dialog.output.setFilePath(str(out / "o.tif"))
    press_run(dialog, qtbot)
    run = plugin._runs[-1]
    qtbot.waitUntil(lambda: run.task.progress() > 0, timeout=60000)
    start = time.monotonic()
    cancel = next(b for b in window.messageBar().findChildren(QPushButton) if b.text() == "Cancel")
    qtbot.mouseClick(cancel, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: any("cancelled" in text for text in window.messages()), timeout=10000)
    assert time.monotonic() - start < 3
    assert not list(out.iterdir()) and not plugin._runs
