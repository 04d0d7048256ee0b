"""The model, its optimizer, and one step of training."""

import contextlib
import copy
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from ofa_engine.core.errors import InputError
from ofa_engine.model.ofanet import OFANet
from training.data.pair_sets import PairSet
from training.data.shards import ShardSet
from training.pretraining.batches import Batch
from training.pretraining.config import DTYPES, PretrainingConfig
from training.pretraining.distributed import Ranks
from training.pretraining.initial_weights import read_initial
from training.pretraining.objectives import OBJECTIVES, Objective
from training.pretraining.optimizer import adamw, update, update_average
from training.pretraining.schedule import Step, TrainingSchedule, learning_rate


class Trainer:
    """Trains an objective on prepared samples.

    Attributes:
        config: of the run, with padding and positions as the initial weights have them.
        objective: what is learned, with the module that is trained.
        optimizer: AdamW.
        average: moving average of the OFA-Net's weights; None without `ema`.
        sources: samples by sensor id and pair sets by name.
        schedule: which samples are seen when.
        skipped: updates that were skipped since it was last set to 0; a scalar on the device.
    """

    def __init__(
        self,
        config: PretrainingConfig,
        sets: Mapping[str, ShardSet],
        ranks: Ranks,
        log: Callable[[str], None],
        pairs: Mapping[str, PairSet] | None = None,
    ):
        """Raises InputError where the objective is unknown, samples or initial weights do not fit it, or the batch
        cannot be divided."""
        initial = read_initial(config.init, config.rename_map, config.download) if config.init else None
        config = initial.adapted(config) if initial else config
        self.config, self.sets, self.ranks = config, sets, ranks
        self.sources: dict[str, ShardSet | PairSet] = {**sets, **(pairs or {})}
        if config.batch % (ranks.world * config.accumulate):
            raise InputError(
                f"expected a batch divisible by processes x accumulation, found {config.batch} / "
                f"({ranks.world} x {config.accumulate})"
            )
        if config.objective not in OBJECTIVES:
            raise InputError(f"expected objective {' or '.join(OBJECTIVES)}, found {config.objective!r}")
        torch.manual_seed(config.seed)
        self.objective: Objective = OBJECTIVES[config.objective](config, sets, pairs)
        module = self.objective.module
        if initial:
            initial.copy_into(module, module.model.sensors, log)
        module.to(ranks.device, DTYPES[config.precision])
        self.peak_lr = config.base_lr * config.batch / 256
        self.optimizer = adamw(module, self.peak_lr, config.weight_decay)
        self.average: OFANet | None = copy.deepcopy(module.model) if config.ema else None
        self.schedule = TrainingSchedule(
            {key: len(samples) for key, samples in self.sources.items()},
            batch=config.batch,
            epochs=config.epochs,
            seed=config.seed,
            samples=config.samples,
            weights=config.sensor_weights,
        )
        self.skipped = torch.zeros((), device=ranks.device)
        self._network: nn.Module = module
        if ranks.world > 1:  # a step does not use the other sensors' embedders and decoders
            self._network = DistributedDataParallel(module, find_unused_parameters=True)
        if config.compile:
            self._network = torch.compile(self._network)  # type: ignore[assignment]

    def step(self, batch: Batch) -> Tensor:
        """One update from this process's part of a step's batch.

        Returns:
            The mean loss of the part, a scalar still on the device.
        """
        batch = batch.to(self.ranks.device)
        parts = batch.chunks(self.config.accumulate)
        return self.update(batch.step, len(batch), (self.objective.inputs(part) for part in parts), len(parts))

    def update(self, step: Step, samples: int, inputs: Iterable[tuple], parts: int = 1) -> Tensor:
        """One update from the objective's inputs, given in `parts` whose gradients are summed; `samples` in all."""
        config = self.config
        self._set_learning_rate(step.number)
        total = torch.zeros((), device=self.ranks.device, dtype=DTYPES[config.precision])
        for number, part in enumerate(inputs, 1):
            local = number < parts and self.ranks.world > 1  # gradients are exchanged with the last part only
            with self._network.no_sync() if local else contextlib.nullcontext():  # type: ignore[operator]
                with torch.autocast(self.ranks.device.type, torch.bfloat16, enabled=config.precision == "bf16"):
                    losses = self._network(*part)
                loss = losses.sum() / samples
                loss.backward()
            total += loss.detach()
        self.skipped += update(self.objective.module, self.optimizer, config.clip_norm)
        if self.average:
            update_average(self.average, self.objective.module.model, step.number, config.ema)
        return total

    @property
    def model(self) -> OFANet:
        """What checkpoints hold: the OFA-Net with averaged weights, if they are averaged."""
        return self.average or self.objective.module.model

    def state_dict(self) -> dict[str, Any]:
        """All that training continues from."""
        state = {"module": self.objective.module.state_dict(), "optimizer": self.optimizer.state_dict()}
        return state | ({"average": self.average.state_dict()} if self.average else {})

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Raises KeyError, RuntimeError or ValueError for the state of another model."""
        self.objective.module.load_state_dict(state["module"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.average:
            self.average.load_state_dict(state["average"])

    def _set_learning_rate(self, number: int) -> None:
        config, schedule = self.config, self.schedule
        warmup = config.warmup_epochs * schedule.steps_per_epoch
        lr = learning_rate(number, schedule.steps, warmup, self.peak_lr, config.min_lr)
        for group in self.optimizer.param_groups:
            group["lr"] = lr
