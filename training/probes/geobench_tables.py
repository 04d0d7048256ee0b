"""Results of GEO-Bench's probes next to the published ones: tables as text, CSV and Markdown, and one HTML page without
scripts or network."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ofa_engine.core.errors import OutputError
from ofa_engine.core.files import write_text
from training.html_page import escape, facts_table, html_page, html_table
from training.machine import machine
from training.probes.geobench_published import DOFA_B, PAPER, REMARKS, TABLE_1, TABLE_2, TABLES, TITLES
from training.probes.result import ProbeResult
from training.probes.scores import METRIC


@dataclass(frozen=True)
class Cell:
    """One method on one task: the mean over seeds, or the reason why there is none."""

    method: str
    task: str
    result: ProbeResult | None = None
    missing: str = ""

    @property
    def title(self) -> str:
        return TITLES.get(self.method, self.method)

    @property
    def paper(self) -> float | None:
        return PAPER.get(self.method, {}).get(self.task)


# --- tables -------------------------------------------------------------------------------------------------------


def interval(result: ProbeResult) -> str:
    return f"{100 * result.value:.2f} ({100 * result.low:.1f} to {100 * result.high:.1f})"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _methods(cells: Iterable[Cell]) -> list[str]:
    """Methods in the paper's order, then others."""
    return list(dict.fromkeys([*TITLES, *(c.method for c in cells)]))


def _rows(cells: Sequence[Cell], tasks: Sequence[str]) -> list[list[str]]:
    """Per method our row if there is one, and below it the paper's."""
    ours = {(c.method, c.task): c.result for c in cells if c.result}
    rows = []
    for method in _methods(cells):
        found = [ours.get((method, task)) for task in tasks]
        if any(c.method == method for c in cells):
            rows.append([f"{TITLES.get(method, method)}, ours", *(interval(r) if r else "-" for r in found)])
        if any(PAPER.get(method, {}).get(task) for task in tasks):
            rows.append([f"{TITLES[method]}, paper", *(_percent(PAPER[method].get(task)) for task in tasks)])
    return [*rows, ["DOFA-B (frozen), its authors", *(_percent(DOFA_B[task]) for task in tasks)]]


def paper_tables(results: Sequence[Cell]) -> str:
    """The paper's Tables 1 and 2 as text, its rows below ours; '-' stands for a missing value."""
    parts = []
    for title, tasks in TABLES.items():
        lines = [["method", *tasks], *_rows(results, tasks)]
        widths = [max(len(line[i]) for line in lines) for i in range(len(tasks) + 1)]
        parts.append(
            "\n".join(
                [title, *("  ".join(f"{v:{w}}" for v, w in zip(line, widths, strict=True)).rstrip() for line in lines)]
            )
        )
    return "\n\n".join(parts) + "\n"


_HEAD = (
    "task",
    "metric",
    "method",
    "value",
    "low",
    "high",
    "deviation_over_seeds",
    "seeds",
    "paper",
    "sensor",
    "bands",
    "source_bands",
    "train",
    "valid",
    "test",
    "head",
    "normalised_by",
    "backbone",
    "fingerprint",
    "missing",
)


def _records(cells: Sequence[Cell]) -> list[dict[str, str]]:
    """One record per cell: its facts as text, scores in percent."""
    records = []
    for c in cells:
        record = dict.fromkeys(_HEAD, "") | {"task": c.task, "method": c.title, "missing": c.missing}
        record["paper"] = "" if c.paper is None else f"{c.paper:.2f}"
        if c.result:
            facts = c.result.facts
            record |= {
                key: f"{100 * v:.4f}"
                for key, v in (
                    ("value", c.result.value),
                    ("low", c.result.low),
                    ("high", c.result.high),
                    ("deviation_over_seeds", facts["std"]),
                )
            }
            record |= {name: str(count) for name, count in facts["samples"].items()}
            record |= {
                "metric": c.result.metric,
                "seeds": str(len(facts["seeds"])),
                "sensor": facts["sensor"],
                "bands": ", ".join(facts["bands"]),
                "source_bands": ", ".join(facts["source_bands"]),
                "head": facts["head"],
                "normalised_by": facts["normalise"],
                "backbone": facts["backbone"],
                "fingerprint": facts["fingerprint"],
            }
        records.append(record)
    return records


def write_tables(folder: Path, cells: Sequence[Cell], partition: str) -> None:
    """results.csv, results.md and results.html, each whole or not at all. Raises OutputError."""
    text = io.StringIO()
    lines = csv.DictWriter(text, _HEAD, lineterminator="\n")
    lines.writeheader()
    lines.writerows(_records(cells))
    pages = {"csv": text.getvalue(), "md": _markdown(cells, partition), "html": _page(cells, partition)}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for ending, content in pages.items():
            write_text(folder / f"results.{ending}", content)
    except OSError as error:
        raise OutputError(f"cannot write results in {folder}: {error}") from error


def _described(cells: Sequence[Cell]) -> list[list[str]]:
    """One line per task: what was used of it."""
    lines = []
    for task in dict.fromkeys(c.task for c in cells):
        facts = next((c.result.facts for c in cells if c.task == task and c.result), None)
        if facts:
            counts = " / ".join(str(facts["samples"][split]) for split in ("train", "valid", "test"))
            lines.append(
                [
                    task,
                    METRIC[facts["kind"]],
                    counts,
                    facts["sensor"],
                    ", ".join(facts["bands"]),
                    "; ".join(facts["notes"]),
                ]
            )
    return lines


