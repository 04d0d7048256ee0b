"""Scenes that are quick to classify, and looks at a folder of results."""

import contextlib
import json
from pathlib import Path

import rasterio

from ofa_engine.batch import dask_workers as cluster
from ofa_engine.core.errors import Cancelled

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


def run_inline(monkeypatch) -> list[str]:
    """Jobs one after the other in this process; answers with those that were run, to be emptied between runs."""
    ran: list[str] = []

    class Inline:
        def run(self, function, jobs, finished, cancelled, warn, running):
            for name, job in jobs.items():
                if cancelled():
                    raise Cancelled
                ran.append(name)
                outcome = function(job, cancelled, lambda part, name=name: running({name: part}))
                if outcome["state"] == "cancelled":
                    raise Cancelled
                finished(name, outcome | {"attempts": 1})
                running({})

    monkeypatch.setattr(cluster, "local", lambda *a: contextlib.nullcontext(Inline()))
    return ran
