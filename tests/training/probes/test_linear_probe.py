"""A probe solves what can be solved, and no more; the command and its errors."""

import json

import numpy as np
import pytest

from training.linear_probe import main, mean_result, probe
from training.probes.backbones import random_backbone
from training.probes.heads import FAST, Recipe
from training.probes.scores import METRIC

from ..make_task import ARCH, Memory, make_task


@pytest.mark.parametrize("kind", ["classify", "multilabel", "segment"])
@pytest.mark.parametrize("recipe", [FAST, Recipe("paper", "adamw", 0.05, 20, 16, augment=True)], ids=["fast", "paper"])
def test_a_separable_task_is_solved(backbone, kind, recipe, tmp_path):
    task = make_task(kind, 3 if kind != "segment" else 2)
    result = probe(task, backbone, recipe=recipe, cache=tmp_path)
    least = 0.85 if kind == "segment" else 0.97
    assert result.value > least and result.low <= result.value <= result.high
    assert result.metric == METRIC[kind] and set(result.per_class) == set(task.classes)
    assert result.facts["samples"] == {"train": 40, "valid": 40, "test": 40}
    json.dumps(result.facts)
    again = probe(task, backbone, recipe=recipe, cache=tmp_path)
    assert again.value == result.value and again.per_class == result.per_class, "the same seed, the same answer"


def test_labels_without_meaning_give_chance(backbone):
    rng = np.random.default_rng(8)
    splits = {
        name: Memory([(p, int(rng.integers(3))) for p, _ in split.samples])
        for name, split in make_task(count=100).splits.items()
    }
    assert probe(make_task(splits=splits), backbone).value == pytest.approx(1 / 3, abs=0.2)


def test_mean_over_seeds(backbone):
    results = [probe(make_task(seed=s, count=12), random_backbone(ARCH, s), s) for s in (0, 1)]
    mean = mean_result(results)
    assert mean.value == pytest.approx(np.mean([r.value for r in results])) and mean.facts["seeds"] == [0, 1]
    assert mean.low <= mean.value <= mean.high


# --- the command ---


SMALL = ["--model", "tiny", "--width", "24", "--depth", "1", "--heads", "2", "--input-px", "16", "--device", "cpu"]


def run(capsys, *arguments, code=0):
    assert main([*map(str, arguments), *SMALL]) == code
    out = capsys.readouterr()
    return out.out if code == 0 else out.err


def test_the_command(pictures, tmp_path, capsys):
    few = ["--per-class-train", 6, "--per-class-valid", 3, "--random-init", "--cache", tmp_path / "cache"]
    told = json.loads(run(capsys, pictures, *few, "--seeds", 2, "--json"))
    assert told["value"] > 0.95 and told["facts"]["seeds"] == [0, 1] and len(told["facts"]["values"]) == 2
    text = run(capsys, pictures, *few, "--normalise", "checkpoint")
    assert "accuracy" in text and "town" in text and "recall of each class" in text


def test_the_users_errors_are_one_line(pictures, tmp_path, capsys):
    for more in (
        ["--timm", "no_such_model"],
        ["--checkpoint", tmp_path / "none.safetensors"],
        ["--random-init", "--held-out", tmp_path / "none.txt"],
        ["--random-init", "--batch", 0],
        ["--random-init", "--bands", "1,2"],
        ["--random-init", "--bands", "1,x,2"],
    ):
        error = run(capsys, pictures, *more, code=2)
        assert error.startswith("training.linear_probe: ") and error.count("\n") == 1, error
