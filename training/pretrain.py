"""`python -m training.pretrain`: masked image modelling of all sensors into one OFA-Net, from prepared samples.

One process, or `torchrun` with as many as there are GPUs on as many machines. Each step is a batch of one sensor; the
sensors are interleaved in one seeded order. Ctrl-C (or SIGTERM) saves a checkpoint, and the same command continues.
"""

import argparse
import sys
from collections.abc import Sequence

from training import console
from training.pretraining.config import argument_parser, from_arguments
from training.pretraining.run import pretrain


def _command(args: argparse.Namespace) -> None:
    pretrain(from_arguments(args))


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command line; returns its exit code, 0 also for a run that was stopped on request."""
    parser = argument_parser("training.pretrain", "Pretrain OFA-Net on prepared samples.")
    return console.run(parser, _command, arguments)


if __name__ == "__main__":
    sys.exit(main())
