"""The Processing provider: QGIS's toolbox, models, batch runs and qgis_process come with it."""

from qgis.core import QgsProcessingProvider
from qgis.PyQt.QtGui import QIcon

from .algorithms import ALGORITHMS
from .bridge import ICON


class OfaNetProvider(QgsProcessingProvider):
    def id(self):
        return "ofanet"

    def name(self):
        return "OFA-Net"

    def icon(self):
        return QIcon(str(ICON))

    def loadAlgorithms(self):
        for algorithm in ALGORITHMS:
            self.addAlgorithm(algorithm())

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
