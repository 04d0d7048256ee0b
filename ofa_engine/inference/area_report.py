"""The areas of one class map: as a page with picture, chart, table and provenance, and as text."""

import base64
import math
import time
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.io import MemoryFile

from ..core.html import count_text, document, hectares_text, listing, short, swatch, table, text
from ..raster.class_names import class_colormap
from ..raster.gdal import open_quietly
from .runner import InferenceRun

PICTURE_PX = 720  # the picture's longer side, at most
_LEAST_SHOWN_PX = 360  # small maps are drawn larger, with sharp pixels
_TITLES = {  # of tags whose own name is not clear
    "BANDS": "source bands, in the sensor's order",
    "UNITS": "unit of the values",
    "BACKBONE": "fingerprint of the backbone",
    "TILE_PX": "tile size, px",
    "FLIPS": "mirror images averaged",
    "MIN_AREA_HA": "smallest area, ha",
}
_NOTE = (
    "These areas are counted on the map. A map has errors, and they do not cancel out: a class that is found too "
    "easily comes out too large, one that is overlooked too small, and rare classes suffer most. For areas with "
    "confidence intervals draw random points on the map with <code>ofa sample</code> (in QGIS: Sample points for an "
    "accuracy assessment), label each of them in better imagery, and give them to <code>ofa evaluate</code> (Assess "
    "accuracy)."
)


def write_report(run: InferenceRun, path: str, answer: dict, class_map: NDArray[np.uint8]) -> None:
    """Writes the page of a run's answer as one more of its outputs; see `areas_page`. Raises OSError."""
    page = areas_page(answer, answer["provenance"], class_map, time.monotonic() - run.started)
    run.pending.add(Path(path)).write_text(page, encoding="utf-8")


def thumbnail(path: Path, longest_px: int = PICTURE_PX) -> NDArray[np.uint8]:
    """(h, w) class values of a class layer, at most `longest_px` high and wide: of each cell the most frequent one."""
    with open_quietly(path) as layer:
        scale = min(1.0, longest_px / max(layer.width, layer.height))
        height, width = (max(1, round(size * scale)) for size in (layer.height, layer.width))
        return layer.read(1, out_shape=(height, width), resampling=Resampling.mode)


def areas_page(answer: dict, tags: dict[str, str], class_map: NDArray[np.uint8], seconds: float) -> str:
    """The page of a map's areas, as HTML.

    Args:
        answer: of `segment` or `classify`.
        tags: provenance of its output.
        class_map: (h, w) class values to draw.
        seconds: how long the run took.
    """
    classes, title = answer["classes"], f"{tags['SOURCE']}: areas by class"
    unit = "tiles" if "tiles" in classes[0] else "pixels"
    known = all(entry["area_ha"] is not None for entry in classes)
    sizes = np.array([entry["area_ha" if known else unit] for entry in classes], np.float64)
    shares = sizes / (sizes.sum() or 1.0)
    parts = [
        f"<h1>{text(title)}</h1>",
        _summary(answer, unit, known),
        _picture(class_map, classes, title),
        "<h2>Areas</h2>",
        _chart(classes, shares),
        _areas(classes, unit, known, shares),
        f"<h2>To bear in mind</h2><p>{_NOTE}</p>",
        "<h2>Where this comes from</h2>",
        listing(_provenance(answer, tags, seconds)),
    ]
    return document(title, parts)


def _summary(answer: dict, unit: str, known: bool) -> str:
    classes = answer["classes"]
    counted = f"{count_text(sum(entry[unit] for entry in classes))} {unit}"
    area = f", {hectares_text(sum(entry['area_ha'] for entry in classes))} ha" if known else ""
    found = sum(1 for entry in classes if entry[unit])
    return f"<p>{counted}{area}; {found} of the {len(classes)} classes of {text(answer['head_name'])} occur.</p>"


def _areas(classes: Sequence[dict], unit: str, known: bool, shares: NDArray[np.float64]) -> str:
    def line(name: str, entries: Sequence[dict], share: float) -> list[str]:
        area = [hectares_text(sum(entry["area_ha"] for entry in entries))] if known else []
        return [name, count_text(sum(entry[unit] for entry in entries)), *area, f"{100 * share:.2f}"]

    lines = [
        line(swatch(entry["color"], f"{entry['value']} {entry['name']}"), [entry], share)
        for entry, share in zip(classes, shares, strict=True)
    ]
    lines.append(line("all", classes, shares.sum()))
    head = ["class", unit, *(["ha"] if known else []), "%"]
    note = "Areas are ellipsoidal." if known else "No areas in hectares: the raster has no CRS."
    return table(head, lines, first_is_html=True) + f"<p>{note}</p>"


