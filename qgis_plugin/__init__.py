"""OFA-Net in QGIS: a toolbar action, a Processing provider, and the owner of the engine's child process."""


def classFactory(iface):
    """QGIS calls this to load the plugin; nothing else is imported before."""
    from .plugin import OfaNetPlugin

    return OfaNetPlugin(iface)
