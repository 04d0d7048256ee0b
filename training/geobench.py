"""`python -m training.geobench --root $GEO_BENCH_DIR -o FOLDER`: the rows of the paper's Tables 1 and 2 by linear
probes on frozen backbones (arXiv 2401.07527, section 3), next to the paper's numbers.

Tasks that are on disk are run, missing ones are listed. Each finished cell (method, task, seed) is a small file in
FOLDER/cells, named by a digest of all its settings: a rerun computes only the missing ones, and an interrupted run ends
in the same tables as an undisturbed one. FOLDER gets results.csv, results.md and results.html, one page without scripts
or network.
"""

import argparse
import contextlib
import hashlib
import json
import os
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import torch

from ofa_engine.core.errors import InputError
from ofa_engine.core.sensors import SENSORS
from ofa_engine.model.checkpoint import choose_device
from ofa_engine.model.ofanet import Architecture
from training import console
from training.linear_probe import add_fitting, add_size, architecture_of, recipe_of
from training.pretraining.checkpoints import write_json
from training.probes.backbones import (
    FrozenBackbone,
    OFABackbone,
    SatMAEBackbone,
    TimmBackbone,
    checkpoint_backbone,
    random_backbone,
)
from training.probes.features import VERSION
from training.probes.geobench_files import TASKS, available, open_task
from training.probes.geobench_published import TITLES
from training.probes.geobench_tables import Cell, interval, paper_tables, write_tables
from training.probes.heads import FAST, HeadRecipe
from training.probes.probe import probe
from training.probes.result import ProbeResult, mean_result
from training.probes.task import ProbeTask


@dataclass
class Methods:
    """Where the methods' backbones come from. `checkpoints` maps ofanet, mae_single.SENSOR, satmae and further rows, by
    the names they are to have, to files; any other method is the name of a timm model."""

    checkpoints: dict[str, Path]
    size: Architecture  # of random weights, if there is no OFA-Net to take it from
    device: torch.device
    timm_file: Path | None = None
    download: bool = False
    _loaded: dict[str, FrozenBackbone] = field(default_factory=dict)

    def check(self, methods: Sequence[str]) -> None:
        """Loads the files of these methods, so that a damaged one is found at once. Raises InputError."""
        for key in self.checkpoints:
            method, _, sensor = key.partition(".")
            if key in ("random", "mae_single") or method == "mae_single" and sensor not in SENSORS:
                raise InputError(f"expected ofanet, satmae, mae_single.SENSOR or a name for a row, found {key!r}")
            if method in methods or key == "ofanet":
                self._get(key)
        for name in methods:
            if name not in TITLES:
                self._get(name)

    @property
    def own_rows(self) -> list[str]:
        """The names of checkpoints that are no method of the paper."""
        return [key for key in self.checkpoints if key.partition(".")[0] not in TITLES]

    def backbone(self, method: str, sensor: str, seed: int) -> FrozenBackbone | str:
        """The backbone for a sensor, or the reason why there is none."""
        if method == "random":
            trained = self._get("ofanet") if "ofanet" in self.checkpoints else None
            size = trained.model.arch if isinstance(trained, OFABackbone) else self.size
            return random_backbone(size, seed, self.device)
        if method == "satmae" and sensor != "sentinel-2":
            return f"SatMAE takes Sentinel-2 alone, not {sensor}"
        key = f"mae_single.{sensor}" if method == "mae_single" else method
        if method in TITLES and key not in self.checkpoints:
            return f"no checkpoint: --checkpoints {key}=FILE"
        return self._get(key)

    def _get(self, key: str) -> FrozenBackbone:
        if key not in self._loaded:
            if key not in self.checkpoints:
                made: FrozenBackbone = TimmBackbone(key, self.device, file=self.timm_file, download=self.download)
            elif key == "satmae":
                made = SatMAEBackbone(self.checkpoints[key], self.device)
            else:
                made = checkpoint_backbone(self.checkpoints[key], self.device)
            self._loaded[key] = made
        return self._loaded[key]


@dataclass(frozen=True)
class CellSettings:
    """How cells are computed; `folder` keeps them."""

    folder: Path
    recipe: HeadRecipe = FAST
    seeds: int = 3
    normalise: str = "task"
    cache: Path | None = None
    batch: int = 32
    workers: int = 0

    def recipe_for(self, kind: str) -> HeadRecipe:
        """The recipe of a kind of task: options of training by steps do not apply to logistic regression."""
        if self.recipe.logistic(kind):
            return replace(FAST, with_valid=self.recipe.with_valid)
        return self.recipe.resolved(kind)


def compute_cell(
    method: str, task: ProbeTask, methods: Methods, settings: CellSettings, log: Callable[[str], None]
) -> Cell:
    """One method on one task. Finished seeds are read from their files; the others are computed and kept."""
    recipe, results = settings.recipe_for(task.kind), []
    deterministic = method != "random" and recipe.logistic(task.kind)
    for seed in range(1 if deterministic else settings.seeds):
        backbone = methods.backbone(method, task.sensor, seed)
        if isinstance(backbone, str):
            return Cell(method, task.name, missing=backbone)
        try:
            results.append(_seed_result(method, task, backbone, seed, recipe, settings, log))
        except InputError as error:  # one unusable task does not stop the others
            return Cell(method, task.name, missing=str(error))
    return Cell(method, task.name, mean_result(results))


