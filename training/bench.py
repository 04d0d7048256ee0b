"""`python -m training.bench`: how fast pretraining is on this machine, by sensor, and what limits it.

synthetic: whole steps (normalising, cropping, forward, backward, optimizer) on one batch that stays on the device;
real: the same with samples from prepared shards through pretraining's own loader; loader: that loader alone. Shards
that were read before come from the system's cache. `--reference` compares our step with a plain one in the style of the
MAE code that the paper builds on (`throughput.reference_mae`); both get the same normalised pixels. What is compared is
measured in turns, so that changes of the machine's load affect both.
"""

import argparse
import gc
import json
import sys
from collections.abc import Callable, Sequence
from typing import Any

import torch

from ofa_engine.core.errors import InputError
from ofa_engine.core.sensors import SENSORS
from training import console
from training.data.shards import find_sets
from training.machine import machine
from training.pretraining.config import DTYPES, SIZES, PretrainingConfig
from training.pretraining.distributed import process_group
from training.throughput.flops import peak_tflops
from training.throughput.sensor_throughput import SensorThroughput


def bench(
    config: PretrainingConfig,
    seconds: float = 10.0,
    reference: bool = False,
    log: Callable[[str], None] = lambda text: None,
) -> dict[str, Any]:
    """Measures pretraining on this machine.

    Args:
        config: model, batch, precision and device; `data` with prepared samples, or "" for random values only.
        seconds: of each measurement.
        reference: also compare with a plain MAE step.
        log: gets one line at a time.

    Returns:
        Facts of the machine, and figures by sensor id.

    Raises:
        InputError: samples or device are missing.
    """
    with process_group(config.device) as ranks:
        try:
            sets = find_sets(config.data, config.sensors or None) if config.data else {}
        except (OSError, ValueError) as error:
            raise InputError(str(error)) from error
        peak = peak_tflops(ranks.device, config.precision)
        facts: dict[str, Any] = {
            "machine": machine(ranks.device.type),
            "device": ranks.device.type,
            "model": config.model,
            "precision": config.precision,
            "batch": config.batch,
            "compile": config.compile,
            "peak_tflops": peak and round(peak, 3),
            "sensors": {},
        }
        log(f"{facts['machine']}; {config.model}, {config.precision}, batches of {config.batch}")
        for key in config.sensors or list(sets) or list(SENSORS):
            figures = SensorThroughput(config, key, sets.get(key), ranks).measure(seconds, peak, reference)
            gc.collect()  # frees this sensor's model before the next one's is made
            facts["sensors"][key] = figures
            log(f"{key}: " + ", ".join(f"{name} {value}" for name, value in figures.items() if value is not None))
        return facts


def _parser() -> argparse.ArgumentParser:
    p = argparse.ArgumentParser("training.bench", description="Speed of pretraining on this machine, by sensor.")
    p.add_argument("--data", default="", help="folder of prepared samples; without it random values only")
    p.add_argument("--sensors", nargs="+", default=[], choices=SENSORS, metavar="S", help="[all]")
    p.add_argument("--model", choices=SIZES, default="base", help="[%(default)s]")
    p.add_argument("--batch", type=int, help="samples per step [256 on a GPU, 16 on a CPU]")
    p.add_argument("--input-px", type=int, default=224, help="side of the model's input [%(default)s]")
    p.add_argument("--decoder-width", type=int, default=512, help="[%(default)s]")
    p.add_argument("--decoder-depth", type=int, default=8, help="[%(default)s]")
    p.add_argument("--decoder-heads", type=int, default=16, help="[%(default)s]")
    p.add_argument("--precision", choices=DTYPES, help="[bf16 on a GPU, fp32 on a CPU]")
    p.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto", help="[%(default)s]")
    p.add_argument("--compile", action="store_true", help="torch.compile for our step")
    p.add_argument("--workers", type=int, default=2, help="processes that read samples [%(default)s]")
    p.add_argument("--seconds", type=float, default=20.0, help="of each measurement [%(default)s]")
    p.add_argument("--reference", action="store_true", help="also time a plain MAE step")
    p.add_argument("--json", action="store_true", help="one JSON object on standard output")
    return p


def _config(args: argparse.Namespace) -> PretrainingConfig:
    cuda = args.device != "cpu" and torch.cuda.is_available()
    return PretrainingConfig(
        data=args.data,
        sensors=args.sensors,
        model=args.model,
        batch=args.batch or (256 if cuda else 16),
        input_px=args.input_px,
        decoder_width=args.decoder_width,
        decoder_depth=args.decoder_depth,
        decoder_heads=args.decoder_heads,
        precision=args.precision or ("bf16" if cuda else "fp32"),
        device=args.device,
        compile=args.compile,
        workers=args.workers,
    )


def _command(args: argparse.Namespace) -> None:
    facts = bench(_config(args), args.seconds, args.reference, console.log)
    print(json.dumps(facts) if args.json else _table(facts))


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command line; returns its exit code."""
    return console.run(_parser(), _command, arguments)


def _table(facts: dict[str, Any]) -> str:
    """One line per figure, one column per sensor."""
    columns = facts["sensors"]
    names = [n for n in next(iter(columns.values())) if any(c[n] is not None for c in columns.values())]
    lines = [["", *columns], *([n, *(str(c[n]) for c in columns.values())] for n in names)]
    peak = facts["peak_tflops"]
    return "\n".join(
        [
            f"{facts['machine']}; peak {peak or 'unknown'} TFLOP/s; {facts['model']}, {facts['precision']}, "
            f"batches of {facts['batch']}"
        ]
        + [f"{line[0]:20}" + "".join(f"{cell:>12}" for cell in line[1:]) for line in lines]
    )


if __name__ == "__main__":
    sys.exit(main())
