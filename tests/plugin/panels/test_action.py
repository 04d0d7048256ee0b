"""The toolbar action: what its panel shows, what Run does. In order, as a user: clicks, with the real engine."""

import time
from pathlib import Path

import pytest
from conftest import SENSORS, sample
from osgeo import gdal
from qgis.core import Qgis, QgsMapLayer, QgsPalettedRasterRenderer, QgsProject, QgsVectorLayer
from qgis.PyQt.QtCore import QCoreApplication, QEvent, Qt
from qgis.PyQt.QtWidgets import QComboBox, QLabel, QLineEdit, QPushButton, QSpinBox, QToolButton

from qgis_plugin.engine.client import SETTING
from qgis_plugin.engine.modules import sensors
from qgis_plugin.widgets import raster_facts_loader as facts_reader

LEFT = Qt.MouseButton.LeftButton
DONE_MS = 90_000


@pytest.fixture(autouse=True)
def clean_bar(window, settings):
    window.messageBar().clearWidgets()
    yield
    window.layer = None


@pytest.fixture
def opened(plugin, window, layer, qtbot):
    """Opens the action's panel on a raster, as a click on the toolbar does."""

    def click(path, name=None):
        window.setActiveLayer(layer(path, name))
        window.mainWindow().show()
        qtbot.mouseClick(window.toolbar.widgetForAction(window.toolbar.actions()[0]), LEFT)
        return plugin.panels["classify"]

    yield click
    plugin.queue.close()
    qtbot.waitUntil(lambda: not plugin.queue.runs, timeout=10_000)
    plugin.queue._closed = False
    panel = plugin.panels.pop("classify", None)
    if panel is not None:
        panel.close_down()
        panel.deleteLater()
    window.mainWindow().hide()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def press(button, qtbot):
    assert button.isEnabled() and button.isVisible()
    qtbot.mouseClick(button, LEFT)


def layers() -> list[QgsMapLayer]:
    return list(QgsProject.instance().mapLayers().values())


def wait_for_layers(qtbot, count):
    qtbot.waitUntil(lambda: len(layers()) >= count, timeout=DONE_MS)
    return layers()


def choose(box: QComboBox, data):
    """As a user does: the signal of a choice comes with it."""
    box.setCurrentIndex(box.findData(data))
    box.activated.emit(box.currentIndex())


def choose_task(panel, task: str):
    tasks = [head.header["task"] for head in panel.head._heads]
    panel.head.head.setCurrentIndex(tasks.index(task))
    assert panel.head.task() == task


def test_toolbar_and_menus(plugin, window):
    named = ["TrainFromPolygons", "FindSimilarPlaces"]
    assert [a.objectName() for a in window.toolbar.actions()] == [f"ofanet{n}" for n in ("ClassifyLayer", *named)]
    in_menu = [f"ofanet{name}" for name in ("Classify", *named, "Models", "SetUpEngine")]
    assert [a.objectName() for a in window.menu.actions()] == in_menu
    assert not window.toolbar.actions()[0].icon().isNull()
    button = window.toolbar.widgetForAction(window.toolbar.actions()[0])
    assert button.popupMode() == QToolButton.ToolButtonPopupMode.MenuButtonPopup
    assert [a.objectName() for a in button.defaultAction().menu().actions()] == in_menu


def test_context_menu_of_rasters(plugin, window, layer):
    ((action, kind),) = window.custom
    assert action.text() == "Classify layer" and kind == Qgis.LayerType.Raster
    window.layer = layer(sample("gaofen"))
    action.trigger()
    assert plugin.panels["classify"].source.layer() is window.layer
    assert plugin.panels["classify"].objectName() == "ofanetClassifyPanel"


def test_without_a_raster_layer_it_says_so(plugin, window, opened):
    window.layer = QgsVectorLayer("Point", "points", "memory")
    window.toolbar.actions()[0].trigger()
    panel = plugin.panels["classify"]
    assert "Add a raster" in panel.hint.text()
    assert not panel.run.isEnabled() and not panel.preview.isEnabled() and not panel.algorithm.isEnabled()


