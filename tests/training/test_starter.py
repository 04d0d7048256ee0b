"""From a pretraining run to the files of the starter, and our heads beside what an analyst would use instead."""

import numpy as np
import pytest
import torch
from PIL import Image

from ofa_engine.core import catalog
from ofa_engine.model.checkpoint import load_checkpoint, save_checkpoint
from ofa_engine.model.mae import DecoderSize, MaskedAutoencoder
from ofa_engine.model.ofanet import Architecture, OFANet
from training import baselines, starter
from training.baselines import METHODS, Answers, Case, Fold, score

from .data.test_readers_starter import write


@pytest.fixture
def run(tmp_path):
    """A checkpoint as training.pretrain leaves it."""
    torch.manual_seed(0)
    model = OFANet(Architecture(32, 1, 2, input_px=32))
    statistics = {"naip": ([100.0] * 3, [40.0] * 3)}
    path = tmp_path / "step-00000008.safetensors"
    save_checkpoint(
        path,
        model,
        "run",
        {"recipe": "masked image modelling"},
        statistics=statistics,
        tile_px={"naip": 64},
        decoders=MaskedAutoencoder(model, DecoderSize(16, 1, 2)),
    )
    return path


def test_the_stored_checkpoint_is_the_runs_without_decoders(run, tmp_path):
    (tmp_path / "out").mkdir()
    stored = starter.store(run, tmp_path / "out")
    before, after = load_checkpoint(run), load_checkpoint(stored)
    assert after.header["fingerprints"] == before.header["fingerprints"]
    assert after.header["training"]["recipe"] == "masked image modelling"
    assert after.statistics("naip") == ([100.0] * 3, [40.0] * 3) and after.tile_px("naip") == 64
    assert stored.stat().st_size < run.stat().st_size / 2


def test_heads_are_fitted_and_scored_on_what_they_have_not_seen(run, tmp_path):
    """Chips of two classes become tiles of one raster a class; those held out are not learned from."""
    rng = np.random.default_rng(0)
    files = []
    for number in range(8):
        path = tmp_path / f"{number}.png"
        Image.fromarray(rng.integers(0, 100, (64, 64, 3)).astype(np.uint8) + np.uint8(100 * (number % 2))).save(path)
        files.append(path)
    maker = starter.Maker(run, tmp_path, tmp_path, tmp_path)
    classes = [(1, "dark", "#000000"), (2, "bright", "#ffffff")]
    train = [maker._mosaic(f"t{v}", files[v - 1 : 6 : 2], v, classes) for v, _, _ in classes]
    held = [maker._mosaic(f"h{v}", files[5 + v :: 2], v, classes) for v, _, _ in classes]
    maker.head(
        "naip_tiles_x",
        "x",
        train,
        sensor="naip",
        bands="1,2,3",
        units="8-bit",
        task="classify",
        tile_px=64,
        ignore=["0"],
    )
    maker.held_out("naip_tiles_x", "classify", "naip", held)
    header = catalog.read_header(tmp_path / "naip_tiles_x.safetensors")
    assert [c["name"] for c in header["classes"]] == ["dark", "bright"]
    assert maker.facts["naip_tiles_x"]["labelled"] == {"dark": 3, "bright": 3}
    assert maker.facts["naip_tiles_x"]["held_out"] == {"accuracy": 1, "miou": 1, "kappa": 1, "samples": 2}


CASE = Case("made up", "sentinel-1", "db", "", [], ["-1"], {0: "land", 1: "water", 2: "rare"}, 16)


def test_scores_count_classes_with_enough_pixels_and_resample_blocks():
    truth = np.repeat([0, 1, 2], [400, 400, 10])
    block = np.arange(810) // 81
    found = {METHODS[0]: truth.copy(), METHODS[1]: np.where(np.arange(810) % 2, truth, 0), METHODS[2]: truth.copy()}
    found[METHODS[0]][:200] = 1
    trained = np.zeros(256, int)
    trained[:3] = 100
    result = score(CASE, Answers(truth, block, found), trained)
    assert result["miou"][METHODS[2]] == 1 and result["left_out"] == {"rare": [100, 10]}
    assert result["miou"][METHODS[0]] == pytest.approx((200 / 400 + 400 / 600) / 2, abs=1e-4)
    assert result["gain"] == pytest.approx(1 - max(result["miou"][m] for m in METHODS[:2]), abs=1e-3)
    assert 0 <= result["gain_low"] < result["gain"] < result["gain_high"] < 1


def test_all_methods_learn_from_the_same_pixels_and_find_what_is_easy(run, tmp_path):
    rng = np.random.default_rng(1)
    pairs = []
    for number in range(3):
        labels = np.zeros((1, 64, 64), np.int16)
        labels[:, 20:44, 10 * number : 10 * number + 30] = 1
        labels[:, :3] = -1
        image = rng.normal(-10, 1, (2, 64, 64)) - 10 * labels.clip(0)
        place = {"crs": "EPSG:4326", "nodata": None}
        pairs.append(
            (
                str(write(tmp_path / f"i{number}.tif", image.astype(np.float32), **place)),
                str(write(tmp_path / f"l{number}.tif", labels, **place)),
            )
        )
    case = Case(**(CASE.__dict__ | {"folds": [Fold(pairs[:2], pairs[2:])]}))
    tested, trained = baselines.run_fold(case, case.folds[0], 0, tmp_path, 32, str(run), 0)
    assert trained[0] + trained[1] == 2 * 61 * 64 and len(tested.truth) == 61 * 64
    result = score(case, tested, trained)
    assert all(value > 0.9 for value in result["miou"].values()), result
    assert "made up: mean IoU random forest" in baselines.line(result)
    assert "| made up |" in baselines.table([result])
