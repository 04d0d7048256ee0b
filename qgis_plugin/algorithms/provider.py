"""The Processing provider: QGIS's toolbox, models, batch runs and qgis_process come with it."""

from qgis.core import QgsApplication, QgsProcessingProvider
from qgis.PyQt.QtGui import QIcon

from ..engine.modules import ICON
from . import ALGORITHMS
from .examples import TITLES, examples


class OfaNetProvider(QgsProcessingProvider):
    def id(self):
        return "ofanet"

    def name(self):
        return "OFA-Net"

    def icon(self):
        return QIcon(str(ICON))

    def svgIconPath(self):
        return str(ICON)

    def load(self):
        QgsApplication.processingRegistry().providerAdded.connect(self._provider_added)
        return super().load()

    def unload(self):
        registry = QgsApplication.processingRegistry()
        if registry is not None:  # it is gone where qgis_process of QGIS 3.44 ends
            registry.providerAdded.disconnect(self._provider_added)

    def loadAlgorithms(self):
        for algorithm in ALGORITHMS:
            self.addAlgorithm(algorithm())
        for model in examples() if self._registered() else ():
            self.addAlgorithm(model)

    def _registered(self) -> bool:
        """Whether models can find their steps: QGIS looks for these in the registry, which has a provider only after
        its algorithms are loaded."""
        return QgsApplication.processingRegistry().providerById(self.id()) is not None

    def _provider_added(self, _):
        """This one, or another that the steps of the models come from."""
        known = {algorithm.name() for algorithm in self.algorithms()}
        if self._registered() and not {stem.replace("_", "") for stem in TITLES} <= known:
            self.refreshAlgorithms()

    # The engine writes these two formats, to files.

    def supportedOutputRasterLayerExtensions(self):
        return ["tif"]

    def supportedOutputVectorLayerExtensions(self):
        return ["gpkg"]

    def defaultRasterFileExtension(self, *args):
        return "tif"

    def defaultVectorFileExtension(self, hasGeometry=True):
        return "gpkg"

    def supportsNonFileBasedOutput(self):
        return False
