"""Models that the plugin brings along: what its algorithms can do together, to run as they are or to build on."""

from pathlib import Path

from qgis.core import QgsProcessingModelAlgorithm, QgsProcessingUtils

from ..engine.modules import ROOT, MappedClass
from ..i18n.texts import tr
from ..results.post_processing import load_classes

FOLDER = ROOT / "resources" / "models3"
TITLES = {
    "detect_segment_clip": tr("Detect, segment and clip to an area"),
    "head_over_folder": tr("One head over a folder of scenes"),
}


class Example(QgsProcessingModelAlgorithm):
    """A model file under an id that stays as it is, whatever the model is called, and a title in the user's words."""

    def __init__(self, stem: str):
        super().__init__()
        self._stem = stem
        path = str(FOLDER / f"{stem}.model3")
        self.whole = self.fromFile(path) and self.validate()[0]
        self.setSourceFilePath(path)

    def createInstance(self):
        return Example(self._stem)

    def name(self):
        return self._stem.replace("_", "")

    def displayName(self):
        return TITLES[self._stem]

    def group(self):
        return tr("Example models")

    def groupId(self):
        return "examples"

    def shortDescription(self):
        return Path(self.sourceFilePath()).name

    def shortHelpString(self):
        text = tr("To change it: Processing > Graphical Modeler, there Model > Open Model, and this file: {path}")
        return super().shortHelpString() + f"<p>{text.format(path=self.sourceFilePath())}</p>"

    def processAlgorithm(self, parameters, context, feedback):
        results = super().processAlgorithm(parameters, context, feedback)
        if "polygons" in results:  # made by QGIS's own algorithms, which know nothing of class colours
            load_classes(context, results["polygons"], tr("Classes in the area"), _classes(results, context))
        return results


def _classes(results: dict, context) -> list[MappedClass]:
    """Those of the polygons, as the class raster shows them."""
    raster, polygons = (QgsProcessingUtils.mapLayerFromString(results[key], context) for key in ("classes", "polygons"))
    values = polygons.uniqueValues(polygons.fields().lookupField("class"))
    shown = [entry for entry in raster.renderer().classes() if entry.value in values]
    return [MappedClass(int(entry.value), entry.label, entry.color.name()) for entry in shown]


def examples() -> list[Example]:
    """Those whose steps QGIS all knows by now."""
    return [model for model in map(Example, TITLES) if model.whole]
