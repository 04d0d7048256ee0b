"""The area to compute: each way to choose it, the parameters it becomes, and that nothing is left on the map."""

import pytest
from conftest import sample
from osgeo import gdal
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsFeature,
    QgsGeometry,
    QgsPointXY,
    QgsProcessingContext,
    QgsProcessingFeatureSourceDefinition,
    QgsProcessingParameterExtent,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameters,
    QgsProject,
    QgsRectangle,
    QgsReferencedRectangle,
    QgsVectorLayer,
)
from qgis.gui import QgsMapToolPan, QgsRubberBand
from qgis.PyQt.QtCore import QCoreApplication, QEvent, QPoint, Qt
from qgis.PyQt.QtTest import QTest

from qgis_plugin.widgets.extent_input import CANVAS, LAYER, POLYGONS, RECTANGLE, ExtentInput
from qgis_plugin.widgets.extents import pixels

LEFT = Qt.MouseButton.LeftButton
WORLD = QgsCoordinateReferenceSystem("EPSG:4326")


@pytest.fixture
def raster(layer):
    return layer(sample("naip"))


@pytest.fixture
def canvas(window, raster):
    window.mainWindow().show()
    QCoreApplication.processEvents()
    found = window.mapCanvas()
    found.setDestinationCrs(raster.crs())
    found.setExtent(raster.extent())
    yield found
    found.unsetMapTool(found.mapTool()) if found.mapTool() else None
    window.mainWindow().hide()


@pytest.fixture
def area(window, canvas, raster, qtbot):
    made = ExtentInput(window)
    qtbot.addWidget(made)
    made.set_layer(raster)
    made.show()
    yield made
    made.close_down()


@pytest.fixture
def polygons(raster):
    """Three squares of 20 m in longitude and latitude, from the raster's lower left corner to its middle."""
    made = QgsVectorLayer("Polygon?crs=EPSG:4326", "fields", "memory")
    to_world = QgsCoordinateTransform(raster.crs(), WORLD, QgsProject.instance())
    corner = raster.extent()
    features = []
    for shift in (0, 100, 200):
        x, y = corner.xMinimum() + shift, corner.yMinimum() + shift
        square = QgsGeometry.fromRect(QgsRectangle(x, y, x + 20, y + 20))
        square.transform(to_world)
        feature = QgsFeature()
        feature.setGeometry(square)
        features.append(feature)
    made.dataProvider().addFeatures(features)
    QgsProject.instance().addMapLayer(made)
    return made


def choose(area, mode: str):
    area.mode.setCurrentIndex(area.mode.findData(mode))


def bands(canvas) -> list[QgsRubberBand]:
    return [item for item in canvas.scene().items() if isinstance(item, QgsRubberBand) and item.isVisible()]


def pixel(canvas, x: float, y: float) -> QPoint:
    place = canvas.getCoordinateTransform().transform(QgsPointXY(x, y))
    return QPoint(round(place.x()), round(place.y()))


def drag(canvas, rectangle: QgsRectangle):
    start, end = (
        pixel(canvas, *corner)
        for corner in ((rectangle.xMinimum(), rectangle.yMinimum()), (rectangle.xMaximum(), rectangle.yMaximum()))
    )
    QTest.mousePress(canvas.viewport(), LEFT, pos=start)
    QTest.mouseMove(canvas.viewport(), (start + end) / 2)
    QTest.mouseMove(canvas.viewport(), end)
    QTest.mouseRelease(canvas.viewport(), LEFT, pos=end)


# --- the whole layer and the canvas ---------------------------------------------------------------------------------


def test_the_whole_layer_needs_no_parameters(area, raster):
    assert area.parameters() == {} and area.trouble() == ""
    assert area.extent() == raster.extent()
    assert area.note.text() == "512 x 512 pixels, 26.2 ha"
    assert area.area_ha() == pytest.approx(512 * 512 / 1e4, rel=2e-3)  # UTM's scale is 0.9996 to 1.001


def test_without_raster(area):
    area.set_layer(None)
    assert area.trouble() == "Choose a raster first"
    assert area.parameters() == {} and area.area_ha() is None and area.extent().isEmpty()


def test_a_raster_that_goes_away_is_let_go(area, raster):
    QgsProject.instance().removeMapLayer(raster.id())
    assert area.trouble() == "Choose a raster first"


