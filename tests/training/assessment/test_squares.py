"""Small squares as training areas: pure, apart, of every class that has room."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.assessment.squares import draw_squares, split_truth, square_side_px

PATCHES = np.kron(np.random.default_rng(5).integers(0, 4, (6, 6)), np.ones((20, 20), int))


@settings(max_examples=20, deadline=None)
@given(count=st.integers(1, 6), seed=st.integers(0, 999))
def test_squares_are_pure_and_do_not_overlap(count, seed):
    squares = draw_squares(PATCHES, count, seed)
    covered = np.zeros(PATCHES.shape, int)
    for row, column, side, k in squares:
        window = (slice(row, row + side), slice(column, column + side))
        assert side == square_side_px(PATCHES.shape) and (PATCHES[window] == k).all()
        assert PATCHES[window].shape == (side, side)
        covered[window] += 1
    assert covered.max() == 1
    assert all(sum(square[3] == k for square in squares) == count for k in range(4))
    assert squares == draw_squares(PATCHES, count, seed)


def test_classes_without_room_have_none_and_are_not_scored():
    truth = PATCHES.copy()
    truth[truth == 3] = 0
    truth[50:53, 50:53] = 3
    squares = draw_squares(truth, 5, 0)
    assert {square[3] for square in squares} == {0, 1, 2}
    inside, rest = split_truth(truth, squares)
    assert set(np.unique(inside)) == set(np.unique(rest)) == {-1, 0, 1, 2}
    assert (inside >= 0).sum() == sum(side**2 for _, _, side, _ in squares)
    assert not ((inside >= 0) & (rest >= 0)).any()
    assert (rest >= 0).sum() + (inside >= 0).sum() == (truth < 3).sum()


@pytest.mark.parametrize("truth", [np.zeros((50, 50), int), np.where(np.arange(120) < 90, PATCHES, -1)])
def test_scenes_of_one_class_or_half_without_labels_are_left_out(truth):
    assert draw_squares(truth, 5, 0) == []


@pytest.mark.parametrize("edge", [(0, 0), (0, 46), (46, 0), (46, 46)])
def test_squares_fit_into_corners(edge):
    truth = np.zeros((50, 50), int)
    truth[edge[0] : edge[0] + 4, edge[1] : edge[1] + 4] = 1
    assert (*edge, 4, 1) in draw_squares(truth, 1, 0)
