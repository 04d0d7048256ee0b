"""The cost of a run as the panel tells it: tiles as the engine counts them, time as it was measured."""

import json
import random
import subprocess

import pytest
from conftest import ROOT, sample
from osgeo import gdal
from qgis.core import QgsRectangle

from qgis_plugin.engine.child import clean_environment
from qgis_plugin.engine.client import ENGINE, engine_python
from qgis_plugin.engine.modules import catalog
from qgis_plugin.i18n.texts import duration
from qgis_plugin.widgets.extents import pixels
from qgis_plugin.widgets.tile_size_input import (
    BALANCED,
    FAST,
    FINE,
    OWN,
    TileSizeInput,
    memory_budget_bytes,
    tiles_along,
)

MODELS = ROOT / "resources" / "models"


def head(name: str = "naip_landcover", **changes) -> catalog.ModelFile:
    path = MODELS / f"{name}.safetensors"
    return catalog.ModelFile(path, catalog.read_header(path) | changes)


def engine(code: str, cases):
    """The `answer` that `code` computes from `cases` in the engine's Python."""
    code = f"import json, sys\ncases = json.load(sys.stdin)\n{code}\nprint(json.dumps(answer))"
    done = subprocess.run(
        [engine_python(), "-c", code],
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=clean_environment(),
        check=False,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def widget(qtbot, settings):
    made = TileSizeInput()
    qtbot.addWidget(made)
    return made


@pytest.fixture(scope="module")
def warm_engine(qgis_app):
    yield ENGINE
    ENGINE.stop()


def choose(widget, choice: str):
    widget.choice.setCurrentIndex(widget.choice.findData(choice))


# --- tiles ----------------------------------------------------------------------------------------------------------


def test_tiles_along_an_axis_are_the_engines():
    rng = random.Random(0)
    cases = [
        (rng.randint(1, 3000), rng.choice((1, 2, 16, 31, 32, 33, 64, 100, 224)), overlap, clipped)
        for _ in range(300)
        for overlap, clipped in ((0.25, False), (0.0, True), (0.0, False))
    ]
    cases += [(size, 32, 0.25, False) for size in range(1, 120)]
    code = "from ofa_engine.tiling.axis import Axis\nanswer = [len(Axis(*case).starts) for case in cases]"
    counted = engine(code, cases)
    assert [tiles_along(*case) for case in cases] == counted


@pytest.mark.parametrize(
    ("name", "choice", "corners"),
    [
        ("naip_landcover", FAST, (-0.2, 0.35, 0.93, 1.1)),
        ("naip_landcover", FINE, (0.31, -0.1, 0.62, 0.27)),
        ("naip_tiles", FINE, (0.12, 0.4, 1.2, 0.75)),
        ("enmap_landcover", BALANCED, (0.05, 0.1, 0.9, 1.0)),
    ],
)
def test_tiles_of_an_extent_are_those_of_a_run(widget, layer, warm_engine, tmp_path, name, choice, corners):
    one = head(name)
    raster, task = layer(sample(one.header["sensor"])), one.header["task"]
    whole = raster.extent()
    west, east = (whole.xMinimum() + share * whole.width() for share in corners[::2])
    south, north = (whole.yMinimum() + share * whole.height() for share in corners[1::2])
    extent, output = QgsRectangle(west, south, east, north), tmp_path / "out.tif"
    choose(widget, choice)
    widget.update_for(raster, one, extent)
    params = {"input": raster.source(), "head": str(one.path), "output": str(output)}
    params |= {"bounds": [west, south, east, north], "tile_px": widget.tile_px() or None}
    assert warm_engine.run(task, params)["tiles"] == widget.tiles()
    if task == "segment":
        made = gdal.Open(str(output))
        assert (made.RasterXSize, made.RasterYSize) == pixels(raster, extent)


def test_the_memory_budget_is_the_engines():
    code = "from ofa_engine.pipeline.memory import default_budget_bytes\nanswer = default_budget_bytes()"
    assert memory_budget_bytes() == pytest.approx(engine(code, None), rel=0.1)


def test_sizes_follow_the_head(widget, layer):
    raster = layer(sample("naip"))
    widget.update_for(raster, head(tile_px=40), raster.extent())
    sizes = {}
    for choice in (FAST, BALANCED, FINE, OWN):
        choose(widget, choice)
        sizes[choice] = widget.tile_px()
    assert sizes == {FAST: 80, BALANCED: 0, FINE: 20, OWN: 64}
    assert widget.choice.itemText(0) == "Fast: tiles of 80 pixels" and not widget.px.isHidden()
    widget.update_for(raster, head(tile_px=20), raster.extent())
    assert widget.choice.itemText(2) == "Fine: tiles of 16 pixels", "the engine takes no smaller ones"
    choose(widget, BALANCED)
    assert widget.px.isHidden()


def test_the_users_choice_is_emitted(widget, qtbot):
    with qtbot.waitSignal(widget.changed):
        choose(widget, OWN)
    with qtbot.waitSignal(widget.changed):
        widget.px.setValue(100)
    assert widget.tile_px() == 100


def test_without_head_raster_or_extent_nothing_is_promised(widget, layer):
    raster = layer(sample("naip"))
    for arguments in (
        (None, None, QgsRectangle()),
        (raster, None, raster.extent()),
        (None, head(), raster.extent()),
        (raster, head(), QgsRectangle()),
        (raster, head(), QgsRectangle(0, 0, 1, 1)),
    ):
        for choice in (BALANCED, FAST, OWN):
            choose(widget, choice)
            widget.update_for(*arguments)
            assert (widget.tiles(), widget.estimate.text()) == (0, "")
    choose(widget, FINE)
    widget.update_for(raster, None, raster.extent())
    assert widget.tile_px() == 0, "the head's own, whichever that will be"


# --- time -----------------------------------------------------------------------------------------------------------


def test_time_is_known_after_a_run_and_kept(widget, layer, qtbot):
    raster, one = layer(sample("naip")), head()
    widget.update_for(raster, one, raster.extent(), "auto")
    assert widget.tiles_a_second() is None and "121 tiles; how long it takes is known" in widget.estimate.text()
    widget.learn(121, 0.605, "cpu", one, "auto")
    assert widget.tiles_a_second() == pytest.approx(200)
    assert "121 tiles; about 1 s on this processor; up to about" in widget.estimate.text()
    again = TileSizeInput()
    qtbot.addWidget(again)
    again.update_for(raster, one, raster.extent(), "auto")
    assert again.tiles_a_second() == pytest.approx(200)


def test_a_real_run_teaches(widget, layer, warm_engine, tmp_path):
    raster, one = layer(sample("naip")), head()
    params = {"input": raster.source(), "head": str(one.path), "output": str(tmp_path / "out.tif"), "device": "cpu"}
    result = warm_engine.run("segment", params)
    widget.update_for(raster, one, raster.extent(), "cpu")
    widget.learn(result["tiles"], result["computing_s"], result["device"], one, "auto")
    assert result["tiles"] == widget.tiles()
    assert widget.tiles_a_second() == pytest.approx(result["tiles"] / result["computing_s"])


def test_speeds_are_kept_by_device_and_checkpoint(widget, layer):
    raster, one = layer(sample("naip")), head()
    widget.learn(1000, 1.0, "cuda", one, "auto")
    speeds = {}
    for device in ("auto", "cuda", "cpu"):
        widget.update_for(raster, one, raster.extent(), device)
        speeds[device] = widget.tiles_a_second()
    assert speeds == {"auto": 1000, "cuda": 1000, "cpu": None}
    widget.update_for(raster, head("naip_tiles"), raster.extent(), "auto")
    assert widget.tiles_a_second() == 1000, "another head on the same checkpoint"
    widget.update_for(raster, head(backbone="another"), raster.extent(), "auto")
    assert widget.tiles_a_second() is None


def test_short_runs_do_not_count_and_long_ones_count_most(widget, layer):
    raster, one = layer(sample("naip")), head()
    widget.update_for(raster, one, raster.extent())
    for tiles, seconds in ((19, 5.0), (0, 1.0), (50, 0.0), (0, 3.0)):
        widget.learn(tiles, seconds, "cpu", one)
        assert widget.tiles_a_second() is None
    widget.learn(100, 10.0, "cpu", one)  # most of it start-up
    widget.learn(99_900, 490.0, "cpu", one)
    assert widget.tiles_a_second() == pytest.approx(200)
    widget.learn(400, 40.0, "cpu", one)
    assert widget.tiles_a_second() == pytest.approx(200), "a preview says little after that"
    for _ in range(5):
        widget.learn(20_000, 200.0, "cpu", one)
    assert widget.tiles_a_second() == pytest.approx(100), "only the last runs"


def test_unreadable_settings_are_no_speed(widget, layer, settings):
    raster, one = layer(sample("naip")), head()
    widget.update_for(raster, one, raster.extent())
    for text in ("nonsense", "3", "[[1]]", '[["a", 2]]', "[[5, 0]]", "null"):
        settings.setValue(f"ofanet/speed/auto/{one.header['backbone']}", text)
        assert widget.tiles_a_second() is None, text


HEAVY_MODEL = """
import torch
from ofa_engine.core.classes import class_table
from ofa_engine.core.sensors import get_sensor
from ofa_engine.model.checkpoint import save_checkpoint, save_head
from ofa_engine.model.heads import LinearHead
from ofa_engine.model.ofanet import Architecture, OFANet
model = OFANet(Architecture(width=384, depth=12, heads=6, patch_px=8, input_px=128), ["naip"])
save_checkpoint(cases + "/heavy.safetensors", model, "heavy", {}, half=True)
classes = class_table([1, 2], ["a", "b"], ["#000000", "#ffffff"])
about = dict(sensor=get_sensor("naip"), classes=classes, tile_px=32, backbone=model.fingerprint("naip"), training={})
save_head(cases + "/head.safetensors", LinearHead(384, 2, "segment"), "head", **about)
answer = None
"""


@pytest.fixture(scope="module")
def heavy_head(tmp_path_factory):
    """On a backbone that takes 6 billion multiply-adds for a tile."""
    folder = tmp_path_factory.mktemp("heavy")
    engine(HEAVY_MODEL, str(folder))
    path = folder / "head.safetensors"
    return catalog.ModelFile(path, catalog.read_header(path))


def test_a_heavy_model_is_measured_before_its_first_run(widget, layer, heavy_head, warm_engine, qtbot):
    raster = layer(sample("naip"))
    with qtbot.waitSignal(widget._measurement.ended, timeout=60_000):
        widget.update_for(raster, heavy_head, raster.extent(), "cpu")
        assert "measuring how long it takes" in widget.estimate.text()
    speed = widget.tiles_a_second()
    time = duration(widget.tiles() / speed)
    assert f"; about {time} on this processor; up to about" in widget.estimate.text()
    again = TileSizeInput()
    qtbot.addWidget(again)
    again.update_for(raster, heavy_head, raster.extent(), "cpu")
    assert again.tiles_a_second() == speed and not again._measurement.running, "it is kept"
    widget.learn(1000, 1000.0, "cpu", heavy_head, "cpu")
    assert widget.tiles_a_second() == pytest.approx(1.0, rel=0.05), "a real run says more"


def test_a_model_that_cannot_be_measured_is_not_tried_again(widget, layer, heavy_head, warm_engine, qtbot):
    raster = layer(sample("naip"))
    with qtbot.waitSignal(widget._measurement.ended, timeout=60_000):
        widget.update_for(raster, heavy_head, raster.extent(), "nonsense")
    assert "is known after the first run" in widget.estimate.text() and not widget._measurement.running


def test_a_light_model_is_not_measured(widget, layer):
    raster = layer(sample("naip"))
    for one in (head(), head(backbone="of no checkpoint")):
        widget.update_for(raster, one, raster.extent())
        assert "is known after the first run" in widget.estimate.text() and not widget._measurement.running


def test_each_detail_says_its_time_where_that_is_long(widget, layer):
    raster, one = layer(sample("naip")), head(backbone="of no checkpoint")
    widget.update_for(raster, one, raster.extent(), "cpu")
    widget.learn(1000, 5000.0, "cpu", one, "cpu")  # 0.2 tiles a second, 121 tiles
    assert [widget.choice.itemText(n) for n in range(3)] == [
        "Fast: tiles of 128 pixels, about 2 min",
        "Balanced: tiles of 64 pixels, about 10 min",
        "Fine: tiles of 32 pixels, about 37 min",
    ]
    widget.learn(1000, 10.0, "cuda", one, "cuda")
    assert "121 tiles; about 10 min on this processor, 1 s on the graphics card; up" in widget.estimate.text()
    widget.update_for(raster, one, raster.extent(), "cuda")
    assert "121 tiles; about 1 s on the graphics card; up" in widget.estimate.text()
    assert widget.choice.itemText(2) == "Fine: tiles of 32 pixels"


@pytest.mark.parametrize("seconds, text", [(0.2, "1 s"), (89, "89 s"), (300, "5 min"), (9000, "2.5 h")])
def test_times_in_words(seconds, text):
    assert duration(seconds) == text
