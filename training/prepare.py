"""`python -m training.prepare SOURCE INPUT -o FOLDER`: a pretraining set as downloaded to shards for random access.

Writes FOLDER/SENSOR/shard-00000.npy, ... and manifest.json (see `shards`): 10,000 samples a sensor, drawn by hashes of
their names and the seed, so that the draw depends neither on the file system's order nor on the number of workers.
Files that cannot be read, or hold nothing, are skipped and named in the manifest, and the draw goes on without them.
Beside each shard lies a small record of what went into it: a rerun of the same command keeps whole shards whose
checksum is right and makes only what is missing, so that a run that was stopped ends in the same bytes as one that was
not. Statistics are merged from those of the samples by Chan's formula in double precision.

Plain numpy files were chosen over zarr after measuring both (tests/bench/shard_formats.py, docs/pretraining_data.md).
"""

import argparse
import contextlib
import hashlib
import json
import os
import signal
import sys
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from ofa_engine.core.errors import InputError, OfaError, OutputError
from ofa_engine.core.sensors import SENSORS, UNITS, get_sensor
from training.data.packing import Loader, Moments, Record, Writer, draw, sample_shape
from training.data.readers import readers
from training.data.readers.readers import Listing, Reader
from training.data.shards import Manifest

SOURCES = ("satlas", "five-billion-pixels", "hyspecnet", "ssl4eo", "images", "geotiffs", "simulate", "starter")
SHARD_MB = 256
_ONLY_FOR = {
    "bands": ("geotiffs",),
    "units": ("geotiffs",),
    "split": ("hyspecnet",),
    "variant": ("five-billion-pixels", "ssl4eo"),
}


def manifest(
    reader: Reader, records: Sequence[Record], listing: Listing, shape: tuple[int, int], source: str, seed: int
) -> Manifest:
    """Statistics are those of the stored values of all shards; mean 0 and deviation 1 stand for a band without any."""
    total: Moments | None = None
    for record in (r for r in records if r.moments):
        moments = Moments(*(np.array(part) for part in record.moments))
        total = moments if total is None else total.merge(moments)
    if total is None:
        why = next((s for r in records for s in r.skipped), None) or next(iter(listing.skipped), None)
        text = f"; the first, {why['file']}: {why['why']}" if why else ""
        raise InputError(f"expected samples of {reader.sensor} that can be used, found none{text}")
    there = total.valid > 0
    return Manifest(
        sensor=reader.sensor,
        units=reader.units,
        shape=[len(there), *shape],
        dtype=reader.dtype,
        source=source,
        seed=seed,
        nodata=reader.nodata,
        mean=np.where(there, total.mean, 0.0).tolist(),
        std=np.where(there, total.std(), 1.0).tolist(),
        present=there.tolist(),
        shards=[{"file": r.file, "count": r.count, "sha256": r.sha256} for r in records if r.count],
        samples=[name for r in records for name in r.samples],
        skipped=[*listing.skipped, *(s for r in records for s in r.skipped)],
    )


# --- the command -------------------------------------------------------------------------------------------------


def open_sources(args: argparse.Namespace) -> Iterator[tuple[Reader, Listing]]:
    """A reader with its listing for each sensor that the source holds, or for the one asked for. Raises InputError."""
    for option, sources in _ONLY_FOR.items():
        if getattr(args, option) and args.source not in sources:
            raise InputError(f"expected --{option} with {' or '.join(sources)} only, found it with {args.source}")
    if args.source == "simulate":
        for sensor in [get_sensor(args.sensor).id] if args.sensor else SENSORS:
            yield readers.simulated(sensor, args.count, args.seed, args.size_px)
        return
    if args.input is None or not args.input.is_dir():
        found = f"no folder {args.input}" if args.input else "none"
        raise InputError(f"expected INPUT, the folder of {args.source} as downloaded, found {found}")
    root = args.input
    if args.source == "images":
        yield readers.images(root)
        return
    if args.source == "satlas":
        for sensor in _chosen(args, {s: (f,) for s, f in readers.SATLAS_FOLDERS.items()}, root):
            yield readers.satlas(root, sensor)
        return
    from training.data.readers import readers_raster as rasters  # rasterio is needed from here on

    if args.source == "starter":
        from training.data.readers.readers_starter import mixture

        for sensor in [get_sensor(args.sensor).id] if args.sensor else SENSORS:
            yield mixture(root, sensor)
    elif args.source == "five-billion-pixels":
        yield rasters.five_billion_pixels(root, args.variant)
    elif args.source == "hyspecnet":
        yield rasters.hyspecnet(root, args.split)
    elif args.source == "ssl4eo":
        for sensor in _chosen(args, rasters.SSL4EO_FOLDERS, root):
            yield rasters.ssl4eo(root, sensor, args.variant)
    else:
        yield rasters.geotiffs(root, args.sensor, args.bands, args.units, args.size_px)


def _chosen(args: argparse.Namespace, folders: dict[str, tuple[str, ...]], root: Path) -> list[str]:
    """Sensors of which a folder is there, or the one asked for."""
    if args.sensor and args.sensor not in folders:
        raise InputError(f"expected --sensor out of {', '.join(folders)} for {args.source}, found {args.sensor}")
    wanted = {s: names for s, names in folders.items() if args.sensor in (None, s)}
    there = readers.expect_folder(root, [name for names in wanted.values() for name in names], args.source)
    return [sensor for sensor, names in wanted.items() if set(names) & set(there)]


