"""The page at the end of a run, report.html: facts, losses, learning rate, reconstructions and configuration."""

import base64
import csv
import math
import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ofa_engine.core.files import write_text
from training.console import duration
from training.html_page import escape, facts_table, html_page, html_table
from training.machine import machine
from training.pretraining.monitoring.curves import line_chart, smooth, thin

LossRows = dict[str, list[tuple[int, float, float]]]  # sensor: (step, loss, lr)


def write_report(folder: Path, facts: dict, config: dict) -> None:
    """Writes folder/report.html from the run's losses.csv, contact sheets and checkpoints.

    Args:
        folder: of the run.
        facts: of the run and of its monitor (`TrainingMonitor.facts`).
        config: settings by name.
    """
    page = _page(folder, facts, config)
    write_text(folder / "report.html", page)


def _page(folder: Path, facts: dict, config: dict) -> str:
    log = _read_losses(folder / "losses.csv")
    name = folder.resolve().name
    rates = thin(sorted((step, lr) for rows in log.values() for step, _, lr in rows))
    sizes = [(p.name, f"{p.stat().st_size / 1e6:.1f} MB") for p in sorted(folder.glob("step-*.safetensors"))]
    parts = [
        f"<h1>Pretraining of {escape(name)}</h1>",
        facts_table(_summary(facts, config, log)),
        "<h2>Loss</h2>",
        f"<p>{escape(facts.get('loss', ''))} Lines are moving averages.</p>",
        _loss_chart(log),
        _loss_table(log, facts.get("samples", {}), int(config.get("batch", 0))),
        "<h2>Learning rate</h2>",
        line_chart({"": rates}, "rate", height=140),
        *_reconstructions(sorted(folder.glob("reconstructions-*.png"))),
        "<h2>Checkpoints</h2>",
        facts_table(sizes) or "<p>None were kept.</p>",
        "<h2>Configuration</h2>",
        facts_table(config.items()),
    ]
    return html_page(name, parts)


def _summary(facts: dict, config: dict, log: LossRows) -> Iterable[tuple[str, object]]:
    sources = facts.get("sources", {})
    yield "trained", f"{facts.get('recipe', 'masked image modelling')}, one shared ViT, one embedder per sensor"
    yield "steps", f"{facts['steps']} of {facts['planned_steps']} planned"
    yield "images seen", f"{facts.get('images', 0):,}"
    yield "time", duration(facts["seconds"])
    yield "rate", f"{facts['images_s']:.1f} images/s (last process), checkpoints and pictures included"
    yield "waiting for data", f"{facts['wait_share']:.1%} of the time"
    yield "machine", machine(str(config.get("device", "auto")))
    if (world := int(os.environ.get("WORLD_SIZE", 1))) > 1:
        yield "processes", world
    for key, count in facts.get("samples", {}).items():
        yield f"{key} samples", f"{count:,} from {sources.get(key, 'an unknown source')}"
    yield "steps skipped", f"{facts.get('nonfinite_steps', 0)} without finite gradients"
    yield "losses not finite", sum(not math.isfinite(loss) for rows in log.values() for _, loss, _ in rows)


def _read_losses(path: Path) -> LossRows:
    log: LossRows = {}
    if path.exists():
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                log.setdefault(row["sensor"], []).append((int(row["step"]), float(row["loss"]), float(row["lr"])))
    return dict(sorted(log.items()))


def _loss_chart(log: LossRows) -> str:
    return line_chart({key: smooth([row[:2] for row in rows]) for key, rows in log.items()}, "loss")


def _loss_table(log: LossRows, samples: dict, batch: int) -> str:
    head = ["sensor", "samples", "steps", "images seen", "first loss", "last loss", "change"]
    lines = []
    for key, rows in log.items():
        curve = [loss for _, loss, _ in rows if math.isfinite(loss)]
        count = max(1, len(curve) // 20)
        first, last = (float(np.mean(part)) if part else math.nan for part in (curve[:count], curve[-count:]))
        change = f"{100 * (last / first - 1):+.1f} %"
        images = f"{len(rows) * batch:,}"
        lines.append([key, samples.get(key, ""), len(rows), images, f"{first:.4f}", f"{last:.4f}", change])
    return html_table(head, lines) + "<p>First and last: means over a twentieth of the steps.</p>"


def _reconstructions(sheets: list[Path]) -> list[str]:
    """The last contact sheet, inside the page, and links to the others."""
    if not sheets:
        return []
    data = base64.b64encode(sheets[-1].read_bytes()).decode("ascii")
    older = ", ".join(
        f'<a href="{escape(p.name)}">{escape(p.stem.rpartition("-")[2].lstrip("0"))}</a>' for p in sheets[:-1]
    )
    return [
        "<h2>Reconstructions</h2>",
        f'<img alt="input, masked, reconstructed" src="data:image/png;base64,{data}">',
        f"<p>After step {int(sheets[-1].stem.rpartition('-')[2])}. Visible patches are shown as they are.</p>",
        f"<p>Earlier: {older}</p>" if older else "",
    ]
