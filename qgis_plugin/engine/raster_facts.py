"""The facts of a QgsRasterLayer that detection needs; the same as ofa_engine/raster/source.py fills from the same file.

Read with the GDAL that QGIS ships, since QGIS's own raster provider hides band metadata.
"""

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from osgeo import gdal, gdal_array, osr
from qgis.core import QgsProviderRegistry, QgsRasterLayer

from ..i18n.texts import tr
from .modules import errors, sensors

_WHOLE = 0.01
_EQUATOR_M, _ECCENTRICITY2 = 6378137.0, 0.00669437999014  # WGS 84


def source_path(layer) -> str:
    """What GDAL (and so the engine) opens for that layer. Raises RasterError where it is not a raster file."""
    if not isinstance(layer, QgsRasterLayer):
        raise errors.RasterError(tr("Expected a raster layer: choose one in the layer panel"))
    if layer.dataProvider() is None or layer.providerType() != "gdal":
        raise errors.RasterError(
            tr('Expected a raster from a file, found a layer of "{provider}": export {name} to a GeoTIFF first').format(
                provider=layer.providerType(), name=layer.name()
            )
        )
    parts = QgsProviderRegistry.instance().decodeUri("gdal", layer.source())
    path = parts.get("path") or ""
    if parts.get("layerName") or parts.get("openOptions"):  # a subdataset: its GDAL name is the source itself
        path = layer.source().split("|")[0]
    return path


@dataclass(frozen=True)
class LayerSettings:
    """What the user has set for a layer besides its file.

    Attributes:
        crs: for the engine, where it is not the file's.
        nodata: values that are no data in all bands, besides those of the file.
        ignored: further settings that the engine has no option for.
    """

    crs: str | None = None
    nodata: tuple[float, ...] = ()
    ignored: tuple[str, ...] = ()

    def options(self) -> dict:
        """The engine's options of the same meaning."""
        found = {"crs": self.crs, "nodata": list(self.nodata)}
        return {name: value for name, value in found.items() if value}


def settings_of(layer) -> LayerSettings:
    """The layer's settings that differ from its file's."""
    provider, crs, ignored = layer.dataProvider(), layer.crs(), []
    if provider is None:
        return LayerSettings()
    own = crs.isValid() and crs != provider.crs()
    name = (crs.authid() if crs.authid().startswith("EPSG:") else crs.toWkt()) if own else None
    bands = range(1, provider.bandCount() + 1)
    ranges = [_user_ranges(provider, band) for band in bands]
    single = [{low for low, high in of_band if low == high} for of_band in ranges]
    common = set.intersection(*single) if single else set()
    if any({low for low, _ in of_band} | {high for _, high in of_band} != common for of_band in ranges):
        ignored.append(tr("additional no data values that are ranges, or not those of every band"))
    if any(provider.sourceHasNoDataValue(band) and not provider.useSourceNoDataValue(band) for band in bands):
        ignored.append(tr("that the file's no data value is not used"))
    return LayerSettings(name, tuple(sorted(common)), tuple(ignored))


def _user_ranges(provider, band: int) -> list[tuple[float, float]]:
    """(lowest, highest) of additional no data values, as they stand in the file: QGIS compares scaled values."""
    scale, offset = provider.bandScale(band), provider.bandOffset(band)
    ends = [(one.min(), one.max()) for one in provider.userNoDataValues(band)]
    if (scale, offset) == (1.0, 0.0):
        return ends
    return [(_stored(low, scale, offset), _stored(high, scale, offset)) for low, high in ends]


def _stored(value: float, scale: float, offset: float) -> float:
    """Before the file's scale and offset, whole where it is but for the precision of QGIS's 32 bits."""
    stored = (value - offset) / scale
    return float(round(stored)) if abs(stored - round(stored)) < _WHOLE else stored


class Stopped(Exception):
    """The facts are no longer wanted."""


def facts_of(layer) -> sensors.RasterFacts:
    """Raises RasterError where the layer is no raster file that GDAL reads."""
    return facts_at(source_path(layer), settings_of(layer))


