"""`ofa stack`: the band files of a scene as one virtual raster (VRT), which names them and copies nothing."""

import contextlib
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import rasterio
from rasterio.enums import ColorInterp, MaskFlags

from ..core.callbacks import Callbacks
from ..core.errors import InputError
from ..core.files import write_text
from ..core.options import StackOptions
from ..core.sensors import Product, read_scene
from ..core.sensors.table import TABLE
from .atomic import check_output
from .gdal import display_name
from .georeference import crs_name, place
from .source import Source
from .stack_vrt import Grid, StackedBand, vrt_of

_LANDSAT_C2_L2 = re.compile(r"L[A-Z]\d\d_L2\w\w_\d{6}_\d{8}_\d{8}_02_")
_SAMPLE_PX = 256
_CLOSE_PX = 0.01  # corners of files of one scene that differ by less are the same


def stack(options: StackOptions, callbacks: Callbacks) -> dict:
    """Writes a VRT of band files, in the order of their product's bands and named after them.

    Coarser bands are repeated onto the finest grid; no data values, scales, offsets and masks of the files are kept.

    Args:
        options: the files, and the VRT to write.
        callbacks: its log receives what was left out or assumed.

    Returns:
        A JSON mapping: output, name (of the scene), product (its id, or None), title (the product's), bands (their
        names), files (per band), left_out (files), width and height in pixels.

    Raises:
        InputError: a name tells no band, several files are one band, or the files do not lie on one another.
    """
    target = check_output(options.output, options.inputs, (".vrt",))
    scene = read_scene(options.inputs)
    for path, why in scene.left_out:
        callbacks.log("info", f"left out: {display_name(path)}, {why}")
    if len(scene.keys) > 1:
        first, other = (scene.files[scene.keys.index(key)][1] for key in scene.keys[:2])
        names = f"{display_name(first)} and {display_name(other)}"
        callbacks.log("warning", f"{names} differ in more than the band: are they of one scene?")
    with contextlib.ExitStack() as opened:
        sources = [opened.enter_context(Source(path)) for _, path in scene.files]
        grid, rectangles = _common_grid(sources, scene.reads)
        bands = [
            _band(name, source, rectangle, scene.product)
            for (name, _), source, rectangle in zip(scene.files, sources, rectangles, strict=True)
        ]
    if (grid.width, grid.height) != grid.whole:
        text = f"{grid.width} x {grid.height} px of {grid.whole[0]} x {grid.whole[1]}"
        callbacks.log("info", f"the files do not all cover the same place: only what all of them cover is used, {text}")
    write_text(target, vrt_of(bands, grid, target))
    return {
        "output": options.output,
        "name": scene.name,
        "product": scene.product.id if scene.product else None,
        "title": scene.product.title if scene.product else "band files of no known product",
        "bands": [name for name, _ in scene.files],
        "files": [path for _, path in scene.files],
        "left_out": [path for path, _ in scene.left_out],
        "width": grid.width,
        "height": grid.height,
    }


def format_stack_summary(answer: dict) -> str:
    """What `stack` returns as text."""
    bands = f"{len(answer['bands'])} bands ({', '.join(answer['bands'])})"
    return f"{answer['output']}: {answer['title']}, {bands}, {answer['width']} x {answer['height']} px"


# --- one file -----------------------------------------------------------------------------------------------------


def _band(
    name: str, source: Source, rectangle: tuple[float, float, float, float], product: Product | None
) -> StackedBand:
    dataset = source.dataset
    scale, offset = dataset.scales[0], dataset.offsets[0]
    integers = np.dtype(dataset.dtypes[0]).kind in "iu"
    if (scale, offset) == (1.0, 0.0) and integers and product and product.values == "landsat":
        if _LANDSAT_C2_L2.match(source.name):
            unit = TABLE.units["landsat-c2"]  # as the scene's MTL file says
            scale, offset = unit.scale, unit.offset
    return StackedBand(
        name=name,
        path=source.path,
        dtype=dataset.dtypes[0],
        size=(dataset.width, dataset.height),
        block=dataset.block_shapes[0],
        rectangle=rectangle,
        nodata=dataset.nodatavals[0],
        scale=scale,
        offset=offset,
        mask=_mask(source),
    )


