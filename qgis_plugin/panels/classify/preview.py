"""What the canvas shows of a raster, cropped so that its classes are there in seconds."""

import math

from qgis.core import QgsRectangle

from ...engine.modules import options
from ...widgets.tile_size_input import tiles_along

OVERLAP = {"segment": options.DEFAULT_OVERLAP, "classify": 0.0}
SECONDS = 8.0  # how long a preview may compute, as far as this machine's speed is known
LEAST_TILES, FIRST_TILES, MOST_TILES = 9, 36, 400


def most_tiles(tiles_a_second: float | None) -> int:
    if not tiles_a_second:
        return FIRST_TILES
    return round(min(max(tiles_a_second * SECONDS, LEAST_TILES), MOST_TILES))


def cropped(visible: QgsRectangle, pixel: tuple[float, float], tile_px: int, overlap: float, most: int) -> QgsRectangle:
    """The part of `visible` around its centre, in the same shape, that has no more than `most` tiles, at least one.

    `pixel` is the width and height of a pixel in the CRS of `visible`.
    """
    size_px = visible.width() / pixel[0], visible.height() / pixel[1]
    share = 1.0
    while share * max(size_px) > tile_px and _tiles(size_px, share, tile_px, overlap) > most:
        share *= 0.97
    if share == 1.0:
        return QgsRectangle(visible)
    width, height = (max(share * n, min(tile_px, n)) for n in size_px)
    return QgsRectangle.fromCenterAndSize(visible.center(), width * pixel[0], height * pixel[1])


def _tiles(size_px, share: float, tile_px: int, overlap: float) -> int:
    along = (tiles_along(math.ceil(max(share * n, min(tile_px, n))), tile_px, overlap, not overlap) for n in size_px)
    return math.prod(along)
