"""`ofa fit`: from rasters and labels to a head that segments or classifies."""

import json

import numpy as np
import pyogrio
import pytest
import rasterio
import shapely
import torch
from torch.nn import functional as F

from ofa_engine.core import catalog
from ofa_engine.core.callbacks import Callbacks
from ofa_engine.core.errors import Cancelled, InputError
from ofa_engine.core.options import FitOptions, Options
from ofa_engine.core.sensors import SENSORS, get_sensor
from ofa_engine.inference.segment import classify, segment
from ofa_engine.interfaces import cli
from ofa_engine.learning import fit
from ofa_engine.model.checkpoint import load_checkpoint, load_head
from ofa_engine.model.ofanet import usable_bands
from ofa_engine.model.preprocess import normalise, resize, to_canonical

from ..conftest import pixels_of, write_raster


@pytest.fixture(autouse=True)
def fresh_cache(monkeypatch):
    monkeypatch.setattr(fit, "_cache", fit.TokenCache())


def halves(pixels):
    """Two kinds of land: the eastern half is brighter in every other band."""
    changed = pixels.astype(np.float64)
    rising = 0.4 * np.abs(changed[::2]).mean() if pixels.dtype != np.float32 else 8.0
    changed[::2, :, changed.shape[2] // 2 :] += rising
    return changed.clip(0 if pixels.dtype.kind == "u" else None, 255 if pixels.dtype == np.uint8 else None).astype(
        pixels.dtype
    )


def write_polygons(path, raster, boxes, names, field="class"):
    """Boxes (left, top, width, height) in pixels of the raster."""
    with rasterio.open(raster) as d:
        t, crs = d.transform, d.crs.to_wkt()
    corners = [(t.c + x * t.a, t.f + (y + h) * t.e, t.c + (x + w) * t.a, t.f + y * t.e) for x, y, w, h in boxes]
    shapes = [shapely.box(*c) for c in corners]
    pyogrio.raw.write(
        path,
        shapely.to_wkb(np.array(shapes)),
        [np.array(names, dtype=object)],
        [field],
        crs=crs,
        geometry_type="Polygon",
        driver="GPKG",
    )
    return str(path)


BOXES = [(5, 5, 20, 12), (10, 40, 25, 15), (30, 75, 20, 20), (80, 5, 20, 12), (95, 40, 25, 15), (75, 75, 20, 20)]
NAMES = ["west"] * 3 + ["east"] * 3


@pytest.fixture
def two_lands(scene, tmp_path):
    def make(sensor="naip"):
        path = scene(sensor, 100, 130, change=halves)
        return str(path), write_polygons(tmp_path / "p.gpkg", path, BOXES, NAMES)

    return make


def run(raster, labels, tmp_path, callbacks=Callbacks(), **more):
    rasters, labels = ([v] if isinstance(v, str) else v for v in (raster, labels))
    return fit.fit(
        FitOptions(rasters, labels, str(tmp_path / "head.safetensors"), **({"tile_px": 48} | more)), callbacks
    )


@pytest.mark.parametrize("sensor", SENSORS)
def test_a_fitted_head_finds_the_lands_of_every_sensor(sensor, two_lands, tmp_path):
    raster, labels = two_lands(sensor)
    answer = run(raster, labels, tmp_path)
    assert answer["validation"]["miou"] > 0.9 and answer["sensor"] == sensor and answer["validation"]["folds"] == 3
    assert [c["name"] for c in answer["classes"]] == ["east", "west"]
    segment(Options(raster, str(tmp_path / "out.tif"), head=answer["output"]))
    with rasterio.open(tmp_path / "out.tif") as d:
        found = d.read(1)
    assert (found[:, 75:] == 1).mean() > 0.9 and (found[:, :55] == 2).mean() > 0.9


@pytest.mark.parametrize("sensor", ["naip", "enmap"])
@pytest.mark.parametrize("kind", ["linear", "linear+pixels"])
def test_features_are_what_the_head_multiplies(sensor, kind, scene, tmp_path, models, monkeypatch):
    """Weights times gathered features equal the logits of the tile, computed naively, at each labelled pixel."""
    path = scene(sensor, 48, 48, change=halves)
    boxes = [(1, 1, 5, 5), (3, 30, 7, 4), (40, 2, 6, 6), (30, 40, 5, 7)]
    labels = write_polygons(tmp_path / "p.gpkg", path, boxes, ["a", "a", "b", "b"])
    kept = {}
    original = fit.gather

    def gather(jobs, found, *rest):
        kept["labels"], kept["samples"] = found, original(jobs, found, *rest)
        return kept["samples"]

    monkeypatch.setattr(fit, "gather", gather)
    answer = run(str(path), labels, tmp_path, kind=kind)
    checkpoint = load_checkpoint(models / "tiny.safetensors")
    head, header = load_head(answer["output"], checkpoint, sensor)
    assert header["kind"] == answer["kind"] == kind
    present = list(usable_bands(sensor))
    mean, std = (np.array(v)[present] for v in checkpoint.statistics(sensor))
    with rasterio.open(path) as d:
        tile = torch.from_numpy(d.read([b + 1 for b in present]).astype(np.float32))[None]
    tile = normalise(to_canonical(tile, get_sensor(sensor), answer_units(path)), mean, std)
    tokens = checkpoint.model(resize(tile, 64), sensor)
    maps = F.interpolate(tokens.transpose(1, 2).reshape(1, 32, 4, 4), size=(48, 48), mode="bilinear")[0]
    part, samples = kept["labels"].rasters[0], kept["samples"]
    np.testing.assert_allclose(samples.tokens, maps[:, part.row, part.column].T.numpy(), atol=1e-4)
    logits = samples.tokens @ head.weight.numpy().T + head.bias.numpy()
    if kind == "linear+pixels":
        np.testing.assert_allclose(samples.pixels, tile[0][:, part.row, part.column].T.numpy(), atol=1e-5)
        logits = logits + samples.pixels @ head.pixel_weight.numpy()[:, present].T
    wanted = head.scores(tokens, tile, present)[0][:, part.row, part.column].T
    np.testing.assert_allclose(torch.from_numpy(logits).softmax(1), wanted.numpy(), atol=1e-4)


def answer_units(path):
    from ofa_engine.raster.source import Source, detect_source

    with Source(path) as source:
        return detect_source(source).units


def test_classify_fits_a_head_for_tiles(two_lands, tmp_path):
    raster, _ = two_lands()
    boxes = [(0, 0, 60, 45), (0, 60, 60, 35), (68, 0, 60, 45), (70, 60, 60, 35), (0, 45, 40, 15)]
    labels = write_polygons(tmp_path / "big.gpkg", raster, boxes, ["west", "west", "east", "east", "west"])
    for kind in ("linear", "linear+pixels"):
        answer = run(raster, labels, tmp_path, task="classify", tile_px=16, kind=kind)
        assert answer["validation"]["miou"] > 0.9 and answer["kind"] == kind
        classify(Options(raster, str(tmp_path / "out.tif"), head=answer["output"]))
        with rasterio.open(tmp_path / "out.tif") as d:
            found = d.read(1)
        assert (found[:, 5:] == 1).mean() > 0.9 and (found[:, :4] == 2).mean() > 0.9
    with pytest.raises(InputError, match="tiles of 130 px of which one class covers more than half, found none"):
        run(raster, labels, tmp_path, task="classify", tile_px=130)


def test_a_polygon_more_computes_only_its_tiles(two_lands, tmp_path, monkeypatch):
    raster, labels = two_lands()
    computed = []
    original = fit.Predictor.tokens
    monkeypatch.setattr(fit.Predictor, "tokens", lambda s, x: computed.append(len(x)) or original(s, x))
    first = run(raster, labels, tmp_path)
    tiles = sum(computed)
    computed.clear()
    again = run(raster, labels, tmp_path)
    assert not computed and again["validation"] == first["validation"]
    more = write_polygons(tmp_path / "q.gpkg", raster, [*BOXES, (1, 90, 3, 3)], [*NAMES, "west"])
    run(raster, more, tmp_path)
    assert sum(computed) <= 1 < tiles


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


def test_thinning_keeps_rare_classes_and_makes_up_for_the_rest(scene, tmp_path, monkeypatch):
    monkeypatch.setattr(fit, "MOST_SAMPLES", 1000)
    path = scene("naip", 100, 130, change=halves)
    boxes = [(0, 0, 60, 45), (0, 50, 60, 40), (80, 5, 8, 8), (100, 60, 9, 9)]
    answer = run(str(path), write_polygons(tmp_path / "p.gpkg", path, boxes, ["w", "w", "e", "e"]), tmp_path)
    assert answer["samples"]["e"] == 145 and 750 < answer["samples"]["w"] < 950
    assert answer["labelled"] == {"e": 145, "w": 5100}


def test_nodata_under_labels_teaches_nothing(scene, tmp_path):
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
