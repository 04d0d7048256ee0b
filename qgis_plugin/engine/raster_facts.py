"""The facts of a QgsRasterLayer that detection needs; the same as ofa_engine/raster/source.py fills from the same file.

Read with the GDAL that QGIS ships, since QGIS's own raster provider hides band metadata.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from osgeo import gdal, gdal_array, osr
from qgis.core import QgsProviderRegistry, QgsRasterLayer

from ..i18n.texts import tr
from .modules import errors, sensors

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
        ignored: what else is set; the engine cannot be told that.
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
    own = crs.isValid() and crs != provider.crs()
    name = (crs.authid() if crs.authid().startswith("EPSG:") else crs.toWkt()) if own else None
    bands = range(1, provider.bandCount() + 1)
    ranges = [[(one.min(), one.max()) for one in provider.userNoDataValues(band)] for band in bands]
    single = [{low for low, high in of_band if low == high} for of_band in ranges]
    common = set.intersection(*single) if single else set()
    if any({low for low, _ in of_band} | {high for _, high in of_band} != common for of_band in ranges):
        ignored.append(tr("additional no data values that are ranges, or not those of every band"))
    if any(provider.sourceHasNoDataValue(band) and not provider.useSourceNoDataValue(band) for band in bands):
        ignored.append(tr("that the file's no data value is not used"))
    return LayerSettings(name, tuple(sorted(common)), tuple(ignored))


class Stopped(Exception):
    """The facts are no longer wanted."""


def facts_of(layer) -> sensors.RasterFacts:
    """Raises RasterError where the layer is no raster file that GDAL reads."""
    return facts_at(source_path(layer))


def facts_at(path: str, stopped: Callable[[], bool] = lambda: False, first=lambda facts: None) -> sensors.RasterFacts:
    """In any thread. `first` is called with what is known at once, without samples, which may take long to read.

    Raises RasterError where GDAL does not read it, Stopped soon after `stopped()` became true.
    """
    try:
        dataset = gdal.OpenEx(path, gdal.OF_RASTER)
    except RuntimeError:  # where Processing switched GDAL's exceptions on
        dataset = None
    if dataset is None or not dataset.RasterCount:
        raise errors.RasterError(tr("Expected a raster that GDAL can read, found {path}").format(path=path))
    bands = [dataset.GetRasterBand(i) for i in range(1, dataset.RasterCount + 1)]
    if all(gdal.DataTypeIsComplex(band.DataType) for band in bands):
        raise errors.RasterError(tr("Expected real values, found complex numbers in {path}").format(path=path))
    facts = sensors.RasterFacts(
        dtype=np.dtype(gdal_array.GDALTypeCodeToNumericTypeCode(bands[0].DataType)).name,
        colors=tuple(gdal.GetColorInterpretationName(b.GetColorInterpretation()).lower() for b in bands),
        descriptions=tuple(b.GetDescription() or "" for b in bands),
        wavelengths_um=tuple(_wavelength_um(b) for b in bands),
        gsd_m=_gsd_m(dataset),
        samples=(),
    )
    first(facts)
    return replace(facts, samples=_samples(dataset, bands, path, stopped))


def _wavelength_um(band) -> float | None:
    text, unit = band.GetMetadataItem("wavelength") or "", band.GetMetadataItem("wavelength_units") or ""
    return sensors.wavelength_um(text, unit, band.GetDescription() or "")


def _gsd_m(dataset) -> float | None:
    """Root of the area of the raster's middle pixel; None without a CRS."""
    crs, transform = dataset.GetSpatialRef(), dataset.GetGeoTransform()
    if crs is None:
        return None
    crs, world = crs.Clone(), osr.SpatialReference()
    world.ImportFromEPSG(4326)
    for each in (crs, world):
        each.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    column, row = dataset.RasterXSize // 2, dataset.RasterYSize // 2
    corners = [(column, row), (column + 1, row), (column + 1, row + 1), (column, row + 1)]
    points = [gdal.ApplyGeoTransform(transform, *corner) for corner in corners]
    gdal.PushErrorHandler("CPLQuietErrorHandler")  # local coordinates have no place on the Earth
    try:
        lonlat = np.radians([p[:2] for p in osr.CoordinateTransformation(crs, world).TransformPoints(points)])
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


def _samples(dataset, bands, path: str, stopped) -> tuple[tuple[float, ...], ...]:
    """Per band its sorted valid values; empty for a band that is not sampled."""
    chosen = [number - 1 for number in sensors.sampled_bands(len(bands))]
    chosen = [index for index in chosen if not gdal.DataTypeIsComplex(bands[index].DataType)]
    windows = sensors.sample_windows(dataset.RasterXSize, dataset.RasterYSize)
    alpha_read = any(bands[i].GetColorInterpretation() == gdal.GCI_AlphaBand for i in chosen)  # then it masks nothing
    masked = bands[0].GetMaskFlags() & gdal.GMF_PER_DATASET and not alpha_read  # an internal mask or a .msk file
    masks = [_read(bands[0].GetMaskBand(), window, path) if masked else None for window in windows]
    parts: list[list] = [[] for _ in bands]
    for window, mask in zip(windows, masks, strict=True):  # bands inside: a block of interleaved bands is unpacked once
        for index in chosen:
            if stopped():
                raise Stopped
            band = bands[index]
            values = _read(band, window, path)
            valid = np.isfinite(values)
            nodata = band.GetNoDataValue()
            if nodata is not None:  # of float data in its own precision; -9999 of bytes is none
                valid &= values != (values.dtype.type(nodata) if values.dtype.kind == "f" else nodata)
            if mask is not None:
                valid &= mask > 0
            parts[index].append(values[valid].astype(float))
    return tuple(tuple(np.sort(np.concatenate(of_band)).tolist()) if of_band else () for of_band in parts)


def _read(band, window, path: str) -> np.ndarray:
    try:
        values = band.ReadAsArray(*window)
    except RuntimeError:  # where Processing switched GDAL's exceptions on
        values = None
    if values is None:
        raise errors.RasterError(tr("{path} cannot be read, is it truncated?").format(path=path))
    return values
