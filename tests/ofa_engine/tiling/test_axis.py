import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ofa_engine.tiling.axis import Axis, pad_to_tile

axes = st.builds(Axis, st.integers(1, 1500), st.integers(1, 300), st.floats(0, 0.75, allow_nan=False), st.booleans())


@given(axes)
@settings(max_examples=300, deadline=None)
def test_weights_sum_to_one_at_every_pixel(axis):
    total = np.zeros(axis.starts[-1] + axis.tile_px)
    for start, weight in zip(axis.starts, axis.weights, strict=True):
        assert (weight >= 0).all()
        total[start : start + axis.tile_px] += weight
    np.testing.assert_allclose(total[: axis.size_px], 1, atol=1e-6)
    assert (total[axis.size_px :] == 0).all()


@given(axes)
@settings(max_examples=200, deadline=None)
def test_tiles_cover_and_finish_in_order(axis):
    covered = np.zeros(axis.starts[-1] + axis.tile_px, bool)
    for start in axis.starts:
        covered[start : start + axis.tile_px] = True
    assert covered[: axis.size_px].all()
    assert list(axis.starts) == sorted(set(axis.starts))
    if axis.size_px >= axis.tile_px and not axis.clipped:
        assert axis.starts[-1] + axis.tile_px == axis.size_px
    ends = [axis.final_until(i) for i in range(len(axis.starts))]
    assert ends[-1] == axis.size_px and ends == sorted(ends)
    for i in range(len(axis.starts)):
        for later, weight in zip(axis.starts[i + 1 :], axis.weights[i + 1 :], strict=True):
            assert later >= ends[i] or not weight[: ends[i] - later].any()


@given(axes, st.integers(0, 1499), st.integers(1, 400))
@settings(max_examples=200, deadline=None)
def test_covering(axis, first, length):
    first = min(first, axis.size_px - 1)
    stop = min(first + length, axis.size_px)
    touched = axis.covering(first, stop)
    for i, start in enumerate(axis.starts):
        assert (i in touched) == (start < stop and start + axis.tile_px > first)


def test_blending_is_smooth():
    axis = Axis(1000, 100, 0.5)
    assert max(abs(np.diff(w)).max() for w in axis.weights[1:-1]) < 0.04


@pytest.mark.parametrize("bad", [(0, 10, 0.0), (10, 0, 0.0), (10, 10, 0.8), (10, 10, -0.1)])
def test_bad_axes(bad):
    with pytest.raises(ValueError, match="expected"):
        Axis(*bad)


def test_padding_reflects():
    pixels = np.arange(6).reshape(1, 2, 3)
    padded = pad_to_tile(pixels, 4)
    assert padded.shape == (1, 4, 4)
    np.testing.assert_array_equal(padded[0], np.pad(pixels[0], [(0, 2), (0, 1)], mode="reflect"))
    assert pad_to_tile(padded, 4) is padded
    assert (pad_to_tile(np.full((2, 1, 1), 7.0), 5) == 7).all()
