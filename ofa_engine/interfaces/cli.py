"""The command line: `ofa VERB ...` or `python -m ofa_engine VERB ...`. Parses, calls, prints.

Exit codes: 0 done, 2 the user's input or arguments, 3 something broke on the way, 130 cancelled.
"""

import argparse
import json
import sys
import traceback
from collections.abc import Sequence
from typing import Any

from ..core.errors import InputError, OfaError
from ..core.sensors import SENSORS, UNITS
from ..core.version import __version__


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> Any:
        raise InputError(f"{message}; see `{self.prog} --help`")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser("ofa", description="Classify satellite rasters with OFA-Net, whatever the sensor.")
    parser.add_argument("--version", action="version", version=f"ofanet {__version__}")
    common = _Parser(add_help=False)
    common.add_argument("--debug", action="store_true", help="show a traceback with an error")
    common.add_argument("--json", action="store_true", help="print the answer as one JSON object")
    told = _Parser(add_help=False)
    told.add_argument("--sensor", choices=list(SENSORS), help="the sensor, where it is not told from the raster")
    told.add_argument("--bands", metavar="3,2,1,-", help="source band of each band of the sensor, - where missing")
    told.add_argument("--units", choices=list(UNITS), help="the unit of the raster's values")
    one = _Parser(add_help=False)
    one.add_argument("input", metavar="RASTER")
    compute = _Parser(add_help=False)
    compute.add_argument("-o", "--output", required=True)
    compute.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"))
    compute.add_argument("--memory-mb", type=int, help="memory budget (default: 1024, or a quarter of what is free)")
    compute.add_argument("--tile-px", type=int, help="source pixels along a tile (default: the head's)")
    where = _Parser(add_help=False)
    where.add_argument("--bounds", type=_bounds, metavar="W,S,E,N", help="only this part, in the raster's CRS")
    where.add_argument(
        "--valid-mask",
        metavar="RASTER",
        help="leave out where this raster is 0 or has no data; of "
        "Sentinel-2's SCL: clouds, their shadows, snow and what is saturated",
    )
    where.add_argument("--mask-values", type=_numbers, metavar="V,V", help="leave out these values of it instead")
    where.add_argument("--mask", metavar="POLYGONS", help="only pixels whose middle lies in one of these, in any CRS")
    run = _Parser(add_help=False, parents=[one, told, compute, where])
    run.add_argument("--resume", action="store_true", help="go on with a run of this output that was stopped")
    drawn = _Parser(add_help=False)
    drawn.add_argument("--overlap", type=float, help="of neighbouring tiles, 0 to 0.75 (default 0.25)")
    drawn.add_argument("--min-area", type=float, metavar="HA", help="smaller areas go to their largest neighbour")
    drawn.add_argument("--flips", action="store_true", help="the mean over mirrored tiles: smoother, 4 times as long")
    drawn.add_argument("--cog", action="store_true", help="write cloud-optimised GeoTIFFs")
    head = _Parser(add_help=False)
    head.add_argument("--head", help="head file or name (default: the first one for the sensor; see `ofa models`)")
    backbone = _Parser(add_help=False)
    backbone.add_argument("--checkpoint", help="file or name (default: the first one for the sensor; see `ofa models`)")
    labelled = _Parser(add_help=False)
    labelled.add_argument(
        "--labels",
        nargs="+",
        required=True,
        metavar="L",
        help="one file of polygons, or a label raster for each raster in the same order",
    )
    labelled.add_argument("--field", help="the polygons' class field (default: the one that is named like it)")
    labelled.add_argument(
        "--ignore",
        type=lambda text: text.split(","),
        default=[],
        metavar="V,V",
        help="label values that are no classes",
    )

    verbs = parser.add_subparsers(dest="verb", required=True, parser_class=_Parser, metavar="VERB")
    verbs.add_parser("detect", parents=[common, one, told], help="which sensor, bands and units a raster has")
    verb = verbs.add_parser("segment", parents=[common, run, head, drawn], help="one class a pixel, to a GeoTIFF")
    verb.add_argument("--polygons", metavar="P.gpkg", help="dissolved polygons, too")
    verb.add_argument("--confidence", metavar="C.tif", help="the winning class's probability, too")
    verb.add_argument("--report", metavar="R.html", help="a page of the classes' areas, too")
    verb = verbs.add_parser("classify", parents=[common, run, head], help="one class a tile, to .gpkg or .tif")
    verb.add_argument("--report", metavar="R.html", help="a page of the classes' areas, too")
    verb = verbs.add_parser("embed", parents=[common, run, backbone], help="token features, to a multi-band GeoTIFF")
    verb.add_argument("--picture", metavar="RGB.tif", help="their first three principal components, too")
    verb = verbs.add_parser(
        "fit", parents=[common, told, compute, labelled, backbone], help="a head from rasters and labels"
    )
    verb.add_argument("inputs", nargs="+", metavar="RASTER")
    verb.add_argument("--task", default="segment", choices=("segment", "classify"), help="one class a pixel, or a tile")
    verb.add_argument(
        "--kind",
        default="auto",
        choices=("auto", "linear", "linear+pixels"),
        help="what the head sees (default: the better in cross-validation)",
    )
    verb.add_argument("--name", help="the head's name (default: the file's)")
    verb.add_argument("--seed", type=int, default=0, help="of folds and draws")
    verb = verbs.add_parser("evaluate", parents=[common, told, compute, labelled], help="how good a head is: a report")
    verb.add_argument("head", metavar="HEAD")
    verb.add_argument("inputs", nargs="+", metavar="RASTER")
    verb = verbs.add_parser("sample", parents=[common], help="random points by class, for an honest accuracy")
    verb.add_argument("input", metavar="MAP", help="a class layer, as `ofa segment` writes it")
    verb.add_argument("-o", "--output", required=True, metavar="POINTS.gpkg")
    verb.add_argument("--target-error", type=float, default=0.02, help="standard error of the overall accuracy wanted")
    verb.add_argument("--least", type=int, default=50, help="points a class at least")
    verb.add_argument("--seed", type=int, default=0)
    verb = verbs.add_parser(
        "batch", parents=[common, told, compute, where, head, drawn], help="many scenes with one head, on Dask"
    )
    verb.add_argument(
        "inputs",
        nargs="+",
        metavar="INPUT",
        help="rasters, folders, patterns, a CSV (path or href; id), GeoJSON, a STAC item collection",
    )
    verb.add_argument("--task", default="segment", choices=("segment", "classify"), help="one class a pixel, or a tile")
    verb.add_argument("--format", default="tif", choices=("tif", "gpkg"), help="gpkg: a polygon a tile, for classify")
    verb.add_argument("--workers", type=int, help="processes on this machine (default: one a GPU, or one)")
    verb.add_argument("--scheduler", metavar="tcp://HOST:PORT", help="a Dask cluster of your own instead")
    verb.add_argument("--rerun-failed", action="store_true", help="also scenes that could not be used as they are")
    verbs.add_parser("models", parents=[common], help="list checkpoints and heads")
    verb = verbs.add_parser("bench", parents=[common], help="bare forward against the whole pipeline")
    verb.add_argument("input", metavar="RASTER", nargs="?", help="(default: a generated one of --sensor and --size-px)")
    verb.add_argument("--compare", action="store_true", help="the same model through other tools that are installed")
    verb.add_argument("--model", choices=("starter", "tiny", "base"), help="tiny, base: ViT of random weights, 224 px")
    verb.add_argument("--sensor", choices=list(SENSORS), help="of the generated raster (default: gaofen, 4 bands)")
    verb.add_argument("--classes", type=int, help="a head of random weights with so many")
    verb.add_argument("--size-px", type=int, help="side of the generated raster (default 3072)")
    verb.add_argument("--tile-px", type=int, help="source pixels along a tile (default: the head's; 224)")
    verb.add_argument("--overlap", type=float, help="of neighbouring tiles, 0 to 0.75 (default 0.25)")
    verb.add_argument("--memory-mb", type=int, help="memory budget (default: 1024, or a quarter of what is free)")
    verb.add_argument("--device", choices=("auto", "cpu", "cuda"))
    verb.add_argument("--rounds", type=int, help="each takes a turn of all that is measured (default 5)")
    verbs.add_parser("worker", parents=[common], help="serve JSON lines (for the QGIS plugin)")
    return parser


