import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ofa_engine.accuracy.stratified import Z_95, allocate, sample_size, stratified_estimates

# Olofsson et al. (2014), Remote Sensing of Environment 148, 42-57, section 5: rows are the map (deforestation, forest
# gain, stable forest, stable non-forest), columns the reference; mapped pixels of 30 m
COUNTS = np.array([[66, 0, 5, 4], [0, 55, 8, 12], [1, 0, 153, 11], [2, 1, 9, 313]]).T
PIXELS = np.array([200_000, 150_000, 3_200_000, 6_450_000])
HA = PIXELS * 0.09


def test_stratified_reproduces_the_published_example():
    found = stratified_estimates(COUNTS, HA)
    assert found.overall == pytest.approx(0.947, abs=5e-4) and Z_95 * found.overall_se == pytest.approx(0.018, abs=1e-3)
    np.testing.assert_allclose(found.users, [0.88, 0.73, 0.93, 0.96], atol=6e-3)
    np.testing.assert_allclose(Z_95 * found.users_se, [0.07, 0.10, 0.04, 0.02], atol=6e-3)
    np.testing.assert_allclose(found.producers, [0.75, 0.85, 0.93, 0.96], atol=6e-3)
    np.testing.assert_allclose(Z_95 * found.producers_se, [0.21, 0.25, 0.03, 0.02], atol=6e-3)
    area, margin = found.share * HA.sum(), Z_95 * found.share_se * HA.sum()
    assert area[0] == pytest.approx(21_158, abs=1) and margin[0] == pytest.approx(6_158, abs=1)
    np.testing.assert_allclose(area[1:], [11_686, 285_770, 581_386], rtol=2e-4)
    np.testing.assert_allclose(margin[1:], [3_756, 15_510, 16_282], rtol=2e-3)
    assert found.cells.sum() == pytest.approx(1) and found.share.sum() == pytest.approx(1)


def test_published_sample_size_and_allocation():
    users = np.array([0.7, 0.6, 0.9, 0.95])
    assert sample_size(PIXELS, users, 0.01) == pytest.approx(641, abs=1)  # their section 5.1.1
    points = allocate(641, PIXELS, 75)  # theirs, too, gives 75 to each of the rare classes and 491 to the others
    np.testing.assert_array_equal(points[:2], 75)
    assert points[2:].sum() == pytest.approx(491, abs=2)
    assert points[3] / points[2] == pytest.approx(6450 / 3200, rel=0.02)


def test_a_class_without_a_stratum_has_an_area_and_one_point_no_error():
    found = stratified_estimates(np.array([[8, 1, 0], [1, 0, 0], [1, 0, 0]]), np.array([60.0, 40, 0]))
    assert found.share[2] == pytest.approx(0.06) and np.isnan(found.users[2]) and found.producers[2] == 0
    assert np.isnan(found.users_se[1]) and np.isnan(found.overall_se) and np.isfinite(found.users_se[0])
    with pytest.raises(ValueError, match="expected points"):
        stratified_estimates(np.zeros((2, 2)), np.ones(2))


def test_a_stratum_without_points_is_left_out():
    whole, part = stratified_estimates(COUNTS, HA), stratified_estimates(np.where(np.arange(4) == 3, 0, COUNTS), HA)
    assert np.isnan(part.users[3]) and part.users[0] == whole.users[0] and part.cells.sum() == pytest.approx(1)


@settings(deadline=None)
@given(st.lists(st.integers(1, 10**7), min_size=1, max_size=20), st.integers(2, 200), st.integers(1, 3000))
def test_allocation_keeps_its_bounds(pixels, least, total):
    pixels = np.array(pixels)
    points = allocate(total, pixels, least)
    assert (points >= np.minimum(least, pixels)).all() and (points <= pixels).all()
    needed = np.minimum(least, pixels).sum()
    assert points.sum() <= max(total, needed) + len(pixels)
    assert points.sum() >= min(total, pixels.sum())