@pytest.mark.parametrize("sensor", SENSORS)
def test_panel_shows_what_was_recognised_and_why(opened, sensor):
    panel, sensor_entry = opened(sample(sensor)), sensors.get_sensor(sensor)
    found = panel.source.detection
    assert found.sensor == sensor and sensors.PRODUCTS[found.product].title in panel.source.verdict.text()
    assert found.confidence in panel.source.verdict.text() and found.reason in panel.source.reason.text()
    assert panel.source.verdict.isVisible() and panel.source.reason.isVisible()
    assert panel.head.task() == "segment" and panel.head.current().header["sensor"] == sensor
    assert sensor_entry.band_names[0] in panel.source.wanted.text() and panel.source.reading.isCollapsed()
    assert panel.run.isEnabled() and not panel.hint.isVisible()


@pytest.mark.parametrize("sensor", SENSORS)
def test_run_classifies_every_sensor(opened, window, qtbot, sensor):
    panel = opened(sample(sensor), "my scene")
    choose(panel.detail.choice, "fast")
    press(panel.run, qtbot)
    result = next(made for made in wait_for_layers(qtbot, 2) if made.name() != "my scene")
    assert result.name().startswith("my scene ")
    assert isinstance(result.renderer(), QgsPalettedRasterRenderer)
    qtbot.waitUntil(lambda: any("done" in text for text in window.messages()), timeout=5000)


def test_panel_follows_the_active_layer(opened, window, layer, tmp_path):
    panel = opened(sample("naip"))
    window.setActiveLayer(layer(sample("enmap")))
    assert panel.source.detection.sensor == panel.head.current().header["sensor"] == "enmap"
    window.setActiveLayer(QgsVectorLayer("Point", "points", "memory"))
    window.setActiveLayer(layer(_one_band(tmp_path / "classes.tif")))  # a class map is no image
    assert panel.source.detection.sensor == "enmap"


def test_panels_lie_behind_each_other(opened, plugin, window, qtbot):
    panel = opened(sample("naip"))
    qtbot.mouseClick(window.toolbar.widgetForAction(window.toolbar.actions()[2]), LEFT)
    assert window.mainWindow().tabifiedDockWidgets(panel) == [plugin.panels["similarity"]]
    similar = plugin.panels.pop("similarity")
    similar.close_down()
    similar.deleteLater()


def test_a_class_map_is_taken_where_the_user_says_so_and_refused(opened, tmp_path):
    panel = opened(_one_band(tmp_path / "classes.tif"))
    assert panel.source.layer().name() == "classes" and "Not recognised" in panel.source.verdict.text()


def test_run_with_a_tile_head_writes_the_file_that_was_named(opened, qtbot, tmp_path):
    panel = opened(sample("naip"))
    choose_task(panel, "classify")
    assert not panel.more.confidence.on.isEnabled()
    panel.output.lineEdit().clear()
    qtbot.keyClicks(panel.output.lineEdit(), str(tmp_path / "tiles"))
    press(panel.run, qtbot)
    result = next(made for made in wait_for_layers(qtbot, 2) if isinstance(made, QgsVectorLayer))
    assert Path(result.source().split("|")[0]) == tmp_path / "tiles.gpkg"
    assert result.renderer().type() == "categorizedSymbol"
    assert not panel.output.filePath()  # the next run does not write over it


