"""One class per pixel: a class raster on the input's grid, and on request polygons and confidence."""

from qgis.core import QgsProcessingParameterRasterDestination, QgsProcessingParameterVectorDestination

from ..engine.modules import MapResult
from ..i18n.texts import tr
from ..results.map_run import map_title
from ..results.post_processing import load_map, log_classes
from .masked import MaskedAlgorithm
from .parameters import VECTOR_POLYGON, add, add_head, add_input, add_min_area, add_reading, add_report, add_tiling


class Segment(MaskedAlgorithm):
    VERB = TASK = "segment"
    TITLE = "Segment (one class per pixel)"
    HELP = (
        "Labels each pixel with a class of the chosen head. To start, choose a raster layer and press Run: sensor, "
        "bands, unit and head are found, and the log lists classes and areas.\n\n"
        "The raster is read in overlapping tiles whose results are blended without seams; the class raster lies on "
        "exactly the input's grid, with class names and colours in the file. On request also dissolved polygons with "
        "areas in hectares, and the confidence of each pixel (0 to 1)."
    )
    TAGS = ("land cover", "semantic segmentation", "classify", "pixel", "polygons", "deep learning", "map", "mask")

    def initAlgorithm(self, configuration=None):
        add_input(self)
        add_head(self)
        self.add_masks()
        add_min_area(self)
        add_reading(self)
        add_tiling(self)
        classes = QgsProcessingParameterRasterDestination("OUTPUT", tr("Classes"))
        add(self, classes, tr("The class of each pixel, on the input's grid. Styled when it is loaded."))
        optional = {"optional": True, "createByDefault": False}
        polygons = QgsProcessingParameterVectorDestination(
            "OUTPUT_POLYGONS", tr("Polygons"), VECTOR_POLYGON, **optional
        )
        add(self, polygons, tr("One polygon for each patch of a class: class (a number), name, area_ha."))
        confidence = QgsProcessingParameterRasterDestination("OUTPUT_CONFIDENCE", tr("Confidence"), **optional)
        words = tr("How sure the model is of each pixel's class, 0 to 1. Low where classes look alike, and at borders.")
        add(self, confidence, words)
        add_report(self)

    def processAlgorithm(self, parameters, context, feedback):
        outputs = {
            "OUTPUT": self.output_path(parameters, "OUTPUT", context),
            "OUTPUT_POLYGONS": self.output_path(parameters, "OUTPUT_POLYGONS", context),
            "OUTPUT_CONFIDENCE": self.output_path(parameters, "OUTPUT_CONFIDENCE", context),
        }
        params = self.engine_options(parameters, context)
        params["output"] = outputs["OUTPUT"]
        params["polygons"] = outputs["OUTPUT_POLYGONS"]
        params["confidence"] = outputs["OUTPUT_CONFIDENCE"]
        outputs["OUTPUT_REPORT"] = params["report"] = self.output_file(parameters, "OUTPUT_REPORT", context)
        with self.mask(parameters, context, feedback) as about:
            result = MapResult.from_json(self.run_engine({**params, **about}, feedback))
        log_classes(result, feedback)
        load_map(context, map_title(self._layer_name, result.head_name), result)
        return {name: path for name, path in outputs.items() if path}
