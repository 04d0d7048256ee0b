"""`ofa fit`: from rasters and labels to a head that segments or classifies."""

import json

import numpy as np
import pytest
import rasterio

from ofa_engine.core import catalog
from ofa_engine.core.callbacks import Callbacks
from ofa_engine.core.errors import Cancelled, InputError
from ofa_engine.core.options import ClassifyOptions, FitOptions, SegmentOptions
from ofa_engine.core.sensors import SENSORS
from ofa_engine.inference.classify import classify
from ofa_engine.inference.segment import segment
from ofa_engine.interfaces import cli
from ofa_engine.learning.features import TokenCache
from ofa_engine.learning.fit import fit
from ofa_engine.learning.fitted_head import gsd_range
from ofa_engine.learning.labelled import DEFAULT_LIMITS, SampleLimits

from ..conftest import pixels_of, write_raster
from .two_lands import halves, write_polygons

BOXES = [(5, 5, 20, 12), (10, 40, 25, 15), (30, 75, 20, 20), (80, 5, 20, 12), (95, 40, 25, 15), (75, 75, 20, 20)]
NAMES = ["west"] * 3 + ["east"] * 3


@pytest.fixture
def two_lands(scene, tmp_path):
    def make(sensor="naip"):
        path = scene(sensor, 100, 130, change=halves)
        return str(path), write_polygons(tmp_path / "p.gpkg", path, BOXES, NAMES)

    return make


def run(raster, labels, tmp_path, callbacks=Callbacks(), cache=None, limits=DEFAULT_LIMITS, **more):
    rasters, labels = ([v] if isinstance(v, str) else v for v in (raster, labels))
    options = FitOptions(rasters, labels, str(tmp_path / "head.safetensors"), **({"tile_px": 48} | more))
    return fit(options, callbacks, limits, cache or TokenCache())


@pytest.mark.parametrize("sensor", SENSORS)
def test_a_fitted_head_tells_two_lands_apart_for_every_sensor(sensor, two_lands, tmp_path):
    raster, labels = two_lands(sensor)
    answer = run(raster, labels, tmp_path)
    assert answer["validation"]["miou"] > 0.9 and answer["sensor"] == sensor and answer["validation"]["folds"] == 3
    assert [c["name"] for c in answer["classes"]] == ["east", "west"]
    segment(SegmentOptions(raster, str(tmp_path / "out.tif"), head=answer["output"]))
    with rasterio.open(tmp_path / "out.tif") as d:
        found = d.read(1)
    assert (found[:, 75:] == 1).mean() > 0.9 and (found[:, :55] == 2).mean() > 0.9


def test_classify_fits_a_head_for_tiles(two_lands, tmp_path):
    raster, _ = two_lands()
    boxes = [(0, 0, 60, 45), (0, 60, 60, 35), (68, 0, 60, 45), (70, 60, 60, 35), (0, 45, 40, 15)]
    labels = write_polygons(tmp_path / "big.gpkg", raster, boxes, ["west", "west", "east", "east", "west"])
    for kind in ("linear", "linear+pixels"):
        answer = run(raster, labels, tmp_path, task="classify", tile_px=16, kind=kind)
        assert answer["validation"]["miou"] > 0.9 and answer["kind"] == kind
        classify(ClassifyOptions(raster, str(tmp_path / "out.tif"), head=answer["output"]))
        with rasterio.open(tmp_path / "out.tif") as d:
            found = d.read(1)
        assert (found[:, 5:] == 1).mean() > 0.9 and (found[:, :4] == 2).mean() > 0.9
    with pytest.raises(InputError, match="tiles of 130 px of which one class covers more than half, found none"):
        run(raster, labels, tmp_path, task="classify", tile_px=130)


def test_a_hidden_layer_maps_what_a_linear_head_cannot(tmp_path):
    """Bright pixels are of class 1 in the west and of class 2 in the east, dark ones the other way round."""
    rng = np.random.default_rng(0)
    bright, east = rng.random((96, 128)) < 0.5, np.arange(128) >= 64
    pixels = np.where(bright, 150, 90) + rng.integers(0, 20, (3, 96, 128))
    pixels[1] += np.where(east, 80, 0)
    raster = str(write_raster(tmp_path / "r.tif", pixels.clip(0, 255).astype(np.uint8)))
    truth = np.where(bright ^ east, 2, 1).astype(np.uint8)
    labels = str(write_raster(tmp_path / "l.tif", truth[None]))
    about = dict(sensor="naip", units="8-bit", bands="1,2,3", tile_px=16)
    answer = run(raster, labels, tmp_path, **about)
    assert answer["kind"] == "mlp+pixels" and answer["tried"]["mlp+pixels"] > answer["tried"]["linear+pixels"] + 0.2
    options = dict(sensor="naip", units="8-bit", bands="1,2,3", head=answer["output"])
    segment(SegmentOptions(raster, str(tmp_path / "out.tif"), **options))
    with rasterio.open(tmp_path / "out.tif") as d:
        found = d.read(1)
    assert (found == truth)[:, np.abs(np.arange(128) - 63.5) > 16].mean() > 0.9


class CountingCache(TokenCache):
    """Counts the tiles whose tokens were computed."""

    computed = 0

    def put(self, key, tokens):
        self.computed += 1
        super().put(key, tokens)


def test_another_polygon_computes_only_its_tiles(two_lands, tmp_path):
    raster, labels = two_lands()
    cache = CountingCache()
    first = run(raster, labels, tmp_path, cache=cache)
    tiles = cache.computed
    again = run(raster, labels, tmp_path, cache=cache)
    assert cache.computed == tiles and again["validation"] == first["validation"]
    more = write_polygons(tmp_path / "q.gpkg", raster, [*BOXES, (1, 90, 3, 3)], [*NAMES, "west"])
    run(raster, more, tmp_path, cache=cache)
    assert cache.computed - tiles <= 1 < tiles


