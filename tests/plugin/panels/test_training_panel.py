"""Train from polygons, as a user does: widgets are clicked, the real engine trains and maps."""

import time
from pathlib import Path

import numpy as np
import pytest
from conftest import LEFT, SIZE, TOP, sample, scene_of_fields
from osgeo import gdal
from qgis.core import (
    QgsCategorizedSymbolRenderer,
    QgsFeature,
    QgsGeometry,
    QgsPalettedRasterRenderer,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis.gui import QgsRubberBand
from qgis.PyQt.QtCore import QCoreApplication, QEvent, Qt
from qgis.PyQt.QtGui import QColor, QPalette
from qgis.PyQt.QtWidgets import QDockWidget, QMessageBox

from qgis_plugin.engine.client import ENGINE, SETTING
from qgis_plugin.engine.modules import catalog, errors
from qgis_plugin.models import user_models as models
from qgis_plugin.panels.training import save_head, training_counts, training_layer, uncertain
from qgis_plugin.widgets.confusion_matrix import ConfusionMatrix, readable_on, shade
from qgis_plugin.widgets.head_choice import HeadChoice

LEFT_BUTTON = Qt.MouseButton.LeftButton
# class, first and last column and row: in several places of their thirds
POLYGONS = [
    ("water", 5, 40, 10, 60),
    ("water", 20, 70, 150, 220),
    ("grass", 95, 140, 20, 80),
    ("grass", 100, 160, 160, 230),
    ("roof", 185, 230, 10, 70),
]
SECOND_ROOF = ("roof", 190, 245, 150, 230)
TRAINED_MS = 120_000


@pytest.fixture(scope="module")
def scene(tmp_path_factory) -> str:
    """Thirds of blue, green and red."""
    return scene_of_fields(tmp_path_factory.mktemp("scene"), [(30, 50, 110), (60, 130, 50), (170, 80, 70)])


@pytest.fixture
def panel(plugin, window, layer, scene, settings, qtbot):
    """Opened on the scene with a click on the toolbar, with tiles that are quick."""
    window.messageBar().clearWidgets()
    raster = layer(scene, "my scene")
    window.setActiveLayer(raster)
    canvas = window.mapCanvas()
    canvas.setDestinationCrs(raster.crs())
    canvas.setLayers([raster])
    canvas.setExtent(raster.extent())
    window.mainWindow().show()
    button = window.toolbar.widgetForAction(window.toolbar.actions()[1])
    qtbot.mouseClick(button, LEFT_BUTTON)
    opened = plugin.panels["training"]
    opened.source.tile.setValue(64)
    yield opened
    if plugin.panels.get("training") is opened:
        opened.close_down()
        opened.wait(5)
        opened.deleteLater()
        del plugin.panels["training"]
    window.layer = None
    window.mainWindow().hide()
    for made in QgsProject.instance().mapLayers().values():
        if isinstance(made, QgsVectorLayer) and made.isEditable():
            made.rollBack()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def click(qtbot, button):
    assert button.isEnabled() and button.isVisible()
    qtbot.mouseClick(button, LEFT_BUTTON)


def new_layer(panel, qtbot) -> QgsVectorLayer:
    click(qtbot, panel.inputs.new)
    return panel.inputs.labels.currentLayer()


def draw(layer, polygon):
    """What the polygon tool does at the end: a feature, without a class where that is empty."""
    name, first, last, top, bottom = polygon
    feature = QgsFeature(layer.fields())
    feature.setAttribute("class", name or None)
    feature.setGeometry(QgsGeometry.fromRect(QgsRectangle(LEFT + first, TOP - bottom, LEFT + last, TOP - top)))
    assert layer.addFeature(feature)


def drawn(panel, qtbot, polygons=POLYGONS) -> QgsVectorLayer:
    layer = new_layer(panel, qtbot)
    for name in dict.fromkeys(polygon[0] for polygon in polygons):
        add_class(panel, qtbot, name)
    for polygon in polygons:
        draw(layer, polygon)
    qtbot.waitUntil(lambda: sum(row.polygons for row in panel._counted.rows) == len(polygons))
    return layer


def add_class(panel, qtbot, name):
    qtbot.keyClicks(panel.classes.name, name)
    click(qtbot, panel.classes.add)


def rows(panel) -> dict[str, list[str]]:
    """Class -> polygons, pixels, warnings."""
    table, found = panel.classes.table, {}
    for i in range(table.rowCount()):
        if table.columnSpan(i, 0) == 3:
            found[table.item(i - 1, 0).text()][2] = table.item(i, 0).text()
        else:
            found[table.item(i, 0).text()] = [table.item(i, 1).text(), table.item(i, 2).text(), ""]
    return found


def train(panel, qtbot):
    click(qtbot, panel.train)
    assert panel.cancel.isVisible() and not panel.train.isVisible()
    qtbot.waitUntil(lambda: panel._job is None, timeout=TRAINED_MS)
    assert panel._head is not None, panel.status.text()


def apply(panel, qtbot):
    click(qtbot, panel.apply)
    qtbot.waitUntil(lambda: panel._job is None, timeout=TRAINED_MS)
    assert panel._map.confidence() is not None, panel.status.text()


def made_rasters() -> list[QgsRasterLayer]:
    layers = QgsProject.instance().mapLayers().values()
    return [made for made in layers if isinstance(made, QgsRasterLayer) and made.name() != "my scene"]


# --- polygons ----------------------------------------------------------------------------------------------------


def test_new_layer_is_ready_to_draw_in(panel, window, qtbot):
    started = []
    window.actionAddFeature().triggered.connect(lambda: started.append(True))
    assert not panel.classes.add.isVisible() and "make one with New" in panel.hint.text()
    layer = new_layer(panel, qtbot)
    assert layer.isEditable() and started and window.activeLayer() is layer
    assert layer.crs() == QgsProject.instance().mapLayersByName("my scene")[0].crs()
    assert layer.fields().names() == ["class"] and isinstance(layer.renderer(), QgsCategorizedSymbolRenderer)
    assert not panel.train.isEnabled() and "two classes" in panel.hint.text()
    add_class(panel, qtbot, "Water bodies")
    add_class(panel, qtbot, "x-ray")
    assert list(training_layer.listed_classes(layer, "class")) == ["Water bodies", "x-ray"]
    assert training_layer.listed_classes(layer, "class")["Water bodies"] == "#2a6fd1"
    setup = layer.editorWidgetSetup(0)
    assert setup.type() == "ValueMap" and {"x-ray": "x-ray"} in setup.config()["map"]
    assert rows(panel)["x-ray"] == ["0", "0", "\u26a0 draw a polygon"]


def test_layer_in_a_geopackage(panel, qtbot, tmp_path):
    path = tmp_path / "mine.gpkg"
    panel.inputs.create(str(path))
    layer = panel.inputs.labels.currentLayer()
    assert layer.isValid() and layer.isEditable() and path.exists() and layer.fields().names() == ["fid", "class"]
    add_class(panel, qtbot, "forest")
    draw(layer, ("forest", 10, 20, 10, 20))
    assert layer.commitChanges() and layer.featureCount() == 1
    panel.inputs.create(str(path))  # again: one more layer, the first one stays
    assert panel.inputs.labels.currentLayer().source().endswith("|layername=training_polygons_2")
    assert QgsVectorLayer(f"{path}|layername=training_polygons").featureCount() == 1
    panel.inputs.create(str(tmp_path / "none" / "mine.gpkg"))
    assert "could not be written" in panel.status.text()


def test_a_polygon_asks_for_its_class_with_one_click(panel, qtbot):
    layer = new_layer(panel, qtbot)
    for name in ("water", "grass"):
        add_class(panel, qtbot, name)
    draw(layer, ("", 10, 50, 10, 50))
    qtbot.waitUntil(lambda: panel.asker.menu is not None)
    menu = panel.asker.menu
    assert menu.activeAction().text().endswith("grass")  # the last class: Return takes it
    water = menu.actions()[0]
    qtbot.mouseClick(menu, LEFT_BUTTON, pos=menu.actionGeometry(water).center())
    qtbot.waitUntil(lambda: rows(panel)["water"][:2] == ["1", "1,600"])
    assert [f["class"] for f in layer.getFeatures()] == ["water"]
    draw(layer, ("", 60, 80, 10, 50))
    qtbot.waitUntil(lambda: panel.asker.menu is not None)
    qtbot.keyClick(panel.asker.menu, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: "no class yet" in rows(panel))
    assert "give them a class" in rows(panel)["no class yet"][2]
    qtbot.waitUntil(lambda: panel.asker.menu is None)
    table = panel.classes.table
    place = table.visualItemRect(table.item(table.rowCount() - 1, 0)).center()
    qtbot.mouseClick(table.viewport(), LEFT_BUTTON, pos=place)
    qtbot.waitUntil(lambda: panel.asker.menu is not None)
    qtbot.keyClick(panel.asker.menu, Qt.Key.Key_2)
    qtbot.waitUntil(lambda: rows(panel)["grass"][0] == "1" and "no class yet" not in rows(panel))


def test_counts_and_warnings_follow_the_drawing(panel, qtbot):
    layer = drawn(panel, qtbot)
    told = rows(panel)
    assert told["water"] == ["2", f"{35 * 50 + 50 * 70:,}", ""] and told["grass"][2] == ""
    assert told["roof"][0] == "1" and "not scored" in told["roof"][2]
    draw(layer, ("roof", 130, 160, 20, 80))  # partly over grass
    draw(layer, ("water", 1000, 1100, 10, 60))
    qtbot.waitUntil(lambda: "overlaps roof" in rows(panel)["grass"][2])
    told = rows(panel)
    assert "overlaps grass" in told["roof"][2] and "not scored" not in told["roof"][2]
    assert told["water"][0] == "3" and "1 not on the raster" in told["water"][2]
    layer.deleteFeatures([f.id() for f in layer.getFeatures() if f["class"] == "roof"])
    qtbot.waitUntil(lambda: rows(panel)["roof"][0] == "0")
    renderer = layer.renderer().clone()
    category = renderer.categories()[0]
    symbol = category.symbol().clone()
    symbol.setColor(QColor("#123456"))
    renderer.updateCategorySymbol(0, symbol)
    layer.setRenderer(renderer)
    qtbot.waitUntil(lambda: panel._counted.rows[0].color == "#123456")


def test_layers_of_others_are_used_as_they_are(panel, qtbot):
    layer = QgsVectorLayer("Polygon?crs=EPSG:32633&field=id:integer&field=label:string", "theirs", "memory")
    QgsProject.instance().addMapLayer(layer)
    feature = QgsFeature(layer.fields())
    feature.setAttributes([1, "corn"])
    feature.setGeometry(QgsGeometry.fromRect(QgsRectangle(LEFT, TOP - 10, LEFT + 10, TOP)))
    assert layer.dataProvider().addFeature(feature)
    panel.inputs.labels.setLayer(layer)
    assert panel.inputs.field.currentField() == "label" and panel.inputs.field.isVisible()
    assert rows(panel)["corn"][:2] == ["1", "100"] and not panel.classes.add.isVisible()
    assert layer.renderer().type() == "singleSymbol" and not layer.isEditable()
    QgsProject.instance().removeMapLayer(layer)
    assert panel.inputs.labels.currentLayer() is None and not rows(panel)


def test_the_panel_follows_the_active_layer(panel, window, layer, qtbot):
    other = layer(sample("gaofen"))
    window.setActiveLayer(other)
    assert panel.source.raster.currentLayer() is other and "Gaofen" in panel.source.verdict.text()
    assert panel.source.reading.isCollapsed()


def test_a_raster_that_is_not_recognised_can_be_told(panel, window, layer, qtbot, tmp_path):
    path = tmp_path / "landsat.tif"
    made = gdal.GetDriverByName("GTiff").Create(str(path), 256, 256, 6, gdal.GDT_Byte)
    for i in range(1, 7):
        made.GetRasterBand(i).Fill(30 * i)
    made = None
    window.setActiveLayer(layer(path))
    assert "Landsat" in panel.source.verdict.text() and "--" not in panel.source.verdict.text()
    assert not panel.source.reading.isCollapsed() and "not recognised" in panel.hint.text()
    sensor = panel.source.sensor
    sensor.setCurrentIndex(sensor.findData("sentinel-2"))
    sensor.activated.emit(sensor.currentIndex())
    qtbot.keyClicks(panel.source.bands, "3,2,1,-,-,-,4,5,6")
    panel.source.bands.editingFinished.emit()
    assert panel.source.trouble() == ""
    told = panel.source.reading_parameters()
    assert told["SENSOR"] == "sentinel-2" and told["BANDS"] == "3,2,1,-,-,-,4,5,6"


def test_many_polygons_are_said_to_be_counted_in_part(panel, qtbot, monkeypatch):
    monkeypatch.setattr(training_counts, "MOST_POLYGONS", 3)
    new_layer(panel, qtbot)
    for polygon in POLYGONS:
        draw(panel.inputs.labels.currentLayer(), polygon)
    qtbot.waitUntil(lambda: sum(row.polygons for row in panel._counted.rows) == 3)
    assert "Only the first" in panel.hint.text() and panel.train.isEnabled()


# --- the loop ----------------------------------------------------------------------------------------------------


def test_draw_train_map_look_draw_train_save(panel, window, qtbot):
    layer = drawn(panel, qtbot)
    train(panel, qtbot)
    assert "Mean IoU" in panel.score.text() and "3 classes" in panel.status.text()
    assert panel.matrix._names == ["water", "grass", "roof"] and panel.matrix.height() > 60
    assert panel.matrix._colors[0] == QColor("#2a6fd1") and "roof: not scored" in panel.matrix.accessibleDescription()
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
    whole = panel._map.confidence().extent()
    assert whole.width() == SIZE and whole.height() == SIZE

    canvas, seen = window.mapCanvas(), []
    for number in (1, 2, 3):
        click(qtbot, panel.uncertain)
        seen.append(canvas.extent().center().toString(0))
        assert canvas.extent().width() < SIZE and f"Place {number}" in panel.status.text()
    assert len(set(seen)) == 3 and canvas.scene().items()
    files = [made.source() for made in made_rasters()]

    draw(layer, SECOND_ROOF)
    qtbot.waitUntil(lambda: rows(panel)["roof"][0] == "2")
    start = time.monotonic()
    click(qtbot, panel.train)
    qtbot.waitUntil(lambda: panel._trained == 2 and panel._job is None, timeout=TRAINED_MS)  # and the map after it
    assert time.monotonic() - start < 60
    assert "(before: " in panel.score.text() and "not scored" not in panel.matrix.accessibleDescription()
    assert panel.status.text() == "The map is up to date"
    assert len(made_rasters()) == 2 and panel._map.confidence().extent() == whole  # not the place that is shown now
    assert not set(files) & {made.source() for made in made_rasters()}
    assert not any(Path(file).exists() for file in files)

    panel.name.setText("my roofs")
    click(qtbot, panel.save)
    try:
        saved = models.models_dir() / "my roofs.safetensors"
        header = catalog.read_header(saved)
        assert header["name"] == "my roofs" and {e["name"]: e["color"] for e in header["classes"]}["grass"] == "#9ccf6b"
        heads = HeadChoice()
        heads.set_sensor(header["sensor"])
        assert "my roofs" in [heads.head.itemText(i) for i in range(heads.head.count())]
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


def test_saving_asks_before_it_replaces(panel, qtbot, monkeypatch):
    drawn(panel, qtbot)
    train(panel, qtbot)
    asked = []
    monkeypatch.setattr(QMessageBox, "question", lambda *a: asked.append(a) or QMessageBox.StandardButton.No)
    try:
        for name in ("", "a/b", ".."):
            panel.name.setText(name)
            click(qtbot, panel.save)
            assert "Expected a name" in panel.status.text()
        panel.name.setText("mine")
        click(qtbot, panel.save)
        before = (models.models_dir() / "mine.safetensors").stat().st_mtime_ns
        click(qtbot, panel.save)
        assert asked and (models.models_dir() / "mine.safetensors").stat().st_mtime_ns == before
    finally:
        for path in models.models_dir().iterdir():
            path.unlink()


def test_cancel_keeps_what_was_there(panel, qtbot):
    drawn(panel, qtbot)
    panel.source.tile.setValue(16)  # many tiles
    click(qtbot, panel.train)
    qtbot.waitUntil(lambda: panel._job is None or panel.progress.maximum() == 100, timeout=TRAINED_MS)
    click(qtbot, panel.cancel)
    start = time.monotonic()
    qtbot.waitUntil(lambda: panel._job is None, timeout=10_000)
    assert time.monotonic() - start < 3 and panel.status.text() == "Cancelled"
    assert panel._head is None and not list(panel._folder.iterdir()) and panel.train.isVisible()
    panel.source.tile.setValue(64)
    train(panel, qtbot)


def test_a_missing_engine_is_explained(panel, settings, qtbot):
    drawn(panel, qtbot)
    settings.setValue(SETTING, "/nowhere/python")
    panel._count()
    assert "engine was not found" in panel.hint.text() and not panel.train.isEnabled()
    settings.remove(SETTING)
    panel._count()
    assert panel.train.isEnabled()


def test_what_the_engine_refuses_is_told(panel, window, qtbot):
    layer = drawn(panel, qtbot)
    layer.setSubsetString("")
    panel.source.bands.setText("1,2,9")
    panel.source.bands.editingFinished.emit()
    assert "not recognised" in panel.hint.text() and not panel.train.isEnabled()


def test_apply_says_where_the_canvas_is_elsewhere(panel, window, qtbot):
    drawn(panel, qtbot)
    train(panel, qtbot)
    window.mapCanvas().setExtent(QgsRectangle(0, 0, 10, 10))
    click(qtbot, panel.apply)
    assert "does not show the raster" in panel.status.text() and panel._job is None


# --- parts -------------------------------------------------------------------------------------------------------


def test_places_come_least_confident_first(tmp_path, qgis_app):
    path, rng = tmp_path / "c.tif", np.random.default_rng(1)
    values = 0.9 + 0.05 * rng.random((240, 360), np.float32)
    values[60:90, 300:330] = 0.3
    values[200:240, :40] = np.nan
    target = gdal.GetDriverByName("GTiff").Create(str(path), 360, 240, 1, gdal.GDT_Float32)
    target.SetGeoTransform((1000, 2, 0, 5000, 0, -2))
    target.GetRasterBand(1).SetNoDataValue(float("nan"))
    target.GetRasterBand(1).WriteArray(values)
    target = None
    found = uncertain.places(QgsRasterLayer(str(path)))
    assert len(found) == 12 * 8 - 1  # one block is nodata
    assert found[0].confidence == pytest.approx(0.3) and found[1].confidence > 0.9
    assert found[0].rectangle == QgsRectangle(1600, 4820, 1660, 4880)
    assert [p.confidence for p in found] == sorted(p.confidence for p in found)
    assert uncertain.next_place(found, [found[0].rectangle]) is found[1]
    assert uncertain.next_place(found, [p.rectangle for p in found]) is None


@pytest.mark.parametrize("base", ["#ffffff", "#202326"])
def test_numbers_of_the_matrix_are_readable_in_light_and_dark(base, qtbot):
    def luminance(color):
        parts = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in color.getRgbF()[:3]]
        return np.dot(parts, (0.2126, 0.7152, 0.0722))

    for share in np.linspace(0, 1, 101):
        background = shade(float(share), QColor(base))
        light, dark = sorted((luminance(background), luminance(readable_on(background))), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5
    widget = ConfusionMatrix()
    qtbot.addWidget(widget)
    palette = widget.palette()
    palette.setColor(QPalette.ColorRole.Base, QColor(base))
    widget.setPalette(palette)
    widget.show_matrix(["a", "b", "c"], ["#ff0000"] * 3, [[9, 1, 0], [0, 0, 0], [2, 2, 4]], [0.9, None, 0.4])
    widget.resize(widget.sizeHint())
    assert not widget.grab().isNull()
    assert widget.sentence(0) == "a: found as a 90%, b 10%" and widget.sentence(1) == "b: not scored"


def test_a_head_that_cannot_be_written_says_so(tmp_path, monkeypatch, qgis_app):
    monkeypatch.setattr(save_head, "models_dir", lambda: tmp_path / "file" / "models")
    (tmp_path / "file").write_text("no folder")
    source = next(head.path for head in catalog.list_heads("naip"))
    with pytest.raises(errors.OutputError, match="could not be saved"):
        save_head.save_head(source, "mine", {})


def test_nothing_is_left_after_unload(panel, plugin, window, qtbot):
    folder = panel._folder
    drawn(panel, qtbot)
    click(qtbot, panel.train)
    plugin.unload()
    assert not plugin.panels and not folder.exists()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert not window.mainWindow().findChildren(QDockWidget)
    assert not [item for item in window.mapCanvas().scene().items() if isinstance(item, QgsRubberBand)]
    plugin.initGui()
