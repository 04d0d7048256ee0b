"""The default heads of a finetuned model: its tasks' own heads, continued on the frozen backbone for a range of pixel
sizes, with bands left out where their sensors lack them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ofa_engine.core.callbacks import QUIET
from ofa_engine.core.options import SegmentOptions
from ofa_engine.core.sensors import get_sensor
from ofa_engine.inference.segment import segment
from ofa_engine.learning.metrics import confusion, scores
from ofa_engine.model.checkpoint import Checkpoint
from ofa_engine.model.ofanet import usable_bands
from ofa_engine.model.pixel_head import PixelMLPHead
from ofa_engine.model.preprocess import resize
from training.finetuning.crops import CropBatch, CropSampler, class_weights
from training.finetuning.dense_sets import UNLABELLED, DenseTask

_BATCH, _PEAK_LR = 32, 1e-3


@dataclass(frozen=True)
class DefaultHead:
    """A head to be made.

    Attributes:
        name: of its file.
        title: for people.
        tasks: names of the tasks it learns from, all of one sensor and legend; it starts from the first one's head.
        gsd_m: range of pixel sizes it is meant for.
        crops: (side in px, pixels averaged), as of `DenseTask`, by task.
        tile_px: side of a tile.
        without: 0-based embedder bands that are left out.
    """

    name: str
    title: str
    tasks: tuple[str, ...]
    gsd_m: tuple[float, float]
    crops: tuple[tuple[tuple[int, int], ...], ...]
    tile_px: int
    without: tuple[int, ...] = ()

    def present(self, sensor_id: str) -> tuple[int, ...]:
        return tuple(band for band in usable_bands(sensor_id) if band not in self.without)


_TEN = ((64, 1), (48, 1), (32, 1))
_COARSE = ((32, 2), (20, 3))
_S2 = "sentinel-2 land cover"
DEFAULT_HEADS = (
    DefaultHead("sentinel-2_landcover_10m", "Sentinel-2: land cover, 10 m", (_S2,), (5, 14), (_TEN,), 32),
    DefaultHead("sentinel-2_landcover_20m", "Sentinel-2: land cover, 20 to 40 m", (_S2,), (14, 60), (_COARSE,), 32),
    DefaultHead(
        "sentinel-2_landcover_no_red_edge",
        "Sentinel-2 bands without red edge (Landsat, HLS): land cover, 10 to 40 m",
        (_S2,),
        (5, 60),
        (_COARSE + _TEN,),
        32,
        (3, 4, 5),
    ),
    *(
        DefaultHead(f"{sensor}_landcover_10m", f"{title}: land cover, 3 to 20 m", (task,), (2.5, 25), (_TEN,), 32)
        for sensor, title, task in (
            ("naip", "RGB", "naip land cover at 10 m"),
            ("gaofen", "RGB and near infrared", "gaofen land cover at 10 m"),
        )
    ),
    *(
        DefaultHead(
            f"{sensor}_landcover_aerial",
            f"{title}: land cover, 0.1 to 0.5 m",
            (f"{sensor} land cover at 0.2 m",),
            (0.02, 0.55),
            (((64, 1), (48, 1), (64, 2), (32, 2)),),
            64,
        )
        for sensor, title in (("naip", "RGB"), ("gaofen", "RGB and near infrared"))
    ),
    *(
        DefaultHead(
            f"{sensor}_landcover_1m",
            f"{title}: land cover, 0.6 to 2 m",
            (f"{sensor} land cover at 1 m", f"{sensor} land cover at 0.2 m"),
            (0.55, 2.5),
            (((64, 1), (48, 1), (32, 1), (32, 2)), ((64, 4), (48, 5), (32, 4))),
            64,
        )
        for sensor, title in (("naip", "RGB"), ("gaofen", "RGB and near infrared"))
    ),
    DefaultHead(
        "sentinel-1_landcover", "Sentinel-1: land cover", ("sentinel-1 land cover",), (5, 40), (_TEN,), 32
    ),
)  # fmt: skip


def fit_head(
    spec: DefaultHead, checkpoint: Checkpoint, start: PixelMLPHead, tasks: Sequence[DenseTask], steps: int, seed: int
) -> PixelMLPHead:
    """A head for `spec` on the frozen backbone; `tasks` are those that it names, `start` is left as it is."""
    sensor_id, model = tasks[0].sensor, checkpoint.model
    head = PixelMLPHead(model.arch.width, len(tasks[0].classes), start.bands)
    head.load_state_dict(start.state_dict())
    statistics, present = checkpoint.statistics(sensor_id), spec.present(sensor_id)
    samplers = [
        CropSampler(replace(task, crops=crops, optional=()), statistics, _BATCH, seed)
        for task, crops in zip(tasks, spec.crops, strict=True)
    ]
    weights = torch.from_numpy(np.max([class_weights(task) for task in tasks], 0)).float()
    optimizer = torch.optim.AdamW(head.parameters(), lr=_PEAK_LR, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for step in range(steps):
        batch = _only(samplers[step % len(samplers)].draw(step), present)
        with torch.no_grad():
            tokens = model(resize(batch.pixels, model.arch.input_px), sensor_id, present)
        logits = head.logits(tokens, batch.pixels, present)
        loss = F.cross_entropy(logits, batch.labels, weights, ignore_index=UNLABELLED)
        if torch.isfinite(loss):  # not where a batch has no label at all
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        schedule.step()
    return head


def _only(batch: CropBatch, present: tuple[int, ...]) -> CropBatch:
    """The batch with the bands `present` alone."""
    if batch.present == present:
        return batch
    chosen = [batch.present.index(band) for band in present]
    return CropBatch(batch.pixels[:, chosen], batch.labels, present)


def without_classes(head: PixelMLPHead, kept: Sequence[int]) -> PixelMLPHead:
    """The head with the classes `kept` (by output) alone."""
    hidden, width = head.token_weight.shape
    smaller = PixelMLPHead(width, len(kept), head.bands, hidden, head.windows)
    rows: Tensor = torch.as_tensor(list(kept))
    values = head.state_dict()
    smaller.load_state_dict(values | {"weight": values["weight"][rows], "bias": values["bias"][rows]})
    return smaller
