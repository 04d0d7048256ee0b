"""Folds of whole groups, and what they say."""

import numpy as np
import pytest

from ofa_engine.learning.cross_validation import grouped_folds, validate


@pytest.mark.parametrize("seed", range(5))
def test_folds_share_no_group_and_test_everything_once(seed):
    rng = np.random.default_rng(seed)
    index, group = rng.integers(0, 3, 600), rng.integers(0, 30, 600)
    index[group == 4] = 3
    index[(index == 3) & (group != 4)] = 0
    folds = grouped_folds(index, group, 4, seed)
    assert folds.unscored == (3,)
    assert sorted(folds.tested) == np.flatnonzero(index != 3).tolist()
    for train, test in folds.pairs:
        assert not set(group[train]) & set(group[test])


def test_held_out_logits_give_matrix_score_and_temperature():
    """Logits that are twice as sure as the labels are right."""
    rng = np.random.default_rng(0)
    index, group = rng.integers(0, 2, 4000), np.arange(4000) // 40
    odds = rng.standard_normal(4000)
    index = (rng.random(4000) < 1 / (1 + np.exp(-odds))).astype(int)
    folds = grouped_folds(index, group, 2, 0)
    found = validate(2 * np.stack([np.zeros(4000), odds], 1), index, np.ones(4000), folds)
    assert found.temperature == pytest.approx(2, rel=0.1) and found.folds == 5
    right = (odds > 0) == index
    assert np.diag(found.matrix).sum() == right.sum() and ((found.predicted == index) == right).all()
    none = validate(
        np.zeros((10, 2)), np.arange(10) % 2, np.ones(10), grouped_folds(np.arange(10) % 2, np.arange(10) % 2, 2, 0)
    )
    assert none.score is None and none.folds == 0 and none.temperature == 1 and (none.predicted == -1).all()
