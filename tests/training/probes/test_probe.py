"""A probe solves what can be solved, and no more."""

import json

import numpy as np
import pytest

from training.probes.heads import FAST, HeadRecipe
from training.probes.probe import probe
from training.probes.scores import METRIC

from ..make_task import Memory, make_task


@pytest.mark.parametrize("kind", ["classify", "multilabel", "segment"])
@pytest.mark.parametrize(
    "recipe", [FAST, HeadRecipe("paper", "adamw", 0.05, 20, 16, augment=True)], ids=["fast", "paper"]
)
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
