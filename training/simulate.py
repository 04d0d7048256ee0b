"""`python -m training.simulate`: simulated scenes of a sensor as GeoTIFFs, with their land cover."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ofa_engine.core.errors import InputError
from ofa_engine.core.sensors import SENSORS
from training import console
from training.simulation.scene_files import SAMPLES, write_scene


def _parser() -> argparse.ArgumentParser:
    p = argparse.ArgumentParser("training.simulate", description="Simulate scenes of a sensor.")
    p.add_argument("--sensor", choices=list(SENSORS))
    p.add_argument("--size", type=int, default=256, metavar="PX", help="side of the scene [%(default)s]")
    p.add_argument("--seed", type=int, default=0, help="of the scene [%(default)s]")
    p.add_argument("-o", "--output", type=Path, metavar="FILE.tif")
    p.add_argument("--labels", type=Path, metavar="FILE.tif", help="write the land cover too")
    p.add_argument("--samples", type=Path, metavar="FOLDER", help="write the sample scenes of all sensors")
    return p


def _command(args: argparse.Namespace) -> None:
    if args.samples:
        args.samples.mkdir(parents=True, exist_ok=True)
        for sensor_id, (size_px, seed) in SAMPLES.items():
            write_scene(sensor_id, size_px, seed, args.samples / f"{sensor_id}.tif")
        return
    if not args.sensor or not args.output:
        raise InputError("expected --samples FOLDER, or --sensor and -o")
    try:
        write_scene(args.sensor, args.size, args.seed, args.output, args.labels)
    except ValueError as error:
        raise InputError(str(error)) from error


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command line; returns its exit code."""
    return console.run(_parser(), _command, arguments)


if __name__ == "__main__":
    sys.exit(main())
