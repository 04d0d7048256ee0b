"""Runs learn, stop and continue exactly, on one process or several."""

import csv
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from ofa_engine.core.callbacks import Callbacks
from ofa_engine.core.errors import InputError, OfaError
from ofa_engine.interfaces import commands as verbs
from ofa_engine.model.checkpoint import load_checkpoint
from training.pretraining import checkpoints, config
from training.pretraining.objectives import OBJECTIVES, MaskedAutoencoding
from training.pretraining.run import pretrain
from training.simulation.scene_files import write_scene

from ..data.pair_files import random_pair_set

ROOT = Path(__file__).parents[3]
TINY = dict(
    width=32,
    depth=2,
    heads=2,
    input_px=32,
    decoder_width=16,
    decoder_depth=1,
    decoder_heads=2,
    device="cpu",
    workers=0,
    batch=4,
    warmup_epochs=1,
    sheet_epochs=0,
    base_lr=0.01,
    log_steps=1,
)


def settings(data, output, **more):
    return config.load(None, dict(TINY, data=str(data), output=str(output)) | more)


def losses(folder):
    with (Path(folder) / "losses.csv").open() as file:
        return [(int(r["step"]), r["sensor"], r["loss"]) for r in csv.DictReader(file)]


def command(data, output, **more):
    options = [f"--{k.replace('_', '-')}={v}" for k, v in (TINY | dict(data=data, output=output) | more).items()]
    return [sys.executable, "-m", "training.pretrain", *options]


def test_losses_fall_and_the_engine_loads_the_checkpoint(prepared, tmp_path):
    data = prepared(["naip", "sentinel-1", "enmap"])  # 16 px enlarged to 32: smooth, so there is something to learn
    more = dict(epochs=30, sheet_epochs=15, base_lr=0.2, decoder_width=32)
    facts = pretrain(settings(data, tmp_path / "run", **more), lambda text: None)
    rows = losses(tmp_path / "run")
    assert len(rows) == 30 * 9 and facts["nonfinite_steps"] == 0
    for sensor in ("naip", "sentinel-1", "enmap"):
        mine = [float(loss) for _, s, loss in rows if s == sensor]
        assert np.mean(mine[-9:]) < 0.95 * np.mean(mine[:9]), sensor
    newest = checkpoints.found(tmp_path / "run")[-1]
    checkpoint = load_checkpoint(newest)
    assert list(checkpoint.model.embedders) == ["enmap", "naip", "sentinel-1"]
    assert checkpoint.header["training"]["images"] == 30 * 9 * 4 and checkpoint.header["decoder"]["width"] == 32
    assert len(checkpoints.found(tmp_path / "run")) <= 3
    assert list((tmp_path / "run").glob("reconstructions-*.png")) and (tmp_path / "run" / "report.html").exists()
    # and a head fitted on it segments, with nothing but the two files
    scene, labels, head, result = (str(tmp_path / n) for n in ("s.tif", "l.tif", "head.safetensors", "out.tif"))
    write_scene("naip", 96, 7, scene, labels)
    more = {"inputs": [scene], "labels": [labels], "checkpoint": str(newest), "output": head}
    assert verbs.run("fit", more, Callbacks())["validation"]["accuracy"] > 0.5
    shutil.move(newest, tmp_path / newest.name)
    assert (
        sum(
            c["pixels"]
            for c in verbs.run("segment", {"input": scene, "output": result, "head": head}, Callbacks())["classes"]
        )
        == 96**2
    )


def test_a_stopped_run_continues_exactly(prepared, tmp_path):
    data = prepared(["naip", "gaofen"])
    pretrain(settings(data, tmp_path / "whole", epochs=6), lambda text: None)
    more = dict(epochs=6, checkpoint_epochs=1)
    pretrain(settings(data, tmp_path / "parts", max_steps=10, **more), lambda text: None)
    pretrain(settings(data, tmp_path / "parts", max_steps=23, **more), lambda text: None)
    pretrain(settings(data, tmp_path / "parts", **more), lambda text: None)
    assert losses(tmp_path / "parts") == losses(tmp_path / "whole")
    last = [
        load_checkpoint(checkpoints.found(tmp_path / name)[-1]).header["fingerprints"] for name in ("whole", "parts")
    ]
    assert last[0] == last[1]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=["SIGTERM", "SIGKILL"])
