"""Polygons out: GeoPackages of classified tiles and of dissolved class areas, written in pieces."""

import warnings
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyogrio
import rasterio
import rasterio.features
import shapely
from pyproj import Geod
from rasterio.crs import CRS

from ..core.errors import OutputError
from .class_names import NODATA
from .gdal import VECTOR_ERRORS, one_line
from .georeference import to_degrees

_CHUNK = 5000  # features written at once


def ellipsoidal_ha(geometries: np.ndarray, crs: CRS | None) -> np.ndarray:
    """Areas in hectares on the WGS 84 ellipsoid, in any CRS; NaN without one that has a place on the Earth."""
    moved = to_degrees(crs)
    if moved is None:
        return np.full(len(geometries), np.nan)
    degrees = moved(geometries)
    geod = Geod(ellps="WGS84")
    return np.array([abs(geod.geometry_area_perimeter(shapely.orient_polygons(g))[0]) / 1e4 for g in degrees])


class PolygonWriter:
    """A GeoPackage layer of classified polygons: class (its value), name, area_ha and, for tiles, confidence."""

    def __init__(self, path: Path, layer: str, crs: CRS | None, classes: list[dict], confidence: bool):
        reserved = layer.startswith("-") or layer.lower().startswith(("gpkg", "sqlite_", "rtree_"))
        self.path, self.layer, self.crs = path, f"map_{layer.lstrip('-')}" if reserved else layer, crs
        self.names = {entry["value"]: entry["name"] for entry in classes}
        self.confidence = confidence
        self._started = False
        self._pending: list[tuple[shapely.Polygon, int, float]] = []

    def add(self, polygon: shapely.Polygon, value: int, confidence: float = float("nan")) -> None:
        self._pending.append((polygon, value, confidence))
        if len(self._pending) >= _CHUNK:
            self._flush()

    def close(self) -> None:
        """Writes what is left; an empty layer where there was nothing. Raises OutputError."""
        if self._pending or not self._started:
            self._flush()

    def _flush(self) -> None:
        geometries = np.array([p for p, _, _ in self._pending], dtype=object)
        values = np.array([v for _, v, _ in self._pending], dtype=np.int32)
        fields = {
            "class": values,
            "name": np.array([self.names[int(v)] for v in values], dtype=object),
            "area_ha": ellipsoidal_ha(geometries, self.crs),
        }
        if self.confidence:
            fields["confidence"] = np.array([c for _, _, c in self._pending], dtype=np.float64)
        try:  # GeoPackage 1.3, since QGIS with GDAL 3.6 warns of newer ones
            with warnings.catch_warnings():  # a missing CRS is reported by the verbs
                warnings.filterwarnings("ignore", ".*'crs' was not provided.*")
                pyogrio.raw.write(
                    self.path,
                    shapely.to_wkb(geometries),
                    list(fields.values()),
                    list(fields),
                    layer=self.layer,
                    driver="GPKG",
                    geometry_type="Polygon",
                    crs=self.crs.to_wkt() if self.crs else None,
                    append=self._started,
                    dataset_options=None if self._started else {"VERSION": "1.3"},
                )
        except VECTOR_ERRORS as error:
            raise OutputError(f"cannot write {self.path.name}: {one_line(error)}") from error
        self._started, self._pending = True, []


def dissolve(class_layer: Path) -> Iterable[tuple[shapely.Polygon, int]]:
    """Each connected area of one class in a class layer as (polygon, class value); streamed, pixel edges kept."""
    with rasterio.open(class_layer) as dataset:
        mask = None if dataset.nodata is None else rasterio.band(dataset, 1)
        for shape, value in rasterio.features.shapes(rasterio.band(dataset, 1), transform=dataset.transform):
            if mask is None or int(value) != NODATA:
                yield shapely.geometry.shape(shape), int(value)
