"""`embed`: features per token."""

from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from torch import Tensor

from ..core.callbacks import QUIET, Callbacks
from ..core.options import EmbedOptions
from ..pipeline.journal import Journal, JournalRecord
from ..pipeline.tile_reader import TileBatch
from ..raster.georeference import coarser
from ..raster.geotiff import create_tiff
from ..raster.source import Source
from ..tiling.plan import TilePlan
from .lifecycle import answer_of, opened_run
from .resume import begin
from .runner import RunLimits, run_pipeline
from .session import TIFF

_SAMPLED_WINDOWS = 16  # enough for the directions of three components


def embed(options: EmbedOptions, callbacks: Callbacks = QUIET, limits: RunLimits = RunLimits()) -> dict:
    """Writes token features: a GeoTIFF with one band per feature and one cell per token; optionally a picture of the
    first three principal components.

    Args:
        options: what the user wants, see `core.options`.
        callbacks: progress in tiles, log, cancelling.
        limits: what the run keeps to besides its memory budget.

    Returns:
        The answer as a JSON object: outputs, sensor, detection, provenance, `width` and `height` in cells, `features`.

    Raises:
        InputError: what the user can mend.
        OfaError: what broke on the way.
        Cancelled: where the user has cancelled.
    """
    outputs = [(options.output, TIFF), (options.picture, TIFF)]
    with opened_run(options, None, outputs, callbacks, limits) as run:
        part = run.pending.add(Path(options.output))
        picture_part = run.pending.add(Path(options.picture)) if options.picture else None
        source, arch = run.session.source, run.session.checkpoint.model.arch
        token_px = run.session.tile_px / arch.grid
        width, height = (max(1, round(size / token_px)) for size in (source.width, source.height))
        grid = width, height, coarser(source.transform, token_px)
        scores = max(1, arch.width // int(max(token_px, 1)) ** 2)
        plan = begin(run, part, lambda: run.plan(0.0, scores, clipped=True))
        tags, count = run.session.tags(options), arch.width
        with create_tiff(part, source, *grid, dtype="float32", count=count, nodata=float("nan"), tags=tags) as layer:
            writer = _TokenWriter(layer, plan, arch.grid, run.journal)
            computed = run_pipeline(run, plan, writer, writer.replay)
        if picture_part:
            _write_picture(part, picture_part, source, tags)
        size = {"width": width, "height": height, "features": arch.width}
        return answer_of(run, tags, picture=options.picture, **size, tiles=computed)


class _TokenWriter:
    """A sink that collects a row of tiles and writes their tokens; tokens without a valid pixel are NaN."""

    def __init__(self, layer: rasterio.io.DatasetWriter, plan: TilePlan, grid: int, journal: Journal):
        self.layer, self.plan, self.grid, self.journal = layer, plan, grid, journal
        self._tokens: NDArray | None = None

    def __call__(self, batch: TileBatch, scores: Tensor | None) -> None:
        row, grid = batch.row, self.grid
        if self._tokens is None:
            self._tokens = np.full((self.layer.count, grid, len(row.columns) * grid), np.nan, np.float32)
        for column, tokens in zip(batch.tiles, scores if scores is not None else (), strict=True):
            x = (column - row.columns[0]) * grid
            self._tokens[:, :, x : x + grid] = tokens.cpu().numpy()
        if not batch.last:
            return
        if row.valid is not None:
            self._tokens[:, ~self._any_valid(row.valid, *self._tokens.shape[1:])] = np.nan
        self.journal.put(self._tokens)
        self._write(row.columns[0], row.index, self._tokens)
        self._tokens = None

    def replay(self, record: JournalRecord) -> None:
        self._write(self.plan.tiles_of(self.plan.stripes[record.stripe])[0], record.row, *record.arrays)

    def _write(self, column: int, row: int, tokens: NDArray) -> None:
        """(D, grid, w) tokens of tiles from `column` on, as far as the layer reaches."""
        first, top = column * self.grid, row * self.grid
        height, width = min(self.grid, self.layer.height - top), min(tokens.shape[2], self.layer.width - first)
        if height > 0 and width > 0:
            area = rasterio.windows.Window(first, top, width, height)
            self.layer.write(tokens[:, :height, :width], window=area)

    def _any_valid(self, valid: NDArray, height: int, width: int) -> NDArray:
        """(height, width) tokens that hold a valid pixel."""
        token_px = self.plan.tile_px / self.grid
        down = np.floor(np.arange(height) * token_px).astype(int).clip(0, valid.shape[0] - 1)
        across = np.floor(np.arange(width) * token_px).astype(int).clip(0, valid.shape[1] - 1)
        return np.logical_or.reduceat(np.logical_or.reduceat(valid, down, 0), across, 1)


def _write_picture(features: Path, path: Path, source: Source, tags: dict[str, str]) -> None:
    """The first three principal components of the features as red, green and blue (2nd to 98th percentile)."""
    with rasterio.open(features) as layer:
        windows = [w for _, w in layer.block_windows(1)]
        chosen = windows[:: max(1, len(windows) // _SAMPLED_WINDOWS)]
        sample = np.concatenate([layer.read(window=w).reshape(layer.count, -1).T for w in chosen])
        center, directions, low, high = _principal_components(sample[np.isfinite(sample).all(1)].astype(np.float64))
        grid = (source, layer.width, layer.height, layer.transform)
        with create_tiff(path, *grid, dtype="uint8", count=3, nodata=0, tags=tags) as picture:
            for window in windows:
                centered = np.moveaxis(layer.read(window=window), 0, 2) - center
                scaled = 1 + 254 * ((centered @ directions - low) / np.maximum(high - low, 1e-12)).clip(0, 1)
                colors = np.where(np.isfinite(scaled), scaled, 0).round().astype(np.uint8)
                picture.write(np.moveaxis(colors, 2, 0), window=window)


def _principal_components(sample: NDArray[np.float64]) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """Of (N, D) features: mean (D,), directions (D, 3), and the 2nd and 98th percentile along them (3,) each."""
    if not len(sample):
        return np.zeros(sample.shape[1]), np.eye(sample.shape[1])[:, :3], np.zeros(3), np.ones(3)
    center = sample.mean(0)
    several = len(sample) > 1
    directions = np.linalg.eigh(np.cov(sample.T))[1][:, :-4:-1] if several else np.eye(sample.shape[1])[:, :3]
    directions = directions * np.sign(directions.sum(0))  # eigenvectors have no sign of their own
    low, high = np.percentile((sample - center) @ directions, [2, 98], axis=0)
    return center, directions, low, high
