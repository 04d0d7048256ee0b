"""`python -m training.baselines DATA`: our heads against what an analyst would use instead, on public labelled samples.

A random forest of 200 trees and a logistic regression see the bands of each pixel alone; `ofa fit` sees the same
labelled pixels with the frozen backbone. Training and test data never share a place: whole scenes, tiles or polygons
are left out. Mean IoU is over pooled test pixels, of classes with at least 30 training and 30 test pixels; the
difference has a 95 % interval from a bootstrap over blocks (scenes, tiles, polygons).

DATA holds `enmap_potsdam/`, `s1_floods/`, `chesapeake/` and `s2_scene/`, each with its own labels.
"""

import argparse
import json
import sys
import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegressionCV
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ofa_engine.core.callbacks import QUIET
from ofa_engine.core.options import EmbedOptions, FitOptions, SegmentOptions
from ofa_engine.inference.segment import segment
from ofa_engine.inference.session import open_session
from ofa_engine.learning.fit import fit
from ofa_engine.learning.labelled import DEFAULT_LIMITS, thin
from ofa_engine.learning.labels import read_labels
from ofa_engine.raster.source import Source
from training import console
from training.data.labelled_sets import Fold, LabelledSet, label_regions, labelled_sets

LEAST_PIXELS = 30
METHODS = ("random forest", "logistic regression", "ofa fit")
_BOOTSTRAPS = 1000


@dataclass
class PredictedPixels:
    """True class value (N,), block (N,), and the class value (N,) that each method predicts."""

    truth: NDArray
    block: NDArray
    predicted: dict[str, NDArray]


def run_fold(
    case: LabelledSet, fold: Fold, number: int, folder: Path, tile_px: int | None, checkpoint: str | None, seed: int
) -> tuple[PredictedPixels, NDArray]:
    """(test pixels with the predictions of all methods, training pixels (256,) by class value)."""
    x, y, group = _training_pixels(case, fold, seed)
    forest = RandomForestClassifier(200, random_state=seed, n_jobs=-1).fit(x, y)
    logistic = _logistic_regression(x, y, group, seed)
    head = folder / f"{case.sensor}_{number}.safetensors"
    fit(
        FitOptions(
            [i for i, _ in fold.train],
            [lab for _, lab in fold.train],
            str(head),
            ignore=case.ignore,
            sensor=case.sensor,
            bands=case.bands or None,
            units=case.units,
            tile_px=tile_px,
            seed=seed,
            checkpoint=checkpoint,
        ),
        QUIET,
    )
    parts = []
    for place, (image, labels) in enumerate(fold.test):
        pixels = _bands(case, image)
        with Source(labels) as s:
            truth = s.dataset.read(1).astype(np.int64)
        known = ~np.isin(truth, [int(v) for v in case.ignore]) & np.isfinite(pixels).any(0)
        if case.block_px:
            rows, columns = np.indices(truth.shape) // case.block_px
            block = rows * 1000 + columns + 10**6 * place
        else:
            block = label_regions(np.where(known, truth, 0)) + 10**6 * place
        out = folder / "map.tif"
        segment(
            SegmentOptions(
                image,
                str(out),
                head=str(head),
                sensor=case.sensor,
                bands=case.bands or None,
                units=case.units,
                checkpoint=checkpoint,
            )
        )
        with Source(out) as s:
            mapped = s.dataset.read(1).astype(np.int64)
        features = np.nan_to_num(pixels[:, known].T)
        parts.append(
            PredictedPixels(
                truth[known],
                block[known] + 10**8 * number,
                dict(zip(METHODS, (forest.predict(features), logistic.predict(features), mapped[known]), strict=True)),
            )
        )
    return _concatenated(parts), np.bincount(y, minlength=256)


def _concatenated(parts: Sequence[PredictedPixels]) -> PredictedPixels:
    predicted = {m: np.concatenate([p.predicted[m] for p in parts]) for m in METHODS}
    return PredictedPixels(
        np.concatenate([p.truth for p in parts]), np.concatenate([p.block for p in parts]), predicted
    )


