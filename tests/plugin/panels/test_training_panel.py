"""Train from polygons, drawing: layers, classes, counts and warnings, as a user works."""

from conftest import LEFT, TOP, sample
from osgeo import gdal
from qgis.core import (
    QgsCategorizedSymbolRenderer,
    QgsFeature,
    QgsGeometry,
    QgsProject,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QColor
from training_steps import LEFT_BUTTON, POLYGONS, add_class, draw, drawn, new_layer, panel, rows, scene, train  # noqa: F401

from qgis_plugin.panels.training import training_layer


def test_new_layer_is_ready_to_draw_in(panel, window, qtbot):  # noqa: F811
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


def test_layer_in_a_geopackage(panel, qtbot, tmp_path):  # noqa: F811
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


def test_a_polygon_asks_for_its_class_with_one_click(panel, qtbot):  # noqa: F811
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


def test_counts_and_warnings_follow_the_drawing(panel, qtbot):  # noqa: F811
    layer = drawn(panel, qtbot)
    found = rows(panel)
    assert found["water"] == ["2", f"{35 * 50 + 50 * 70:,}", ""] and found["grass"][2] == ""
    assert found["roof"][0] == "1" and "not scored" in found["roof"][2]
    draw(layer, ("roof", 130, 160, 20, 80))  # partly over grass
    draw(layer, ("water", 1000, 1100, 10, 60))
    qtbot.waitUntil(lambda: "overlaps roof" in rows(panel)["grass"][2])
    found = rows(panel)
    assert "overlaps grass" in found["roof"][2] and "not scored" not in found["roof"][2]
    assert found["water"][0] == "3" and "1 not on the raster" in found["water"][2]
    layer.deleteFeatures([f.id() for f in layer.getFeatures() if f["class"] == "roof"])
    qtbot.waitUntil(lambda: rows(panel)["roof"][0] == "0")
    renderer = layer.renderer().clone()
    category = renderer.categories()[0]
    symbol = category.symbol().clone()
    symbol.setColor(QColor("#123456"))
    renderer.updateCategorySymbol(0, symbol)
    layer.setRenderer(renderer)
    qtbot.waitUntil(lambda: panel.counts.rows[0].color == "#123456")


def test_layers_of_others_are_used_as_they_are(panel, qtbot):  # noqa: F811
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


def test_the_panel_follows_the_active_layer(panel, window, layer, qtbot):  # noqa: F811
    other = layer(sample("gaofen"))
    window.setActiveLayer(other)
    assert panel.source.raster.currentLayer() is other and "Gaofen" in panel.source.verdict.text()
    assert panel.source.reading.isCollapsed()


def test_a_raster_that_is_not_recognised_can_be_described(panel, window, layer, qtbot, tmp_path):  # noqa: F811
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
    found = panel.source.reading_parameters()
    assert found["SENSOR"] == "sentinel-2" and found["BANDS"] == "3,2,1,-,-,-,4,5,6"


def test_many_polygons_are_counted_in_part(panel, qtbot):  # noqa: F811
    panel.most_polygons = 3
    new_layer(panel, qtbot)
    for polygon in POLYGONS:
        draw(panel.inputs.labels.currentLayer(), polygon)
    qtbot.waitUntil(lambda: sum(row.polygons for row in panel.counts.rows) == 3)
    assert "Only the first" in panel.hint.text() and panel.train.isEnabled()
