"""`python -m training.geobench --root $GEO_BENCH_DIR -o FOLDER`: the rows of the paper's Tables 1 and 2 by linear
probes on frozen backbones (arXiv 2401.07527, section 3), with the paper's numbers beside ours.

What is on disk is run, what is not is named. Each finished cell (method, task, seed) is a small file in FOLDER/cells,
named by all that decides it: a rerun computes the missing ones alone, and a run that was stopped ends in the same
tables as one that was not. FOLDER gets results.csv, results.md and results.html, one page without scripts or network.
"""

import argparse
import contextlib
import csv
import hashlib
import io
import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import torch

from ofa_engine import sensors
from ofa_engine.errors import InputError, OfaError, OutputError
from ofa_engine.model import Architecture
from training.linear_probe import (
    FAST,
    METRIC,
    VERSION,
    Backbone,
    OFABackbone,
    Recipe,
    Result,
    SatMAEBackbone,
    TimmBackbone,
    add_fitting,
    add_size,
    architecture_of,
    checkpoint_backbone,
    device_of,
    mean_result,
    probe,
    random_backbone,
    recipe_of,
)
from training.report import _STYLE, _list, _table, _text, machine  # one style for the pages of this package
from training.state import write_json
from training.tasks import Task

# --- what has been published -------------------------------------------------------------------------------------

TITLES = {"random": "Random init.", "mae_single": "MAE single", "satmae": "SatMAE", "ofanet": "OFA-Net"}
TABLE_1 = ("m-bigearthnet", "m-forestnet", "m-brick-kiln", "m-pv4ger", "m-so2sat", "m-eurosat")
TABLE_2 = ("m-pv4ger-seg", "m-nz-cattle", "m-NeonTree", "m-cashew-plantation", "m-SA-crop-type",
           "m-chesapeake-landcover")  # fmt: skip
TABLES = {
    "Table 1: top-1 accuracy in percent (m-bigearthnet: ours is micro F1)": TABLE_1,
    "Table 2: mIoU in percent": TABLE_2,
}


def _row(table: Sequence[str], *values: float | None) -> dict[str, float | None]:
    return dict(zip(table, values, strict=True))


PAPER: dict[str, dict[str, float | None]] = {  # percent; None is the paper's dash
    "random": _row(TABLE_1, 52.89, 41.52, 84.51, 91.32, 38.31, 69.53)
    | _row(TABLE_2, 81.63, 74.12, 51.27, 27.65, 29.11, 47.16),
    "mae_single": _row(TABLE_1, 55.41, 42.95, 88.89, 92.19, 44.42, 78.00)
    | _row(TABLE_2, 88.43, 76.40, 52.99, 29.42, 30.67, 51.90),
    "satmae": _row(TABLE_1, 55.12, None, 91.89, None, 45.59, 73.15),
    "ofanet": _row(TABLE_1, 57.13, 45.12, 91.29, 93.19, 46.04, 81.00)
    | _row(TABLE_2, 89.43, 77.63, 52.64, 37.39, 31.98, 54.50),
}
DOFA_B = _row(TABLE_1, 65.7, 50.9, 95.8, 96.9, 55.1, 93.9) | _row(TABLE_2, 94.5, 81.4, 58.8, 51.5, 33.0, 65.3)

REMARKS = (
    "The paper's rows, and those of DOFA-B, are copied from their publications; they were not run again here.",
    "The paper states the learning rate of its probes twice and differently: 1e-2, and three sentences later 1e-4 'for "
    "all the datasets'. `--recipe paper` reads it as 1e-2 for classification and 1e-4 for segmentation.",
    "The paper's text claims a gain of OFA-Net on m-NeonTree that its Table 2 does not show: 52.64 against 52.99 of "
    "MAE single.",
    "m-bigearthnet has several labels an image. The paper prints a top-1 accuracy without saying what that is there; "
    "ours is micro F1 at a probability of 0.5. Micro average precision is in the list of all scores.",
    "DOFA-B (frozen) is a reference, not a like for like: its authors train another model on more data, use LARS with "
    "a search for the rate in classification and a UPerNet, which is not linear, in segmentation.",
    "Intervals hold 95 % of bootstrap draws of the test samples (images); they say nothing of another training set. "
    "With several seeds, value and ends are means over them. Seeds change random weights, and order and start of heads "
    "trained by steps; logistic regression on fixed weights has one answer, so it is run once.",
)


