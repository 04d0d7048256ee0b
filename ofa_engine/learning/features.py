"""Features of labelled samples, computed with the frozen backbone.

A labelled pixel gets the tokens of the tile whose centre is nearest, interpolated as the head interpolates its logits.
Tokens of recent tiles are cached: in a long-lived worker, one more polygon costs only the tiles it touches.
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from ..core.callbacks import Callbacks
from ..core.errors import Cancelled
from ..core.options import DEFAULT_OVERLAP
from ..inference.predictor import Predictor
from ..inference.session import Session
from ..model.heads import tile_statistics
from ..model.pixel_head import pixel_features
from ..tiling.axis import Axis, pad_to_tile
from .labelled import Labelled, Labels, NoLabels

_BATCH = 16  # tiles


@dataclass(frozen=True)
class Samples:
    """Labelled samples with their features: from tokens (N, D), and from pixels (N, P), as a `linear+pixels` head sees
    them. A head with a hidden layer also sees a pixel's surroundings (N, S); tiles have none (S = 0)."""

    tokens: NDArray[np.float32]
    pixels: NDArray[np.float32]
    surroundings: NDArray[np.float32]
    index: NDArray[np.int64]
    group: NDArray[np.int64]
    weight: NDArray[np.float64]
    edge: NDArray[np.bool_]


class TokenCache:
    """Tokens (L, D) by tile; the least recently used ones are dropped beyond `limit_bytes`."""

    def __init__(self, limit_bytes: int = 256 * 2**20) -> None:
        self.limit_bytes = limit_bytes
        self._tokens: OrderedDict[tuple, NDArray[np.float32]] = OrderedDict()
        self._bytes = 0

    def get(self, key: tuple) -> NDArray[np.float32] | None:
        if key in self._tokens:
            self._tokens.move_to_end(key)
        return self._tokens.get(key)

    def put(self, key: tuple, tokens: NDArray[np.float32]) -> None:
        self._tokens[key] = tokens
        self._bytes += tokens.nbytes
        while self._bytes > self.limit_bytes:
            self._bytes -= self._tokens.popitem(last=False)[1].nbytes


def gather_features(
    sessions: Sequence[Session], labels: Labels, task: str, callbacks: Callbacks, cache: TokenCache
) -> Samples:
    """Features of all labelled samples on valid pixels. Raises NoLabels where there are none, Cancelled."""
    plans = [_tiles_to_read(session, part, task) for session, part in zip(sessions, labels.rasters, strict=True)]
    total, done = sum(len(tiles) for tiles, _ in plans), 0
    parts: list[tuple[NDArray, NDArray, NDArray, Labelled]] = []
    callbacks.progress(0, total, None)
    for session, part, (tiles, tile_of_sample) in zip(sessions, labels.rasters, plans, strict=True):
        for numbers, tokens, pixels, valid in _batches(session, tiles, cache):
            if callbacks.cancelled():
                raise Cancelled
            for k, number in enumerate(numbers):
                mine = part.take(np.flatnonzero(tile_of_sample == number))
                if task == "classify":
                    parts.append(_tile_features(mine, tokens[k], pixels[k], valid[k]))
                else:
                    parts.append(_pixel_features(mine, tiles[number], tokens[k], pixels[k], valid[k]))
            done += len(numbers)
            callbacks.progress(done, total, None)
    found = [part for part in parts if len(part[-1])]
    if not found:
        raise NoLabels("expected labels on valid pixels, found nodata under all of them")
    arrays = zip(*((*features, s.index, s.group, s.weight, s.edge) for *features, s in found), strict=True)
    return Samples(*(np.concatenate(parts) for parts in arrays))


def _tiles_to_read(session: Session, part: Labelled, task: str) -> tuple[NDArray, NDArray]:
    """((T, 2) first row and column of each tile, (N,) the tile of each sample)."""
    if task == "classify":
        starts = np.stack([part.row, part.column], 1) * session.tile_px
    else:
        nearest = []
        for length, position in ((session.source.height, part.row), (session.source.width, part.column)):
            axis_starts = np.array(Axis(length, session.tile_px, DEFAULT_OVERLAP).starts)
            centres = axis_starts + session.tile_px / 2
            borders = (centres[1:] + centres[:-1]) / 2
            nearest.append(axis_starts[np.searchsorted(borders, position + 0.5)])
        starts = np.stack(nearest, 1)
    tiles, tile_of_sample = np.unique(starts.reshape(-1, 2), axis=0, return_inverse=True)
    return tiles, tile_of_sample.reshape(-1)


