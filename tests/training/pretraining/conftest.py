import numpy as np
import pytest

from training.pretraining.monitoring.contact_sheet import SheetRow, write_contact_sheet
from training.pretraining.monitoring.monitor import TrainingMonitor
from training.pretraining.monitoring.report import write_report
from training.pretraining.schedule import TrainingSchedule


@pytest.fixture
def run(tmp_path):
    """A run of two sensors with its log, finished; its folder and schedule."""
    folder = tmp_path / "a & <i>run"
    folder.mkdir()
    schedule = TrainingSchedule({"naip": 16, "enmap": 8}, batch=4, epochs=5, seed=0)
    monitor = TrainingMonitor(folder, schedule, 0)
    steps = list(schedule.steps_between(0, schedule.steps))
    lines = [f"{s.number},{s.epoch},{s.sensor},{'nan' if s.number == 3 else 1 / (1 + s.number)},0.001\n" for s in steps]
    (folder / "losses.csv").write_text("step,epoch,sensor,loss,lr\n" + "".join(lines))
    for number in (0, 10, 20):
        monitor.add([(s, 0.5, 0.01) for s in steps[number : number + 10]], 1e-3, 4, number + 10.0)
    pixels = np.random.default_rng(3).normal(size=(2, 3, 32, 32)).astype(np.float32)
    row = SheetRow(pixels, np.zeros((2, 1, 32, 32), bool), pixels, [0, 1, 2])
    for step in (10, 30):
        write_contact_sheet(folder / f"reconstructions-{step:08d}.png", {"naip": row})
    (folder / "step-00000030.safetensors").write_bytes(bytes(2_000_000))
    facts = {
        "images": 120,
        "nonfinite_steps": 1,
        "samples": {"naip": 16, "enmap": 8},
        "sources": {"naip": "<script>alert(1)</script>"},
    }
    monitor.close()
    write_report(folder, facts | monitor.facts(70.0), {"batch": 4, "init": "<b>&", "device": "cpu"})
    return folder, schedule
