"""Scores and intervals agree with independent references."""

import numpy as np
import pytest

from training.probes.scores import METRIC, evaluate, sample_counts, values_of


def stacked_scores(rng, kind, classes, count):
    shape = (count, classes, 12, 10) if kind == "segment" else (count, classes)
    scores = rng.random(shape)
    if kind == "multilabel":
        return scores, (rng.random(shape) < 0.4).astype(np.float32)
    y = rng.integers(-1 if kind == "segment" else 0, classes - 1, (count, *shape[2:]))  # the last class never occurs
    return scores / scores.sum(1, keepdims=True), y


@pytest.mark.parametrize("kind", ["classify", "multilabel", "segment"])
def test_scores_are_torchmetrics_and_intervals_hold_them(kind):
    """Sums of our own counts give what torchmetrics gives; resampling them is resampling the samples."""
    rng = np.random.default_rng(6)
    scores, y = stacked_scores(rng, kind, 5, 60)
    scored, each = evaluate(kind, 5, [(scores[:25], y[:25]), (scores[25:], y[25:])], resamples=200)
    counts = sample_counts(kind, scores, y)
    own = values_of(kind, counts.sum(0))
    for name, value in own.items():
        assert scored[name][0] == pytest.approx(float(value), abs=1e-6), name
    for name, (value, low, high) in scored.items():
        assert 0 <= low <= value <= high <= 1 and high - low < 0.4, name
    tp, fp, fn = counts.sum(0).T
    wanted = {
        "classify": tp / np.maximum(tp + fn, 1),
        "multilabel": 2 * tp / (2 * tp + fp + fn),
        "segment": tp / (tp + fp + fn),
    }[kind]
    np.testing.assert_allclose(each, wanted, atol=1e-6)
    if kind != "multilabel":
        rows = rng.integers(0, 60, 60)
        again, _ = evaluate(kind, 5, [(scores[rows], y[rows])], resamples=10)
        drawn = values_of(kind, (np.bincount(rows, minlength=60) @ counts.reshape(60, -1)).reshape(5, 3))
        assert again[METRIC[kind]][0] == pytest.approx(float(drawn[METRIC[kind]]), abs=1e-6)


def test_interval_is_that_of_a_share():
    """Of 400 samples, 80 % right: the binomial's standard error is 2 %."""
    scores = np.eye(2)[np.r_[np.zeros(320, int), np.ones(80, int)]]
    value, low, high = evaluate("classify", 2, [(scores, np.zeros(400, int))])[0]["accuracy"]
    assert value == pytest.approx(0.8)
    assert low == pytest.approx(0.76, abs=0.01) and high == pytest.approx(0.84, abs=0.01)
