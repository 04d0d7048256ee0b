"""Pair sets: found by name, whole, and two sensors drawn by seed and step alone."""

import pytest

from training.data.pair_sets import PairSet, find_pair_sets

from .pair_files import random_pair_set


def test_two_sensors_are_drawn_by_seed_and_step(tmp_path):
    random_pair_set(tmp_path, ["naip", "gaofen", "sentinel-1"], 2, 8)
    pairs = PairSet(tmp_path, seed=3)
    drawn = [pairs.drawn(step) for step in range(60)]
    assert len(set(drawn)) == 6 and all(first != second for first, second in drawn)
    assert drawn == [PairSet(tmp_path, seed=3).drawn(step) for step in range(60)]
    assert drawn != [PairSet(tmp_path, seed=4).drawn(step) for step in range(60)]


def test_sets_are_found_in_the_order_wanted(tmp_path):
    for name in ("a", "b"):
        random_pair_set(tmp_path / "pairs" / name, ["naip", "gaofen"], 3, 8)
    assert list(find_pair_sets(tmp_path, ["pairs/b", "pairs/a"])) == ["pairs/b", "pairs/a"]
    assert find_pair_sets(tmp_path, []) == {}
    with pytest.raises(FileNotFoundError, match="expected pairs/c .* found pairs/a, pairs/b: run training.pairs"):
        find_pair_sets(tmp_path, ["pairs/a", "pairs/c"])


def test_incomplete_sets_are_refused(tmp_path):
    random_pair_set(tmp_path / "one", ["naip"], 3, 8)
    random_pair_set(tmp_path / "two", ["gaofen"], 3, 8)
    random_pair_set(tmp_path / "two", ["naip"], 2, 8)
    for name in ("none", "one", "two"):
        with pytest.raises(ValueError, match="expected two sensors or more with equally many samples"):
            PairSet(tmp_path / name)
