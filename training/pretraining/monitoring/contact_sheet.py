"""Contact sheets of a run: a few samples per sensor as input, masked input and reconstruction."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ofa_engine.core.files import replacing
from ofa_engine.core.sensors import Sensor, get_sensor

_CELL_PX, _GAP_PX, _MARGIN_PX, _TITLE_PX = 224, 4, 16, 38
_BACKGROUND, _TEXT, _MASKED = (255, 255, 255), (30, 30, 30), (128, 128, 128)
_NATURAL, _NEAR_INFRARED = (0.66, 0.56, 0.48), (0.83, 0.66, 0.56)  # micrometres shown as red, green, blue
_TOLERANCE_UM = 0.05


@dataclass(frozen=True)
class SheetRow:
    """A few samples of one sensor: `pixels` (N, C, H, W) normalised, `mask` (N, 1, H, W) True where masked,
    `reconstructed` (N, C, H, W), and the 0-based embedder bands that the C channels hold."""

    pixels: NDArray
    mask: NDArray
    reconstructed: NDArray
    present: Sequence[int]


def write_contact_sheet(path: Path, rows: Mapping[str, SheetRow]) -> None:
    """Writes one PNG with a row per sensor, and in it for each sample: input, masked input, reconstruction."""
    lines = [(_title(key, row.present), _triples(get_sensor(key), row)) for key, row in rows.items()]
    gap = 4 * _GAP_PX  # between samples
    step = 3 * _CELL_PX + 2 * _GAP_PX + gap
    width = 2 * _MARGIN_PX + step * max(len(triples) for _, triples in lines) - gap
    height = _MARGIN_PX + len(lines) * (_TITLE_PX + _CELL_PX + _MARGIN_PX)
    page = Image.new("RGB", (width, height), _BACKGROUND)
    draw = ImageDraw.Draw(page)
    for line, (title, triples) in enumerate(lines):
        top = _MARGIN_PX + line * (_TITLE_PX + _CELL_PX + _MARGIN_PX)
        draw.text((_MARGIN_PX, top), title, _TEXT, ImageFont.load_default(24))
        for number, triple in enumerate(triples):
            for place, cell in enumerate(triple):
                left = _MARGIN_PX + number * step + place * (_CELL_PX + _GAP_PX)
                page.paste(cell.resize((_CELL_PX, _CELL_PX), Image.Resampling.NEAREST), (left, top + _TITLE_PX))
    with replacing(path) as part:
        page.save(part, "PNG", optimize=True)


def _title(sensor_id: str, present: Sequence[int]) -> str:
    sensor = get_sensor(sensor_id)
    shown = " / ".join(_shown_bands(sensor, present)[1])
    missing = len(sensor.bands) - len(sensor.never) - len(present)
    more = f", {missing} of {len(sensor.bands)} bands missing" if missing else ""
    return f"{sensor.title} ({shown}{more}): input, masked, reconstructed"


def _triples(sensor: Sensor, row: SheetRow) -> list[tuple[Image.Image, Image.Image, Image.Image]]:
    """Three pictures per sample; all of them, of all samples, have the same contrast stretch."""
    before = _colors(sensor, row.pixels, row.present)  # (N, 3, H, W)
    after = _colors(sensor, row.reconstructed, row.present)
    low, high = np.percentile(before, (2, 98), axis=(0, 2, 3), keepdims=True)
    stretch = 255 / np.maximum(high - low, 1e-6)
    first, last = (((x - low) * stretch).clip(0, 255).round().astype(np.uint8) for x in (before, after))
    masked = np.where(row.mask, np.uint8(_MASKED[0]), first)
    return [tuple(map(_picture, triple)) for triple in zip(first, masked, last, strict=True)]  # type: ignore[misc]


def _picture(values: NDArray[np.uint8]) -> Image.Image:
    return Image.fromarray(np.ascontiguousarray(values.transpose(1, 2, 0)))


def _colors(sensor: Sensor, pixels: NDArray, present: Sequence[int]) -> NDArray[np.float32]:
    """(N, C, H, W) bands `present` to (N, 3, H, W), not stretched yet."""
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
    """The channel of the nearest wavelength; None if it is not near enough."""
    channel = min(range(len(lengths)), key=lambda i: abs((lengths[i] or math.inf) - um))
    return channel if abs((lengths[channel] or math.inf) - um) <= _TOLERANCE_UM else None
