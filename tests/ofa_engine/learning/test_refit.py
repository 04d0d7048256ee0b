"""Heads fitted anew for another checkpoint: from labels, from a teacher, from what own heads remember."""

import json
import shutil

import numpy as np
import pytest
import rasterio

from ofa_engine.core.callbacks import QUIET, Callbacks
from ofa_engine.core.catalog import find_head, read_header
from ofa_engine.core.errors import Cancelled, InputError
from ofa_engine.core.options import FitOptions, RefitHeadsOptions, SegmentOptions
from ofa_engine.inference.segment import segment
from ofa_engine.interfaces.cli import main
from ofa_engine.learning.fit import fit
from ofa_engine.learning.refit import format_refit_heads_summary, refit_heads

from ..conftest import pixels_of, write_raster
from .chip_files import halves, write_checkpoint, write_chip, write_chips
from .label_files import box, polygons


def refit(checkpoint, *sources, callbacks=QUIET, **more):
    options = dict(device="cpu", sensor="sentinel-2") | more
    return refit_heads(
        RefitHeadsOptions("new", str(checkpoint.parent), from_=[str(path) for path in sources], **options), callbacks
    )


def scene_of(folder, seed=30, sensor="sentinel-2"):
    write_chip(folder, "scene", sensor, seed, 96)
    return folder / "images" / "scene.tif"


# --- labelled chips ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def from_chips(tmp_path_factory):
    """(folder with the checkpoint and what is fitted to chips for it, the answer)."""
    folder = tmp_path_factory.mktemp("fitted")
    with pytest.MonkeyPatch.context() as patch:
        checkpoint = write_checkpoint(folder)
        patch.setenv("OFANET_MODELS", str(folder))
        answer = refit(checkpoint, write_chips(tmp_path_factory.mktemp("made") / "chips"), sensor=None)
    return folder, answer


@pytest.fixture
def fitted(from_chips, monkeypatch):
    monkeypatch.setenv("OFANET_MODELS", str(from_chips[0]))
    return from_chips


def test_a_head_from_chips_is_right_on_a_scene_that_it_has_not_seen(fitted, tmp_path):
    name = "Sentinel-2: land cover (New)"
    head = next(head for head in fitted[1]["heads"] if head["name"] == name)
    scene = scene_of(tmp_path / "unseen")
    # found by itself with the checkpoint, and without it, since the user's own heads come first
    for checkpoint in ("new", None):
        mapped = segment(SegmentOptions(str(scene), str(tmp_path / "map.tif"), checkpoint=checkpoint, device="cpu"))
        assert mapped["provenance"]["HEAD"] == name and mapped["provenance"]["CHECKPOINT"] == "New"
    with rasterio.open(tmp_path / "map.tif") as layer:
        values = layer.read(1)
    labels = halves("sentinel-2", 30, 96)[1]
    assert (values == labels)[labels < 200].mean() > 0.95, "values are label values"
    assert head["validation"]["accuracy"] > 0.9 and head["validation"]["folds"] == 3, "places are held out whole"


def test_a_refitted_head_tells_what_it_is(fitted):
    folder, answer = fitted
    assert {head["output"] for head in answer["heads"]} == {str(path) for path in folder.glob("*_landcover*_new.*")}
    header = read_header(folder / "sentinel-2_landcover_new.safetensors")
    checkpoint, shipped = read_header(folder / "new.safetensors"), find_head("sentinel-2_landcover", "", None).header
    assert header["backbone"] == checkpoint["fingerprints"]["sentinel-2"] != shipped["backbone"]
    assert header["gsd_m"] == shipped["gsd_m"] and header["kind"] == "mlp+pixels"
    assert [(c["value"], c["name"]) for c in header["classes"]] == [(4, "crops"), (7, "bare")]
    colors = {entry["name"]: entry["color"] for entry in shipped["classes"]}
    assert all(entry["color"] == colors[entry["name"]] for entry in header["classes"])
    training = header["training"]
    assert training["fitted_on"] == "6 labelled rasters of 3 places (chips)" and training["places"] == 3
    assert "chip3.tif" in training["rasters"] and training["backbone"] == "New"


def test_chips_serve_heads_for_coarser_pixels_fewer_bands_and_pictures(fitted, tmp_path):
    heads = {head["sensor"]: head for head in fitted[1]["heads"]}
    assert set(heads) == {"sentinel-2", "naip", "gaofen"}
    assert heads["naip"]["bands"] == ["R", "G", "B"] and heads["naip"]["name"].startswith("RGB: land cover, 3 to 20 m")
    without = read_header(fitted[0] / "sentinel-2_landcover_no_red_edge_new.safetensors")
    assert not {"B5", "B6", "B7"} & set(without["training"]["bands"])
    # a Landsat-like scene gets the head for coarse pixels without red edge, and it is right there, too
    pixels, labels = halves("sentinel-2", 31, 96)
    place = rasterio.Affine(30.0, 0, 500000, 0, -30.0, 5800000)
    scene = write_raster(tmp_path / "coarse.tif", pixels[[0, 1, 2, 6, 7, 8]], transform=place)
    out, reading = str(tmp_path / "map.tif"), {"sensor": "sentinel-2", "bands": "1,2,3,-,-,-,4,5,6", "units": "dn"}
    mapped = segment(SegmentOptions(str(scene), out, device="cpu", **reading))
    assert mapped["provenance"]["HEAD"] == without["name"]
    with rasterio.open(out) as layer:
        assert (layer.read(1) == labels)[labels < 200].mean() > 0.9


