"""After unload, QGIS is as it was before."""

from conftest import Window, sample
from osgeo import gdal
from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QEvent

from qgis_plugin import classFactory
from qgis_plugin.engine.client import ENGINE


def test_unload_leaves_nothing_behind(qgis_app, layer):
    window, registry = Window(), QgsApplication.processingRegistry()
    window.layer = layer(sample("naip"))
    children = len(window.mainWindow().children())
    for _ in range(2):  # the plugin can be switched on again
        loaded = classFactory(window)
        loaded.initGui()
        assert registry.providerById("ofanet") is not None
        window.toolbar.actions()[0].trigger()
        loaded.setup_menu.set_up_engine()
        loaded.setup_menu.show_models()
        ENGINE.run("hello", {})
        assert ENGINE.pid
        loaded.unload()
        assert ENGINE.pid is None and loaded.setup_menu is None and not loaded.panels
        assert not window.toolbar.actions() and not window.menu.actions() and not window.options
        assert not window.custom and loaded.menu is None
        assert registry.providerById("ofanet") is None
        QgsApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        assert len(window.mainWindow().children()) == children


def test_unload_in_the_middle_of_a_run(qgis_app, layer, qtbot, tmp_path):
    large = tmp_path / "large.vrt"
    gdal.Translate(str(large), sample("naip"), width=9000, height=9000, format="VRT")
    out = tmp_path / "out"
    out.mkdir()
    window = Window()
    window.layer = layer(large)
    loaded = classFactory(window)
    loaded.initGui()
    window.toolbar.actions()[0].trigger()
    panel = loaded.panels["classify"]
    panel.output.setFilePath(str(out / "o.tif"))
    panel.run.click()
    panel.run.click()  # this one waits
    run = loaded.queue.runs[0]
    qtbot.waitUntil(lambda: run.percent > 0, timeout=60000)
    loaded.unload()
    assert ENGINE.pid is None and not list(out.iterdir())
    qtbot.waitUntil(lambda: not loaded.queue.runs, timeout=5000)
