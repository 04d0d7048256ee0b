"""A pretraining run: from the newest checkpoint to the end of the schedule, with log, contact sheets and checkpoints.

The loop never waits for the device: losses are fetched every `log_steps` steps.
"""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from ofa_engine.core.errors import InputError, OfaError
from training.data.pair_sets import find_pair_sets
from training.data.shards import find_sets
from training.pretraining import checkpoints
from training.pretraining.batches import Batch, batches
from training.pretraining.config import PretrainingConfig
from training.pretraining.distributed import Ranks, process_group
from training.pretraining.monitoring.contact_sheet import SheetRow, write_contact_sheet
from training.pretraining.monitoring.loss_log import LossLog
from training.pretraining.monitoring.monitor import TrainingMonitor
from training.pretraining.monitoring.report import write_report
from training.pretraining.schedule import Step
from training.pretraining.stop_signals import StopSignals
from training.pretraining.trainer import Trainer

_AGREE_STEPS = 10  # how often several processes agree on whether one of them got a signal to stop
_SHEET_SAMPLES = 3  # per sensor


def pretrain(config: PretrainingConfig, log: Callable[[str], None] = tqdm.write) -> dict:
    """Runs a configuration to the end of its schedule, or until SIGTERM or SIGINT.

    Args:
        config: of the run.
        log: gets one line at a time, on the first process.

    Returns:
        Facts of the run: seconds, images, nonfinite_steps, checkpoint, ...

    Raises:
        InputError: the configuration does not fit samples, folder or device.
        OfaError: the run was stopped because of gradients that are not finite.
    """
    with process_group(config.device) as ranks, StopSignals() as signals:
        try:
            sets = find_sets(config.data, config.sensors or None)
            pairs = find_pair_sets(config.data, config.pair_sets, config.seed)
        except (OSError, ValueError) as error:
            raise InputError(str(error)) from error
        Path(config.output).mkdir(parents=True, exist_ok=True)
        first_log = log if ranks.is_first else _no_log
        trainer = Trainer(config, sets, ranks, first_log, pairs)
        run = _Run(trainer.config, trainer, ranks, first_log, signals)
        try:
            return run.run()
        finally:
            if run.outputs:
                run.outputs.monitor.close()


def _no_log(text: str) -> None:
    pass


@dataclass
class _Outputs:
    """What the first process writes during a run."""

    monitor: TrainingMonitor
    losses: LossLog


