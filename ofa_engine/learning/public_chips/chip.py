"""One labelled chip: bands of the clearest scenes over a place and the label map on their grid, as two GeoTIFFs."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from pyproj import Transformer
from rasterio.windows import Window

from ...core.classes import LAND_COVER, MEDIUM_RESOLUTION, class_table
from ...core.errors import OfaError, OutputError
from ...raster.atomic import Pending
from ...raster.class_names import NODATA, write_class_names
from ...raster.gdal import RASTER_ERRORS, one_line, open_quietly
from ...raster.geotiff import check_complete
from ...raster.masks import SCL_MASKED
from .catalogue import Catalogue
from .places import Place, label_address
from .scenes import Asset, Scene, least_cloudy
from .web import PublicDataError, Unreachable, Web

CHIP_PX = 256
SCALE = 0.0001  # reflectance a step of the chips' values
FILL = -32768
CLASSES = class_table(range(len(MEDIUM_RESOLUTION)), MEDIUM_RESOLUTION, [LAND_COVER[n] for n in MEDIUM_RESOLUTION])
_GSD_M, _COARSE_M = 10, 20
_BLOCK_PX = 1024  # of the public cloud-optimised GeoTIFFs, of 10 m as of 20 m
_SCL_SNOW = 11
_SCENES = 10  # of a place that are looked into
_LEAST_GAIN = 0.05  # share of a chip that a scene adds, or its bands are not read
_ENOUGH_CLEAR, _LEAST_CLEAR = 0.99, 0.7  # share of a chip
_LEAST_LABELLED, _MOST_WATER = 0.5, 0.95
_IMPOSSIBLE, _MANY = -0.02, 0.2  # reflectance, and the share of pixels below it


class Unsuitable(PublicDataError):
    """No chip can be made of a place: too cloudy, or too little of it is labelled."""


@dataclass(frozen=True)
class _Grid:
    """The chip's pixels: those of the 10 m bands, aligned with the 20 m bands."""

    crs: rasterio.CRS
    west: float
    north: float

    @property
    def transform(self) -> rasterio.Affine:
        return rasterio.Affine(_GSD_M, 0.0, self.west, 0.0, -_GSD_M, self.north)

    def centres(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """x and y of the pixels' centres, (H, W) each."""
        steps = (np.arange(CHIP_PX) + 0.5) * _GSD_M
        x, y = np.meshgrid(self.west + steps, self.north - steps)
        return x, y

    def window_of(self, dataset: rasterio.DatasetReader) -> Window | None:
        """The chip in a band of a scene; None where the scene has another grid, or ends within the chip."""
        t = dataset.transform
        if dataset.crs != self.crs or t.a not in (_GSD_M, _COARSE_M) or (t.b, t.d, t.e) != (0, 0, -t.a):
            return None
        left, top = (self.west - t.c) / t.a, (t.f - self.north) / t.a
        side = int(CHIP_PX * _GSD_M / t.a)
        inside = 0 <= left <= dataset.width - side and 0 <= top <= dataset.height - side
        return Window(left, top, side, side) if inside and left == int(left) and top == int(top) else None


class _Mosaic:
    """What is there of a chip so far: values in steps of `SCALE`, (C, H, W), `FILL` where nothing clear was seen.

    Snow counts as clear only where the labels have it: a map of the year does not know that of a day.
    """

    def __init__(self, bands: int, grid: _Grid, labels: NDArray[np.uint8]):
        self.grid = grid
        self.values = np.full((bands, CHIP_PX, CHIP_PX), FILL, np.int16)
        self.scenes: list[Scene] = []
        self._snow = labels == MEDIUM_RESOLUTION.index("snow and ice")

    @property
    def filled(self) -> NDArray[np.bool_]:
        """(H, W)"""
        return self.values[0] != FILL

    def add(self, web: Web, scene: Scene) -> None:
        """Fills gaps with a scene's clear pixels, where these are worth it. Raises PublicDataError, Cancelled."""
        with web.opened(scene.scene_classes) as dataset:
            window = self.grid.window_of(dataset)
            scl = None if window is None else _repeated(dataset.read(1, window=window))
        if scl is None:
            return
        clear = ~np.isin(scl, list(SCL_MASKED)) | self._snow & (scl == _SCL_SNOW)
        gaps = clear & ~self.filled
        if gaps.mean() < _LEAST_GAIN:
            return
        values = np.stack([_read_band(web, scene, asset, self.grid) for asset in scene.bands.values()])
        gaps &= (values != FILL).all(0)
        if gaps.any() and (values[:, gaps].min(0) < _IMPOSSIBLE / SCALE).mean() > _MANY:
            raise PublicDataError(f"expected reflectance in {scene.id}, found negative values: its offset is wrong")
        self.values[:, gaps] = values[:, gaps]
        self.scenes.append(scene)


def write_chip(web: Web, catalogue: Catalogue, place: Place, folder: Path) -> None:
    """Writes images/NAME.tif and labels/NAME.tif of a place, or nothing.

    What cannot be read of one scene is taken from the next; a server that does not answer ends it, so that the same
    chip comes out whenever all do.

    Raises:
        Unsuitable: where there is nothing clear, or too little that is labelled.
        PublicDataError: where a server failed.
        OutputError: where the files cannot be written.
        OfaError: where the disk is full.
        Cancelled: where the user has cancelled.
    """
    scenes = least_cloudy(web, catalogue, place.longitude, place.latitude)[:_SCENES]
    grid = _grid_of(web, place, scenes)
    labels = _read_labels(web, catalogue, place, grid)
    _check_labels(labels)
    mosaic, reason = _Mosaic(len(catalogue.bands), grid, labels), "none is clear"
    for scene in scenes:
        try:
            mosaic.add(web, scene)
        except Unreachable:
            raise
        except PublicDataError as error:
            reason = str(error)
        if mosaic.filled.mean() >= _ENOUGH_CLEAR:
            break
    if not mosaic.scenes:
        raise Unsuitable(f"no scene could be used: {reason}")
    if mosaic.filled.mean() < _LEAST_CLEAR:
        raise Unsuitable(f"only {mosaic.filled.mean():.0%} of the chip is clear in {len(mosaic.scenes)} scenes")
    labels[~mosaic.filled] = NODATA
    _check_labels(labels)
    _write(folder, place, mosaic, labels, catalogue)


def _check_labels(labels: NDArray[np.uint8]) -> None:
    """Raises Unsuitable."""
    known = labels != NODATA
    if known.mean() < _LEAST_LABELLED:
        raise Unsuitable(f"only {known.mean():.0%} of the chip is labelled and clear")
    if (labels[known] == MEDIUM_RESOLUTION.index("water")).mean() > _MOST_WATER:
        raise Unsuitable("the chip shows nothing but water")


def is_complete(folder: Path, name: str) -> bool:
    """Whether both files of a chip are there whole."""
    try:
        for part in ("images", "labels"):
            check_complete(folder / part / f"{name}.tif", name)
        return True
    except OfaError:  # whatever is wrong with a file, it is written anew
        return False


def scenes_of(folder: Path, name: str) -> list[dict[str, str]]:
    """{"id", "date"} of the scenes that a chip is made of. Raises RasterioError, OSError."""
    with open_quietly(folder / "images" / f"{name}.tif") as image:
        return json.loads(image.tags(ns="OFANET")["SCENES"])


def _grid_of(web: Web, place: Place, scenes: list[Scene]) -> _Grid:
    """The grid of the least cloudy scene that covers the whole chip. Raises Unsuitable, PublicDataError, Cancelled."""
    reason = "none covers all of it"
    for scene in scenes:
        try:
            with web.opened(scene.scene_classes) as dataset:
                grid = _grid_around(place, dataset)
                if grid.window_of(dataset):
                    return grid
        except Unreachable:
            raise
        except PublicDataError as error:
            reason = str(error)
    raise Unsuitable(f"out of {len(scenes)} scenes with few clouds, {reason}")


def _grid_around(place: Place, dataset: rasterio.DatasetReader) -> _Grid:
    """A place's grid in a scene; the place lies in the middle, or as far off it as its blocks require."""
    x, y = Transformer.from_crs("EPSG:4326", dataset.crs, always_xy=True).transform(place.longitude, place.latitude)
    half, t = CHIP_PX * _GSD_M / 2, dataset.transform
    left, top = (_within_block(round(metres / _COARSE_M)) for metres in (x - half - t.c, t.f - y - half))
    return _Grid(dataset.crs, t.c + left * _COARSE_M, t.f - top * _COARSE_M)


def _within_block(start: int) -> int:
    """Moves a chip's first pixel of 20 m by half a chip at most, so that it takes one block of a band, not two."""
    side = CHIP_PX * _GSD_M // _COARSE_M
    block = _BLOCK_PX * _GSD_M // _COARSE_M
    over = start % block + side - block
    return start if over <= 0 else start - over if over <= side // 2 else start + side - over


def _read_band(web: Web, scene: Scene, asset: Asset, grid: _Grid) -> NDArray[np.int16]:
    """(H, W) in steps of `SCALE`. Raises PublicDataError, Cancelled."""
    with web.opened(asset.href) as dataset:
        window = grid.window_of(dataset)
        if window is None:
            raise PublicDataError(f"expected bands on one grid in {scene.id}, found another in {asset.href}")
        numbers = dataset.read(1, window=window)
    steps = np.rint((numbers.astype(np.float64) * asset.scale + asset.offset) / SCALE)
    values = np.clip(steps, FILL + 1, -(FILL + 1)).astype(np.int16)
    values[numbers == 0] = FILL
    return _repeated(values)


def _repeated(values: NDArray) -> NDArray:
    """Pixels of 20 m repeated onto the grid of 10 m, as `ofa stack` does it for the scenes that a head will map."""
    factor = CHIP_PX // values.shape[0]
    return values.repeat(factor, 0).repeat(factor, 1)


def _read_labels(web: Web, catalogue: Catalogue, place: Place, grid: _Grid) -> NDArray[np.uint8]:
    """(H, W) indices into `MEDIUM_RESOLUTION` by the nearest pixel of the map. Raises PublicDataError, Cancelled."""
    numbers = np.full(256, NODATA, np.uint8)
    for value, name in catalogue.label_classes.items():
        numbers[value] = MEDIUM_RESOLUTION.index(name)
    with web.opened(label_address(catalogue, place.tile)) as dataset:
        t = dataset.transform
        x, y = Transformer.from_crs(grid.crs, dataset.crs, always_xy=True).transform(*grid.centres())
        columns, rows = (np.floor(v).astype(np.int64) for v in ((x - t.c) / t.a, (y - t.f) / t.e))
        (left, top), (right, bottom) = ((f(columns), f(rows)) for f in (np.min, np.max))
        if left < 0 or top < 0 or right >= dataset.width or bottom >= dataset.height:
            raise Unsuitable(f"it does not lie within the label tile {place.tile}")
        values = dataset.read(1, window=Window(left, top, right - left + 1, bottom - top + 1))
    return numbers[values[rows - top, columns - left]]


def _write(folder: Path, place: Place, mosaic: _Mosaic, labels: NDArray[np.uint8], catalogue: Catalogue) -> None:
    scenes = json.dumps([{"id": scene.id, "date": scene.date} for scene in mosaic.scenes])
    grid = {"crs": mosaic.grid.crs, "transform": mosaic.grid.transform, "width": CHIP_PX, "height": CHIP_PX}
    form = {"driver": "GTiff", "tiled": True, "blockxsize": CHIP_PX, "blockysize": CHIP_PX, "compress": "deflate"}
    pending = Pending()
    try:
        path = pending.add(folder / "labels" / f"{place.name}.tif")  # appears before the image
        with open_quietly(path, "w", **grid, **form, count=1, dtype="uint8", nodata=NODATA) as target:
            target.write(labels, 1)
            target.update_tags(TIFFTAG_COPYRIGHT=catalogue.label_terms.attribution)
        write_class_names(path, CLASSES, np.bincount(labels.ravel(), minlength=len(CLASSES))[: len(CLASSES)].tolist())
        path = pending.add(folder / "images" / f"{place.name}.tif")
        bands = {"count": len(catalogue.bands), "dtype": "int16", "nodata": FILL, "predictor": 2}
        with open_quietly(path, "w", **grid, **form, **bands) as target:
            target.write(mosaic.values)
            target.descriptions = tuple(catalogue.bands)
            target.scales = (SCALE,) * len(catalogue.bands)
            target.update_tags(TIFFTAG_COPYRIGHT=catalogue.image_terms.attribution)
            target.update_tags(ns="OFANET", SCENES=scenes)
        pending.commit()
    except (*RASTER_ERRORS, OSError) as error:
        raise OutputError(f"cannot write {folder}: {one_line(error)}") from error
    finally:
        pending.discard()
