"""Features of a frozen backbone for a task's images, computed once and cached by the SHA-256 of all their settings."""

import contextlib
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ofa_engine.core.errors import InputError, OfaError
from ofa_engine.core.files import replacing
from ofa_engine.core.sensors import UNITS, get_sensor
from ofa_engine.model import preprocess
from training.console import progress
from training.probes.backbones import FrozenBackbone
from training.probes.task import FeatureSet, ProbeTask, Split

VERSION = 1  # of caches and results; raised when the same settings would give other values

Flips = tuple[bool, bool]  # left-right, up-down
# of the tokens of an image: their mean, as in the paper, or that and their standard deviation
POOLINGS = ("mean", "mean+deviation")


def statistics_of(
    backbone: FrozenBackbone, task: ProbeTask, normalise: str
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """(mean, std) per channel to normalise a task's pixels.

    Args:
        backbone: whose statistics are used for "checkpoint".
        task: whose statistics are used for "task".
        normalise: "task"; or "checkpoint", for pixels in the sensor's canonical unit.

    Raises:
        InputError: the pixels are plainly not in that unit.
    """
    if normalise == "task":
        return task.mean, task.std
    if normalise != "checkpoint":
        raise InputError(f"expected to normalise by task or checkpoint, found {normalise!r}")
    mean, std = (tuple(float(part[band]) for band in task.bands) for part in backbone.statistics(task.sensor))
    for name, m, s, own_m, own_s in zip(task.source_bands, mean, std, task.mean, task.std, strict=True):
        if abs(m - own_m) > 6 * s or not 0.02 < own_s / s < 50:
            unit = UNITS[get_sensor(task.sensor).unit]
            raise InputError(
                f"expected {task.name} in {unit} to normalise by the checkpoint (about {m:.4g}), found "
                f"{own_m:.4g} in {name}: use --normalise task"
            )
    return mean, std


class _Inputs(torch.utils.data.Dataset):
    """Samples as the backbone's input (C, input_px, input_px), and their labels; both with the same flips."""

    def __init__(self, split: Split, mean: Sequence[float], std: Sequence[float], input_px: int, flips: Flips):
        self.split, self.mean, self.std, self.input_px, self.flips = split, mean, std, input_px, flips

    def __len__(self) -> int:
        return len(self.split)

    def __getitem__(self, number: int) -> tuple[Tensor, NDArray]:
        pixels, label = self.split[number]
        label = np.asarray(label)
        for axis, flip in ((-1, self.flips[0]), (-2, self.flips[1])):
            if flip:
                pixels, label = np.flip(pixels, axis), np.flip(label, axis) if label.ndim == 2 else label
        values = torch.from_numpy(np.ascontiguousarray(pixels, np.float32))[None]
        return preprocess.resize(preprocess.normalise(values, self.mean, self.std), self.input_px)[0], label


def _collate(samples: list[tuple[Tensor, NDArray]]) -> tuple[Tensor, NDArray]:
    shapes = {label.shape for _, label in samples}
    if len(shapes) > 1:
        raise InputError(f"expected labels of one size, found {' and '.join(map(str, sorted(shapes)))}")
    return torch.stack([pixels for pixels, _ in samples]), np.stack([label for _, label in samples])


def extract_features(
    backbone: FrozenBackbone,
    task: ProbeTask,
    split: str,
    cache: Path | None = None,
    *,
    normalise: str = "task",
    flips: Flips = (False, False),
    pooling: str = "mean",
    batch: int = 32,
    workers: int = 0,
) -> FeatureSet:
    """Features and labels of a split.

    Args:
        backbone: frozen model.
        task: whose images are read.
        split: train, valid or test.
        cache: folder in which features are kept by the SHA-256 of all settings, and looked up; None: no cache.
        normalise: as for `statistics_of`.
        flips: of image and label, left-right and up-down.
        pooling: one of POOLINGS; nothing is pooled for segment.
        batch: images at a time through the backbone.
        workers: processes that read images; 0: none.

    Returns:
        X: pooled tokens (N, D or 2D) float32; for segment all tokens (N, L, D) float16.
        y: (N,) int64; (N, K) float32 for multilabel; (N, H, W) int16 with -1 where unlabelled for segment.

    Raises:
        InputError: an image cannot be read, or the split is empty.
        OfaError: a feature is not finite.
    """
    mean, std = statistics_of(backbone, task, normalise)
    paths = _cache_paths(cache, backbone, task, split, mean, std, flips, pooling) if cache else []
    if paths and all(path.exists() for path in paths):
        # copy-on-write: nothing is read before it is used, and torch takes writable arrays only
        x, y = (np.load(path, mmap_mode="c", allow_pickle=False) for path in paths)
        return x, y
    if cache:
        cache.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as files:
        parts = [files.enter_context(replacing(path)) for path in paths]
        x, y = _compute(
            backbone,
            task,
            _Inputs(task.splits[split], mean, std, backbone.input_px, flips),
            f"features of {split}",
            parts[0] if parts else None,
            pooling,
            batch,
            workers,
        )
        if paths:
            np.save(parts[1], y, allow_pickle=False)
    return x, y


def _cache_paths(
    cache: Path,
    backbone: FrozenBackbone,
    task: ProbeTask,
    split: str,
    mean: Sequence[float],
    std: Sequence[float],
    flips: Flips,
    pooling: str,
) -> list[Path]:
    """Files of features and labels, named by the SHA-256 of everything that decides their values."""
    settings = {
        "version": VERSION,
        "backbone": backbone.fingerprint(task.sensor),
        "task": task.key,
        "split": split,
        "sensor": task.sensor,
        "bands": task.bands,
        "mean": mean,
        "std": std,
        "flips": flips,
        "input_px": backbone.input_px,
        "kept": "tokens" if task.kind == "segment" else f"{pooling} token",
    }
    key = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()
    return [cache / f"{task.name}-{split}-{key}.{part}.npy" for part in "xy"]


@torch.inference_mode()
def _compute(
    backbone: FrozenBackbone,
    task: ProbeTask,
    inputs: _Inputs,
    text: str,
    path: Path | None,
    pooling: str,
    batch: int,
    workers: int,
) -> FeatureSet:
    if not len(inputs):
        raise InputError(f"expected samples in every split of {task.name}, found none for {text}")
    # its own generator: otherwise the loader would draw from the global one
    loader = torch.utils.data.DataLoader(
        inputs, batch, num_workers=workers, collate_fn=_collate, generator=torch.Generator()
    )
    x: NDArray | None = None
    labels, done, bar = [], 0, progress(None, text, len(inputs))
    for pixels, label in _one_line_errors(loader):
        tokens = backbone.tokens(pixels, task.sensor, task.bands)
        batch_x = (tokens.half() if task.kind == "segment" else _pooled(tokens.float(), pooling)).cpu().numpy()
        if not np.isfinite(batch_x).all():
            raise OfaError(f"expected finite features of {task.name}, found others with {backbone.name}")
        if x is None:
            shape = (len(inputs), *batch_x.shape[1:])
            x = np.lib.format.open_memmap(path, "w+", batch_x.dtype, shape) if path else np.empty(shape, batch_x.dtype)
        x[done : done + len(batch_x)] = batch_x
        labels.append(label)
        done += len(batch_x)
        bar.update(len(batch_x))
    bar.close()
    if isinstance(x, np.memmap):
        x.flush()
    assert x is not None
    dtype = {"classify": np.int64, "multilabel": np.float32, "segment": np.int16}[task.kind]
    return x, np.concatenate(labels).astype(dtype)


def _pooled(tokens: Tensor, pooling: str) -> Tensor:
    """(B, L, D) to (B, D), or to (B, 2D) with deviations."""
    mean = tokens.mean(1)
    return mean if pooling == "mean" else torch.cat([mean, tokens.std(1, correction=0)], 1)


def _one_line_errors(loader: Iterable) -> Iterator[Any]:
    """The items of a loader. Its workers add their traceback to an error's message, whose last line is kept."""
    try:
        yield from loader
    except OfaError as error:
        line = (str(error).strip().splitlines() or [""])[-1]
        raise type(error)(line.rpartition("Error: ")[2] if "Traceback" in str(error) else line) from error