def _batches(session: Session, tiles: NDArray, cache: TokenCache) -> Iterator[tuple[range, Tensor, Tensor, NDArray]]:
    """(tile numbers, tokens (B, L, D), normalised pixels (B, C, tile_px, tile_px), valid (B, tile_px, tile_px))."""
    predictor = Predictor(session)
    for start in range(0, len(tiles), _BATCH):
        numbers = range(start, min(start + _BATCH, len(tiles)))
        read = [read_tile(session, *tiles[n]) for n in numbers]
        pixels = predictor.normalised(torch.from_numpy(np.stack([values for values, _ in read])))
        keys = [_cache_key(session, *tiles[n]) for n in numbers]
        cached = [cache.get(key) for key in keys]
        missing = [i for i, tokens in enumerate(cached) if tokens is None]
        if missing:
            for i, tokens in zip(missing, predictor.tokens(pixels[missing]).cpu().numpy(), strict=True):
                cached[i] = tokens
                cache.put(keys[i], tokens)
        tokens = torch.from_numpy(np.stack(cached))  # type: ignore[arg-type]
        yield numbers, tokens, pixels.cpu(), np.stack([valid for _, valid in read])


def _cache_key(session: Session, row: int, column: int) -> tuple:
    """All that the tokens of a tile depend on."""
    path = Path(session.source.path)
    stat = path.stat() if path.exists() else None
    return (
        str(path.resolve()),
        stat and (stat.st_mtime_ns, stat.st_size),
        session.detection.bands,
        session.detection.units,
        session.source.nodata,
        session.checkpoint.header["fingerprints"][session.sensor.id],
        session.tile_px,
        int(row),
        int(column),
    )


def read_tile(session: Session, row: int, column: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """(pixels (C, tile_px, tile_px), padded where the raster ends; valid (tile_px, tile_px))."""
    height, width = (
        min(session.tile_px, session.source.height - row),
        min(session.tile_px, session.source.width - column),
    )
    values, valid = session.source.read(session.source_bands, (int(column), int(row), int(width), int(height)))
    whole = np.zeros((session.tile_px, session.tile_px), bool)
    whole[:height, :width] = True if valid is None else valid
    return pad_to_tile(values.astype(np.float32), session.tile_px), whole


def _tile_features(
    samples: Labelled, tokens: Tensor, pixels: Tensor, valid: NDArray
) -> tuple[NDArray, NDArray, NDArray, Labelled]:
    """(mean token (n, D), tile statistics (n, P), nothing (n, 0), samples): a tile is one sample, or none where it is
    all nodata."""
    n = len(samples) if valid.any() else 0
    features = tokens.mean(0, keepdim=True).numpy(), tile_statistics(tokens[None], pixels[None]).numpy()
    return features[0][:n], features[1][:n], np.zeros((n, 0), np.float32), samples.take(np.arange(n))


def _pixel_features(
    samples: Labelled, start: NDArray, tokens: Tensor, pixels: Tensor, valid: NDArray
) -> tuple[NDArray, NDArray, NDArray, Labelled]:
    """(interpolated tokens (n, D), bands (n, C), surroundings (n, S), samples) of a tile's samples on valid pixels."""
    y, x = samples.row - start[0], samples.column - start[1]
    usable = valid[y, x]
    y, x = y[usable], x[usable]
    of_pixels = pixel_features(pixels[None])[0, :, y, x].T.numpy()
    own, around = of_pixels[:, : len(pixels)], of_pixels[:, len(pixels) :]
    return _interpolated(tokens, y, x, pixels.shape[-1]), own, around, samples.take(usable)


def _interpolated(tokens: Tensor, y: NDArray, x: NDArray, tile_px: int) -> NDArray[np.float32]:
    """Tokens (L, D) at pixels (n,) of the tile, as bilinear upsampling with align_corners=False gives them: (n, D)."""
    length, width = tokens.shape
    grid = int(length**0.5)
    maps = tokens.T.reshape(1, width, grid, grid)
    points = torch.from_numpy(np.stack([x, y], 1).astype(np.float32) + 0.5) / tile_px * 2 - 1
    found = F.grid_sample(maps, points[None, None], mode="bilinear", padding_mode="border", align_corners=False)
    return found[0, :, 0].T.numpy()
