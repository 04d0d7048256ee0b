"""The mean over seeds."""

import numpy as np
import pytest

from training.probes.backbones import random_backbone
from training.probes.probe import probe
from training.probes.result import mean_result

from ..make_task import ARCH, make_task


def test_mean_over_seeds(backbone):
    results = [probe(make_task(seed=s, count=12), random_backbone(ARCH, s), s) for s in (0, 1)]
    mean = mean_result(results)
    assert mean.value == pytest.approx(np.mean([r.value for r in results])) and mean.facts["seeds"] == [0, 1]
    assert mean.low <= mean.value <= mean.high