def _seed_result(
    method: str,
    task: ProbeTask,
    backbone: FrozenBackbone,
    seed: int,
    recipe: HeadRecipe,
    settings: CellSettings,
    log: Callable[[str], None],
) -> ProbeResult:
    key_facts = {
        "version": VERSION,
        "backbone": backbone.fingerprint(task.sensor),
        "input_px": backbone.input_px,
        "task": task.key,
        "bands": list(task.bands),
        "mean": list(task.mean),
        "std": list(task.std),
        "seed": seed,
        "recipe": asdict(recipe),
        "normalise": settings.normalise,
    }
    key = hashlib.sha256(json.dumps(key_facts, sort_keys=True).encode()).hexdigest()
    name = re.sub(r"[^\w.-]", "_", f"{task.name}-{method}-{seed}-{key[:24]}.json")
    path = settings.folder / "cells" / name
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError):  # missing or damaged: computed again
        kept = json.loads(path.read_text(encoding="utf-8"))
        if kept["decides"] == key_facts:
            return ProbeResult(**kept["result"])
    result = probe(
        task,
        backbone,
        seed,
        recipe=recipe,
        cache=settings.cache,
        normalise=settings.normalise,
        device=backbone.device,
        batch=settings.batch,
        workers=settings.workers,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, {"decides": key_facts, "result": asdict(result)})
    log(
        f"{task.name}, {TITLES.get(method, method)}, seed {seed}: {result.metric} {interval(result)}, "
        f"{result.facts['seconds']:.0f} s"
    )
    return result


def run(
    root: Path,
    names: Sequence[str],
    partition: str,
    methods: Sequence[str],
    source: Methods,
    settings: CellSettings,
    log: Callable[[str], None],
) -> list[Cell]:
    """All cells, task by task; the tables in the folder are rewritten after each task. Raises OfaError."""
    cells: list[Cell] = []
    for name in names:
        try:
            task = open_task(root, name, partition)
        except InputError as error:
            cells += [Cell(method, name, missing=str(error)) for method in methods]
        else:
            cells += [compute_cell(method, task, source, settings, log) for method in methods]
        write_tables(settings.folder, cells, partition)
    return cells


# --- the command --------------------------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("training.geobench", description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("--root", type=Path, default=os.environ.get("GEO_BENCH_DIR"), help="GEO-Bench [$GEO_BENCH_DIR]")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder for cells, tables and features")
    parser.add_argument("--methods", default=",".join(TITLES), help="rows, e.g. random,ofanet [all of the paper]")
    parser.add_argument("--timm", action="append", default=[], metavar="NAME", help="one more row: a timm model")
    parser.add_argument("--timm-file", type=Path, help="the timm model's weights")
    parser.add_argument("--download", action="store_true", help="let timm download weights")
    parser.add_argument(
        "--checkpoints",
        nargs="+",
        action="extend",
        default=[],
        metavar="NAME=FILE",
        help="ofanet=FILE, mae_single.SENSOR=FILE, satmae=FILE; any other name, e.g. dofa_base=FILE, is one more row",
    )
    parser.add_argument("--partition", default="default", help="e.g. 0.10x_train [default]")
    parser.add_argument("--tasks", default="", help="e.g. m-eurosat,m-so2sat [all]")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--cache", type=Path, help="folder that keeps features [OUTPUT/features]")
    add_size(parser.add_argument_group("random weights, if there is no ofanet checkpoint"))
    add_fitting(parser)
    parser.add_argument("--json", action="store_true", help="cells instead of the tables")
    return parser


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _checkpoints(values: Sequence[str]) -> dict[str, Path]:
    entries = [entry for text in values for entry in _split(text)]
    for entry in entries:
        if not all(entry.partition("=")[::2]):
            raise InputError(f"expected --checkpoints NAME=FILE, found {entry!r}")
    return {name: Path(path) for name, _, path in (entry.partition("=") for entry in entries)}


def _tasks(args: argparse.Namespace) -> list[str]:
    """Names of tasks in the paper's order. Raises InputError if there is no GEO-Bench, or a name is wrong."""
    if not args.root or not args.root.is_dir():
        raise InputError(f"expected GEO-Bench's folder (--root or $GEO_BENCH_DIR), found {args.root or 'none'}")
    if not available(args.root):
        raise InputError(f"expected classification_v1.0 or segmentation_v1.0 with tasks in {args.root}, found none")
    wanted = _split(args.tasks) or list(TASKS)
    for name in wanted:
        if name not in TASKS:
            raise InputError(f"expected tasks out of {', '.join(TASKS)}, found {name!r}")
    return [name for name in TASKS if name in wanted]


def _prepare(args: argparse.Namespace) -> tuple[list[str], list[str], Methods, CellSettings]:
    for name in _split(args.methods):
        if name not in TITLES:
            raise InputError(f"expected methods out of {', '.join(TITLES)}, found {name!r} (timm models: --timm)")
    recipe, tasks = recipe_of(args), _tasks(args)
    recipe.resolved("segment")
    source = Methods(
        _checkpoints(args.checkpoints), architecture_of(args), choose_device(args.device), args.timm_file, args.download
    )
    methods = [*_split(args.methods), *source.own_rows, *args.timm]
    source.check(methods)
    settings = CellSettings(
        args.output,
        recipe,
        args.seeds,
        args.normalise,
        args.cache or args.output / "features",
        args.image_batch,
        args.workers,
    )
    return tasks, methods, source, settings


def _command(args: argparse.Namespace) -> None:
    tasks, methods, source, settings = _prepare(args)
    cells = run(args.root, tasks, args.partition, methods, source, settings, console.log)
    print(json.dumps([asdict(c) for c in cells]) if args.json else paper_tables(cells), end="\n" if args.json else "")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command line; returns its exit code."""
    return console.run(_parser(), _command, arguments, cancelled="cancelled; the same command continues")


if __name__ == "__main__":
    sys.exit(main())
