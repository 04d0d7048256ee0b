"""`python -m training.baselines DATA`: our heads beside what an analyst would use instead, on public labelled samples.

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
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import rasterio.features
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegressionCV
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ofa_engine.core.callbacks import QUIET
from ofa_engine.core.options import EmbedOptions, FitOptions, SegmentOptions
from ofa_engine.inference.segment import segment
from ofa_engine.inference.session import open_job
from ofa_engine.learning.fit import fit, thinned
from ofa_engine.learning.labels import read_labels
from ofa_engine.raster.source import Source

LEAST_PIXELS = 30
METHODS = ("random forest", "logistic regression", "ofa fit")
_BOOTSTRAPS = 1000


@dataclass(frozen=True)
class Fold:
    """Rasters with label rasters (0 or `ignore` is unlabelled) to learn from and to test on. `block_px` cuts the test
    rasters into blocks for the bootstrap; 0: each region of one label is a block."""

    train: list[tuple[str, str]]
    test: list[tuple[str, str]]


@dataclass(frozen=True)
class Case:
    name: str
    sensor: str
    units: str
    bands: str
    folds: list[Fold]
    ignore: list[str]
    names: dict[int, str]
    block_px: int


# --- the data ----------------------------------------------------------------------------------------------------


def cases(root: Path, folder: Path) -> Iterator[Case]:
    """What of the four is there. Files that must be made from others go into `folder`."""
    for make in (_enmap, _floods, _chesapeake, _s2_scene):
        case = make(root, folder)
        if case:
            yield case


def _enmap(root: Path, folder: Path) -> Case | None:
    images = sorted((root / "enmap_potsdam" / "images").glob("*.tif"))
    pairs = [(str(p), str(p.parent.parent / "labels" / p.name)) for p in images]
    column = [p.stem.split("_")[-2] for p in images]
    fold = Fold(
        [p for p, c in zip(pairs, column, strict=True) if c in ("64", "96")],
        [p for p, c in zip(pairs, column, strict=True) if c == "128"],
    )
    names = {1: "roof", 2: "pavement", 3: "low vegetation", 4: "tree", 5: "soil", 6: "water"}
    return Case("EnMAP Potsdam", "enmap", "dn", "", [fold], ["0"], names, 16) if images else None


def _floods(root: Path, folder: Path) -> Case | None:
    images = sorted((root / "s1_floods" / "images").glob("*.tif"))
    pairs = [(str(p), str(p.parent.parent / "labels" / p.name.replace("S1Hand", "LabelHand"))) for p in images]
    folds = [Fold([p for p in pairs if p is not one], [one]) for one in pairs]
    return Case("Sentinel-1 floods", "sentinel-1", "db", "", folds, ["-1"], {0: "land", 1: "water"}, 128)


def _chesapeake(root: Path, folder: Path) -> Case | None:
    pairs = []
    for path in sorted((root / "chesapeake").glob("*.npz")):
        stack = np.load(path)["arr_0"][0]
        image, labels = folder / f"{path.stem}.tif", folder / f"{path.stem}_labels.tif"
        _write(image, stack[:4].round().clip(0, 255).astype(np.uint8))
        _write(labels, stack[8:9].astype(np.uint8))
        pairs.append((str(image), str(labels)))
    folds = [Fold([p for j, p in enumerate(pairs) if j % 4 != i], pairs[i::4]) for i in range(4)]
    names = {1: "water", 2: "tree", 3: "low vegetation", 4: "barren", 5: "impervious", 6: "road"}
    return Case("Chesapeake", "gaofen", "8-bit", "1,2,3,4", folds, ["0"], names, 64) if pairs else None


def _s2_scene(root: Path, folder: Path) -> Case | None:
    image, labels = root / "s2_scene" / "sen2_12band.tif", root / "s2_scene" / "sen2_labels.tif"
    if not image.exists():
        return None
    with Source(labels) as s:
        burnt, crs, transform = s.dataset.read(1), s.crs, s.transform
        burnt[s.dataset.read_masks(1) == 0] = 0
    regions = _regions(burnt)
    value = np.array([burnt[regions == r][0] for r in range(1, regions.max() + 1)])
    parts = StratifiedGroupKFold(5, shuffle=True, random_state=0).split(value, value, np.arange(len(value)))
    folds = []
    for number, (train, test) in enumerate(parts):
        paths = []
        for part, chosen in (("train", train), ("test", test)):
            path = folder / f"s2_{part}_{number}.tif"
            _write(
                path,
                np.where(np.isin(regions, chosen + 1), burnt, 0)[None].astype(np.uint8),
                crs=crs,
                transform=transform,
            )
            paths.append((str(image), str(path)))
        folds.append(Fold(paths[:1], paths[1:]))
    names = {1: "dryout", 2: "forest", 3: "village", 4: "water"}
    return Case("Sentinel-2 scene", "sentinel-2", "reflectance+0.1", "4,3,2,5,6,7,8,11,12", folds, ["0"], names, 0)


def _write(path: Path, pixels: NDArray, **more: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        with rasterio.open(
            path,
            "w",
            driver="GTiff",
            count=len(pixels),
            height=pixels.shape[1],
            width=pixels.shape[2],
            dtype=pixels.dtype,
            photometric="minisblack",
            **more,
        ) as target:
            target.write(pixels)


def _regions(labels: NDArray) -> NDArray[np.int64]:
    """Connected areas of one label, numbered from 1; 0 is unlabelled."""
    numbered = np.zeros(labels.shape, np.int64)
    shapes = rasterio.features.shapes(labels.astype(np.uint8), mask=labels > 0, connectivity=8)
    for number, (shape, _) in enumerate(shapes, 1):
        numbered[rasterio.features.rasterize([(shape, 1)], labels.shape, dtype="uint8") > 0] = number
    return numbered


# --- the methods -------------------------------------------------------------------------------------------------


@dataclass
class Answers:
    """Test pixels: true class value, block, and what each method found."""

    truth: NDArray
    block: NDArray
    found: dict[str, NDArray]


def run_fold(
    case: Case, fold: Fold, number: int, folder: Path, tile_px: int | None, checkpoint: str | None, seed: int
) -> tuple[Answers, NDArray]:
    """(test pixels with three answers, training pixels a class value 0..255)."""
    x, y, group = _training_pixels(case, fold, seed)
    forest = RandomForestClassifier(200, random_state=seed, n_jobs=-1).fit(x, y)
    folds = (
        list(StratifiedGroupKFold(min(5, _least_groups(y, group)), shuffle=True, random_state=seed).split(x, y, group))
        if _least_groups(y, group) > 1
        else 3
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logistic = make_pipeline(StandardScaler(), LogisticRegressionCV(Cs=6, cv=folds, max_iter=300)).fit(x, y)
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
            block = _regions(np.where(known, truth, 0)) + 10**6 * place
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
            Answers(
                truth[known],
                block[known] + 10**8 * number,
                {
                    METHODS[0]: forest.predict(features),
                    METHODS[1]: logistic.predict(features),
                    METHODS[2]: mapped[known],
                },
            )
        )
    return _together(parts), np.bincount(y, minlength=256)


def _together(parts: Sequence[Answers]) -> Answers:
    found = {m: np.concatenate([p.found[m] for p in parts]) for m in METHODS}
    return Answers(np.concatenate([p.truth for p in parts]), np.concatenate([p.block for p in parts]), found)


def _least_groups(y: NDArray, group: NDArray) -> int:
    return min(len(np.unique(group[y == v])) for v in np.unique(y))


def _training_pixels(case: Case, fold: Fold, seed: int) -> tuple[NDArray, NDArray, NDArray]:
    """(bands (N, C), class value, group) of the very pixels that `ofa fit` learns from."""
    jobs = [_job(case, image) for image, _ in fold.train]
    try:
        labels = read_labels(
            [j.source for j in jobs], [lab for _, lab in fold.train], None, case.ignore, 32, lambda level, text: None
        )
        labels = thinned(labels, seed)
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


def _job(case: Case, image: str) -> Any:
    return open_job(
        EmbedOptions(image, sensor=case.sensor, bands=case.bands or None, units=case.units), None, QUIET, writes=False
    )


def _bands(case: Case, image: str) -> NDArray[np.float32]:
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


def score(case: Case, tested: Answers, trained: NDArray, seed: int = 0) -> dict:
    """Mean IoU of each method, and of ours minus the better of the others with its interval."""
    counts = np.bincount(tested.truth, minlength=256)
    there = [v for v in case.names if counts[v] or trained[v]]
    kept = [v for v in there if counts[v] >= LEAST_PIXELS and trained[v] >= LEAST_PIXELS]
    blocks, block = np.unique(tested.block, return_inverse=True)
    tables = {m: _by_block(tested.truth, tested.found[m], block, len(blocks)) for m in METHODS}
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
        "left_out": {case.names[v]: [int(trained[v]), int(counts[v])] for v in there if v not in kept},
    }


def _by_block(truth: NDArray, found: NDArray, block: NDArray, blocks: int) -> NDArray[np.float64]:
    """(blocks, 3, 256): hits, reference and mapped pixels by class value."""
    hit = truth == found
    parts = ((block[hit], truth[hit]), (block, truth), (block, found))
    counts = [np.bincount(b * 256 + v, minlength=blocks * 256).reshape(blocks, 256) for b, v in parts]
    return np.stack(counts, 1).astype(np.float64)


def _iou(table: NDArray) -> NDArray[np.float64]:
    hits, reference, mapped = table
    union = reference + mapped - hits
    return np.divide(hits, union, out=np.full(len(hits), np.nan), where=union > 0)


def _miou(table: NDArray, kept: Sequence[int]) -> float:
    return float(np.nanmean(_iou(table)[kept]))  # a class that a draw of blocks leaves out says nothing


def compare(root: Path, tile_px: int | None, checkpoint: str | None, only: Sequence[str], seed: int = 0) -> list[dict]:
    """All cases that are there; one line each on stderr as they finish."""
    results = []
    with tempfile.TemporaryDirectory() as scratch:
        for case in cases(root, Path(scratch)):
            if only and not any(word.lower() in case.name.lower() for word in only):
                continue
            parts, trained = [], np.zeros(256, np.int64)
            for number, fold in enumerate(case.folds):
                tested, counts = run_fold(case, fold, number, Path(scratch), tile_px, checkpoint, seed)
                parts.append(tested)
                trained = np.maximum(trained, counts)
            results.append(score(case, _together(parts), trained))
            print(line(results[-1]), file=sys.stderr, flush=True)
    return results


def line(r: dict) -> str:
    found = ", ".join(f"{m} {v:.3f}" for m, v in r["miou"].items())
    return f"{r['case']}: mean IoU {found}; gain {r['gain']:+.3f} ({r['gain_low']:+.3f} to {r['gain_high']:+.3f})"


def table(results: Sequence[dict]) -> str:
    """Markdown."""
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


def main() -> int:
    raw = argparse.RawTextHelpFormatter
    parser = argparse.ArgumentParser("training.baselines", description=__doc__, formatter_class=raw)
    parser.add_argument("data", type=Path, help="folder with the labelled samples")
    parser.add_argument("--checkpoint", help="[the first one for each sensor]")
    parser.add_argument("--tile-px", type=int, help="of the heads [the checkpoint's]")
    parser.add_argument("--only", nargs="*", default=[], help="words of the cases to run")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    results = compare(args.data, args.tile_px, args.checkpoint, args.only)
    print(json.dumps(results, indent=1) if args.json else table(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
