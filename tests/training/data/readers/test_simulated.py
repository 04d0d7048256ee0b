"""Simulated scenes as samples."""

import numpy as np
import pytest

from ofa_engine.core.sensors import SENSORS, get_sensor
from training.data.readers import simulated


@pytest.mark.parametrize("sensor", list(SENSORS))
def test_simulated(sensor):
    reader, listing = simulated.list_samples(sensor, 3, 0, 16)
    first, second = (reader.read(name) for name in listing.names[:2])
    assert first.shape == (len(get_sensor(sensor).bands), 16, 16) and not np.array_equal(first, second)
    assert np.array_equal(first, reader.read(listing.names[0])), "the same scene again"
    assert not np.array_equal(first, simulated.list_samples(sensor, 3, 1, 16)[0].read(listing.names[0])), "another seed"
