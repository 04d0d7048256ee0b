"""One raster layer from the band files of a scene."""

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingOutputRasterLayer,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterMultipleLayers,
)

from ..i18n.texts import tr
from .common import EngineAlgorithm
from .parameters import RASTER, add


class Stack(EngineAlgorithm):
    VERB = "stack"
    GROUP = "rasters"
    TITLE = "Stack band files"
    HELP = (
        "Makes one raster of the band files of a scene, as Landsat, Sentinel-2, Sentinel-1 and many exports come: "
        "bands named after their files, in their product's order. It is a virtual raster (VRT): nothing is copied, and "
        "it needs the files where they are.\n\n"
        "The file names have to tell the bands, as in ..._SR_B4.TIF, ..._B04_10m.jp2, ..._VV.tif; quality flags and "
        "the like are left out. Coarser bands are repeated onto the finest grid. No data values, scales, offsets and "
        "masks of the files are kept; Landsat's scale and offset are added."
    )
    TAGS = ("Landsat", "Sentinel", "bands", "VRT", "virtual raster", "merge", "single-band")

    def initAlgorithm(self, configuration=None):
        layers = QgsProcessingParameterMultipleLayers("INPUT", tr("Band files"), RASTER)
        layers.setMinimumNumberInputs(2)
        add(self, layers, tr("Rasters of one band each, of one scene, in one coordinate system."))
        target = QgsProcessingParameterFileDestination("OUTPUT", tr("Virtual raster"), tr("Virtual rasters (*.vrt)"))
        add(self, target, tr("Best in the folder of the band files: then all can be moved together."))
        self.add_output(QgsProcessingOutputRasterLayer("RASTER", tr("Scene")), tr("The same as a layer."))

    def processAlgorithm(self, parameters, context, feedback):
        output = self.output_file(parameters, "OUTPUT", context)
        found = self.run_engine({"inputs": self._paths, "output": output}, feedback)
        bands = ", ".join(found["bands"])
        feedback.pushInfo(tr("{title}: {bands}").format(title=found["title"], bands=bands))
        if context.project() is not None:
            details = QgsProcessingContext.LayerDetails(found["name"], context.project(), "RASTER")
            context.addLayerToLoadOnCompletion(output, details)
        return {"OUTPUT": output, "RASTER": output}
