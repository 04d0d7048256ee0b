"""`python -m training.geobench --root $GEO_BENCH_DIR -o FOLDER`: the rows of the paper's Tables 1 and 2 by linear
probes on frozen backbones (arXiv 2401.07527, section 3), with the paper's numbers beside ours.

What is on disk is run, what is not is named. Each finished cell (method, task, seed) is a small file in FOLDER/cells,
named by all that decides it: a rerun computes the missing ones alone, and a run that was stopped ends in the same
tables as one that was not. FOLDER gets results.csv, results.md and results.html, one page without scripts or network.
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

from ofa_engine.core.errors import InputError, OfaError
from ofa_engine.core.sensors import SENSORS
from ofa_engine.model.checkpoint import choose_device
from ofa_engine.model.ofanet import Architecture
from training.linear_probe import Result, add_fitting, add_size, architecture_of, mean_result, probe, recipe_of
from training.pretraining.state import write_json
from training.probes.backbones import (
    Backbone,
    OFABackbone,
    SatMAEBackbone,
    TimmBackbone,
    checkpoint_backbone,
    random_backbone,
)
from training.probes.features import VERSION
from training.probes.geobench_tables import TITLES, Cell, interval, paper_tables, write
from training.probes.heads import FAST, Recipe
from training.probes.task import Task


@dataclass
class Methods:
    """Where backbones come from. `checkpoints` maps ofanet, mae_single.SENSOR and satmae to files; any other method is
    the name of a timm model."""

    checkpoints: dict[str, Path]
    size: Architecture  # of random weights, where there is no OFA-Net to take it from
    device: torch.device
    timm_file: Path | None = None
    download: bool = False
    _loaded: dict[str, Backbone] = field(default_factory=dict)

    def check(self, methods: Sequence[str]) -> None:
        """Loads what will be needed, so that a damaged file is found before the work. Raises InputError."""
        for key in self.checkpoints:
            sensor = key.removeprefix("mae_single.")
            if key not in ("ofanet", "satmae") and not (key != sensor and sensor in SENSORS):
                raise InputError(f"expected checkpoints ofanet, satmae or mae_single.SENSOR, found {key!r}")
            if key.partition(".")[0] in methods or key == "ofanet":
                self._get(key)
        for name in methods:
            if name not in TITLES:
                self._get(name)

    def backbone(self, method: str, sensor: str, seed: int) -> Backbone | str:
        """The backbone for a sensor, or why there is none."""
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

    def _get(self, key: str) -> Backbone:
        if key not in self._loaded:
            if key not in self.checkpoints:
                made: Backbone = TimmBackbone(key, self.device, file=self.timm_file, download=self.download)
            elif key == "satmae":
                made = SatMAEBackbone(self.checkpoints[key], self.device)
            else:
                made = checkpoint_backbone(self.checkpoints[key], self.device)
            self._loaded[key] = made
        return self._loaded[key]


@dataclass(frozen=True)
class Settings:
    """How cells are computed."""

    folder: Path
    recipe: Recipe = FAST
    seeds: int = 3
    normalise: str = "task"
    cache: Path | None = None
    batch: int = 32
    workers: int = 0

    def of(self, kind: str) -> Recipe:
        """The recipe of a kind of task: what is said of training by steps does not concern logistic regression."""
        if self.recipe.logistic(kind):
            return replace(FAST, with_valid=self.recipe.with_valid)
        return self.recipe.resolved(kind)


def cell(method: str, task: Task, methods: Methods, settings: Settings, say: Callable[[str], None]) -> Cell:
    """One method on one task. Seeds that are done are read; the others are computed and kept."""
    recipe, results = settings.of(task.kind), []
    one_answer = method != "random" and recipe.logistic(task.kind)
    for seed in range(1 if one_answer else settings.seeds):
        backbone = methods.backbone(method, task.sensor, seed)
        if isinstance(backbone, str):
            return Cell(method, task.name, missing=backbone)
        try:
            results.append(_seed(method, task, backbone, seed, recipe, settings, say))
        except InputError as error:  # one task that cannot be used does not cost the others
            return Cell(method, task.name, missing=str(error))
    return Cell(method, task.name, mean_result(results))


def _seed(
    method: str,
    task: Task,
    backbone: Backbone,
    seed: int,
    recipe: Recipe,
    settings: Settings,
    say: Callable[[str], None],
) -> Result:
    decides = {
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
    key = hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()
    name = re.sub(r"[^\w.-]", "_", f"{task.name}-{method}-{seed}-{key[:24]}.json")
    path = settings.folder / "cells" / name
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError):  # not there, or damaged: computed
        kept = json.loads(path.read_text(encoding="utf-8"))
        if kept["decides"] == decides:
            return Result(**kept["result"])
    result = probe(
        task,
        backbone,
        seed,
        recipe=recipe,
        cache=settings.cache,
        normalise=settings.normalise,
        device=_device(backbone),
        batch=settings.batch,
        workers=settings.workers,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, {"decides": decides, "result": asdict(result)})
    say(
        f"{task.name}, {TITLES.get(method, method)}, seed {seed}: {result.metric} {interval(result)}, "
        f"{result.facts['seconds']:.0f} s"
    )
    return result


def _device(backbone: Backbone) -> torch.device:
    return getattr(backbone, "device", torch.device("cpu"))


def run(
    root: Path,
    names: Sequence[str],
    partition: str,
    methods: Sequence[str],
    source: Methods,
    settings: Settings,
    say: Callable[[str], None],
) -> list[Cell]:
    """All cells, task by task; the tables in the folder are written anew after each task. Raises OfaError."""
    from training.probes.geobench_files import open_task

    cells: list[Cell] = []
    for name in names:
        try:
            task = open_task(root, name, partition)
        except InputError as error:
            cells += [Cell(method, name, missing=str(error)) for method in methods]
        else:
            cells += [cell(method, task, source, settings, say) for method in methods]
        write(settings.folder, cells, partition)
    return cells


# --- the command --------------------------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    words = argparse.ArgumentParser("training.geobench", description=(__doc__ or "").partition("\n\n")[0])
    words.add_argument("--root", type=Path, default=os.environ.get("GEO_BENCH_DIR"), help="GEO-Bench [$GEO_BENCH_DIR]")
    words.add_argument("-o", "--output", type=Path, required=True, help="folder for cells, tables and features")
    words.add_argument("--methods", default=",".join(TITLES), help="rows, e.g. random,ofanet [all of the paper]")
    words.add_argument("--timm", action="append", default=[], metavar="NAME", help="one more row: a timm model")
    words.add_argument("--timm-file", type=Path, help="the timm model's weights")
    words.add_argument("--download", action="store_true", help="let timm download weights")
    words.add_argument(
        "--checkpoints",
        action="append",
        default=[],
        metavar="NAME=FILE,...",
        help="ofanet=FILE, mae_single.SENSOR=FILE, satmae=FILE",
    )
    words.add_argument("--partition", default="default", help="e.g. 0.10x_train [default]")
    words.add_argument("--tasks", default="", help="e.g. m-eurosat,m-so2sat [all]")
    words.add_argument("--seeds", type=int, default=3)
    words.add_argument("--cache", type=Path, help="folder that keeps features [OUTPUT/features]")
    add_size(words.add_argument_group("random weights, where no ofanet is given"))
    add_fitting(words)
    words.add_argument("--json", action="store_true", help="cells instead of the tables")
    return words


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _checkpoints(told: Sequence[str]) -> dict[str, Path]:
    entries = [entry for text in told for entry in _split(text)]
    for entry in entries:
        if "=" not in entry:
            raise InputError(f"expected --checkpoints NAME=FILE,..., found {entry!r}")
    return {name: Path(path) for name, _, path in (entry.partition("=") for entry in entries)}


def _tasks(told: argparse.Namespace) -> list[str]:
    """Names of tasks in the paper's order. Raises InputError where none of GEO-Bench is there, or a name is wrong."""
    from training.probes.geobench_files import TASKS, available

    if not told.root or not told.root.is_dir():
        raise InputError(f"expected GEO-Bench's folder (--root or $GEO_BENCH_DIR), found {told.root or 'none'}")
    if not available(told.root):
        raise InputError(f"expected classification_v1.0 or segmentation_v1.0 with tasks in {told.root}, found none")
    wanted = _split(told.tasks) or list(TASKS)
    for name in wanted:
        if name not in TASKS:
            raise InputError(f"expected tasks out of {', '.join(TASKS)}, found {name!r}")
    return [name for name in TASKS if name in wanted]