# --- cells --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cell:
    """One method on one task: the mean over seeds, or why there is none."""

    method: str
    task: str
    result: Result | None = None
    missing: str = ""

    @property
    def title(self) -> str:
        return TITLES.get(self.method, self.method)

    @property
    def paper(self) -> float | None:
        return PAPER.get(self.method, {}).get(self.task)


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
            if key not in ("ofanet", "satmae") and not (key != sensor and sensor in sensors.SENSORS):
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


def _seed(method: str, task: Task, backbone: Backbone, seed: int, recipe: Recipe, settings: Settings,
          say: Callable[[str], None]) -> Result:  # fmt: skip
    decides = {
        "version": VERSION, "backbone": backbone.fingerprint(task.sensor), "input_px": backbone.input_px,
        "task": task.key, "bands": list(task.bands), "mean": list(task.mean), "std": list(task.std), "seed": seed,
        "recipe": asdict(recipe), "normalise": settings.normalise,
    }  # fmt: skip
    key = hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()
    name = re.sub(r"[^\w.-]", "_", f"{task.name}-{method}-{seed}-{key[:24]}.json")
    path = settings.folder / "cells" / name
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError):  # not there, or damaged: computed
        kept = json.loads(path.read_text(encoding="utf-8"))
        if kept["decides"] == decides:
            return Result(**kept["result"])
    result = probe(task, backbone, seed, recipe=recipe, cache=settings.cache, normalise=settings.normalise,
                   device=_device(backbone), batch=settings.batch, workers=settings.workers)  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, {"decides": decides, "result": asdict(result)})
    say(f"{task.name}, {TITLES.get(method, method)}, seed {seed}: {result.metric} {_interval(result)}, "
        f"{result.facts['seconds']:.0f} s")  # fmt: skip
    return result


def _device(backbone: Backbone) -> torch.device:
    return getattr(backbone, "device", torch.device("cpu"))


def run(root: Path, names: Sequence[str], partition: str, methods: Sequence[str], source: Methods, settings: Settings,
        say: Callable[[str], None]) -> list[Cell]:  # fmt: skip
    """All cells, task by task; the tables in the folder are written anew after each task. Raises OfaError."""
    from training.geobench_reader import open_task

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


# --- tables -------------------------------------------------------------------------------------------------------


def _interval(result: Result) -> str:
    return f"{100 * result.value:.2f} ({100 * result.low:.1f} to {100 * result.high:.1f})"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _methods(cells: Iterable[Cell]) -> list[str]:
    """Methods in the paper's order, then others."""
    return list(dict.fromkeys([*TITLES, *(c.method for c in cells)]))


def _rows(cells: Sequence[Cell], tasks: Sequence[str]) -> list[list[str]]:
    """A row of ours where there is one, one of the paper's below it."""
    ours = {(c.method, c.task): c.result for c in cells if c.result}
    rows = []
    for method in _methods(cells):
        found = [ours.get((method, task)) for task in tasks]
        if any(c.method == method for c in cells):
            rows.append([f"{TITLES.get(method, method)}, ours", *(_interval(r) if r else "-" for r in found)])
        if any(PAPER.get(method, {}).get(task) for task in tasks):
            rows.append([f"{TITLES[method]}, paper", *(_percent(PAPER[method].get(task)) for task in tasks)])
    return [*rows, ["DOFA-B (frozen), its authors", *(_percent(DOFA_B[task]) for task in tasks)]]


