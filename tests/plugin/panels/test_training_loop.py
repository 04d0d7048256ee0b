"""Train from polygons, the loop: train, map, go to uncertain places, save; with the real engine."""

import time
from pathlib import Path

from conftest import SIZE
from osgeo import gdal
from qgis.core import (
    QgsPalettedRasterRenderer,
    QgsProject,
    QgsRectangle,
)
from qgis.gui import QgsRubberBand
from qgis.PyQt.QtCore import QCoreApplication, QEvent
from qgis.PyQt.QtGui import QColor
from qgis.PyQt.QtWidgets import QDockWidget, QMessageBox
from training_steps import SECOND_ROOF, TRAINED_MS, apply, click, draw, drawn, made_rasters, panel, rows, scene, train  # noqa: F401

from qgis_plugin.engine.client import ENGINE, SETTING
from qgis_plugin.engine.modules import catalog, colors
from qgis_plugin.models import user_models as models
from qgis_plugin.widgets.head_choice import HeadChoice


def check_saved_head(panel, qtbot):  # noqa: F811
    """Saved under a name, it is offered by other panels, and the engine maps with it."""
    panel.name.setText("my roofs")
    click(qtbot, panel.save)
    try:
        saved = models.models_dir() / "my roofs.safetensors"
        header = catalog.read_header(saved)
        grass = next(entry["color"] for entry in header["classes"] if entry["name"] == "grass")
        assert header["name"] == "my roofs" and grass == colors.LAND_COVER["grass"]
        heads = HeadChoice()
        heads.set_sensor(header["sensor"])
        assert "★ my roofs" in [heads.head.itemText(i) for i in range(heads.head.count())]
        out = saved.with_suffix(".tif")
        ENGINE.run(
            "segment",
            {
                "input": QgsProject.instance().mapLayersByName("my scene")[0].source(),
                "head": str(saved),
                "output": str(out),
                "overlap": 0.0,
            },
        )
        assert gdal.Open(str(out)).GetMetadata("OFANET")["HEAD"] == "my roofs"
    finally:
        for path in models.models_dir().iterdir():
            path.unlink()


def test_draw_train_map_look_draw_train_save(panel, window, qtbot):  # noqa: F811
    layer = drawn(panel, qtbot)
    train(panel, qtbot)
    assert "Mean IoU" in panel.score.label.text() and "3 classes" in panel.status.text()
    matrix = panel.score.matrix
    assert matrix._names == ["water", "grass", "roof"] and matrix.height() > 60
    assert matrix._colors[0] == QColor("#2a6fd1") and "roof: not scored" in matrix.accessibleDescription()
    assert not panel.uncertain.isEnabled()

    apply(panel, qtbot)
    classes = next(made for made in made_rasters() if made.name().endswith("classes"))
    assert isinstance(classes.renderer(), QgsPalettedRasterRenderer) and classes.opacity() < 1
    assert {c.label: c.color.name() for c in classes.renderer().classes()}["water"] == "#2a6fd1"
    group = QgsProject.instance().layerTreeRoot().findGroup("OFA-Net on my scene")
    assert [node.name().split(": ")[-1] for node in group.findLayers()] == ["classes", "confidence"]
    order = [node.name() for node in QgsProject.instance().layerTreeRoot().findLayers()]
    assert order[-1] == "my scene" and order.index(layer.name()) == 0  # the polygons are drawn over the map
    assert window.activeLayer() is layer
    whole = panel.map.confidence().extent()
    assert whole.width() == SIZE and whole.height() == SIZE

    canvas, visited = window.mapCanvas(), []
    for number in (1, 2, 3):
        click(qtbot, panel.uncertain)
        visited.append(canvas.extent().center().toString(0))
        assert canvas.extent().width() < SIZE and f"Place {number}" in panel.status.text()
    assert len(set(visited)) == 3 and canvas.scene().items()
    files = [made.source() for made in made_rasters()]

    draw(layer, SECOND_ROOF)
    qtbot.waitUntil(lambda: rows(panel)["roof"][0] == "2")
    start = time.monotonic()
    click(qtbot, panel.train)
    qtbot.waitUntil(lambda: panel.trainings == 2 and not panel.runs.busy, timeout=TRAINED_MS)  # and the map after it
    assert time.monotonic() - start < 60
    assert "(before: " in panel.score.label.text() and "not scored" not in panel.score.matrix.accessibleDescription()
    assert panel.status.text() == "The map is up to date"
    assert len(made_rasters()) == 2 and panel.map.confidence().extent() == whole  # not the place that is shown now
    assert not set(files) & {made.source() for made in made_rasters()}
    assert not any(Path(file).exists() for file in files)

    check_saved_head(panel, qtbot)


