"""Scores of linear probes, as torchmetrics computes them, with intervals bootstrapped over the samples of a split."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from training.console import progress

METRIC = {"classify": "accuracy", "multilabel": "micro F1", "segment": "mIoU"}
RESAMPLES = 1000
_AP_RESAMPLES = 200  # fewer, since average precision sorts all scores each time


def sample_counts(kind: str, scores: NDArray, y: NDArray) -> NDArray[np.float64]:
    """True positives, false positives and false negatives per sample and class. Every score here is a function of
    their sums, which makes bootstrapping cheap.

    Args:
        kind: classify, multilabel or segment.
        scores: (N, K) or (N, K, H, W) probabilities.
        y: labels, as in `task.Split`.

    Returns:
        (N, K, 3).
    """
    n, classes = scores.shape[:2]
    y = np.asarray(y)
    if kind == "multilabel":
        predicted, true = scores >= 0.5, y > 0.5
        return np.stack([predicted & true, predicted & ~true, ~predicted & true], 2).astype(np.float64)
    predicted, true = scores.argmax(1).reshape(n, -1), y.reshape(n, -1).astype(np.int64)
    known = true >= 0
    sample = np.broadcast_to(np.arange(n)[:, None], true.shape)

    def count(labels: NDArray, where: NDArray) -> NDArray:
        return np.bincount((sample * classes + labels)[where], minlength=n * classes).reshape(n, classes)

    positive = count(true, known & (predicted == true))
    return np.stack([positive, count(predicted, known) - positive, count(true, known) - positive], 2).astype(np.float64)


def values_of(kind: str, counts: NDArray) -> dict[str, NDArray]:
    """Scores by name from summed counts (..., K, 3). Classes that neither occur nor are predicted enter no mean."""
    tp, fp, fn = np.moveaxis(counts, -1, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        f1, iou = 2 * tp / (2 * tp + fp + fn), tp / (tp + fp + fn)
        total, correct = (tp + fn).sum(-1), tp.sum(-1)
        micro = 2 * correct / (2 * tp + fp + fn).sum(-1)
        share = correct / total

    def mean(values: NDArray) -> NDArray:
        known = np.isfinite(values)
        return np.where(known, values, 0).sum(-1) / np.maximum(known.sum(-1), 1)

    if kind == "multilabel":
        return {"micro F1": np.nan_to_num(micro), "macro F1": mean(f1)}
    if kind == "segment":
        return {"mIoU": mean(iou), "pixel accuracy": np.nan_to_num(share)}
    return {"accuracy": np.nan_to_num(share), "macro F1": mean(f1)}


def metric_of(kind: str, batches: Iterable[tuple[NDArray, NDArray]]) -> float:
    """The METRIC of a kind of task alone, without interval."""
    counts = sum(sample_counts(kind, scores, y).sum(0) for scores, y in batches)
    return float(values_of(kind, np.asarray(counts))[METRIC[kind]])


def _metrics(kind: str, classes: int) -> tuple[dict[str, Any], Any]:
    """torchmetrics' scores by name, and the score per class: recall, F1 or IoU."""
    from torchmetrics import classification as tm

    if kind == "multilabel":
        return {
            "micro F1": tm.MultilabelF1Score(classes, average="micro"),
            "macro F1": tm.MultilabelF1Score(classes, average="macro"),
            "micro AP": tm.MultilabelAveragePrecision(classes, average="micro"),
        }, tm.MultilabelF1Score(classes, average="none")
    if kind == "segment":
        return {
            "mIoU": tm.MulticlassJaccardIndex(classes, average="macro", ignore_index=-1),
            "pixel accuracy": tm.MulticlassAccuracy(classes, average="micro", ignore_index=-1),
        }, tm.MulticlassJaccardIndex(classes, average="none", ignore_index=-1)
    return {
        "accuracy": tm.MulticlassAccuracy(classes, average="micro"),
        "macro F1": tm.MulticlassF1Score(classes, average="macro"),
    }, tm.MulticlassAccuracy(classes, average="none")


def evaluate(
    kind: str, classes: int, batches: Iterable[tuple[NDArray, NDArray]], seed: int = 0, resamples: int = RESAMPLES
) -> tuple[dict[str, tuple[float, float, float]], list[float]]:
    """Scores with bootstrapped intervals.

    Args:
        kind: classify, multilabel or segment.
        classes: number of classes K.
        batches: probabilities (B, K) or (B, K, H, W) with labels.
        seed: of the bootstrap.
        resamples: draws of the samples (images) with replacement; an interval holds 95 % of them.

    Returns:
        Scores by name as (value, low, high), and the score of each class.
    """
    named, each = _metrics(kind, classes)
    rows, kept = [], []
    for scores, y in batches:
        target = torch.from_numpy(np.asarray(y).astype(np.int64))
        predicted = torch.from_numpy(np.ascontiguousarray(scores, np.float32))
        if kind != "multilabel":
            # numpy and torch may break ties differently, and torchmetrics would store scores in half precision
            predicted = torch.from_numpy(scores.argmax(1))
        for metric in (*named.values(), each):
            metric.update(predicted, target)
        rows.append(sample_counts(kind, scores, y))
        if kind == "multilabel":
            kept.append((scores, np.asarray(y)))
    counts = np.concatenate(rows)
    rng = np.random.default_rng(seed)
    weights = rng.multinomial(len(counts), np.full(len(counts), 1 / len(counts)), resamples).astype(np.float64)
    drawn = values_of(kind, (weights @ counts.reshape(len(counts), -1)).reshape(resamples, classes, 3))
    if kind == "multilabel":
        all_scores, all_labels = (np.concatenate(part) for part in zip(*kept, strict=True))
        drawn["micro AP"] = _precisions(all_scores, all_labels, weights[:_AP_RESAMPLES])
    answer = {}
    for name, metric in named.items():
        value = float(metric.compute())
        low, high = np.percentile(drawn[name], (2.5, 97.5))
        answer[name] = (value, min(float(low), value), max(float(high), value))
    return answer, [float(v) for v in each.compute()]


def _precisions(scores: NDArray, y: NDArray, weights: NDArray) -> NDArray:
    """Micro-averaged average precision of resamples; `weights` (R, N) is how often each draws each sample."""
    from sklearn.metrics import average_precision_score

    flat, times = (y > 0.5).ravel().astype(int), y.shape[1]
    return np.array(
        [
            average_precision_score(flat, scores.ravel(), sample_weight=np.repeat(w, times))
            for w in progress(weights, "intervals")
        ]
    )
