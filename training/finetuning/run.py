"""The supervised second stage: shared backbone and embedders learn from dense labels of all sensors at once.

Each task has two heads that are thrown away afterwards: a linear one on token features, so that these hold what the
classes are, and one joined with the pixels (`PixelMLPHead`), so that the tokens need not hold outlines. A task of whole
scenes has a linear one on the mean token alone.
"""

import csv
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ofa_engine.core.errors import InputError
from ofa_engine.core.files import replacing
from ofa_engine.model.checkpoint import load_checkpoint, save_checkpoint
from ofa_engine.model.heads import LinearHead
from ofa_engine.model.ofanet import OFANet
from ofa_engine.model.pixel_head import PixelMLPHead
from ofa_engine.model.preprocess import resize
from training import console
from training.finetuning.crops import CPU, CropBatch, CropSampler, class_weights
from training.finetuning.dense_sets import UNLABELLED, DenseTask
from training.pretraining.monitoring.curves import line_chart, standalone_svg
from training.pretraining.optimizer import parameter_groups, update
from training.pretraining.schedule import learning_rate

NAME = "finetuned.safetensors"
STATE = "finetuned.state"  # optimizer, weights and heads, to continue
LOSSES = "losses.csv"


@dataclass(frozen=True)
class FinetuningConfig:
    """Settings of a run. Learning rates are peaks; `ema` is the decay of the average of weights that is kept."""

    steps: int = 5000
    batch: int = 32
    lr: float = 5e-4
    head_lr: float = 3e-3
    weight_decay: float = 0.05
    warmup: int = 200
    ema: float = 0.998
    clip_norm: float = 1.0
    seed: int = 0
    save_minutes: float = 5.0
    log_steps: int = 100


class Finetuning(nn.Module):
    """OFA-Net with two heads per task; the forward pass gives the loss of a batch."""

    def __init__(self, model: OFANet, tasks: list[DenseTask]):
        super().__init__()
        width = model.arch.width
        self.model = model
        self.linear = nn.ModuleList(
            LinearHead(width, len(task.classes), "classify" if task.scenes else "segment") for task in tasks
        )
        self.joined = nn.ModuleList(
            nn.Identity() if task.scenes else PixelMLPHead(width, len(task.classes), task.bands) for task in tasks
        )
        self.sensors = [task.sensor for task in tasks]
        for number, task in enumerate(tasks):
            weights = torch.from_numpy(class_weights(task)).float()
            self.register_buffer(f"class_weights_{number}", weights)

    def forward(self, task: int, batch: CropBatch) -> Tensor:
        """Sum of the heads' cross-entropies, as a scalar."""
        tokens = self.model(resize(batch.pixels, self.model.arch.input_px), self.sensors[task], batch.present)
        weights, coarse = getattr(self, f"class_weights_{task}"), self.linear[task](tokens)
        if coarse.ndim == 2:  # one class per crop
            return F.cross_entropy(coarse, batch.labels[:, 0, 0], weights)
        coarse = F.interpolate(coarse, batch.labels.shape[-2:], mode="bilinear")
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


