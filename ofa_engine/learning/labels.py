"""Reference labels on a raster's grid: from polygons with a class field in any CRS, or from a label raster.

Of each polygon, or each class of a label raster, at most about `LIMIT` pixels are kept, drawn by a hash of their place:
memory stays bounded, and a polygon more changes nothing elsewhere. Pixels carry the group they belong to, a polygon, a
label raster or a block of one, so that cross-validation never has the same polygon on both sides.
"""

import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import rasterio
import rasterio.features
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from rasterio.windows import Window

from ..core.classes import colors_for
from ..core.errors import InputError
from ..core.messages import option
from ..model.heads import class_table
from ..raster.geotiff import read_class_names
from ..raster.source import Source, place, pyproj_crs

LIMIT = 20_000
TILE_LIMIT = 4_000_000  # where tiles are asked for, so that the share that a class covers is exact up to here
_FIELDS = ("class", "label", "classname", "class_name", "landcover", "type", "name")  # taken where none is told
_RASTERS = (".tif", ".tiff", ".img", ".vrt")

Say = Callable[[str, str], None]  # level, message


@dataclass
class Labelled:
    """Labelled pixels of one raster: (N,) each. `index` counts classes from 0, `group` is unique over all rasters;
    `weight` is how many labelled pixels each stands for."""

    row: NDArray[np.int64]
    column: NDArray[np.int64]
    index: NDArray[np.int64]
    group: NDArray[np.int64]
    weight: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.row)


@dataclass
class Labels:
    classes: list[dict]  # value, name, color, as in a head's header
    rasters: list[Labelled]

    def counts(self) -> NDArray[np.float64]:
        """Labelled pixels of each class, also those that were not drawn."""
        total = np.zeros(len(self.classes))
        for part in self.rasters:
            np.add.at(total, part.index, part.weight)
        return total


def read_labels(
    sources: Sequence[Source],
    paths: Sequence[str],
    field: str | None,
    ignore: Sequence[str],
    block_px: int,
    say: Say,
    tile_px: int | None = None,
) -> Labels:
    """One polygon file for all rasters, or one label raster a raster in the same order. With `tile_px`, what is
    labelled are tiles (`tile_labels`) instead of pixels. Raises InputError."""
    for path in paths:
        if not Path(path).exists():
            raise InputError(f"expected a file of labels, found no file {path}")
    if all(Path(path).suffix.lower() in _RASTERS for path in paths):
        if len(paths) != len(sources):
            raise InputError(f"expected one label raster a raster, found {len(paths)} for {len(sources)}")
        found = _from_rasters(sources, paths, ignore, block_px, tile_px)
    elif len(paths) == 1:
        found = _from_polygons(sources, paths[0], field, ignore, say, tile_px)
    else:
        raise InputError(f"expected one file of polygons for all rasters, found {len(paths)}: merge them first")
    if tile_px and not any(len(part) for part in found.rasters):
        raise InputError(
            f"expected tiles of {tile_px} px of which one class covers more than half, found none: use "
            f"smaller {option('tile_px')}, or larger polygons"
        )
    return found


def drawn(row: NDArray, column: NDArray, share: float | NDArray) -> NDArray[np.bool_]:
    """A share of places, always the same ones, and more of them with a larger share."""
    # the finaliser of splitmix64 (Steele et al. 2014)
    x = (row.astype(np.uint64) << np.uint64(32)) ^ column.astype(np.uint64) ^ np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((x ^ (x >> np.uint64(31))) >> np.uint64(11)).astype(np.float64) / 2.0**53 < share


# --- label rasters -----------------------------------------------------------------------------------------------


def _from_rasters(
    sources: Sequence[Source], paths: Sequence[str], ignore: Sequence[str], block_px: int, tile_px: int | None
) -> Labels:
    skipped = {_number(text) for text in ignore}
    counts: dict[int, NDArray[np.int64]] = {}
    layers = [_LabelRaster(path, source, skipped) for path, source in zip(paths, sources, strict=True)]
    try:
        for number, layer in enumerate(layers):
            for _, _, values in layer.parts():
                for value, count in zip(*np.unique(values, return_counts=True), strict=True):
                    counts.setdefault(int(value), np.zeros(len(layers), np.int64))[number] += count
        if not counts:
            raise InputError(f"expected labelled pixels, found none in {', '.join(Path(p).name for p in paths)}")
        classes = sorted(counts)
        names = read_class_names(paths[0])
        called = [names.get(v, str(v)) for v in classes]
        colors = layers[0].colors(classes) or colors_for(called)
        parts = []
        limit = TILE_LIMIT if tile_px else LIMIT
        for number, layer in enumerate(layers):
            share = np.array([min(1.0, limit / max(counts[v][number], 1)) for v in classes])
            part = layer.draw(np.array(classes), share, block_px, number)
            parts.append(tile_labels(layer.source, part, tile_px, len(classes)) if tile_px else part)
        if _rasters_can_be_places(parts, len(classes)):
            for number, part in enumerate(parts):
                part.group = np.full(len(part), number)
        return Labels(class_table(classes, called, colors), parts)
    except ValueError as error:
        raise InputError(str(error)) from error
    finally:
        for layer in layers:
            layer.dataset.close()


