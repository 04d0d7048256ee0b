"""What a linear probe finds, for one seed or several."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class ProbeResult:
    """A score 0..1 with its 95 % interval over the test samples.

    Attributes:
        metric: name of the score, as in `scores.METRIC`.
        value, low, high: score and interval.
        per_class: recall for classify, F1 for multilabel, IoU for segment, by class name.
        facts: how the result was obtained; `facts["scores"]` holds the other scores.
    """

    metric: str
    value: float
    low: float
    high: float
    per_class: dict[str, float]
    facts: dict[str, Any]


def mean_result(results: Sequence[ProbeResult]) -> ProbeResult:
    """The mean over seeds, with the mean ends of their intervals; facts["std"] is the std between seeds."""
    values = [r.value for r in results]
    per_class = {name: float(np.mean([r.per_class[name] for r in results])) for name in results[0].per_class}
    names = results[0].facts["scores"]
    scores = {name: np.mean([r.facts["scores"][name] for r in results], 0).tolist() for name in names}
    std = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
    facts = results[0].facts | {
        "scores": scores,
        "std": std,
        "values": values,
        "seeds": [r.facts["seed"] for r in results],
    }
    return ProbeResult(
        results[0].metric,
        float(np.mean(values)),
        float(np.mean([r.low for r in results])),
        float(np.mean([r.high for r in results])),
        per_class,
        facts,
    )


def result_text(result: ProbeResult) -> str:
    """A mean result for people, in percent."""
    facts, seeds = result.facts, len(result.facts["seeds"])
    lines = [
        f"{facts['task']}: {facts['backbone']}, {facts['pooling']} of tokens, {facts['head']}, "
        f"normalised by the {facts['normalise']}",
        f"{facts['sensor']}: {', '.join(facts['source_bands'])}; "
        + ", ".join(f"{count} {name}" for name, count in facts["samples"].items()),
        "",
    ]
    width = max(map(len, [*result.per_class, *facts["scores"]])) + 2
    for name, (value, low, high) in facts["scores"].items():
        lines.append(f"{name:{width}}{100 * value:6.2f}   {100 * low:.2f} to {100 * high:.2f}")
    if seeds > 1:
        lines.append(f"{result.metric} over {seeds} seeds: std {100 * facts['std']:.2f}")
    if facts.get("converged") is False:
        lines.append("the fit was stopped before it converged")
    score = {"accuracy": "recall", "micro F1": "F1", "mIoU": "IoU"}[result.metric]
    lines += ["", f"{score} per class", *(f"{k:{width}}{100 * v:6.2f}" for k, v in result.per_class.items())]
    return "\n".join([*lines, *(["", *facts["notes"]] if facts["notes"] else [])])
