"""TensorBoard's files and lines of progress."""

import pytest

from training.pretraining.monitoring.monitor import TrainingMonitor


def test_tensorboard_and_lines(run, capsys):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    folder, schedule = run
    monitor = TrainingMonitor(folder, schedule, 20)  # continues from a checkpoint: later steps are purged
    monitor.add([(s, 0.25, 0.5) for s in schedule.steps_between(20, 30)], 1e-4, 4, 10.0)
    monitor.close()
    assert "step 30 of 30, 0 s left, 4 images/s" in capsys.readouterr().err
    events = EventAccumulator(str(folder / "tensorboard"))
    events.Reload()
    assert set(events.Tags()["scalars"]) == {"loss/naip", "loss/enmap", "lr", "images_per_second", "data_wait_share"}
    losses = {e.step: e.value for key in ("naip", "enmap") for e in events.Scalars(f"loss/{key}")}
    assert losses == {n: 0.5 if n < 20 else 0.25 for n in range(30)}
    assert [e.value for e in events.Scalars("data_wait_share")] == pytest.approx([0.01, 0.01, 0.5])
