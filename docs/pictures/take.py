"""Takes training.png and similarity.png of a real QGIS that is driven as a user does.

    QGIS_PLUGINPATH=$PWD .ci/with-display qgis --noversioncheck --nologo --profiles-path $(mktemp -d) \
        --code docs/pictures/take.py
"""

import shutil
import sys
import tempfile
import traceback
from pathlib import Path

from qgis.core import QgsApplication, QgsFeature, QgsGeometry, QgsPointXY, QgsProject, QgsRasterLayer
from qgis.PyQt.QtCore import QPoint, Qt, QTimer
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QAction, QDockWidget
from qgis.utils import iface, loadPlugin, plugins, startPlugin

WIDTH, HEIGHT = 1280, 880
# columns and rows of corners in the sample scene
POLYGONS = {
    "water": [((365, 180), (405, 172), (425, 230), (385, 225)), ((38, 322), (75, 326), (86, 350), (45, 342))],
    "forest": [((8, 25), (60, 32), (78, 75), (20, 85)), ((300, 52), (348, 50), (352, 92), (318, 105))],
    "meadow": [((122, 245), (160, 240), (178, 285), (130, 288)), ((230, 270), (262, 262), (282, 305), (240, 308)),
               ((430, 130), (500, 108), (508, 130), (436, 155))],
    "soil": [((5, 240), (64, 242), (60, 290), (8, 285)), ((112, 124), (150, 122), (170, 165), (128, 160)),
             ((185, 345), (222, 372), (205, 388), (172, 360))],
    "built": [((72, 372), (110, 374), (110, 394), (70, 392)), ((55, 412), (100, 416), (98, 440), (54, 440))],
}  # fmt: skip


def after(ready, then):
    """Calls `then` once `ready()` is true; leaves QGIS where it fails."""

    def look():
        try:
            if ready():
                QTimer.singleShot(1500, lambda: step(then))  # the canvas draws
            else:
                QTimer.singleShot(200, look)
        except Exception:
            leave(1)

    QTimer.singleShot(200, look)


def step(function):
    try:
        function()
    except Exception:
        leave(1)


def leave(code=0):
    if code:
        traceback.print_exc()
    layers = QgsProject.instance().mapLayers().values()
    for layer in layers:
        if getattr(layer, "isEditable", lambda: False)():
            layer.rollBack()
    QgsProject.instance().clear()  # QGIS does not quit well with a group of layers
    shutil.rmtree(FOLDER, ignore_errors=True)
    QTimer.singleShot(0, lambda: QgsApplication.exit(code))


def take(name):
    from qgis_plugin.bridge import ROOT

    iface.messageBar().clearWidgets()
    QgsApplication.processEvents()
    assert iface.mainWindow().grab().save(str(ROOT / "docs" / "pictures" / name))


def place(column, row):
    extent = SCENE[0].extent()
    return QgsPointXY(extent.xMinimum() + column, extent.yMaximum() - row)


def open_scene():
    from qgis_plugin.bridge import ROOT

    window = iface.mainWindow()
    for dock in window.findChildren(QDockWidget):
        dock.setVisible(dock.objectName() == "Layers")
    window.resize(WIDTH, HEIGHT)
    path = FOLDER / "naip.tif"  # QGIS writes statistics beside what it opens
    shutil.copyfile(ROOT / "resources" / "samples" / "naip.tif", path)
    SCENE.append(QgsRasterLayer(str(path), "naip"))
    QgsProject.instance().addMapLayer(SCENE[0])
    iface.setActiveLayer(SCENE[0])
    window.findChild(QAction, "ofanetTrainFromPolygons").trigger()
    window.resizeDocks([window.findChild(QDockWidget, "Layers")], [210], Qt.Orientation.Horizontal)
    panel = plugins["qgis_plugin"].panels["training"]
    panel.inputs.new.click()
    layer = panel.inputs.labels.currentLayer()
    for name, shapes in POLYGONS.items():
        panel.classes.name.setText(name)
        panel.classes.add.click()
        for shape in shapes:
            feature = QgsFeature(layer.fields())
            feature.setAttribute("class", name)
            feature.setGeometry(QgsGeometry.fromPolygonXY([[place(*corner) for corner in shape]]))
            layer.addFeature(feature)
    iface.mapCanvas().setExtent(SCENE[0].extent())
    after(lambda: panel.train.isEnabled(), lambda: train(panel))


def train(panel):
    panel.train.click()
    after(lambda: panel._job is None, lambda: apply(panel))


def apply(panel):
    assert panel._head is not None, panel.status.text()
    panel.apply.click()
    after(lambda: panel._job is None, lambda: similar(panel))


def similar(panel):
    iface.mapCanvas().setExtent(SCENE[0].extent())
    take("training.png")
    panel.hide()
    root = QgsProject.instance().layerTreeRoot()
    for node in root.children():
        node.setItemVisibilityChecked(node.name() == "naip")
        node.setExpanded(False)
    iface.mainWindow().findChild(QAction, "ofanetFindSimilarPlaces").trigger()
    panel = plugins["qgis_plugin"].panels["similarity"]
    panel.pick.click()
    after(lambda: True, lambda: click(panel))


def click(panel):
    canvas = iface.mapCanvas()
    at = canvas.getCoordinateTransform().transform(place(75, 430))
    QTest.mouseClick(canvas.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(round(at.x()), round(at.y())))
    after(lambda: panel._task is None, lambda: finish(panel))


def finish(panel):
    assert panel._layer() is not None, panel.status.text()
    panel.threshold.setValue(65)
    after(lambda: True, last)


def last():
    take("similarity.png")
    leave()


def start():
    if "qgis_plugin" not in plugins:
        assert loadPlugin("qgis_plugin") and startPlugin("qgis_plugin"), sys.path
    open_scene()


FOLDER, SCENE = Path(tempfile.mkdtemp(prefix="ofanet-")), []
QTimer.singleShot(1500, lambda: step(start))
