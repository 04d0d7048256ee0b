"""Scenes that are quick to classify, and the contents of a folder of results."""

import contextlib
import json
import time
from pathlib import Path

import rasterio

from ofa_engine.batch import dask_workers
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


def wait_until(condition, seconds: float = 120.0) -> None:
    """Returns once the condition holds; fails after so many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def states(folder: Path) -> dict[str, str]:
    return {e["id"]: e["state"] for e in json.loads((folder / "batch.json").read_text())["scenes"]}


def run_inline(monkeypatch) -> list[str]:
    """Lets batches run their tasks one after the other in this process. Returns a list that collects their names, to be
    emptied between runs."""
    ran: list[str] = []

    class InlinePool:
        def run(self, function, tasks, finished, cancelled, warn, running):
            for name, task in tasks.items():
                if cancelled():
                    raise Cancelled
                ran.append(name)
                outcome = function(task, cancelled, lambda fraction, name=name: running({name: fraction}))
                if outcome["state"] == "cancelled":
                    raise Cancelled
                finished(name, outcome | {"attempts": 1})
                running({})

    monkeypatch.setattr(dask_workers, "local_pool", lambda *a: contextlib.nullcontext(InlinePool()))
    return ran
