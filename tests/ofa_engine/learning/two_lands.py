"""Scenes with two kinds of land, and polygons on them."""

import numpy as np
import pyogrio
import rasterio
import shapely


def halves(pixels):
    """Two kinds of land: the eastern half is brighter in every other band."""
    changed = pixels.astype(np.float64)
    rising = 0.4 * np.abs(changed[::2]).mean() if pixels.dtype != np.float32 else 8.0
    changed[::2, :, changed.shape[2] // 2 :] += rising
    return changed.clip(0 if pixels.dtype.kind == "u" else None, 255 if pixels.dtype == np.uint8 else None).astype(
        pixels.dtype
    )


def write_polygons(path, raster, boxes, names, field="class"):
    """Boxes (left, top, width, height) in pixels of the raster."""
    with rasterio.open(raster) as d:
        t, crs = d.transform, d.crs.to_wkt()
    corners = [(t.c + x * t.a, t.f + (y + h) * t.e, t.c + (x + w) * t.a, t.f + y * t.e) for x, y, w, h in boxes]
    shapes = [shapely.box(*c) for c in corners]
    pyogrio.raw.write(
        path,
        shapely.to_wkb(np.array(shapes)),
        [np.array(names, dtype=object)],
        [field],
        crs=crs,
        geometry_type="Polygon",
        driver="GPKG",
    )
    return str(path)
