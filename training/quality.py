"""`python -m training.quality FOLDER`: how right maps are on real labelled rasters, beside what one would use instead.

FOLDER holds sets of labelled rasters split by place, NAME/images and NAME/labels (docs/quality.md has the layout).
Methods, of which --methods chooses some:
  head          the head that `ofa segment` takes by itself, or those of --head, as they are
  fit           `ofa fit` on other places' labels, on the default checkpoint or those of --checkpoint
  forest        a random forest on the bands of single pixels, fitted on the same places
  forest-local  the same with local means and deviations of the bands in windows of 5, 11 and 25 px
  logistic      logistic regression on the bands of single pixels
With --squares N the methods learn instead, in each densely labelled scene, from N small squares a class drawn there,
and the rest of that scene is scored.
"""

import argparse
import contextlib
import json
import math
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from sklearn.model_selection import GroupKFold

from ofa_engine.core.catalog import find_head, list_heads
from ofa_engine.learning.labelled_scenes import Scene, SceneSet
from training import console
from training.assessment.methods import METHODS, Method, NotComparable, methods_of
from training.assessment.pixel_models import PIXEL_MODELS
from training.assessment.place_scores import Score, Tally, class_ious, joined, near_edges, pooled_scores, scene_scores
from training.assessment.quality_page import Row, merged, read_rows, table, write_page
from training.assessment.scene_sets import read_truth, scene_sets
from training.assessment.squares import draw_squares, map_from_squares, split_truth
from training.machine import machine

FOLDS = 5
ALL = "all sets"
MOST_SQUARE_SCENES = 30  # of a set, evenly out of those that are densely labelled


# --- other places ------------------------------------------------------------------------------------------------


def place_row(scene_set: SceneSet, method: Method, seed: int) -> Row:
    """A method's scores on all scenes of a set; those it learns from lie in other places. Raises NotComparable."""
    tally, heads = Tally(len(scene_set.classes)), []
    with tempfile.TemporaryDirectory() as folder:
        for training, tested in _folds(scene_set, method):
            mapper = method.fit(scene_set, training, seed, Path(folder))
            for scene in console.progress(tested, f"{scene_set.name}, {method.name}"):
                truth = read_truth(scene_set, scene)
                started = time.process_time()
                found = mapper(scene)
                seconds = time.process_time() - started
                tally.add(scene.place, truth, found.classes, near_edges(truth), seconds)
                heads.append(found.head)
    names = sorted({head for head in heads if not method.learns})
    return _row("places", scene_set.name, method.name, tally, pooled_scores(tally, seed)) | {
        "head": ", ".join(names),
        "seen": _has_seen(scene_set, names, method.head),
        "iou": dict(zip(scene_set.classes, class_ious(tally), strict=True)),
    }


def _folds(scene_set: SceneSet, method: Method) -> Iterator[tuple[Sequence[Scene], Sequence[Scene]]]:
    """(scenes to learn from, scenes to map), places whole."""
    scenes = scene_set.scenes
    places = [scene.place for scene in scenes]
    if not method.learns or scene_set.training:
        yield scene_set.training, scenes
        return
    if len(set(places)) < 2:
        raise NotComparable(f"expected two places or more to fit {method.name}, found one in {scene_set.name}")
    for train, test in GroupKFold(min(FOLDS, len(set(places)))).split(places, groups=places):
        yield [scenes[i] for i in train], [scenes[i] for i in test]


# --- few polygons in the scene -----------------------------------------------------------------------------------


def square_rows(sets: Sequence[SceneSet], methods: Sequence[str], count: int, seed: int) -> Iterator[Row]:
    """A row for each set and method that learns, over the scenes that have room for squares; and, of several sets, for
    the scenes of all together."""
    tallies: dict[str, list[Tally]] = {}
    for scene_set in sets:
        for title, tally in _square_tallies(scene_set, methods, count, seed):
            tallies.setdefault(title, []).append(tally)
            yield _row("squares", scene_set.name, title, tally, scene_scores(tally, seed))
    for title, parts in tallies.items():
        if len(parts) > 1:
            tally = joined(parts)
            yield _row("squares", ALL, title, tally, scene_scores(tally, seed))


