"""Sentinel-2's default heads, fitted anew to the frozen backbone."""

import shutil

import numpy as np
import torch

from ofa_engine.core import catalog
from ofa_engine.core.classes import MEDIUM_RESOLUTION
from ofa_engine.model.checkpoint import load_checkpoint, save_checkpoint
from ofa_engine.model.ofanet import Architecture, OFANet
from training.finetuning.chip_heads import refitted_heads
from training.finetuning.default_head_files import write_default_heads
from training.finetuning.dense_sets import UNLABELLED, DenseTask
from training.finetuning.run import FinetuningConfig, FinetuningRun

S2 = "sentinel-2 land cover"


def chips(count: int, seed: int) -> DenseTask:
    """Dark water and bright crops in halves, with unlabelled pixels."""
    task, rng = DenseTask(S2, "sentinel-2", MEDIUM_RESOLUTION, ((32, 1),)), np.random.default_rng(seed)
    for number in range(count):
        field = np.arange(64)[None] >= rng.integers(16, 48) + np.zeros((64, 1))
        labels = np.where(field, MEDIUM_RESOLUTION.index("crops"), MEDIUM_RESOLUTION.index("water")).astype(np.uint8)
        labels[:4] = UNLABELLED
        noise = rng.normal(0, 0.01, (9, 64, 64))
        task.add(np.where(field, 0.3, 0.05)[None] + noise, labels, f"place {number}")
    return task


def test_they_replace_those_of_the_run_and_are_scored_on_held_out_places(tmp_path):
    torch.manual_seed(0)
    model = OFANet(Architecture(32, 2, 2, patch_px=8, input_px=32), ("sentinel-2",))
    save_checkpoint(tmp_path / "start.safetensors", model, "start", {"recipe": "none"})
    task, run = chips(8, 0), tmp_path / "run"
    config = FinetuningConfig(steps=2, batch=2, warmup=1)
    finetuned = FinetuningRun(tmp_path / "start.safetensors", [task], {S2: 1.0}, run, config, print).train()
    (tmp_path / "scratch").mkdir()
    made = refitted_heads(finetuned, task, tmp_path / "scratch")
    assert "sentinel-2_landcover" in made
    (tmp_path / "heads").mkdir()
    shutil.copy(finetuned, tmp_path / "heads")
    checkpoint = load_checkpoint(finetuned)
    one = {"sentinel-2_landcover": made["sentinel-2_landcover"]}
    write_default_heads(run, checkpoint, [task], [chips(3, 1)], tmp_path / "heads", 1, print, one)
    header = catalog.read_header(tmp_path / "heads" / "sentinel-2_landcover.safetensors")
    assert [entry["name"] for entry in header["classes"]] == ["water", "crops"]
    assert header["training"]["held_out"]["accuracy"] > 0.95, "after two steps, the run's own head would not be so good"
    assert header["training"]["recipe"].startswith("fitted to the frozen backbone")