class FinetuningRun:
    """A run: what is trained, where it stands, and its files in a folder.

    Args:
        checkpoint: to start from.
        tasks: labelled rasters.
        shares: of the steps, by task name.
        output: folder of the run; where it holds one that was broken off, that is continued.
        config: settings.
        log: gets a line at a time.
        device: where it is computed; on a GPU the rasters lie there, too.
    """

    def __init__(
        self,
        checkpoint: Path,
        tasks: Sequence[DenseTask],
        shares: Mapping[str, float],
        output: Path,
        config: FinetuningConfig,
        log: Callable[[str], None] = console.log,
        device: torch.device = CPU,
    ):
        output.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(config.seed)
        self.start = load_checkpoint(checkpoint)
        self.tasks, self.output, self.config, self.log = list(tasks), output, config, log
        self.module = Finetuning(self.start.model.requires_grad_(True).train(), self.tasks).to(device)
        self.average = load_checkpoint(checkpoint, device).model
        self.optimizer = self._optimizer()
        self.samplers = [
            CropSampler(task, self.start.statistics(task.sensor), config.batch, config.seed, device)
            for task in self.tasks
        ]
        chances = np.array([shares[task.name] for task in self.tasks])
        rng = np.random.default_rng(config.seed)
        self.order = rng.choice(len(self.tasks), config.steps, p=chances / chances.sum())  # the task of each step
        # losses and steps since the last line of the log; on the device, so that no step waits for it
        self.sums = torch.zeros(2, len(self.tasks), dtype=torch.float64, device=device)
        self.step = self._resume()

    def _optimizer(self) -> torch.optim.AdamW:
        config, heads = self.config, nn.ModuleList([self.module.linear, self.module.joined])
        groups = [g | {"peak": config.lr} for g in parameter_groups(self.module.model, config.weight_decay)]
        groups += [g | {"peak": config.head_lr} for g in parameter_groups(heads, config.weight_decay)]
        return torch.optim.AdamW(groups, lr=config.lr, betas=(0.9, 0.95), fused=True)

    def train(self) -> Path:
        """All steps that are left; returns the path of the checkpoint."""
        config, saved = self.config, time.monotonic()
        while self.step < config.steps:
            self._train_step()
            if self.step % config.log_steps == 0:
                self._log_losses()
            if time.monotonic() - saved >= 60 * config.save_minutes or self.step == config.steps:
                self._save()
                saved = time.monotonic()
        return self.output / NAME

    def _train_step(self) -> None:
        config = self.config
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.step, config.steps, config.warmup, group["peak"], 0.0)
        task = int(self.order[self.step])
        loss = self.module(task, self.samplers[task].draw(self.step))
        loss.backward()
        update(self.module, self.optimizer, config.clip_norm)
        _follow(self.average, self.module.model, min(config.ema, (1 + self.step) / (10 + self.step)))
        self.sums[0, task] += loss.detach()
        self.sums[1, task] += 1
        self.step += 1

    def _log_losses(self) -> None:
        """A line of losses.csv, and of the log: the mean loss of each task since the last one."""
        path, names = self.output / LOSSES, [task.name for task in self.tasks]
        new = not path.exists()
        means = (self.sums[0] / self.sums[1]).tolist()  # NaN where a task had no step
        with path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            if new:
                writer.writerow(["step", *names])
            writer.writerow([self.step, *(f"{value:.4f}" for value in means)])
        self.log(f"step {self.step}: " + ", ".join(f"{n} {m:.2f}" for n, m in zip(names, means, strict=True)))
        self.sums.zero_()

    def _resume(self) -> int:
        path = self.output / STATE
        if not path.exists():
            return 0
        state = torch.load(path, map_location="cpu", weights_only=True)
        if state["tasks"] != [task.name for task in self.tasks] or state["config"] != asdict(self.config):
            raise InputError(
                f"expected the tasks and settings that {self.output} began with, found others: use a new folder"
            )
        self.module.load_state_dict(state["module"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.log(f"continuing from step {state['step']}")
        return int(state["step"])

    def _save(self) -> None:
        """The state first: where the checkpoint is new, its state is."""
        begun = {"tasks": [task.name for task in self.tasks], "config": asdict(self.config)}
        values = begun | {"step": self.step, "module": self.module.state_dict(), "average": self.average.state_dict()}
        with replacing(self.output / STATE) as part:
            torch.save(values | {"optimizer": self.optimizer.state_dict()}, part)
        facts = {
            "recipe": "pretrained without labels, then finetuned on dense labels",
            # without the path of a file on the machine it was made on
            "start": {key: value for key, value in self.start.header["training"].items() if key != "checkpoint"},
            "tasks": {t.name: {"rasters": len(t.images), "places": len(set(t.places))} for t in self.tasks},
            "config": asdict(self.config),
            "step": self.step,
        }
        save_checkpoint(
            self.output / NAME,
            self.average,
            self.output.name,
            facts,
            tile_px={key: self.start.tile_px(key) for key in self.average.sensors},
        )


def losses_svg(run: Path) -> str:
    """The losses of a run by task, as an SVG file."""
    with (run / LOSSES).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    names = [str(name) for name in rows[0] if name != "step"]
    curves = {name: [(float(row["step"]), float(row[name])) for row in rows if row[name] != "nan"] for name in names}
    short = {name.replace(" land cover", ""): curve for name, curve in curves.items()}
    return standalone_svg(line_chart(short, "loss"))
