"""`python -m training.linear_probe ROOT --checkpoint FILE`: one task, one frozen backbone, one linear head.

ROOT holds images as ROOT/CLASS/*.jpg|png|tif, or GEO-Bench with `--task NAME`. Features of the frozen backbone are
computed once and cached. Heads: `--recipe fast` (classes: logistic regression by L-BFGS, its penalty chosen on the
validation split; pixels: batch normalisation, 1x1 convolution on tokens, bilinear up-sampling, by AdamW with early
stopping on the validation split) and `--recipe paper` (the same linear heads by SGD or AdamW at the paper's rates,
arXiv 2401.07527, section 3.1). Scores are torchmetrics', intervals are bootstrapped over the samples of the test split.
docs/probes.md says what is compared with what.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from ofa_engine.core.errors import InputError
from ofa_engine.core.sensors import SENSORS
from ofa_engine.model.checkpoint import choose_device
from ofa_engine.model.ofanet import Architecture
from training import console
from training.data.readers.held_out_chips import held_out_chips
from training.machine import machine
from training.pretraining.config import SIZES
from training.probes.backbones import (
    FrozenBackbone,
    SatMAEBackbone,
    TimmBackbone,
    checkpoint_backbone,
    random_backbone,
)
from training.probes.features import POOLINGS
from training.probes.heads import HeadRecipe
from training.probes.image_folder import folder_task
from training.probes.model_free import ImageStatistics, RandomPatches
from training.probes.probe import probe
from training.probes.result import mean_result, result_text
from training.probes.task import ProbeTask


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("training.linear_probe", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("root", type=Path, help="folder of images by class; of GEO-Bench with --task")
    parser.add_argument("--task", help="a GEO-Bench task in ROOT, e.g. m-eurosat")
    parser.add_argument("--partition", default="default", help="of the GEO-Bench task [default]")
    images = parser.add_argument_group("a folder of images")
    images.add_argument("--per-class-train", type=int, help="images per class [all that are left]")
    images.add_argument("--per-class-valid", type=int, default=50, help="images per class [50]")
    images.add_argument(
        "--held-out",
        help="file of digests of the test images, or 'eurosat': the list that the "
        "starter's pretraining leaves out [one fifth of each class]",
    )
    images.add_argument("--sensor", default="naip", choices=list(SENSORS))
    images.add_argument("--bands", help="1-based bands of the files for the sensor's bands, e.g. 4,3,2,- [1,2,3,...]")
    model = parser.add_argument_group("the backbone, one of")
    one = model.add_mutually_exclusive_group(required=True)
    one.add_argument("--checkpoint", type=Path, help="OFA-Net")
    one.add_argument("--random-init", action="store_true", help="OFA-Net with untrained weights")
    one.add_argument("--timm", metavar="NAME", help="a timm model")
    one.add_argument("--satmae", type=Path, metavar="FILE", help="SatMAE's weights")
    one.add_argument("--statistics", action="store_true", help="no model: hand-made statistics of the image")
    one.add_argument("--random-patches", action="store_true", help="no model: convolution with patches of the images")
    add_size(model)
    model.add_argument("--timm-file", type=Path, help="the timm model's weights")
    model.add_argument("--download", action="store_true", help="let timm download weights")
    add_fitting(parser)
    parser.add_argument(
        "--seeds", type=int, default=1, help="number of seeds: of drawn images, random weights, training [1]"
    )
    parser.add_argument(
        "--pooling", default="mean", choices=POOLINGS, help="of an image's tokens [mean, as in the paper]"
    )
    parser.add_argument("--cache", type=Path, help="folder that keeps features")
    parser.add_argument("--json", action="store_true")
    return parser


def add_size(group: Any) -> None:
    """Options of the size of random weights, for `architecture_of`."""
    group.add_argument("--model", default="base", choices=list(SIZES), help="size of random weights [base]")
    for name in ("width", "depth", "heads", "input-px"):
        group.add_argument(f"--{name}", type=int, default=0, help="instead of the model's own")


def add_fitting(parser: argparse.ArgumentParser) -> None:
    """Options of the head, for `recipe_of`."""
    fitting = parser.add_argument_group("the head")
    fitting.add_argument("--recipe", default="fast", choices=("fast", "paper"))
    fitting.add_argument("--optimizer", default="", choices=("sgd", "adamw"), help="[classes: sgd, pixels: adamw]")
    fitting.add_argument("--lr", type=float, default=0.0, help="[1e-2 for classes; for pixels 1e-4, fast 2e-3]")
    fitting.add_argument("--epochs", type=int, default=0, help="[50; fast 40, with early stopping]")
    fitting.add_argument("--batch", type=int, default=64, help="samples per step [64]")
    fitting.add_argument("--weight-decay", type=float, default=0.0)
    fitting.add_argument("--augment", action="store_true", help="random flips of the train split")
    fitting.add_argument("--with-valid", action="store_true", help="logistic regression: finally fitted on both splits")
    fitting.add_argument(
        "--normalise",
        default="task",
        choices=("task", "checkpoint"),
        help="pixels by the task's statistics or by the checkpoint's, which needs the sensor's canonical unit [task]",
    )
    fitting.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"))
    fitting.add_argument("--image-batch", type=int, default=32, help="images at a time through the backbone [32]")
    fitting.add_argument("--workers", type=int, default=0, help="processes that read images [0]")


def recipe_of(args: argparse.Namespace) -> HeadRecipe:
    """Raises InputError for a count below 1."""
    for name in ("batch", "image_batch", "seeds"):
        if getattr(args, name) < 1:
            raise InputError(f"expected --{name.replace('_', '-')} of at least 1, found {getattr(args, name)}")
    return HeadRecipe(
        args.recipe,
        args.optimizer,
        args.lr,
        args.epochs,
        args.batch,
        args.weight_decay,
        augment=args.augment,
        with_valid=args.with_valid,
    )


def architecture_of(args: argparse.Namespace) -> Architecture:
    size = SIZES[args.model]
    return Architecture(
        args.width or size.width,
        args.depth or size.depth,
        args.heads or size.heads,
        input_px=args.input_px or size.input_px,
    )


def _task(args: argparse.Namespace, seed: int) -> ProbeTask:
    if args.task:
        from training.probes.geobench_files import open_task

        return open_task(args.root, args.task, args.partition)
    try:
        bands = [None if part == "-" else int(part) for part in args.bands.split(",")] if args.bands else None
    except ValueError:
        raise InputError(f"expected --bands as in 4,3,2,-, found {args.bands!r}") from None
    return folder_task(
        args.root,
        per_class_train=args.per_class_train,
        per_class_valid=args.per_class_valid,
        seed=seed,
        held_out=_held_out(args.held_out),
        sensor=args.sensor,
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


def _backbone(args: argparse.Namespace, device: torch.device) -> Callable[[int, ProbeTask], FrozenBackbone]:
    """The backbone of each seed and task: another one each time for random weights and patches."""
    if args.random_init:
        return lambda seed, task: random_backbone(architecture_of(args), seed, device)
    if args.random_patches:
        return lambda seed, task: RandomPatches(task, seed)
    loaded: FrozenBackbone
    if args.checkpoint:
        loaded = checkpoint_backbone(args.checkpoint, device)
    elif args.statistics:
        loaded = ImageStatistics()
    elif args.timm:
        loaded = TimmBackbone(args.timm, device, file=args.timm_file, download=args.download)
    else:
        loaded = SatMAEBackbone(args.satmae, device)
    return lambda seed, task: loaded


def _command(args: argparse.Namespace) -> None:
    recipe, device = recipe_of(args), choose_device(args.device)
    backbone = _backbone(args, device)
    tasks = ((seed, _task(args, seed)) for seed in range(args.seeds))
    results = [
        probe(
            task,
            backbone(seed, task),
            seed,
            recipe=recipe,
            cache=args.cache,
            normalise=args.normalise,
            pooling=args.pooling,
            device=device,
            batch=args.image_batch,
            workers=args.workers,
        )
        for seed, task in tasks
    ]
    result = mean_result(results)
    print(json.dumps(asdict(result) | {"machine": machine(device.type)}) if args.json else result_text(result))


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command line; returns its exit code."""
    return console.run(_parser(), _command, arguments)


if __name__ == "__main__":
    sys.exit(main())
