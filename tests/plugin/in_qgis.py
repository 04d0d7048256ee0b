"""Run by a real QGIS window (qgis --code): clicks the toolbar button and Run, and writes down what became of it.

Environment: OFANET_TEST_SCENE, OFANET_TEST_ANSWER (a JSON file to write).
"""

import json
import os
import traceback
from pathlib import Path

from qgis.core import QgsApplication, QgsProject, QgsRasterLayer
from qgis.PyQt.QtCore import Qt, QTimer
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QAction, QDialog
from qgis.utils import iface

LEFT = Qt.MouseButton.LeftButton


def finish(**answer):
    Path(os.environ["OFANET_TEST_ANSWER"]).write_text(json.dumps(answer), encoding="utf-8")
    QgsProject.instance().setDirty(False)
    QTimer.singleShot(0, QgsApplication.exit)


def click():
    window = iface.mainWindow()
    scene = QgsRasterLayer(os.environ["OFANET_TEST_SCENE"], "scene")
    QgsProject.instance().addMapLayer(scene)
    iface.setActiveLayer(scene)
    action = window.findChild(QAction, "ofanetClassifyLayer")
    QTest.mouseClick(iface.pluginToolBar().widgetForAction(action), LEFT)
    dialog = window.findChild(QDialog, "ofanetClassifyDialog")
    verdict = dialog.verdict.text()
    QTest.mouseClick(dialog.run, LEFT)
    wait(verdict, 0)


def wait(verdict, rounds):
    layers = [made for made in QgsProject.instance().mapLayers().values() if made.name() != "scene"]
    if layers:
        made = layers[0]
        shown = QgsProject.instance().layerTreeRoot().findLayer(made).isVisible()
        labels = [entry.label for entry in made.renderer().classes()]
        finish(verdict=verdict, name=made.name(), shown=shown, labels=labels, width=made.width(), height=made.height())
    elif rounds > 900:
        finish(error="no layer came; messages: " + "; ".join(item.text() for item in iface.messageBar().items()))
    else:
        QTimer.singleShot(100, lambda: wait(verdict, rounds + 1))


def start():
    try:
        click()
    except Exception:
        finish(error=traceback.format_exc())


QTimer.singleShot(500, start)
