"""The areas report of one class map as a page: picture, chart, table, provenance."""

import base64
import math
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

PICTURE_PX = 720  # the picture's longer side, at most
_LEAST_SHOWN_PX = 360  # small maps are drawn larger, with sharp pixels
_TITLES = {  # of tags whose own name says too little
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


def small_view(path: Path) -> NDArray[np.uint8]:
    """(h, w) class values of a class layer, at most `PICTURE_PX` high and wide: of each cell the most frequent one."""
    with open_quietly(path) as layer:
        scale = min(1.0, PICTURE_PX / max(layer.width, layer.height))
        height, width = (max(1, round(size * scale)) for size in (layer.height, layer.width))
        return layer.read(1, out_shape=(height, width), resampling=Resampling.mode)


def areas_page(answer: dict, tags: dict[str, str], shown: NDArray[np.uint8], seconds: float) -> str:
    """The page of what `segment` or `classify` answers. `tags` are those of its output, `shown` is the map as (h, w)
    class values, and `seconds` is how long it took."""
    classes, title = answer["classes"], f"{tags['SOURCE']}: areas by class"
    unit = "tiles" if "tiles" in classes[0] else "pixels"
    known = all(entry["area_ha"] is not None for entry in classes)
    sizes = np.array([entry["area_ha" if known else unit] for entry in classes], np.float64)
    shares = sizes / (sizes.sum() or 1.0)
    parts = [
        f"<h1>{text(title)}</h1>",
        _summary(answer, unit, known),
        _picture(shown, classes, title),
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


def _picture(shown: NDArray[np.uint8], classes: Sequence[dict], title: str) -> str:
    step = math.ceil(max(shown.shape) / PICTURE_PX)
    shown = np.ascontiguousarray(shown[::step, ::step])
    longest = max(shown.shape)
    width = shown.shape[1] * (_LEAST_SHOWN_PX / longest if longest < _LEAST_SHOWN_PX else 1)
    data = base64.b64encode(_png(shown, classes)).decode("ascii")
    legend = " ".join(
        f"<li>{swatch(entry['color'], entry['name'])}</li>" for entry in classes if (shown == entry["value"]).any()
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
    """A bar a class that occurs, the largest first; lengths are shares of the largest."""
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
