"""Which kind of head is chosen, and by which score."""

import numpy as np
import pytest
import torch

from ofa_engine.core.callbacks import QUIET
from ofa_engine.learning.kind_selection import NOISE, balanced, select_kind

from .test_pixel_mlp import crossed, samples_of


def simple(seed=0, n=600):
    """Classes that tokens alone say; samples of even number are at outlines, where many labels are wrong."""
    rng = np.random.default_rng(seed)
    index = rng.integers(0, 2, n)
    tokens = 2.0 * index[:, None] + rng.standard_normal((n, 4))
    edge = np.arange(n) % 10 == 0
    index = np.where(edge & (rng.random(n) < 0.4), 1 - index, index)
    return samples_of(tokens, rng.standard_normal((n, 2)), np.zeros((n, 8)), index, rng.integers(0, 20, n), edge)


def test_auto_takes_a_hidden_layer_only_where_it_is_better():
    samples = crossed()
    found = select_kind(samples, 2, "segment", "auto", 0, QUIET)
    assert found.kind == "mlp+pixels" and found.tried["mlp+pixels"] > found.tried["linear+pixels"] + 0.2
    assert list(found.tried) == ["linear", "linear+pixels", "mlp+pixels"]
    easy = samples_of(
        np.where(samples.index, 5.0, -5.0)[:, None], samples.pixels, samples.surroundings, samples.index, samples.group
    )
    found = select_kind(easy, 2, "segment", "auto", 0, QUIET)
    assert set(found.tried.values()) == {1.0} and found.kind == "linear", "of equal ones the simplest"


def test_of_polygons_the_kind_that_sees_most_is_taken_unless_it_is_clearly_worse():
    samples = crossed()
    tokens = np.where(samples.index, 5.0, -5.0)[:, None]
    edge = np.arange(len(tokens)) % 4 == 0
    easy = samples_of(tokens, samples.pixels, samples.surroundings, samples.index, samples.group, edge)
    assert select_kind(easy, 2, "segment", "auto", 0, QUIET).kind == "mlp+pixels"
    rng = np.random.default_rng(0)
    few = np.arange(24)  # samples in as many places, with a hundred columns of noise beside the one that counts
    noisy = samples_of(
        tokens[few], 9 * rng.standard_normal((24, 20)), np.zeros((24, 80)), easy.index[few], few, few > 5
    )
    found = select_kind(noisy, 2, "segment", "auto", 0, QUIET)
    best = max(found.tried.values())
    assert found.tried["mlp+pixels"] < best - NOISE <= found.tried[found.kind]


def test_threads_are_as_many_as_before():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        select_kind(crossed(100), 2, "segment", "mlp+pixels", 0, QUIET)
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


def test_tiles_have_linear_heads_only():
    samples = crossed(200)
    assert list(select_kind(samples, 2, "classify", "auto", 0, QUIET).tried) == ["linear", "linear+pixels"]


@pytest.mark.parametrize("kind", ["linear", "mlp+pixels"])
def test_outlines_have_half_of_the_weight(kind):
    samples = simple()
    found = select_kind(samples, 2, "segment", kind, 0, QUIET)
    validation, weight = found.fitted.validation, balanced(samples.index, samples.weight, 2)
    matrix = np.zeros((2, 2))
    for k in (0, 1):
        for part in (samples.edge, ~samples.edge):
            mine = part & (samples.index == k)
            for predicted in (0, 1):
                share = weight[mine & (validation.predicted == predicted)].sum() / weight[mine].sum()
                matrix[k, predicted] += share / 2 * weight[samples.index == k].sum()
    iou = [matrix[k, k] / (matrix[k].sum() + matrix[:, k].sum() - matrix[k, k]) for k in (0, 1)]
    assert found.tried[kind] == pytest.approx(np.mean(iou), abs=1e-5)
    assert found.tried[kind] < validation.score - 0.05, "labels at outlines are worse in these samples"


def test_without_outlines_the_score_is_that_of_all_pixels():
    samples = simple()
    whole = samples_of(samples.tokens, samples.pixels, samples.surroundings, samples.index, samples.group)
    found = select_kind(whole, 2, "segment", "linear", 0, QUIET)
    assert found.tried["linear"] == found.fitted.validation.score