def prepare(args: argparse.Namespace, reader: Reader, listing: Listing) -> Manifest:
    """Shards and manifest of one sensor. Raises InputError, OutputError."""
    from tqdm import tqdm

    order = draw(listing, args.seed)
    told = bool(args.size_px) and args.source not in ("geotiffs", "simulate")
    shape = sample_shape(reader, order, args.size_px)
    bands = len(get_sensor(reader.sensor).bands)
    folder = args.output / reader.sensor
    how = (args.source, {**vars(reader), "root": ""}, shape, told, args.seed, args.shard_mb)
    recipe = hashlib.sha256(repr(how).encode()).hexdigest()
    _own_folder(folder, recipe, args.overwrite)
    with (
        tqdm(total=min(args.count, len(order)), desc=reader.sensor, unit="sample", disable=args.quiet or None) as bar,
        Loader(reader, order, shape, told, args.workers) as loader,
    ):
        records = Writer(folder, loader, recipe, args.count, int(args.shard_mb * 1e6), bands).run(bar)
    result = manifest(reader, records, listing, shape, f"{args.source}: {Path(args.input or '').name}", args.seed)
    result.save(folder)
    return result


def _own_folder(folder: Path, recipe: str, overwrite: bool) -> None:
    """Creates the folder. Raises OutputError where it holds another preparation, unless that may be overwritten."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write {folder}: {error.strerror}") from error
    for path in folder.glob("shard-*.json"):
        with contextlib.suppress(OSError, ValueError):
            if json.loads(path.read_text(encoding="utf-8")).get("recipe") != recipe and not overwrite:
                raise OutputError(
                    f"expected an empty folder or the same preparation, found another one in {folder} "
                    "(other options): choose another -o, or --overwrite"
                )
    for path in (*folder.glob(".*.part"), folder / "manifest.json"):  # no manifest beside shards that are not its own
        path.unlink(missing_ok=True)


def report(result: Manifest, listing: Listing, folder: Path) -> str:
    """What was made, for people."""
    size = sum((folder / shard["file"]).stat().st_size for shard in result.shards)
    (c, h, w), there = result.shape, sum(result.present)
    lines = [
        f"{result.sensor}: {len(result.samples):,} of {len(listing.names):,} samples, {there} of {c} bands, "
        f"{h} x {w} px, {result.dtype} ({UNITS[result.units]})",
        f"  {len(result.shards)} shards, {size / 1e6:,.1f} MB in {folder}",
    ]
    lines += [f"  {note}" for note in listing.notes]
    if result.skipped:
        lines.append(f"  skipped {len(result.skipped):,} (all named in manifest.json):")
        lines += [f"    {entry['file']}: {entry['why']}" for entry in result.skipped[:10]]
    return "\n".join(lines)


def parser() -> argparse.ArgumentParser:
    p = argparse.ArgumentParser("training.prepare", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("source", choices=SOURCES, metavar="SOURCE", help=", ".join(SOURCES))
    p.add_argument("input", nargs="?", type=Path, metavar="INPUT", help="folder as downloaded; none for simulate")
    p.add_argument("-o", "--output", type=Path, required=True, metavar="FOLDER")
    p.add_argument("--sensor", metavar="S", help="one sensor of the source; for geotiffs: instead of detecting it")
    p.add_argument("--count", type=_positive, default=10_000, help="samples a sensor at most [%(default)s]")
    p.add_argument("--seed", type=int, default=0, help="of the draw, and of simulated scenes [%(default)s]")
    p.add_argument("--size-px", type=_positive, metavar="PX", help="side of all samples [the source's own]")
    p.add_argument("--bands", help="for geotiffs: source bands in the sensor's order, such as 3,2,1,-")
    p.add_argument("--units", choices=UNITS, metavar="U", help=f"for geotiffs: {', '.join(UNITS)}")
    p.add_argument("--variant", help="five-billion-pixels: 8-bit or 16-bit; ssl4eo: s2_l2a or s2_l1c [the first found]")
    p.add_argument("--split", help="hyspecnet: only the patches of a split, such as easy/train")
    p.add_argument("--workers", type=_positive, default=os.cpu_count() or 1, help="processes [%(default)s]")
    p.add_argument("--shard-mb", type=float, default=SHARD_MB, help="size of a shard at most [%(default)s]")
    p.add_argument("--overwrite", action="store_true", help="replace another preparation in the same folder")
    p.add_argument("--quiet", action="store_true", help="no progress bar")
    p.add_argument("--debug", action="store_true", help="tracebacks of errors")
    return p


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a number from 1, found {text}")
    return value


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; returns the engine's exit codes: 0, 2 the user's input, 3 ours, 130 cancelled."""
    args = parser().parse_args(argv)
    try:
        for reader, listing in open_sources(args):
            if args.sensor and reader.sensor != args.sensor:
                raise InputError(f"expected --sensor {reader.sensor}, which {args.source} holds, found {args.sensor}")
            result = prepare(args, reader, listing)
            print(report(result, listing, args.output / reader.sensor))
        return 0
    except KeyboardInterrupt:
        print("prepare: cancelled; whole shards are kept, the same command goes on from there", file=sys.stderr)
        return 130
    except Exception as error:
        if args.debug:
            traceback.print_exc()
        known = isinstance(error, OfaError)
        text = str(error) if known else f"unexpected: {type(error).__name__}: {error} (--debug shows where)"
        print(f"prepare: {text}", file=sys.stderr)
        return error.exit_code if isinstance(error, OfaError) else 3


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a scheduler's stop is as good as Ctrl-C
    sys.exit(main())