class _Run:
    """The loop over the schedule's steps. `facts["seconds"]` are those of the processes before this one."""

    def __init__(
        self,
        config: PretrainingConfig,
        trainer: Trainer,
        ranks: Ranks,
        log: Callable[[str], None],
        signals: StopSignals,
    ):
        self.config, self.trainer, self.ranks, self.log, self.signals = config, trainer, ranks, log, signals
        self.folder, self.start = Path(config.output), 0
        facts: dict[str, Any] = {}
        if config.resume == "auto":
            self.start, facts = checkpoints.load_newest(self.folder, trainer.load_state_dict, self.log)
        elif checkpoints.found(self.folder):
            raise InputError(f"expected a folder without checkpoints, found some in {self.folder}: use --resume auto")
        self.facts = {"seconds": 0.0, "images": 0, "nonfinite_steps": 0} | facts
        self.done = self.start
        self.pending: list[tuple[Step, Tensor, float]] = []  # steps whose losses are still on the device
        self.began = self.last_save = time.monotonic()
        self.outputs = self._open_outputs() if ranks.is_first else None

    def _open_outputs(self) -> _Outputs:
        schedule = self.trainer.schedule
        outputs = _Outputs(TrainingMonitor(self.folder, schedule, self.start), LossLog(self.folder, self.start))
        checkpoints.write_json(self.folder / "config.json", asdict(self.config))
        parameters = sum(p.numel() for p in self.trainer.objective.module.parameters()) / 1e6
        counts = ", ".join(f"{key} {len(samples)}" for key, samples in self.trainer.sources.items())
        self.log(
            f"{counts} samples; {parameters:.1f} M parameters; {schedule.steps} steps of {self.config.batch} on "
            f"{self.ranks.world} x {self.ranks.device}"
        )
        return outputs

    def run(self) -> dict:
        config, schedule = self.config, self.trainer.schedule
        stop = min(schedule.steps, config.max_steps or schedule.steps)
        steps = list(schedule.steps_between(self.start, stop))
        self.began = time.monotonic()
        loader = batches(self.trainer.sources, steps, self.ranks, config.workers, config.resident)
        for step in steps:
            self._train(step, loader, stop)
            if self._must_stop():
                self._save()
                self.log(f"stopped on request after step {self.done} of {schedule.steps}; the same command continues")
                return self.facts
            self._save_if_due(stop)
        if self.start < stop:
            self._save()
        if self.outputs:
            self._write_contact_sheet()
            self.outputs.monitor.close()
            facts = self.facts | self.outputs.monitor.facts(self.facts["seconds"])
            facts["loss"] = self.trainer.objective.loss
            write_report(self.folder, facts, asdict(config))
        return self.facts

    def _train(self, step: Step, loader: Iterator[Batch], stop: int) -> None:
        waiting = time.monotonic()
        batch = next(loader)
        wait = time.monotonic() - waiting
        self.pending.append((step, self.trainer.step(batch), wait))
        self.done = step.number + 1
        if self.done % self.config.log_steps == 0 or self.done == stop:
            self._fetch_losses()

    def _must_stop(self) -> bool:
        if self.ranks.world > 1 and self.done % _AGREE_STEPS:
            return False
        return self.ranks.any(self.signals.requested)

    def _fetch_losses(self) -> None:
        """Waits for the device, writes the losses since the last call, and stops a run that diverges."""
        if not self.pending:
            return
        losses = self.ranks.mean(torch.stack([loss for _, loss, _ in self.pending])).tolist()
        skipped = int(self.trainer.skipped.item())
        self.trainer.skipped.zero_()
        self.facts["nonfinite_steps"] += skipped
        rows = [(step, loss, wait) for (step, _, wait), loss in zip(self.pending, losses, strict=True)]
        self.pending = []
        if self.outputs:
            lr = self.trainer.optimizer.param_groups[0]["lr"]
            self.outputs.losses.add([(s.number, s.epoch, s.sensor, loss, lr) for s, loss, _ in rows])
            self.outputs.monitor.add(rows, lr, self.config.batch, time.monotonic() - self.began)
        if skipped:
            self._report_skipped(skipped, [step for step, loss, _ in rows if not math.isfinite(loss)])

    def _report_skipped(self, skipped: int, steps: list[Step]) -> None:
        """Names the samples of steps whose loss was not finite. Raises OfaError if the run had too many of them."""
        names = "; ".join(f"{s.sensor}, step {s.number}: {', '.join(self._sample_names(s)[:8])}" for s in steps[-3:])
        self.log(f"{skipped} steps without finite gradients were skipped ({names or 'the loss itself was finite'})")
        count = self.facts["nonfinite_steps"]
        if count >= self.config.stop_nonfinite:
            raise OfaError(f"stopped after {count} steps without finite gradients; the last were of {names}")

    def _sample_names(self, step: Step) -> list[str]:
        names = self.trainer.sources[step.sensor].manifest.samples
        return [names[i] if i < len(names) else str(i) for i in step.samples.tolist()]

    def _save_if_due(self, stop: int) -> None:
        """At the end of an epoch; a single process also saves between, several would have to agree on it."""
        minutes = (time.monotonic() - self.last_save) / 60
        epoch, rest = divmod(self.done, self.trainer.schedule.steps_per_epoch)
        if rest == 0 and self.done < stop:
            self._fetch_losses()
            if self.config.sheet_epochs and epoch % self.config.sheet_epochs == 0 and self.outputs:
                self._write_contact_sheet()
            due = epoch % self.config.checkpoint_epochs == 0
            if due or self.ranks.any(minutes > self.config.checkpoint_minutes):
                self._save()
        elif minutes > self.config.checkpoint_minutes and self.ranks.world == 1:
            self._save()

    def _save(self) -> None:
        """On the first rank; the others need not wait: only the first writes, and none reads."""
        self._fetch_losses()
        if self.ranks.is_first:
            objective, sets, sources = self.trainer.objective, self.trainer.sets, self.trainer.sources
            facts = self.facts | {
                "seconds": round(self.facts["seconds"] + time.monotonic() - self.began, 1),
                "images": self.done * self.config.batch,
                "epochs": self.done / self.trainer.schedule.steps_per_epoch,
                "recipe": objective.recipe,
                "samples": {key: len(samples) for key, samples in sources.items()},
                "sources": {key: samples.manifest.source for key, samples in sources.items()},
                "config": {k: v for k, v in asdict(self.config).items() if k not in ("data", "output")},
            }
            path = checkpoints.save(
                self.folder,
                self.done,
                self.trainer.model,
                self.trainer.state_dict(),
                facts,
                {key: samples.statistics() for key, samples in sets.items()},
                {key: samples.manifest.shape[1] for key, samples in sets.items()},
                self.config.keep,
                objective.decoders,
            )
            self.facts = facts | {"seconds": self.facts["seconds"], "checkpoint": str(path)}
            self.log(f"saved {path.name}")
        self.last_save = time.monotonic()

    def _write_contact_sheet(self) -> None:
        """A few samples of each sensor: input, masked, reconstructed."""
        rows = {}
        for key, samples in self.trainer.sets.items():
            numbers = np.arange(min(_SHEET_SAMPLES, len(samples)))
            values = torch.from_numpy(samples.read(numbers).astype("float32"))
            batch = Batch(Step(0, 0, key, numbers), torch.from_numpy(numbers), values).to(self.ranks.device)
            made = self.trainer.objective.reconstruct(batch)
            if made is None:
                return
            pixels, mask, reconstructed = (part.cpu() for part in made)
            arrays = (pixels.float().numpy(), mask.numpy(), reconstructed.float().numpy())
            rows[key] = SheetRow(*arrays, samples.bands_present)
        write_contact_sheet(self.folder / f"reconstructions-{self.done:08d}.png", rows)
