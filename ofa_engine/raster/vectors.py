"""The only module that reads vector files: layers of geometries with fields, also from tables with coordinates."""

import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely
from numpy.typing import NDArray

from ..core.errors import InputError
from .gdal import VECTOR_ERRORS, one_line

_LAYER_NAME, _LAYER_NUMBER = "layername=", "layerid="  # as QGIS writes them behind a file
_DEGREES = "EPSG:4326"
# columns of a table that hold a place, by GDAL's order: geometries as text, degrees, or the raster's own coordinates
_WKT_COLUMNS = ("wkt", "wkt_geom", "geometry", "geom", "the_geom")
_DEGREE_COLUMNS = (("lon", "lat"), ("long", "lat"), ("lng", "lat"), ("longitude", "latitude"))
_MAP_COLUMNS = (("x", "y"), ("easting", "northing"), ("east", "north"), ("xcoord", "ycoord"), ("x_coord", "y_coord"))
_TABLES = (".csv", ".tsv", ".psv")


@dataclass(frozen=True)
class VectorLayer:
    """A layer as it is in its file: arrays (N,).

    Attributes:
        name: of the layer; of the file where it holds one layer only.
        geometries: of shapely, in two dimensions; None where a feature has none that can be used.
        crs: as pyogrio has it; None where the file does not say.
        fields: values by field.
    """

    name: str
    geometries: NDArray
    crs: str | None
    fields: dict[str, NDArray]

    def kinds(self) -> set[str]:
        """What there is: Point, LineString, Polygon, Multi..., GeometryCollection."""
        return {shape.geom_type for shape in self.geometries if shape is not None}


def file_of(path: str) -> str:
    """The file of `file|layername=x`."""
    file = path
    while "|" in file and not os.path.exists(file):
        file = file.rpartition("|")[0]
    return file


def is_vector(path: str) -> bool:
    """Whether a file is read as a vector file: it has a layer, if only a table. A file of both is a vector file."""
    if file_of(path) != path:
        return True
    try:
        return len(_layers(path)) > 0
    except VECTOR_ERRORS:
        return False


def read_vector(path: str, expected: str, columns: Sequence[str] | None = None) -> VectorLayer:
    """One layer of a vector file.

    Args:
        path: the file; `file|layername=x` or `file|layerid=0` for one of its layers.
        expected: what the layer should hold, for messages: "polygons".
        columns: fields that are read; all by default.

    Raises:
        InputError: where there is no such layer, or it has no geometry.
    """
    file, name = file_of(path), Path(file_of(path)).name
    if not Path(file).exists():
        raise InputError(f"expected a file of {expected}, found no file {file}")
    if "!" in file or ";" in name:
        raise InputError(f"expected a vector file whose path has no ! and whose name no ;, found {name}: rename it")
    try:
        layer, count = _chosen_layer(path, name, expected)
        table = Path(file).suffix.lower() in _TABLES
        reading, crs = _table_options(file, name, expected) if table else ({}, None)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of GDAL, about the file's other fields, a missing CRS, curves
            meta, wkb, values = _read(file, layer, columns, reading)
    except UnicodeError as error:
        raise InputError(f"expected text in a known encoding, found another in {name}: save it as UTF-8") from error
    except (*VECTOR_ERRORS, ValueError) as error:
        raise InputError(
            f"expected a file of {expected} that GDAL can read, found {name}: {one_line(error)}"
        ) from error
    if wkb is None:
        raise InputError(f"expected {expected}, found a table without geometry in {name}: make a layer of it first")
    fields = dict(zip(meta["fields"], values, strict=True))
    return VectorLayer(layer if count > 1 else Path(file).stem, _usable(wkb), meta["crs"] or crs, fields)


def field_names(path: str) -> list[str]:
    """The fields of the layer that `read_vector` reads; empty where it cannot be read."""
    try:
        layer, _ = _chosen_layer(path, Path(file_of(path)).name, "")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return list(pyogrio.read_info(file_of(path), layer=layer)["fields"])
    except (InputError, *VECTOR_ERRORS, ValueError):
        return []


