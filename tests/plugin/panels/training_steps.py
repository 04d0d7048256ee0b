"""What the tests of the training panel share: the panel opened on a scene, and the steps of a user."""

import pytest
from conftest import LEFT, TOP, scene_of_fields
from qgis.core import (
    QgsFeature,
    QgsGeometry,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QCoreApplication, QEvent, Qt

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
        opened.runs.wait(5)
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
    qtbot.waitUntil(lambda: sum(row.polygons for row in panel.counts.rows) == len(polygons))
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
    assert panel.runs.cancel.isVisible() and not panel.train.isVisible()
    qtbot.waitUntil(lambda: not panel.runs.busy, timeout=TRAINED_MS)
    assert panel.head is not None, panel.status.text()


def apply(panel, qtbot):
    click(qtbot, panel.apply)
    qtbot.waitUntil(lambda: not panel.runs.busy, timeout=TRAINED_MS)
    assert panel.map.confidence() is not None, panel.status.text()


def made_rasters() -> list[QgsRasterLayer]:
    layers = QgsProject.instance().mapLayers().values()
    return [made for made in layers if isinstance(made, QgsRasterLayer) and made.name() != "my scene"]
