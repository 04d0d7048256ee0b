"""Run by a real QGIS window (qgis --code): clicks the toolbar button and Run, and writes down the result.

Environment: OFANET_TEST_SCENE, OFANET_TEST_ANSWER (a JSON file to write).
"""

import json
import os
import traceback
from pathlib import Path

from qgis.core import QgsApplication, QgsProject, QgsRasterLayer
from qgis.PyQt.QtCore import Qt, QTimer
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QAction, QDockWidget
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
    panel = window.findChild(QDockWidget, "ofanetClassifyPanel")
    wait(lambda: panel.run.isEnabled(), lambda: run(panel))


def run(panel):
    verdict = panel.source.verdict.text()
    QTest.mouseClick(panel.run, LEFT)
    wait(made, lambda: report(verdict, *made()))


def made() -> list:
    return [layer for layer in QgsProject.instance().mapLayers().values() if layer.name() != "scene"]


def report(verdict, layer):
    shown = QgsProject.instance().layerTreeRoot().findLayer(layer).isVisible()
    labels = [entry.label for entry in layer.renderer().classes()]
    finish(verdict=verdict, name=layer.name(), shown=shown, labels=labels, width=layer.width(), height=layer.height())


def wait(until, then, rounds=0):
    if until():
        guarded(then)
    elif rounds > 900:
        finish(error="waited in vain; messages: " + "; ".join(item.text() for item in iface.messageBar().items()))
    else:
        QTimer.singleShot(100, lambda: wait(until, then, rounds + 1))


def guarded(step):
    try:
        step()
    except Exception:
        finish(error=traceback.format_exc())


QTimer.singleShot(500, lambda: guarded(click))