def test_saving_asks_before_it_replaces(panel, qtbot, monkeypatch):  # noqa: F811
    drawn(panel, qtbot)
    train(panel, qtbot)
    questions = []
    monkeypatch.setattr(QMessageBox, "question", lambda *a: questions.append(a) or QMessageBox.StandardButton.No)
    try:
        for name in ("", "a/b", ".."):
            panel.name.setText(name)
            click(qtbot, panel.save)
            assert "Expected a name" in panel.status.text()
        panel.name.setText("mine")
        click(qtbot, panel.save)
        before = (models.models_dir() / "mine.safetensors").stat().st_mtime_ns
        click(qtbot, panel.save)
        assert questions and (models.models_dir() / "mine.safetensors").stat().st_mtime_ns == before
    finally:
        for path in models.models_dir().iterdir():
            path.unlink()


def test_cancel_keeps_what_was_there(panel, qtbot):  # noqa: F811
    drawn(panel, qtbot)
    panel.source.tile.setValue(16)  # many tiles
    click(qtbot, panel.train)
    qtbot.waitUntil(lambda: not panel.runs.busy or panel.runs.progress.maximum() == 100, timeout=TRAINED_MS)
    click(qtbot, panel.runs.cancel)
    start = time.monotonic()
    qtbot.waitUntil(lambda: not panel.runs.busy, timeout=10_000)
    assert time.monotonic() - start < 3 and panel.status.text() == "Training: cancelled"
    assert panel.head is None and not list(panel.folder.iterdir()) and panel.train.isVisible()
    panel.source.tile.setValue(64)
    train(panel, qtbot)


def test_a_missing_engine_is_explained(panel, settings, qtbot):  # noqa: F811
    drawn(panel, qtbot)
    settings.setValue(SETTING, "/nowhere/python")
    panel.count_polygons()
    assert "engine was not found" in panel.hint.text() and not panel.train.isEnabled()
    settings.remove(SETTING)
    panel.count_polygons()
    assert panel.train.isEnabled()


def test_what_the_engine_refuses_is_shown(panel, window, qtbot):  # noqa: F811
    layer = drawn(panel, qtbot)
    layer.setSubsetString("")
    panel.source.bands.setText("1,2,9")
    panel.source.bands.editingFinished.emit()
    assert "not recognised" in panel.hint.text() and not panel.train.isEnabled()


def test_apply_says_where_the_canvas_is_elsewhere(panel, window, qtbot):  # noqa: F811
    drawn(panel, qtbot)
    train(panel, qtbot)
    window.mapCanvas().setExtent(QgsRectangle(0, 0, 10, 10))
    click(qtbot, panel.apply)
    assert "does not show the raster" in panel.status.text() and not panel.runs.busy


def test_a_map_does_not_land_in_another_project(panel, window, qtbot):  # noqa: F811
    drawn(panel, qtbot)
    train(panel, qtbot)
    click(qtbot, panel.apply)
    QgsProject.instance().clear()
    qtbot.waitUntil(lambda: not panel.runs.busy, timeout=TRAINED_MS)
    assert not QgsProject.instance().mapLayers() and panel.map.confidence() is None
    assert "project was closed" in panel.status.text() and "OUTPUT.tif" in panel.status.text()
    assert any("project was closed" in text for text in window.messages())
    assert panel.head is not None  # a head belongs to no project


def test_nothing_is_left_after_unload(panel, plugin, window, qtbot):  # noqa: F811
    folder = panel.folder
    drawn(panel, qtbot)
    click(qtbot, panel.train)
    plugin.unload()
    assert not plugin.panels and not folder.exists()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert not window.mainWindow().findChildren(QDockWidget)
    assert not [item for item in window.mapCanvas().scene().items() if isinstance(item, QgsRubberBand)]
    plugin.initGui()
