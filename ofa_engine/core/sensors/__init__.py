"""Sensors and units, and the recognition of a raster from facts about it. Standard library only."""

from ..errors import SensorError
from .detection import (
    SENSORS,
    UNITS,
    Band,
    Detection,
    RasterFacts,
    Sensor,
    affine_to_canonical,
    detect,
    get_sensor,
    parse_bands,
    sample_windows,
)

__all__ = [
    "SENSORS",
    "UNITS",
    "Band",
    "Detection",
    "RasterFacts",
    "Sensor",
    "SensorError",
    "affine_to_canonical",
    "detect",
    "get_sensor",
    "parse_bands",
    "sample_windows",
]
