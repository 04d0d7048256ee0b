"""What people see of a run: progress with time left, TensorBoard, pictures of reconstructions, and a page at the end.

The page is one HTML file without scripts and without anything from the network; it can be mailed.
"""

import base64
import csv
import html
import math
import os
import platform
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm

from ofa_engine.core.sensors import Sensor, get_sensor
from training.pretraining.schedule import Plan, Step

_LINE_SECONDS = 60.0  # between lines where there is no terminal
# Okabe and Ito's colours, which colour-blind people can tell apart
_COLORS = {"sentinel-1": "#56b4e9", "sentinel-2": "#009e73", "gaofen": "#d55e00", "naip": "#cc79a7", "enmap": "#e69f00"}


# --- while the run goes on --------------------------------------------------------------------------------------


class Watch:
    """Progress on the terminal (elsewhere a line a minute) and in folder/tensorboard; the page at the end."""

    def __init__(self, folder: Path, plan: Plan, start: int):
        self.folder, self.plan, self.start = folder, plan, start
        self.done, self.seconds, self.waited, self.rate = start, 0.0, 0.0, math.nan
        self.latest: dict[str, float] = {}
        # a run that goes on from a checkpoint takes back what was written of the steps after it
        self.writer = SummaryWriter(str(folder / "tensorboard"), purge_step=start or None)
        self.terminal = sys.stderr.isatty()
        self.bar = tqdm(total=plan.steps, initial=start, unit="step", dynamic_ncols=True, disable=not self.terminal)
        self.last_line = -math.inf

    def losses(self, rows: Sequence[tuple[Step, float, float]], lr: float, batch: int, elapsed_seconds: float) -> None:
        """Steps since the last call with loss and seconds waited for data; `elapsed_seconds` since the start of this
        process's training, `batch` samples a step."""
        if not rows:
            return
        seconds = max(elapsed_seconds - self.seconds, 1e-9)
        waited = sum(wait for _, _, wait in rows)
        images_s = len(rows) * batch / seconds
        last = rows[-1][0].number
        for step, loss, _ in rows:
            self.writer.add_scalar(f"loss/{step.sensor}", loss, step.number)
            self.latest[step.sensor] = loss
        self.writer.add_scalar("lr", lr, last)
        self.writer.add_scalar("images_per_second", images_s, last)
        self.writer.add_scalar("data_wait_share", min(waited / seconds, 1.0), last)
        self.writer.flush()
        self.done, self.seconds, self.waited = last + 1, elapsed_seconds, self.waited + waited
        self.rate = (self.done - self.start) * batch / max(elapsed_seconds, 1e-9)
        self._tell(images_s, batch)

    def _tell(self, images_s: float, batch: int) -> None:
        losses = " ".join(f"{key} {loss:.3f}" for key, loss in sorted(self.latest.items()))
        self.bar.set_postfix_str(f"{losses}, {images_s:.0f} images/s", refresh=False)
        self.bar.update(self.done - self.bar.n)
        if not self.terminal and (time.monotonic() - self.last_line > _LINE_SECONDS or self.done == self.plan.steps):
            self.last_line = time.monotonic()
            left = (self.plan.steps - self.done) * batch / self.rate
            print(
                f"step {self.done} of {self.plan.steps}, {_duration(left)} left, {images_s:.0f} images/s, "
                f"loss {losses}",
                file=sys.stderr,
                flush=True,
            )

    def close(self) -> None:
        self.bar.close()
        self.writer.close()

    def finish(self, facts: dict, config: dict) -> None:
        """Closes everything and writes report.html. `facts["seconds"]` are those of the processes before this one."""
        self.close()
        own = {
            "seconds": facts.get("seconds", 0.0) + self.seconds,
            "images_s": self.rate,
            "wait_share": self.waited / max(self.seconds, 1e-9),
            "steps": self.done,
            "planned_steps": self.plan.steps,
        }
        page = _page(self.folder, facts | own, config)
        part = self.folder / ".report.html.part"
        part.write_text(page, encoding="utf-8")
        os.replace(part, self.folder / "report.html")