def test_the_same_seed_gives_the_same_file(two_lands, tmp_path):
    raster, labels = two_lands("sentinel-2")
    run(raster, labels, tmp_path)
    one = (tmp_path / "head.safetensors").read_bytes()
    run(raster, labels, tmp_path)
    assert (tmp_path / "head.safetensors").read_bytes() == one


def test_several_rasters_with_label_rasters(scene, tmp_path):
    rasters, labels = [], []
    for number in range(3):
        pixels = halves(pixels_of("gaofen", 60, 80, number))
        rasters.append(str(write_raster(tmp_path / f"r{number}.tif", pixels)))
        truth = np.full((60, 80), 4, np.uint8)
        truth[:, 40:] = 9
        truth[:5] = 0
        labels.append(str(write_raster(tmp_path / f"l{number}.tif", truth[None], nodata=0)))
    answer = run(rasters, labels, tmp_path, sensor="gaofen", bands="1,2,3,4", units="8-bit", tile_px=32)
    assert [c["value"] for c in answer["classes"]] == [4, 9] and answer["validation"]["miou"] > 0.9
    assert answer["labelled"] == {"4": 3 * 55 * 40, "9": 3 * 55 * 40}
    header = catalog.read_header(answer["output"])
    assert header["training"]["rasters"] == ["r0.tif", "r1.tif", "r2.tif"]


def test_a_head_is_for_pixels_of_about_the_size_it_was_fitted_on(scene, two_lands, tmp_path):
    assert gsd_range([None, None]) is None
    assert gsd_range([10.0, None, 30.0]) == (6.67, 45.0)
    raster, labels = two_lands()
    with rasterio.open(raster) as d:
        pixel_m = d.transform.a  # in the middle of a UTM zone, where a metre is 0.9996 m long
    low, high = catalog.read_header(run(raster, labels, tmp_path)["output"])["gsd_m"]
    assert low == pytest.approx(pixel_m / 1.5, rel=0.01) and high == pytest.approx(pixel_m * 1.5, rel=0.01)
    nowhere = {"crs": None, "transform": rasterio.Affine.identity()}
    path = scene("naip", 100, 130, change=halves, **nowhere)
    truth = np.repeat([1, 2], 65)[None, None].repeat(100, 1).astype(np.uint8)
    labels = write_raster(tmp_path / "truth.tif", truth, **nowhere)
    assert "gsd_m" not in catalog.read_header(run(str(path), [str(labels)], tmp_path)["output"])


def test_thinning_keeps_rare_classes(scene, tmp_path):
    path = scene("naip", 100, 130, change=halves)
    boxes = [(0, 0, 60, 45), (0, 50, 60, 40), (80, 5, 8, 8), (100, 60, 9, 9)]
    labels = write_polygons(tmp_path / "p.gpkg", path, boxes, ["w", "w", "e", "e"])
    answer = run(str(path), labels, tmp_path, limits=SampleLimits(training_samples=1000))
    assert answer["samples"]["e"] == 145 and 750 < answer["samples"]["w"] < 950
    assert answer["labelled"] == {"e": 145, "w": 5100}


def test_labels_on_nodata_are_not_used(scene, tmp_path):
    path = scene("naip", 100, 130, change=lambda p: np.where(np.arange(100)[:, None] < 30, 0, halves(p)), nodata=0)
    answer = run(str(path), write_polygons(tmp_path / "p.gpkg", path, BOXES, NAMES), tmp_path)
    assert answer["samples"] == {"east": 775, "west": 775}
    with pytest.raises(InputError, match="found nodata under all"):
        run(str(path), write_polygons(tmp_path / "q.gpkg", path, [BOXES[0], BOXES[3]], ["a", "b"]), tmp_path)


def test_a_cancel_leaves_nothing(two_lands, tmp_path):
    raster, labels = two_lands()
    with pytest.raises(Cancelled):
        run(raster, labels, tmp_path, Callbacks(cancelled=lambda: True))
    assert not (tmp_path / "head.safetensors").exists()


def test_messages(two_lands, tmp_path, scene):
    raster, labels = two_lands()
    other = str(scene("gaofen", 60, 60))
    for more, text in (
        (dict(task="detect"), "task segment or classify"),
        (dict(kind="forest"), "kind auto, linear"),
        (dict(kind="mlp+pixels", task="classify"), "linear or linear.pixels to classify, found 'mlp"),
    ):
        with pytest.raises(InputError, match=text):
            run(raster, labels, tmp_path, **more)
    with pytest.raises(InputError, match="one sensor, found naip and gaofen"):
        run([raster, other], labels, tmp_path)
    one = write_polygons(tmp_path / "one.gpkg", raster, BOXES[:2], ["a", "a"])
    with pytest.raises(InputError, match="two classes, found a alone"):
        run(raster, one, tmp_path)


def test_command_line(two_lands, tmp_path, capsys):
    raster, labels = two_lands()
    head = str(tmp_path / "h.safetensors")
    assert cli.main(["fit", raster, "--labels", labels, "-o", head, "--tile-px", "48"]) == 0
    text = capsys.readouterr().out
    assert "mean IoU" in text and "folds of whole polygons, rasters or blocks" in text and "east" in text
    assert cli.main(["fit", raster, "--labels", labels, "-o", head, "--tile-px", "48", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["classes"][0]["name"] == "east"
    assert cli.main(["fit", raster, "--labels", str(tmp_path / "no.gpkg"), "-o", head]) == 2
    assert "found no file" in capsys.readouterr().err
