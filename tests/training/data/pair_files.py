"""Pair sets of random values."""

import numpy as np

from ofa_engine.core.sensors import get_sensor
from training.data.pair_samples import write_pair_set


def random_pair_set(folder, sensors, count, size_px=32):
    """Writes a pair set in each sensor's own unit and value range."""
    rng = np.random.default_rng(5)

    def pixels(key):
        sensor = get_sensor(key)
        mean, std = (np.array(v)[:, None, None] for v in (sensor.mean, sensor.std))
        return (mean + std * rng.normal(size=(len(mean), size_px, size_px))).astype(np.float32)

    samples = [(f"place {i}", {key: pixels(key) for key in sensors}) for i in range(count)]
    assert write_pair_set(folder, samples, "random") == count
    return samples
