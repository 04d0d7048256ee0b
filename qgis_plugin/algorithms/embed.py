"""Features per token: a raster of the backbone's features, and on request a three-colour picture of them."""

from qgis.core import QgsProcessingParameterRasterDestination

from ..i18n.texts import tr
from ..results.post_processing import load_named, load_picture
from .common import EngineAlgorithm
from .parameters import add, add_input, add_reading, add_tiling


class Embed(EngineAlgorithm):
    VERB = "embed"
    GROUP = "rasters"
    TITLE = "Embed (features per token)"
    HELP = (
        "Writes the features that the shared backbone makes of the raster: one cell per token (1/14 of a tile), one "
        "band per feature. They serve other tools as input: clustering, similarity search, a classifier of your own. "
        "On request also a picture of their three main components, in which similar places have similar colours."
    )
    TAGS = ("embeddings", "features", "foundation model", "PCA", "clustering", "similarity", "deep learning")

    def initAlgorithm(self, configuration=None):
        add_input(self)
        add_reading(self)
        add_tiling(self)
        features = QgsProcessingParameterRasterDestination("OUTPUT", tr("Features"))
        add(self, features, tr("A raster with one band for each feature, and larger cells than the input's."))
        picture = QgsProcessingParameterRasterDestination(
            "OUTPUT_PICTURE", tr("Picture of three components"), optional=True, createByDefault=False
        )
        words = tr("The features' three main components as red, green and blue: similar places have similar colours.")
        add(self, picture, words)

    def processAlgorithm(self, parameters, context, feedback):
        output = self.output_path(parameters, "OUTPUT", context)
        picture = self.output_path(parameters, "OUTPUT_PICTURE", context)
        params = {**self.engine_options(parameters, context), "output": output, "picture": picture}
        self.run_engine(params, feedback)
        load_named(context, output, tr("{layer} features").format(layer=self._layer_name))
        load_picture(context, picture, tr("{layer} features, picture").format(layer=self._layer_name))
        return {name: path for name, path in (("OUTPUT", output), ("OUTPUT_PICTURE", picture)) if path}
