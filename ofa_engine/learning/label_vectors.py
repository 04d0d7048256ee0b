"""Labels from polygons, points and lines with a class field, in any CRS."""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import rasterio.features
import shapely
from numpy.typing import NDArray

from ..core.errors import InputError
from ..core.messages import option
from ..raster.georeference import in_crs_of_raster, place
from ..raster.source import Source
from ..raster.vectors import VectorLayer, field_names, file_of, finite, read_vector
from .label_classes import as_text, classes_of, is_ignored, one_spelling
from .labelled import Labelled, Labels, in_subset, tile_labels

_FIELDS = ("class", "label", "classname", "class_name", "landcover", "type", "name")  # tried where none is named
_NO_CLASSES = ("id", "fid", "objectid", "ogc_fid", "lon", "lat", "long", "lng", "longitude", "latitude", "x", "y")
_EXPECTED = "polygons, points or lines"
OUTLINE_PX = 2  # a pixel so near to one outside of its polygon lies at the outline
_ONE_PIXEL = 0.75  # a smaller radius might reach no pixel's centre: then it is the pixel that a point lies in

Log = Callable[[str, str], None]  # level, message


@dataclass(frozen=True)
class LabelFeatures:
    """What labels something, of one or several layers: geometries and class names (N,)."""

    layers: list[tuple[NDArray, str | None, str]]  # geometries, CRS and name of each
    names: NDArray
    what: str  # they are, for messages

    def in_crs_of(self, source: Source) -> NDArray:
        """(N,) geometries in the raster's CRS."""
        return np.concatenate([in_crs_of_raster(shapes, crs, source.crs, name) for shapes, crs, name in self.layers])


def labels_from_vectors(
    sources: Sequence[Source],
    paths: Sequence[str],
    field: str | None,
    ignore: Sequence[str],
    log: Log,
    tile_px: int | None,
    limit: int,
    radius_px: float,
) -> Labels:
    """At most about `limit` pixels of each feature, or the tiles they label. Integer classes keep their values; others
    become 1..K in sorted order. Raises InputError."""
    notes: list[tuple[str, str]] = []  # written only once there is nothing to refuse: an error is one line
    note = lambda *text: notes.append(text)  # noqa: E731
    features = _usable_features(paths, field, ignore, note)
    classes = classes_of(features.names.tolist())
    order = {entry["key"]: i for i, entry in enumerate(classes)}
    index = np.array([order[name] for name in features.names])
    parts = []
    any_pixel, lost = False, np.zeros(len(index), bool)
    for source in sources:
        shapes = features.in_crs_of(source)
        known = finite(shapes)
        lost |= ~known
        areas = _as_areas(np.where(known, shapes, shapely.Polygon()), source, radius_px, tile_px)
        part = _rasterize(areas, index, source, limit, note)
        parts.append(tile_labels(source, part, tile_px, len(classes)) if tile_px and len(part) else part)
        any_pixel = any_pixel or len(part) > 0
    if not any_pixel:
        raise InputError(
            f"expected {features.what} that cover pixels of the raster, found none of {len(index)}: "
            "do they lie elsewhere, or is a CRS wrong?"
        )
    if lost.any():
        note("warning", f"{lost.sum()} of {len(index)} {features.what} have no place in a raster's CRS: left out")
    labels = _without_unused_classes(classes, parts, tile_px, note)
    for level, text in notes:
        log(level, text)
    return labels


def _usable_features(paths: Sequence[str], field: str | None, ignore: Sequence[str], log: Log) -> LabelFeatures:
    """Those that have a place and a class. Raises InputError."""
    layers, names, kinds, total = [], [], set(), 0
    for path in paths:
        layer, texts = _read_layer(path, field, by_layer=len(paths) > 1 and field is None)
        usable = ~shapely.is_missing(layer.geometries) & (texts != "") & ~is_ignored(texts, ignore)
        shapes, index = _single_points(layer.geometries[usable])
        layers.append((shapes, layer.crs, Path(file_of(path)).name))
        names.append(texts[usable][index])
        kinds |= layer.kinds()
        total += len(usable) - int(usable.sum())
    what = _noun(kinds)
    found = np.concatenate(names)
    if not len(found):
        raise InputError(f"expected {what} with a class in {', '.join(Path(p).name for p in paths)}, found none")
    if total:
        log("warning", f"{total} of {total + len(found)} {what} have no geometry, no class or an ignored one")
    if len(paths) > 1 and field is None:
        log("info", f"each layer is one class, by its name ({option('field')} takes a class field of theirs instead)")
    return LabelFeatures(layers, one_spelling(found.tolist(), log), what)


def _read_layer(path: str, field: str | None, by_layer: bool) -> tuple[VectorLayer, NDArray]:
    """(layer, class names (N,)): by the layer's name, or from the class field. Raises InputError."""
    if by_layer:
        layer = read_vector(path, _EXPECTED, [])
        return layer, np.full(len(layer.geometries), layer.name, dtype=object)
    available = field_names(path)
    chosen = field or _guess_field(available)
    layer = read_vector(path, _EXPECTED, [chosen] if chosen in available else [])
    if chosen not in layer.fields:
        raise InputError(
            f"expected a class field in {Path(path).name} ({', '.join(available) or 'it has no fields'}), found "
            f"{field or 'no obvious one'}: name it with {option('field')}"
        )
    return layer, np.array([as_text(value) for value in layer.fields[chosen]], dtype=object)