def test_polygons_confidence_report_and_the_smallest_area(opened, window, qtbot, tmp_path, settings):
    panel = opened(sample("naip"))
    panel.more.setCollapsed(False)
    for output in (panel.more.polygons, panel.more.confidence, panel.more.report):
        assert not output.file.isEnabled()
        output.on.click()
    panel.more.polygons.file.setFilePath(str(tmp_path / "p.gpkg"))
    panel.more.report.file.setFilePath(str(tmp_path / "report.html"))
    panel.more.min_area.setValue(0.05)
    assert panel.parameters()["MIN_AREA"] == 0.05
    press(panel.run, qtbot)
    made = wait_for_layers(qtbot, 4)
    polygons = next(one for one in made if isinstance(one, QgsVectorLayer))
    assert Path(polygons.source().split("|")[0]) == tmp_path / "p.gpkg"
    assert min(feature["area_ha"] for feature in polygons.getFeatures()) >= 0.05 - 1e-6
    qtbot.waitUntil(lambda: any("done" in text for text in window.messages()), timeout=5000)
    assert "water" in (tmp_path / "report.html").read_text()
    assert settings.value("ofanet/polygons", type=bool) and settings.value("ofanet/confidence", type=bool)


def test_device_and_detail_are_remembered(opened, plugin, window):
    panel = opened(sample("naip"))
    choose(panel.more.device, "cpu")
    choose(panel.detail.choice, "fast")
    panel.close_down()
    del plugin.panels["classify"]
    panel.deleteLater()
    window.toolbar.actions()[0].trigger()
    panel = plugin.panels["classify"]
    assert panel.more.device.currentData() == "cpu" and panel.detail.choice.currentData() == "fast"
    found = panel.parameters()
    assert found["DEVICE"] == "cpu" and found["TILE_SIZE"] == 2 * panel.head.current().header["tile_px"]


def _one_band(path) -> str:
    made = gdal.GetDriverByName("GTiff").Create(str(path), 64, 64, 1, gdal.GDT_Byte)
    made.GetRasterBand(1).Fill(3)
    return str(path)


def _six_bands(path) -> str:
    made = gdal.GetDriverByName("GTiff").Create(str(path), 256, 256, 6, gdal.GDT_Byte)
    for i in range(1, 7):
        made.GetRasterBand(i).Fill(30 * i)
    return str(path)


def test_refused_raster_lets_the_user_choose(opened, qtbot, tmp_path):
    panel = opened(_six_bands(tmp_path / "landsat.tif"))
    source = panel.source
    assert "Not recognised" in source.verdict.text() and "Landsat" in source.verdict.text()
    assert "--" not in source.verdict.text()
    assert not panel.run.isEnabled() and not source.reading.isCollapsed() and panel.hint.isVisible()
    choose(source.sensor, "sentinel-2")
    assert not panel.run.isEnabled() and "B2" in source.wanted.text()
    qtbot.keyClicks(source.bands, "3,2,1,-,-,-,4,5,6")
    assert panel.run.isEnabled(), source.verdict.text()
    press(panel.run, qtbot)
    result = next(made for made in wait_for_layers(qtbot, 2) if made.name() != "landsat")
    assert gdal.Open(result.source()).GetMetadata("OFANET")["BANDS"] == "3,2,1,-,-,-,4,5,6"


def test_ambiguous_raster_asks_to_check(opened, tmp_path):
    path = tmp_path / "masked.tif"
    made = gdal.GetDriverByName("GTiff").Create(str(path), 256, 256, 4, gdal.GDT_Byte, ["PHOTOMETRIC=MINISBLACK"])
    for i in range(1, 5):
        made.GetRasterBand(i).Fill(255 if i == 4 else 40 * i)
    made = None
    panel = opened(path)
    assert "please check" in panel.source.verdict.text() and "alpha" in panel.source.reason.text()
    assert "NAIP" in panel.source.reason.text() and panel.run.isEnabled()
    assert not panel.source.reading.isCollapsed()
    found = panel.parameters()  # Run confirms what the panel shows
    assert (found["SENSOR"], found["BANDS"]) == ("gaofen", "1,2,3,4")


