"""Results as a STAC item collection: plain JSON after the SpatioTemporal Asset Catalog's specification 1.0
(https://github.com/radiantearth/stac-spec/blob/v1.0.0/item-spec/item-spec.md)."""

import re
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import shapely
from shapely.geometry.polygon import orient

from ..raster.georeference import place, to_degrees
from ..raster.source import Source
from .scenes import is_local

VERSION = "1.0.0"
_EDGE_POINTS = 17  # an edge that is straight in the raster's CRS is curved in degrees
_UNKNOWN_START = "1970-01-01T00:00:00Z"
_KINDS = {".gpkg": "application/geopackage+sqlite3", ".tif": "image/tiff; application=geotiff"}


def footprint(source: Source) -> tuple[list[float] | None, dict | None]:
    """(bbox, GeoJSON geometry) of a raster in EPSG:4326; (None, None) without a usable CRS.

    Where it crosses the antimeridian, the geometry is in two parts and the bbox's west is greater than its east, as RFC
    7946 (sections 3.1.9 and 5.2) has it.
    """
    moved = to_degrees(source.crs)
    if moved is None:
        return None, None
    w, h, n = source.width, source.height, _EDGE_POINTS - 1
    edge = [(w * i / n, 0.0) for i in range(n)] + [(float(w), h * i / n) for i in range(n)]
    edge += [(w - w * i / n, float(h)) for i in range(n)] + [(0.0, h - h * i / n) for i in range(n)]
    points = [place(source.transform, *corner) for corner in edge]
    lon, lat = shapely.get_coordinates(moved(shapely.points(points))).T
    if not all(-1e3 < value < 1e3 for value in (*lon, *lat)):  # infinite where the projection is not defined
        return None, None
    if max(lon) - min(lon) <= 180:
        shape = shapely.Polygon(zip(lon, lat, strict=True))
        return [round(v, 8) for v in shape.bounds], _geojson([shape])
    east = shapely.Polygon(zip((degrees % 360 for degrees in lon), lat, strict=True))  # 0 to 360 degrees: in one piece
    near = shapely.intersection(east, shapely.box(0, -90, 180, 90))
    far = shapely.transform(shapely.intersection(east, shapely.box(180, -90, 360, 90)), lambda p: p - [360, 0])
    west, south, right, north = east.bounds
    return [round(v, 8) for v in (west, south, right - 360, north)], _geojson([near, far])


def _geojson(shapes: list[Any]) -> dict:
    """Polygons, counterclockwise as RFC 7946 has them, to a tenth of a millimetre."""
    polygons = [part for shape in shapes for part in getattr(shape, "geoms", [shape])]
    rounded = [orient(shapely.transform(polygon, lambda p: p.round(9))) for polygon in polygons]
    return shapely.geometry.mapping(rounded[0] if len(rounded) == 1 else shapely.MultiPolygon(rounded))


def acquisition_times(name: str, stamp: list[int] | None) -> dict[str, str | None]:
    """When a scene was acquired, from a date in its file name as most agencies write it: 20230512T103031, 20230512 or
    2023-05-12. Without one it is only known to be before the file was last modified."""
    match = re.search(r"(?<!\d)((?:19|20)\d\d)([-_]?)(\d\d)\2(\d\d)(?:[T_](\d{6})(?!\d)|(?!\d))", name)
    if match:
        try:
            day = datetime.strptime(match[1] + match[3] + match[4], "%Y%m%d").replace(tzinfo=timezone.utc)
            if match[5]:
                return {"datetime": _utc(datetime.strptime(match[5], "%H%M%S").replace(day.year, day.month, day.day))}
            return _between(_utc(day), _utc(day + timedelta(days=1, seconds=-1)))
        except ValueError:
            pass  # digits that are not a date
    changed = datetime.fromtimestamp(stamp[1] / 1e9, timezone.utc) if stamp else datetime.now(timezone.utc)
    return _between(_UNKNOWN_START, _utc(changed))


def _between(start: str, end: str) -> dict[str, str | None]:
    return {"datetime": None, "start_datetime": start, "end_datetime": end}


def _utc(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def item_collection(entries: list[dict], created: str) -> dict:
    """Manifest entries that are done, as STAC items."""
    return {"type": "FeatureCollection", "features": [_item(entry, created) for entry in entries]}


def _item(entry: dict, created: str) -> dict:
    times = entry["times"]
    if not times.get("datetime") and not (times.get("start_datetime") and times.get("end_datetime")):
        # the spec: null only with a start and an end
        times = acquisition_times(Path(entry["input"].partition("?")[0]).name, entry["stamp"])
    known = {
        "ofanet:sensor": entry["sensor"],
        "ofanet:head": entry["head"]["name"],
        "ofanet:engine": entry["engine"],
        "ofanet:classes": entry["classes"],
    }
    source = Path(entry["input"]).as_uri() if is_local(entry["input"]) else entry["input"]
    item = {
        "type": "Feature",
        "stac_version": VERSION,
        "stac_extensions": [],
        "id": entry["id"],
        "geometry": entry["geometry"],
        "bbox": entry["bbox"],
        "properties": {"datetime": None} | times | {"created": created} | known,
        "links": [],
        "assets": {
            "classes": {
                "href": f"./{entry['output']}",
                "type": _KINDS[Path(entry["output"]).suffix],
                "title": "class layer",
                "roles": ["data"],
            },
            "source": {"href": source, "title": "the classified raster", "roles": ["source"]},
        },
    }
    if item["geometry"] is None:
        del item["bbox"]  # the spec: not without a geometry
    return item
