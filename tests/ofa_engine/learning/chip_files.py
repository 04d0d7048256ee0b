"""Labelled chips of two classes that any head can tell apart, and a checkpoint to fit heads for."""

from pathlib import Path

import numpy as np
import torch

from ofa_engine.core.sensors import SENSORS, get_sensor
from ofa_engine.model.checkpoint import save_checkpoint
from ofa_engine.model.ofanet import Architecture, OFANet

from ..conftest import UTM, pixels_of, write_raster

SIDE = 48


def halves(sensor: str, seed: int, side: int = SIDE) -> tuple[np.ndarray, np.ndarray]:
    """(pixels (C, side, side) with a darker left part, labels (side, side): 4 in the dark part, 7 in the other, 200 on
    a strip and in the lower half, which are in no class)."""
    rng = np.random.default_rng(seed)
    pixels = pixels_of(sensor, side, side, seed)
    dark = np.arange(side) < rng.integers(side // 3, 2 * side // 3)
    labels = np.broadcast_to(np.where(dark, 4, 7), (side, side)).astype(np.uint8)
    labels[:, :3] = labels[side // 2 :] = 200
    return np.where(dark, pixels * 0.3, pixels).astype(pixels.dtype), labels


def write_chip(folder: Path, name: str, sensor: str = "sentinel-2", seed: int = 0, side: int = SIDE) -> None:
    pixels, labels = halves(sensor, seed, side)
    for part in ("images", "labels"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    write_raster(folder / "images" / f"{name}.tif", pixels, names=get_sensor(sensor).band_names, transform=UTM)
    write_raster(folder / "labels" / f"{name}.tif", labels[None], transform=UTM)


def write_chips(folder: Path, count: int = 6) -> Path:
    """Chips of Sentinel-2 at 10 m, two to a place; the label values 4 and 5 are crops, 7 is bare."""
    for number in range(count):
        write_chip(folder, f"chip{number}", seed=number)
    rows = [f"chip{number}.tif,place {number // 2}" for number in range(count)]
    (folder / "places.csv").write_text("\n".join(["file,place", *rows]))
    (folder / "classes.json").write_text('{"crops": {"labels": [5, 4]}, "bare": {"labels": [7]}}')
    (folder / "reading.json").write_text('{"sensor": "sentinel-2", "units": "dn"}')
    return folder


def write_checkpoint(folder: Path) -> Path:
    """A small one for all sensors, with random weights."""
    torch.manual_seed(5)
    model = OFANet(Architecture(width=48, depth=1, heads=2, patch_px=8, input_px=32), list(SENSORS))
    save_checkpoint(folder / "new.safetensors", model, "New", {"note": "untrained"})
    return folder / "new.safetensors"
