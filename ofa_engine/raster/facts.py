"""What detection is given of an open raster; the plugin fills the same record by QGIS's GDAL."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import rasterio

from ..core.sensors import (
    BandRecord,
    RasterFacts,
    common_scale,
    named_by_sources,
    records_beside,
    sources_of,
    wavelength_um,
)
from .georeference import gsd_m
from .sampling import sample

if TYPE_CHECKING:
    from .source import Source


def facts_of(source: "Source") -> RasterFacts:
    """What detection needs to know of a raster. Raises RASTER_ERRORS where the sample cannot be read."""
    d, records = source.dataset, source.records or (BandRecord(),) * source.dataset.count
    samples, fill = ((), 0.0) if source.product else sample(source)  # a product's metadata say what its values are
    raw = tuple("complex" if text.startswith("complex") else text for text in d.dtypes)
    types = ("float32",) * d.count if source.scaled else raw
    texts = tuple(record.name or text for record, text in zip(records, _descriptions(d), strict=True))
    lengths = ((_wavelength_um(d, band), record) for band, record in enumerate(records, 1))
    return RasterFacts(
        dtype=_common_type(types),
        colors=tuple(c.name for c in d.colorinterp),
        descriptions=texts if source.product else named_by_sources(texts, _sources(d)),
        wavelengths_um=tuple(own or record.wavelength_um for own, record in lengths),
        gsd_m=gsd_m(source.transform, source.crs, source.width, source.height),
        samples=samples,
        fill=fill,
        dtypes=types if len(set(types)) > 1 else (),
        name=Path(source.name).stem,
        scale_offset=common_scale(source.scaled, d.count),
    )


def records_of(path: str, dataset: rasterio.DatasetReader) -> tuple[BandRecord, ...]:
    """What metadata files beside a local raster say of its bands; () where there are none. Raises RasterError."""
    return records_beside(path, _sources(dataset), _descriptions(dataset), dataset.dtypes)


def _sources(dataset: rasterio.DatasetReader) -> tuple[str, ...]:
    """Per band the file that a virtual raster takes it from; "" where there is none, or several."""
    if dataset.driver != "VRT":
        return ("",) * dataset.count
    return sources_of(dataset.tags(ns="xml:VRT").get("xml:VRT", ""), dataset.count)


def _descriptions(dataset: rasterio.DatasetReader) -> tuple[str, ...]:
    return tuple(text or "" for text in dataset.descriptions)


def _common_type(types: Sequence[str]) -> str:
    """NumPy's name of the type that holds the numbers of all bands that are not complex."""
    return np.result_type(*(text for text in types if text != "complex")).name


def _wavelength_um(dataset: rasterio.DatasetReader, band: int) -> float | None:
    tags, description = dataset.tags(band), dataset.descriptions[band - 1] or ""
    return wavelength_um(tags.get("wavelength", ""), tags.get("wavelength_units", ""), description)