def paper_tables(results: Sequence[Cell]) -> str:
    """The paper's Tables 1 and 2 as text, its rows below ours; '-' where there is no value."""
    parts = []
    for title, tasks in TABLES.items():
        lines = [["method", *tasks], *_rows(results, tasks)]
        widths = [max(len(line[i]) for line in lines) for i in range(len(tasks) + 1)]
        parts.append("\n".join([title, *("  ".join(f"{v:{w}}" for v, w in zip(line, widths, strict=True)).rstrip()
                                         for line in lines)]))  # fmt: skip
    return "\n\n".join(parts) + "\n"


_HEAD = ("task", "metric", "method", "value", "low", "high", "deviation_over_seeds", "seeds", "paper", "sensor",
         "bands", "source_bands", "train", "valid", "test", "head", "normalised_by", "backbone", "fingerprint",
         "missing")  # fmt: skip


def _records(cells: Sequence[Cell]) -> list[dict[str, str]]:
    """A cell's facts as text, scores in percent."""
    records = []
    for c in cells:
        record = dict.fromkeys(_HEAD, "") | {"task": c.task, "method": c.title, "missing": c.missing}
        record["paper"] = "" if c.paper is None else f"{c.paper:.2f}"
        if c.result:
            facts = c.result.facts
            record |= {key: f"{100 * v:.4f}" for key, v in (("value", c.result.value), ("low", c.result.low),
                                                            ("high", c.result.high),
                                                            ("deviation_over_seeds", facts["std"]))}  # fmt: skip
            record |= {name: str(count) for name, count in facts["samples"].items()}
            record |= {"metric": c.result.metric, "seeds": str(len(facts["seeds"])), "sensor": facts["sensor"],
                       "bands": ", ".join(facts["bands"]), "source_bands": ", ".join(facts["source_bands"]),
                       "head": facts["head"], "normalised_by": facts["normalise"], "backbone": facts["backbone"],
                       "fingerprint": facts["fingerprint"]}  # fmt: skip
        records.append(record)
    return records


def write(folder: Path, cells: Sequence[Cell], partition: str) -> None:
    """results.csv, results.md and results.html, each whole or not at all. Raises OutputError."""
    text = io.StringIO()
    table = csv.DictWriter(text, _HEAD, lineterminator="\n")
    table.writeheader()
    table.writerows(_records(cells))
    pages = {"csv": text.getvalue(), "md": _markdown(cells, partition), "html": _page(cells, partition)}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for ending, content in pages.items():
            part = folder / f".results.{ending}.{os.getpid()}.part"
            part.write_text(content, encoding="utf-8")
            os.replace(part, folder / f"results.{ending}")
    except OSError as error:
        raise OutputError(f"cannot write results in {folder}: {error}") from error


def _described(cells: Sequence[Cell]) -> list[list[str]]:
    """A line a task: what was used of it."""
    lines = []
    for task in dict.fromkeys(c.task for c in cells):
        facts = next((c.result.facts for c in cells if c.task == task and c.result), None)
        if facts:
            counts = " / ".join(str(facts["samples"][split]) for split in ("train", "valid", "test"))
            lines.append([task, METRIC[facts["kind"]], counts, facts["sensor"], ", ".join(facts["bands"]),
                          "; ".join(facts["notes"])])  # fmt: skip
    return lines


def _missing(cells: Sequence[Cell]) -> list[list[str]]:
    """What is not there, and why: a line a reason and methods, for all the tasks that they concern."""
    why_not: dict[tuple[str, str], list[str]] = {}  # (task, reason): methods
    for c in cells:
        if c.missing:
            why_not.setdefault((c.task, c.missing), []).append(c.title)
    tasks: dict[tuple[str, str], list[str]] = {}  # (methods, reason): tasks
    for (task, why), titles in why_not.items():
        tasks.setdefault((", ".join(titles), why), []).append(task)
    left = [task for task in (*TABLE_1, *TABLE_2) if task not in {c.task for c in cells}]
    lines = [[", ".join(names), titles, why] for (titles, why), names in tasks.items()]
    return [*lines, *([[", ".join(left), "all", "not run, or not yet"]] if left else [])]


