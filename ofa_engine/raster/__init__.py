"""Rasters and vector files, by GDAL.

The wheels of rasterio, pyogrio and pyproj bring the data of their own GDAL and PROJ. A variable that another
installation has left in the environment (OSGeo4W, PostGIS, conda's base) names data of other versions, with which no
CRS is known; it is removed before one of them reads it. Where they come without data, as from conda, the variables are
theirs.
"""

import importlib.util as _util
import os as _os
from pathlib import Path as _Path


def _brings_data(package: str, folder: str) -> bool:
    found = _util.find_spec(package)
    return bool(found and found.origin and _Path(found.origin).with_name(folder).is_dir())


if _brings_data("rasterio", "proj_data") and _brings_data("pyogrio", "proj_data"):
    for _name in ("PROJ_LIB", "PROJ_DATA", "GDAL_DATA", "GDAL_DRIVER_PATH"):
        _os.environ.pop(_name, None)
