"""Run by a real QGIS window (.ci/pictures): opens the plugin's windows and saves how they look."""

import os
import traceback
from pathlib import Path

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import Qt, QTimer
from qgis.utils import plugins

OUT = Path(os.environ["OFANET_PICTURES"])


def set_up():
    doors = plugins["ofanet"].doors
    doors.set_up_engine()
    when(lambda: doors.setup.pythons is not None, lambda: (shoot(doors.setup_dialog, "set_up_engine"), models(doors)))


def models(doors):
    doors.setup_dialog.close()
    doors.show_models()
    match = Qt.MatchFlag.MatchRecursive | Qt.MatchFlag.MatchExactly
    doors.manager.list.setCurrentItem(doors.manager.list.findItems("Sentinel-2: land cover", match)[0])
    QTimer.singleShot(500, lambda: (shoot(doors.manager, "models"), doors.manager.close(), QgsApplication.exit(0)))


def when(ready, then):
    if ready():
        QTimer.singleShot(500, then)
    else:
        QTimer.singleShot(100, lambda: when(ready, then))


def shoot(window, name: str):
    if not window.grab().save(str(OUT / f"{name}.png")):
        raise OSError(f"cannot write {name}.png to {OUT}")


def start():
    try:
        set_up()
    except Exception:
        traceback.print_exc()
        QgsApplication.exit(1)


QTimer.singleShot(1500, start)