def progress(items: Iterable | None, text: str, total: int | None = None) -> Any:
    """tqdm that shows up after two seconds; where there is no terminal, a line a minute."""
    every = 0.1 if sys.stderr.isatty() else _LINE_SECONDS
    return tqdm(items, text, total, delay=2, mininterval=every, maxinterval=max(every, 10.0), leave=False)


def machine(device: str = "auto") -> str:
    """Processor or graphics card, memory and versions, in words."""
    versions = f"PyTorch {torch.__version__}, Python {platform.python_version()}"
    if device != "cpu" and torch.cuda.is_available():
        memory = torch.cuda.get_device_properties(0).total_memory / 2**30
        return f"{torch.cuda.get_device_name(0)} ({memory:.0f} GiB), {versions}"
    memory = psutil.virtual_memory().total / 2**30
    return f"{_processor()}, {torch.get_num_threads()} threads, {memory:.0f} GiB, {versions}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _duration(seconds: float) -> str:
    """As '45 s', '12 min' or '3 h 05 min'; 'unknown time' where it is not a number."""
    if not math.isfinite(seconds):
        return "unknown time"
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"


# --- pictures of reconstructions --------------------------------------------------------------------------------

_CELL_PX, _GAP_PX, _MARGIN_PX, _TITLE_PX = 224, 4, 16, 38
_PAPER, _INK, _HIDDEN = (255, 255, 255), (30, 30, 30), (128, 128, 128)
_NATURAL, _NEAR_INFRARED = (0.66, 0.56, 0.48), (0.83, 0.66, 0.56)  # micrometres shown as red, green, blue
_NEAR_UM = 0.05


def sheet(path: Path, rows: Mapping[str, tuple[NDArray, NDArray, NDArray, Sequence[int]]]) -> None:
    """One PNG with a line a sensor, and in it for each sample: input, masked, reconstructed.

    A row is (pixels (N, C, H, W) normalised, mask (N, 1, H, W) True where hidden, rebuilt like pixels, the 0-based
    embedder bands that the C channels hold).
    """
    lines = [(_title(key, row[3]), _triples(get_sensor(key), *row)) for key, row in rows.items()]
    gap = 4 * _GAP_PX  # between samples
    step = 3 * _CELL_PX + 2 * _GAP_PX + gap
    width = 2 * _MARGIN_PX + step * max(len(triples) for _, triples in lines) - gap
    height = _MARGIN_PX + len(lines) * (_TITLE_PX + _CELL_PX + _MARGIN_PX)
    page = Image.new("RGB", (width, height), _PAPER)
    draw = ImageDraw.Draw(page)
    for line, (title, triples) in enumerate(lines):
        top = _MARGIN_PX + line * (_TITLE_PX + _CELL_PX + _MARGIN_PX)
        draw.text((_MARGIN_PX, top), title, _INK, ImageFont.load_default(24))
        for number, triple in enumerate(triples):
            for place, cell in enumerate(triple):
                left = _MARGIN_PX + number * step + place * (_CELL_PX + _GAP_PX)
                page.paste(cell.resize((_CELL_PX, _CELL_PX), Image.Resampling.NEAREST), (left, top + _TITLE_PX))
    part = path.with_name(f".{path.name}.part")
    page.save(part, "PNG", optimize=True)
    os.replace(part, path)


def _title(sensor_id: str, present: Sequence[int]) -> str:
    sensor = get_sensor(sensor_id)
    shown = " / ".join(_shown_bands(sensor, present)[1])
    missing = len(sensor.bands) - len(sensor.never) - len(present)
    more = f", {missing} of {len(sensor.bands)} bands missing" if missing else ""
    return f"{sensor.title} ({shown}{more}): input, masked, reconstructed"


