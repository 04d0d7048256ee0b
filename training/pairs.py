"""`python -m training.pairs INPUT -o DATA`: pairs across sensors, next to the prepared samples in DATA.

Writes DATA/pairs/s1s2 (Sentinel-1 and -2 of the same ground), DATA/pairs/optical (Sentinel-2 chips, also as NAIP and
Gaofen would show them) and DATA/pairs/simulated (one landscape as all sensors see it), for the objective
`statistics+contrast`.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ofa_engine.core.errors import InputError
from training import console
from training.data.pair_samples import SCENES, optical, radar_optical, simulated, write_pair_set


def _parser() -> argparse.ArgumentParser:
    raw = argparse.RawTextHelpFormatter
    parser = argparse.ArgumentParser("training.pairs", description=__doc__, formatter_class=raw)
    parser.add_argument("input", type=Path, metavar="INPUT", help="folder with the public samples")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DATA", help="folder of prepared samples")
    parser.add_argument(
        "--scenes", type=console.positive_int, default=SCENES, help="simulated landscapes [%(default)s]"
    )
    return parser


def _command(args: argparse.Namespace) -> None:
    if not args.input.is_dir():
        raise InputError(f"expected INPUT, the folder with the public samples, found no folder {args.input}")
    makers = {
        "s1s2": radar_optical(args.input),
        "optical": optical(args.input),
        "simulated": simulated(args.scenes),
    }
    for name, samples in makers.items():
        count = write_pair_set(args.output / "pairs" / name, samples, f"{name}: {args.input.name}")
        print(f"pairs/{name}: {count:,} samples", flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command line; returns its exit code."""
    return console.run(_parser(), _command, arguments)


if __name__ == "__main__":
    sys.exit(main())
