import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from ofa_engine.learning.metrics import confusion, scores


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6), st.integers(2, 6), st.integers(1, 300))
def test_scores_are_those_of_scikit_learn(seed, classes, count):
    rng = np.random.default_rng(seed)
    reference, mapped = rng.integers(0, classes, (2, count))
    weight = rng.uniform(0.1, 5, count)
    matrix = confusion(reference, mapped, classes, weight)
    every, there = range(classes), np.union1d(reference, mapped)
    np.testing.assert_allclose(matrix, metrics.confusion_matrix(reference, mapped, labels=every, sample_weight=weight))
    found = scores(matrix)
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(
        reference, mapped, labels=every, sample_weight=weight, zero_division=np.nan
    )
    iou = metrics.jaccard_score(reference, mapped, labels=there, average=None, sample_weight=weight)
    for key, wanted in (("users", precision), ("producers", recall)):
        np.testing.assert_allclose(np.array(found[key], float), wanted, atol=1e-6)
    np.testing.assert_allclose(np.array(found["iou"], float)[there], iou, atol=1e-6)
    np.testing.assert_allclose(np.array(found["f1"], float)[there], f1[there], atol=1e-6)
    assert found["accuracy"] == pytest.approx(metrics.accuracy_score(reference, mapped, sample_weight=weight), abs=1e-6)
    assert found["miou"] == pytest.approx(iou.mean(), abs=1e-6)
    assert found["macro_f1"] == pytest.approx(f1[there].mean(), abs=1e-6)
    if len(there) > 1:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            kappa = metrics.cohen_kappa_score(reference, mapped, labels=every, sample_weight=weight)
        assert found["kappa"] == pytest.approx(kappa, abs=1e-6)


def test_kappa_by_hand():
    # of 50: observed (20 + 15) / 50 = 0.7; by chance (25 * 30 + 25 * 20) / 2500 = 0.5
    assert scores(np.array([[20.0, 5], [10, 15]]))["kappa"] == pytest.approx(0.4)
    assert scores(np.zeros((2, 2)))["accuracy"] is None and scores(np.array([[5.0, 0], [0, 0]]))["kappa"] is None
