"""Find similar places, as a user does: a button, a click on the canvas, a slider; with the real engine."""

import time
from pathlib import Path

import numpy as np
import pytest
from conftest import LEFT, SIZE, TOP, sample, scene_of_fields
from osgeo import gdal
from qgis.core import QgsPointXY, QgsProject, QgsRasterLayer, QgsRectangle
from qgis.gui import QgsVertexMarker
from qgis.PyQt.QtCore import QCoreApplication, QEvent, QPoint, Qt
from qgis.PyQt.QtWidgets import QDockWidget

from qgis_plugin.engine.client import SETTING
from qgis_plugin.engine.modules import catalog, errors
from qgis_plugin.panels.similarity.similarity_map import BLOCK_BYTES, features_mean, map_similarity

LEFT_BUTTON = Qt.MouseButton.LeftButton
DONE_MS = 90_000


@pytest.fixture(scope="module")
def scene(tmp_path_factory) -> str:
    """The left half blue, the right half red; nodata in the corner."""
    return scene_of_fields(tmp_path_factory.mktemp("scene"), [(30, 50, 110), (170, 80, 70)], hole=64)


@pytest.fixture
def panel(plugin, window, layer, scene, settings, qtbot):
    window.messageBar().clearWidgets()
    raster = layer(scene, "my scene")
    window.setActiveLayer(raster)
    window.mainWindow().show()
    canvas = window.mapCanvas()
    canvas.setDestinationCrs(raster.crs())
    canvas.setLayers([raster])
    action = next(a for a in window.toolbar.actions() if a.objectName() == "ofanetFindSimilarPlaces")
    qtbot.mouseClick(window.toolbar.widgetForAction(action), LEFT_BUTTON)
    opened = plugin.panels["similarity"]
    opened.source.tile.setValue(64)
    QCoreApplication.processEvents()  # the canvas has its size now
    canvas.setExtent(raster.extent())
    yield opened
    if plugin.panels.get("similarity") is opened:
        opened.close_down()
        opened.runs.wait(5)
        opened.deleteLater()
        del plugin.panels["similarity"]
    window.layer = None
    window.mainWindow().hide()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def click_map(panel, window, qtbot, column, row):
    """At a pixel of the scene."""
    if not panel.pick.isChecked():
        qtbot.mouseClick(panel.pick, LEFT_BUTTON)
    canvas = window.mapCanvas()
    place = canvas.getCoordinateTransform().transform(QgsPointXY(LEFT + column + 0.5, TOP - row - 0.5))
    qtbot.mouseClick(canvas.viewport(), LEFT_BUTTON, pos=QPoint(round(place.x()), round(place.y())))


def wait(panel, qtbot):
    qtbot.waitUntil(lambda: not panel.runs.busy, timeout=DONE_MS)


def values(layer) -> np.ndarray:
    return gdal.Open(layer.source()).ReadAsArray()


def test_a_click_shows_what_is_similar(panel, window, qtbot):
    assert "click a place" in panel.hint.text() and not panel.threshold.isEnabled()
    click_map(panel, window, qtbot, 52, 180)
    assert panel.runs.cancel.isVisible() and window.mapCanvas().mapTool() is panel.tool
    wait(panel, qtbot)
    layer = panel.similarity.layer()
    assert layer is not None, panel.status.text()
    assert layer.name() == "my scene: similarity" and layer.crs().authid() == "EPSG:32633"
    found = values(layer)
    half = found.shape[1] // 2
    assert np.nanmean(found[:, : half - 2]) > 0.3 and np.nanmean(found[:, half + 2 :]) < 0
    corner = found.shape[0] // 4 - 1  # of which all is nodata
    assert corner > 2 and np.isnan(found[:corner, :corner]).all()
    at = int(180 / SIZE * found.shape[0]), int(52 / SIZE * found.shape[1])
    assert found[at] == pytest.approx(1, abs=1e-5)
    assert layer.renderer().type() == "singlebandpseudocolor" and window.activeLayer().name() == "my scene"
    names = [node.name() for node in QgsProject.instance().layerTreeRoot().findLayers()]
    assert names == ["my scene: similarity", "my scene"]

    features, path = panel.features.path, layer.source()
    before, shown = features.stat().st_mtime_ns, panel.share.text()
    click_map(panel, window, qtbot, 200, 100)  # at once: the features are there
    wait(panel, qtbot)
    found = values(panel.similarity.layer())
    assert np.nanmean(found[:, half + 2 :]) > 0.3 and features.stat().st_mtime_ns == before
    assert not Path(path).exists() and len(QgsProject.instance().mapLayers()) == 2

    panel.threshold.setValue(90)
    assert panel.share.text() != shown and panel.share.text().startswith("0.90 and more: ")
    share = float(panel.share.text().split(": ")[1].split("%")[0]) / 100
    assert share == pytest.approx((found[np.isfinite(found)] >= 0.9).mean(), abs=0.002)
    layer = panel.similarity.layer()
    block = layer.renderer().block(1, layer.extent(), found.shape[1], found.shape[0])
    clear = np.array([[block.color(j, i) >> 24 == 0 for i in range(found.shape[1])] for j in range(found.shape[0])])
    known = np.isfinite(found) & (np.abs(found - 0.9) > 1e-3)
    assert (clear[known] == (found < 0.9)[known]).all()

    canvas = window.mapCanvas()
    canvas.setExtent(QgsRectangle(LEFT + 100, TOP - 200, LEFT + 200, TOP - 100))  # inside what is known
    click_map(panel, window, qtbot, 150, 150)
    wait(panel, qtbot)
    assert panel.features.path == features