def _mask(source: Source) -> str:
    """What masks the file's one band, as a VRT names it: "2" for a second band, "mask,1" for an internal mask; "" where
    nothing does. Raises InputError where the file has other bands."""
    dataset = source.dataset
    if dataset.count == 1:
        return "mask,1" if MaskFlags.per_dataset in dataset.mask_flag_enums[0] else ""
    if dataset.count == 2 and _is_mask(source):
        return "2"
    raise InputError(f"expected one band in a file, and a mask at most, found {dataset.count} bands in {source.name}")


def _is_mask(source: Source) -> bool:
    dataset = source.dataset
    if dataset.colorinterp[1] == ColorInterp.alpha or TABLE.words.is_other(dataset.descriptions[1] or ""):
        return True
    shape = min(dataset.height, _SAMPLE_PX), min(dataset.width, _SAMPLE_PX)
    return np.setdiff1d(dataset.read(2, out_shape=shape), [0]).size <= 1


# --- where they lie -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Extent:
    """Of a file in pixels of the finest one."""

    left: float
    top: float
    width: float
    height: float


def _common_grid(
    sources: Sequence[Source], reads: Sequence[str]
) -> tuple[Grid, list[tuple[float, float, float, float]]]:
    """(the finest grid of the bands that are read, where all files lie; for each file that part in its own pixels, as
    column, row, width, height). Raises InputError."""
    _check_crs(sources)
    read = [source for source, used in zip(sources, reads, strict=True) if used] or sources
    finest = min(
        read, key=lambda source: abs(source.transform.a * source.transform.e - source.transform.b * source.transform.d)
    )
    extents = [_extent(source, finest) for source in sources]
    left, top = (math.ceil(max(values) - _CLOSE_PX) for values in zip(*((e.left, e.top) for e in extents), strict=True))
    right = math.floor(min(e.left + e.width for e in extents) + _CLOSE_PX)
    bottom = math.floor(min(e.top + e.height for e in extents) + _CLOSE_PX)
    if right <= left or bottom <= top:
        raise InputError(f"expected files of one place, found that {_names(sources)} do not overlap")
    rectangles = []
    for source, extent in zip(sources, extents, strict=True):
        x, y = source.width / extent.width, source.height / extent.height
        corner = ((left - extent.left) * x, (top - extent.top) * y)
        rectangles.append((*corner, (right - left) * x, (bottom - top) * y))
    t = finest.transform
    origin = place(t, left, top)
    grid = Grid(
        width=right - left,
        height=bottom - top,
        whole=(finest.width, finest.height),
        transform=rasterio.Affine(t.a, t.b, origin[0], t.d, t.e, origin[1]),
        crs=finest.crs.to_wkt() if finest.crs else "",
        points=finest.dataset.gcps[0],
        points_crs=finest.dataset.gcps[1].to_wkt() if finest.dataset.gcps[1] else "",
    )
    return grid, rectangles


def _extent(source: Source, finest: Source) -> _Extent:
    """Raises InputError where the two grids are turned against each other, or do not say where they lie."""
    t, f = source.transform, finest.transform
    size = (source.width, source.height)
    if (t, size) == (f, (finest.width, finest.height)):
        return _Extent(0, 0, *size)
    if f == rasterio.Affine.identity() or t == rasterio.Affine.identity():
        raise InputError(
            f"expected files of one size, as they do not say where they lie, found {finest.width} x {finest.height} px "
            f"in {finest.name} and {size[0]} x {size[1]} in {source.name}"
        )
    if any((t.b, t.d, f.b, f.d)) or t.a * f.a < 0 or t.e * f.e < 0:
        raise InputError(
            f"expected grids that are not turned against each other, found {finest.name} and {source.name}: bring them "
            "to one grid with gdalwarp"
        )
    return _Extent((t.c - f.c) / f.a, (t.f - f.f) / f.e, source.width * t.a / f.a, source.height * t.e / f.e)


def _check_crs(sources: Sequence[Source]) -> None:
    first = sources[0]
    for other in sources[1:]:
        if other.crs != first.crs:
            one, two = (crs_name(source.crs) if source.crs else "none" for source in (first, other))
            raise InputError(
                f"expected files in one CRS, found {one} in {first.name} and {two} in {other.name}: bring them to one "
                "with gdalwarp"
            )


def _names(sources: Sequence[Source]) -> str:
    return ", ".join(source.name for source in sources[:3]) + (", ..." if len(sources) > 3 else "")
