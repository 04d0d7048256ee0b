"""Scores against scikit-learn's, edges against their definition, intervals over places."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, jaccard_score

from training.assessment.place_scores import (
    Tally,
    class_ious,
    count_pixels,
    joined,
    near_edges,
    pooled_scores,
    scene_scores,
)

RNG = np.random.default_rng(3)


def made(classes=3, size=20):
    """Truth with unlabelled pixels, and a map that is right in two thirds; it may say K, none of the classes."""
    truth = RNG.integers(-1, classes, (size, size))
    mapped = np.where(RNG.random(truth.shape) < 0.67, truth.clip(0), RNG.integers(0, classes + 1, truth.shape))
    return truth, mapped


def tally_of(scenes, classes=3):
    tally = Tally(classes)
    for place, (truth, mapped) in scenes:
        tally.add(place, truth, mapped, near_edges(truth), 0.5)
    return tally


def test_edges_are_where_another_class_is_near():
    truth = np.kron(RNG.integers(-1, 3, (5, 5)), np.ones((7, 7), int))
    expected = np.zeros(truth.shape, bool)
    for row, column in np.argwhere(truth >= 0):
        near = truth[max(row - 2, 0) : row + 3, max(column - 2, 0) : column + 3]
        expected[row, column] = ((near >= 0) & (near != truth[row, column])).any()
    np.testing.assert_array_equal(near_edges(truth), expected)
    assert expected.any() and not near_edges(np.full((9, 9), -1)).any()


def test_scores_are_those_of_scikit_learn():
    scenes = [(f"place {i // 2}", made()) for i in range(6)]
    tally = tally_of(scenes)
    truth, mapped = (np.concatenate([pair[i].ravel() for _, pair in scenes]) for i in (0, 1))
    near = np.concatenate([near_edges(pair[0]).ravel() for _, pair in scenes])
    known = truth >= 0
    found = pooled_scores(tally)
    ious = jaccard_score(truth[known], mapped[known], labels=[0, 1, 2], average=None)
    assert found["miou"][0] == pytest.approx(ious.mean())
    assert class_ious(tally) == pytest.approx(ious, abs=1e-4)
    assert found["accuracy"][0] == pytest.approx(accuracy_score(truth[known], mapped[known]))
    assert found["edge_accuracy"][0] == pytest.approx(accuracy_score(truth[near & known], mapped[near & known]))
    each = [
        jaccard_score(t[t >= 0], m[t >= 0], labels=[0, 1, 2], average="macro", zero_division=0) for _, (t, m) in scenes
    ]
    assert scene_scores(tally)["miou"][0] == pytest.approx(np.mean(each))
    assert tally.seconds_per_megapixel == pytest.approx(3 / 2400 * 1e6)


def test_sets_are_joined_scene_by_scene():
    parts = [tally_of([("x", made(k)) for _ in range(n)], k) for n, k in ((2, 3), (4, 5))]
    whole = joined(parts)
    means = [scene_scores(part)["miou"][0] for part in parts]
    assert scene_scores(whole)["miou"][0] == pytest.approx((2 * means[0] + 4 * means[1]) / 6)
    assert len(set(whole.places)) == 2 and whole.pixels == 2400


def test_none_of_the_classes_is_always_wrong():
    truth = np.array([[0, 0, 1, -1]])
    counts = count_pixels(truth, np.array([[0, 2, 2, 2]]), truth >= 0, 2)
    np.testing.assert_array_equal(counts, [[1, 0, 1], [0, 0, 1]])


def test_classes_that_do_not_occur_enter_no_mean():
    truth = np.zeros((4, 4), int)
    truth[:2] = 1
    mapped = truth.copy()
    mapped[0, 0] = 2
    tally = tally_of([("a", (truth, mapped)), ("b", (truth, truth))])
    assert pooled_scores(tally)["miou"][0] == pytest.approx((1 + 15 / 16) / 2)
    assert class_ious(tally)[2] is None


@pytest.mark.parametrize("scores", [pooled_scores, scene_scores])
def test_intervals_are_over_places(scores):
    """Twice the rasters of the same places say nothing new; one place alone has no interval."""
    right, wrong = np.repeat([[0, 1, 2, 0]], 4, 0), np.full((4, 4), 3)
    scenes = [(f"{i}", (right, right if i % 3 else wrong)) for i in range(12)]
    once, twice = scores(tally_of(scenes)), scores(tally_of([*scenes, *scenes]))
    assert once == twice
    value, low, high = once["accuracy"]
    assert value == pytest.approx(2 / 3) and low < value < high
    # of a proportion of 12 places: 2/3 plus or minus 1.96 std
    assert high - low == pytest.approx(2 * 1.96 * np.sqrt(2 / 9 / 12), rel=0.2)
    assert np.isnan(scores(tally_of(scenes[:1]))["miou"][1:]).all()
