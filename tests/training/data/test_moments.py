"""Moments of parts merge to those of the whole."""

import numpy as np

from training.data.moments import Moments

RNG = np.random.default_rng(5)


def test_moments_merge_as_one_with_missing_values():
    pixels = RNG.normal(1e4, 1, (3, 40, 50))
    pixels[0, RNG.random((40, 50)) < 0.3] = np.nan
    pixels[1] = np.nan
    parts = [Moments.of(pixels[:, :, i : i + 7]) for i in range(0, 50, 7)]
    total = parts[0]
    for part in parts[1:]:
        total = total.merge(part)
    assert total.valid.tolist() == np.isfinite(pixels).sum((1, 2)).tolist()
    for band in (0, 2):
        assert np.isclose(total.mean[band], np.nanmean(pixels[band]), rtol=1e-13)
        assert np.isclose(total.std()[band], np.nanstd(pixels[band]), rtol=1e-9)
    assert total.mean[1] == 0 and total.std()[1] == 0