def test_the_canvas_is_cut_with_the_raster(area, canvas, raster):
    whole = raster.extent()
    choose(area, CANVAS)
    canvas.setExtent(
        QgsRectangle(whole.xMinimum() - 300, whole.yMinimum() - 300, whole.xMinimum() + 100, whole.yMinimum() + 100)
    )
    shown = area.extent()
    assert whole.contains(shown) and shown.xMinimum() == whole.xMinimum() and shown.xMaximum() < whole.xMaximum()
    parameters = area.parameters()
    assert list(parameters) == ["EXTENT"] and isinstance(parameters["EXTENT"], QgsReferencedRectangle)
    assert QgsRectangle(parameters["EXTENT"]) == shown and parameters["EXTENT"].crs() == raster.crs()
    canvas.setExtent(QgsRectangle(whole.xMaximum() + 1e4, 0, whole.xMaximum() + 2e4, 1e4))
    assert area.trouble() == "The canvas does not show the raster: zoom to it first"
    assert area.note.text() == "" and not area.note.isVisible()


def test_a_canvas_in_another_crs(area, canvas, raster):
    choose(area, CANVAS)
    canvas.setDestinationCrs(WORLD)
    to_world = QgsCoordinateTransform(raster.crs(), WORLD, QgsProject.instance())
    center = raster.extent().center()
    part = QgsRectangle.fromCenterAndSize(center, 100, 100)
    canvas.setExtent(to_world.transformBoundingBox(part))
    assert area.extent().contains(part) and raster.extent().contains(area.extent())


def test_changed_tells_of_the_canvas_only_where_it_matters(area, canvas, raster, qtbot):
    with qtbot.assertNotEmitted(area.changed):
        canvas.zoomByFactor(0.5)
    choose(area, CANVAS)
    before = area.extent()
    with qtbot.waitSignal(area.changed):
        canvas.zoomByFactor(0.5)
    assert before.contains(area.extent()) and before != area.extent()


def test_less_than_a_pixel_is_nothing(area, canvas, raster):
    choose(area, CANVAS)
    corner = raster.extent()
    place = QgsPointXY(corner.xMinimum() + 10.2, corner.yMinimum() + 9.9)
    tiny = QgsRectangle.fromCenterAndSize(place, 0.1, 0.1)
    assert 0 in pixels(raster, tiny)
    canvas.setExtent(tiny)
    assert area.trouble().startswith("The canvas does not show")


def test_a_raster_without_a_place(area, canvas, layer, tmp_path):
    path = tmp_path / "nowhere.tif"
    gdal.GetDriverByName("GTiff").Create(str(path), 64, 48, 3, gdal.GDT_Byte).FlushCache()
    nowhere = layer(path)
    area.set_layer(nowhere)
    assert area.trouble() == "" and area.parameters() == {} and area.note.text() == "64 x 48 pixels"
    choose(area, CANVAS)
    canvas.setExtent(nowhere.extent())
    assert area.trouble() == "The raster is not georeferenced: only the whole layer can be computed"


# --- polygons -------------------------------------------------------------------------------------------------------


def test_no_layer_of_polygons(area):
    choose(area, POLYGONS)
    assert area.trouble().startswith("Add a layer of polygons") and "MASK" not in area.parameters()


def test_selected_polygons(area, raster, polygons, qtbot):
    choose(area, POLYGONS)
    assert area.polygons.currentLayer() is polygons
    whole = raster.extent()
    assert area.note.text().startswith("All polygons, since none is selected; within 22")
    assert all(220 <= count <= 225 for count in pixels(raster, area.extent())), "the box of turned squares is larger"
    parameters = area.parameters()["MASK"]
    assert isinstance(parameters, QgsProcessingFeatureSourceDefinition)
    assert parameters.source.staticValue() == polygons.id() and not parameters.selectedFeaturesOnly
    with qtbot.waitSignal(area.changed):
        polygons.selectByIds([2])
    parameters = area.parameters()
    assert parameters["MASK"].selectedFeaturesOnly
    x, y = whole.xMinimum() + 100, whole.yMinimum() + 100
    expected = QgsRectangle(x, y, x + 20, y + 20)
    found = QgsRectangle(parameters["EXTENT"])
    assert found.buffered(0.01).contains(expected) and expected.buffered(1).contains(found)  # turned a little
    assert area.note.text().startswith("Selected: 1; within 2") and area.note.text().endswith("0.04 ha")
    with qtbot.waitSignal(area.changed):
        polygons.removeSelection()
    assert not area.parameters()["MASK"].selectedFeaturesOnly


def test_processing_understands_the_parameters(area, raster, polygons):
    choose(area, POLYGONS)
    polygons.selectByIds([1, 3])
    parameters, context = area.parameters(), QgsProcessingContext()
    context.setProject(QgsProject.instance())
    definitions = QgsProcessingParameterExtent("EXTENT"), QgsProcessingParameterFeatureSource("MASK")
    extent = QgsProcessingParameters.parameterAsExtent(definitions[0], parameters, context, raster.crs())
    source = QgsProcessingParameters.parameterAsSource(definitions[1], parameters, context)
    assert extent == area.extent() and sorted(feature.id() for feature in source.getFeatures()) == [1, 3]


