"""The supervised second stage: shared backbone and embedders learn from dense labels of all sensors at once.

Each task has two heads that are thrown away afterwards: a linear one on token features, so that these hold what the
classes are, and one joined with the pixels (`PixelMLPHead`), so that the tokens need not hold outlines.
"""

import csv
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ofa_engine.core.files import replacing
from ofa_engine.model.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from ofa_engine.model.heads import LinearHead
from ofa_engine.model.ofanet import OFANet
from ofa_engine.model.pixel_head import PixelMLPHead
from ofa_engine.model.preprocess import resize
from training.console import log
from training.finetuning.crops import CropBatch, CropSampler, class_weights
from training.finetuning.dense_sets import UNLABELLED, DenseTask
from training.pretraining.optimizer import parameter_groups, update
from training.pretraining.schedule import learning_rate

NAME = "finetuned.safetensors"
STATE = "finetuned.state"


@dataclass(frozen=True)
class FinetuningConfig:
    """Settings of a run. `shares` of the steps by task name; tasks that are not named share the rest evenly."""

    steps: int = 4000
    batch: int = 32
    lr: float = 5e-4
    head_lr: float = 3e-3
    weight_decay: float = 0.05
    warmup: int = 200
    ema: float = 0.998
    clip_norm: float = 1.0
    seed: int = 0
    save_minutes: float = 5.0


class Finetuning(nn.Module):
    """OFA-Net with two heads per task; the forward pass gives the loss of a batch."""

    def __init__(self, model: OFANet, tasks: list[DenseTask]):
        super().__init__()
        width = model.arch.width
        self.model = model
        self.linear = nn.ModuleList(LinearHead(width, len(task.classes), "segment") for task in tasks)
        self.joined = nn.ModuleList(PixelMLPHead(width, len(task.classes), task.bands) for task in tasks)
        self.sensors = [task.sensor for task in tasks]
        for number, task in enumerate(tasks):
            weights = torch.from_numpy(class_weights(task)).float()
            self.register_buffer(f"class_weights_{number}", weights)

    def forward(self, task: int, batch: CropBatch) -> Tensor:
        """Sum of both heads' cross-entropies, as a scalar."""
        tokens = self.model(resize(batch.pixels, self.model.arch.input_px), self.sensors[task], batch.present)
        coarse = F.interpolate(self.linear[task](tokens), batch.labels.shape[-2:], mode="bilinear")
        weights = getattr(self, f"class_weights_{task}")
        logits = (coarse, self._joined(task).logits(tokens, batch.pixels, batch.present))
        losses = [F.cross_entropy(x, batch.labels, weights, ignore_index=UNLABELLED) for x in logits]
        return torch.stack(losses).nan_to_num().sum()  # a batch without any label has a loss of NaN

    def _joined(self, task: int) -> PixelMLPHead:
        return cast(PixelMLPHead, self.joined[task])


@torch.no_grad()
def _follow(average: OFANet, model: OFANet, decay: float) -> None:
    """Exponential moving average of the weights."""
    for own, new in zip(average.parameters(), model.parameters(), strict=True):
        own.lerp_(new, 1 - decay)


def finetune(
    checkpoint: Path, tasks: list[DenseTask], shares: dict[str, float], output: Path, config: FinetuningConfig
) -> Path:
    """Trains, or continues a run that was broken off; returns the path of the checkpoint.

    Args:
        checkpoint: to start from.
        tasks: labelled rasters.
        shares: of the steps, by task name.
        output: folder of the run.
        config: settings.
    """
    output.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(config.seed)
    start = load_checkpoint(checkpoint)
    model = start.model.requires_grad_(True).train()
    module, average = Finetuning(model, tasks), load_checkpoint(checkpoint).model
    heads = nn.ModuleList([module.linear, module.joined])
    groups = [g | {"peak": config.lr} for g in parameter_groups(model, config.weight_decay)]
    groups += [g | {"peak": config.head_lr} for g in parameter_groups(heads, config.weight_decay)]
    optimizer = torch.optim.AdamW(groups, lr=config.lr, betas=(0.9, 0.95), fused=True)
    samplers = [CropSampler(task, start.statistics(task.sensor), config.batch, config.seed) for task in tasks]
    first = _resume(output / STATE, module, average, optimizer)
    chances = np.array([shares[task.name] for task in tasks])
    order = np.random.default_rng(config.seed).choice(len(tasks), config.steps, p=chances / chances.sum())
    saved, sums = time.monotonic(), np.zeros((2, len(tasks)))
    for step in range(first, config.steps):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, config.steps, config.warmup, group["peak"], 0.0)
        task = int(order[step])
        loss = module(task, samplers[task].draw(step))
        loss.backward()
        update(module, optimizer, config.clip_norm)
        _follow(average, model, min(config.ema, (1 + step) / (10 + step)))
        sums[:, task] += float(loss.detach()), 1
        if (step + 1) % 100 == 0:
            _log_losses(output / "losses.csv", step + 1, tasks, sums)
            sums[:] = 0
        if time.monotonic() - saved > 60 * config.save_minutes or step + 1 == config.steps:
            _save(output, step + 1, module, average, optimizer, start, tasks, config)
            saved = time.monotonic()
    return output / NAME


def _log_losses(path: Path, step: int, tasks: list[DenseTask], sums: np.ndarray) -> None:
    new = not path.exists()
    with np.errstate(invalid="ignore"):
        means = sums[0] / sums[1]
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        if new:
            writer.writerow(["step", *(task.name for task in tasks)])
        writer.writerow([step, *(f"{value:.4f}" for value in means)])
    log(f"step {step}: " + ", ".join(f"{t.name} {m:.2f}" for t, m in zip(tasks, means, strict=True)))


def _resume(path: Path, module: Finetuning, average: OFANet, optimizer: torch.optim.Optimizer) -> int:
    if not path.exists():
        return 0
    state = torch.load(path, map_location="cpu", weights_only=True)
    module.load_state_dict(state["module"])
    average.load_state_dict(state["average"])
    optimizer.load_state_dict(state["optimizer"])
    log(f"continuing from step {state['step']}")
    return int(state["step"])


def _save(
    output: Path,
    step: int,
    module: Finetuning,
    average: OFANet,
    optimizer: torch.optim.Optimizer,
    start: Checkpoint,
    tasks: list[DenseTask],
    config: FinetuningConfig,
) -> None:
    values = {"step": step, "module": module.state_dict(), "average": average.state_dict()}
    with replacing(output / STATE) as part:
        torch.save(values | {"optimizer": optimizer.state_dict()}, part)
    described = start.header["sensors"]
    facts = {
        "recipe": "supervised on dense labels",
        "start": start.header["training"],
        "tasks": {t.name: {"rasters": len(t.images), "places": len(set(t.places))} for t in tasks},
        "config": asdict(config),
        "step": step,
    }
    save_checkpoint(
        output / NAME,
        average,
        output.name,
        facts,
        statistics={k: (d["mean"], d["std"]) for k, d in described.items()},
        tile_px={k: d["tile_px"] for k, d in described.items()},
    )
