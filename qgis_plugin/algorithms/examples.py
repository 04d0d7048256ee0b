"""Models that the plugin brings along: what its algorithms can do together, to run as they are or to build on."""

from pathlib import Path

from qgis.core import QgsProcessingModelAlgorithm

from ..bridge import ROOT
from ..texts import tr

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

    def helpUrl(self):
        return ""


def examples() -> list[Example]:
    """Those whose steps QGIS all knows by now."""
    return [model for model in map(Example, TITLES) if model.whole]