def test_what_is_fitted_depends_on_the_seed_alone(fitted, chips):
    folder, answer = fitted
    path = folder / "naip_landcover_10m_new.safetensors"
    first = path.read_bytes()
    for seed, same in ((0, True), (1, False)):
        refit(folder / "new.safetensors", chips, sensor="naip", seed=seed)
        assert (path.read_bytes() == first) == same


# --- a teacher ---------------------------------------------------------------------------------------------------


@pytest.fixture
def scenes(tmp_path):
    """Three scenes on which the teacher is sure of several classes: dark water-like and vegetation-like halves."""
    folder = tmp_path / "scenes"
    folder.mkdir()
    spectra = {
        "water": [300, 400, 500, 250, 220, 200, 180, 120, 90],
        "trees": [250, 450, 250, 800, 2200, 2700, 2900, 1400, 600],
    }
    for number in range(3):
        rng = np.random.default_rng(number)
        left = (np.arange(96) < 40 + 10 * number)[None, None]
        both = [np.array(spectrum, float)[:, None, None] for spectrum in spectra.values()]
        pixels = np.where(left, *both) * rng.normal(1, 0.05, (9, 96, 96))
        names = ("B4", "B3", "B2", "B5", "B6", "B7", "B8", "B11", "B12")
        write_raster(folder / f"scene{number}.tif", pixels.astype(np.uint16), names=names)
    return folder


def test_a_teacher_gives_a_head_that_says_whose_errors_it_repeats(new_checkpoint, scenes, tmp_path):
    lines = []
    answer = refit(new_checkpoint, scenes, callbacks=Callbacks(log=lambda level, text: lines.append(text)))
    head = next(head for head in answer["heads"] if head["name"] == "Sentinel-2: land cover (New)")
    header = read_header(head["output"])
    training = header["training"]
    assert training["teacher"] == "Sentinel-2: land cover" and "repeats that head's errors" in training["fitted_on"]
    assert "validation" not in training and "held_out" not in training, "an agreement is no accuracy"
    assert training["agreement"]["accuracy"] > 0.9
    assert any("not how often they are right" in line for line in lines)
    assert "agrees with its teacher" in format_refit_heads_summary(answer)
    shipped = {
        (c["name"], c["value"], c["color"]) for c in find_head("sentinel-2_landcover", "", None).header["classes"]
    }
    assert {(c["name"], c["value"], c["color"]) for c in header["classes"]} <= shipped
    maps = []
    for number, name in enumerate(("sentinel-2_landcover", head["output"])):
        out = tmp_path / f"{number}.tif"
        segment(SegmentOptions(str(scenes / "scene0.tif"), str(out), head=name, device="cpu"))
        with rasterio.open(out) as layer:
            maps.append(layer.read(1))
    assert (maps[0] == maps[1]).mean() > 0.9


def test_scenes_that_are_of_no_use_are_named_and_left_out(new_checkpoint, scenes):
    (scenes / "broken.tif").write_bytes(b"no raster")
    answer = refit(new_checkpoint, scenes, estimate=True)
    assert "Sentinel-2: land cover" in answer["heads"]
    assert len(answer["skipped"]) == 1 and "broken.tif" in answer["skipped"][0]


# --- own heads ---------------------------------------------------------------------------------------------------


@pytest.fixture
def own(new_checkpoint, tmp_path, monkeypatch):
    """A head of the user's own, fitted to polygons on the checkpoint that comes with the engine."""
    monkeypatch.chdir(tmp_path)
    pixels, _ = halves("sentinel-2", 3, 96)
    pixels[:, :, 48:] = pixels_of("sentinel-2", 96, 48, 9)
    names = ("B4", "B3", "B2", "B5", "B6", "B7", "B8", "B11", "B12")
    write_raster(tmp_path / "field.tif", pixels, names=names)
    shapes = [box(4, 4, 20, 20), box(4, 50, 20, 20), box(60, 4, 20, 20), box(60, 50, 20, 20)]
    polygons(tmp_path / "areas.geojson", shapes, ["maize", "maize", "wheat", "wheat"], name="crop")
    output = str(new_checkpoint.parent / "mine.safetensors")
    fit(
        FitOptions(["field.tif"], ["areas.geojson"], output, field="crop", device="cpu", checkpoint="ofanet_starter"),
        QUIET,
    )
    return new_checkpoint.parent / "mine.safetensors"