def facts_at(
    path: str, settings: LayerSettings, stopped: Callable[[], bool] = lambda: False, first=lambda facts: None
) -> sensors.RasterFacts:
    """In any thread. `first` is called with what is known at once, without samples, which may take long to read.

    Raises RasterError where GDAL does not read it, Stopped soon after `stopped()` became true.
    """
    sensors.refuse_container(path)
    try:
        dataset = gdal.OpenEx(path, gdal.OF_RASTER)
    except RuntimeError:  # where Processing switched GDAL's exceptions on
        dataset = None
    if dataset is None or not dataset.RasterCount:
        raise errors.RasterError(tr("Expected a raster that GDAL can read, found {path}").format(path=path))
    bands = [dataset.GetRasterBand(i) for i in range(1, dataset.RasterCount + 1)]
    if all(gdal.DataTypeIsComplex(band.DataType) for band in bands):
        raise errors.RasterError(tr("Expected real values, found complex numbers in {path}").format(path=path))
    raw = ["complex" if gdal.DataTypeIsComplex(band.DataType) else _type(band) for band in bands]
    sources, texts = _sources(dataset), tuple(band.GetDescription() or "" for band in bands)
    records = sensors.records_beside(path, sources, texts, raw) if os.path.exists(path) else ()
    scales = _scales(bands, records)
    types = tuple(raw) if not scales else ("float32",) * len(bands)
    records = records or (sensors.BandRecord(),) * len(bands)
    texts = tuple(record.name or text for record, text in zip(records, texts, strict=True))
    lengths = ((_wavelength_um(band), record) for band, record in zip(bands, records, strict=True))
    facts = sensors.RasterFacts(
        dtype=_common_type(types),
        colors=tuple(gdal.GetColorInterpretationName(b.GetColorInterpretation()).lower() for b in bands),
        descriptions=sensors.named_by_sources(texts, sources),
        wavelengths_um=tuple(own or record.wavelength_um for own, record in lengths),
        gsd_m=_gsd_m(dataset, settings.crs),
        samples=(),
        dtypes=types if len(set(types)) > 1 else (),
        name=Path(path).stem,
        scale_offset=sensors.common_scale(scales, len(bands)),
    )
    first(facts)
    samples, fill = _samples(_Raster(dataset, bands, path, settings.nodata), scales, stopped)
    return replace(facts, samples=samples, fill=fill)


def _sources(dataset) -> tuple[str, ...]:
    """Per band the file that a virtual raster takes it from; "" where there is none, or several."""
    if dataset.GetDriver().GetDescription() != "VRT":
        return ("",) * dataset.RasterCount
    return sensors.sources_of((dataset.GetMetadata("xml:VRT") or [""])[0], dataset.RasterCount)


def _type(band) -> str:
    """NumPy's name."""
    return np.dtype(gdal_array.GDALTypeCodeToNumericTypeCode(band.DataType)).name


def _common_type(types: Sequence[str]) -> str:
    """NumPy's name of the type that holds the numbers of all bands that are not complex."""
    return np.result_type(*(name for name in types if name != "complex")).name


def _scales(bands, records) -> dict[int, tuple[float, float]]:
    """1-based band -> (scale, offset) of its values, for those that the file or the metadata beside it give any."""
    scales = [1.0 if (scale := band.GetScale()) is None else scale for band in bands]
    return sensors.band_scales(scales, [band.GetOffset() or 0.0 for band in bands], records)


def _wavelength_um(band) -> float | None:
    text, unit = band.GetMetadataItem("wavelength") or "", band.GetMetadataItem("wavelength_units") or ""
    return sensors.wavelength_um(text, unit, band.GetDescription() or "")


def _gsd_m(dataset, own_crs: str | None) -> float | None:
    """Root of the area of the raster's middle pixel; None without a CRS."""
    crs, transform = dataset.GetSpatialRef(), dataset.GetGeoTransform()
    if own_crs is None and crs is None:
        return None
    own, world = osr.SpatialReference(), osr.SpatialReference()
    own.SetFromUserInput(own_crs or crs.ExportToWkt())
    world.ImportFromEPSG(4326)
    for each in (own, world):
        each.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    column, row = dataset.RasterXSize // 2, dataset.RasterYSize // 2
    corners = [(column, row), (column + 1, row), (column + 1, row + 1), (column, row + 1)]
    points = [gdal.ApplyGeoTransform(transform, *corner) for corner in corners]
    gdal.PushErrorHandler("CPLQuietErrorHandler")  # local coordinates have no place on the Earth
    try:
        lonlat = np.radians([p[:2] for p in osr.CoordinateTransformation(own, world).TransformPoints(points)])
    except (RuntimeError, TypeError):
        return None
    finally:
        gdal.PopErrorHandler()
    # a pixel is flat enough: metres along the meridian and the parallel through it, then the shoelace formula
    bend = 1 - _ECCENTRICITY2 * math.sin(lonlat[0][1]) ** 2
    x = (lonlat[:, 0] - lonlat[0][0]) * _EQUATOR_M / math.sqrt(bend) * np.cos(lonlat[:, 1])
    y = (lonlat[:, 1] - lonlat[0][1]) * _EQUATOR_M * (1 - _ECCENTRICITY2) / bend**1.5
    area = abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2
    return math.sqrt(area) if math.isfinite(area) and area > 0 else None


