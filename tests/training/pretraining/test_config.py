"""Precedence and checks of the configuration."""

from pathlib import Path

import pytest

from ofa_engine.core.errors import InputError
from training.pretrain import main
from training.pretraining import config

ROOT = Path(__file__).parents[3]


def test_configuration(tmp_path, capsys):
    path = tmp_path / "a.yaml"
    path.write_text("data: x\noutput: y\nmodel: tiny\nbatch: 8\nweights: [enmap=2]\n")
    found = config.load(path, {"batch": 16})
    assert (found.batch, found.architecture.width, found.sensor_weights) == (16, 192, {"enmap": 2.0})
    assert config.load(path, {"weights": ["naip=1", "pairs/a=2"]}).pair_sets == ["pairs/a"]
    paper = config.PretrainingConfig()
    assert (paper.objective, paper.architecture.patch_px, paper.ema) == ("mae", 16, 0.0)
    assert (paper.architecture.width, paper.decoder.width, paper.mask_ratio, paper.epochs) == (768, 512, 0.75, 100)
    for changes, says in [
        ({"model": "huge"}, "model"),
        ({"bach": 3}, "bach"),
        ({"batch": "many"}, "int"),
        ({"mask_ratio": 1.0}, "mask_ratio"),
        ({"sensors": ["landsat"]}, "landsat"),
        ({"sensors": ["pairs/optical"]}, "pairs/optical"),
        ({"patch_px": 15}, "patch_px"),
        ({"ema": 1.0}, "ema"),
        ({"contrast_weight": 0.0, "statistics_weight": 0.0}, "not both 0"),
    ]:
        with pytest.raises(InputError, match=says):
            config.load(path, changes)
    assert main(["--data", str(tmp_path), "--output", str(tmp_path / "run")]) == 2
    assert "run training.prepare" in capsys.readouterr().err


@pytest.mark.parametrize("path", sorted((ROOT / "resources" / "configs").glob("*.yaml")), ids=lambda p: p.stem)
def test_configurations_that_come_with_it(path):
    config.load(path, {"data": "x", "output": "y"})
