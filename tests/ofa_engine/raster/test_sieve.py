import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.features import sieve as gdal_sieve
from scipy import ndimage

from ofa_engine.raster.sieve import PixelAreas, Sieve


def sieved(values, limit, block_px, counts=None, rounds=None):
    """The layer after all rounds (or so many), with blocks of block_px."""
    if counts is None:
        counts = np.ones(values.shape)

    def area(window):
        column, row, width, height = window
        return np.s_[row : row + height, column : column + width]

    work = Sieve(values.shape[1], values.shape[0], lambda w: counts[area(w)], limit, block_px=block_px)
    now, done = values, 0
    while rounds is None or done < rounds:
        after, done = np.zeros_like(now), done + 1
        again = work.round(lambda w, now=now: now[area(w)], lambda w, v, after=after: after.__setitem__(area(w), v))
        if again is None:
            return now
        now = after
        if not again:
            break
        assert done < 100
    return now


def areas_of(values):
    """(H, W) numbers from 0 of 4-connected areas, -1 for nodata, and how many there are."""
    number, total = np.full(values.shape, -1), 0
    for value in np.unique(values[values != 255]):
        found, count = ndimage.label(values == value)
        number[found > 0] = found[found > 0] - 1 + total
        total += count
    return number, total


def one_round(values, limit, counts):
    """The rule in plain words, on the whole layer; None where no area under the limit has a neighbour."""
    number, total = areas_of(values)
    key = []  # larger wins, then the first pixel
    for i in range(total):
        key.append((counts[number == i].sum(), -np.flatnonzero(number.ravel() == i)[0]))
    near = [set() for _ in range(total)]
    for a, b in ((number[:, 1:], number[:, :-1]), (number[1:], number[:-1])):
        for one, other in zip(a.ravel(), b.ravel(), strict=True):
            if one != other and one >= 0 and other >= 0:
                near[one].add(other)
                near[other].add(one)
    stays = [key[i][0] >= limit or all(key[i] > key[j] for j in near[i]) for i in range(total)]
    result, left = values.copy(), False
    for i in range(total):
        if key[i][0] < limit and near[i]:
            left = True
            best = max(near[i], key=lambda j: key[j])
            if not stays[i] and stays[best]:
                result[number == i] = values[number == best][0]
    return result if left else None


@st.composite
def layers(draw):
    height, width = draw(st.integers(1, 30)), draw(st.integers(1, 30))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    grain = draw(st.integers(1, 4))
    values = rng.choice(np.array([0, 1, 7, 254, 255], np.uint8), (height // grain + 1, width // grain + 1))
    return values.repeat(grain, 0).repeat(grain, 1)[:height, :width].copy(), rng


@given(layers(), st.integers(1, 60), st.integers(1, 12), st.booleans())
@settings(max_examples=80, deadline=None)
def test_any_blocks_equal_the_rule_on_the_whole_layer(made, limit, block_px, uneven):
    values, rng = made
    counts = rng.integers(1, 4, values.shape).astype(float) if uneven else np.ones(values.shape)
    wanted = values
    while (after := one_round(wanted, limit, counts)) is not None:
        wanted = after
    for size in (block_px, max(values.shape)):
        np.testing.assert_array_equal(sieved(values, limit, size, counts), wanted)


@given(layers(), st.integers(1, 60), st.integers(1, 12))
@settings(max_examples=50, deadline=None)
def test_what_is_left_under_the_limit_has_no_neighbour(made, limit, block_px):
    values, _ = made
    result = sieved(values, limit, block_px)
    np.testing.assert_array_equal(result == 255, values == 255)
    number, total = areas_of(result)
    size = np.bincount(number[number >= 0], minlength=total)
    for one, other in ((number[:, 1:], number[:, :-1]), (number[1:], number[:-1])):
        touch = (one != other) & (one >= 0) & (other >= 0)
        assert (size[one[touch]] >= limit).all() and (size[other[touch]] >= limit).all()


def test_as_gdal_does_where_each_small_area_lies_beside_large_ones():
    """GDAL, on the whole layer at once. Of two equal neighbours it takes another one; there are none here."""
    rng = np.random.default_rng(4)
    fields = [ndimage.gaussian_filter(rng.standard_normal((420, 530)), 12) for _ in range(5)]
    values = np.argmax(fields, 0).astype(np.uint8)
    for _ in range(300):  # crumbs of all sizes, over edges of blocks too
        y, x, size = rng.integers(0, 415), rng.integers(0, 525), rng.integers(1, 7)
        values[y : y + size, x : x + size] = rng.integers(0, 5)
    values[100:180, 200:300] = 255
    wanted = gdal_sieve(values, 40, mask=values != 255, connectivity=4)
    wanted[values == 255] = 255
    number, total = areas_of(wanted)
    assert (np.bincount(number[number >= 0]) >= 40).all() and (wanted != values).sum() > 1000
    for block_px in (64, 97, 1024):
        np.testing.assert_array_equal(sieved(values, 40, block_px), wanted)


@pytest.mark.parametrize(
    "crs,transform,hectares",
    [
        ("EPSG:32633", rasterio.Affine(10, 0, 5e5, 0, -10, 5.8e6), 0.01),
        ("EPSG:3857", rasterio.Affine(10, 0, 1e6, 0, -10, 8.4e6), 0.0025),
        ("EPSG:4326", rasterio.Affine(1e-4, 0, 13, 0, -1e-4, 60), 0.01 * 0.622),
    ],
)
def test_pixels_count_by_their_area_on_the_ellipsoid(crs, transform, hectares):
    areas = PixelAreas.of(transform, rasterio.CRS.from_string(crs), 1400, 700)
    counts = areas((1024, 512, 300, 180))
    assert counts.shape == (180, 300) and (counts == counts.round()).all()
    assert counts.mean() / areas.limit(1) == pytest.approx(hectares, rel=0.01)
    assert PixelAreas.of(transform, None, 10, 10) is None
