"""The work behind one click, in a thread: features of what the canvas shows, then the similarity to the place."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from qgis.core import QgsRectangle

from ...engine.client import ENGINE
from ...engine.modules import catalog, errors
from ...i18n.texts import tr
from ...runs.function_task import FunctionTask
from .similarity_map import SimilarityMap, features_mean, map_similarity

_TOKEN_PX = 7  # how small a place is, unless the user sets the tile size: much smaller than the models' own tokens
_FEATURES_SHARE = 0.9  # of the progress bar


@dataclass
class Features:
    """An embedded part of a raster, kept for the next click."""

    path: Path
    key: tuple  # what it was made of
    extent: QgsRectangle
    mean: np.ndarray | None = None  # once it is computed

    def serve(self, key: tuple, extent: QgsRectangle) -> bool:
        """Whether a search for that can use them."""
        return self.key == key and self.extent.contains(extent)


def search(task: FunctionTask, features: Features, params: dict, place, output: str) -> SimilarityMap | None:
    """Computes the features, unless an earlier click has, then writes the similarity of all places to one.

    Args:
        task: Which this is the function of.
        features: Their `mean` is set once they are computed.
        params: Of the engine's verb `embed`, without bounds and output.
        place: A QgsPointXY in the raster's CRS.
        output: The GeoTIFF to write.

    Returns:
        None where it was cancelled.

    Raises:
        EngineError: the engine failed.
        OfaError: there is nothing at that place.
    """
    share = 0.0
    if features.mean is None:
        share = _FEATURES_SHARE
        _compute(task, features, params)
        if features.mean is None:
            return None

    def progress(done: float):
        task.progress(share + (1 - share) * done, tr("comparing places"))

    return map_similarity(str(features.path), (place.x(), place.y()), features.mean, output, progress, task.cancelled)


def _compute(task: FunctionTask, features: Features, params: dict):
    def progress(message: dict):
        task.progress(_FEATURES_SHARE * float(message.get("fraction") or 0.0), tr("computing features"))

    extent = features.extent
    bounds = [extent.xMinimum(), extent.yMinimum(), extent.xMaximum(), extent.yMaximum()]
    ENGINE.run("embed", {**params, "bounds": bounds, "output": str(features.path)}, progress, None, task.cancelled)
    features.mean = features_mean(str(features.path), task.cancelled)


def small_tile_px(sensor: str) -> int | None:
    """The tile whose tokens are _TOKEN_PX wide in the model that the engine will take; None leaves it to the engine."""
    try:
        model = catalog.find_checkpoint(None, sensor).header["architecture"]
        return _TOKEN_PX * (model["input_px"] // model["patch_px"])
    except (errors.ModelFileError, KeyError):
        return None