def _numbers(text: str) -> list[float]:
    return [float(part) for part in text.split(",")]


def _bounds(text: str) -> list[float]:
    parts = _numbers(text)
    if len(parts) != 4:
        raise ValueError
    return parts


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command line; returns its exit code."""
    debug = "--debug" in (sys.argv[1:] if argv is None else argv)
    try:
        args = _parser().parse_args(argv)
        return _VERBS.get(args.verb, _predict)(args)
    except OfaError as error:
        if debug:
            traceback.print_exc()
        print(f"ofa: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("ofa: cancelled", file=sys.stderr)
        return 130
    except Exception as error:  # the contract: one line and 3; the traceback on request
        if debug:
            traceback.print_exc()
        print(f"ofa: unexpected: {type(error).__name__}: {error} (--debug shows where)", file=sys.stderr)
        return 3


def _print(answer: dict, as_json: bool) -> None:
    if as_json:
        print(json.dumps(answer, ensure_ascii=False))
        return
    for key, value in answer.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            print(f"{key}:")
            for entry in value:
                print("  " + "  ".join(f"{k}={v}" for k, v in entry.items()))
        elif not isinstance(value, dict):
            print(f"{key}: {value}")


def _detect(args: argparse.Namespace) -> int:
    from ..raster.source import Source, detect_source  # nothing here imports torch

    with Source(args.input) as source:
        found = detect_source(source, args.sensor, args.bands, args.units)
    if found.sensor or args.json:
        _print(found.to_json(), args.json)
    if found.sensor is None:
        print(f"ofa: {found.reason}", file=sys.stderr)
        return InputError.exit_code
    return 0


def _predict(args: argparse.Namespace) -> int:
    _run(args)
    return 0


def _run(args: argparse.Namespace, unit: str = "tile", scale: float = 0) -> dict:
    """Runs a verb with a progress bar, prints its answer and returns it."""
    from tqdm import tqdm

    from . import commands as verbs

    known = {k: v for k, v in vars(args).items() if k not in ("verb", "debug", "json") and v is not None}
    with tqdm(unit=unit, unit_scale=scale, disable=args.json or not sys.stderr.isatty(), leave=False) as bar:

        def progress(done: int, total: int, seconds_left: float | None) -> None:
            bar.total = total
            bar.update(done - bar.n)

        def log(level: str, message: str) -> None:
            if not args.json:
                bar.write(message, file=sys.stderr)

        answer = verbs.run(args.verb, known, verbs.Callbacks(progress, log))
    text = None if args.json else verbs.show(args.verb, answer)
    print(text) if text else _print(answer, args.json)
    return answer


def _batch(args: argparse.Namespace) -> int:
    from ..batch.run import PARTS, failure_line

    answer = _run(args, "scene", 1 / PARTS)
    line = failure_line(answer)
    if line:
        print(f"ofa: {line}", file=sys.stderr)
    return OfaError.exit_code if line else 0


def _models(args: argparse.Namespace) -> int:
    from ..core import catalog

    heads = [
        {"name": h.name, "sensor": h.header["sensor"], "task": h.header["task"], "path": str(h.path)}
        for h in catalog.list_heads()
    ]
    checkpoints = [
        {"name": c.name, "sensors": ",".join(c.header["sensors"]), "path": str(c.path)}
        for c in catalog.list_checkpoints()
    ]
    _print({"checkpoints": checkpoints, "heads": heads}, args.json)
    return 0


def _bench(args: argparse.Namespace) -> int:
    from tqdm import tqdm

    from ..benchmark.bench import BenchOptions, bench
    from ..benchmark.other_tools import compare, table

    known = {k: v for k, v in vars(args).items() if v is not None and k not in ("verb", "debug", "json", "compare")}
    form = "{percentage:3.0f}%|{bar}| {elapsed} gone, {remaining} left"
    with tqdm(total=1.0, bar_format=form, disable=not sys.stderr.isatty(), leave=False) as bar:

        def log(text: str) -> None:
            bar.write(text, file=sys.stderr)

        def done(share: float) -> None:
            bar.update(share - bar.n)

        answer = (compare if args.compare else bench)(BenchOptions(**known), log, done)
    print(table(answer)) if args.compare and not args.json else _print(answer, args.json)
    return 0


def _worker(args: argparse.Namespace) -> int:
    from .worker import serve

    return serve()


_VERBS = {"detect": _detect, "batch": _batch, "models": _models, "bench": _bench, "worker": _worker}
