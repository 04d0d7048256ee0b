"""Label files for tests, and the small raster that they label."""

import json

import numpy as np
import shapely

from ofa_engine.learning.labelled import SampleLimits
from ofa_engine.learning.labels import read_labels

from ..conftest import write_raster

SHAPE = (60, 80)  # pixels of 10 m


def polygons(path, shapes, values, crs="EPSG:32633", name="class"):
    """A GeoJSON file; None is a feature without geometry."""
    features = [
        {
            "type": "Feature",
            "properties": {name: v, "note": 1},
            "geometry": None if s is None else json.loads(shapely.to_geojson(s)),
        }
        for s, v in zip(shapes, values, strict=True)
    ]
    crs_entry = {"type": "name", "properties": {"name": f"urn:ogc:def:crs:{crs.replace(':', '::')}"}}
    path.write_text(json.dumps({"type": "FeatureCollection", "crs": crs_entry, "features": features}))
    return str(path)


def label_raster(path, values, **more):
    return str(write_raster(path, values[None], **more))


def box(left, top, width, height):
    """A rectangle in pixels."""
    return shapely.box(
        500000 + 10 * left, 5800000 - 10 * (top + height), 500000 + 10 * (left + width), 5800000 - 10 * top
    )


def read(raster, path, field=None, ignore=(), messages=None, limit=20_000, tile_px=None, radius_px=1.0):
    """Labels of one raster, in blocks of 16 px; warnings are appended to `messages`."""
    log = lambda level, text: messages is not None and messages.append(text)  # noqa: E731
    return read_labels(
        [raster], [path], field, list(ignore), 16, log, tile_px, SampleLimits(polygon_px=limit), radius_px
    )


def label_map(part, shape=SHAPE):
    """Classes as a picture, -1 where nothing is labelled."""
    picture = np.full(shape, -1)
    picture[part.row, part.column] = part.index
    return picture