def _triples(
    sensor: Sensor, pixels: NDArray, mask: NDArray, rebuilt: NDArray, present: Sequence[int]
) -> list[tuple[Image.Image, Image.Image, Image.Image]]:
    """A sample's three pictures, H x W; colours are stretched alike in all three, over all samples."""
    before, after = _colors(sensor, pixels, present), _colors(sensor, rebuilt, present)  # (N, 3, H, W)
    low, high = np.percentile(before, (2, 98), axis=(0, 2, 3), keepdims=True)
    stretch = 255 / np.maximum(high - low, 1e-6)
    first, last = (((x - low) * stretch).clip(0, 255).round().astype(np.uint8) for x in (before, after))
    hidden = np.where(mask, np.uint8(_HIDDEN[0]), first)
    return [tuple(map(_picture, triple)) for triple in zip(first, hidden, last, strict=True)]  # type: ignore[misc]


def _picture(values: NDArray[np.uint8]) -> Image.Image:
    return Image.fromarray(np.ascontiguousarray(values.transpose(1, 2, 0)))


def _colors(sensor: Sensor, pixels: NDArray, present: Sequence[int]) -> NDArray[np.float32]:
    """(N, C, H, W) bands `present` to (N, 3, H, W), not yet stretched."""
    channels = _shown_bands(sensor, present)[0]
    pixels = np.nan_to_num(pixels.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    shown = [pixels[:, plus] - (0 if minus is None else pixels[:, minus]) for plus, minus in channels]
    return np.stack(shown, 1)


def _shown_bands(sensor: Sensor, present: Sequence[int]) -> tuple[list[tuple[int, int | None]], list[str]]:
    """For red, green and blue: the channel shown and the one subtracted from it; and what they are called."""
    names = [sensor.band_names[band] for band in present]
    if sensor.id == "sentinel-1" and len(present) == 2:
        return [(0, None), (1, None), (0, 1)], [*names, f"{names[0]} - {names[1]}"]
    lengths = [sensor.bands[band].wavelength_um for band in present]
    for wanted in (_NATURAL, _NEAR_INFRARED):
        channels = [_nearest(lengths, um) for um in wanted]
        if None not in channels:
            return [(c, None) for c in channels if c is not None], [names[c] for c in channels if c is not None]
    spread = [len(present) - 1, len(present) // 2, 0] if len(present) > 2 else [0, 0, 0]
    return [(c, None) for c in spread], [names[c] for c in dict.fromkeys(spread)]


def _nearest(lengths: Sequence[float | None], um: float) -> int | None:
    """The place of the nearest wavelength, None where none is near."""
    place = min(range(len(lengths)), key=lambda i: abs((lengths[i] or math.inf) - um))
    return place if abs((lengths[place] or math.inf) - um) <= _NEAR_UM else None


# --- the page at the end ----------------------------------------------------------------------------------------

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.6rem } h2 { font-size: 1.2rem; margin-top: 2rem }
table { border-collapse: collapse } td, th { padding: .15rem 1rem .15rem 0; text-align: left; vertical-align: top }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums } tr { border-bottom: 1px solid #8884 }
img, svg { max-width: 100%; height: auto } img { image-rendering: auto } code { overflow-wrap: anywhere }
svg text { font: 12px system-ui, sans-serif; fill: currentColor }
"""

Log = dict[str, list[tuple[int, float, float]]]  # sensor: (step, loss, lr)


def _page(folder: Path, facts: dict, config: dict) -> str:
    log = _read_log(folder / "losses.csv")
    sheets = sorted(folder.glob("reconstructions-*.png"))
    name = folder.resolve().name
    parts = [
        f"<h1>Pretraining of {escape(name)}</h1>",
        pairs(_summary(facts, config, log)),
        "<h2>Loss</h2>",
        "<p>Mean squared error of the masked patches, each normalised to zero mean and unit variance: 1 is what "
        "guessing a patch's mean gives. Lines are moving averages.</p>",
        _losses(log),
        _loss_table(log, facts.get("samples", {}), int(config.get("batch", 0))),
        "<h2>Learning rate</h2>",
        _chart({"": _thin(sorted((step, lr) for rows in log.values() for step, _, lr in rows))}, "rate", height=140),
        *_pictures(sheets),
        "<h2>Checkpoints</h2>",
        pairs([(p.name, f"{p.stat().st_size / 1e6:.1f} MB") for p in sorted(folder.glob("step-*.safetensors"))])
        or "<p>None were kept.</p>",
        "<h2>Configuration</h2>",
        pairs(config.items()),
    ]
    return html_page(name, parts)


def _losses(log: Log) -> str:
    return _chart({key: _smooth([row[:2] for row in rows]) for key, rows in log.items()}, "loss")


def loss_picture(losses: Path) -> str:
    """A run's losses.csv as an SVG file of its own, readable on light and dark pages."""
    style = "<style>svg { background: white; color: #222 } text { font: 12px sans-serif }</style>"
    return (
        _losses(_read_log(losses))
        .replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
        .replace("</svg>", f"{style}</svg>")
    )


def html_page(title: str, parts: Iterable[str], style: str = "") -> str:
    """The frame of every page of this package; `style` is added to what they have in common."""
    head = f'<head><meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}{style}</style></head>'
    return f'<!doctype html>\n<html lang="en">{head}\n<body>\n' + "\n".join(parts) + "\n</body></html>\n"


def _summary(facts: dict, config: dict, log: Log) -> Iterable[tuple[str, object]]:
    sources = facts.get("sources", {})
    yield "trained", f"{facts.get('recipe', 'masked image modelling')}, one shared ViT, a decoder a sensor"
    yield "steps", f"{facts['steps']} of {facts['planned_steps']} planned"
    yield "images seen", f"{facts.get('images', 0):,}"
    yield "time", _duration(facts["seconds"])
    yield "rate", f"{facts['images_s']:.1f} images/s (last process), checkpoints and pictures included"
    yield "waiting for data", f"{facts['wait_share']:.1%} of the time"
    yield "machine", machine(str(config.get("device", "auto")))
    if (world := int(os.environ.get("WORLD_SIZE", 1))) > 1:
        yield "processes", world
    for key, count in facts.get("samples", {}).items():
        yield f"{key} samples", f"{count:,} from {sources.get(key, 'an unknown source')}"
    yield "steps skipped", f"{facts.get('nonfinite_steps', 0)} without finite gradients"
    bad = sum(not math.isfinite(loss) for rows in log.values() for _, loss, _ in rows)
    yield "losses not finite", bad


def _read_log(path: Path) -> Log:
    log: Log = {}
    if path.exists():
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                log.setdefault(row["sensor"], []).append((int(row["step"]), float(row["loss"]), float(row["lr"])))
    return dict(sorted(log.items()))


def _loss_table(log: Log, samples: dict, batch: int) -> str:
    head = ["sensor", "samples", "steps", "images seen", "first loss", "last loss", "change"]
    lines = []
    for key, rows in log.items():
        curve = [loss for _, loss, _ in rows if math.isfinite(loss)]
        few = max(1, len(curve) // 20)
        first, last = (float(np.mean(part)) if part else math.nan for part in (curve[:few], curve[-few:]))
        lines.append(
            [
                key,
                samples.get(key, ""),
                len(rows),
                f"{len(rows) * batch:,}",
                f"{first:.4f}",
                f"{last:.4f}",
                f"{100 * (last / first - 1):+.1f} %",
            ]
        )
    return table(head, lines) + "<p>First and last: means over a twentieth of the steps.</p>"


def _pictures(sheets: list[Path]) -> list[str]:
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


def escape(value: object) -> str:
    return html.escape(str(value))


def pairs(rows: Iterable[tuple[object, object]]) -> str:
    """A table of names with what they stand for; "" where there are none."""
    lines = "".join(f"<tr><th>{escape(k)}</th><td><code>{escape(v)}</code></td></tr>" for k, v in rows)
    return lines and f"<table>{lines}</table>"


def table(head: Sequence[object], rows: Sequence[Sequence[object]], texts: int = 1) -> str:
    """The first `texts` columns are text, the others are numbers."""

    def line(values: Sequence[object], tag: str) -> str:
        cells = (f"<{tag}{' class=n' * (i >= texts)}>{escape(v)}</{tag}>" for i, v in enumerate(values))
        return f"<tr>{''.join(cells)}</tr>"

    return f"<table>{line(head, 'th')}{''.join(line(row, 'td') for row in rows)}</table>"


# --- curves -----------------------------------------------------------------------------------------------------

Curve = list[tuple[float, float]]


def _smooth(points: Sequence[tuple[float, float]]) -> Curve:
    """Moving average over a fiftieth of the points; those that are not finite are left out."""
    points = [p for p in points if math.isfinite(p[1])]
    window = max(1, len(points) // 50)
    if not points:
        return []
    values = np.array(points, dtype=np.float64).T
    kernel = np.ones(window) / window
    x, y = (np.convolve(axis, kernel, "valid") for axis in values)
    return _thin(list(zip(x.tolist(), y.tolist(), strict=True)))


def _thin(points: Sequence[tuple[float, float]], most: int = 400) -> Curve:
    every = math.ceil(len(points) / most) or 1
    return [*points[::every], *points[-1:]]


def _ticks(low: float, high: float, about: int) -> list[float]:
    """Round numbers within low..high."""
    rough = max(high - low, 1e-12) / about
    unit = 10.0 ** math.floor(math.log10(rough))
    step = unit * next(f for f in (1, 2, 5, 10) if f * unit >= rough * (1 - 1e-9))
    return [i * step for i in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def _chart(curves: dict[str, Curve], label: str, width: int = 960, height: int = 360) -> str:
    """Lines over the step number, as SVG."""
    curves = {key: curve for key, curve in curves.items() if curve}
    if not curves:
        return "<p>Nothing was logged.</p>"
    xs, ys = zip(*(point for curve in curves.values() for point in curve), strict=True)
    left, right, top, bottom = 64, width - 130, 12, height - 36
    x0, x1, y0, y1 = min(xs), max(xs), min(ys), max(ys)
    pad = 0.05 * (y1 - y0) or abs(y1) * 0.05 or 1.0
    y0, y1 = y0 - pad, y1 + pad

    def at(x: float, y: float) -> tuple[float, float]:
        return (left + (x - x0) / max(x1 - x0, 1e-12) * (right - left), bottom - (y - y0) / (y1 - y0) * (bottom - top))

    parts = [
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">'
        f"<title>{escape(label)} by step</title>"
    ]
    for tick in _ticks(y0, y1, max(2, height // 60)):
        y = at(x0, tick)[1]
        parts.append(
            f'<path d="M{left} {y:.1f}H{right}" stroke="currentColor" stroke-opacity=".15"/>'
            f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{tick:.4g}</text>'
        )
    for tick in _ticks(x0, x1, 8):
        x = at(tick, y0)[0]
        parts.append(f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{tick:.10g}</text>')
    parts.append(f'<text x="{right + 8}" y="{bottom + 18}">step</text>')
    names = _apart({key: at(*curve[-1])[1] for key, curve in curves.items()}, 15, bottom)
    for key, curve in curves.items():
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(*point) for point in curve))
        color = _COLORS.get(key, "#0072b2")
        parts.append(
            f'<polyline points="{line}" fill="none" stroke="{color}" stroke-width="1.8"/>'
            f'<circle cx="{right + 10}" cy="{names[key]:.1f}" r="4" fill="{color}"/>'
            f'<text x="{right + 19}" y="{names[key] + 4:.1f}">{escape(key or label)}</text>'
        )
    return "\n".join([*parts, "</svg>"])


def _apart(heights: dict[str, float], least: float, bottom: float) -> dict[str, float]:
    """Labels' heights moved up from the lowest on, so that they are `least` apart."""
    placed, below = {}, bottom + least
    for key, y in sorted(heights.items(), key=lambda item: -item[1]):
        below = placed[key] = min(y, below - least)
    return placed
