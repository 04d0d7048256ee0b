import numpy as np
import pytest

from training.pretraining.schedule import TrainingSchedule, learning_rate

COUNTS = {"naip": 100, "enmap": 37, "sentinel-1": 5}


def schedule(**more):
    return TrainingSchedule(COUNTS, **(dict(batch=10, epochs=4, seed=3) | more))


def test_an_epoch_sees_every_sample_about_once_in_interleaved_batches_of_one_sensor():
    steps = schedule().epoch(1)
    assert [s.number for s in steps] == list(range(schedule().steps_per_epoch, 2 * schedule().steps_per_epoch))
    assert all(len(s.samples) == 10 for s in steps)
    naip = np.concatenate([s.samples for s in steps if s.sensor == "naip"])
    assert sorted(naip) == list(range(100))
    order = [s.sensor for s in steps]
    assert order != sorted(order) and order != [s.sensor for s in schedule().epoch(2)]


def test_walking_from_anywhere_gives_the_same_steps():
    whole = list(schedule().steps_between(0, schedule().steps))
    part = list(schedule().steps_between(7, 25))
    assert [s.number for s in whole] == list(range(schedule().steps))
    for a, b in zip(whole[7:25], part, strict=True):
        assert (a.number, a.epoch, a.sensor) == (b.number, b.epoch, b.sensor)
        np.testing.assert_array_equal(a.samples, b.samples)


def test_ranks_share_a_batch_without_overlap():
    for step in schedule().epoch(0):
        shares = [step.share(rank, 2) for rank in range(2)]
        assert sorted(np.concatenate(shares)) == sorted(step.samples)


def test_weights_and_sample_counts():
    assert schedule(weights={"enmap": 2.0}).batches == {"naip": 10, "enmap": 7, "sentinel-1": 1}
    assert schedule(samples=50).batches == {"naip": 5, "enmap": 4, "sentinel-1": 1}
    seen = {
        s
        for step in schedule(samples=50).epoch(0) + schedule(samples=50).epoch(1)
        if step.sensor == "naip"
        for s in step.samples
    }
    assert len(seen) > 50, "another draw each epoch"


def test_learning_rate():
    rates = [learning_rate(i, 100, 20, 1.0, 0.1) for i in range(100)]
    assert rates[0] == pytest.approx(0.05) and rates[19] == pytest.approx(1.0) and max(rates) == pytest.approx(1.0)
    assert rates[60] == pytest.approx(0.55) and rates[-1] == pytest.approx(0.1, abs=0.01)
    assert all(a >= b for a, b in zip(rates[20:], rates[21:], strict=False))
