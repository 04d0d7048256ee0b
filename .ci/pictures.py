"""Run by a real QGIS window (.ci/pictures): works with the plugin as a user does, and saves how it looks on the way.

First the set-up and the models while there is no engine yet, then a layer classified, a head trained from polygons,
and similar places.
"""

import importlib
import os
import shutil
import traceback
from pathlib import Path

from qgis.core import (
    QgsApplication,
    QgsContrastEnhancement,
    QgsFeature,
    QgsGeometry,
    QgsMultiBandColorRenderer,
    QgsPointXY,
    QgsProject,
    QgsRasterLayer,
    QgsRasterMinMaxOrigin,
)
from qgis.PyQt.QtCore import QPoint, Qt, QTimer, QUrl
from qgis.PyQt.QtGui import QPainter
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QAction, QDockWidget
from qgis.utils import iface, plugins

ROOT = Path(os.environ["OFANET_REPOSITORY"])
SCENES = Path(os.environ["OFANET_SCENES"])  # copies: QGIS writes statistics next to what it opens
WIDTH, HEIGHT = 1440, 940
# columns and rows of corners in the scene of naip
POLYGONS = {
    "water": [((365, 180), (405, 172), (425, 230), (385, 225)), ((38, 322), (75, 326), (86, 350), (45, 342))],
    "forest": [((8, 25), (60, 32), (78, 75), (20, 85)), ((300, 52), (348, 50), (352, 92), (318, 105))],
    "meadow": [
        ((122, 245), (160, 240), (178, 285), (130, 288)),
        ((230, 270), (262, 262), (282, 305), (240, 308)),
        ((430, 130), (500, 108), (508, 130), (436, 155)),
    ],
    "soil": [
        ((5, 240), (64, 242), (60, 290), (8, 285)),
        ((112, 124), (150, 122), (170, 165), (128, 160)),
        ((185, 345), (222, 372), (205, 388), (172, 360)),
    ],
    "built": [((72, 372), (110, 374), (110, 394), (70, 392)), ((55, 412), (100, 416), (98, 440), (54, 440))],
}


# --- how it goes on ----------------------------------------------------------------------------------------------


def after(ready, then, pause_ms=1500):
    """Calls `then` once `ready()` is true and the windows are drawn; leaves QGIS where one of them fails."""

    def look():
        if ready():
            QTimer.singleShot(pause_ms, lambda: step(then))
        else:
            QTimer.singleShot(200, lambda: step(look))

    QTimer.singleShot(200, lambda: step(look))


def step(function):
    try:
        function()
    except Exception:
        traceback.print_exc()
        leave(1)


def leave(code=0):
    clear()
    QTimer.singleShot(0, lambda: QgsApplication.exit(code))


def clear():
    """QGIS does not quit well with a group of layers."""
    for layer in QgsProject.instance().mapLayers().values():
        if getattr(layer, "isEditable", lambda: False)():
            layer.rollBack()
    QgsProject.instance().clear()


def save(picture, name: str):
    if not picture.save(str(ROOT / "docs" / "pictures" / f"{name}.png")):
        raise OSError(f"cannot write {name}.png to docs/pictures")


def take(name: str, dialog=None):
    """QGIS's window, and a dialog that stands before it."""
    window = iface.mainWindow()
    picture = window.grab()
    if dialog is not None:
        painter = QPainter(picture)
        painter.drawPixmap(window.rect().center() - dialog.rect().center(), dialog.grab())
        painter.end()
    save(picture, name)


def action(name: str):
    iface.mainWindow().findChild(QAction, name).trigger()


def open_scene(sensor: str):
    path = SCENES / f"{sensor}.tif"
    shutil.copyfile(ROOT / "resources" / "samples" / path.name, path)
    layer = QgsRasterLayer(str(path), sensor)
    if sensor == "sentinel-2":
        layer.setRenderer(QgsMultiBandColorRenderer(layer.dataProvider(), 4, 3, 2))  # colours as the eye sees them
        stretch = QgsContrastEnhancement.ContrastEnhancementAlgorithm.StretchToMinimumMaximum
        layer.setContrastEnhancement(stretch, QgsRasterMinMaxOrigin.Limits.CumulativeCut)
    QgsProject.instance().addMapLayer(layer)
    QgsProject.instance().setCrs(layer.crs())
    iface.setActiveLayer(layer)
    return layer


def look_at(scene):
    """The whole of it, without the messages above the map."""
    iface.messageBar().clearWidgets()
    iface.mapCanvas().setExtent(scene.extent())
    iface.mapCanvas().refresh()


# --- no engine yet -----------------------------------------------------------------------------------------------


def set_up():
    menu = plugins["ofanet"].setup_menu
    menu.set_up_engine()
    after(lambda: menu.setup.pythons is not None, lambda: models(menu), 500)


def models(menu):
    save(menu.setup_dialog.grab(), "set_up_engine")
    menu.setup_dialog.close()
    menu.show_models()
    match = Qt.MatchFlag.MatchRecursive | Qt.MatchFlag.MatchStartsWith
    menu.manager.list.setCurrentItem(menu.manager.list.findItems("Sentinel-2: land cover", match)[0])
    after(lambda: True, lambda: no_engine(menu), 500)


def no_engine(menu):
    """The panel says what is missing."""
    save(menu.manager.grab(), "models")
    menu.manager.close()
    tidy_up()
    scene = open_scene("gaofen")
    action("ofanetClassify")
    panel = plugins["ofanet"].panels["classify"]
    after(lambda: not panel.source.looking, lambda: without(scene, panel))


def without(scene, panel):
    look_at(scene)
    after(lambda: True, lambda: (take("no_engine"), panel.hide(), clear(), engine_there(classify)))


