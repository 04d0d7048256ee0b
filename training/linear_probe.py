"""`python -m training.linear_probe ROOT --checkpoint FILE`: one task, one frozen backbone, one linear head.

ROOT holds images as ROOT/CLASS/*.jpg|png|tif, or GEO-Bench with `--task NAME`. Features of the frozen backbone are made
once and cached. Heads: `--recipe fast` (classes: logistic regression by L-BFGS, its strength chosen on the validation
split; pixels: batch normalisation, 1x1 convolution on tokens, bilinear up-sampling, by AdamW with early choice on the
validation split) and `--recipe paper` (the same linear heads by SGD or AdamW at the paper's rates, arXiv 2401.07527,
section 3.1). Scores are torchmetrics', intervals are bootstrapped over the samples of the test split. docs/probes.md
says what is compared with what.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ofa_engine.core.errors import InputError, OfaError
from ofa_engine.core.sensors import SENSORS, get_sensor
from ofa_engine.model.checkpoint import choose_device
from ofa_engine.model.ofanet import Architecture
from training.data.readers.readers_starter import held_out_chips
from training.pretraining.config import SIZES
from training.pretraining.report import machine
from training.probes.backbones import Backbone, SatMAEBackbone, TimmBackbone, checkpoint_backbone, random_backbone
from training.probes.features import Flips, features
from training.probes.heads import FAST, MAX_ITERATIONS, Recipe, fit_logistic, fit_steps, head_scores
from training.probes.image_folder import folder_task
from training.probes.scores import METRIC, evaluate
from training.probes.task import Labelled, Task


@dataclass(frozen=True)
class Result:
    """A score (0..1) with its 95 % interval over test samples; one score a class: recall for classify, F1 for
    multilabel, IoU for segment. `facts` say how it came about; `facts["scores"]` holds the other scores."""

    metric: str
    value: float
    low: float
    high: float
    per_class: dict[str, float]
    facts: dict[str, Any]


def probe(
    task: Task,
    backbone: Backbone,
    seed: int = 0,
    *,
    recipe: Recipe = FAST,
    cache: Path | None = None,
    normalise: str = "task",
    device: torch.device | str = "cpu",
    batch: int = 32,
    workers: int = 0,
) -> Result:
    """The test score of a linear head on frozen features. `batch` images at a time go through the backbone; `device` is
    where heads are trained by steps. Raises InputError, OfaError."""
    started, kind, classes = time.monotonic(), task.kind, len(task.classes)
    recipe, device = recipe.resolved(kind), torch.device(device)

    def split(name: str, flips: Flips = (False, False)) -> Labelled:
        return features(backbone, task, name, cache, normalise=normalise, flips=flips, batch=batch, workers=workers)

    train, valid, test = split("train"), split("valid"), split("test")
    chosen: dict[str, Any]
    if recipe.logistic(kind):
        model = fit_logistic(train, valid, with_valid=recipe.with_valid)
        scores = np.zeros((len(test[0]), classes))
        scores[:, : len(model.bias)] = model.scores(test[0])
        batches: Iterable[tuple[NDArray, NDArray]] = [(scores, test[1])]
        chosen = {"head": "logistic regression (L-BFGS)", "C": model.strength, "converged": model.converged}
    else:
        flips: list[Flips] = [(True, False), (False, True), (True, True)] if recipe.augment else []
        views = [train, *(split("train", flip) for flip in flips)]
        head, epoch = fit_steps(views, valid, kind, classes, recipe, seed, device)
        batches = head_scores(head, test, kind, recipe.batch, device)
        chosen = {"head": f"batch norm + linear ({recipe.optimizer})", "epoch": epoch}
    scored, each = evaluate(kind, classes, batches, seed)
    facts = {
        "task": task.name,
        "kind": kind,
        "sensor": task.sensor,
        "source_bands": list(task.source_bands),
        "bands": [get_sensor(task.sensor).band_names[band] for band in task.bands],
        "samples": {name: len(part[0]) for name, part in (("train", train), ("valid", valid), ("test", test))},
        "backbone": backbone.name,
        "fingerprint": backbone.fingerprint(task.sensor),
        "input_px": backbone.input_px,
        "normalise": normalise,
        "seed": seed,
        **chosen,
        "recipe": asdict(recipe),
        "scores": {name: list(score) for name, score in scored.items()},
        "notes": list(task.notes),
        "seconds": time.monotonic() - started,
    }
    metric = METRIC[kind]
    return Result(metric, *scored[metric], dict(zip(task.classes, each, strict=True)), facts)


def mean_result(results: Sequence[Result]) -> Result:
    """The mean over seeds; its interval has the mean ends, and facts["std"] is the deviation between seeds."""
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
    return Result(
        results[0].metric,
        float(np.mean(values)),
        float(np.mean([r.low for r in results])),
        float(np.mean([r.high for r in results])),
        per_class,
        facts,
    )


# --- the command ------------------------------------------------------------------------------------------------


def table(result: Result) -> str:
    """For people, in percent."""
    facts, seeds = result.facts, len(result.facts["seeds"])
    lines = [
        f"{facts['task']}: {facts['backbone']}, {facts['head']}, normalised by the {facts['normalise']}",
        f"{facts['sensor']}: {', '.join(facts['source_bands'])}; "
        + ", ".join(f"{count} {name}" for name, count in facts["samples"].items()),
        "",
    ]
    width = max(map(len, [*result.per_class, *facts["scores"]])) + 2
    for name, (value, low, high) in facts["scores"].items():
        lines.append(f"{name:{width}}{100 * value:6.2f}   {100 * low:.2f} to {100 * high:.2f}")
    if seeds > 1:
        lines.append(f"{result.metric} over {seeds} seeds: deviation {100 * facts['std']:.2f}")
    each = {"accuracy": "recall", "micro F1": "F1", "mIoU": "IoU"}[result.metric]
    if facts.get("converged") is False:
        lines.append(f"the fit was stopped after {MAX_ITERATIONS} iterations")
    lines += ["", f"{each} of each class", *(f"{k:{width}}{100 * v:6.2f}" for k, v in result.per_class.items())]
    return "\n".join([*lines, *(["", *facts["notes"]] if facts["notes"] else [])])


def parser() -> argparse.ArgumentParser:
    words = argparse.ArgumentParser("training.linear_probe", description=(__doc__ or "").partition("\n")[0])
    words.add_argument("root", type=Path, help="folder of images by class; of GEO-Bench with --task")
    words.add_argument("--task", help="a GEO-Bench task in ROOT, e.g. m-eurosat")
    words.add_argument("--partition", default="default", help="of the GEO-Bench task [default]")
    images = words.add_argument_group("a folder of images")
    images.add_argument("--per-class-train", type=int, help="images a class [all that are left]")
    images.add_argument("--per-class-valid", type=int, default=50, help="images a class [50]")
    images.add_argument(
        "--held-out",
        help="file of digests of the test images, or 'eurosat': the list that the "
        "starter's pretraining leaves out [a fifth of each class]",
    )
    images.add_argument("--sensor", default="naip", choices=list(SENSORS))
    images.add_argument("--bands", help="1-based bands of the files for the sensor's bands, e.g. 4,3,2,- [1,2,3,...]")
    model = words.add_argument_group("the backbone, one of")
    one = model.add_mutually_exclusive_group(required=True)
    one.add_argument("--checkpoint", type=Path, help="OFA-Net")
    one.add_argument("--random-init", action="store_true", help="OFA-Net with untrained weights")
    one.add_argument("--timm", metavar="NAME", help="a timm model")
    one.add_argument("--satmae", type=Path, metavar="FILE", help="SatMAE's weights")
    add_size(model)
    model.add_argument("--timm-file", type=Path, help="the timm model's weights")
    model.add_argument("--download", action="store_true", help="let timm download weights")
    add_fitting(words)
    words.add_argument("--seeds", type=int, default=1, help="how many: of drawn images, random weights, training [1]")
    words.add_argument("--cache", type=Path, help="folder that keeps features")
    words.add_argument("--json", action="store_true")
    return words


def add_size(group: Any) -> None:
    group.add_argument("--model", default="base", choices=list(SIZES), help="size of random weights [base]")
    for name in ("width", "depth", "heads", "input-px"):
        group.add_argument(f"--{name}", type=int, default=0, help="instead of the model's own")


def add_fitting(words: argparse.ArgumentParser) -> None:
    fitting = words.add_argument_group("the head")
    fitting.add_argument("--recipe", default="fast", choices=("fast", "paper"))
    fitting.add_argument("--optimizer", default="", choices=("sgd", "adamw"), help="[classes: sgd, pixels: adamw]")
    fitting.add_argument("--lr", type=float, default=0.0, help="[1e-2 for classes; for pixels 1e-4, fast 2e-3]")
    fitting.add_argument("--epochs", type=int, default=0, help="[50; fast 40, with an early end]")
    fitting.add_argument("--batch", type=int, default=64, help="samples a step [64]")
    fitting.add_argument("--weight-decay", type=float, default=0.0)
    fitting.add_argument("--augment", action="store_true", help="flips of the train split")
    fitting.add_argument("--with-valid", action="store_true", help="logistic regression: fitted on both in the end")
    fitting.add_argument(
        "--normalise",
        default="task",
        choices=("task", "checkpoint"),
        help="pixels by the task's statistics or by the checkpoint's, which needs the sensor's canonical unit [task]",
    )
    fitting.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"))
    fitting.add_argument("--image-batch", type=int, default=32, help="images at a time through the backbone [32]")
    fitting.add_argument("--workers", type=int, default=0, help="processes that read images [0]")


def recipe_of(told: argparse.Namespace) -> Recipe:
    for name in ("batch", "image_batch", "seeds"):
        if getattr(told, name) < 1:
            raise InputError(f"expected --{name.replace('_', '-')} of at least 1, found {getattr(told, name)}")
    return Recipe(
        told.recipe,
        told.optimizer,
        told.lr,
        told.epochs,
        told.batch,
        told.weight_decay,
        augment=told.augment,
        with_valid=told.with_valid,
    )


def architecture_of(told: argparse.Namespace) -> Architecture:
    size = SIZES[told.model]
    return Architecture(
        told.width or size.width,
        told.depth or size.depth,
        told.heads or size.heads,
        input_px=told.input_px or size.input_px,
    )


def _task(told: argparse.Namespace, seed: int) -> Task:
    if told.task:
        from training.probes.geobench_files import open_task

        return open_task(told.root, told.task, told.partition)
    try:
        bands = [None if part == "-" else int(part) for part in told.bands.split(",")] if told.bands else None
    except ValueError:
        raise InputError(f"expected --bands as in 4,3,2,-, found {told.bands!r}") from None
    return folder_task(
        told.root,
        per_class_train=told.per_class_train,
        per_class_valid=told.per_class_valid,
        seed=seed,
        held_out=_held_out(told.held_out),
        sensor=told.sensor,
        bands=bands,
    )


def _held_out(name: str | None) -> frozenset[str]:
    if not name:
        return frozenset()
    if name == "eurosat":
        return held_out_chips()
    try:
        return frozenset(Path(name).read_text(encoding="ascii").split())
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"expected a file of digests, found {error}") from error


def _backbone(told: argparse.Namespace, device: torch.device) -> Callable[[int], Backbone]:
    """The backbone of each seed: another one each time for random weights."""
    if told.random_init:
        return lambda seed: random_backbone(architecture_of(told), seed, device)
    loaded: Backbone
    if told.checkpoint:
        loaded = checkpoint_backbone(told.checkpoint, device)
    elif told.timm:
        loaded = TimmBackbone(told.timm, device, file=told.timm_file, download=told.download)
    else:
        loaded = SatMAEBackbone(told.satmae, device)
    return lambda seed: loaded


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command line; returns its exit code (0 done, 2 the user's, 3 ours)."""
    told = parser().parse_args(arguments)
    try:
        recipe, device = recipe_of(told), choose_device(told.device)
        backbone = _backbone(told, device)
        results = [
            probe(
                _task(told, seed),
                backbone(seed),
                seed,
                recipe=recipe,
                cache=told.cache,
                normalise=told.normalise,
                device=device,
                batch=told.image_batch,
                workers=told.workers,
            )
            for seed in range(told.seeds)
        ]
    except OfaError as error:
        print(f"training.linear_probe: {error}", file=sys.stderr)
        return error.exit_code
    result = mean_result(results)
    print(json.dumps(asdict(result) | {"machine": machine(device.type)}) if told.json else table(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
