"""Each rank gets its share of the scheduled samples, in order."""

import numpy as np
import pytest
import torch

from training.data.pair_sets import PairSet
from training.data.shards import find_sets
from training.pretraining.batches import batches, stored_tensor
from training.pretraining.distributed import Ranks
from training.pretraining.schedule import TrainingSchedule

from ..data.pair_files import random_pair_set


@pytest.mark.parametrize(("workers", "resident"), [(0, False), (1, False), (0, True)])
def test_ranks_read_their_shares_in_order(prepared, workers, resident):
    sets = find_sets(prepared(["naip", "sentinel-1"]))
    schedule = TrainingSchedule({key: len(samples) for key, samples in sets.items()}, batch=4, epochs=1, seed=1)
    steps = schedule.epoch(0)
    for rank in range(2):
        found = list(batches(sets, steps, Ranks(rank, 2, torch.device("cpu")), workers, resident))
        assert [batch.step for batch in found] == steps
        for batch in found:
            assert batch.samples.tolist() == batch.step.samples[rank::2].tolist() and len(batch) == 2
            np.testing.assert_array_equal(batch.values, sets[batch.step.sensor].read(batch.samples.tolist()))
            parts = batch.chunks(2)
            assert torch.equal(torch.cat([part.values for part in parts]), batch.values)


def test_uint16_keeps_its_numbers():
    assert stored_tensor(np.array([65535], np.uint16)).tolist() == [65535]


@pytest.mark.parametrize("resident", [False, True])
def test_a_pair_set_gives_both_sensors_samples(tmp_path, resident):
    random_pair_set(tmp_path, ["naip", "sentinel-1"], 6, 8)
    pairs = PairSet(tmp_path, seed=1)
    steps = TrainingSchedule({"pairs/a": 6}, batch=2, epochs=4, seed=1).epoch(1)
    for batch in batches({"pairs/a": pairs}, steps, Ranks(0, 1, torch.device("cpu")), 0, resident):
        keys, numbers = pairs.drawn(batch.step.number), batch.step.samples.tolist()
        for key, values in zip(keys, (batch.values, batch.partner), strict=True):
            np.testing.assert_array_equal(values, pairs.sets[key].read(numbers))
        parts = batch.to(torch.device("cpu")).chunks(2)
        assert torch.equal(torch.cat([part.partner for part in parts]), batch.partner)
