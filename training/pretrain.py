"""`python -m training.pretrain`: masked image modelling of all sensors into one OFA-Net, from prepared samples.

One process, or `torchrun` with as many as there are GPUs on as many machines. Each step is a batch of one sensor; the
sensors are interleaved in one seeded order. The loop never waits for the device: losses are looked at every
`log_steps`.
"""

import contextlib
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from ofa_engine.core.errors import InputError, OfaError
from ofa_engine.core.sensors import get_sensor
from ofa_engine.model.mae import MaskedAutoencoder
from ofa_engine.model.ofanet import OFANet
from training.data.shards import ShardSet, find_sets
from training.pretraining import config as configuration
from training.pretraining import report, state
from training.pretraining.augment import mask_noise, prepare_batch, random_resized_crop
from training.pretraining.config import Config
from training.pretraining.initial_weights import load_initial
from training.pretraining.schedule import Plan, Step, learning_rate

_AGREE_STEPS = 10  # how often several processes ask each other whether one was told to stop
DTYPES = {"bf16": torch.float32, "fp32": torch.float32, "fp64": torch.float64}


@dataclass(frozen=True)
class Ranks:
    """This process among its peers."""

    rank: int
    world: int
    device: torch.device

    @property
    def first(self) -> bool:
        return self.rank == 0

    def any(self, flag: bool) -> bool:
        """True where the flag is set on any rank; all ranks must call it."""
        if self.world == 1:
            return flag
        told = torch.tensor([float(flag)], device=self.device)
        dist.all_reduce(told, op=dist.ReduceOp.MAX)
        return bool(told.item())


@contextlib.contextmanager
def ranks(device: str) -> Iterator[Ranks]:
    """Joins the process group that torchrun describes, or stands alone."""
    cuda = device != "cpu" and torch.cuda.is_available()
    if device == "cuda" and not cuda:
        raise InputError("expected a CUDA device, found none: use --device cpu or auto")
    local = int(os.environ.get("LOCAL_RANK", 0))
    where = torch.device("cuda", local) if cuda else torch.device("cpu")
    if cuda:
        torch.cuda.set_device(where)
    world = int(os.environ.get("WORLD_SIZE", 1))
    if world > 1:
        dist.init_process_group("nccl" if cuda else "gloo")
    try:
        yield Ranks(int(os.environ.get("RANK", 0)), world, where)
    finally:
        if world > 1:
            dist.destroy_process_group()


class _Reader(Dataset):
    """One rank's part of each planned step, as stored."""

    def __init__(self, sets: dict[str, ShardSet], steps: list[Step], ranks: Ranks):
        self.sets, self.steps, self.rank, self.world = sets, steps, ranks.rank, ranks.world

    def __len__(self) -> int:
        return len(self.steps)

    def __getitem__(self, index: int) -> tuple[int, Tensor, Tensor]:
        """(place in the list, sample numbers (B,), stored values (B, C, H, W))."""
        step = self.steps[index]
        mine = step.share(self.rank, self.world)
        values = self.sets[step.sensor].read(mine)
        if values.dtype == "uint16":  # torch knows it only in part; int32 holds the same numbers
            values = values.astype("int32")
        return index, torch.from_numpy(mine), torch.from_numpy(values)


def batches(
    sets: dict[str, ShardSet], steps: list[Step], ranks: Ranks, workers: int
) -> Iterator[tuple[int, Tensor, Tensor]]:
    """The steps' samples in order, read ahead."""
    return iter(
        DataLoader(
            _Reader(sets, steps, ranks),
            batch_size=None,
            shuffle=False,
            num_workers=workers,
            pin_memory=ranks.device.type == "cuda",
            prefetch_factor=4 if workers else None,
        )
    )


