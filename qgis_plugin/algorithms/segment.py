"""One class a pixel: a class raster on the input's grid, and on request polygons and confidence."""

from qgis.core import QgsProcessingParameterRasterDestination, QgsProcessingParameterVectorDestination

from ..styling import load_classes, load_confidence, log_classes, result_title
from ..texts import tr
from .common import VECTOR_POLYGON, add_head, add_input, add_min_area, add_reading, add_report, add_tiling
from .masked import MaskedAlgorithm


class Segment(MaskedAlgorithm):
    VERB = TASK = "segment"
    TITLE = "Segment (one class a pixel)"
    HELP = (
        "Labels each pixel with a class of the chosen head. The raster is read in overlapping tiles whose results are "
        "blended without seams; the class raster lies on exactly the input's grid, with class names and colours in the "
        "file. On request also dissolved polygons with areas in hectares, and the confidence of each pixel (0 to 1)."
    )

    def initAlgorithm(self, configuration=None):
        add_input(self)
        add_head(self)
        self.add_masks()
        add_min_area(self)
        add_reading(self)
        add_tiling(self, overlap=True)
        self.addParameter(QgsProcessingParameterRasterDestination("OUTPUT", tr("Classes")))
        optional = {"optional": True, "createByDefault": False}
        self.addParameter(
            QgsProcessingParameterVectorDestination("OUTPUT_POLYGONS", tr("Polygons"), VECTOR_POLYGON, **optional)
        )
        self.addParameter(QgsProcessingParameterRasterDestination("OUTPUT_CONFIDENCE", tr("Confidence"), **optional))
        add_report(self)

    def processAlgorithm(self, parameters, context, feedback):
        outputs = {
            "OUTPUT": self.output_path(parameters, "OUTPUT", context),
            "OUTPUT_POLYGONS": self.output_path(parameters, "OUTPUT_POLYGONS", context),
            "OUTPUT_CONFIDENCE": self.output_path(parameters, "OUTPUT_CONFIDENCE", context),
        }
        params = self.job(parameters, context)
        params["output"] = outputs["OUTPUT"]
        params["polygons"] = outputs["OUTPUT_POLYGONS"]
        params["confidence"] = outputs["OUTPUT_CONFIDENCE"]
        outputs["OUTPUT_REPORT"] = params["report"] = self.output_file(parameters, "OUTPUT_REPORT", context)
        with self.mask(parameters, context, feedback) as about:
            result = self.run_engine({**params, **about}, feedback)
        log_classes(result, feedback)
        title = result_title(self._layer_name, result)
        load_classes(context, outputs["OUTPUT"], title, result)
        load_classes(context, outputs["OUTPUT_POLYGONS"], tr("{title} polygons").format(title=title), result)
        load_confidence(context, outputs["OUTPUT_CONFIDENCE"], tr("{title} confidence").format(title=title))
        return {name: path for name, path in outputs.items() if path}
