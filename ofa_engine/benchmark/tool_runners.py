"""The same segmentation through other tools' ways of tiling: each runner prepares, and returns what is timed."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import cast

import numpy as np
import rasterio
import torch
from numpy.typing import NDArray
from rasterio.windows import Window
from torch.nn import functional as F

from ..core.callbacks import QUIET
from ..core.options import SegmentOptions
from ..inference.predictor import Predictor
from ..inference.runner import plan_for
from ..inference.segment import segment
from ..inference.session import cached_checkpoint, check_overlap, open_session
from ..model.checkpoint import Head
from ..model.onednn import unpack
from ..model.pixel_head import PixelMLPHead
from ..model.preprocess import normalise, resize, to_canonical

ClassIndices = NDArray[np.uint8]  # (H, W), counted from 0


class ToolCase:
    """What each tool is given: raster, model, and how to tile."""

    def __init__(self, options: SegmentOptions, packed: bool = False):
        self.options = options
        self.session = open_session(options, "segment", QUIET, check=lambda source: check_overlap(options.overlap))
        if not packed:  # other tools get the model as plain PyTorch
            unpack(self.session.checkpoint.model)
            cached_checkpoint.cache_clear()  # the next one opened in this process is packed again
        self.plan = plan_for(self.session, options.overlap or 0.0, len(self.session.classes))
        self.predictor = Predictor(self.session)
        self.tile_px, self.batch = self.plan.tile_px, self.plan.batch
        self.overlap_px = self.plan.rows.overlap_px
        self.stride = self.tile_px - self.overlap_px
        self.height, self.width = self.session.source.height, self.session.source.width
        self.bands, self.classes = self.session.source_bands, len(self.session.classes)

    def whole(self) -> NDArray:
        """(C, H, W) the whole raster, as stored in the file."""
        return self.session.source.read(self.bands, (0, 0, self.width, self.height))[0]

    def middle(self, start: int, size: int) -> tuple[slice, slice]:
        """Along an axis of `size` pixels: (where the middle of a tile that begins at `start` goes, which part of the
        tile that is)."""
        half = self.overlap_px // 2
        first = start + half if start else 0
        last = start + self.tile_px
        last = size if last >= size else last - (self.overlap_px - half)
        return slice(first, last), slice(first - start, last - start)


Run = Callable[
    [], tuple[ClassIndices | None, int]
]  # classes, None where the tool wrote the file itself; tiles computed


def _ofa(case: ToolCase) -> Run:
    return lambda: (None, segment(case.options)["tiles"])


def _plain(case: ToolCase) -> Run:
    """Sums of scores under a window; the largest of them is found without dividing by the sum of windows."""
    tile, reach = case.tile_px, case.overlap_px or 1
    side = np.minimum(np.arange(tile), np.arange(tile)[::-1]) + 0.5
    ramp = np.sin(np.minimum(side / reach, 1.0) * np.pi / 2) ** 2 if case.overlap_px else np.ones(tile)
    window = torch.from_numpy(np.outer(ramp, ramp).astype(np.float32))

    def run() -> tuple[ClassIndices, int]:
        pixels = torch.from_numpy(case.whole())
        scores = torch.zeros(case.classes, case.height, case.width)
        starts = [[*range(0, size - tile, case.stride), size - tile] for size in (case.height, case.width)]
        places = list(itertools.product(*starts))
        for some in _batched(places, case.batch):
            stack = torch.stack([pixels[:, y : y + tile, x : x + tile].float() for y, x in some])
            found = case.predictor(stack).cpu()
            for (y, x), tile_scores in zip(some, found, strict=True):
                scores[:, y : y + tile, x : x + tile] += tile_scores * window
        return scores.argmax(0).to(torch.uint8).numpy(), len(places)

    return run


def _terratorch(case: ToolCase) -> Run:
    from terratorch.tasks.tiled_inference import tiled_inference

    border = min(8, case.overlap_px // 2)  # the default where the overlap allows it; padding must not be 0
    tiles = 0

    def forward(pixels: torch.Tensor) -> torch.Tensor:
        nonlocal tiles
        tiles += len(pixels)
        return case.predictor(pixels).cpu()

    def run() -> tuple[ClassIndices, int]:
        pixels = torch.from_numpy(case.whole()).float()[None]
        scores = tiled_inference(
            forward,
            pixels,
            crop=case.tile_px,
            stride=case.stride,
            delta=border,
            batch_size=case.batch,
            padding="reflect" if border else False,
        )
        return scores[0].argmax(0).to(torch.uint8).numpy(), tiles

    return run


def _torchgeo(case: ToolCase) -> Run:
    from torch.utils.data import DataLoader
    from torchgeo.datasets import RasterDataset, stack_samples
    from torchgeo.samplers import GridGeoSampler

    class OneFile(RasterDataset):
        all_bands = tuple(str(band) for band in range(1, max(case.bands) + 1))

    t = case.session.source.transform

    def run() -> tuple[ClassIndices, int]:
        dataset = OneFile(case.options.input, bands=[str(band) for band in case.bands])
        sampler = GridGeoSampler(dataset, size=case.tile_px, stride=case.stride)
        loader: DataLoader = DataLoader(dataset, case.batch, sampler=sampler, collate_fn=stack_samples)
        labels, tiles = np.zeros((case.height, case.width), np.uint8), 0
        for sample in loader:
            found = case.predictor(sample["image"].float()).argmax(1).to(torch.uint8).cpu().numpy()
            tiles += len(found)
            for (x, y, _), tile in zip(sample["bounds"], found, strict=True):
                # the sampler starts at the lower left corner
                column, row = round((x.start - t.c) / t.a), round((y.stop - t.f) / t.e)
                below, part = case.middle(case.height - row - case.tile_px, case.height)
                across, wide = case.middle(column, case.width)
                down = slice(case.height - below.stop, case.height - below.start)
                tall = slice(case.tile_px - part.stop, case.tile_px - part.start)
                labels[down, across] = tile[tall, wide]
        return labels, tiles

    return run


class _ExportedScorer(torch.nn.Module):
    """The predictor as a module for export. The head is written out: its own code works in chunks, for CPU caches."""

    def __init__(self, case: ToolCase):
        super().__init__()
        self.case, self.net = case, case.session.checkpoint.model
        self.head = cast(Head, case.session.head)  # tools are compared on maps, which have a head

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        session, known = self.case.session, self.case.predictor
        x = normalise(to_canonical(pixels, session.sensor, session.detection.units or ""), known.mean, known.std)
        tokens = self.net(resize(x, self.net.arch.input_px), session.sensor.id, session.present)
        if isinstance(self.head, PixelMLPHead):
            return torch.softmax(self.head.logits(tokens, x, session.present), 1)
        logits = F.interpolate(self.head(tokens), x.shape[-2:], mode="bilinear")
        if self.head.bands:
            weight = self.head.pixel_weight[:, list(session.present)]
            logits = logits + F.conv2d(x, weight[:, :, None, None])
        return torch.softmax(logits, 1)


def export_onnx(case: ToolCase) -> None:
    example = torch.zeros(2, len(case.bands), case.tile_px, case.tile_px)
    torch.onnx.export(
        _ExportedScorer(case).cpu().eval(),
        (example,),
        _onnx_path(case),
        dynamo=True,
        input_names=["pixels"],
        output_names=["scores"],
        dynamic_shapes=({0: torch.export.Dim.DYNAMIC},),
        external_data=False,
        verbose=False,
    )


def _onnx_path(case: ToolCase) -> str:
    return str(Path(case.options.output).with_name("model.onnx"))


def _onnxruntime(case: ToolCase) -> Run:
    import onnxruntime

    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(_onnx_path(case), settings, providers=["CPUExecutionProvider"])
    warm = np.zeros((1, len(case.bands), case.tile_px, case.tile_px), np.float32)
    session.run(None, {"pixels": warm})

    def run() -> tuple[ClassIndices, int]:
        labels = np.zeros((case.height, case.width), np.uint8)
        starts = [range(0, max(size - case.overlap_px, 1), case.stride) for size in (case.height, case.width)]
        places = list(itertools.product(*starts))
        with rasterio.open(case.options.input) as raster:
            for some in _batched(places, case.batch):
                pixels = [_window(raster, case, *place) for place in some]
                found = session.run(None, {"pixels": np.stack(pixels)})[0].argmax(1)
                for (y, x), tile in zip(some, found, strict=True):
                    down, tall = case.middle(y, case.height)
                    across, wide = case.middle(x, case.width)
                    labels[down, across] = tile[tall, wide]
        return labels, len(places)

    return run


def _window(raster: rasterio.DatasetReader, case: ToolCase, row: int, column: int) -> NDArray[np.float32]:
    """A tile; 0 beyond the raster's edge."""
    tile = np.zeros((len(case.bands), case.tile_px, case.tile_px), np.float32)
    height, width = (min(case.tile_px, size - at) for size, at in ((case.height, row), (case.width, column)))
    tile[:, :height, :width] = raster.read(case.bands, window=Window(column, row, width, height))
    return tile


def _batched(items: Sequence, size: int) -> Iterator[Sequence]:
    return (items[first : first + size] for first in range(0, len(items), size))


RUNNERS = {"ofa": _ofa, "plain": _plain, "terratorch": _terratorch, "torchgeo": _torchgeo, "onnxruntime": _onnxruntime}
