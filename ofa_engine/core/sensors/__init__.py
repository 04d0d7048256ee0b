"""Sensors, products and units as data, and the recognition of a raster from facts about it. Standard library only.

Sensors are those of the paper (Xiong et al., arXiv 2401.07527, section 2.1). The Sentinel-2 bands are inferred from
SatlasPretrain's; Gaofen's order is R, G, B, NIR. Each sensor has ONE canonical unit, in which statistics are measured
and which its embedder sees after normalisation.
"""

from ..errors import SensorError
from .band_files import Scene, read_scene, scene_with
from .band_order import measured_bands
from .companions import BandRecord, band_scales, common_scale, records_beside, refuse_container
from .definitions import defined_sensor, definition, order_in_file
from .detection import Detection, detect, parse_bands
from .entries import Band, Product, Sensor, Unit
from .facts import (
    FEW_PX,
    SEARCH_BYTES,
    SEARCH_PLACES,
    RasterFacts,
    fill_values,
    named_by_sources,
    odd_bands,
    sample_windows,
    sampled_bands,
    search_grid,
    search_size,
    sources_of,
    wavelength_um,
    windows_at,
)
from .table import PRODUCTS, SENSORS, UNITS, Table, get_sensor, load_table
from .units import Conversion, affine_to_canonical, conversion, infer_units, scale_and_offset

__all__ = [
    "FEW_PX",
    "SEARCH_BYTES",
    "SEARCH_PLACES",
    "PRODUCTS",
    "SENSORS",
    "UNITS",
    "Band",
    "BandRecord",
    "Conversion",
    "Detection",
    "Product",
    "RasterFacts",
    "Scene",
    "Sensor",
    "SensorError",
    "Table",
    "Unit",
    "affine_to_canonical",
    "band_scales",
    "common_scale",
    "conversion",
    "defined_sensor",
    "definition",
    "detect",
    "fill_values",
    "get_sensor",
    "infer_units",
    "load_table",
    "measured_bands",
    "named_by_sources",
    "odd_bands",
    "order_in_file",
    "parse_bands",
    "read_scene",
    "records_beside",
    "refuse_container",
    "sample_windows",
    "sampled_bands",
    "scale_and_offset",
    "scene_with",
    "search_grid",
    "search_size",
    "sources_of",
    "wavelength_um",
    "windows_at",
]
