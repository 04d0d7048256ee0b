"""From a pretraining run to the starter's files."""

import numpy as np
import pytest
import torch
from PIL import Image

from ofa_engine.core import catalog
from ofa_engine.core.sensors import get_sensor
from ofa_engine.model.checkpoint import load_checkpoint, save_checkpoint
from ofa_engine.model.ofanet import Architecture, OFANet
from training import starter
from training.finetuning.run import NAME


@pytest.fixture
def run(tmp_path):
    """A folder as training.finetune leaves it."""
    torch.manual_seed(0)
    model = OFANet(Architecture(32, 1, 2, input_px=32), ("naip", "sentinel-2", "enmap"))
    statistics = {s: (list(get_sensor(s).mean), list(get_sensor(s).std)) for s in ("sentinel-2", "enmap")}
    statistics["naip"] = ([100.0] * 3, [40.0] * 3)
    save_checkpoint(tmp_path / NAME, model, "run", {"recipe": "finetuned"}, statistics=statistics, tile_px={"naip": 64})
    return tmp_path


def test_the_stored_checkpoint_is_the_runs_with_enmap_by_wavelength(run, tmp_path):
    (tmp_path / "out").mkdir()
    stored = starter.store(run, tmp_path / "out")
    before, after = load_checkpoint(run / NAME), load_checkpoint(stored)
    changed = {k for k, v in after.header["fingerprints"].items() if before.header["fingerprints"][k] != v}
    assert changed == {"enmap"} and after.header["training"]["recipe"] == "finetuned"
    assert after.statistics("naip") == ([100.0] * 3, [40.0] * 3) and after.tile_px("naip") == 64
    assert stored.stat().st_size < (run / NAME).stat().st_size * 0.6


def test_heads_are_fitted_and_scored_on_what_they_have_not_seen(run, tmp_path):
    """Chips of two classes become tiles of one raster a class; those held out are not learned from."""
    rng = np.random.default_rng(0)
    files = []
    for number in range(8):
        path = tmp_path / f"{number}.png"
        Image.fromarray(rng.integers(0, 100, (64, 64, 3)).astype(np.uint8) + np.uint8(100 * (number % 2))).save(path)
        files.append(path)
    maker = starter.HeadMaker(run / NAME, tmp_path, tmp_path, tmp_path)
    classes = [(1, "dark", "#000000"), (2, "bright", "#ffffff")]
    train = [maker._mosaic(f"t{v}", files[v - 1 : 6 : 2], v, classes) for v, _, _ in classes]
    held = [maker._mosaic(f"h{v}", files[5 + v :: 2], v, classes) for v, _, _ in classes]
    maker.head(
        "naip_tiles_x",
        "x",
        train,
        sensor="naip",
        bands="1,2,3",
        units="8-bit",
        task="classify",
        tile_px=64,
        ignore=["0"],
    )
    maker.held_out("naip_tiles_x", "classify", "naip", held)
    score = {"places": 2, "accuracy": 1.0, "miou": 1.0}
    maker.describe("naip_tiles_x", (6.7, 15), fitted_on="chips", held_out=score)
    header = catalog.read_header(tmp_path / "naip_tiles_x.safetensors")
    assert header["gsd_m"] == [6.7, 15] and header["training"]["held_out"] == score
    assert header["training"]["fitted_on"] == "chips" and "validation" in header["training"]
    assert [c["name"] for c in header["classes"]] == ["dark", "bright"]
    assert maker.facts["naip_tiles_x"]["labelled"] == {"dark": 3, "bright": 3}
    assert maker.facts["naip_tiles_x"]["held_out"] == {"accuracy": 1, "miou": 1, "kappa": 1, "samples": 2}
