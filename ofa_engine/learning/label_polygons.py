"""Labels from polygons with a class field, in any CRS."""

import dataclasses
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import rasterio
import rasterio.features
import shapely
from numpy.typing import NDArray
from pyproj import Transformer

from ..core.classes import class_table, colors_for
from ..core.errors import InputError
from ..core.messages import option
from ..raster.georeference import place, pyproj_crs
from ..raster.source import Source
from .labelled import Labelled, Labels, in_subset, tile_labels

_FIELDS = ("class", "label", "classname", "class_name", "landcover", "type", "name")  # tried where none is named

Log = Callable[[str, str], None]  # level, message


def labels_from_polygons(
    sources: Sequence[Source],
    path: str,
    field: str | None,
    ignore: Sequence[str],
    log: Log,
    tile_px: int | None,
    limit: int,
) -> Labels:
    """At most about `limit` pixels of each polygon, or the tiles they label. Integer classes keep their values; others
    become 1..K in sorted order. Raises InputError."""
    geometries, crs, names = _usable_polygons(path, field, ignore, log)
    classes = _classes(names.tolist())
    order = {entry["key"]: i for i, entry in enumerate(classes)}
    index = np.array([order[name] for name in names])
    parts = []
    any_pixel = False
    for source in sources:
        shapes = _to_raster_crs(geometries, crs, source)
        part = _rasterize(shapes, index, source, limit, log)
        parts.append(tile_labels(source, part, tile_px, len(classes)) if tile_px and len(part) else part)
        any_pixel = any_pixel or len(part) > 0
    if not any_pixel:
        raise InputError(
            f"expected polygons that cover pixels of the raster, found none of {len(names)}: "
            "do they lie elsewhere, or is a CRS wrong?"
        )
    return _without_unused_classes(classes, parts, tile_px, log)


def _usable_polygons(path: str, field: str | None, ignore: Sequence[str], log: Log) -> tuple[NDArray, Any, NDArray]:
    """(geometries, CRS or None, class names) of the polygons that label something. Raises InputError."""
    geometries, crs, values = _read_polygons(path, field)
    names = np.array([as_text(value) for value in values], dtype=object)
    usable = np.array([g is not None and not g.is_empty and n != "" for g, n in zip(geometries, names, strict=True)])
    usable &= ~np.isin(names.astype(str), list(ignore))
    if skipped := int((~usable).sum()):
        log("warning", f"{skipped} of {len(usable)} polygons have no geometry, no class or an ignored one")
    if not usable.any():
        raise InputError(f"expected polygons with a class in {Path(path).name}, found none")
    return geometries[usable], crs, names[usable]


def _without_unused_classes(classes: list[dict], parts: list[Labelled], tile_px: int | None, log: Log) -> Labels:
    """The labels with only those classes that label a pixel or tile."""
    used = np.unique(np.concatenate([part.index for part in parts]))
    unused = [entry["name"] for i, entry in enumerate(classes) if i not in used]
    if unused:
        what = f"more than half of a tile of {tile_px} px" if tile_px else "the centre of a pixel of the raster"
        log("warning", f"no polygon of {', '.join(unused)} covers {what}: left out")
    new = {int(old): i for i, old in enumerate(used)}
    parts = [dataclasses.replace(p, index=np.array([new[int(i)] for i in p.index], np.int64)) for p in parts]
    return Labels([{k: v for k, v in classes[int(i)].items() if k != "key"} for i in used], parts)


def _read_polygons(path: str, field: str | None) -> tuple[NDArray, Any, NDArray]:
    """(geometries, CRS or None, values of the class field). Raises InputError."""
    name = Path(path).name
    try:
        available = list(pyogrio.read_info(path)["fields"])
        chosen = field or _guess_field(available)
        if chosen not in available:
            raise InputError(
                f"expected a class field in {name} ({', '.join(available) or 'it has no fields'}), found "
                f"{field or 'no obvious one'}: name it with {option('field')}"
            )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            meta, _, wkb, values = pyogrio.raw.read(path, columns=[chosen])
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, OSError) as error:
        raise InputError(f"expected a file of polygons that GDAL can read, found {name}: {error}") from error
    geometries = shapely.from_wkb(wkb)
    kinds = {g.geom_type for g in geometries if g is not None and not g.is_empty}
    if kinds - {"Polygon", "MultiPolygon", "GeometryCollection"}:
        raise InputError(f"expected polygons in {name}, found {', '.join(sorted(kinds))}: buffer points or lines first")
    return geometries, meta["crs"], values[0]


def _guess_field(fields: Sequence[str]) -> str | None:
    by_name = {f.lower(): f for f in fields}
    named = [by_name[f] for f in _FIELDS if f in by_name]
    others = [f for f in fields if f.lower() not in ("id", "fid", "objectid", "ogc_fid")]
    return named[0] if named else others[0] if len(others) == 1 else None


