"""After unload, QGIS is as it was before."""

from conftest import Window, sample
from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QEvent

from qgis_plugin import classFactory
from qgis_plugin.engine import ENGINE


def test_unload_leaves_nothing_behind(qgis_app, layer):
    window, registry = Window(), QgsApplication.processingRegistry()
    window.layer = layer(sample("naip"))
    children = len(window.mainWindow().children())
    for _ in range(2):  # the plugin can be switched on again
        loaded = classFactory(window)
        loaded.initGui()
        assert registry.providerById("ofanet") is not None
        window.toolbar.actions()[0].trigger()
        ENGINE.run("hello", {})
        assert ENGINE.pid
        loaded.unload()
        assert ENGINE.pid is None and loaded.dialog is None
        assert not window.toolbar.actions() and not window.menu.actions()
        assert registry.providerById("ofanet") is None
        QgsApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        assert len(window.mainWindow().children()) == children
