"""Which sensor a raster comes from, its band order and unit, and why."""

from qgis.core import QgsProcessingOutputString

from ..texts import tr
from .common import EngineAlgorithm, add_input, add_reading


class DetectSensor(EngineAlgorithm):
    VERB = "detectsensor"
    VERB_OF_ENGINE = "detect"
    TITLE = "Detect sensor"
    HELP = (
        "Recognises Sentinel-1, Sentinel-2, Gaofen, NAIP and EnMAP rasters by their bands, and says how sure that is "
        "and why. A raster that fits none is refused with what to do. Set the sensor to see how a raster would be read "
        "as that one."
    )

    def initAlgorithm(self, configuration=None):
        add_input(self)
        add_reading(self)
        for name, title in (
            ("SENSOR", tr("Sensor")),
            ("CONFIDENCE", tr("Confidence: certain, likely or ambiguous")),
            ("REASON", tr("Reason")),
            ("BANDS", tr("Source band of each band of the sensor")),
            ("UNITS", tr("Unit")),
            ("CANDIDATES", tr("Sensors it may be")),
        ):
            self.addOutput(QgsProcessingOutputString(name, title))

    def processAlgorithm(self, parameters, context, feedback):
        found = self.run_engine(self.job(parameters, context), feedback)
        answer = {
            "SENSOR": found.get("sensor") or "",
            "CONFIDENCE": found.get("confidence") or "",
            "REASON": found.get("reason") or "",
            "BANDS": ",".join("-" if band is None else str(band) for band in found.get("bands") or []),
            "UNITS": found.get("units") or "",
            "CANDIDATES": ",".join(found.get("candidates") or []),
        }
        for name, value in answer.items():
            feedback.pushInfo(f"{name}: {value}")
        return answer