def test_polygons_beside_the_raster_and_none_at_all(area, polygons):
    choose(area, POLYGONS)
    polygons.startEditing()
    for feature in polygons.getFeatures():
        polygons.translateFeature(feature.id(), 1, 0)
    assert area.trouble() == "The polygons do not touch the raster: select others"
    polygons.deleteFeatures([feature.id() for feature in polygons.getFeatures()])
    assert area.trouble().startswith("The layer of polygons is empty")
    polygons.rollBack()
    assert area.trouble() == ""


def test_a_layer_of_polygons_that_goes_away(area, polygons):
    choose(area, POLYGONS)
    QgsProject.instance().removeMapLayer(polygons.id())
    assert area.trouble().startswith("Add a layer of polygons")


# --- a drawn rectangle ----------------------------------------------------------------------------------------------


def test_a_rectangle_is_drawn_and_stays(area, canvas, raster, qtbot):
    pan = QgsMapToolPan(canvas)
    canvas.setMapTool(pan)
    choose(area, RECTANGLE)
    assert area.trouble() == "Draw a rectangle on the map first"
    qtbot.mouseClick(area.draw, LEFT)
    assert canvas.mapTool() is not pan and area.draw.isChecked()
    x, y = raster.extent().xMinimum() + 100, raster.extent().yMinimum() + 100
    wanted = QgsRectangle(x, y, x + 200, y + 150)
    with qtbot.waitSignal(area.changed):
        drag(canvas, wanted)
    assert canvas.mapTool() is pan and not area.draw.isChecked()
    found = area.extent()
    slack = 2 * canvas.mapUnitsPerPixel()
    assert found.buffered(slack).contains(wanted) and wanted.buffered(slack).contains(found)
    assert list(area.parameters()) == ["EXTENT"]
    (band,) = bands(canvas)
    assert band.asGeometry().boundingBox() == found
    choose(area, LAYER)
    assert bands(canvas) == []
    choose(area, RECTANGLE)
    assert len(bands(canvas)) == 1 and area.extent() == found
    area.hide()
    assert bands(canvas) == []
    area.show()
    assert len(bands(canvas)) == 1


def test_a_rectangle_stays_in_place_when_the_project_gets_another_crs(area, canvas, raster):
    choose(area, RECTANGLE)
    area.draw.click()
    wanted = QgsRectangle.fromCenterAndSize(raster.extent().center(), 100, 100)
    drag(canvas, wanted)
    before = area.extent()
    canvas.setDestinationCrs(WORLD)
    assert area.extent() == before
    shown = bands(canvas)[0].asGeometry().boundingBox()
    assert -180 <= shown.xMinimum() <= 180, "the band is drawn in the canvas' CRS"
    QgsProject.instance().removeMapLayer(raster.id())
    assert area.trouble() == "Choose a raster first"


def test_escape_and_a_second_click_end_drawing(area, canvas, qtbot):
    pan = QgsMapToolPan(canvas)
    canvas.setMapTool(pan)
    choose(area, RECTANGLE)
    qtbot.mouseClick(area.draw, LEFT)
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    assert canvas.mapTool() is pan and not area.draw.isChecked()
    qtbot.mouseClick(area.draw, LEFT)
    qtbot.mouseClick(area.draw, LEFT)
    assert canvas.mapTool() is pan and not area.draw.isChecked() and bands(canvas) == []
    qtbot.mouseClick(area.draw, LEFT)
    canvas.setMapTool(pan)  # the user takes another tool
    assert not area.draw.isChecked()
    qtbot.mouseClick(area.draw, LEFT)
    choose(area, LAYER)
    assert canvas.mapTool() is pan


def test_a_click_is_no_rectangle(area, canvas, raster, qtbot):
    choose(area, RECTANGLE)
    qtbot.mouseClick(area.draw, LEFT)
    center = raster.extent().center()
    qtbot.mouseClick(canvas.viewport(), LEFT, pos=pixel(canvas, center.x(), center.y()))
    assert area.trouble() == "Draw a rectangle on the map first" and area.draw.isChecked()


# --- the end --------------------------------------------------------------------------------------------------------


def test_closing_down_leaves_nothing(window, canvas, raster, polygons, qtbot):
    made = ExtentInput(window)
    made.set_layer(raster)
    made.show()
    choose(made, RECTANGLE)
    made.draw.click()
    drag(canvas, QgsRectangle.fromCenterAndSize(raster.extent().center(), 100, 100))
    made.draw.click()
    items = len(canvas.scene().items())
    made.close_down()
    assert canvas.mapTool() is None or type(canvas.mapTool()).__name__ != "_RectangleTool"
    assert bands(canvas) == [] and len(canvas.scene().items()) < items
    with qtbot.assertNotEmitted(made.changed):
        canvas.zoomByFactor(0.5)
        polygons.selectAll()
    made.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    canvas.zoomByFactor(2)
    QgsProject.instance().removeAllMapLayers()
