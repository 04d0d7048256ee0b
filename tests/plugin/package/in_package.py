"""Run by a real QGIS window (qgis --code) in which the package is installed; writes down what it finds.

Environment: OFANET_TEST_STAGE (classify or uninstall), OFANET_TEST_SCENES (folder of rasters named by sensor),
OFANET_TEST_PROJECT (a project to write, and then to read), OFANET_TEST_ANSWER (a JSON file to write).
"""

import json
import os
import sys
import threading
import traceback
from pathlib import Path

import pyplugin_installer
from qgis.core import QgsApplication, QgsProject, QgsRasterLayer, QgsSettings
from qgis.PyQt.QtCore import QEvent, QObject, Qt, QTimer
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QAction, QDockWidget
from qgis.utils import iface, plugin_times, plugins

SCENES = sorted(Path(os.environ["OFANET_TEST_SCENES"]).glob("*.tif"))
PROJECT = os.environ["OFANET_TEST_PROJECT"]
LEFT = Qt.MouseButton.LeftButton
answer = {"verdicts": {}, "start_s": float(plugin_times["ofanet"].rstrip("s"))}


def finish(**more):
    Path(os.environ["OFANET_TEST_ANSWER"]).write_text(json.dumps({**answer, **more}), encoding="utf-8")
    QgsProject.instance().setDirty(False)
    QTimer.singleShot(0, iface.actionExit().trigger)


def wait(until, then, rounds=0):
    if until():
        guarded(then)
    elif rounds > 900:
        finish(error="waited in vain; messages: " + "; ".join(item.text() for item in iface.messageBar().items()))
    else:
        QTimer.singleShot(50, lambda: wait(until, then, rounds + 1))


def guarded(step):
    try:
        step()
    except Exception:
        finish(error=traceback.format_exc())


# --- as a user ----------------------------------------------------------------------------------------------------


def classify(scenes, then):
    """One after the other: into the project, the toolbar's button, Run."""
    if not scenes:
        then()
        return
    scene = QgsRasterLayer(str(scenes[0]), scenes[0].stem)
    QgsProject.instance().addMapLayer(scene)
    iface.setActiveLayer(scene)
    QTest.mouseClick(iface.pluginToolBar().widgetForAction(action("ofanetClassifyLayer")), LEFT)
    panel = iface.mainWindow().findChild(QDockWidget, "ofanetClassifyPanel")
    ready = lambda: panel.source.layer() == scene and panel.run.isEnabled()  # noqa: E731
    wait(ready, lambda: run(panel, scene.name(), lambda: classify(scenes[1:], then)))


def run(panel, name, then):
    answer["verdicts"][name] = panel.source.verdict.text()
    output = Path(PROJECT).with_name(f"{name}_classes_{len(QgsProject.instance().mapLayers())}.tif")
    panel.output.setFilePath(str(output))
    QTest.mouseClick(panel.run, LEFT)
    assert plugins["ofanet"].queue.runs, "Run began nothing"
    wait(lambda: not plugins["ofanet"].queue.runs, then)


def save():
    assert QgsProject.instance().write(PROJECT)
    finish(results=results(), engine=engine().pid)


def reopen():
    assert QgsProject.instance().read(PROJECT)
    answer["results"] = results()
    classify([path for path in SCENES if path.stem == "naip"], uninstall)


def uninstall():
    pid = engine().pid
    pyplugin_installer.instance().uninstallPlugin("ofanet", quiet=True)
    QgsApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    QTimer.singleShot(200, lambda: guarded(lambda: finish(engine=pid, left=left())))


# --- what there is ------------------------------------------------------------------------------------------------


def action(name):
    return iface.mainWindow().findChild(QAction, name)


def engine():
    return sys.modules["ofanet.engine.client"].ENGINE


def results() -> dict:
    """Name of each raster -> what stands in the group above it."""
    root, found = QgsProject.instance().layerTreeRoot(), {}
    for group in root.findGroups():
        for node in group.findLayers():
            layer, entries = node.layer(), node.layer().renderer().classes()
            found[Path(layer.source()).name] = {
                "group": group.name(),
                "valid": layer.isValid(),
                "shown": node.isVisible(),
                "legend": [[entry.value, entry.label, entry.color.name()] for entry in entries],
            }
    return found


def left() -> dict:
    """What the plugin should have taken with it."""
    window = iface.mainWindow()
    ours = [thing for thing in window.findChildren(QObject) if type(thing).__module__.split(".")[0] == "ofanet"]
    named = [thing for thing in window.findChildren(QObject) if thing.objectName().startswith("ofanet")]
    settings = QgsSettings()
    outside = [key for key in settings.allKeys() if "ofanet" in key.lower() and not key.startswith("ofanet/")]
    return {
        "widgets and actions": [thing.objectName() or repr(thing) for thing in {*ours, *named}],
        "menus": [entry.text() for entry in iface.rasterMenu().actions() if "OFA" in entry.text()],
        "provider": [] if QgsApplication.processingRegistry().providerById("ofanet") is None else ["ofanet"],
        "modules": [name for name in sys.modules if name.split(".")[0] == "ofanet"],
        "threads": [t.name for t in threading.enumerate() if "_read_std" in t.name or "_work" in t.name],
        "environment": [name for name in os.environ if name == "OFANET_MODELS"],
        "settings elsewhere": outside,
        "files": [str(path) for path in Path(QgsApplication.qgisSettingsDirPath()).glob("python/plugins/ofanet*")],
    }


start = {"classify": lambda: classify(SCENES, save), "uninstall": reopen}[os.environ["OFANET_TEST_STAGE"]]
QTimer.singleShot(500, lambda: guarded(start))
