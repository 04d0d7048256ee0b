"""Samples are brought to one size and data type."""

import numpy as np
import pytest

from training.data.readers.reader import UnusableSample
from training.data.sample_loader import as_stored, fit_size


def test_sizes():
    ramp = np.broadcast_to(np.arange(40, dtype=np.float32), (2, 30, 40))
    assert fit_size(ramp, (30, 40), False) is ramp
    assert np.array_equal(fit_size(ramp, (20, 20), True), ramp[:, :20, 10:30])
    assert (
        fit_size(ramp, (64, 64), True).shape == (2, 64, 64) and abs(fit_size(ramp, (64, 64), True).mean() - 19.5) < 0.3
    )
    assert fit_size(ramp, (32, 40), False).shape == (2, 32, 40)
    with pytest.raises(UnusableSample, match="--size-px"):
        fit_size(ramp, (64, 64), False)


def test_storing_in_integers():
    values = np.array([[[1.4, 2.6, np.nan, 300, -5]]], np.float32)
    assert as_stored(values, "uint8", None).tolist() == [[[1, 3, 0, 255, 0]]]
    assert as_stored(values, "int16", -32768).tolist() == [[[1, 3, -32768, 300, -5]]]
