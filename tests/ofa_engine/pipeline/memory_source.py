"""A raster in memory, and the whole raster through tiles, model and blending."""

import numpy as np
import torch

from ofa_engine.pipeline.blender import Blender
from ofa_engine.pipeline.stages import run_stages
from ofa_engine.pipeline.tile_reader import read_batches
from ofa_engine.tiling.axis import Axis
from ofa_engine.tiling.plan import TilePlan


class MemorySource:
    """Stands for a raster: pixels in memory, each read counted."""

    def __init__(self, pixels, valid=None):
        self.pixels, self.valid = pixels, valid
        self.reads = np.zeros(pixels.shape[1:], int)
        self.height, self.width = pixels.shape[1:]
        self.read_type = pixels.dtype

    def read(self, bands, window):
        column, row, width, height = window
        area = np.s_[row : row + height, column : column + width]
        self.reads[area] += 1
        valid = None if self.valid is None or self.valid[area].all() else self.valid[area]
        return self.pixels[(slice(None), *area)].copy(), valid


def plan_of(source, tile_px, overlap, *, stripe_tiles=None, batch=3, clipped=False):
    rows, columns = (Axis(size, tile_px, overlap, clipped) for size in (source.height, source.width))
    cuts = [*columns.starts[:: stripe_tiles or len(columns.starts)], columns.size_px]
    return TilePlan(rows, columns, tuple(zip(cuts[:-1], cuts[1:], strict=True)), batch)


def blended(source, plan, forward=lambda x: x, threads=(True, True), piece_bytes=None):
    """(class index, score, times emitted) of the whole raster through the pipeline."""
    shape = (source.height, source.width)
    labels, scores, emitted = np.zeros(shape, np.uint8), np.full(shape, np.nan, np.float32), np.zeros(shape, int)

    def emit(index, score, valid, column, row):
        area = np.s_[row : row + index.shape[0], column : column + index.shape[1]]
        labels[area], emitted[area] = index, emitted[area] + 1
        scores[area] = score if valid is None else np.where(valid, score, np.nan)

    done = []
    classes = len(forward(torch.zeros(1, len(source.pixels), 2, 2))[0])
    run_stages(
        read_batches(source, range(len(source.pixels)), plan),
        forward,
        Blender(plan, classes, emit, piece_bytes=piece_bytes),
        total=plan.tiles,
        progress=lambda *state: done.append(state),
        cancelled=lambda: False,
        read_in_thread=threads[0],
        sink_in_thread=threads[1],
    )
    assert done[-1][:2] == (plan.tiles, plan.tiles)
    return labels, scores, emitted