def _logistic_regression(x: NDArray, y: NDArray, group: NDArray, seed: int) -> Any:
    """With the penalty that is best in cross-validation over groups, where every class has more than one."""
    groups = min(5, _fewest_groups(y, group))
    splitter = StratifiedGroupKFold(max(2, groups), shuffle=True, random_state=seed)
    folds = list(splitter.split(x, y, group)) if groups > 1 else 3
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make_pipeline(StandardScaler(), LogisticRegressionCV(Cs=6, cv=folds, max_iter=300)).fit(x, y)


def _fewest_groups(y: NDArray, group: NDArray) -> int:
    """Groups of the class that has the fewest."""
    return min(len(np.unique(group[y == v])) for v in np.unique(y))


def _training_pixels(case: LabelledSet, fold: Fold, seed: int) -> tuple[NDArray, NDArray, NDArray]:
    """(bands (N, C), class value (N,), group (N,)) of exactly the pixels that `ofa fit` learns from."""
    jobs = [_job(case, image) for image, _ in fold.train]
    try:
        labels = read_labels(
            [j.source for j in jobs], [lab for _, lab in fold.train], None, case.ignore, 32, lambda level, text: None
        )
        labels = thin(labels, DEFAULT_LIMITS.training_samples, seed)
        values = np.array([entry["value"] for entry in labels.classes])
        parts = [
            (_bands(case, image)[:, p.row, p.column].T, values[p.index], p.group)
            for (image, _), p in zip(fold.train, labels.rasters, strict=True)
        ]
    finally:
        for job in jobs:
            job.source.dataset.close()
    x, y, group = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return np.nan_to_num(x), y, group


def _job(case: LabelledSet, image: str) -> Any:
    return open_session(
        EmbedOptions(image, sensor=case.sensor, bands=case.bands or None, units=case.units), None, QUIET
    )


def _bands(case: LabelledSet, image: str) -> NDArray[np.float32]:
    """(C, H, W) of the bands that the sensor uses and the raster has, NaN where missing."""
    job = _job(case, image)
    with job.source as source:
        used = [band for i, band in enumerate(job.detection.bands, 1) if band and i not in job.sensor.never]
        values, valid = source.read(used, (0, 0, source.width, source.height))
    values = values.astype(np.float32)
    if valid is not None:
        values[:, ~valid] = np.nan
    return values


# --- the scores --------------------------------------------------------------------------------------------------


def score(case: LabelledSet, tested: PredictedPixels, trained: NDArray, seed: int = 0) -> dict:
    """Mean IoU of each method, and the gain: ours minus the better of the others, with a 95 % interval."""
    counts = np.bincount(tested.truth, minlength=256)
    occurring = [v for v in case.names if counts[v] or trained[v]]
    kept = [v for v in occurring if counts[v] >= LEAST_PIXELS and trained[v] >= LEAST_PIXELS]
    blocks, block = np.unique(tested.block, return_inverse=True)
    tables = {m: _by_block(tested.truth, tested.predicted[m], block, len(blocks)) for m in METHODS}
    values = {m: _miou(t.sum(0), kept) for m, t in tables.items()}
    better = max(METHODS[:2], key=lambda m: values[m])
    rng = np.random.default_rng(seed)
    gains = []
    for _ in range(_BOOTSTRAPS):
        drawn = np.bincount(rng.integers(0, len(blocks), len(blocks)), minlength=len(blocks))
        ours, other = (_miou(np.tensordot(drawn, tables[m], 1), kept) for m in (METHODS[2], better))
        gains.append(ours - other)
    low, high = np.percentile(gains, [2.5, 97.5])
    ious = {m: {case.names[v]: round(_iou(t.sum(0))[v], 3) for v in kept} for m, t in tables.items()}
    return {
        "case": case.name,
        "test_pixels": len(tested.truth),
        "blocks": len(blocks),
        "miou": {m: round(v, 4) for m, v in values.items()},
        "gain": round(values[METHODS[2]] - values[better], 4),
        "gain_low": round(float(low), 4),
        "gain_high": round(float(high), 4),
        "iou": ious,
        "left_out": {case.names[v]: [int(trained[v]), int(counts[v])] for v in occurring if v not in kept},
    }