def finite(geometries: NDArray) -> NDArray[np.bool_]:
    """(N,) whether there is a geometry all of whose coordinates are numbers."""
    coordinates, index = shapely.get_coordinates(geometries, return_index=True)
    found = ~(shapely.is_missing(geometries) | shapely.is_empty(geometries))
    found[index[~np.isfinite(coordinates).all(1)]] = False
    return found


def _layers(path: str) -> list[tuple[str, str | None]]:
    """(name, kind of geometry or None) of each layer."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [(str(name), kind) for name, kind in pyogrio.list_layers(file_of(path))]


def _chosen_layer(path: str, name: str, expected: str) -> tuple[str, int]:
    """(the layer's name, how many layers with geometry there are). Raises InputError where it is not clear which."""
    layers = _layers(path)
    named = [layer for layer, kind in layers if kind is not None] or [layer for layer, _ in layers]
    for word in path[len(file_of(path)) :].split("|")[1:]:
        if word.lower().startswith(_LAYER_NAME):
            wanted = word[len(_LAYER_NAME) :].strip("\"'")
            if wanted not in [layer for layer, _ in layers]:
                raise InputError(f"expected a layer of {name} ({', '.join(named)}), found {wanted}")
            return wanted, len(named)
        if word.lower().startswith(_LAYER_NUMBER) and word[len(_LAYER_NUMBER) :] in map(str, range(len(layers))):
            return layers[int(word[len(_LAYER_NUMBER) :])][0], len(named)
        raise InputError(f"expected {name}|{_LAYER_NAME}NAME for one of {', '.join(named)}, found |{word}")
    if not named:
        raise InputError(f"expected a file of {expected}, found no layer in {name}")
    if len(named) > 1:
        raise InputError(
            f"expected one layer of {expected}, found {len(named)} in {name}: {', '.join(named)}; name one, e.g. "
            f"'{path}|{_LAYER_NAME}{named[0]}'"
        )
    return named[0], 1


def _table_options(file: str, name: str, expected: str) -> tuple[dict[str, str], str | None]:
    """(GDAL's options for a table with places in its columns, CRS or None). Raises InputError where it has none."""
    fields = list(pyogrio.read_info(file)["fields"])
    columns = {column.strip().lower(): column for column in fields}
    for wkt in _WKT_COLUMNS:
        if wkt in columns:
            return {"GEOM_POSSIBLE_NAMES": columns[wkt], "KEEP_GEOM_COLUMNS": "NO"}, None
    for pairs, crs in ((_DEGREE_COLUMNS, _DEGREES), (_MAP_COLUMNS, None)):
        for x, y in pairs:
            if x in columns and y in columns:
                return {"X_POSSIBLE_NAMES": columns[x], "Y_POSSIBLE_NAMES": columns[y], "KEEP_GEOM_COLUMNS": "NO"}, crs
    raise InputError(
        f"expected {expected}, found a table without places in {name} ({', '.join(fields)}): name the columns lon and "
        "lat (degrees), x and y (in the raster's CRS), or WKT"
    )


def _read(file: str, layer: str, columns: Sequence[str] | None, options: dict[str, str]) -> tuple[dict, Any, Any]:
    """(metadata, WKB, values by field). A Shapefile that lost its .cpg is UTF-8 where that fits."""
    lost = Path(file).suffix.lower() == ".shp" and not any(
        Path(file).with_suffix(end).exists() for end in (".cpg", ".CPG")
    )
    for encoding in ("UTF-8", None) if lost else (None,):
        try:
            meta, _, wkb, values = pyogrio.raw.read(file, layer=layer, columns=columns, encoding=encoding, **options)
            return meta, wkb, values
        except UnicodeDecodeError:
            if encoding is None:
                raise
    raise AssertionError  # the last attempt returns or raises


def _usable(wkb: NDArray) -> NDArray:
    """(N,) geometries in two dimensions; None where there is none, an empty one, or one without numbers."""
    geometries = shapely.force_2d(shapely.from_wkb(wkb, on_invalid="ignore"))
    geometries[~finite(geometries)] = None
    return geometries