def test_places_where_there_is_nothing(panel, window, qtbot):
    click_map(panel, window, qtbot, 10, 10)
    wait(panel, qtbot)
    assert "nodata: click elsewhere" in panel.status.text() and panel.similarity.layer() is None
    assert panel.features is not None  # for the next click
    window.mapCanvas().setExtent(QgsRectangle(LEFT - 200, TOP - 400, LEFT + 400, TOP + 200))
    click_map(panel, window, qtbot, -50, 50)
    assert not panel.runs.busy and "click inside" in panel.status.text()


def test_cancel(panel, window, qtbot):
    panel.source.tile.setValue(16)
    click_map(panel, window, qtbot, 52, 180)
    qtbot.waitUntil(lambda: not panel.runs.busy or panel.runs.progress.maximum() == 100, timeout=DONE_MS)
    qtbot.mouseClick(panel.runs.cancel, LEFT_BUTTON)
    start = time.monotonic()
    wait(panel, qtbot)
    assert time.monotonic() - start < 3 and panel.similarity.layer() is None
    assert panel.status.text() == "Find similar places: cancelled"
    assert not list(panel.folder.iterdir())


def test_a_layer_does_not_land_in_another_project(panel, window, qtbot):
    click_map(panel, window, qtbot, 52, 180)
    QgsProject.instance().clear()
    wait(panel, qtbot)
    assert not QgsProject.instance().mapLayers() and panel.similarity.layer() is None
    assert "project was closed" in panel.status.text() and "similarity.tif" in panel.status.text()
    assert any("project was closed" in text for text in window.messages())


def test_places_are_small_unless_the_user_says_otherwise(panel, layer):
    panel.source.tile.setValue(0)
    model = catalog.find_checkpoint(None, "naip").header["architecture"]
    assert panel.params("s.tif") == {"input": "s.tif", "tile_px": 7 * model["input_px"] // model["patch_px"]}
    panel.source.tile.setValue(64)
    assert panel.params("s.tif")["tile_px"] == 64


def test_another_tool_lets_the_button_go(panel, window, qtbot):
    qtbot.mouseClick(panel.pick, LEFT_BUTTON)
    assert panel.pick.isChecked()
    window.mapCanvas().unsetMapTool(panel.tool)
    assert not panel.pick.isChecked()


def test_a_missing_engine_is_explained(panel, settings):
    settings.setValue(SETTING, "/nowhere/python")
    panel.update_state()
    assert "engine was not found" in panel.hint.text() and not panel.pick.isEnabled()


def test_follows_the_active_raster(panel, window, layer):
    other = layer(sample("sentinel-2"))
    window.setActiveLayer(other)
    assert panel.source.layer() is other


def test_nothing_is_left_after_unload(panel, plugin, window, qtbot):
    click_map(panel, window, qtbot, 52, 180)
    folder = panel.folder
    plugin.unload()
    assert not plugin.panels and not folder.exists()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert not window.mainWindow().findChildren(QDockWidget)
    assert not [item for item in window.mapCanvas().scene().items() if isinstance(item, QgsVertexMarker)]
    plugin.initGui()


def test_the_cosine_is_that_of_numpy_and_blocks_do_not_matter(tmp_path, qgis_app):
    rng = np.random.default_rng(3)
    data = rng.normal(5, 1, (7, 30, 20)).astype(np.float32)
    data[:, 4, 5] = np.nan
    path = str(tmp_path / "f.tif")
    target = gdal.GetDriverByName("GTiff").Create(path, 20, 30, 7, gdal.GDT_Float32)
    target.SetGeoTransform((100, 2, 0, 900, 0, -2))
    target.WriteArray(data)
    target = None
    mean = features_mean(path, lambda: False)
    valid = data[:, np.isfinite(data).all(0)].astype(float)
    np.testing.assert_allclose(mean, valid.mean(1))
    centred, summed, weights = data - mean[:, None, None], np.zeros((7, 30, 20)), np.zeros((30, 20))
    for j, i in np.ndindex(30, 20):
        for dj, di in np.ndindex(3, 3):
            y, x = j + dj - 1, i + di - 1
            if 0 <= y < 30 and 0 <= x < 20 and np.isfinite(data[0, y, x]):
                weight = (2 - abs(dj - 1)) * (2 - abs(di - 1))
                summed[:, j, i] += weight * centred[:, y, x]
                weights[j, i] += weight
    centred = np.where(np.isfinite(data), summed / weights, np.nan)
    wanted = centred[:, 12, 3]
    expected = (wanted[:, None, None] * centred).sum(0) / np.linalg.norm(wanted) / np.linalg.norm(centred, axis=0)
    place = 100 + 3.5 * 2, 900 - 12.5 * 2
    for number, size in enumerate((BLOCK_BYTES, 8 * 7 * 20 * 7)):  # all at once; seven rows at a time
        output = str(tmp_path / f"{number}.tif")
        found = map_similarity(path, place, mean, output, lambda done: None, lambda: False, size)
        written = QgsRasterLayer(found.path)
        np.testing.assert_allclose(gdal.Open(found.path).ReadAsArray(), expected, atol=1e-5)
        assert written.extent() == QgsRectangle(100, 840, 140, 900) and found.counts.sum() == 30 * 20 - 1
        assert found.share_above(-1) == 1 and found.share_above(1) == 0
    assert map_similarity(path, place, mean, str(tmp_path / "c.tif"), lambda done: None, lambda: True) is None
    assert not (tmp_path / "c.tif").exists()
    with pytest.raises(errors.RasterError, match="nodata"):
        hole, output = (100 + 5.5 * 2, 900 - 4.5 * 2), str(tmp_path / "n.tif")
        map_similarity(path, hole, mean, output, lambda done: None, lambda: False)
