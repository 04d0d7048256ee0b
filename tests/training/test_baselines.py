"""Our heads against what an analyst would use instead."""

import numpy as np
import pytest
import torch

from ofa_engine.model.checkpoint import save_checkpoint
from ofa_engine.model.mae import DecoderSize, MaskedAutoencoder
from ofa_engine.model.ofanet import Architecture, OFANet
from training import baselines
from training.baselines import METHODS, PredictedPixels, score
from training.data.labelled_sets import Fold, LabelledSet

from .data.readers.raster_files import tiff


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


CASE = LabelledSet("made up", "sentinel-1", "db", "", [], ["-1"], {0: "land", 1: "water", 2: "rare"}, 16)


def test_scores_count_classes_with_enough_pixels_and_resample_blocks():
    truth = np.repeat([0, 1, 2], [400, 400, 10])
    block = np.arange(810) // 81
    predicted = {METHODS[0]: truth.copy(), METHODS[1]: np.where(np.arange(810) % 2, truth, 0), METHODS[2]: truth.copy()}
    predicted[METHODS[0]][:200] = 1
    trained = np.zeros(256, int)
    trained[:3] = 100
    result = score(CASE, PredictedPixels(truth, block, predicted), trained)
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
                str(tiff(tmp_path / f"i{number}.tif", image.astype(np.float32), **place)),
                str(tiff(tmp_path / f"l{number}.tif", labels, **place)),
            )
        )
    case = LabelledSet(**(CASE.__dict__ | {"folds": [Fold(pairs[:2], pairs[2:])]}))
    tested, trained = baselines.run_fold(case, case.folds[0], 0, tmp_path, 32, str(run), 0)
    assert trained[0] + trained[1] == 2 * 61 * 64 and len(tested.truth) == 61 * 64
    result = score(case, tested, trained)
    assert all(value > 0.9 for value in result["miou"].values()), result
    assert "made up: mean IoU random forest" in baselines.result_line(result)
    assert "| made up |" in baselines.results_table([result])
