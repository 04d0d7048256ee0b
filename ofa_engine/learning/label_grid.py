"""Label rasters on the grid of the raster that they label: as they are, or resampled by nearest neighbour."""

from typing import Any

import numpy as np
import rasterio
import shapely
from numpy.typing import NDArray
from rasterio.enums import MaskFlags, Resampling
from rasterio.vrt import WarpedVRT
from rasterio.warp import transform_bounds

from ..core.errors import InputError
from ..raster.gdal import CRS_ERRORS, RASTER_ERRORS
from ..raster.georeference import crs_name, in_crs_of_raster, place
from ..raster.source import Source


def on_grid_of(source: Source, labels: Source) -> tuple[Any, str]:
    """The labels as a dataset of the source's size, read window by window.

    Args:
        source: the raster that they label.
        labels: an open label raster of one band.

    Returns:
        (a dataset on the source's grid, to be closed after use; what was done or assumed for that, "" where nothing).

    Raises:
        InputError: where it is no label raster, lies elsewhere, or does not say where it lies.
    """
    dataset = labels.dataset
    if problem := _no_labels(dataset):
        raise InputError(f"{_expected(source)}, found {problem} in {labels.name}")
    same_size = (labels.width, labels.height) == source.dataset.shape[::-1]
    placed = labels.transform != rasterio.Affine.identity() and bool(labels.crs)
    if same_size and not labels.crs and labels.transform == rasterio.Affine.identity():
        on_its_own = source.transform == rasterio.Affine.identity() and not source.crs
        note = f"{labels.name} has no place of its own: by its size it is taken to lie on its raster"
        return dataset, "" if on_its_own else note
    if same_size and _lies_on(source, labels):
        return dataset, ""
    if not (placed and source.crs and source.transform != rasterio.Affine.identity()):
        found = f"{labels.width} x {labels.height} px" if not same_size else "another place or CRS"
        raise InputError(f"{_expected(source)}, found {found} in {labels.name}")
    if not _overlap(source, labels):
        raise InputError(f"{_expected(source)}, found another place or CRS ({crs_name(labels.crs)}) in {labels.name}")
    note = (
        f"{labels.name} is on another grid ({labels.width} x {labels.height} px, {crs_name(labels.crs)}): resampled "
        f"by nearest neighbour onto that of {source.name}"
    )
    return _resampled(source, dataset), note


def _resampled(source: Source, dataset: Any) -> WarpedVRT:
    """Pixels that no label pixel covers are masked: by the labels' nodata value, else by an alpha band."""
    return WarpedVRT(
        dataset,
        crs=source.crs,
        transform=source.dataset.transform,
        width=source.dataset.width,
        height=source.dataset.height,
        resampling=Resampling.nearest,
        add_alpha=dataset.nodata is None and MaskFlags.alpha not in dataset.mask_flag_enums[0],
        tolerance=0.001,  # of a pixel: as good as exact, so that labels do not depend on the window
    )


def _expected(source: Source) -> str:
    return (
        f"expected labels on the grid of {source.name} ({source.dataset.width} x {source.dataset.height} px), or with "
        "a CRS by which they can be brought to it"
    )


def _no_labels(dataset: Any) -> str:
    """Why a raster is none of labels; empty where it is."""
    if dataset.count != 1:
        return f"{dataset.count} bands (a picture of the classes, not their numbers?)"
    return "" if np.dtype(dataset.dtypes[0]).kind in "iuf" else f"values of type {dataset.dtypes[0]}"


def _lies_on(source: Source, labels: Source) -> bool:
    """Whether a raster of the source's size has its corners within half a pixel of the source's."""
    size = np.array([labels.width, labels.height])
    corners, ours = (_corners(grid, size) for grid in (labels.transform, source.dataset.transform))
    moved = in_crs_of_raster(corners, labels.crs.to_wkt() if labels.crs else None, source.crs, labels.name)
    half_pixel = 0.5 * np.hypot(source.transform.a, source.transform.d)
    return bool((shapely.distance(moved, ours) <= half_pixel).all())


def _corners(grid: rasterio.Affine, size: NDArray) -> NDArray:
    return shapely.points([place(grid, *(corner * size)) for corner in ((0, 0), (1, 0), (0, 1), (1, 1))])


def _overlap(source: Source, labels: Source) -> bool:
    try:
        bounds = transform_bounds(labels.crs, source.crs, *labels.dataset.bounds)
    except (*RASTER_ERRORS, *CRS_ERRORS, ValueError):
        return False
    ours = shapely.box(*source.dataset.bounds)
    return bool(np.isfinite(bounds).all()) and shapely.box(*bounds).intersection(ours).area > 0
