"""Small rasters for tests, of any kind."""

import numpy as np
from osgeo import gdal, osr


def make(path, bands, dtype=gdal.GDT_Byte, epsg=32633, pixel=10.0, origin=(500000.0, 5800000.0), values=None, **how):
    """A small raster; `how`: nodata, colors, descriptions, wavelengths_nm, mask."""
    size = 200
    target = gdal.GetDriverByName("GTiff").Create(str(path), size, size, bands, dtype)
    target.SetGeoTransform((origin[0], pixel, 0, origin[1], 0, -pixel))
    if epsg:
        crs = osr.SpatialReference()
        crs.ImportFromEPSG(epsg)
        target.SetProjection(crs.ExportToWkt())
    random = np.random.default_rng(bands)
    for i in range(1, bands + 1):
        band = target.GetRasterBand(i)
        band.WriteArray(random.integers(0, 250, (size, size)) if values is None else values(random, i, (size, size)))
        if "nodata" in how:
            band.SetNoDataValue(how["nodata"])
        if "colors" in how:
            band.SetColorInterpretation(how["colors"][i - 1])
        if "descriptions" in how:
            band.SetDescription(how["descriptions"][i - 1])
        if "wavelengths_nm" in how:
            band.SetMetadata({"wavelength": str(how["wavelengths_nm"][i - 1]), "wavelength_units": "Nanometers"})
    target = None
    return path