def _missing(cells: Sequence[Cell]) -> list[list[str]]:
    """What is missing, and why: one line per reason and set of methods, with all their tasks."""
    reasons: dict[tuple[str, str], list[str]] = {}  # (task, reason): methods
    for c in cells:
        if c.missing:
            reasons.setdefault((c.task, c.missing), []).append(c.title)
    tasks: dict[tuple[str, str], list[str]] = {}  # (methods, reason): tasks
    for (task, why), titles in reasons.items():
        tasks.setdefault((", ".join(titles), why), []).append(task)
    left = [task for task in (*TABLE_1, *TABLE_2) if task not in {c.task for c in cells}]
    lines = [[", ".join(names), titles, why] for (titles, why), names in tasks.items()]
    return [*lines, *([[", ".join(left), "all", "not run, or not yet"]] if left else [])]


def _all_scores(cells: Sequence[Cell]) -> list[list[str]]:
    lines = []
    for c in cells:
        for name, (value, low, high) in c.result.facts["scores"].items() if c.result else ():
            lines.append([c.task, c.title, name, f"{100 * value:.2f}", f"{100 * low:.2f} to {100 * high:.2f}"])
    return lines


_TASK_HEAD = ["task", "metric", "train / valid / test", "read as", "bands used", "notes"]
_MISSING_HEAD = ["tasks", "methods", "why"]
_SCORE_HEAD = ["task", "method", "score", "percent", "95 % interval"]


def _heading(partition: str) -> str:
    return f"GEO-Bench, partition {partition}: linear probes on frozen backbones"


def _markdown(cells: Sequence[Cell], partition: str) -> str:
    def grid(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
        lines = [[" ".join(v.split()).replace("|", "\\|") for v in row] for row in (head, *rows)]
        lines.insert(1, ["---"] * len(head))
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)

    parts = [f"# {_heading(partition)}"]
    for title, tasks in TABLES.items():
        parts += [f"## {title}", grid(["method", *tasks], _rows(cells, tasks))]
    parts += [
        "## What was used",
        grid(_TASK_HEAD, _described(cells)),
        "## Missing",
        grid(_MISSING_HEAD, _missing(cells)),
        "## All scores",
        grid(_SCORE_HEAD, _all_scores(cells)),
        "## Remarks",
        "\n".join(f"- {remark}" for remark in REMARKS),
    ]
    return "\n\n".join(parts) + "\n"


def _page(cells: Sequence[Cell], partition: str) -> str:
    title = _heading(partition)
    parts = [f"<h1>{escape(title)}</h1>"]
    for heading, tasks in TABLES.items():
        parts += [
            f"<h2>{escape(heading)}</h2>",
            '<div class="wide">',
            html_table(["method", *tasks], _rows(cells, tasks)),
            "</div><p>Dots: ours, with 95 % intervals. Rings: the paper's.</p>",
            _chart(cells, tasks),
        ]
    parts += [
        "<h2>What was used</h2>",
        html_table(_TASK_HEAD, _described(cells), len(_TASK_HEAD)),
        "<h2>Missing</h2>",
        html_table(_MISSING_HEAD, _missing(cells), len(_MISSING_HEAD)),
        "<h2>All scores</h2>",
        html_table(_SCORE_HEAD, _all_scores(cells)),
        "<h2>Backbones</h2>",
        facts_table(_backbones(cells)) or "<p>None.</p>",
        "<h2>Remarks</h2>",
        "<ul>" + "".join(f"<li>{escape(remark)}</li>" for remark in REMARKS) + "</ul>",
        f"<p>{escape(machine())}</p>",
    ]
    return html_page(title, parts, ".wide { overflow-x: auto } .wide td, .wide th { white-space: nowrap }\n")


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
    """Ours as dots with intervals, the paper's as rings, in percent; one row per task and method."""
    methods = _methods(cells)
    left, right, step, pad = 190, 900, 16, 14
    height = len(tasks) * (len(methods) * step + pad) + 30

    def at(percent: float) -> float:
        return left + percent / 100 * (right - left)

    parts = [
        f'<svg viewBox="0 0 1060 {height}" width="1060" height="{height}" role="img"><title>ours (dots, 95 % '
        "intervals) and the paper's (rings), percent</title>"
    ]
    for tick in range(0, 101, 10):
        parts.append(
            f'<path d="M{at(tick):.1f} 0V{height - 24}" stroke="currentColor" stroke-opacity=".12"/>'
            f'<text x="{at(tick):.1f}" y="{height - 8}" text-anchor="middle">{tick}</text>'
        )
    ours = {(c.method, c.task): c.result for c in cells if c.result}
    for number, task in enumerate(tasks):
        top = number * (len(methods) * step + pad) + pad
        parts.append(f'<text x="{left - 10}" y="{top + 4}" text-anchor="end">{escape(task)}</text>')
        for line, method in enumerate(methods):
            y, color, paper = top + line * step, _SHOWN.get(method, _OTHER), PAPER.get(method, {}).get(task)
            if result := ours.get((method, task)):
                low, value, high = (at(100 * v) for v in (result.low, result.value, result.high))
                parts.append(
                    f'<path d="M{low:.1f} {y}H{high:.1f}" stroke="{color}" stroke-width="2"/>'
                    f'<circle cx="{value:.1f}" cy="{y}" r="4" fill="{color}"/>'
                )
            if paper is not None:
                parts.append(
                    f'<circle cx="{at(paper):.1f}" cy="{y}" r="4.5" fill="none" stroke="{color}" stroke-width="1.5"/>'
                )
            parts.append(f'<text x="{right + 12}" y="{y + 4}">{escape(TITLES.get(method, method))}</text>')
    return "\n".join([*parts, "</svg>"])