def _square_tallies(scene_set: SceneSet, methods: Sequence[str], count: int, seed: int) -> Iterator[tuple[str, Tally]]:
    """(title of the method, its counts) where scenes of the set have room for squares."""
    drawn = []
    for scene in scene_set.scenes:
        truth = read_truth(scene_set, scene)
        if squares := draw_squares(truth, count, seed):
            drawn.append((scene, squares, truth))
    if not drawn:
        console.log(f"{scene_set.name}: no densely labelled scene with room for {count} squares of two classes")
        return
    evenly = np.linspace(0, len(drawn) - 1, min(len(drawn), MOST_SQUARE_SCENES)).round().astype(int)
    chosen = [drawn[i] for i in evenly]
    for name in methods:
        tally = Tally(len(scene_set.classes))
        with tempfile.TemporaryDirectory() as folder:
            for scene, squares, truth in console.progress(chosen, f"{scene_set.name}, {name}"):
                inside, rest = split_truth(truth, squares)
                started = time.process_time()
                found = map_from_squares(name, scene_set, scene, squares, inside, seed, Path(folder))
                seconds = time.process_time() - started
                edges = near_edges(np.where(np.isin(truth, np.unique(rest)), truth, -1))
                tally.add(scene.place, rest, found.classes, edges, seconds)
        yield PIXEL_MODELS[name].name if name in PIXEL_MODELS else "ofa fit", tally


def _row(kind: str, set_name: str, method: str, tally: Tally, scores: dict[str, Score]) -> Row:
    rounded = {name: [round(v, 4) if math.isfinite(v) else None for v in score] for name, score in scores.items()}
    return {
        "kind": kind,
        "set": set_name,
        "method": method,
        "head": "",
        "seen": False,
        **rounded,
        "seconds_per_megapixel": round(tally.seconds_per_megapixel, 3),
        "places": len(set(tally.places)),
        "rasters": len(tally.places),
        "machine": machine("cpu"),
    }


def _has_seen(scene_set: SceneSet, names: Sequence[str], head: str | None) -> bool:
    """Whether the head, or one of these names, says that it was fitted on a raster of the same name as one of the
    set."""
    files = {scene.image.name for scene in scene_set.scenes}
    heads = [find_head(head, "", "segment")] if head else [h for h in list_heads() if h.header.get("name") in names]
    headers = [found.header for found in heads]
    return any(files & set(header.get("training", {}).get("rasters", ())) for header in headers)


def _parser() -> argparse.ArgumentParser:
    raw = argparse.RawTextHelpFormatter
    parser = argparse.ArgumentParser("training.quality", description=__doc__, formatter_class=raw)
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="sets of labelled rasters")
    parser.add_argument("--sets", nargs="+", default=[], metavar="NAME", help="only these [all]")
    parser.add_argument("--methods", nargs="+", default=METHODS, choices=METHODS, help="only these [all]")
    parser.add_argument("--head", nargs="+", default=[], metavar="HEAD", help="files or names [the default one]")
    parser.add_argument("--checkpoint", nargs="+", default=[], metavar="FILE", help="to fit on [the default one]")
    parser.add_argument("--squares", type=console.positive_int, metavar="N", help="learn from N squares a class")
    parser.add_argument("--seed", type=int, default=0, help="of what is drawn [%(default)s]")
    page = (
        "put the tables into this page and all figures into\nPAGE.json; rows that are not measured now stay as they are"
    )
    parser.add_argument("-o", "--output", type=Path, metavar="PAGE.md", help=page)
    parser.add_argument("--json", action="store_true", help="print the rows as JSON instead of a table")
    return parser


def _rows(args: argparse.Namespace) -> Iterator[Row]:
    """Rows as they are measured; what cannot be compared is logged."""
    sets = scene_sets(args.folder, args.sets)
    if args.squares:
        yield from square_rows(sets, [name for name in args.methods if name != "head"], args.squares, args.seed)
        return
    for scene_set in sets:
        for method in methods_of(args.methods, args.head, args.checkpoint):
            with _logging_not_comparable():
                yield place_row(scene_set, method, args.seed)


@contextlib.contextmanager
def _logging_not_comparable() -> Iterator[None]:
    try:
        yield
    except NotComparable as error:
        console.log(str(error))


def _command(args: argparse.Namespace) -> None:
    rows: list[Row] = []
    for row in _rows(args):
        rows.append(row)
        console.log(f"{row['set']}, {row['method']}: mean IoU {row['miou'][0]:.3f}, accuracy {row['accuracy'][0]:.3f}")
        if args.output:
            write_page(args.output, merged(read_rows(args.output), [row]))
    kind = "squares" if args.squares else "places"
    print(json.dumps(rows, indent=1) if args.json else table(rows, kind))


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command line; returns its exit code."""
    return console.run(_parser(), _command, arguments)


if __name__ == "__main__":
    sys.exit(main())
