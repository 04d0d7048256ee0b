"""One class per tile: one polygon per tile, with its class and confidence."""

from qgis.core import QgsProcessingParameterVectorDestination

from ..engine.modules import MapResult
from ..i18n.texts import tr
from ..results.map_run import map_title
from ..results.post_processing import load_map, log_classes
from .masked import MaskedAlgorithm
from .parameters import VECTOR_POLYGON, add, add_head, add_input, add_reading, add_report, add_tiling


class Classify(MaskedAlgorithm):
    VERB = TASK = "classify"
    TITLE = "Classify tiles (one class per tile)"
    HELP = (
        "Cuts the raster into tiles that do not overlap and labels each with a class of the chosen head: one polygon "
        "per tile, with class, name and confidence. The tile size is the head's own unless you set one.\n\n"
        'It is quick and coarse, and needs a head for this task. For borders to the pixel, use "Segment".'
    )
    TAGS = ("patch", "scene classification", "land cover", "deep learning", "sampling grid")

    def initAlgorithm(self, configuration=None):
        add_input(self)
        add_head(self)
        self.add_masks()
        add_reading(self)
        add_tiling(self)
        tiles = QgsProcessingParameterVectorDestination("OUTPUT", tr("Tiles"), VECTOR_POLYGON)
        words = tr(
            "One polygon per tile: class (a number), name, and confidence from 0 to 1. Styled when it is loaded."
        )
        add(self, tiles, words)
        add_report(self)

    def processAlgorithm(self, parameters, context, feedback):
        output = self.output_path(parameters, "OUTPUT", context)
        report = self.output_file(parameters, "OUTPUT_REPORT", context)
        params = {**self.engine_options(parameters, context), "output": output, "report": report}
        with self.mask(parameters, context, feedback) as about:
            result = MapResult.from_json(self.run_engine({**params, **about}, feedback))
        log_classes(result, feedback)
        load_map(context, map_title(self._layer_name, result.head_name), result)
        return {name: path for name, path in (("OUTPUT", output), ("OUTPUT_REPORT", report)) if path}
