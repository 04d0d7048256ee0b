"""Measured rows as a JSON file beside a Markdown page, and as the tables of that page."""

import json
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ofa_engine.core.errors import InputError
from ofa_engine.core.files import replacing

KINDS = ("places", "squares")
_BLOCK = re.compile(r"(<!-- (\w+): made by training\.quality -->\n).*?(<!-- end -->)", re.DOTALL)
_SCORES = {"miou": "mean IoU", "accuracy": "accuracy", "edge_accuracy": "within 2 px of edges"}

Row = dict[str, Any]


def merged(old: Sequence[Row], new: Sequence[Row]) -> list[Row]:
    """All rows, the new ones in place of older ones of the same kind, set and method, ordered by kind and set."""
    rows = {(row["kind"], row["set"], row["method"]): row for row in [*old, *new]}
    return sorted(rows.values(), key=lambda row: (KINDS.index(row["kind"]), row["set"]))


def read_rows(page: Path) -> list[Row]:
    """The rows beside a page; empty where there are none yet."""
    path = page.with_suffix(".json")
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else []


def write_page(page: Path, rows: Sequence[Row]) -> None:
    """Writes the rows beside the page, and the tables between its marks. Raises InputError for a page without marks."""
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    if not {kind for _, kind, _ in _BLOCK.findall(text)} >= {row["kind"] for row in rows}:
        wanted = "<!-- places: made by training.quality --> and <!-- end -->"
        raise InputError(f"expected lines {wanted} in {page} between which the table goes, found none")
    with replacing(page.with_suffix(".json")) as part:
        part.write_text(json.dumps(list(rows), indent=1) + "\n", encoding="utf-8")
    filled = _BLOCK.sub(lambda m: f"{m[1]}\n{table(rows, m[2])}\n\n{_measured_on(rows, m[2])}\n{m[3]}", text)
    with replacing(page) as part:
        part.write_text(filled, encoding="utf-8")


def table(rows: Sequence[Row], kind: str) -> str:
    """The rows of a kind as Markdown: a score with its 95 % interval over places, NaN as -."""
    head = ("set", "method", *_SCORES.values(), "s/Mpx", "places, rasters")
    lines = ["| " + " | ".join(head) + " |", "| --- " * len(head) + "|"]
    for row in rows:
        if row["kind"] == kind:
            name = f"{row['method']} ({row['head']})" if row["head"] else row["method"]
            name += " *" if row["seen"] else ""
            scores = (_cell(row[score]) for score in _SCORES)
            cells = (row["set"], name, *scores, _seconds(row["seconds_per_megapixel"]), _counts(row))
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _measured_on(rows: Sequence[Row], kind: str) -> str:
    machines = sorted({row["machine"] for row in rows if row["kind"] == kind})
    return f"Measured on {'; '.join(machines)}.\n" if machines else ""


def _cell(score: Sequence[float | None]) -> str:
    value, low, high = (math.nan if v is None else v for v in score)
    if not math.isfinite(value):
        return "-"
    return f"{value:.3f} ({low:.3f} to {high:.3f})" if math.isfinite(low) else f"{value:.3f}"


def _seconds(value: float) -> str:
    return f"{value:.2g}" if value < 10 else f"{value:.0f}"


def _counts(row: Row) -> str:
    return f"{row['places']}, {row['rasters']}"
