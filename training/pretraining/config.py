"""The one flat configuration of pretraining: defaults, a YAML file, the command line, each overriding the former."""

import argparse
import dataclasses
import types
import typing
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import torch
import yaml

from ofa_engine.core.errors import InputError
from ofa_engine.core.sensors import SENSORS
from ofa_engine.model.mae import DecoderSize
from ofa_engine.model.ofanet import VIT_BASE, VIT_LARGE, VIT_SMALL, VIT_TINY, Architecture
from training.data.pair_sets import PREFIX

DTYPES = {"bf16": torch.float32, "fp32": torch.float32, "fp64": torch.float64}  # of the weights
SIZES = {"tiny": VIT_TINY, "small": VIT_SMALL, "base": VIT_BASE, "large": VIT_LARGE}


def _help(default: Any, text: str) -> Any:
    if isinstance(default, list):
        return field(default_factory=lambda: list(default), metadata={"help": text})
    return field(default=default, metadata={"help": text})


@dataclass
class PretrainingConfig:
    """Defaults are the paper's run, and MAE's where the paper leaves it open."""

    data: str = _help("", "folder with prepared samples, one sub-folder per sensor")
    output: str = _help("", "folder of the run: checkpoints, log, contact sheets, report")
    sensors: list[str] = _help([], "which sensors (default: all that `data` holds; one of them is 'MAE single')")
    model: str = _help("base", "size of the shared ViT: tiny, small, base, large; width, depth, heads change it")
    width: int = _help(0, "0: the model's own")
    depth: int = _help(0, "0: the model's own")
    heads: int = _help(0, "0: the model's own")
    input_px: int = _help(224, "side of the model's input")
    patch_px: int = _help(16, "side of a patch, which becomes a token")
    patch_pad: int = _help(0, "pixels by which patches begin further up and left; with `init` those of the weights")
    positions: str = _help("sine-cosine", "of tokens; learned ones come with `init`")
    objective: str = _help("mae", "what is learned: mae (the paper's) or statistics+contrast, see docs/objectives.md")
    statistics_weight: float = _help(1.0, "statistics+contrast: factor of the loss of masked patches' statistics")
    contrast_weight: float = _help(1.0, "statistics+contrast: factor of the contrast of two views")
    band_drop: float = _help(0.0, "statistics+contrast: share of batches whose second view lacks some bands")
    ema: float = _help(0.0, "decay per step of the moving average of the weights that checkpoints hold (0: none)")
    decoder_width: int = _help(512, "each decoder's width")
    decoder_depth: int = _help(8, "each decoder's blocks")
    decoder_heads: int = _help(16, "each decoder's attention heads")
    mask_ratio: float = _help(0.75, "share of patches that are masked")
    epochs: int = _help(100, "passes over the samples")
    batch: int = _help(256, "samples per step, over all processes and accumulation; each batch is of one sensor")
    accumulate: int = _help(1, "parts that a step's batch is computed in, for less memory")
    samples: int = _help(0, "samples per sensor and epoch (0: all); drawn again each epoch")
    weights: list[str] = _help([], "sensor=factor: how often its samples are drawn, e.g. enmap=2; or pairs/NAME=factor")
    base_lr: float = _help(1.5e-4, "learning rate for 256 samples per step; scaled with the batch")
    min_lr: float = _help(0.0, "at the end of the half-cosine")
    warmup_epochs: float = _help(20.0, "linear warm-up")
    weight_decay: float = _help(0.05, "none on biases, norms and tokens")
    clip_norm: float = _help(0.0, "largest norm of the gradient (0: no clipping)")
    scale_min: float = _help(0.2, "smallest share of a sample's area that a crop takes")
    precision: str = _help("bf16", "bf16 (autocast), fp32 or fp64")
    compile: bool = _help(False, "torch.compile")
    device: str = _help("auto", "auto, cpu or cuda")
    workers: int = _help(2, "processes per rank that read samples (0: none)")
    resident: bool = _help(False, "hold all samples in the device's memory")
    seed: int = _help(0, "of everything random")
    init: str = _help("", "initial weights: our checkpoint, any file that `ofa models import` takes, or a timm name")
    rename_map: str = _help("", "YAML file for weights in `init` that are not recognised, as for `ofa models import`")
    download: bool = _help(False, "let timm download the weights named in `init`")
    checkpoint_minutes: float = _help(30.0, "between checkpoints")
    checkpoint_epochs: int = _help(10, "between checkpoints")
    keep: int = _help(3, "how many checkpoints stay")
    resume: str = _help("auto", "auto: continue from the newest checkpoint in `output`; no: start from scratch")
    sheet_epochs: int = _help(10, "between contact sheets of reconstructions (0: none)")
    log_steps: int = _help(20, "between fetches of the losses, which wait for the device")
    stop_nonfinite: int = _help(5, "steps without finite gradients after which a run stops")
    max_steps: int = _help(0, "stop after this many steps of the schedule (0: all)")

    @property
    def architecture(self) -> Architecture:
        size = SIZES[self.model]
        return Architecture(
            self.width or size.width,
            self.depth or size.depth,
            self.heads or size.heads,
            patch_px=self.patch_px,
            input_px=self.input_px,
            patch_pad=self.patch_pad,
            positions=self.positions,
        )

    @property
    def decoder(self) -> DecoderSize:
        return DecoderSize(self.decoder_width, self.decoder_depth, self.decoder_heads)

    @property
    def sensor_weights(self) -> dict[str, float]:
        """Factors by sensor id or name of a pair set."""
        return {key: float(value) for key, _, value in (entry.partition("=") for entry in self.weights)}

    @property
    def pair_sets(self) -> list[str]:
        """Names of the pair sets that samples are drawn from."""
        return [key for key in self.sensor_weights if key.startswith(PREFIX)]

    def check(self) -> None:
        """Raises InputError naming the first value that cannot be used."""

        def need(ok: bool, expected: str, found: object) -> None:
            if not ok:
                raise InputError(f"expected {expected}, found {found!r}")

        need(bool(self.data), "a folder of prepared samples (--data)", self.data)
        need(bool(self.output), "a folder for the run (--output)", self.output)
        need(self.model in SIZES, f"model {', '.join(SIZES)}", self.model)
        need(self.precision in ("bf16", "fp32", "fp64"), "precision bf16, fp32 or fp64", self.precision)
        need(self.resume in ("auto", "no"), "resume auto or no", self.resume)
        for key in [*self.sensors, *self.sensor_weights]:
            need(key in SENSORS or key in self.pair_sets, f"sensors out of {', '.join(SENSORS)}", key)
        for name in ("epochs", "batch", "accumulate", "keep", "log_steps"):
            need(getattr(self, name) >= 1, f"{name} of at least 1", getattr(self, name))
        need(0 < self.mask_ratio < 1, "mask_ratio between 0 and 1", self.mask_ratio)
        need(0 < self.scale_min <= 1, "scale_min above 0, up to 1", self.scale_min)
        need(0 <= self.band_drop <= 1, "band_drop from 0 to 1", self.band_drop)
        need(0 <= self.ema < 1, "ema from 0, below 1", self.ema)
        losses = (self.statistics_weight, self.contrast_weight)
        need(min(losses) >= 0 and max(losses) > 0, "weights of the losses of at least 0, not both 0", losses)
        arch = self.architecture
        need(arch.width % arch.heads == 0 and arch.width % 4 == 0, "width divisible by heads and 4", arch)
        need(self.patch_px >= 1 and self.input_px % self.patch_px == 0, "input_px divisible by patch_px", arch)


