"""Whatever a file is called, ordered, scaled and stored as: its map is the right one, or nothing is certain."""

import numpy as np
import pytest
import rasterio

from ofa_engine.core.callbacks import QUIET
from ofa_engine.core.errors import InputError
from ofa_engine.core.options import SegmentOptions
from ofa_engine.inference.segment import segment
from ofa_engine.raster.source import Source, detect_source

from .product_files import KINDS, Drawn, draw

QUICK, ALL = 30, 400


def _map(path, output, **options):
    segment(SegmentOptions(str(path), output=str(output), tile_px=48, **options), QUIET)
    with rasterio.open(output) as layer:
        return layer.read(1)


def right_or_not_certain(drawn: Drawn, folder) -> bool:
    """Whether it was certain, and right; it fails where it was certain and wrong."""
    try:
        with Source(drawn.path) as source:
            found = detect_source(source)
    except InputError:
        return False
    if found.confidence != "certain":
        return False
    kind, about = drawn.kind, f"{drawn.about}: {found.reason}"
    expected = tuple(None if band is None else kind.shows.index(band) + 1 for band in kind.reads)
    assert (found.sensor, found.bands) == (kind.sensor, expected), about
    present = [number for number, band in enumerate(expected) if band]
    order = ",".join(str(present.index(i) + 1) if i in present else "-" for i in range(len(expected)))
    units = "db" if kind.sensor == "sentinel-1" else "reflectance"
    canonical = _map(drawn.canonical, folder / "c.tif", sensor=kind.sensor, bands=order, units=units)
    mapped = _map(drawn.path, folder / "m.tif")
    assert (mapped != canonical).mean() <= 0.005, about
    return True


@pytest.mark.parametrize("seed", range(QUICK))
def test_right_or_not_certain(tmp_path, seed):
    right_or_not_certain(draw(seed, tmp_path), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("seeds", range(QUICK, ALL, 10))
def test_more_of_them(tmp_path, seeds):
    for seed in range(seeds, seeds + 10):
        right_or_not_certain(draw(seed, tmp_path / str(seed)), tmp_path / str(seed))


@pytest.mark.parametrize("name", ["s2", "s2 stac", "landsat", "hls", "radar", "enmap"])
def test_certain_answers_are_given(tmp_path, name):
    """The property does not hold only because nothing is ever certain."""
    found = []
    for seed in range(400):
        if list(KINDS)[np.random.default_rng([16, seed]).integers(len(KINDS))] == name:
            folder = tmp_path / str(seed)
            found.append(right_or_not_certain(draw(seed, folder), folder))
    assert found.count(True) >= 2
