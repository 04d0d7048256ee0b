"""Runs of the panel: they wait for each other, can be cancelled, are in Processing's history; previews; the same window
of Processing."""

import time
from pathlib import Path

import processing
import pytest
import qgis.utils
from conftest import sample
from qgis.core import (
    QgsApplication,
    QgsFeature,
    QgsGeometry,
    QgsProcessingOutputLayerDefinition,
    QgsProject,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis.gui import QgsBrowserGuiModel, QgsGui
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QToolButton
from test_action import DONE_MS, LEFT, choose_task, large, layers, opened, press  # noqa: F401

from qgis_plugin.panels.classify.preview import FIRST_TILES, LEAST_TILES, MOST_TILES, cropped, most_tiles
from qgis_plugin.runs.panel_run import RunState
from qgis_plugin.widgets.extent_input import CANVAS, POLYGONS
from qgis_plugin.widgets.tile_size_input import tiles_along


@pytest.fixture(autouse=True)
def clean(window, settings):
    window.messageBar().clearWidgets()
    yield
    window.layer = None
    QgsProject.instance().removeAllMapLayers()
    QgsProject.instance().layerTreeRoot().removeAllChildren()


def queue_two(panel, window, layer, qtbot, tmp_path):
    """A long run of one layer, then one of another."""
    panel.output.setFilePath(str(tmp_path / "one.tif"))
    press(panel.run, qtbot)
    window.setActiveLayer(layer(sample("gaofen"), "second"))
    panel.output.setFilePath(str(tmp_path / "two.tif"))
    press(panel.run, qtbot)


def our_tasks() -> list[str]:
    return [task.description() for task in QgsApplication.taskManager().activeTasks()]


def test_two_runs_one_after_the_other(opened, plugin, window, layer, qtbot, tmp_path):  # noqa: F811
    panel = opened(sample("naip"), "first")
    queue_two(panel, window, layer, qtbot, tmp_path)
    first, second = plugin.queue.runs
    assert first.state is RunState.RUNNING and second.state is RunState.WAITING
    assert our_tasks() == ["Classify first"]  # a run that waits holds no thread
    assert window.messages()[:2] == [first.text, second.text] and "waiting" in second.text  # what moves is on top
    qtbot.waitUntil(lambda: second.state is not RunState.WAITING, timeout=DONE_MS)
    assert plugin.queue.runs == [second] and (tmp_path / "one.tif").exists() and not (tmp_path / "two.tif").exists()
    qtbot.waitUntil(lambda: not plugin.queue.runs, timeout=DONE_MS)
    assert (tmp_path / "two.tif").exists() and len(layers()) == 4


def test_a_waiting_run_is_cancelled_in_the_panel(opened, plugin, window, layer, qtbot, tmp_path):  # noqa: F811
    panel = opened(sample("naip"), "first")
    queue_two(panel, window, layer, qtbot, tmp_path)
    first, _second = plugin.queue.runs
    cancel = [button for button in panel.findChildren(QToolButton) if button.text() == "Cancel"]
    start = time.monotonic()
    qtbot.mouseClick(cancel[1], LEFT)
    qtbot.waitUntil(lambda: plugin.queue.runs == [first], timeout=2000)
    assert time.monotonic() - start < 1 and "Classify second: cancelled" in " ".join(window.messages())
    qtbot.waitUntil(lambda: not plugin.queue.runs, timeout=DONE_MS)
    assert (tmp_path / "one.tif").exists() and not (tmp_path / "two.tif").exists()


def test_a_cancelled_run_lets_the_next_one_begin(opened, plugin, window, layer, qtbot, tmp_path):  # noqa: F811
    panel = opened(large(tmp_path), "first")
    queue_two(panel, window, layer, qtbot, tmp_path)
    first, second = plugin.queue.runs
    qtbot.waitUntil(lambda: first.percent > 0, timeout=DONE_MS)
    start = time.monotonic()
    first.cancel()
    qtbot.waitUntil(lambda: second.state is not RunState.WAITING, timeout=5000)
    assert time.monotonic() - start < 2
    qtbot.waitUntil(lambda: not plugin.queue.runs, timeout=DONE_MS)
    assert (tmp_path / "two.tif").exists() and not (tmp_path / "one.tif").exists()


def test_unload_ends_the_runs_that_wait(opened, plugin, window, layer, qtbot, tmp_path):  # noqa: F811
    panel = opened(large(tmp_path), "first")
    queue_two(panel, window, layer, qtbot, tmp_path)
    plugin.queue.close()
    plugin.queue.wait(2.0)
    qtbot.waitUntil(lambda: not plugin.queue.runs, timeout=3000)
    assert not list(tmp_path.glob("*.tif"))


def test_a_run_can_be_run_again_from_the_history(opened, plugin, qtbot, tmp_path):  # noqa: F811
    panel = opened(sample("naip"), "my scene")
    panel.output.setFilePath(str(tmp_path / "o.tif"))
    before = {entry.id for entry in QgsGui.historyProviderRegistry().queryEntries()}
    press(panel.run, qtbot)
    qtbot.waitUntil(lambda: not plugin.queue.runs, timeout=DONE_MS)
    (made,) = [one for one in QgsGui.historyProviderRegistry().queryEntries() if one.id not in before]
    assert made.providerId == "processing" and made.entry["algorithm_id"] == "ofanet:segment"
    assert made.entry["results"]["OUTPUT"] == str(tmp_path / "o.tif") and "water" in made.entry["log"]
    assert made.entry["python_command"].startswith('processing.run("ofanet:segment"')
    assert "qgis_process run ofanet:segment" in made.entry["process_command"]
    found = made.entry["parameters"]["inputs"]
    assert found["INPUT"] == sample("naip") and found["HEAD"] == str(panel.head.current().path)
    again = processing.run("ofanet:segment", {**found, "OUTPUT": str(tmp_path / "again.tif")})
    assert Path(again["OUTPUT"]).read_bytes()


def test_open_as_algorithm_carries_the_parameters(opened, window, qtbot, tmp_path, monkeypatch):  # noqa: F811
    panel = opened(sample("naip"), "my scene")
    polygons = QgsVectorLayer("Polygon?crs=" + panel.source.layer().crs().authid(), "fields", "memory")
    feature = QgsFeature()
    feature.setGeometry(QgsGeometry.fromRect(panel.source.layer().extent().scaled(0.5)))
    polygons.dataProvider().addFeatures([feature])
    QgsProject.instance().addMapLayer(polygons)
    panel.area.mode.setCurrentIndex(panel.area.mode.findData(POLYGONS))
    panel.area.polygons.setLayer(polygons)
    panel.detail.choice.setCurrentIndex(panel.detail.choice.findData("fine"))
    panel.more.device.setCurrentIndex(panel.more.device.findData("cpu"))
    panel.more.polygons.on.setChecked(True)
    panel.more.min_area.setValue(0.25)
    panel.output.setFilePath(str(tmp_path / "o.tif"))
    shown = panel.parameters()
    browser = QgsBrowserGuiModel()
    monkeypatch.setattr(qgis.utils.iface, "browserModel", lambda: browser)  # Processing's own way to the window
    press(panel.algorithm, qtbot)
    dialog = panel._window
    assert dialog.isVisible() and dialog.algorithm().id() == "ofanet:segment"
    found = dialog.createProcessingParameters()
    for name in ("HEAD", "TILE_SIZE", "DEVICE", "MIN_AREA", "SENSOR", "UNITS"):
        assert found[name] == shown[name], name
    assert found["TILE_SIZE"] == panel.head.current().header["tile_px"] // 2
    assert found["INPUT"] in (panel.source.layer().id(), panel.source.layer().source())
    assert found["MASK"] in (polygons.id(), polygons) or found["MASK"].source.staticValue() == polygons.id()
    assert _target(found["OUTPUT"]) == str(tmp_path / "o.tif") and _target(found["OUTPUT_POLYGONS"])
    dialog.close()


def _target(value) -> str:
    return value.sink.staticValue() if isinstance(value, QgsProcessingOutputLayerDefinition) else value


def test_the_panel_without_a_mouse(opened, qtbot):  # noqa: F811
    panel = opened(sample("naip"))
    panel.source.raster.setFocus()
    order = []
    for _ in range(40):
        focus = panel.window().focusWidget()
        if focus not in order:  # a label with a link has it twice
            order.append(focus)
        qtbot.keyClick(focus, Qt.Key.Key_Tab)
    wanted = [
        panel.source.raster,
        panel.head.head,
        panel.area.mode,
        panel.detail.choice,
        panel.output.lineEdit(),
        panel.algorithm,
        panel.preview,
        panel.run,
    ]
    at = [order.index(widget) for widget in wanted if widget in order]
    assert len(at) == len(wanted) and at == sorted(at)


# --- another project ----------------------------------------------------------------------------------------------


def replace_project(how: str, tmp_path) -> list[str]:
    """Closes the project, or opens another one; returns the names of the layers that are there then."""
    project = QgsProject.instance()
    if how == "clear":
        project.clear()
        return []
    other, path = QgsProject(), str(tmp_path / "other.qgz")
    other.addMapLayer(QgsVectorLayer("Point", "points", "memory"))
    assert other.write(path) and project.read(path)
    return ["points"]


@pytest.mark.parametrize("how", ("clear", "read"))
def test_a_result_does_not_land_in_another_project(opened, plugin, window, qtbot, tmp_path, how):  # noqa: F811
    panel = opened(sample("naip"), "first")
    output = tmp_path / "one.tif"
    panel.output.setFilePath(str(output))
    press(panel.run, qtbot)
    expected = replace_project(how, tmp_path)
    qtbot.waitUntil(lambda: not plugin.queue.runs, timeout=DONE_MS)
    assert [layer.name() for layer in layers()] == expected
    assert not QgsProject.instance().layerTreeRoot().findGroups()
    (message,) = [text for text in window.messages() if "project was closed" in text]
    assert "Classify first: done" in message and str(output) in message
    assert output.exists() and output.with_suffix(".qml").exists()  # opened alone, it is styled


def test_a_run_that_waits_ends_with_its_project(opened, plugin, window, layer, qtbot, tmp_path):  # noqa: F811
    panel = opened(sample("naip"), "first")
    queue_two(panel, window, layer, qtbot, tmp_path)
    first, second = plugin.queue.runs
    QgsProject.instance().clear()
    assert second.state is RunState.CANCELLED and plugin.queue.runs == [first]
    assert "Classify second: cancelled, since its project was closed" in " ".join(window.messages())
    qtbot.waitUntil(lambda: not plugin.queue.runs, timeout=DONE_MS)
    assert (tmp_path / "one.tif").exists() and not (tmp_path / "two.tif").exists() and not layers()


def test_a_preview_does_not_land_in_another_project(opened, plugin, window, qtbot, tmp_path):  # noqa: F811
    panel = opened(sample("naip"), "first")
    look_at(window, panel.source.layer(), 0.3)
    press(panel.preview, qtbot)
    expected = replace_project("read", tmp_path)
    qtbot.waitUntil(lambda: not plugin.queue.runs, timeout=DONE_MS)
    assert [layer.name() for layer in layers()] == expected
    assert any("Preview of first: done" in text and "OUTPUT.tif" in text for text in window.messages())


# --- preview ------------------------------------------------------------------------------------------------------


def look_at(window, raster, share: float):
    canvas = window.mapCanvas()
    canvas.setDestinationCrs(raster.crs())
    canvas.setLayers([raster])
    canvas.setExtent(raster.extent().scaled(share))
    QgsApplication.processEvents()


def preview(panel, plugin, qtbot):
    press(panel.preview, qtbot)
    qtbot.waitUntil(lambda: not plugin.queue.runs, timeout=DONE_MS)


def test_preview_is_cropped_and_replaced(opened, plugin, window, qtbot):  # noqa: F811
    panel = opened(sample("naip"), "my scene")
    raster = panel.source.layer()
    look_at(window, raster, 1.0)
    preview(panel, plugin, qtbot)
    (made,) = [layer for layer in layers() if layer is not raster]
    root = QgsProject.instance().layerTreeRoot()
    (group,) = root.findGroups()
    assert group.name() == "Preview on my scene" and made.name() == "my scene: classes"
    assert made.extent().width() < raster.extent().width() and "middle" in panel.status.text()
    assert made.extent().center().distance(window.mapCanvas().extent().center()) < 5
    file = Path(made.source())
    look_at(window, raster, 0.2)
    preview(panel, plugin, qtbot)
    (again,) = [layer for layer in layers() if layer is not raster]
    assert again is not made and not file.exists()
    assert root.findGroups() == [group]
    assert "middle" not in panel.status.text()
    window.setActiveLayer(again)
    assert panel.source.layer() is raster
    press(panel.run, qtbot)
    qtbot.waitUntil(lambda: not plugin.queue.runs, timeout=DONE_MS)  # the map takes the preview's place
    assert len(layers()) == 2 and not panel.status.text()
    assert not [group for group in root.findGroups() if "Preview" in group.name()]


def test_preview_of_another_raster_and_of_tiles(opened, plugin, window, layer, qtbot):  # noqa: F811
    panel = opened(sample("naip"), "first")
    look_at(window, panel.source.layer(), 0.3)
    preview(panel, plugin, qtbot)
    second = layer(sample("gaofen"), "second")
    window.setActiveLayer(second)
    look_at(window, second, 0.5)
    preview(panel, plugin, qtbot)
    (group,) = QgsProject.instance().layerTreeRoot().findGroups()
    assert group.name() == "Preview on second" and len(layers()) == 3
    window.setActiveLayer(QgsProject.instance().mapLayersByName("first")[0])
    choose_task(panel, "classify")
    look_at(window, panel.source.layer(), 0.5)
    preview(panel, plugin, qtbot)
    (made,) = [one for one in layers() if isinstance(one, QgsVectorLayer)]
    assert made.renderer().type() == "categorizedSymbol" and made.featureCount() > 0


def test_preview_comes_before_the_runs_that_wait(opened, plugin, window, layer, qtbot, tmp_path):  # noqa: F811
    panel = opened(sample("naip"), "first")
    queue_two(panel, window, layer, qtbot, tmp_path)
    look_at(window, panel.source.layer(), 0.2)
    press(panel.preview, qtbot)
    press(panel.preview, qtbot)  # the second takes the place of the first
    assert [run.title for run in plugin.queue.runs] == ["Classify first", "Preview of second", "Classify second"]
    qtbot.waitUntil(lambda: not plugin.queue.runs, timeout=DONE_MS)


def test_a_preview_that_shows_nothing_says_so(opened, plugin, window, qtbot):  # noqa: F811
    panel = opened(sample("naip"))
    extent = panel.source.layer().extent()
    look_at(window, panel.source.layer(), 1.0)
    window.mapCanvas().setExtent(
        type(extent)(extent.xMaximum() + 10, extent.yMaximum() + 10, extent.xMaximum() + 20, extent.yMaximum() + 20)
    )
    press(panel.preview, qtbot)
    assert "zoom to it" in panel.status.text() and not plugin.queue.runs
    panel.area.mode.setCurrentIndex(panel.area.mode.findData(CANVAS))
    assert "zoom to it" in panel.hint.text() and not panel.run.isEnabled()


@pytest.mark.parametrize("size", ((5000, 3000), (300, 4000), (100, 90), (20, 20)))
@pytest.mark.parametrize("overlap", (0.0, 0.25))
def test_a_crop_has_no_more_tiles_than_it_may(size, overlap):
    seen = QgsRectangle(1000, 2000, 1000 + 2 * size[0], 2000 + 3 * size[1])
    part = cropped(seen, (2.0, 3.0), 64, overlap, FIRST_TILES)
    columns, rows = round(part.width() / 2), round(part.height() / 3)
    tiles = tiles_along(columns, 64, overlap, not overlap) * tiles_along(rows, 64, overlap, not overlap)
    assert tiles <= FIRST_TILES and seen.contains(part)
    assert part.center().distance(seen.center()) < 1e-6
    if max(size) <= 100:
        assert part == seen
    else:
        assert tiles > FIRST_TILES / 2


def test_how_many_tiles_a_preview_has():
    assert most_tiles(None) == FIRST_TILES and most_tiles(0.1) == LEAST_TILES and most_tiles(1e6) == MOST_TILES
    assert most_tiles(10.0) == 80
