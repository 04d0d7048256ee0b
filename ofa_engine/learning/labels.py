"""Reference labels on the grids of rasters: from one file of polygons, or from one label raster per raster."""

from collections.abc import Callable, Sequence
from pathlib import Path

from ..core.errors import InputError
from ..core.messages import option
from ..raster.source import Source
from .label_polygons import labels_from_polygons
from .label_rasters import labels_from_rasters
from .labelled import DEFAULT_LIMITS, Labels, SampleLimits

_RASTERS = (".tif", ".tiff", ".img", ".vrt")


def read_labels(
    sources: Sequence[Source],
    paths: Sequence[str],
    field: str | None,
    ignore: Sequence[str],
    block_px: int,
    log: Callable[[str, str], None],
    tile_px: int | None = None,
    limits: SampleLimits = DEFAULT_LIMITS,
) -> Labels:
    """Reads labels onto the grids of `sources`.

    Args:
        sources: the opened rasters.
        paths: one polygon file for all rasters, or one label raster per raster, in the same order.
        field: the polygons' class field; None chooses it by its name.
        ignore: label values that are treated as unlabelled.
        block_px: the side, in pixels, of the blocks of a label raster that become groups for cross-validation.
        log: receives a level and a message.
        tile_px: with it, tiles of this many pixels are labelled (see `tile_labels`) instead of pixels.
        limits: how many samples are kept.

    Raises:
        InputError: the labels cannot be read, do not fit the rasters, or label nothing.
    """
    for path in paths:
        if not Path(path).exists():
            raise InputError(f"expected a file of labels, found no file {path}")
    limit = limits.tile_polygon_px if tile_px else limits.polygon_px
    if all(Path(path).suffix.lower() in _RASTERS for path in paths):
        if len(paths) != len(sources):
            raise InputError(f"expected one label raster per raster, found {len(paths)} for {len(sources)}")
        labels = labels_from_rasters(sources, paths, ignore, block_px, tile_px, limit)
    elif len(paths) == 1:
        labels = labels_from_polygons(sources, paths[0], field, ignore, log, tile_px, limit)
    else:
        raise InputError(f"expected one file of polygons for all rasters, found {len(paths)}: merge them first")
    if tile_px and not any(len(part) for part in labels.rasters):
        raise InputError(
            f"expected tiles of {tile_px} px of which one class covers more than half, found none: use "
            f"smaller {option('tile_px')}, or larger polygons"
        )
    return labels