def test_own_heads_remember_what_they_were_fitted_to_and_are_fitted_again(own, new_checkpoint, tmp_path):
    remembered = read_header(own)["training"]["fit_again"]
    assert remembered["inputs"] == [str(tmp_path / "field.tif")]
    assert remembered["labels"] == [str(tmp_path / "areas.geojson")] and remembered["field"] == "crop"
    answer = refit(new_checkpoint, own=True)
    assert [head["name"] for head in answer["heads"]] == ["mine (New)"]
    header = read_header(new_checkpoint.parent / "mine_new.safetensors")
    assert header["backbone"] == read_header(new_checkpoint)["fingerprints"]["sentinel-2"]
    assert [entry["name"] for entry in header["classes"]] == ["maize", "wheat"]
    assert header["training"]["fit_again"] == remembered, "it can be fitted once more"


def test_own_heads_whose_labels_are_gone_are_one_line(own, new_checkpoint, chips, tmp_path):
    (tmp_path / "areas.geojson").unlink()
    answer = refit(new_checkpoint, chips, own=True, estimate=True)
    assert answer["skipped"] == [f"mine: what it was fitted to is gone: {tmp_path / 'areas.geojson'}"]
    with pytest.raises(InputError, match="gone"):
        refit(new_checkpoint, own=True)


def test_own_heads_are_offered_where_others_are_fitted(own, new_checkpoint, chips):
    lines = []
    refit(new_checkpoint, chips, estimate=True, callbacks=Callbacks(log=lambda level, text: lines.append(text)))
    assert any("--own" in line and "mine" in line for line in lines)


# --- the command -------------------------------------------------------------------------------------------------


def test_an_estimate_writes_nothing_and_names_the_heads(new_checkpoint, chips):
    answer = refit(new_checkpoint, chips, estimate=True)
    assert "Sentinel-2: land cover" in answer["heads"] and answer["seconds_needed"] > 0
    assert list(new_checkpoint.parent.iterdir()) == [new_checkpoint]
    assert "about" in format_refit_heads_summary(answer)


def test_an_estimate_with_public_images_asks_no_server(new_checkpoint):
    answer = refit(new_checkpoint, public=True, estimate=True, sensor=None)
    assert len(answer["heads"]) == 5 and list(new_checkpoint.parent.iterdir()) == [new_checkpoint]


def test_progress_rises_to_its_end_and_cancelling_leaves_no_half_head(new_checkpoint, chips):
    seen = []
    watch = Callbacks(progress=lambda done, total, left: seen.append(done / total))
    refit(new_checkpoint, chips, sensor="naip", callbacks=watch)
    assert seen == sorted(seen) and seen[-1] == 1 and len(set(seen)) > 5
    done = set(new_checkpoint.parent.iterdir())
    for path in done - {new_checkpoint}:
        path.unlink()
    with pytest.raises(Cancelled):
        refit(new_checkpoint, chips, callbacks=Callbacks(cancelled=lambda: True))
    assert list(new_checkpoint.parent.iterdir()) == [new_checkpoint]


def test_errors_are_one_line(new_checkpoint, chips, tmp_path, capsys):
    folder = str(new_checkpoint.parent)
    empty = tmp_path / "empty"
    empty.mkdir()
    shutil.copytree(chips, tmp_path / "odd")
    write_raster(tmp_path / "odd" / "labels" / "chip0.tif", np.zeros((1, 5, 5), np.uint8))
    cases = {
        "--from, --public or --own": [],
        "expected a folder for the heads": ["--from", str(chips), "-o", folder + "x"],
        "expected labelled rasters": ["--from", str(empty)],
        "no file": ["--from", str(tmp_path / "none.tif")],
        "expected labels of the size of": ["--from", str(tmp_path / "odd")],
    }
    for expected, words in cases.items():
        line = ["heads", "refit", "--checkpoint", "new", *([] if "-o" in words else ["-o", folder]), *words]
        assert main(line) == 2
        assert expected in capsys.readouterr().err.splitlines()[-1], expected
    assert main(["heads", "refit", "--checkpoint", "nothing", "-o", folder, "--from", str(chips)]) == 2


def test_the_command_line_prints_json(new_checkpoint, chips, capsys):
    words = ["--checkpoint", str(new_checkpoint), "--from", str(chips), "-o", str(new_checkpoint.parent)]
    assert main(["heads", "refit", *words, "--sensor", "naip", "--device", "cpu", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert [head["sensor"] for head in answer["heads"]] == ["naip"] and answer["checkpoint"] == "New"


def test_a_checkpoint_without_heads_says_what_to_do(new_checkpoint, tmp_path):
    scene = scene_of(tmp_path / "unseen")
    with pytest.raises(InputError, match="with new, found none.*ofa heads refit"):
        segment(SegmentOptions(str(scene), str(tmp_path / "map.tif"), checkpoint="new", device="cpu"))
