"""What GDAL needs around it: opening without warnings, patience with servers, and its errors as ours, in one line."""

import contextlib
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import rasterio
from pyogrio.errors import DataLayerError, DataSourceError
from pyproj.exceptions import ProjError
from rasterio._err import CPLE_BaseError  # rasterio lets them through where it has no error of its own
from rasterio.errors import CRSError, NotGeoreferencedWarning, RasterioError

from ..core.errors import InputError, OfaError

RASTER_ERRORS = (RasterioError, CPLE_BaseError)
VECTOR_ERRORS = (DataSourceError, DataLayerError, CPLE_BaseError, OSError)
CRS_ERRORS = (ProjError, CRSError)  # of pyproj, of rasterio

_LONGEST_ERROR = 400  # characters

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
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= _LONGEST_ERROR else f"{text[:_LONGEST_ERROR]} ..."  # PROJ quotes whole CRSs


@contextlib.contextmanager
def library_errors() -> Iterator[None]:
    """Turns what GDAL, PROJ and their wrappers raise, and nothing has put in better words, into ours.

    Raises:
        InputError: where a CRS is unknown, or one cannot be brought to another.
        OfaError: where reading or writing broke off.
    """
    try:
        yield
    except CRS_ERRORS as error:
        raise InputError(f"expected coordinates that can be transformed, found others: {one_line(error)}") from error
    except (*RASTER_ERRORS, DataSourceError, DataLayerError) as error:
        raise OfaError(f"reading or writing broke off: {one_line(error)}") from error


def display_name(path: str) -> str:
    """The last part of a path or address, for messages; without an address's query, which may hold a key."""
    address = path.split("?")[0] if "://" in path else path
    return Path(address).name or path
