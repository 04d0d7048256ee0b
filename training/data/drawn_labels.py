"""Land cover drawn by hand on public images: polygons in pixel coordinates, in `drawn_labels.json` beside this module.

They were drawn for the starter model, where its labelled rasters lack classes or landscapes: buildings, roads and
fields below 2 m, dark lakes, deserts, ice, towns in the tropics. The images themselves are not part of the project;
paths are relative to the data folder (docs/finetuning.md). Only what is plain to see is labelled: most pixels are not.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rasterio.features import rasterize
from shapely import Polygon

from ofa_engine.core.classes import HIGH_RESOLUTION, MEDIUM_RESOLUTION
from ofa_engine.core.sensors import get_sensor
from training.data.readers.rasters import read_raster

LEGENDS = {"high": HIGH_RESOLUTION, "medium": MEDIUM_RESOLUTION}
_FILE = Path(__file__).with_suffix(".json")


@dataclass(frozen=True)
class DrawnImage:
    """An image with polygons.

    Attributes:
        files: relative to the data folder; several hold a band each.
        legend: key of LEGENDS.
        sensor: that the image is read as.
        bands: 1-based, of all files together, in the sensor's order.
        scale: turns the image's values into the sensor's canonical unit.
        offset: added after that.
        gsd_m: pixel size in metres.
        polygons: (class, [(x, y), ...]) in pixels from the upper left corner of the image; those of class "unlabelled"
            cut holes into earlier ones.
    """

    files: tuple[str, ...]
    legend: str
    sensor: str
    bands: tuple[int, ...]
    scale: float
    offset: float
    gsd_m: float
    polygons: tuple[tuple[str, tuple[tuple[float, float], ...]], ...]

    def read(self, root: Path) -> NDArray[np.float32]:
        """(C, H, W) in the sensor's canonical unit, NaN where missing."""
        values = np.concatenate([read_raster(root / file) for file in self.files])
        pixels = values[[band - 1 for band in self.bands]].astype(np.float32) * self.scale + self.offset
        return pixels.clip(0, 255) if get_sensor(self.sensor).unit == "8-bit" else pixels

    def labels(self, shape: tuple[int, int], unlabelled: int) -> NDArray[np.uint8]:
        """(H, W) indices in the legend; where polygons overlap the later one counts."""
        values = {name: value for value, name in enumerate(LEGENDS[self.legend])} | {"unlabelled": unlabelled}
        shapes = ((Polygon(ring), values[name]) for name, ring in self.polygons)
        result: NDArray[np.uint8] = rasterize(shapes, shape, fill=unlabelled, dtype="uint8")
        return result


def drawn_images() -> list[DrawnImage]:
    """All images with polygons, in the order of the file."""
    entries = json.loads(_FILE.read_text(encoding="utf-8"))["images"]
    return [_image(entry) for entry in entries]


def _image(entry: dict) -> DrawnImage:
    return DrawnImage(
        files=tuple(entry["files"]),
        legend=entry["legend"],
        sensor=entry["sensor"],
        bands=tuple(entry["bands"]),
        scale=float(entry.get("scale", 1)),
        offset=float(entry.get("offset", 0)),
        gsd_m=float(entry["gsd_m"]),
        polygons=tuple((part["class"], tuple((x, y) for x, y in part["xy"])) for part in entry["polygons"]),
    )