def test_signals(number, prepared, tmp_path):
    """SIGTERM saves and exits 0; after SIGKILL at some step the newest checkpoint is taken. Both continue exactly."""
    data = prepared(["naip", "gaofen"], 40)
    more = dict(epochs=15, checkpoint_epochs=1)
    pretrain(settings(data, tmp_path / "whole", **more), lambda text: None)
    run = subprocess.Popen(
        command(data, tmp_path / "run", **more), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    deadline = time.monotonic() + 60
    while not checkpoints.found(tmp_path / "run") and time.monotonic() < deadline:
        time.sleep(0.02)
    run.send_signal(number)
    text = run.communicate()[0]
    if number == signal.SIGTERM:
        assert run.returncode == 0 and "stopped on request" in text, text
    again = subprocess.run(command(data, tmp_path / "run", **more), cwd=ROOT, capture_output=True, text=True)
    assert again.returncode == 0 and "continuing from step-" in again.stdout, again.stdout + again.stderr
    assert losses(tmp_path / "run") == losses(tmp_path / "whole")


def test_a_damaged_newest_checkpoint_is_skipped(prepared, tmp_path):
    data = prepared(["naip"])
    more = dict(epochs=4, checkpoint_epochs=1)
    pretrain(settings(data, tmp_path / "whole", **more), lambda text: None)
    pretrain(settings(data, tmp_path / "run", max_steps=9, **more), lambda text: None)
    newest = checkpoints.found(tmp_path / "run")[-1]
    os.truncate(newest, newest.stat().st_size // 2)
    lines = []
    with pytest.warns(UserWarning, match="damaged and skipped"):
        pretrain(settings(data, tmp_path / "run", **more), lines.append)
    assert any("continuing from step-00000006" in text for text in lines)
    assert losses(tmp_path / "run") == losses(tmp_path / "whole")


def test_a_run_of_an_older_version_is_refused(prepared, tmp_path):
    data = prepared(["naip"])
    pretrain(settings(data, tmp_path, epochs=1), lambda text: None)
    path = checkpoints.found(tmp_path)[-1].with_suffix(".state")
    state = torch.load(path, weights_only=True)
    torch.save({"step": state["step"], **state.pop("training")}, path)
    with pytest.raises(InputError, match="an older one: use --init .*step-00000003.safetensors"):
        pretrain(settings(data, tmp_path, epochs=2), lambda text: None)


def test_two_processes_equal_one(prepared, tmp_path):
    data = prepared(["naip", "gaofen"], 40)
    more = dict(epochs=1, batch=4, precision="fp64", seed=5)
    pretrain(settings(data, tmp_path / "one", **more), lambda text: None)
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", "-m"]
    run = subprocess.run(
        [*torchrun, *command(data, tmp_path / "two", **more)[2:]],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert run.returncode == 0, run.stderr[-2000:]
    one, two = losses(tmp_path / "one"), losses(tmp_path / "two")
    assert len(one) == 20 and [r[:2] for r in one] == [r[:2] for r in two]
    np.testing.assert_allclose([float(r[2]) for r in one], [float(r[2]) for r in two], rtol=1e-6)


def test_accumulation_equals_the_whole_batch(prepared, tmp_path):
    data = prepared(["naip"])
    for parts in (1, 4):
        more = dict(accumulate=parts, epochs=3, precision="fp64")
        pretrain(settings(data, tmp_path / str(parts), **more), lambda text: None)
    whole, parts = (np.array([float(r[2]) for r in losses(tmp_path / n)]) for n in ("1", "4"))
    np.testing.assert_allclose(whole, parts, rtol=1e-9)


class Broken(MaskedAutoencoding):
    """Gives NaN for batches with sample 3."""

    def pixels(self, batch):
        return super().pixels(batch) * (float("nan") if 3 in batch.samples.tolist() else 1.0)


def test_nonfinite_losses_are_skipped_counted_and_stop_the_run(prepared, tmp_path, monkeypatch):
    monkeypatch.setitem(OBJECTIVES, "broken", Broken)
    data, lines = prepared(["naip"]), []
    facts = pretrain(settings(data, tmp_path / "a", epochs=2, objective="broken"), lines.append)
    assert facts["nonfinite_steps"] == 2 and any("naip-3" in text for text in lines)
    for name, tensor in load_checkpoint(checkpoints.found(tmp_path / "a")[-1]).model.state_dict().items():
        assert torch.isfinite(tensor).all(), name
    with pytest.raises(OfaError, match="stopped after 3 steps.*naip"):
        more = dict(epochs=9, stop_nonfinite=3, objective="broken")
        pretrain(settings(data, tmp_path / "b", **more), lambda text: None)


def test_pretraining_needs_no_rasterio(prepared, tmp_path):
    data = prepared(["naip"])
    code = (
        "import sys; sys.modules['rasterio'] = sys.modules['pyogrio'] = sys.modules['shapely'] = None\n"
        "from training.pretrain import main; sys.exit(main(sys.argv[1:]))"
    )
    arguments = command(data, tmp_path / "run", epochs=1)[3:]
    run = subprocess.run([sys.executable, "-c", code, *arguments], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


CONTRAST = TINY | dict(objective="statistics+contrast", patch_px=8, mask_ratio=0.5, ema=0.9, precision="fp32")


def test_a_stopped_run_on_pairs_continues_exactly(prepared, tmp_path):
    """With averaged weights and dropped bands: losses, weights and averages equal those of an undisturbed run."""
    data = prepared(["naip", "sentinel-2"], 8, 32)
    random_pair_set(data / "pairs" / "random", ["naip", "sentinel-2"], 8)
    more = CONTRAST | dict(epochs=3, checkpoint_epochs=1, weights=["pairs/random=1"], band_drop=0.5)
    facts = pretrain(settings(data, tmp_path / "whole", **more), lambda text: None)
    for stop in (3, 11, 0):
        pretrain(settings(data, tmp_path / "parts", max_steps=stop, **more), lambda text: None)
    assert losses(tmp_path / "parts") == losses(tmp_path / "whole") and facts["nonfinite_steps"] == 0
    assert {sensor for _, sensor, _ in losses(tmp_path / "whole")} == {"naip", "sentinel-2", "pairs/random"}
    newest = [checkpoints.found(tmp_path / name)[-1] for name in ("whole", "parts")]
    whole, parts = (load_checkpoint(path).header for path in newest)
    assert whole["fingerprints"] == parts["fingerprints"] and "decoder" not in whole
    assert whole["training"]["recipe"].startswith("statistics") and whole["architecture"]["patch_px"] == 8
    states = [torch.load(path.with_suffix(".state"), weights_only=True)["training"] for path in newest]
    for part in ("module", "average"):
        for name, value in states[0][part].items():
            assert torch.equal(value, states[1][part][name]), name


def test_checkpoints_hold_the_averaged_weights(prepared, tmp_path):
    data = prepared(["naip"], 8, 32)
    pretrain(settings(data, tmp_path, **CONTRAST | dict(epochs=2)), lambda text: None)
    newest = checkpoints.found(tmp_path)[-1]
    state = torch.load(newest.with_suffix(".state"), weights_only=True)["training"]
    name = "embedders.naip.weight"
    stored = load_checkpoint(newest).model.state_dict()[name]
    assert torch.equal(stored, state["average"][name]) and not torch.equal(stored, state["module"][f"model.{name}"])


def test_statistics_and_contrast_are_learned(prepared, tmp_path):
    data = prepared(["naip"], 8, 32)
    pretrain(settings(data, tmp_path, **CONTRAST | dict(epochs=15, base_lr=0.1)), lambda text: None)
    found = [float(loss) for _, _, loss in losses(tmp_path)]
    assert np.mean(found[-8:]) < 0.8 * np.mean(found[:4])