def _by_block(truth: NDArray, predicted: NDArray, block: NDArray, blocks: int) -> NDArray[np.float64]:
    """(blocks, 3, 256): hits, reference and predicted pixels by class value."""
    hit = truth == predicted
    parts = ((block[hit], truth[hit]), (block, truth), (block, predicted))
    counts = [np.bincount(b * 256 + v, minlength=blocks * 256).reshape(blocks, 256) for b, v in parts]
    return np.stack(counts, 1).astype(np.float64)


def _iou(table: NDArray) -> NDArray[np.float64]:
    hits, reference, mapped = table
    union = reference + mapped - hits
    return np.divide(hits, union, out=np.full(len(hits), np.nan), where=union > 0)


def _miou(table: NDArray, kept: Sequence[int]) -> float:
    return float(np.nanmean(_iou(table)[kept]))  # a class that is not in the drawn blocks is skipped


def compare(root: Path, tile_px: int | None, checkpoint: str | None, only: Sequence[str], seed: int = 0) -> list[dict]:
    """Scores of all cases that exist; logs one line for each that is finished."""
    results = []
    with tempfile.TemporaryDirectory() as scratch:
        for case in labelled_sets(root, Path(scratch)):
            if only and not any(word.lower() in case.name.lower() for word in only):
                continue
            parts, trained = [], np.zeros(256, np.int64)
            for number, fold in enumerate(case.folds):
                tested, counts = run_fold(case, fold, number, Path(scratch), tile_px, checkpoint, seed)
                parts.append(tested)
                trained = np.maximum(trained, counts)
            results.append(score(case, _concatenated(parts), trained))
            console.log(result_line(results[-1]))
    return results


def result_line(r: dict) -> str:
    found = ", ".join(f"{m} {v:.3f}" for m, v in r["miou"].items())
    return f"{r['case']}: mean IoU {found}; gain {r['gain']:+.3f} ({r['gain_low']:+.3f} to {r['gain_high']:+.3f})"


def results_table(results: Sequence[dict]) -> str:
    """All results as Markdown."""
    lines = ["| data | " + " | ".join(METHODS) + " | gain (95 %) | test pixels, blocks | left out |", "|---" * 7 + "|"]
    for r in results:
        cells = [
            r["case"],
            *(f"{r['miou'][m]:.3f}" for m in METHODS),
            f"{r['gain']:+.3f} ({r['gain_low']:+.3f} to {r['gain_high']:+.3f})",
            f"{r['test_pixels']:,}, {r['blocks']}",
            ", ".join(r["left_out"]) or "-",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _parser() -> argparse.ArgumentParser:
    raw = argparse.RawTextHelpFormatter
    parser = argparse.ArgumentParser("training.baselines", description=__doc__, formatter_class=raw)
    parser.add_argument("data", type=Path, help="folder with the labelled samples")
    parser.add_argument("--checkpoint", help="[the first one for each sensor]")
    parser.add_argument("--tile-px", type=int, help="of the heads [the checkpoint's]")
    parser.add_argument("--only", nargs="*", default=[], help="words of the cases to run")
    parser.add_argument("--json", action="store_true")
    return parser


def _command(args: argparse.Namespace) -> None:
    results = compare(args.data, args.tile_px, args.checkpoint, args.only)
    print(json.dumps(results, indent=1) if args.json else results_table(results))


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command line; returns its exit code."""
    return console.run(_parser(), _command, arguments)


if __name__ == "__main__":
    sys.exit(main())
