"""Curves over the step number as SVG, for pages without scripts."""

import math
from collections.abc import Sequence

import numpy as np

from training.html_page import escape

# Okabe and Ito's colours, which colour-blind people can distinguish
_COLORS = {"sentinel-1": "#56b4e9", "sentinel-2": "#009e73", "gaofen": "#d55e00", "naip": "#cc79a7", "enmap": "#e69f00"}

Curve = list[tuple[float, float]]


def smooth(points: Sequence[tuple[float, float]]) -> Curve:
    """Moving average over a fiftieth of the points; points that are not finite are skipped."""
    points = [p for p in points if math.isfinite(p[1])]
    window = max(1, len(points) // 50)
    if not points:
        return []
    values = np.array(points, dtype=np.float64).T
    kernel = np.ones(window) / window
    x, y = (np.convolve(axis, kernel, "valid") for axis in values)
    return thin(list(zip(x.tolist(), y.tolist(), strict=True)))


def thin(points: Sequence[tuple[float, float]], limit: int = 400) -> Curve:
    """Every n-th point and the last one, about `limit` in all."""
    every = math.ceil(len(points) / limit) or 1
    return [*points[::every], *points[-1:]]


def ticks(low: float, high: float, count: int) -> list[float]:
    """About `count` round numbers within low..high."""
    rough = max(high - low, 1e-12) / count
    unit = 10.0 ** math.floor(math.log10(rough))
    step = unit * next(f for f in (1, 2, 5, 10) if f * unit >= rough * (1 - 1e-9))
    return [i * step for i in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def line_chart(curves: dict[str, Curve], label: str, width: int = 960, height: int = 360) -> str:
    """One line per curve over the step number, as SVG; `label` names the values."""
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
    for tick in ticks(y0, y1, max(2, height // 60)):
        y = at(x0, tick)[1]
        parts.append(
            f'<path d="M{left} {y:.1f}H{right}" stroke="currentColor" stroke-opacity=".15"/>'
            f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{tick:.4g}</text>'
        )
    for tick in ticks(x0, x1, 8):
        x = at(tick, y0)[0]
        parts.append(f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{tick:.10g}</text>')
    parts.append(f'<text x="{right + 8}" y="{bottom + 18}">step</text>')
    names = _spread_labels({key: at(*curve[-1])[1] for key, curve in curves.items()}, 15, bottom)
    for key, curve in curves.items():
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(*point) for point in curve))
        color = _COLORS.get(key.partition(" ")[0], "#0072b2")
        parts.append(
            f'<polyline points="{line}" fill="none" stroke="{color}" stroke-width="1.8"/>'
            f'<circle cx="{right + 10}" cy="{names[key]:.1f}" r="4" fill="{color}"/>'
            f'<text x="{right + 19}" y="{names[key] + 4:.1f}">{escape(key or label)}</text>'
        )
    return "\n".join([*parts, "</svg>"])


def _spread_labels(heights: dict[str, float], spacing: float, bottom: float) -> dict[str, float]:
    """The labels' heights, moved up from the lowest on so that they are at least `spacing` apart."""
    placed, below = {}, bottom + spacing
    for key, y in sorted(heights.items(), key=lambda item: -item[1]):
        below = placed[key] = min(y, below - spacing)
    return placed


def standalone_svg(chart: str) -> str:
    """A chart as an SVG file of its own, readable on light and dark pages."""
    style = "<style>svg { background: white; color: #222 } text { font: 12px sans-serif }</style>"
    named = chart.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    return named.replace("</svg>", f"{style}</svg>")
