"""The linear probe: a linear head is fitted on frozen features, and scored on images that it was not trained on."""

import time
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ofa_engine.core.sensors import get_sensor
from training.probes.backbones import FrozenBackbone
from training.probes.features import Flips, extract_features
from training.probes.heads import FAST, HeadRecipe, fit_logistic, fit_steps, head_scores
from training.probes.result import ProbeResult
from training.probes.scores import METRIC, evaluate
from training.probes.task import FeatureSet, ProbeTask

_Scored = Iterable[tuple[NDArray, NDArray]]  # probabilities (B, K) or (B, K, H, W) with labels


def probe(
    task: ProbeTask,
    backbone: FrozenBackbone,
    seed: int = 0,
    *,
    recipe: HeadRecipe = FAST,
    cache: Path | None = None,
    normalise: str = "task",
    pooling: str = "mean",
    device: torch.device | str = "cpu",
    batch: int = 32,
    workers: int = 0,
) -> ProbeResult:
    """The test score of a linear head on frozen features.

    Args:
        task: images with labels.
        backbone: frozen model.
        seed: of heads trained by steps, and of the bootstrap.
        recipe: how the head is fitted.
        cache: folder that keeps features; None: they are not kept.
        normalise: "task" or "checkpoint", as for `features.statistics_of`.
        pooling: of the tokens of an image, one of `features.POOLINGS`.
        device: where heads are trained by steps.
        batch: images at a time through the backbone.
        workers: processes that read images; 0: none.

    Raises:
        InputError: the task, backbone or recipe do not fit each other, or an image cannot be read.
        OfaError: a feature is not finite.
    """
    started, kind, classes = time.monotonic(), task.kind, len(task.classes)
    recipe, device = recipe.resolved(kind), torch.device(device)

    def split(name: str, flips: Flips = (False, False)) -> FeatureSet:
        return extract_features(
            backbone,
            task,
            name,
            cache,
            normalise=normalise,
            flips=flips,
            pooling=pooling,
            batch=batch,
            workers=workers,
        )

    train, valid, test = split("train"), split("valid"), split("test")
    if recipe.logistic(kind):
        scored, head = _logistic(train, valid, test, recipe, classes)
    else:
        flips: list[Flips] = [(True, False), (False, True), (True, True)] if recipe.augment else []
        views = [train, *(split("train", flip) for flip in flips)]
        fitted, epoch = fit_steps(views, valid, kind, classes, recipe, seed, device)
        scored = head_scores(fitted, test, kind, recipe.batch, device)
        head = {"head": f"batch norm + linear ({recipe.optimizer})", "epoch": epoch}
    scores, per_class = evaluate(kind, classes, scored, seed)
    facts = _facts(task, backbone) | {
        "samples": {name: len(part[0]) for name, part in (("train", train), ("valid", valid), ("test", test))},
        "normalise": normalise,
        "pooling": pooling,
        "seed": seed,
        **head,
        "recipe": asdict(recipe),
        "scores": {name: list(score) for name, score in scores.items()},
        "seconds": time.monotonic() - started,
    }
    metric = METRIC[kind]
    return ProbeResult(metric, *scores[metric], dict(zip(task.classes, per_class, strict=True)), facts)


def _facts(task: ProbeTask, backbone: FrozenBackbone) -> dict[str, Any]:
    return {
        "task": task.name,
        "kind": task.kind,
        "sensor": task.sensor,
        "source_bands": list(task.source_bands),
        "bands": [get_sensor(task.sensor).band_names[band] for band in task.bands],
        "notes": list(task.notes),
        "backbone": backbone.name,
        "fingerprint": backbone.fingerprint(task.sensor),
        "input_px": backbone.input_px,
    }


def _logistic(
    train: FeatureSet, valid: FeatureSet, test: FeatureSet, recipe: HeadRecipe, classes: int
) -> tuple[_Scored, dict[str, Any]]:
    """Scores of the test split by logistic regression, and facts of the head."""
    model = fit_logistic(train, valid, with_valid=recipe.with_valid)
    scores = np.zeros((len(test[0]), classes))
    scores[:, : len(model.bias)] = model.scores(test[0])
    facts = {"head": "logistic regression (L-BFGS)", "C": model.strength, "converged": model.converged}
    return [(scores, test[1])], facts
