"""After a map by a head that comes with the plugin: "Not right? Draw ten polygons", and where that leads."""

import shutil
from pathlib import Path

import pytest
from conftest import sample
from qgis.core import QgsProject, QgsVectorLayer
from qgis.PyQt.QtCore import QCoreApplication, QEvent, Qt

from qgis_plugin.panels.training import training_layer

DONE_MS = 90_000


@pytest.fixture
def panel(plugin, window, layer, settings, qtbot):
    """Classify layer, opened on a scene whose canvas shows a part of it."""
    window.messageBar().clearWidgets()
    raster = layer(sample("naip"), "my scene")
    window.setActiveLayer(raster)
    canvas = window.mapCanvas()
    canvas.setDestinationCrs(raster.crs())
    canvas.setLayers([raster])
    extent = raster.extent()
    extent.scale(0.3)
    canvas.setExtent(extent)
    window.mainWindow().show()
    qtbot.mouseClick(window.toolbar.widgetForAction(window.toolbar.actions()[0]), Qt.MouseButton.LeftButton)
    yield plugin.panels["classify"]
    plugin.queue.close()
    qtbot.waitUntil(lambda: not plugin.queue.runs, timeout=10_000)
    plugin.queue._closed = False
    for name in ("classify", "training"):
        opened = plugin.panels.pop(name, None)
        if opened is not None:
            opened.close_down()
            opened.deleteLater()
    window.layer = None
    window.mainWindow().hide()
    for made in polygon_layers():
        if made.isEditable():
            made.rollBack()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def polygon_layers() -> list[QgsVectorLayer]:
    return [one for one in QgsProject.instance().mapLayers().values() if isinstance(one, QgsVectorLayer)]


def preview(panel, qtbot, plugin):
    assert panel.preview.isEnabled(), panel.hint.text()
    qtbot.mouseClick(panel.preview, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not plugin.queue.runs, timeout=DONE_MS)


def test_the_link_opens_training_with_the_raster_and_the_classes(panel, plugin, window, qtbot):
    offer, raster, head = panel.draw_offer, panel.source.layer(), panel.head.current()
    assert not offer.isVisible() and head.included
    preview(panel, qtbot, plugin)
    assert offer.isVisible() and offer.text() == 'Not right? <a href="draw">Draw ten polygons</a>'
    offer.linkActivated.emit("draw")
    training = plugin.panels["training"]
    assert training.isVisible() and training.source.layer() is raster and not offer.isVisible()
    (layer,) = polygon_layers()
    assert layer is training.inputs.labels.currentLayer() is window.activeLayer()
    assert QgsProject.instance().layerTreeRoot().layerOrder()[0] is layer, "above the map"
    assert layer.isEditable() and layer.crs() == raster.crs() and not layer.featureCount()
    expected = {entry["name"]: entry["color"].lower() for entry in head.header["classes"]}
    assert training_layer.listed_classes(layer, training_layer.FIELD) == expected
    assert {row.name: row.color for row in training.counts.rows} == expected
    assert all(row.warnings() == ["draw a polygon"] for row in training.counts.rows)
    panel.draw_offer.make(raster.id(), head)
    offer.linkActivated.emit("draw")
    assert polygon_layers() == [layer], "the layer is there already"


def test_no_offer_once_another_raster_is_chosen_or_the_map_failed(panel, plugin, window, layer, qtbot, tmp_path):
    preview(panel, qtbot, plugin)
    assert panel.draw_offer.isVisible()
    window.setActiveLayer(layer(sample("gaofen")))
    assert not panel.draw_offer.isVisible()
    panel.output.setFilePath(str(tmp_path / "none" / "o.tif"))
    qtbot.mouseClick(panel.run, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not plugin.queue.runs, timeout=DONE_MS)
    assert not panel.draw_offer.isVisible()


def test_a_removed_raster_has_nothing_to_draw_on(panel, plugin, qtbot):
    preview(panel, qtbot, plugin)
    QgsProject.instance().removeMapLayer(panel.source.layer().id())
    panel.draw_offer.linkActivated.emit("draw")
    assert "training" not in plugin.panels and not polygon_layers()


def test_no_offer_after_a_map_by_ones_own_head(panel, plugin, qtbot, tmp_path):
    own = Path(shutil.copy(panel.head.current().path, tmp_path / "own.safetensors"))
    assert panel.head.choose(own) and not panel.head.current().included
    preview(panel, qtbot, plugin)
    assert not panel.draw_offer.isVisible()
