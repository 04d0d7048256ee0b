"""Scenes that are quick to classify, and looks at a folder of results."""

import json
from pathlib import Path

import rasterio

from .conftest import pixels_of, write_raster


def naip(path: Path, column: int, seed: int = 0, size=(64, 80), **more) -> Path:
    """The column-th of scenes side by side, 1 m a pixel."""
    transform = rasterio.Affine(1, 0, 500000 + column * size[1], 0, -1, 5800000)
    return write_raster(path, pixels_of("naip", *size, seed), transform=transform, names=("R", "G", "B"), **more)


def read(path):
    with rasterio.open(path) as d:
        return d.read(1), d.profile


def leftovers(folder):
    return [p.name for p in folder.iterdir() if p.name.startswith(".")]


def states(folder: Path) -> dict[str, str]:
    return {e["id"]: e["state"] for e in json.loads((folder / "batch.json").read_text())["scenes"]}
