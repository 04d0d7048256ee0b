"""Reference labels on the grids of rasters: from vector files, or from one label raster per raster."""

from collections.abc import Callable, Sequence
from pathlib import Path

from ..core.errors import InputError, RasterError
from ..core.messages import option
from ..raster.source import Source
from ..raster.vectors import file_of, is_vector
from .label_rasters import labels_from_rasters
from .label_vectors import labels_from_vectors
from .labelled import DEFAULT_LIMITS, Labels, SampleLimits


def read_labels(
    sources: Sequence[Source],
    paths: Sequence[str],
    field: str | None,
    ignore: Sequence[str],
    block_px: int,
    log: Callable[[str, str], None],
    tile_px: int | None = None,
    limits: SampleLimits = DEFAULT_LIMITS,
    radius_px: float = 1.0,
) -> Labels:
    """Reads labels onto the grids of `sources`.

    Args:
        sources: the opened rasters.
        paths: vector files (`file|layername=x` for one of several layers) for all rasters, or one label raster per
            raster, in the same order. Of several vector files without a field, each is one class, by its name.
        field: the class field of vector files; None chooses it by its name.
        ignore: label values that are treated as unlabelled.
        block_px: the side, in pixels, of the blocks of a label raster that become groups for cross-validation.
        log: receives a level and a message.
        tile_px: with it, tiles of this many pixels are labelled (see `tile_labels`) instead of pixels.
        limits: how many samples are kept.
        radius_px: how far a point or a line reaches, in pixels of the raster.

    Raises:
        InputError: the labels cannot be read, do not fit the rasters, or label nothing.
    """
    vectors = [_is_vector(path) for path in paths]
    limit = limits.tile_polygon_px if tile_px else limits.polygon_px
    if not any(vectors):
        if len(paths) != len(sources):
            raise InputError(f"expected one label raster per raster, found {len(paths)} for {len(sources)}")
        labels = labels_from_rasters(sources, paths, ignore, block_px, tile_px, limit, log)
    elif all(vectors):
        labels = labels_from_vectors(sources, paths, field, ignore, log, tile_px, limit, radius_px)
    else:
        raise InputError("expected vector files or label rasters, found both: choose one of the two")
    if tile_px and not any(len(part) for part in labels.rasters):
        raise InputError(
            f"expected tiles of {tile_px} px of which one class covers more than half, found none: use "
            f"smaller {option('tile_px')}, or larger polygons"
        )
    return labels


def _is_vector(path: str) -> bool:
    """Whether labels are read as vectors, not as a raster. Raises InputError where GDAL reads them as neither."""
    if not Path(file_of(path)).exists():
        raise InputError(f"expected a file of labels, found no file {file_of(path)}")
    if is_vector(path):
        return True
    try:
        Source(path).close()
    except RasterError as error:
        reason = error.message.marked.rsplit(": ", 1)[-1]
        raise InputError(
            f"expected polygons, points, lines or a label raster that GDAL can read, found {Path(path).name}: {reason}"
        ) from error
    return False
