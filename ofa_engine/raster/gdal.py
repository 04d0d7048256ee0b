"""What GDAL needs around it: opening without warnings, patience with servers, and errors in one line."""

import os
import warnings
from pathlib import Path
from typing import Any

import rasterio
from rasterio.errors import NotGeoreferencedWarning, RasterioError

# GDAL waits for a server without end unless it is configured; what the user has set in the environment stays
for _key, _value in {
    "CONNECTTIMEOUT": "10",
    "LOW_SPEED_LIMIT": "1",
    "LOW_SPEED_TIME": "10",
    "MAX_RETRY": "2",
    "RETRY_DELAY": "1",
}.items():
    os.environ.setdefault(f"GDAL_HTTP_{_key}", _value)


def open_quietly(path: str | Path, mode: str = "r", **profile: object) -> Any:
    """`rasterio.open` without the warning of a missing geotransform. Raises RasterioError, OSError."""
    with warnings.catch_warnings():  # a missing geotransform is reported by the verbs
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        return rasterio.open(path, mode, **profile)


def one_line(error: BaseException) -> str:
    """The message of an error in one line; GDAL's own where rasterio only refers to it."""
    if isinstance(error, RasterioError) and error.__cause__ is not None:
        error = error.__cause__
    return " ".join(str(error).split()) or type(error).__name__


def display_name(path: str) -> str:
    """The last part of a path or address, for messages; without an address's query, which may hold a key."""
    address = path.split("?")[0] if "://" in path else path
    return Path(address).name or path
