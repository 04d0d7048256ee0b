"""`python -m training.prepare SOURCE INPUT -o FOLDER`: a pretraining set as downloaded to shards for random access.

Writes FOLDER/SENSOR/shard-00000.npy, ... and manifest.json: up to 10,000 samples per sensor, drawn by hashes of their
names and the seed, so that the draw depends neither on the file system's order nor on the number of workers. Files that
cannot be read, or hold no values, are skipped and listed in the manifest, and the draw continues without them. A rerun
of the same command keeps valid shards, checked by their checksums, and writes only what is missing: an interrupted run
ends in the same bytes as an undisturbed one. Statistics per band are merged by Chan's formula in double precision.

Plain numpy files were chosen over zarr after measuring both (tests/bench/shard_formats.py, docs/pretraining_data.md).
"""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from ofa_engine.core.errors import InputError
from ofa_engine.core.sensors import UNITS
from training import console
from training.data.preparation import SHARD_MB, Preparation, summary
from training.data.readers import SOURCES, SourceOptions, open_source


def _parser() -> argparse.ArgumentParser:
    p = argparse.ArgumentParser("training.prepare", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("source", choices=SOURCES, metavar="SOURCE", help=", ".join(SOURCES))
    p.add_argument("input", nargs="?", type=Path, metavar="INPUT", help="folder as downloaded; none for simulate")
    p.add_argument("-o", "--output", type=Path, required=True, metavar="FOLDER")
    p.add_argument("--sensor", metavar="S", help="one sensor of the source; for geotiffs: instead of detecting it")
    p.add_argument(
        "--count", type=console.positive_int, default=10_000, help="samples per sensor at most [%(default)s]"
    )
    p.add_argument("--seed", type=int, default=0, help="of the draw, and of simulated scenes [%(default)s]")
    p.add_argument("--size-px", type=console.positive_int, metavar="PX", help="side of all samples [the source's own]")
    p.add_argument("--bands", help="for geotiffs: source bands in the sensor's order, such as 3,2,1,-")
    p.add_argument("--units", choices=UNITS, metavar="U", help=f"for geotiffs: {', '.join(UNITS)}")
    p.add_argument("--variant", help="five-billion-pixels: 8-bit or 16-bit; ssl4eo: s2_l2a or s2_l1c [the first found]")
    p.add_argument("--split", help="hyspecnet: only the patches of a split, such as easy/train")
    p.add_argument("--workers", type=console.positive_int, default=os.cpu_count() or 1, help="processes [%(default)s]")
    p.add_argument("--shard-mb", type=float, default=SHARD_MB, help="size of a shard at most [%(default)s]")
    p.add_argument("--overwrite", action="store_true", help="replace another preparation in the same folder")
    p.add_argument("--quiet", action="store_true", help="no progress bar")
    return p


def _source_options(args: argparse.Namespace) -> SourceOptions:
    """Raises InputError without the folder that the source needs."""
    names = ("source", "sensor", "count", "seed", "size_px", "bands", "units", "variant", "split")
    if SOURCES[args.source].reads_folder and (args.input is None or not args.input.is_dir()):
        found = f"no folder {args.input}" if args.input else "none"
        raise InputError(f"expected INPUT, the folder of {args.source} as downloaded, found {found}")
    return SourceOptions(**{name: getattr(args, name) for name in names}, root=args.input or Path())


def _command(args: argparse.Namespace) -> None:
    preparation = Preparation(
        source=args.source,
        input_name=Path(args.input or "").name,
        output=args.output,
        count=args.count,
        seed=args.seed,
        size_px=args.size_px,
        crop=bool(args.size_px) and args.source not in ("geotiffs", "simulate"),
        shard_mb=args.shard_mb,
        workers=args.workers,
        overwrite=args.overwrite,
        quiet=args.quiet,
    )
    for reader, listing in open_source(_source_options(args)):
        if args.sensor and reader.sensor != args.sensor:
            raise InputError(f"expected --sensor {reader.sensor}, which {args.source} holds, found {args.sensor}")
        manifest = preparation.prepare(reader, listing)
        print(summary(manifest, listing, args.output / reader.sensor))


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command line; returns its exit code."""
    cancelled = "cancelled; whole shards are kept, the same command continues from there"
    return console.run(_parser(), _command, arguments, cancelled=cancelled)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a scheduler's stop is as good as Ctrl-C
    sys.exit(main())