def _provenance(answer: dict, tags: dict[str, str], seconds: float) -> list[tuple[str, object]]:
    files = [Path(answer[key]).name for key in ("output", "polygons", "confidence") if answer.get(key)]
    return [
        ("files", files),
        *((_TITLES.get(key, key.lower()), value) for key, value in tags.items()),
        ("device", answer["device"]),
        ("tiles computed", count_text(answer["tiles"])),
        ("seconds", f"{seconds:.1f}"),
        ("date", datetime.now(timezone.utc).isoformat(timespec="seconds")),
    ]


# --- pictures ----------------------------------------------------------------------------------------------------


def _picture(class_map: NDArray[np.uint8], classes: Sequence[dict], title: str) -> str:
    step = math.ceil(max(class_map.shape) / PICTURE_PX)
    class_map = np.ascontiguousarray(class_map[::step, ::step])
    longest = max(class_map.shape)
    width = class_map.shape[1] * (_LEAST_SHOWN_PX / longest if longest < _LEAST_SHOWN_PX else 1)
    data = base64.b64encode(_png(class_map, classes)).decode("ascii")
    legend = " ".join(
        f"<li>{swatch(entry['color'], entry['name'])}</li>" for entry in classes if (class_map == entry["value"]).any()
    )
    return (
        f'<div class="map"><img alt="{text(title)}" width="{width:.0f}" src="data:image/png;base64,{data}">'
        f'<ul class="legend">{legend}</ul></div>'
    )


def _png(values: NDArray[np.uint8], classes: Sequence[dict]) -> bytes:
    """Class values in their colours, all else transparent."""
    height, width = values.shape
    with MemoryFile() as memory:
        profile = dict(driver="PNG", width=width, height=height, count=1, dtype="uint8")
        with open_quietly(memory.name, "w", **profile) as picture:
            picture.write(values, 1)
            picture.write_colormap(1, class_colormap(classes))
        return memory.read()


_ROW, _BAR = 24, 380  # px


def _chart(classes: Sequence[dict], shares: NDArray[np.float64]) -> str:
    """A bar per class that occurs, the largest first; lengths are relative to the largest."""
    rows = [(float(shares[i]), classes[i]) for i in np.argsort(-shares, kind="stable") if shares[i]]
    if not rows:
        return "<p>No pixel is valid: the map is empty.</p>"
    left = 16 + 7.2 * max(len(short(entry["name"])) for _, entry in rows)
    width, height = left + _BAR + 200, len(rows) * _ROW + 8
    parts = [
        f'<div class="wide"><svg viewBox="0 0 {width:.0f} {height}" width="{width:.0f}" height="{height}" '
        'role="img"><title>Areas by class</title>'
    ]
    for i, (share, entry) in enumerate(rows):
        y, length = 4 + i * _ROW, max(1.0, _BAR * share / rows[0][0])
        area = f", {hectares_text(entry['area_ha'])} ha" if entry["area_ha"] is not None else ""
        parts.append(
            f'<text x="{left - 8:.1f}" y="{y + 15}" text-anchor="end">{text(short(entry["name"]))}</text>'
            f'<rect x="{left:.1f}" y="{y + 2}" width="{length:.1f}" height="{_ROW - 6}" fill="{text(entry["color"])}" '
            f'stroke="#8888"/><text x="{left + length + 6:.1f}" y="{y + 15}">{100 * share:.1f} %{area}</text>'
        )
    return "\n".join(parts) + "</svg></div>"


# --- text --------------------------------------------------------------------------------------------------------


def areas_text(answer: dict) -> str:
    """A table of the classes of what `segment` or `classify` answers, for a terminal."""
    classes = answer["classes"]
    tiles = "tiles" in classes[0]
    unit = "tiles" if tiles else "pixels"
    total = sum(entry[unit] for entry in classes)
    wide = max(4, *(len(entry["name"]) for entry in classes))
    files = [answer[key] for key in ("output", "confidence", "polygons", "report") if answer.get(key)]
    lines = [
        f"{', '.join(files)}: {answer['sensor']}, {answer['head_name']}, {answer['tiles']} tiles",
        f"{'class':>5} {'name':{wide}} {unit if tiles else 'ha':>14} {'%':>6}",
    ]
    for entry in classes:
        area = entry["tiles"] if tiles else "-" if entry["area_ha"] is None else f"{entry['area_ha']:.1f}"
        share = f"{100 * entry[unit] / total:.1f}" if total else "-"
        lines.append(f"{entry['value']:5} {entry['name']:{wide}} {area:>14} {share:>6}")
    return "\n".join(lines)