def test_a_raster_that_takes_long_is_looked_at_in_the_background(opened, window, layer, qtbot, monkeypatch):
    panel = opened(sample("naip"))
    monkeypatch.setattr(facts_reader.RasterFactsLoader, "wait_s", 0.0)
    facts_reader.forget()
    slow = layer(sample("enmap"))
    window.setActiveLayer(slow)
    assert panel.source.looking and "ooking at the" in panel.source.verdict.text() and not panel.run.isEnabled()
    qtbot.waitUntil(lambda: not panel.source.looking, timeout=10_000)
    assert panel.source.detection.sensor == "enmap" and panel.run.isEnabled()


def test_missing_engine_is_explained_in_the_panel(opened, settings):
    settings.setValue(SETTING, "/nowhere/python")
    panel = opened(sample("naip"))
    assert "Set up engine" in panel.hint.text() and panel.hint.isVisible() and not panel.run.isEnabled()
    assert panel.source.detection.sensor == "naip"


def test_failed_run_is_reported(opened, window, qtbot, tmp_path):
    panel = opened(sample("naip"))
    panel.output.setFilePath(str(tmp_path / "none" / "o.tif"))
    press(panel.run, qtbot)
    qtbot.waitUntil(lambda: any("expected a folder" in text for text in window.messages()), timeout=30000)
    assert len(layers()) == 1


@pytest.mark.parametrize("dark", (False, True))
def test_words_can_be_read_in_light_and_dark(opened, dark):
    from qgis.PyQt.QtGui import QColor, QPalette

    from qgis_plugin.widgets.theme import state_color

    panel = opened(sample("naip"))
    palette = panel.palette()
    palette.setColor(QPalette.ColorRole.Window, QColor("#323232" if dark else "#f0f0f0"))
    panel.setPalette(palette)
    ground = _luminance(palette.color(QPalette.ColorRole.Window))
    for kind in ("good", "fair", "bad"):
        light, deep = sorted((_luminance(QColor(state_color(panel, kind))), ground), reverse=True)
        assert (light + 0.05) / (deep + 0.05) >= 4.5, kind  # WCAG AA


def _luminance(color) -> float:
    parts = (color.redF(), color.greenF(), color.blueF())
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_every_input_has_a_name_and_the_panel_is_narrow(opened):
    panel = opened(sample("naip"))
    panel.more.setCollapsed(False)
    panel.source.reading.setCollapsed(False)
    buddies = {label.buddy() for label in panel.findChildren(QLabel) if label.buddy() is not None}
    for kind in (QComboBox, QLineEdit, QSpinBox):
        for widget in panel.findChildren(kind):
            if widget.objectName() != "qt_spinbox_lineedit" and not isinstance(widget.parent(), QComboBox):
                assert widget.accessibleName() or widget in buddies, widget
    for button in panel.findChildren(QPushButton):
        assert button.text() or button.accessibleName()
    assert panel.minimumSizeHint().width() <= 420 and panel.widget().minimumSizeHint().width() <= 420


def large(tmp_path) -> Path:
    path = tmp_path / "large.vrt"
    gdal.Translate(str(path), sample("naip"), width=9000, height=9000, format="VRT")
    return path


def test_cancel_in_the_message_bar(opened, plugin, window, qtbot, tmp_path):
    panel = opened(large(tmp_path))
    out = tmp_path / "out"
    out.mkdir()
    panel.output.setFilePath(str(out / "o.tif"))
    press(panel.run, qtbot)
    run = plugin.queue.runs[-1]
    qtbot.waitUntil(lambda: " tiles, about " in run.text, timeout=60000)
    assert run.text in window.messages()[0]
    qtbot.waitUntil(lambda: run.percent > 0, timeout=60000)
    start = time.monotonic()
    cancel = next(b for b in window.messageBar().findChildren(QPushButton) if b.text() == "Cancel")
    qtbot.mouseClick(cancel, LEFT)
    qtbot.waitUntil(lambda: any("cancelled" in text for text in window.messages()), timeout=10000)
    assert time.monotonic() - start < 3
    assert not list(out.iterdir()) and not plugin.queue.runs
