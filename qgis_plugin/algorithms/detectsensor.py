"""Which sensor a raster comes from, its band order and unit, and why."""

from qgis.core import QgsProcessingOutputString

from ..engine.engine_messages import with_field_titles
from ..engine.modules import catalog
from ..engine.reading_words import reading_title
from ..i18n.texts import tr
from .common import EngineAlgorithm
from .parameters import add_input, add_reading


class DetectSensor(EngineAlgorithm):
    VERB = "detectsensor"
    VERB_OF_ENGINE = "detect"
    GROUP = "rasters"
    TITLE = "Detect sensor"
    HELP = (
        "Recognises Sentinel-1, Sentinel-2, Gaofen, NAIP and EnMAP rasters by their bands, and says how sure that is "
        "and why. A raster that fits none is refused with what to do. Set the sensor to see how a raster would be read "
        "as that one."
    )
    TAGS = ("satellite", "bands", "band order", "identify", "metadata", "Landsat")

    def initAlgorithm(self, configuration=None):
        add_input(self)
        add_reading(self)
        for name, title, words in (
            ("PRODUCT", tr("Product"), tr("What the file is; empty where that is not known.")),
            ("PRODUCT_TITLE", tr("Product in words"), tr("With the sensor that it is read as, and what that lacks.")),
            ("SENSOR", tr("Sensor"), tr("What the other algorithms take as their sensor.")),
            ("CONFIDENCE", tr("Confidence"), tr("certain, likely, or ambiguous: then please check it.")),
            ("REASON", tr("Reason"), tr("How sensor, band order and unit were found.")),
            ("BANDS", tr("Band order"), tr("The raster's band for each band of the sensor; a dash where it has none.")),
            ("UNITS", tr("Unit"), tr("What the raster's numbers mean.")),
            ("CANDIDATES", tr("Sensors it may be"), tr("With commas between them, the likeliest first.")),
        ):
            self.add_output(QgsProcessingOutputString(name, title), words)

    def processAlgorithm(self, parameters, context, feedback):
        found = self.run_engine(self.engine_options(parameters, context), feedback)
        sensor, bands = found.get("sensor"), found.get("bands") or []
        table = catalog.installed_table()
        answer = {
            "PRODUCT": found.get("product") or "",
            "PRODUCT_TITLE": reading_title(found.get("product"), sensor, bands, table) if sensor else "",
            "SENSOR": sensor or "",
            "CONFIDENCE": found.get("confidence") or "",
            "REASON": with_field_titles(found.get("marked_reason") or ""),
            "BANDS": ",".join("-" if band is None else str(band) for band in bands),
            "UNITS": found.get("units") or "",
            "CANDIDATES": ",".join(found.get("candidates") or []),
        }
        for name, value in answer.items():
            feedback.pushInfo(f"{name}: {value}")
        return answer
