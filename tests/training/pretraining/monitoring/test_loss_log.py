"""losses.csv is exact and continues where a run is resumed."""

from training.pretraining.monitoring.loss_log import LossLog


def test_losses_are_exact_and_repeated_steps_replaced(tmp_path):
    log = LossLog(tmp_path, 0)
    log.add([(0, 0, "naip", 0.1 + 0.2, 1e-3), (1, 0, "enmap", float("nan"), 1e-3), (2, 1, "naip", 0.5, 5e-4)])
    with log.path.open("a") as file:
        file.write("3,1,na")  # interrupted while it was written
    LossLog(tmp_path, 2).add([(2, 1, "naip", 0.25, 5e-4)])
    assert log.path.read_text().splitlines() == [
        "step,epoch,sensor,loss,lr",
        "0,0,naip,0.30000000000000004,0.001",
        "1,0,enmap,nan,0.001",
        "2,1,naip,0.25,0.0005",
    ]


def test_a_fresh_run_starts_an_empty_log(tmp_path):
    LossLog(tmp_path, 0).add([(0, 0, "naip", 1.0, 1.0)])
    assert LossLog(tmp_path, 0).path.read_text() == "step,epoch,sensor,loss,lr\n"