def _rasters_can_be_places(parts: Sequence[Labelled], classes: int) -> bool:
    """Whole rasters are better groups than blocks, which their neighbours resemble: where there are three or more, and
    two classes or more lie in several of them."""
    found = [np.bincount(part.index, minlength=classes) > 0 for part in parts]
    return len(parts) >= 3 and (np.sum(found, 0) >= 2).sum() >= 2


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise InputError(f"expected whole numbers to ignore in a label raster, found {text!r}") from None


class _LabelRaster:
    """One band of whole numbers on a raster's grid."""

    def __init__(self, path: str, source: Source, ignore: set[int]):
        self.source, self.ignore, self.name = source, ignore, Path(path).name
        opened = Source(path)
        self.dataset = opened.dataset
        problem = ""
        if self.dataset.count != 1:
            problem = f"{self.dataset.count} bands"
        elif np.dtype(self.dataset.dtypes[0]).kind not in "iuf":
            problem = f"values of type {self.dataset.dtypes[0]}"
        elif (opened.width, opened.height) != source.dataset.shape[::-1]:
            problem = f"{opened.width} x {opened.height} px"
        elif (
            source.crs
            and opened.crs
            and not np.allclose(
                opened.transform[:6], source.dataset.transform[:6], rtol=0, atol=0.5 * abs(source.transform.a)
            )
        ):
            problem = "another place"
        if problem:
            self.dataset.close()
            wanted = f"{source.dataset.width} x {source.dataset.height} px"
            raise InputError(
                f"expected labels on the grid of {Path(source.path).name} ({wanted}), found {problem} in {self.name}"
            )

    def parts(self) -> Iterable[tuple[NDArray, NDArray, NDArray]]:
        """(rows, columns, values) of labelled pixels, block by block, relative to the source's region."""
        left, top = self.source._offset
        for column, row, width, height in self.source.block_windows():
            window = Window(column + left, row + top, width, height)
            values = self.dataset.read(1, window=window)
            known = self.dataset.read_masks(1, window=window) > 0
            if values.dtype.kind == "f":
                known &= np.isfinite(values)
            for value in self.ignore:
                known &= values != value
            y, x = np.nonzero(known)
            found = values[y, x].astype(np.int64)
            if len(found) and not 0 <= found.min() <= found.max() <= 254:
                raise InputError(
                    f"expected class values 0 to 254, found {found.min()} to {found.max()} in "
                    f"{self.name}: set {option('ignore')} for those that are no classes"
                )
            yield y + row, x + column, found

    def draw(self, values: NDArray, share: NDArray, block_px: int, number: int) -> Labelled:
        parts = []
        across = -(-self.source.width // block_px)
        for row, column, found in self.parts():
            index = np.searchsorted(values, found)
            kept = drawn(row, column, share[index])
            row, column, index = row[kept], column[kept], index[kept]
            group = (number << 40) + (row // block_px) * across + column // block_px
            parts.append((row, column, index, group, 1 / share[index]))
        return Labelled(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))

    def colors(self, values: Sequence[int]) -> list[str]:
        """Those of its colour table; empty where it has none."""
        try:
            table = self.dataset.colormap(1)
            return ["#{:02x}{:02x}{:02x}".format(*table[v][:3]) for v in values]
        except (ValueError, KeyError):
            return []


# --- polygons ----------------------------------------------------------------------------------------------------


def _from_polygons(
    sources: Sequence[Source], path: str, field: str | None, ignore: Sequence[str], say: Say, tile_px: int | None
) -> Labels:
    geometries, crs, raw = _read_polygons(path, field)
    names = np.array([as_text(value) for value in raw], dtype=object)
    usable = np.array([g is not None and not g.is_empty and n != "" for g, n in zip(geometries, names, strict=True)])
    usable &= ~np.isin(names.astype(str), list(ignore))
    if dropped := int((~usable).sum()):
        say("warning", f"{dropped} of {len(usable)} polygons have no geometry, no class or an ignored one")
    if not usable.any():
        raise InputError(f"expected polygons with a class in {Path(path).name}, found none")
    geometries, names = geometries[usable], names[usable]
    classes = _classes(names.tolist())
    order = {entry["key"]: i for i, entry in enumerate(classes)}
    index = np.array([order[name] for name in names])
    parts, touched = [], False
    for source in sources:
        shapes = _on_raster(geometries, crs, source)
        part = _burn(shapes, index, source, TILE_LIMIT if tile_px else LIMIT, say)
        parts.append(tile_labels(source, part, tile_px, len(classes)) if tile_px and len(part) else part)
        touched = touched or len(part) > 0
    if not touched:
        raise InputError(
            f"expected polygons that cover pixels of the raster, found none of {len(names)}: "
            "do they lie elsewhere, or is a CRS wrong?"
        )
    found = np.unique(np.concatenate([part.index for part in parts]))
    missing = [entry["name"] for i, entry in enumerate(classes) if i not in found]
    if missing:
        what = f"more than half of a tile of {tile_px} px" if tile_px else "the middle of a pixel of the raster"
        say("warning", f"no polygon of {', '.join(missing)} covers {what}: left out")
    new = {int(old): i for i, old in enumerate(found)}
    for part in parts:
        part.index = np.array([new[int(i)] for i in part.index], np.int64)
    kept = [{k: v for k, v in classes[int(i)].items() if k != "key"} for i in found]
    return Labels(kept, parts)


def _read_polygons(path: str, field: str | None) -> tuple[NDArray, Any, NDArray]:
    """(geometries, CRS or None, values of the class field). Raises InputError."""
    name = Path(path).name
    try:
        available = list(pyogrio.read_info(path)["fields"])
        chosen = field or _guess_field(available)
        if chosen not in available:
            raise InputError(
                f"expected a class field in {name} ({', '.join(available) or 'it has no fields'}), found "
                f"{field or 'none that is meant'}: tell with {option('field')}"
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


def _on_raster(geometries: NDArray, crs: Any, source: Source) -> NDArray:
    """The polygons in the raster's CRS."""
    ours = pyproj_crs(source.crs)
    if ours is None or crs is None:
        return geometries
    transformer = Transformer.from_crs(crs, ours, always_xy=True)
    return shapely.transform(geometries, transformer.transform, interleaved=False)


def _burn(shapes: NDArray, index: NDArray, source: Source, limit: int, say: Say) -> Labelled:
    """Pixels whose middle lies in a polygon. Where polygons of two classes overlap, nothing is labelled."""
    shapes = _without_quarrels(shapes, index, source, say)
    cells: list[NDArray] = []
    for number, shape in enumerate(shapes):
        row, column = _inside(shape, source)
        share = min(1.0, limit / max(len(row), 1))
        kept = drawn(row, column, share)
        place_ = row[kept] * source.width + column[kept]
        cells.append(np.stack([place_, np.full(len(place_), number), np.full(len(place_), 1 / share)]))
    found = np.concatenate(cells, 1) if cells else np.zeros((3, 0))
    # a pixel of two polygons of a class counts once
    where, first = np.unique(found[0].astype(np.int64), return_index=True)
    polygon, weight = found[1][first].astype(np.int64), found[2][first]
    return Labelled(where // source.width, where % source.width, index[polygon], polygon, weight)


def _without_quarrels(shapes: NDArray, index: NDArray, source: Source, say: Say) -> NDArray:
    """The polygons without what polygons of other classes hold, too."""
    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    strange = index[one] != index[other]
    one, other = one[strange], other[strange]
    if not len(one):
        return shapes
    whole = shapely.make_valid(shapes)
    left, lost = whole.copy(), [np.zeros(0, np.int64)]
    for number in np.unique(one):
        others = shapely.union_all(whole[other[one == number]])
        left[number] = shapely.difference(whole[number], others)
        row, column = _inside(shapely.intersection(whole[number], others), source)
        lost.append(row * source.width + column)
    if count := len(np.unique(np.concatenate(lost))):
        say("warning", f"{count} pixels lie in polygons of two classes and are not used")
    return left


def _polygons(shape: Any) -> list[Any]:
    """The polygons in a geometry of any type."""
    if shape.geom_type == "Polygon":
        return [] if shape.is_empty else [shape]
    return [polygon for part in getattr(shape, "geoms", ()) for polygon in _polygons(part)]


def _inside(shape: Any, source: Source) -> tuple[NDArray, NDArray]:
    """(rows, columns) of the pixels of the source's region whose middle the polygon holds (all-touched off)."""
    empty = np.zeros(0, np.int64), np.zeros(0, np.int64)
    # lines, such as the common edge of two polygons, would be burnt whatever their middle
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


# --- tiles -------------------------------------------------------------------------------------------------------


def tile_labels(source: Source, part: Labelled, tile_px: int, classes: int) -> Labelled:
    """Tiles (row and column of a grid of `tile_px`) of which one class covers more than half, edge tiles clipped."""
    across, down = -(-source.width // tile_px), -(-source.height // tile_px)
    tile = (part.row // tile_px) * across + part.column // tile_px
    share = np.zeros((across * down, classes))
    np.add.at(share, (tile, part.index), part.weight)
    width = np.minimum(tile_px, source.width - np.arange(across) * tile_px)
    height = np.minimum(tile_px, source.height - np.arange(down) * tile_px)
    share /= (height[:, None] * width[None]).reshape(-1, 1)
    chosen = np.flatnonzero(share.max(1) > 0.5)
    index = share[chosen].argmax(1)
    # the group of a tile is that of its first pixel of the winning class
    keys, first = np.unique(tile * classes + part.index, return_index=True)
    group = part.group[first[np.searchsorted(keys, chosen * classes + index)]]
    return Labelled(chosen // across, chosen % across, index, group, np.ones(len(chosen)))
