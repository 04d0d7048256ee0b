"""Curves and ticks."""

import pytest

from training.pretraining.monitoring.curves import smooth, ticks


def test_curves_are_averages_of_what_is_finite():
    points = [(i, float(i % 2)) for i in range(1000)]
    points[7] = (7, float("nan"))
    curve = smooth(points)
    assert len(curve) <= 402 and all(abs(y - 0.5) < 0.06 for _, y in curve)
    assert ticks(0.31, 0.99, 4) == pytest.approx([0.4, 0.6, 0.8])
    assert ticks(5, 5, 4) == [5]
