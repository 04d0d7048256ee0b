"""Both stages in a few steps on the CPU; on a GPU where there is one."""

import shutil

import numpy as np
import pytest
import torch

from ofa_engine.core.classes import MEDIUM_RESOLUTION
from ofa_engine.model.checkpoint import load_checkpoint
from training import starter_gpu
from training.finetuning.dense_sets import DenseTask
from training.finetuning.run import FinetuningConfig
from training.pretraining.config import load

from .data.pair_files import random_pair_set

DEVICES = [
    "cpu",
    pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")),
]
SMALL = dict(width=32, depth=2, heads=2, input_px=16, patch_px=8, batch=4, samples=8)


def labelled() -> list[DenseTask]:
    task = DenseTask("sentinel-2 land cover", "sentinel-2", MEDIUM_RESOLUTION, ((16, 1), (8, 2)), optional=((3, 4),))
    rng = np.random.default_rng(0)
    for number in range(3):
        labels = np.kron(rng.integers(0, 5, (4, 4)), np.ones((8, 8)))
        task.add(np.repeat(labels[None] / 10, 9, 0), labels, str(number))
    return [task]


@pytest.mark.parametrize("device", DEVICES)
def test_both_stages_end_at_the_end_of_their_schedules(prepared, tmp_path, device):
    data = shutil.copytree(prepared(["sentinel-2", "naip"]), tmp_path / "samples")
    random_pair_set(data / "pairs" / "a", ["sentinel-2", "naip"], 8, 16)
    weights = ["sentinel-2=1", "pairs/a=1"]
    changes = SMALL | {"data": str(data), "output": str(tmp_path / "first"), "device": device, "weights": weights}
    config = load(starter_gpu.CONFIG, changes)
    assert config.resident
    lines = []
    first = starter_gpu.pretrain_within(config, 3.0, 3, lines.append)
    small = FinetuningConfig(batch=2, log_steps=1000)
    second = starter_gpu.finetune_within(
        first, labelled(), tmp_path / "second", torch.device(device), 3.0, 4, lines.append, small
    )
    said = [line for line in lines if line.startswith(("pretraining: ", "finetuning: "))]
    epochs, steps = int(said[0].split()[5]), int(said[1].split()[5])
    done = load_checkpoint(second)
    assert done.header["training"]["config"]["steps"] == steps == done.header["training"]["step"]
    assert done.header["training"]["start"]["config"]["epochs"] == epochs
    assert done.header["fingerprints"] != load_checkpoint(first).header["fingerprints"]


def test_as_many_steps_as_fit():
    assert starter_gpu.fitting(100.0, 10.0, 0.5) == 160  # ten seconds are spared, ten go by before the first
    assert starter_gpu.fitting(-3.0, 10.0, 0.5) == 1


def test_an_existing_run_and_a_missing_gpu_are_refused(tmp_path, capsys):
    assert starter_gpu.main([str(tmp_path), str(tmp_path), "-o", str(tmp_path)]) == 2
    assert "expected a new folder" in capsys.readouterr().err
    if not torch.cuda.is_available():
        assert starter_gpu.main([str(tmp_path), str(tmp_path), "-o", str(tmp_path / "run")]) == 2
        assert "CUDA" in capsys.readouterr().err
