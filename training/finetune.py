"""`python -m training.finetune CHECKPOINT DATA -o RUN`: the supervised second stage, see `training.finetuning.run`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ofa_engine.model.checkpoint import choose_device
from training import console
from training.finetuning.dense_sets import dense_tasks
from training.finetuning.run import FinetuningConfig, FinetuningRun

SHARES = {
    "sentinel-2 land cover": 0.28,
    "naip land cover at 10 m": 0.10,
    "gaofen land cover at 10 m": 0.11,
    "sentinel-1 land cover": 0.06,
    "sentinel-1 water": 0.03,
    "naip scenes at 10 m": 0.20,
    "naip land cover at 0.2 m": 0.06,
    "gaofen land cover at 0.2 m": 0.06,
    "naip land cover at 1 m": 0.05,
    "gaofen land cover at 1 m": 0.05,
}


def _command(args: argparse.Namespace) -> None:
    config = FinetuningConfig(steps=args.steps, seed=args.seed)
    device = choose_device(args.device)
    print(FinetuningRun(args.checkpoint, dense_tasks(args.data), SHARES, args.output, config, device=device).train())


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command line; returns its exit code."""
    parser = argparse.ArgumentParser("training.finetune", description=__doc__)
    parser.add_argument("checkpoint", type=Path, help="to start from, of training.pretrain")
    parser.add_argument("data", type=Path, help="folder with the public samples")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder of the run; continued where it exists")
    parser.add_argument("--steps", type=console.positive_int, default=FinetuningConfig.steps)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="cpu", help="[cpu]")
    return console.run(parser, _command, arguments)


if __name__ == "__main__":
    sys.exit(main())