def _single_points(geometries: NDArray) -> tuple[NDArray, NDArray[np.int64]]:
    """(geometries, the feature of each), with points in several parts as several points."""
    several = shapely.get_type_id(geometries) == shapely.GeometryType.MULTIPOINT
    points, of_several = shapely.get_parts(geometries[several], return_index=True)
    index = np.concatenate([np.flatnonzero(~several), np.flatnonzero(several)[of_several]])
    order = np.argsort(index, kind="stable")
    return np.concatenate([geometries[~several], points])[order], index[order]


def _noun(kinds: set[str]) -> str:
    names = {kind.removeprefix("Multi") for kind in kinds}
    known = {"Polygon": "polygons", "Point": "points", "LineString": "lines"}
    return (known.get(names.pop(), "features") if len(names) == 1 else "features") if names else _EXPECTED


def _without_unused_classes(classes: list[dict], parts: list[Labelled], tile_px: int | None, log: Log) -> Labels:
    """The labels with only those classes that label a pixel or tile."""
    used = np.unique(np.concatenate([part.index for part in parts]))
    unused = [entry["name"] for i, entry in enumerate(classes) if i not in used]
    if unused:
        what = f"more than half of a tile of {tile_px} px" if tile_px else "the centre of a pixel of the raster"
        log("warning", f"nothing of {', '.join(unused)} covers {what}: left out")
    new = {int(old): i for i, old in enumerate(used)}
    parts = [dataclasses.replace(p, index=np.array([new[int(i)] for i in p.index], np.int64)) for p in parts]
    return Labels([{k: v for k, v in classes[int(i)].items() if k != "key"} for i in used], parts)


def _guess_field(fields: Sequence[str]) -> str | None:
    by_name = {f.lower(): f for f in fields}
    named = [by_name[f] for f in _FIELDS if f in by_name]
    others = [f for f in fields if f.lower() not in _NO_CLASSES]
    return named[0] if named else others[0] if len(others) == 1 else None


def _as_areas(shapes: NDArray, source: Source, radius_px: float, tile_px: int | None) -> NDArray:
    """The shapes, points and lines as polygons of what they label: the pixels whose centre is nearer than the radius,
    of a point at least the one that it lies in; where tiles are labelled, a point's tile."""
    dimensions = shapely.get_dimensions(shapes)
    inverse = ~source.transform
    side = tile_px or (1 if radius_px < _ONE_PIXEL else None)  # of the square that a point labels
    areas = shapes.copy()
    for dimension in (0, 1):
        chosen = dimensions == dimension
        if not chosen.any():
            continue
        found = shapely.transform(shapes[chosen], lambda x, y: place(inverse, x, y), interleaved=False)
        if dimension == 0 and side:
            left, top = (np.floor(v(found) / side) * side for v in (shapely.get_x, shapely.get_y))
            found = shapely.box(left, top, left + side, top + side)
        else:
            least = 0.5 if dimension else 0.0
            found = shapely.buffer(found, max(radius_px, least) - 1e-6, quad_segs=32)  # at the very edge is not nearer
        areas[chosen] = shapely.transform(found, lambda x, y: place(source.transform, x, y), interleaved=False)
    return areas


def _rasterize(shapes: NDArray, index: NDArray, source: Source, limit: int, log: Log) -> Labelled:
    """Pixels whose centre lies in a polygon, at most about `limit` per polygon. Where polygons of different classes
    overlap, nothing is labelled."""
    shapes = _without_conflicts(shapes, index, source, log)
    cells: list[NDArray] = []
    for number, shape in enumerate(shapes):
        inside, top, left = _burnt(shape, source)
        y, x = np.nonzero(inside)
        fraction = min(1.0, limit / max(len(y), 1))
        kept = in_subset(y + top, x + left, fraction)
        y, x = y[kept], x[kept]
        pixel, n = (y + top) * source.width + x + left, len(y)
        cells.append(np.stack([pixel, np.full(n, number), np.full(n, 1 / fraction), _at_outline(inside, y, x)]))
    found = np.concatenate(cells, 1) if cells else np.zeros((4, 0))
    # a pixel in two polygons of the same class counts once
    pixels, first = np.unique(found[0].astype(np.int64), return_index=True)
    polygon, weight, edge = found[1][first].astype(np.int64), found[2][first], found[3][first] > 0
    return Labelled(pixels // source.width, pixels % source.width, index[polygon], polygon, weight, edge)


def _at_outline(inside: NDArray[np.bool_], y: NDArray, x: NDArray) -> NDArray[np.bool_]:
    """(N,) whether a pixel within `OUTLINE_PX` rows and columns is outside of the polygon, of which `inside` (H, W)
    has all pixels."""
    padded, around = np.pad(inside, OUTLINE_PX), range(2 * OUTLINE_PX + 1)
    found = np.zeros(len(y), bool)
    for down in around:
        for across in around:
            found |= ~padded[y + down, x + across]
    return found


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
        log("warning", f"{count} pixels lie in labels of two classes and are not used")
    return remaining


def _polygons(shape: Any) -> list[Any]:
    """The polygons in a geometry of any type."""
    if shape.geom_type == "Polygon":
        return [] if shape.is_empty else [shape]
    return [polygon for part in getattr(shape, "geoms", ()) for polygon in _polygons(part)]


def _pixels_inside(shape: Any, source: Source) -> tuple[NDArray, NDArray]:
    """(rows, columns) of the pixels of the source's region whose centre lies in the polygon."""
    inside, top, left = _burnt(shape, source)
    row, column = np.nonzero(inside)
    return row + top, column + left


def _burnt(shape: Any, source: Source) -> tuple[NDArray[np.bool_], int, int]:
    """(whether the centre of a pixel lies in the polygon (H, W), first row, first column) of the part of the source's
    region around it (all_touched=False)."""
    empty = np.zeros((0, 0), bool), 0, 0
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
    return burnt > 0, int(top), int(left)