class Trainer:
    """The model, its optimizer, and one step of training."""

    def __init__(self, config: Config, sets: dict[str, ShardSet], ranks: Ranks, say: Callable[[str], None]):
        self.config, self.sets, self.ranks = config, sets, ranks
        if config.batch % (ranks.world * config.accumulate):
            raise InputError(
                f"expected a batch divisible by processes x accumulation, found {config.batch} / "
                f"({ranks.world} x {config.accumulate})"
            )
        torch.manual_seed(config.seed)
        self.mae = MaskedAutoencoder(OFANet(config.architecture, list(sets)), config.decoder, config.mask_ratio)
        if config.init:
            load_initial(self.mae, config.init, config.rename_map, config.download, say)
        self.mae.to(ranks.device, DTYPES[config.precision])
        self.peak_lr = config.base_lr * config.batch / 256
        groups = state.parameter_groups(self.mae, config.weight_decay)
        self.optimizer = torch.optim.AdamW(groups, lr=self.peak_lr, betas=(0.9, 0.95), fused=True)
        counts = {key: len(samples) for key, samples in sets.items()}
        self.plan = Plan(
            counts,
            batch=config.batch,
            epochs=config.epochs,
            seed=config.seed,
            samples=config.samples,
            weights=config.sensor_weights,
        )
        self.statistics = {key: _statistics(samples) for key, samples in sets.items()}
        self.network: nn.Module = self.mae
        if ranks.world > 1:  # a step leaves the other sensors' embedders and decoders out
            self.network = DistributedDataParallel(self.mae, find_unused_parameters=True)
        if config.compile:
            self.network = torch.compile(self.network)  # type: ignore[assignment]
        self.skipped = torch.zeros((), device=ranks.device)

    def images(self, step: Step, samples: Tensor, raw: Tensor) -> Tensor:
        """Normalised, cropped pixels on the device."""
        config, data = self.config, self.sets[step.sensor]
        manifest = data.manifest
        pixels = prepare_batch(
            raw,
            get_sensor(step.sensor),
            data.bands_present,
            manifest.units,
            manifest.nodata,
            self.statistics[step.sensor],
            DTYPES[config.precision],
        )
        return random_resized_crop(pixels, config.input_px, config.seed, step.epoch, samples, (config.scale_min, 1.0))

    def step(self, step: Step, samples: Tensor, raw: Tensor) -> Tensor:
        """One update from this rank's part of the batch; returns its mean loss, still on the device."""
        config = self.config
        lr = learning_rate(
            step.number, self.plan.steps, config.warmup_epochs * self.plan.steps_per_epoch, self.peak_lr, config.min_lr
        )
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        samples = samples.to(self.ranks.device, non_blocking=True)
        raw = raw.to(self.ranks.device, non_blocking=True)
        total = torch.zeros((), device=self.ranks.device, dtype=DTYPES[config.precision])
        parts = list(zip(samples.chunk(config.accumulate), raw.chunk(config.accumulate), strict=True))
        for number, (some, values) in enumerate(parts):
            last = number == len(parts) - 1
            quiet = contextlib.nullcontext() if last or self.ranks.world == 1 else self.network.no_sync()  # type: ignore
            with quiet:
                pixels = self.images(step, some, values)
                noise = mask_noise(config.seed, step.epoch, some, self.mae.model.arch.grid**2)
                with torch.autocast(self.ranks.device.type, torch.bfloat16, enabled=config.precision == "bf16"):
                    losses = self.network(pixels, step.sensor, noise, self.sets[step.sensor].bands_present)
                loss = losses.sum() / len(samples)
                loss.backward()
            total += loss.detach()
        self._update()
        return total

    def _update(self) -> None:
        """The optimizer's step, left out on the device itself where gradients are not finite."""
        gradients = [p.grad for p in self.mae.parameters() if p.grad is not None]
        norm = nn.utils.get_total_norm(gradients)
        if self.config.clip_norm:
            factor = (self.config.clip_norm / (norm + 1e-6)).clamp_max(1.0)
            torch._foreach_mul_(gradients, factor)
        bad = (~torch.isfinite(norm)).float()
        self.optimizer.found_inf = bad  # type: ignore[attr-defined]  # fused AdamW then leaves weights and moments alone
        self.skipped += bad
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)


def _statistics(samples: ShardSet) -> tuple[list[float], list[float]]:
    """The samples' own, with the table's for bands that are missing or constant."""
    sensor, manifest = get_sensor(samples.manifest.sensor), samples.manifest
    known = set(samples.bands_present)
    mean = [manifest.mean[i] if i in known else sensor.mean[i] for i in range(len(sensor.bands))]
    std = [manifest.std[i] if i in known and manifest.std[i] > 0 else sensor.std[i] for i in range(len(sensor.bands))]
    return mean, std


class _Told:
    """SIGTERM and SIGINT ask for a stop at the next step; a second one stops at once."""

    def __init__(self) -> None:
        self.stop = False
        self._old = {number: signal.signal(number, self._ask) for number in (signal.SIGTERM, signal.SIGINT)}

    def _ask(self, number: int, frame: object) -> None:
        if self.stop:
            raise KeyboardInterrupt
        self.stop = True

    def restore(self) -> None:
        for number, handler in self._old.items():
            signal.signal(number, handler)