def _all_scores(cells: Sequence[Cell]) -> list[list[str]]:
    lines = []
    for c in cells:
        for name, (value, low, high) in (c.result.facts["scores"].items() if c.result else ()):
            lines.append([c.task, c.title, name, f"{100 * value:.2f}", f"{100 * low:.2f} to {100 * high:.2f}"])
    return lines


_TASK_HEAD = ["task", "metric", "train / valid / test", "read as", "bands used", "notes"]
_MISSING_HEAD = ["tasks", "methods", "why"]
_SCORE_HEAD = ["task", "method", "score", "percent", "95 % interval"]


def _heading(partition: str) -> str:
    return f"GEO-Bench, partition {partition}: linear probes on frozen backbones"


def _markdown(cells: Sequence[Cell], partition: str) -> str:
    def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
        lines = [[" ".join(v.split()).replace("|", "\\|") for v in row] for row in (head, *rows)]
        lines.insert(1, ["---"] * len(head))
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)

    parts = [f"# {_heading(partition)}"]
    for title, tasks in TABLES.items():
        parts += [f"## {title}", table(["method", *tasks], _rows(cells, tasks))]
    parts += ["## What was used", table(_TASK_HEAD, _described(cells)),
              "## Missing", table(_MISSING_HEAD, _missing(cells)),
              "## All scores", table(_SCORE_HEAD, _all_scores(cells)),
              "## Remarks", "\n".join(f"- {remark}" for remark in REMARKS)]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def _page(cells: Sequence[Cell], partition: str) -> str:
    title = _text(_heading(partition))
    parts = [f"<h1>{title}</h1>"]
    for heading, tasks in TABLES.items():
        parts += [f"<h2>{_text(heading)}</h2>", '<div class="wide">', _table(["method", *tasks], _rows(cells, tasks)),
                  "</div><p>Dots: ours, with 95 % intervals. Rings: the paper's.</p>",
                  _chart(cells, tasks)]  # fmt: skip
    parts += ["<h2>What was used</h2>", _plain(_TASK_HEAD, _described(cells)), "<h2>Missing</h2>",
              _plain(_MISSING_HEAD, _missing(cells)), "<h2>All scores</h2>", _table(_SCORE_HEAD, _all_scores(cells)),
              "<h2>Backbones</h2>", _list(_backbones(cells)) or "<p>None.</p>", "<h2>Remarks</h2>",
              "<ul>" + "".join(f"<li>{_text(remark)}</li>" for remark in REMARKS) + "</ul>",
              f"<p>{_text(machine())}</p>"]  # fmt: skip
    style = _STYLE + ".wide { overflow-x: auto } .wide td, .wide th { white-space: nowrap }\n"
    head = f'<head><meta charset="utf-8"><title>{title}</title><style>{style}</style></head>'
    return f'<!doctype html>\n<html lang="en">{head}\n<body>\n' + "\n".join(parts) + "\n</body></html>\n"