@dataclass(frozen=True)
class _Raster:
    """What is sampled; `nodata` besides the file's own."""

    dataset: gdal.Dataset
    bands: list[gdal.Band]
    path: str
    nodata: tuple[float, ...]

    @property
    def masked(self) -> bool:
        """By an internal mask, a .msk file or alpha."""
        return bool(self.bands[0].GetMaskFlags() & gdal.GMF_PER_DATASET)

    @cached_property
    def declared(self) -> bool:
        """Whether the file or the user says which pixels hold nothing."""
        return self.masked or bool(self.nodata) or any(band.GetNoDataValue() is not None for band in self.bands)

    def read(self, band: gdal.Band, window) -> np.ndarray:
        try:
            values = band.ReadAsArray(*window)
        except RuntimeError:  # where Processing switched GDAL's exceptions on
            values = None
        if values is None:
            raise errors.RasterError(tr("{path} cannot be read, is it truncated?").format(path=self.path))
        return values

    def has_value(self, values: np.ndarray, band: gdal.Band) -> np.ndarray:
        there = np.isfinite(values)
        for nodata in {band.GetNoDataValue(), *self.nodata} - {None}:
            # of float data in its own precision; -9999 of bytes is none
            there &= values != (values.dtype.type(nodata) if values.dtype.kind == "f" else nodata)
        return there

    def has_data(self, values: np.ndarray, band: gdal.Band) -> np.ndarray:
        there = self.has_value(values, band)
        for value in () if self.declared else sensors.fill_values(values.dtype.name):
            there &= values != value
        return there


def _samples(raster: _Raster, scales, stopped) -> tuple[tuple[tuple[float, ...], ...], float]:
    """(per band its sorted valid values, empty for a band that is not sampled; the share of undeclared fill)."""
    bands = raster.bands
    chosen = [number - 1 for number in sensors.sampled_bands(len(bands))]
    chosen = [index for index in chosen if not gdal.DataTypeIsComplex(bands[index].DataType)]
    size, block = (raster.dataset.RasterXSize, raster.dataset.RasterYSize), tuple(bands[0].GetBlockSize())
    windows = sensors.sample_windows(*size, block)
    first = len(windows)
    alpha_read = any(bands[i].GetColorInterpretation() == gdal.GCI_AlphaBand for i in chosen)  # then it masks nothing
    parts: list[list] = [[] for _ in bands]
    pixels = filled = found = 0
    for number, window in enumerate(windows):  # grows by what is searched for where the first ones hold hardly any
        values = []
        for index in chosen:  # bands inside: a block of interleaved bands is unpacked once
            if stopped():
                raise Stopped
            values.append(raster.read(bands[index], window))
        valid = np.ones(values[0].shape, bool) if raster.declared else ~_fill(values)
        pixels, filled = pixels + valid.size, filled + valid.size - int(valid.sum())
        if raster.masked and not alpha_read:
            valid &= raster.read(bands[0].GetMaskBand(), window) > 0
        for index, of_band in zip(chosen, values, strict=True):
            kept = of_band[valid & raster.has_value(of_band, bands[index])]
            parts[index].append(_scaled(kept, scales.get(index + 1)))
        found += len(parts[chosen[0]][-1])
        if number + 1 == first and found < sensors.FEW_PX:
            windows += _searched(raster, bands[chosen[0]], windows)
    samples = tuple(tuple(np.sort(np.concatenate(of_band)).tolist()) if of_band else () for of_band in parts)
    return samples, filled / pixels


def _searched(raster: _Raster, band: gdal.Band, windows) -> list[tuple[int, int, int, int]]:
    """Windows around data; the same as ofa_engine/raster/sampling.py finds."""
    width, height, count = raster.dataset.RasterXSize, raster.dataset.RasterYSize, raster.dataset.RasterCount
    itemsize = np.dtype(_type(band)).itemsize
    if band.GetOverviewCount() or width * height * count * itemsize <= sensors.SEARCH_BYTES:
        w, h = sensors.search_size(width, height)
        there = raster.has_data(raster.read(band, (0, 0, width, height, w, h)), band)
        if raster.masked:
            there &= raster.read(band.GetMaskBand(), (0, 0, width, height, w, h)) > 0
        rows, columns = np.nonzero(there)
        x, y = ((columns + 0.5) * width / w).astype(int), ((rows + 0.5) * height / h).astype(int)
        places = list(zip(x.tolist(), y.tolist(), strict=True))
    else:
        block_bytes = int(np.prod(band.GetBlockSize())) * count * itemsize
        most = min(sensors.SEARCH_PLACES, max(16, sensors.SEARCH_BYTES // block_bytes))
        grid = sensors.search_grid(width, height, most)
        places = [(x, y) for x, y in grid if raster.has_data(raster.read(band, (x, y, 1, 1)), band).any()]
    return [window for window in sensors.windows_at(places, width, height) if window not in windows]


def _fill(values: list[np.ndarray]) -> np.ndarray:
    """(h, w) where all bands but the odd ones hold the same of the usual values of fill."""
    found, needed = np.zeros(values[0].shape, bool), len(values) - sensors.odd_bands(len(values))
    for value in sensors.fill_values(values[0].dtype.name):
        found |= sum((band == value).astype(int) for band in values) >= needed
    return found


def _scaled(values: np.ndarray, scale_offset: tuple[float, float] | None) -> np.ndarray:
    """As floats; in the engine's precision where there is a scale or offset."""
    if scale_offset is None:
        return values.astype(float)
    scale, offset = scale_offset
    return (values.astype(float) * scale + offset).astype("float32").astype(float)
