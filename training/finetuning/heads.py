"""The default heads of a finetuned model: its tasks' own heads, continued on the frozen backbone for a range of pixel
sizes, with bands left out where their sensors lack them."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional as F

from ofa_engine.model.checkpoint import Checkpoint
from ofa_engine.model.pixel_head import PixelMLPHead
from ofa_engine.model.preprocess import resize
from training.finetuning.crops import CropBatch, CropSampler, class_weights
from training.finetuning.default_heads import DefaultHead
from training.finetuning.dense_sets import UNLABELLED, DenseTask

_BATCH, _PEAK_LR = 32, 1e-3


def fit_head(
    spec: DefaultHead, checkpoint: Checkpoint, start: PixelMLPHead, task: DenseTask, steps: int, seed: int
) -> PixelMLPHead:
    """A head for `spec` on the frozen backbone; `task` is the one that it names, `start` is left as it is."""
    sensor_id, model = task.sensor, checkpoint.model
    head = PixelMLPHead(model.arch.width, len(task.classes), start.bands)
    head.load_state_dict(start.state_dict())
    statistics, present = checkpoint.statistics(sensor_id), spec.present(sensor_id)
    sampler = CropSampler(replace(task, crops=spec.crops, optional=()), statistics, _BATCH, seed)
    weights = torch.from_numpy(class_weights(task)).float()
    optimizer = torch.optim.AdamW(head.parameters(), lr=_PEAK_LR, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for step in range(steps):
        batch = _only(sampler.draw(step), present)
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
