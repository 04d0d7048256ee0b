"""Facts read in the background are the same, and keep nobody waiting."""

import dataclasses
import os
import threading
import time

import pytest
from conftest import SENSORS, sample
from rasters import make

from qgis_plugin.engine.modules import sensors
from qgis_plugin.engine.raster_facts import facts_at, facts_of, source_path
from qgis_plugin.widgets import raster_facts_loader
from qgis_plugin.widgets.raster_facts_loader import RasterFactsLoader


@pytest.fixture
def loader(qgis_app, monkeypatch):
    """As in QGIS, where a window does not wait."""
    monkeypatch.setattr(RasterFactsLoader, "wait_s", 0.04)
    raster_facts_loader.forget()
    yield RasterFactsLoader()
    raster_facts_loader.forget()


@pytest.mark.parametrize("sensor", SENSORS)
def test_facts_read_in_the_background_are_the_same(layer, loader, qtbot, sensor):
    opened = layer(sample(sensor))
    loader.load(opened)
    qtbot.waitUntil(lambda: not loader.loading, timeout=10_000)
    assert loader.facts == facts_of(opened) and not loader.error
    loader.load(None)
    assert loader.facts is None and not loader.loading


def test_a_raster_that_takes_long_keeps_nobody_waiting(layer, loader, qtbot):
    gate, paths = threading.Event(), []
    slow_one, quick = layer(sample("enmap")), layer(sample("naip"))

    def read(path, settings, stopped, first):
        if path == source_path(slow_one):
            first(dataclasses.replace(facts_of(slow_one), samples=()))
            paths.append(path)
            gate.wait(10)
        return facts_at(path, settings, stopped, first)

    loader, other = RasterFactsLoader(read=read), RasterFactsLoader(read=read)
    start = time.monotonic()
    loader.load(slow_one)
    assert loader.loading and loader.facts is None and time.monotonic() - start < 0.5
    qtbot.waitUntil(lambda: loader.first is not None, timeout=2000)
    assert sensors.detect(loader.first).sensor == "enmap"  # its bands say that already
    other.load(slow_one)  # of another panel: it is read once
    assert len(paths) == 1
    loader.load(quick)  # the user went on: what comes later is not this layer's
    qtbot.waitUntil(lambda: not loader.loading, timeout=10_000)
    with qtbot.waitSignal(other.loaded, timeout=10_000):
        gate.set()
    assert other.facts == facts_of(slow_one) and loader.facts == facts_of(quick)


def test_a_changed_file_is_read_anew(layer, loader, qtbot, tmp_path):
    path = make(tmp_path / "a.tif", 3)
    opened = layer(path)
    for bands in (3, 4):
        make(path, bands)
        os.utime(path, ns=(bands * 10**9, bands * 10**9))
        loader.load(opened)
        qtbot.waitUntil(lambda: not loader.loading, timeout=10_000)
        assert len(loader.facts.colors) == bands


def test_what_cannot_be_read_is_reported_in_one_line(layer, loader, qtbot, tmp_path):
    path = make(tmp_path / "cut.tif", 3)
    opened = layer(path)
    os.truncate(path, 5000)
    loader.load(opened)
    qtbot.waitUntil(lambda: not loader.loading, timeout=10_000)
    assert str(path) in loader.error and "\n" not in loader.error and loader.facts is None
