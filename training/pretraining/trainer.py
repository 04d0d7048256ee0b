"""The model, its optimizer, and one step of training."""

import contextlib
from collections.abc import Callable, Iterable, Mapping

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from ofa_engine.core.errors import InputError
from training.data.shards import ShardSet
from training.pretraining.batches import Batch
from training.pretraining.config import DTYPES, PretrainingConfig
from training.pretraining.distributed import Ranks
from training.pretraining.initial_weights import load_initial
from training.pretraining.objectives import OBJECTIVES, Objective
from training.pretraining.optimizer import adamw, update
from training.pretraining.schedule import Step, TrainingSchedule, learning_rate


class Trainer:
    """Trains an objective on prepared samples.

    Attributes:
        objective: what is learned, with the module that is trained.
        optimizer: AdamW.
        schedule: which samples are seen when.
        skipped: updates that were skipped since it was last set to 0; a scalar on the device.
    """

    def __init__(
        self,
        config: PretrainingConfig,
        sets: Mapping[str, ShardSet],
        ranks: Ranks,
        log: Callable[[str], None],
        objective: str = "mae",
    ):
        """Raises InputError where the batch cannot be divided, or initial weights do not fit."""
        self.config, self.sets, self.ranks = config, sets, ranks
        if config.batch % (ranks.world * config.accumulate):
            raise InputError(
                f"expected a batch divisible by processes x accumulation, found {config.batch} / "
                f"({ranks.world} x {config.accumulate})"
            )
        torch.manual_seed(config.seed)
        self.objective: Objective = OBJECTIVES[objective](config, sets)
        module = self.objective.module
        if config.init:
            load_initial(module, config.init, config.rename_map, config.download, log)
        module.to(ranks.device, DTYPES[config.precision])
        self.peak_lr = config.base_lr * config.batch / 256
        self.optimizer = adamw(module, self.peak_lr, config.weight_decay)
        self.schedule = TrainingSchedule(
            {key: len(samples) for key, samples in sets.items()},
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
        return total

    def _set_learning_rate(self, number: int) -> None:
        config, schedule = self.config, self.schedule
        warmup = config.warmup_epochs * schedule.steps_per_epoch
        lr = learning_rate(number, schedule.steps, warmup, self.peak_lr, config.min_lr)
        for group in self.optimizer.param_groups:
            group["lr"] = lr