def engine_there(then):
    os.environ["OFANET_PYTHON"] = str(ROOT / ".venv" / "bin" / "python")
    plugins["ofanet"].setup_menu._withdraw_offer()
    tidy_up()
    after(lambda: True, then, 500)


def tidy_up():
    """The window without what the pictures are not about."""
    window = iface.mainWindow()
    for dock in window.findChildren(QDockWidget):
        dock.setVisible(dock.objectName() == "Layers")
    window.showNormal()
    window.resize(WIDTH, HEIGHT)
    window.resizeDocks([window.findChild(QDockWidget, "Layers")], [290], Qt.Orientation.Horizontal)


# --- a layer classified ------------------------------------------------------------------------------------------


def classify():
    scene = open_scene("sentinel-2")
    after(lambda: True, lambda: panel_of(scene, result))


def panel_of(scene, then):
    """Opens the panel over the scene, and goes on once all is known of it."""
    action("ofanetClassify")
    panel = plugins["ofanet"].panels["classify"]
    after(lambda: panel.run.isEnabled(), lambda: (look_at(scene), after(lambda: True, lambda: then(scene, panel))))


def result(scene, panel):
    take("classify_layer")
    panel.more.report.on.setChecked(True)
    panel.more.report.file.setFilePath(str(SCENES / "areas.html"))
    panel.more.polygons.on.setChecked(True)
    panel.run.click()
    after(lambda: not plugins["ofanet"].queue.runs, lambda: mapped(scene, panel))


def mapped(scene, panel):
    assert len(QgsProject.instance().mapLayers()) == 3, iface.messageBar().currentItem().text()
    take("result")
    for output in (panel.more.report, panel.more.polygons):
        output.on.setChecked(False)
    report(lambda: preview(scene, panel))


def report(then):
    """The page as a browser shows it; without one in this QGIS, the picture stays as it was."""
    try:
        browser = importlib.import_module("qgis.PyQt.QtWebKitWidgets")  # not in Qt 6
    except ImportError:
        then()
        return
    page = browser.QWebView()
    page.resize(900, 1150)
    page.load(QUrl.fromLocalFile(str(SCENES / "areas.html")))
    page.show()
    after(lambda: True, lambda: (save(page.grab(), "report"), page.close(), then()), 1500)


def preview(scene, panel):
    for layer in list(QgsProject.instance().mapLayers().values()):
        if layer is not scene:
            QgsProject.instance().removeMapLayer(layer)
    QgsProject.instance().layerTreeRoot().removeChildrenGroupWithoutLayers()
    panel.more.setCollapsed(False)
    panel.preview.click()
    after(lambda: not plugins["ofanet"].queue.runs, previewed)


def previewed():
    iface.messageBar().clearWidgets()
    after(lambda: True, lambda: (take("preview"), plugins["ofanet"].panels["classify"].hide(), clear(), train()))


def one_panel():
    """Only the panel with a preview, in another language or theme."""
    engine_there(lambda: panel_of(open_scene("naip"), one_preview))


def one_preview(scene, panel):
    panel.preview.click()
    after(
        lambda: not plugins["ofanet"].queue.runs,
        lambda: (
            iface.messageBar().clearWidgets(),
            after(lambda: True, lambda: (take(os.environ["OFANET_PICTURE"]), leave())),
        ),
    )


# --- a head from polygons, and its map ---------------------------------------------------------------------------


def train():
    scene = open_scene("naip")
    action("ofanetTrainFromPolygons")
    panel = plugins["ofanet"].panels["training"]
    panel.inputs.new.click()
    layer = panel.inputs.labels.currentLayer()
    for name, shapes in POLYGONS.items():
        panel.classes.name.setText(name)
        panel.classes.add.click()
        for shape in shapes:
            feature = QgsFeature(layer.fields())
            feature.setAttribute("class", name)
            feature.setGeometry(QgsGeometry.fromPolygonXY([[place(scene, *corner) for corner in shape]]))
            layer.addFeature(feature)
    after(lambda: panel.train.isEnabled(), lambda: trained(scene, panel))


def place(scene, column, row):
    extent = scene.extent()
    return QgsPointXY(extent.xMinimum() + column, extent.yMaximum() - row)


def trained(scene, panel):
    look_at(scene)
    panel.train.click()
    after(lambda: not panel.runs.busy, lambda: apply(scene, panel))


def apply(scene, panel):
    assert panel.head is not None, panel.status.text()
    panel.apply.click()
    after(lambda: not panel.runs.busy, lambda: show_map(scene, panel))


def show_map(scene, panel):
    look_at(scene)
    after(lambda: True, lambda: similar(scene, panel))


# --- similar places ---------------------------------------------------------------------------------------


def similar(scene, panel):
    take("training")
    panel.hide()
    for node in QgsProject.instance().layerTreeRoot().children():
        node.setItemVisibilityChecked(node.name() == "naip")
        node.setExpanded(False)
    action("ofanetFindSimilarPlaces")
    panel = plugins["ofanet"].panels["similarity"]
    panel.pick.click()
    after(lambda: True, lambda: click(scene, panel))


def click(scene, panel):
    canvas = iface.mapCanvas()
    at = canvas.getCoordinateTransform().transform(place(scene, 75, 430))
    QTest.mouseClick(canvas.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(round(at.x()), round(at.y())))
    after(lambda: not panel.runs.busy, lambda: threshold(panel))


def threshold(panel):
    assert panel.similarity.layer() is not None, panel.status.text()
    panel.threshold.setValue(65)
    iface.messageBar().clearWidgets()
    after(lambda: True, finish)


def finish():
    take("similarity")
    leave()


QTimer.singleShot(1500, lambda: step(one_panel if os.environ.get("OFANET_PICTURE") else set_up))
