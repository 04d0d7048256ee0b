"""Tests inside QGIS: a QgsApplication (pytest-qgis), the plugin loaded from the repository, and the real engine."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal, osr
from qgis.core import QgsApplication, QgsProject, QgsRasterLayer, QgsSettings
from qgis.gui import QgsMapCanvas, QgsMessageBar
from qgis.PyQt.QtCore import QLocale, QObject, pyqtSignal
from qgis.PyQt.QtWidgets import QAction, QMainWindow, QMenu, QToolBar

pytest_plugins = ["fake_environments"]  # fixtures

# pytest-qgis has started QGIS by now, in the environment that `make test` gives it (QT_QPA_PLATFORM=offscreen).
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
sys.path.append(os.path.join(QgsApplication.pkgDataPath(), "python", "plugins"))  # "processing"
QLocale.setDefault(QLocale.c())  # the tests read English

SIZE, LEFT, TOP = 256, 500000, 5500000  # of `scene_of_fields`
SENSORS = ("sentinel-1", "sentinel-2", "gaofen", "naip", "enmap")


_SCENES = tempfile.TemporaryDirectory(prefix="ofanet-scenes-")  # QGIS writes statistics next to what it opens


def sample(sensor: str) -> str:
    scene = Path(_SCENES.name) / f"{sensor}.tif"
    if not scene.exists():
        shutil.copyfile(ROOT / "resources" / "samples" / scene.name, scene)
    return str(scene)


def scene_of_fields(folder: Path, colors: Sequence[tuple[int, int, int]], hole: int = 0) -> str:
    """A raster of three bands and SIZE x SIZE px of 1 m, its corner at LEFT, TOP in UTM 33N: fields of these colours
    side by side, with noise; no data in the first `hole` rows and columns."""
    path = folder / "scene.tif"
    target = gdal.GetDriverByName("GTiff").Create(str(path), SIZE, SIZE, 3, gdal.GDT_Byte)
    target.SetGeoTransform((LEFT, 1, 0, TOP, 0, -1))
    crs = osr.SpatialReference()
    crs.ImportFromEPSG(32633)
    target.SetProjection(crs.ExportToWkt())
    rng, field = np.random.default_rng(0), np.arange(SIZE) * len(colors) // SIZE
    for number in range(3):
        values = np.array(colors)[field, number] + rng.normal(0, 12, (SIZE, SIZE))
        values = values.clip(1, 254).astype(np.uint8)
        values[:hole, :hole] = 0
        if hole:
            target.GetRasterBand(number + 1).SetNoDataValue(0)
        target.GetRasterBand(number + 1).WriteArray(values)
    target = None  # closes it
    return str(path)


def wait_for(condition: Callable[[], object], seconds: float = 5.0):
    """Polls without QGIS's events; for what other threads and processes do."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"nothing within {seconds} s"
        time.sleep(0.01)


class Window(QObject):
    """What the plugin uses of QgisInterface, with real widgets: pytest-qgis's own is made of mocks."""

    currentLayerChanged = pyqtSignal(object)

    def __init__(self):
        super().__init__()
        self._window = QMainWindow()
        self._canvas = QgsMapCanvas(self._window)
        self._window.setCentralWidget(self._canvas)
        self._window.resize(1200, 900)
        self._add_feature = QAction(self._window)
        self._bar = QgsMessageBar(self._window)
        self.toolbar = QToolBar(self._window)
        self.menu = QMenu(self._window)
        self.layer = None
        self.options = []  # factories of pages in Settings > Options
        self.custom = []  # actions in the context menu of layers: action, kind of layer

    def mainWindow(self):
        return self._window

    def messageBar(self):
        return self._bar

    def activeLayer(self):
        return self.layer

    def setActiveLayer(self, layer):
        self.layer = layer
        self.currentLayerChanged.emit(layer)

    def mapCanvas(self):
        return self._canvas

    def actionAddFeature(self):
        return self._add_feature

    def addDockWidget(self, area, dock):
        self._window.addDockWidget(area, dock)

    def removeDockWidget(self, dock):
        self._window.removeDockWidget(dock)

    def addToolBarIcon(self, action):
        self.toolbar.addAction(action)

    def removeToolBarIcon(self, action):
        self.toolbar.removeAction(action)

    def addPluginToRasterMenu(self, name, action):
        self.menu.addAction(action)

    def removePluginRasterMenu(self, name, action):
        self.menu.removeAction(action)

    def addCustomActionForLayerType(self, action, menu, kind, all_layers):
        self.custom.append((action, kind))

    def removeCustomActionForLayerType(self, action):
        before = len(self.custom)
        self.custom = [(one, kind) for one, kind in self.custom if one is not action]
        return len(self.custom) < before

    def registerOptionsWidgetFactory(self, factory):
        self.options.append(factory)

    def unregisterOptionsWidgetFactory(self, factory):
        self.options.remove(factory)

    def messages(self) -> list[str]:
        return [item.text() for item in self._bar.items()]


@pytest.fixture(autouse=True)
def rasters_load_at_once(monkeypatch):
    """Panels wait until a raster is recognised, on a busy machine too; tests of the waiting set it back."""
    from qgis_plugin.widgets.raster_facts_loader import RasterFactsLoader

    monkeypatch.setattr(RasterFactsLoader, "wait_s", 20.0)


@pytest.fixture(scope="module")
def window(qgis_app):
    return Window()


@pytest.fixture(scope="module")
def plugin(qgis_app, window):
    """Loaded once a module, so that the engine stays warm between tests as it does between a user's runs."""
    from qgis_plugin import classFactory

    loaded = classFactory(window)
    loaded.initGui()
    yield loaded
    loaded.unload()


@pytest.fixture
def settings(qgis_app):
    """QgsSettings without any of the plugin's, before and after."""
    found = QgsSettings()
    found.remove("ofanet")
    yield found
    found.remove("ofanet")


@pytest.fixture
def layer(qgis_app):
    """Opens a raster as a layer of the project; all go away after the test."""

    def open_layer(path, name: str | None = None) -> QgsRasterLayer:
        opened = QgsRasterLayer(str(path), name or Path(path).stem)
        assert opened.isValid(), path
        QgsProject.instance().addMapLayer(opened)
        return opened

    yield open_layer
    QgsProject.instance().removeAllMapLayers()
    QgsProject.instance().layerTreeRoot().removeAllChildren()  # groups of runs stay when their layers go


@pytest.fixture
def environment(tmp_path) -> dict[str, str]:
    """That of a user's shell, with a profile of its own; QGIS's own Python comes first in PATH."""
    from qgis_plugin.engine.child import clean_environment

    run = tmp_path / "run"
    run.mkdir(mode=0o700)
    own = clean_environment() | {"XDG_RUNTIME_DIR": str(run), "QGIS_PLUGINPATH": str(ROOT)}
    own["PATH"] = os.pathsep.join(["/usr/bin", "/bin", own["PATH"]])
    own["LC_ALL"] = "C.UTF-8"
    return own


@pytest.fixture
def qgis_process(environment, tmp_path):
    """Runs qgis_process and returns the finished process."""
    environment |= {"QGIS_CUSTOM_CONFIG_PATH": str(tmp_path / "profile"), "QT_QPA_PLATFORM": "offscreen"}

    def run(*words, **changes):
        command = ["qgis_process", "--json", *words]
        environ = environment | changes
        return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=120, check=False)

    return run