def as_text(value: Any) -> str:
    """A field's value as text: "" for none, 3.0 as 3."""
    if value is None or isinstance(value, float | np.floating) and not np.isfinite(value):
        return ""
    return str(int(value) if isinstance(value, float | np.floating) and float(value).is_integer() else value).strip()


def _classes(names: Sequence[str]) -> list[dict]:
    """Integer classes keep their values; others become 1..K in sorted order. `key` is the text in the file."""
    keys = sorted(set(names))
    if all(key.lstrip("-").isdigit() for key in keys):
        keys.sort(key=int)
        values = [int(key) for key in keys]
        if not 0 <= values[0] <= values[-1] <= 254:
            raise InputError(f"expected class values 0 to 254, found {values[0]} to {values[-1]}")
        if len(set(values)) < len(values):
            raise InputError(f"expected each class value written in one way, found {', '.join(keys)}")
    else:
        values = list(range(1, len(keys) + 1))
        if len(keys) > 254:
            raise InputError(f"expected up to 254 classes, found {len(keys)}: is it the right {option('field')}?")
    table = class_table(values, keys, colors_for(keys))
    return [entry | {"key": key} for entry, key in zip(table, keys, strict=True)]


def _to_raster_crs(geometries: NDArray, crs: Any, source: Source) -> NDArray:
    raster_crs = pyproj_crs(source.crs)
    if raster_crs is None or crs is None:
        return geometries
    transformer = Transformer.from_crs(crs, raster_crs, always_xy=True)
    return shapely.transform(geometries, transformer.transform, interleaved=False)


def _rasterize(shapes: NDArray, index: NDArray, source: Source, limit: int, log: Log) -> Labelled:
    """Pixels whose centre lies in a polygon, at most about `limit` per polygon. Where polygons of different classes
    overlap, nothing is labelled."""
    shapes = _without_conflicts(shapes, index, source, log)
    cells: list[NDArray] = []
    for number, shape in enumerate(shapes):
        row, column = _pixels_inside(shape, source)
        fraction = min(1.0, limit / max(len(row), 1))
        kept = in_subset(row, column, fraction)
        pixel = row[kept] * source.width + column[kept]
        cells.append(np.stack([pixel, np.full(len(pixel), number), np.full(len(pixel), 1 / fraction)]))
    found = np.concatenate(cells, 1) if cells else np.zeros((3, 0))
    # a pixel in two polygons of the same class counts once
    pixels, first = np.unique(found[0].astype(np.int64), return_index=True)
    polygon, weight = found[1][first].astype(np.int64), found[2][first]
    return Labelled(pixels // source.width, pixels % source.width, index[polygon], polygon, weight)


def _without_conflicts(shapes: NDArray, index: NDArray, source: Source, log: Log) -> NDArray:
    """The polygons minus their overlaps with polygons of other classes."""
    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    conflict = index[one] != index[other]
    one, other = one[conflict], other[conflict]
    if not len(one):
        return shapes
    valid = shapely.make_valid(shapes)
    remaining, lost = valid.copy(), [np.zeros(0, np.int64)]
    for number in np.unique(one):
        others = shapely.union_all(valid[other[one == number]])
        remaining[number] = shapely.difference(valid[number], others)
        row, column = _pixels_inside(shapely.intersection(valid[number], others), source)
        lost.append(row * source.width + column)
    if count := len(np.unique(np.concatenate(lost))):
        log("warning", f"{count} pixels lie in polygons of two classes and are not used")
    return remaining


def _polygons(shape: Any) -> list[Any]:
    """The polygons in a geometry of any type."""
    if shape.geom_type == "Polygon":
        return [] if shape.is_empty else [shape]
    return [polygon for part in getattr(shape, "geoms", ()) for polygon in _polygons(part)]


def _pixels_inside(shape: Any, source: Source) -> tuple[NDArray, NDArray]:
    """(rows, columns) of the pixels of the source's region whose centre lies in the polygon (all_touched=False)."""
    empty = np.zeros(0, np.int64), np.zeros(0, np.int64)
    # lines, such as the common edge of two polygons, would be burnt wherever they touch a pixel
    shape = shapely.MultiPolygon(_polygons(shape))
    inverse = ~source.transform
    west, south, east, north = shape.bounds
    if not np.isfinite(shape.bounds).all():
        return empty
    corners = np.array([place(inverse, x, y) for x in (west, east) for y in (south, north)])
    left, top = np.floor(corners.min(0)).astype(int).clip(0)
    right, bottom = np.ceil(corners.max(0)).astype(int)
    right, bottom = min(right, source.width), min(bottom, source.height)
    if right <= left or bottom <= top:
        return empty
    t = source.transform
    x, y = place(t, left, top)
    window = rasterio.Affine(t.a, t.b, x, t.d, t.e, y)
    burnt = rasterio.features.rasterize([(shape, 1)], (bottom - top, right - left), transform=window, dtype="uint8")
    row, column = np.nonzero(burnt)
    return row + top, column + left