def _plain(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of text."""
    lines = ["".join(f"<th>{_text(v)}</th>" for v in head), *("".join(f"<td>{_text(v)}</td>" for v in r) for r in rows)]
    return "<table>" + "".join(f"<tr>{line}</tr>" for line in lines) + "</table>"


def _backbones(cells: Sequence[Cell]) -> list[tuple[str, str]]:
    """Method and sensor, with name and fingerprint (of the first seed)."""
    found: dict[str, str] = {}
    for c in cells:
        if c.result:
            facts = c.result.facts
            words = f"{facts['backbone']}, {facts['input_px']} px, {facts['fingerprint']}"
            found.setdefault(f"{c.title}, {facts['sensor']}", words)
    return list(found.items())


_SHOWN = {"random": "#999999", "mae_single": "#e69f00", "satmae": "#56b4e9", "ofanet": "#009e73"}  # Okabe and Ito's
_OTHER = "#cc79a7"


def _chart(cells: Sequence[Cell], tasks: Sequence[str]) -> str:
    """Ours as dots with intervals, the paper's as rings, over percent; a band of lines a task."""
    methods = _methods(cells)
    left, right, step, pad = 190, 900, 16, 14
    height = len(tasks) * (len(methods) * step + pad) + 30

    def at(percent: float) -> float:
        return left + percent / 100 * (right - left)

    parts = [f'<svg viewBox="0 0 1060 {height}" width="1060" height="{height}" role="img"><title>ours (dots, 95 % '
             "intervals) and the paper's (rings), percent</title>"]  # fmt: skip
    for tick in range(0, 101, 10):
        parts.append(f'<path d="M{at(tick):.1f} 0V{height - 24}" stroke="currentColor" stroke-opacity=".12"/>'
                     f'<text x="{at(tick):.1f}" y="{height - 8}" text-anchor="middle">{tick}</text>')  # fmt: skip
    ours = {(c.method, c.task): c.result for c in cells if c.result}
    for number, task in enumerate(tasks):
        top = number * (len(methods) * step + pad) + pad
        parts.append(f'<text x="{left - 10}" y="{top + 4}" text-anchor="end">{_text(task)}</text>')
        for line, method in enumerate(methods):
            y, color, paper = top + line * step, _SHOWN.get(method, _OTHER), PAPER.get(method, {}).get(task)
            if result := ours.get((method, task)):
                low, value, high = (at(100 * v) for v in (result.low, result.value, result.high))
                parts.append(f'<path d="M{low:.1f} {y}H{high:.1f}" stroke="{color}" stroke-width="2"/>'
                             f'<circle cx="{value:.1f}" cy="{y}" r="4" fill="{color}"/>')  # fmt: skip
            if paper is not None:
                parts.append(f'<circle cx="{at(paper):.1f}" cy="{y}" r="4.5" fill="none" stroke="{color}" '
                             'stroke-width="1.5"/>')  # fmt: skip
            parts.append(f'<text x="{right + 12}" y="{y + 4}">{_text(TITLES.get(method, method))}</text>')
    return "\n".join([*parts, "</svg>"])


# --- the command --------------------------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    words = argparse.ArgumentParser("training.geobench", description=(__doc__ or "").partition("\n\n")[0])
    words.add_argument("--root", type=Path, default=os.environ.get("GEO_BENCH_DIR"), help="GEO-Bench [$GEO_BENCH_DIR]")
    words.add_argument("-o", "--output", type=Path, required=True, help="folder for cells, tables and features")
    words.add_argument("--methods", default=",".join(TITLES), help="rows, e.g. random,ofanet [all of the paper]")
    words.add_argument("--timm", action="append", default=[], metavar="NAME", help="one more row: a timm model")
    words.add_argument("--timm-file", type=Path, help="the timm model's weights")
    words.add_argument("--download", action="store_true", help="let timm download weights")
    words.add_argument("--checkpoints", action="append", default=[], metavar="NAME=FILE,...",
                       help="ofanet=FILE, mae_single.SENSOR=FILE, satmae=FILE")  # fmt: skip
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
    from training.geobench_reader import TASKS, available

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
    source = Methods(_checkpoints(told.checkpoints), architecture_of(told), device_of(told.device), told.timm_file,
                     told.download)  # fmt: skip
    source.check(methods)
    settings = Settings(told.output, recipe, told.seeds, told.normalise, told.cache or told.output / "features",
                        told.image_batch, told.workers)  # fmt: skip
    return tasks, methods, source, settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command line; returns its exit code (0 done, 2 the user's, 3 ours, 130 stopped)."""
    told = _parser().parse_args(arguments)
    try:
        tasks, methods, source, settings = _prepare(told)
        cells = run(told.root, tasks, told.partition, methods, source, settings,
                    lambda text: print(text, file=sys.stderr, flush=True))  # fmt: skip
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
