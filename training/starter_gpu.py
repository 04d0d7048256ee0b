"""`python -m training.starter_gpu SAMPLES DATA -o RUN`: both stages of the starter on a GPU within a time limit.

All samples and labelled rasters lie in the GPU's memory. Some steps of each stage are timed first, and the schedules
get as many as fit, so that learning rates reach zero in time. SAMPLES is what `training.prepare starter` and
`training.pairs` have written, DATA the folder of the public samples. RUN gets a folder for each stage; that of the
second holds the checkpoint, whose heads `python -m training.starter RUN/finetuned DATA` makes.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import torch

from ofa_engine.core.errors import InputError
from ofa_engine.model.checkpoint import choose_device
from training import console
from training.data.pair_sets import find_pair_sets
from training.data.shards import find_sets
from training.finetune import SHARES
from training.finetuning.dense_sets import DenseTask, dense_tasks
from training.finetuning.run import FinetuningConfig, FinetuningRun
from training.pretraining.batches import batches
from training.pretraining.config import PretrainingConfig, load
from training.pretraining.distributed import process_group
from training.pretraining.run import pretrain
from training.pretraining.trainer import Trainer

CONFIG = Path(__file__).resolve().parents[1] / "resources" / "configs" / "starter_gpu.yaml"
FINETUNING = FinetuningConfig()
PRETRAINING_SHARE = 0.6  # of the time
_SPARE = 0.1  # of what is left of a stage's time: for checkpoints, and steps slower than those that were timed


def fitting(left_s: float, opening_s: float, each_s: float) -> int:
    """How many steps (or epochs) of so many seconds fit into what is left of a stage, at least one, after it is opened
    and with a part spared."""
    return max(1, int(((1 - _SPARE) * left_s - opening_s) / each_s))


def pretrain_within(config: PretrainingConfig, seconds: float, timed: int, log: Callable[[str], None]) -> Path:
    """The first stage: as many epochs as fit, at least one.

    Args:
        config: of the run; its epochs are replaced.
        seconds: for all of it.
        timed: steps that are timed, after as many to warm up.
        log: gets a line at a time.

    Returns:
        The checkpoint.
    """
    began = time.monotonic()
    loading_s, step_s, epoch_steps = _time_pretraining(config, timed)
    epochs = fitting(seconds - (time.monotonic() - began), loading_s, step_s * epoch_steps)
    log(f"pretraining: {1000 * step_s:.1f} ms a step, {epochs} epochs of {epoch_steps} steps")
    fitted = replace(config, epochs=epochs, warmup_epochs=min(config.warmup_epochs, epochs / 10))
    return Path(pretrain(fitted, log)["checkpoint"])


def _time_pretraining(config: PretrainingConfig, timed: int) -> tuple[float, float, int]:
    """Seconds until the first batch is there, seconds per step, and steps per epoch."""
    with process_group(config.device) as ranks:
        try:
            sets = find_sets(config.data, config.sensors or None)
            pairs = find_pair_sets(config.data, config.pair_sets, config.seed)
        except (OSError, ValueError) as error:
            raise InputError(str(error)) from error
        trainer = Trainer(config, sets, ranks, lambda line: None, pairs)
        steps = list(trainer.schedule.steps_between(0, 2 * timed))
        began = time.monotonic()
        loader = batches(trainer.sources, steps, ranks, config.workers, config.resident)
        trainer.step(next(loader))
        loading_s = time.monotonic() - began
        for number, batch in enumerate(loader, 1):
            if number == len(steps) // 2:
                _finish(ranks.device)
                began = time.monotonic()
            trainer.step(batch)
        _finish(ranks.device)
        return loading_s, (time.monotonic() - began) / (len(steps) - len(steps) // 2), trainer.schedule.steps_per_epoch


def finetune_within(
    checkpoint: Path,
    tasks: Sequence[DenseTask],
    output: Path,
    device: torch.device,
    seconds: float,
    timed: int,
    log: Callable[[str], None],
    config: FinetuningConfig = FINETUNING,
) -> Path:
    """The second stage: as many steps as fit, at least one.

    Args:
        checkpoint: to start from.
        tasks: labelled rasters.
        output: folder of the run.
        device: where it is computed.
        seconds: for all of it.
        timed: steps that are timed.
        log: gets a line at a time.
        config: settings; its steps are replaced.

    Returns:
        The checkpoint.
    """
    began = time.monotonic()
    shares = {task.name: SHARES[task.name] for task in tasks}
    with tempfile.TemporaryDirectory() as folder:
        trial = replace(config, steps=timed, warmup=1)
        run = FinetuningRun(checkpoint, tasks, shares, Path(folder), trial, lambda line: None, device)
        opening_s = time.monotonic() - began
        run.train()  # saving it counts as a part of the steps
        step_s = (time.monotonic() - began - opening_s) / timed
        del run  # and its rasters in the device's memory
    steps = fitting(seconds - (time.monotonic() - began), opening_s, step_s)
    log(f"finetuning: {1000 * step_s:.1f} ms a step, {steps} steps")
    fitted = replace(config, steps=steps, warmup=min(config.warmup, steps // 10))
    return FinetuningRun(checkpoint, tasks, shares, output, fitted, log, device).train()


def _finish(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _command(args: argparse.Namespace) -> None:
    began, limit = time.monotonic(), 60 * args.minutes
    if args.output.exists():
        raise InputError(f"expected a new folder for the run, found {args.output}")
    device = choose_device(args.device)
    config = load(args.config, {"data": str(args.samples), "output": str(args.output / "pretrained")})
    config = replace(config, device=device.type)
    tasks = dense_tasks(args.data)
    seconds = PRETRAINING_SHARE * (limit - (time.monotonic() - began))
    first = pretrain_within(config, seconds, args.timed_steps, console.log)
    seconds = limit - (time.monotonic() - began)
    print(finetune_within(first, tasks, args.output / "finetuned", device, seconds, args.timed_steps, console.log))
    console.log(f"{(time.monotonic() - began) / 60:.1f} min")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command line; returns its exit code."""
    parser = argparse.ArgumentParser("training.starter_gpu", description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("samples", type=Path, help="folder of prepared samples and pair sets")
    parser.add_argument("data", type=Path, help="folder with the public samples, labels too")
    parser.add_argument("-o", "--output", type=Path, required=True, help="new folder of the run")
    parser.add_argument("--minutes", type=float, default=8.0, help="for all of it, from reading to the end [8]")
    parser.add_argument("--config", type=Path, default=CONFIG, help="of the first stage [starter_gpu.yaml]")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="cuda", help="[cuda]")
    parser.add_argument("--timed-steps", type=console.positive_int, default=60, help="of each stage [60]")
    return console.run(parser, _command, arguments)


if __name__ == "__main__":
    sys.exit(main())