def _prepare(told: argparse.Namespace) -> tuple[list[str], list[str], Methods, Settings]:
    methods = [*_split(told.methods), *told.timm]
    for name in _split(told.methods):
        if name not in TITLES:
            raise InputError(f"expected methods out of {', '.join(TITLES)}, found {name!r} (timm models: --timm)")
    recipe, tasks = recipe_of(told), _tasks(told)
    recipe.resolved("segment")
    source = Methods(
        _checkpoints(told.checkpoints), architecture_of(told), choose_device(told.device), told.timm_file, told.download
    )
    source.check(methods)
    settings = Settings(
        told.output,
        recipe,
        told.seeds,
        told.normalise,
        told.cache or told.output / "features",
        told.image_batch,
        told.workers,
    )
    return tasks, methods, source, settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command line; returns its exit code (0 done, 2 the user's, 3 ours, 130 stopped)."""
    told = _parser().parse_args(arguments)
    try:
        tasks, methods, source, settings = _prepare(told)
        cells = run(
            told.root,
            tasks,
            told.partition,
            methods,
            source,
            settings,
            lambda text: print(text, file=sys.stderr, flush=True),
        )
    except OfaError as error:
        print(f"training.geobench: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("training.geobench: stopped; the same command goes on", file=sys.stderr)
        return 130
    print(json.dumps([asdict(c) for c in cells]) if told.json else paper_tables(cells), end="\n" if told.json else "")
    return 0


if __name__ == "__main__":
    sys.exit(main())