def _convert(name: str, kind: Any, value: Any) -> Any:
    if kind is bool:
        if not isinstance(value, bool):
            raise InputError(f"expected true or false for {name}, found {value!r}")
        return value
    if isinstance(kind, types.GenericAlias):
        if not isinstance(value, list):
            raise InputError(f"expected a list for {name}, found {value!r}")
        return [str(entry) for entry in value]
    try:
        return kind(value)
    except (TypeError, ValueError):
        raise InputError(f"expected {kind.__name__} for {name}, found {value!r}") from None


def load(path: str | Path | None, changes: dict[str, Any]) -> PretrainingConfig:
    """A configuration from a YAML file with `changes` on top. Raises InputError."""
    values: dict[str, Any] = {}
    if path:
        try:
            values = yaml.safe_load(Path(path).read_text(encoding="utf-8")) or {}
        except (OSError, yaml.YAMLError) as error:
            raise InputError(f"expected a YAML configuration, found {' '.join(str(error).split())}") from error
        if not isinstance(values, dict):
            raise InputError(f"expected `name: value` lines in {path}, found {type(values).__name__}")
    kinds = typing.get_type_hints(PretrainingConfig)
    for name in {**values, **changes}:
        if name not in kinds:
            raise InputError(f"expected settings out of {', '.join(kinds)}, found {name!r}")
    config = PretrainingConfig(
        **{name: _convert(name, kinds[name], value) for name, value in {**values, **changes}.items()}
    )
    config.check()
    return config


def argument_parser(prog: str, description: str) -> argparse.ArgumentParser:
    """Of --config FILE and one option per setting."""
    parser = argparse.ArgumentParser(prog, description=description)
    parser.add_argument("--config", help="YAML file of settings")
    kinds = typing.get_type_hints(PretrainingConfig)
    for setting in fields(PretrainingConfig):
        kind, flag = kinds[setting.name], "--" + setting.name.replace("_", "-")
        default = setting.default if setting.default is not dataclasses.MISSING else ""
        text = f"{setting.metadata['help']} [{default}]".replace("%", "%%")
        options: dict[str, Any] = {"type": kind}
        if kind is bool:
            options = {"action": argparse.BooleanOptionalAction}
        elif isinstance(kind, types.GenericAlias):
            options = {"nargs": "*"}
        parser.add_argument(flag, dest=setting.name, default=None, help=text, **options)
    return parser


def from_arguments(args: argparse.Namespace) -> PretrainingConfig:
    """The configuration of a parsed command line. Raises InputError."""
    names = [setting.name for setting in fields(PretrainingConfig)]
    return load(args.config, {name: getattr(args, name) for name in names if getattr(args, name) is not None})