def pretrain(config: Config, say: Callable[[str], None] = tqdm.write) -> dict:  # beside the bar, not through it
    """Runs a configuration to its end, or to a SIGTERM; returns the facts of the run. Raises InputError, OfaError."""
    with ranks(config.device) as here:
        quiet: Callable[[str], None] = say if here.first else (lambda text: None)
        try:
            sets = find_sets(config.data, config.sensors or None)
        except (OSError, ValueError) as error:
            raise InputError(str(error)) from error
        folder = Path(config.output)
        folder.mkdir(parents=True, exist_ok=True)
        told = _Told()
        try:
            run = _Run(config, sets, here, folder, quiet, told)
            try:
                return run.go()
            finally:
                if run.watch:
                    run.watch.close()
        finally:
            told.restore()


class _Run:
    """From the newest checkpoint to the end of the plan, with log, pictures and checkpoints on the way."""

    def __init__(
        self,
        config: Config,
        sets: dict[str, ShardSet],
        here: Ranks,
        folder: Path,
        say: Callable[[str], None],
        told: _Told,
    ):
        self.config, self.here, self.folder, self.say, self.told = config, here, folder, say, told
        self.trainer = Trainer(config, sets, here, say)
        self.facts: dict[str, Any] = {}
        self.start = 0
        if config.resume == "auto":
            self.start, self.facts = state.load_newest(folder, self.trainer.mae, self.trainer.optimizer, say)
        elif state.found(folder):
            raise InputError(f"expected a folder without checkpoints, found some in {folder}: use --resume auto")
        self.facts = {"seconds": 0.0, "images": 0, "nonfinite_steps": 0} | self.facts
        self.pending: list[tuple[Step, Tensor, float]] = []
        self.recent: deque[tuple[float, int]] = deque(maxlen=50)
        self.last_save = time.monotonic()
        self.watch = report.Watch(folder, self.trainer.plan, self.start) if here.first else None
        self.log = state.LossLog(folder, self.start) if here.first else None
        if here.first:
            state.write_json(folder / "config.json", asdict(config))
            parameters = sum(p.numel() for p in self.trainer.mae.parameters()) / 1e6
            say(
                f"{', '.join(f'{k} {len(v)}' for k, v in sets.items())} samples; {parameters:.1f} M parameters; "
                f"{self.trainer.plan.steps} steps of {config.batch} on {here.world} x {here.device}"
            )

    def go(self) -> dict:
        config, trainer, plan = self.config, self.trainer, self.trainer.plan
        stop = min(plan.steps, config.max_steps or plan.steps)
        steps = list(plan.walk(self.start, stop))
        done, began = self.start, time.monotonic()
        loader = batches(trainer.sets, steps, self.here, config.workers)
        for step in steps:
            waited = time.monotonic()
            _, samples, raw = next(loader)
            wait = time.monotonic() - waited
            loss = trainer.step(step, samples, raw)
            done = step.number + 1
            self.pending.append((step, loss, wait))
            if done % config.log_steps == 0 or done == stop:
                self._look(began)
            if self._must_stop(done):
                self._look(began)
                self._save(done, began)
                self.say(f"stopped as told, after step {done} of {plan.steps}; the same command goes on from here")
                return self.facts
            if done % plan.steps_per_epoch == 0 and done < stop:
                self._epoch_end(done // plan.steps_per_epoch, done, began)
            elif (time.monotonic() - self.last_save) / 60 > config.checkpoint_minutes and self.here.world == 1:
                self._look(began)
                self._save(done, began)
        if self.start < stop:
            self._save(done, began)
        if self.watch:
            self._sheet(done)
            self.watch.finish(self.facts, asdict(config))
        return self.facts

    def _must_stop(self, done: int) -> bool:
        if self.here.world > 1 and done % _AGREE_STEPS:
            return False
        return self.here.any(self.told.stop)

    def _look(self, began: float) -> None:
        """Waits for the device, writes what happened since the last look, stops a run that has lost its way."""
        if not self.pending:
            return
        losses = torch.stack([loss for _, loss, _ in self.pending])
        if self.here.world > 1:
            dist.all_reduce(losses)
            losses /= self.here.world
        values = losses.tolist()
        bad = int(self.trainer.skipped.item())
        self.trainer.skipped.zero_()
        self.facts["nonfinite_steps"] += bad
        if self.log and self.watch:
            lr = self.trainer.optimizer.param_groups[0]["lr"]
            rows = [(s, v, w) for (s, _, w), v in zip(self.pending, values, strict=True)]
            self.log.add([(s.number, s.epoch, s.sensor, v, lr) for s, v, _ in rows])
            self.watch.losses(rows, lr, self.config.batch, time.monotonic() - began)
        if bad:
            wrong = [s for (s, _, _), v in zip(self.pending, values, strict=True) if v != v or abs(v) == float("inf")]
            names = "; ".join(f"{s.sensor}, step {s.number}: {', '.join(self._names(s)[:8])}" for s in wrong[-3:])
            self.say(f"{bad} steps without finite gradients were skipped ({names or 'the loss itself was finite'})")
            if self.facts["nonfinite_steps"] >= self.config.stop_nonfinite:
                count = self.facts["nonfinite_steps"]
                raise OfaError(f"stopped after {count} steps without finite gradients; the last were of {names}")
        self.pending = []

    def _names(self, step: Step) -> list[str]:
        names = self.trainer.sets[step.sensor].manifest.samples
        return [names[i] if i < len(names) else str(i) for i in step.samples.tolist()]

    def _epoch_end(self, epoch: int, done: int, began: float) -> None:
        self._look(began)
        if self.config.sheet_epochs and epoch % self.config.sheet_epochs == 0 and self.watch:
            self._sheet(done)
        minutes = (time.monotonic() - self.last_save) / 60
        if epoch % self.config.checkpoint_epochs == 0 or self.here.any(minutes > self.config.checkpoint_minutes):
            self._save(done, began)

    def _save(self, done: int, began: float) -> None:
        """On the first rank; the others need not wait: only the first writes, and none reads."""
        if self.here.first:
            now = time.monotonic()
            facts = self.facts | {
                "seconds": round(self.facts["seconds"] + now - began, 1),
                "images": done * self.config.batch,
                "epochs": done / self.trainer.plan.steps_per_epoch,
                "recipe": "masked image modelling",
                "samples": {key: len(value) for key, value in self.trainer.sets.items()},
                "sources": {key: value.manifest.source for key, value in self.trainer.sets.items()},
                "config": {k: v for k, v in asdict(self.config).items() if k not in ("data", "output")},
            }
            tile_px = {key: value.manifest.shape[1] for key, value in self.trainer.sets.items()}
            path = state.save(
                self.folder,
                done,
                self.trainer.mae,
                self.trainer.optimizer,
                facts,
                self.trainer.statistics,
                tile_px,
                self.config.keep,
            )
            self.facts = facts | {"seconds": self.facts["seconds"], "checkpoint": str(path)}
            self.say(f"saved {path.name}")
        self.last_save = time.monotonic()

    def _sheet(self, done: int) -> None:
        """A picture of a few samples of each sensor: input, masked, reconstructed."""
        rows = {}
        for key, data in self.trainer.sets.items():
            numbers = list(range(min(3, len(data))))
            step = Step(0, 0, key, torch.tensor(numbers).numpy())
            raw = torch.from_numpy(data.read(numbers).astype("float32")).to(self.here.device)
            samples = torch.tensor(numbers, device=self.here.device)
            self.trainer.mae.eval()
            with torch.no_grad():
                pixels = self.trainer.images(step, samples, raw)
                noise = mask_noise(0, 0, samples, self.trainer.mae.model.arch.grid**2)
                rebuilt, mask = self.trainer.mae.reconstruct(pixels, key, noise, data.bands_present)
            self.trainer.mae.train()
            shown = (pixels.float().cpu().numpy(), mask.cpu().numpy(), rebuilt.float().cpu().numpy())
            rows[key] = (*shown, data.bands_present)
        report.sheet(self.folder / f"reconstructions-{done:08d}.png", rows)


def main(arguments: list[str] | None = None) -> int:
    """Runs a command line; returns its exit code (0 done or stopped as told, 2 the user's, 3 ours)."""
    try:
        pretrain(configuration.parse(arguments, "training.pretrain", "Pretrain OFA-Net on prepared samples."))
        return 0
    except OfaError as error:
        print(f"training.pretrain: {error}", file=sys.stderr)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
