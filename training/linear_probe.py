"""`python -m training.linear_probe ROOT --checkpoint FILE`: one task, one frozen backbone, one linear head.

ROOT holds images as ROOT/CLASS/*.jpg|png|tif, or GEO-Bench with `--task NAME`. Features of the frozen backbone are made
once and cached. Heads: `--recipe fast` (classes: logistic regression by L-BFGS, its strength chosen on the validation
split; pixels: batch normalisation, 1x1 convolution on tokens, bilinear up-sampling, by AdamW with early choice on the
validation split) and `--recipe paper` (the same linear heads by SGD or AdamW at the paper's rates, arXiv 2401.07527,
section 3.1). Scores are torchmetrics', intervals are bootstrapped over the samples of the test split. docs/probes.md
says what is compared with what.
"""

import argparse
import copy
import hashlib
import json
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm import tqdm

from ofa_engine import preprocess, sensors
from ofa_engine.checkpoint import Checkpoint, load_checkpoint
from ofa_engine.errors import InputError, OfaError
from ofa_engine.model import Architecture, OFANet
from training.config import SIZES
from training.readers import Unusable, folder_names, read_image
from training.readers_starter import chip_digest, held_out_chips
from training.report import machine
from training.tasks import Split, Task

VERSION = 1  # of what stands in caches and results; raised where the same settings would give other values
STRENGTHS = tuple(10.0**e for e in range(-5, 3))  # scikit-learn's C, for standardised features
RESAMPLES = 1000
METRIC = {"classify": "accuracy", "multilabel": "micro F1", "segment": "mIoU"}
_ENDINGS = (".jpg", ".jpeg", ".png", ".tif", ".tiff")
_MAX_ITERATIONS = 1000
_AP_RESAMPLES = 200  # average precision sorts all scores anew each time

Flips = tuple[bool, bool]  # left-right, up-down
Labelled = tuple[NDArray, NDArray]  # features X, labels y


def progress(items: Iterable | None, text: str, total: int | None = None) -> Any:
    """tqdm that shows up after two seconds; where there is no terminal, a line a minute."""
    every = 0.1 if sys.stderr.isatty() else 60.0
    return tqdm(items, text, total, delay=2, mininterval=every, maxinterval=max(every, 10.0), leave=False)


def device_of(name: str) -> torch.device:
    """`auto` is CUDA where there is one. Raises InputError."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name not in ("cpu", "cuda") or name == "cuda" and not torch.cuda.is_available():
        raise InputError(f"expected device auto, cpu or, where there is one, cuda, found {name!r}")
    return torch.device(name)


# --- a folder of images as a task -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Images:
    """A split of image files; `bands` are 1-based bands of the files, in the order of the task's."""

    files: tuple[Path, ...]
    labels: tuple[int, ...]
    bands: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, number: int) -> tuple[NDArray[np.float32], int]:
        path = self.files[number]
        try:
            return self._read(path).astype(np.float32), self.labels[number]
        except (OSError, ValueError, SyntaxError, Unusable) as error:  # what libraries raise for damaged images
            line = " ".join(str(error).split())[:200]
            raise InputError(f"expected an image of {max(self.bands)} bands, found: {path} ({line})") from error

    def _read(self, path: Path) -> NDArray:
        if path.suffix.lower() in (".tif", ".tiff"):
            from training.readers_raster import read_raster

            return read_raster(path, self.bands)
        pixels = read_image(path)
        if len(pixels) < max(self.bands):
            raise Unusable(f"{len(pixels)} bands")
        return pixels[[band - 1 for band in self.bands]]


def folder_task(root: Path, *, per_class_train: int | None = None, per_class_valid: int = 50, seed: int = 0,
                held_out: frozenset[str] = frozenset(), test_share: float = 0.2, sensor: str = "naip",
                bands: Sequence[int | None] | None = None) -> Task:  # fmt: skip
    """Sub-folders of `root` as classes. The test split is the files whose `chip_digest` is in `held_out`; without that
    list a share of each class by their digests, the same for every `seed`. Train (None: all that are left) and
    validation are drawn by `seed` from the others. `bands`: the files' 1-based band of each embedder band, None where
    it is missing. Pixels stay in the files' own unit; mean and deviation are those of the train split.

    Raises InputError where a class has too few images.
    """
    table = sensors.get(sensor)
    bands = tuple(range(1, len(table.bands) + 1)) if bands is None else tuple(bands)
    if len(bands) != len(table.bands) or not any(bands):
        raise InputError(f"expected {len(table.bands)} bands of {sensor}, '-' where missing, found {bands}")
    there = tuple(i for i, band in enumerate(bands) if band)
    source = tuple(band for band in bands if band)
    classes, digests = _listed(root)
    chosen: dict[str, list[tuple[Path, int]]] = {"train": [], "valid": [], "test": []}
    for label, name in enumerate(classes):
        for split, files in _draw(digests[name], held_out, test_share, per_class_train, per_class_valid,
                                  np.random.default_rng((seed, label)), name).items():  # fmt: skip
            chosen[split] += [(path, label) for path in files]
    splits = {split: Images(tuple(path for path, _ in pairs), tuple(label for _, label in pairs), source)
              for split, pairs in chosen.items()}  # fmt: skip
    mean, std = _moments(splits["train"])
    digest_of = {path: digest for files in digests.values() for path, digest in files}
    listed = [[split, label, digest_of[path]] for split, pairs in chosen.items() for path, label in pairs]
    key = hashlib.sha256(json.dumps([listed, classes, sensor, there, source]).encode()).hexdigest()
    found = held_out & set(digest_of.values())
    missing = len(held_out) - len(found)
    notes = [f"{missing} of {len(held_out)} held-out images are not there"] if missing else []
    return Task(root.resolve().name, "classify", classes, sensor, there, tuple(f"band {b}" for b in source), mean, std,
                splits, key, tuple(notes))  # fmt: skip


def _listed(root: Path) -> tuple[tuple[str, ...], dict[str, list[tuple[Path, str]]]]:
    """Classes and, of each, the files with their digests, by name. Raises InputError."""
    if not root.is_dir():
        raise InputError(f"expected a folder of images by class, found none at {root}")
    files = {name: sorted(p for p in (root / name).iterdir() if p.suffix.lower() in _ENDINGS and p.is_file())
             for name in folder_names(root)}  # fmt: skip
    files = {name: paths for name, paths in files.items() if paths}
    if len(files) < 2:
        raise InputError(f"expected CLASS/*.jpg|png|tif of at least two classes in {root}, found {len(files)}")
    bar = progress(None, "reading names", sum(map(len, files.values())))
    digests: dict[str, list[tuple[Path, str]]] = {}
    for name, paths in files.items():
        digests[name] = [(path, chip_digest(path)) for path in paths]
        bar.update(len(paths))
    bar.close()
    return tuple(files), digests


def _draw(files: list[tuple[Path, str]], held_out: frozenset[str], test_share: float, train: int | None, valid: int,
          rng: np.random.Generator, name: str) -> dict[str, list[Path]]:  # fmt: skip
    """One class's files by split."""
    if held_out:
        test = {digest for _, digest in files} & held_out
    else:  # digests are as good as random numbers, and do not change with the seed or with files added
        test = {digest for _, digest in files if int(digest, 16) < test_share * 16 ** len(digest)}
    rest = [path for path, digest in files if digest not in test]
    need = valid + (train or 1)
    if len(rest) < need or not test:
        raise InputError(f"expected a test image and {need} others of class {name}, found {len(files) - len(rest)} "
                         f"and {len(rest)}: ask for fewer a class")  # fmt: skip
    order = [rest[i] for i in rng.permutation(len(rest))]
    parts = {"valid": order[:valid], "train": order[valid:][:train]}
    return {split: sorted(paths) for split, paths in parts.items()} | {"test": [p for p, d in files if d in test]}


def _moments(split: Split) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and deviation a band of up to 2000 samples, NaN left out."""
    numbers = np.unique(np.linspace(0, len(split) - 1, min(len(split), 2000)).round().astype(int))
    rows = []
    for number in progress(numbers, "statistics"):
        values = split[int(number)][0].astype(np.float64)
        rows.append([np.isfinite(values).sum((1, 2)), np.nansum(values, (1, 2)), np.nansum(values**2, (1, 2))])
    count, total, square = np.sum(rows, 0)
    mean = total / np.maximum(count, 1)
    std = np.sqrt(np.maximum(square / np.maximum(count, 1) - mean**2, 0))
    return tuple(mean.tolist()), tuple(np.where(std > 0, std, 1.0).tolist())


# --- frozen backbones -------------------------------------------------------------------------------------------


class Backbone(Protocol):
    """A frozen model. `tokens` gives (B, L, D) of normalised pixels (B, C, input_px, input_px), whose channels are the
    0-based embedder bands `present` of the sensor; `statistics` gives mean and deviation of each of the sensor's bands
    in its canonical unit, as in the model's training. Both raise InputError for a sensor that it does not know."""

    @property
    def name(self) -> str: ...
    @property
    def input_px(self) -> int: ...
    def fingerprint(self, sensor: str) -> str: ...
    def statistics(self, sensor: str) -> tuple[Sequence[float], Sequence[float]]: ...
    def tokens(self, pixels: Tensor, sensor: str, present: Sequence[int]) -> Tensor: ...


@dataclass(frozen=True)
class OFABackbone:
    """OFA-Net, trained or not."""

    name: str
    model: OFANet
    header: dict | None = None  # the checkpoint's; None for random weights
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    @property
    def input_px(self) -> int:
        return self.model.arch.input_px

    def _expect(self, sensor: str) -> None:
        if sensor not in self.model.embedders:
            there = ", ".join(self.model.embedders)
            raise InputError(f"expected an embedder for {sensor}, found {there} in {self.name}")

    def fingerprint(self, sensor: str) -> str:
        self._expect(sensor)
        return self.model.fingerprint(sensor)

    def statistics(self, sensor: str) -> tuple[Sequence[float], Sequence[float]]:
        self._expect(sensor)
        if self.header is None:
            return sensors.get(sensor).mean, sensors.get(sensor).std
        return Checkpoint(self.model, self.header).statistics(sensor)

    def tokens(self, pixels: Tensor, sensor: str, present: Sequence[int]) -> Tensor:
        self._expect(sensor)
        return self.model(pixels.to(self.device), sensor, present)


def checkpoint_backbone(path: str | Path, device: torch.device | str = "cpu") -> OFABackbone:
    """Raises ModelFileError."""
    loaded = load_checkpoint(path, device)
    return OFABackbone(loaded.header["name"], loaded.model, loaded.header, torch.device(device))


def random_backbone(arch: Architecture, seed: int, device: torch.device | str = "cpu") -> OFABackbone:
    """The paper's "Random init.": untrained weights, drawn by `seed`."""
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            model = OFANet(arch)
    except ValueError as error:
        raise InputError(str(error)) from error
    return OFABackbone("random init", model.eval().requires_grad_(False).to(device), None, torch.device(device))


class TimmBackbone:
    """A timm model with the features of its last stage as tokens. Bands other than three go through timm's `in_chans`,
    which repeats the weights of red, green and blue."""

    def __init__(self, name: str, device: torch.device | str = "cpu", *, pretrained: bool = True,
                 file: str | Path | None = None, download: bool = False, seed: int = 0):  # fmt: skip
        """`file` holds the weights; without it they come from the local cache of earlier downloads, or with `download`
        from the network. `pretrained=False` gives random weights. Raises InputError."""
        import timm

        if not timm.is_model(name.split(".")[0]):
            raise InputError(f"expected a model that timm has, found {name!r}")
        self.name, self.device, self.seed, self.pretrained = name, torch.device(device), seed, pretrained
        self._file = file or (_cached_weights(name) if pretrained and not download else None)
        if pretrained and not download and self._file is None:
            raise InputError(f"{name} would have to be downloaded: allow it with --download, or name a file")
        self._models: dict[int, Any] = {}
        config = self._model(3).pretrained_cfg
        self.input_px: int = config["input_size"][-1]
        self._mean, self._std = config["mean"], config["std"]

    def _model(self, bands: int) -> Any:
        if bands not in self._models:
            import timm

            overlay = {"file": str(self._file)} if self._file else None
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(self.seed)
                try:
                    model = timm.create_model(self.name, pretrained=self.pretrained, in_chans=bands, num_classes=0,
                                              pretrained_cfg_overlay=overlay)  # fmt: skip
                except Exception as error:  # timm and the hub raise whatever they like
                    line = " ".join(str(error).split())[:200]
                    raise InputError(f"expected weights that timm can load for {self.name}, found: {line}") from error
            if not hasattr(model, "forward_intermediates"):
                raise InputError(f"expected a timm model with forward_intermediates, found {self.name}")
            self._models[bands] = model.eval().requires_grad_(False).to(self.device)
        return self._models[bands]

    def fingerprint(self, sensor: str) -> str:
        return _digest(self.name, self._model(3))

    def statistics(self, sensor: str) -> tuple[Sequence[float], Sequence[float]]:
        table = sensors.get(sensor)
        if table.unit != "8-bit" or len(table.bands) != 3:
            raise InputError(f"expected RGB in 8 bits for the statistics of {self.name}, found {sensor}: "
                             "use --normalise task")  # fmt: skip
        return [255 * v for v in self._mean], [255 * v for v in self._std]

    def tokens(self, pixels: Tensor, sensor: str, present: Sequence[int]) -> Tensor:
        model = self._model(pixels.shape[1])
        last = model.forward_intermediates(pixels.to(self.device), indices=1, norm=True, output_fmt="NCHW",
                                           intermediates_only=True)[-1]  # fmt: skip
        return last.flatten(2).transpose(1, 2)  # (B, D, h, w) to (B, L, D)


class SatMAEBackbone:
    """SatMAE's encoder for groups of Sentinel-2 bands, from its published files. Raises InputError."""

    name = "SatMAE"

    def __init__(self, path: str | Path, device: torch.device | str = "cpu"):
        from training.satmae import load_satmae

        self.model, self.device = load_satmae(path).to(device), torch.device(device)
        self.input_px: int = self.model.input_px

    def fingerprint(self, sensor: str) -> str:
        if sensor != "sentinel-2":
            raise InputError(f"expected sentinel-2 for SatMAE, found {sensor}")
        return _digest(self.name, self.model)

    def statistics(self, sensor: str) -> tuple[Sequence[float], Sequence[float]]:
        raise InputError("expected --normalise task for SatMAE, found checkpoint: its file has no statistics")

    def tokens(self, pixels: Tensor, sensor: str, present: Sequence[int]) -> Tensor:
        return self.model(pixels.to(self.device), present)


def _digest(name: str, model: nn.Module) -> str:
    """SHA-256 over a name and the names, shapes and half-precision values of all weights."""
    digest = hashlib.sha256(name.encode())
    for key, value in sorted(model.state_dict().items()):
        digest.update(f"{key}{tuple(value.shape)}".encode())
        digest.update(value.detach().cpu().half().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _cached_weights(name: str) -> str | None:
    """The file of weights that an earlier download left, None where there is none."""
    import timm
    from huggingface_hub import try_to_load_from_cache

    config = timm.get_pretrained_cfg(name)
    if config is None or not config.hf_hub_id:
        return None
    repository = config.hf_hub_id if not config.hf_hub_id.endswith("/") else f"{config.hf_hub_id}{name}"
    for file in ("model.safetensors", "pytorch_model.bin"):
        path = try_to_load_from_cache(repository, config.hf_hub_filename or file)
        if isinstance(path, str):
            return path
    return None


# --- features ---------------------------------------------------------------------------------------------------


def statistics_of(backbone: Backbone, task: Task, normalise: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """(mean, deviation) a channel: the task's own, or the checkpoint's, for pixels in the sensor's canonical unit.

    Raises InputError where the pixels are plainly not in that unit.
    """
    if normalise == "task":
        return task.mean, task.std
    if normalise != "checkpoint":
        raise InputError(f"expected to normalise by task or checkpoint, found {normalise!r}")
    mean, std = (tuple(float(part[band]) for band in task.bands) for part in backbone.statistics(task.sensor))
    for name, m, s, own_m, own_s in zip(task.source_bands, mean, std, task.mean, task.std, strict=True):
        if abs(m - own_m) > 6 * s or not 0.02 < own_s / s < 50:
            unit = sensors.UNITS[sensors.get(task.sensor).unit]
            raise InputError(f"expected {task.name} in {unit} to normalise by the checkpoint (about {m:.4g}), found "
                             f"{own_m:.4g} in {name}: use --normalise task")  # fmt: skip
    return mean, std


class _Inputs(torch.utils.data.Dataset):
    """Samples as the backbone sees them: (C, input_px, input_px) and the label, flipped alike."""

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


def features(backbone: Backbone, task: Task, split: str, cache: Path | None = None, *, normalise: str = "task",
             flips: Flips = (False, False), batch: int = 32, workers: int = 0) -> Labelled:  # fmt: skip
    """(X, y) of a split. X: mean tokens (N, D) float32, for segment all tokens (N, L, D) float16. y: (N,) int64,
    (N, K) float32 for multilabel, (N, H, W) int16 with -1 where unlabelled for segment.

    In `cache` they are kept under the SHA-256 of all that decides them, and read from there the next time. Raises
    OfaError where a feature is not finite.
    """
    mean, std = statistics_of(backbone, task, normalise)
    decides = {
        "version": VERSION, "backbone": backbone.fingerprint(task.sensor), "task": task.key, "split": split,
        "sensor": task.sensor, "bands": task.bands, "mean": mean, "std": std, "flips": flips,
        "input_px": backbone.input_px, "kept": "tokens" if task.kind == "segment" else "mean token",
    }  # fmt: skip
    key = hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()
    paths = [cache / f"{task.name}-{split}-{key}.{part}.npy" for part in "xy"] if cache else []
    if paths and all(path.exists() for path in paths):
        # copy-on-write: nothing is read before it is used, and torch takes writable arrays only
        x, y = (np.load(path, mmap_mode="c", allow_pickle=False) for path in paths)
        return x, y
    if cache:
        cache.mkdir(parents=True, exist_ok=True)
    parts = [path.with_name(f".{path.name}.{os.getpid()}.part") for path in paths]
    try:
        x, y = _compute(backbone, task, _Inputs(task.splits[split], mean, std, backbone.input_px, flips),
                        f"features of {split}", parts[0] if parts else None, batch, workers)  # fmt: skip
        if paths:
            with parts[1].open("wb") as file:
                np.save(file, y, allow_pickle=False)
            for part, path in zip(parts, paths, strict=True):
                os.replace(part, path)
    finally:
        for part in parts:
            part.unlink(missing_ok=True)
    return x, y


@torch.inference_mode()
def _compute(backbone: Backbone, task: Task, inputs: _Inputs, text: str, path: Path | None, batch: int, workers: int
             ) -> Labelled:  # fmt: skip
    if not len(inputs):
        raise InputError(f"expected samples in every split of {task.name}, found none for {text}")
    # a generator of its own: the loader would otherwise draw from the global one
    loader = torch.utils.data.DataLoader(inputs, batch, num_workers=workers, collate_fn=_collate,
                                         generator=torch.Generator())  # fmt: skip
    x: NDArray | None = None
    labels, done, bar = [], 0, progress(None, text, len(inputs))
    for pixels, label in _one_line_errors(loader):
        tokens = backbone.tokens(pixels, task.sensor, task.bands)
        found = (tokens.half() if task.kind == "segment" else tokens.mean(1).float()).cpu().numpy()
        if not np.isfinite(found).all():
            raise OfaError(f"expected finite features of {task.name}, found others with {backbone.name}")
        if x is None:
            shape = (len(inputs), *found.shape[1:])
            x = np.lib.format.open_memmap(path, "w+", found.dtype, shape) if path else np.empty(shape, found.dtype)
        x[done : done + len(found)] = found
        labels.append(label)
        done += len(found)
        bar.update(len(found))
    bar.close()
    if isinstance(x, np.memmap):
        x.flush()
    assert x is not None
    dtype = {"classify": np.int64, "multilabel": np.float32, "segment": np.int16}[task.kind]
    return x, np.concatenate(labels).astype(dtype)


def _one_line_errors(loader: Iterable) -> Iterator[Any]:
    """What a loader gives. Its worker processes wrap the text of an error in their traceback: the last line is ours."""
    try:
        yield from loader
    except OfaError as error:
        line = (str(error).strip().splitlines() or [""])[-1]
        raise type(error)(line.rpartition("Error: ")[2] if "Traceback" in str(error) else line) from error


# --- heads: logistic regression ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Logistic:
    """Logistic regression on standardised features: softmax over classes, or one sigmoid a class for multilabel."""

    mean: NDArray  # (D,)
    scale: NDArray  # (D,)
    weight: NDArray  # (K, D)
    bias: NDArray  # (K,); -inf for a class that the train split does not have
    multilabel: bool
    strength: float  # scikit-learn's C
    converged: bool

    def scores(self, x: NDArray) -> NDArray[np.float64]:
        """(N, D) to probabilities (N, K)."""
        logits = ((x - self.mean) / self.scale) @ self.weight.T + self.bias
        if self.multilabel:
            return 1 / (1 + np.exp(-np.clip(logits, -700, 700)))
        odds = np.exp(logits - logits.max(1, keepdims=True))
        return odds / odds.sum(1, keepdims=True)

    def predict(self, x: NDArray) -> NDArray:
        """(N,) class numbers, or (N, K) of 0 and 1."""
        scores = self.scores(x)
        return (scores >= 0.5).astype(np.int64) if self.multilabel else scores.argmax(1)


def fit_logistic(train: Labelled, valid: Labelled, seed: int = 0, *, with_valid: bool = False,
                 strengths: Sequence[float] = STRENGTHS) -> Logistic:  # fmt: skip
    """Logistic regression by L-BFGS. Its strength is the smallest of those best on `valid` (by accuracy; micro F1 for
    multilabel), sought from the strongest penalty on until two in a row are worse than the best; then it is fitted anew
    on train, `with_valid` on both. The problem is convex: the seed changes nothing that can be seen.
    """
    x, y = np.asarray(train[0], np.float64), np.asarray(train[1])
    kind = "multilabel" if y.ndim == 2 else "classify"
    classes = y.shape[1] if y.ndim == 2 else int(max(y.max(), np.max(valid[1]))) + 1
    best, strength, worse = -1.0, strengths[0], 0
    warm: dict[int, Any] = {}
    for candidate in progress(sorted(strengths), "strength of the penalty"):
        model = _fit(x, y, classes, candidate, seed, warm)
        value = float(_values(kind, _counts(kind, model.scores(valid[0]), valid[1]).sum(0))[METRIC[kind]])
        worse = 0 if value > best else worse + (value < best)
        if value > best:
            best, strength = value, candidate
        if worse == 2:
            break
    if with_valid:
        x, y = np.concatenate([x, valid[0]]), np.concatenate([y, valid[1]])
    return _fit(x, y, classes, strength, seed, {})


def _fit(x: NDArray, y: NDArray, classes: int, strength: float, seed: int, warm: dict[int, Any]) -> Logistic:
    """`warm` keeps the models of weaker strengths, from which this one starts."""
    mean, scale = x.mean(0), x.std(0)
    scale = np.where(scale > 1e-9, scale, 1.0)
    z = (x - mean) / scale
    weight, bias = np.zeros((classes, x.shape[1])), np.full(classes, -np.inf)
    if y.ndim == 2:
        whole = True
        for k in progress(range(classes), "one against the rest"):
            if 0 < y[:, k].sum() < len(y):
                _, coefficients, intercept, converged = _lbfgs(z, y[:, k] > 0.5, strength, seed, warm, k)
                weight[k], bias[k], whole = coefficients[0], intercept[0], whole and converged
            elif y[:, k].any():
                bias[k] = np.inf
    elif len(there := np.unique(y)) == 1:
        bias[there], whole = 0.0, True
    else:
        there, coefficients, intercept, whole = _lbfgs(z, y, strength, seed, warm, 0)
        if len(there) == 2:  # scikit-learn keeps one row for two classes
            coefficients = np.concatenate([np.zeros_like(coefficients), coefficients])
            intercept = np.concatenate([np.zeros_like(intercept), intercept])
        weight[there], bias[there] = coefficients, intercept
    return Logistic(mean, scale, weight, bias, y.ndim == 2, strength, whole)


def _lbfgs(z: NDArray, y: NDArray, strength: float, seed: int, warm: dict[int, Any], key: int
           ) -> tuple[NDArray, NDArray, NDArray, bool]:  # fmt: skip
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    if key not in warm:
        warm[key] = LogisticRegression(tol=1e-5, max_iter=_MAX_ITERATIONS, warm_start=True, random_state=seed)
    model = warm[key].set_params(C=strength)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", ConvergenceWarning)
        model.fit(z, y)
    converged = not any(issubclass(w.category, ConvergenceWarning) for w in told)
    return model.classes_, model.coef_.copy(), model.intercept_.copy(), converged


# --- heads: trained by steps ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Recipe:
    """How a head is fitted. `optimizer` "" takes SGD for classes, AdamW for pixels; 0 takes a default of the recipe."""

    name: str = "fast"  # fast or paper
    optimizer: str = ""
    lr: float = 0.0
    epochs: int = 0
    batch: int = 64
    weight_decay: float = 0.0
    patience: int = 0  # epochs without a better validation score before it ends; 0: never
    augment: bool = False  # flips of the train split, drawn for each sample and epoch
    with_valid: bool = False  # logistic regression: fitted on train and validation once its strength is chosen

    def resolved(self, kind: str) -> "Recipe":
        """With the defaults filled in. Raises InputError."""
        if self.name not in ("fast", "paper") or self.optimizer not in ("", "sgd", "adamw"):
            found = f"{self.name}, {self.optimizer}"
            raise InputError(f"expected recipe fast or paper, optimizer sgd or adamw, found {found}")
        if self.logistic(kind):
            if self.augment or self.optimizer or self.lr or self.epochs:
                raise InputError("expected --recipe paper for augmentation, optimizer, rate or epochs, found fast")
            return self
        pixels, paper = kind == "segment", self.name == "paper"
        # the paper states two rates; 1e-2 is read as that of classes, 1e-4 as that of pixels
        return replace(
            self,
            optimizer=self.optimizer or ("adamw" if pixels else "sgd"),
            lr=self.lr or (1e-2 if not pixels else 1e-4 if paper else 2e-3),
            epochs=self.epochs or (50 if paper else 40),
            patience=self.patience or (0 if paper else 6),
        )

    def logistic(self, kind: str) -> bool:
        return self.name == "fast" and kind != "segment"


FAST, PAPER = Recipe(), Recipe("paper")


class TokenHead(nn.Module):
    """Batch normalisation and K linear scores: (B, D) to (B, K), or, with a size, (B, L, D) to (B, K, H, W) by bilinear
    up-sampling of the tokens' scores (a 1x1 convolution and up-sampling can change places)."""

    def __init__(self, width: int, classes: int):
        super().__init__()
        self.norm = nn.BatchNorm1d(width)
        self.linear = nn.Linear(width, classes)
        nn.init.normal_(self.linear.weight, std=0.01)
        nn.init.zeros_(self.linear.bias)

    def forward(self, x: Tensor, size_px: Sequence[int] = ()) -> Tensor:
        scores = self.linear(self.norm(x.flatten(0, -2))).unflatten(0, x.shape[:-1])
        if not size_px:
            return scores
        side = round(x.shape[1] ** 0.5)
        maps = scores.transpose(1, 2).unflatten(2, (side, side))  # (B, K, grid, grid)
        return F.interpolate(maps, size=tuple(size_px), mode="bilinear", align_corners=False)


_LOSS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "classify": F.cross_entropy,
    "multilabel": F.binary_cross_entropy_with_logits,
    # a batch without any labelled pixel has the loss 0, not NaN
    "segment": lambda scores, y: F.cross_entropy(scores, y.long(), ignore_index=-1, reduction="sum")
    / (y >= 0).sum().clamp_min(1),
}


def fit_steps(views: Sequence[Labelled], valid: Labelled, kind: str, classes: int, recipe: Recipe, seed: int,
              device: torch.device) -> tuple[TokenHead, int]:  # fmt: skip
    """(head, its epoch, from 1): trained on the train split, of which `views` are flipped versions; the epoch that is
    best on the validation split counts. The same seed gives the same head on a CPU."""
    count, width = len(views[0][0]), views[0][0].shape[-1]
    if kind == "segment" and round(views[0][0].shape[1] ** 0.5) ** 2 != views[0][0].shape[1]:
        raise InputError(f"expected a square grid of tokens to segment, found {views[0][0].shape[1]} tokens")
    rng = np.random.default_rng(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        head = TokenHead(width, classes).to(device)
    optimizer: torch.optim.Optimizer
    if recipe.optimizer == "sgd":
        optimizer = torch.optim.SGD(head.parameters(), recipe.lr, momentum=0.9, weight_decay=recipe.weight_decay)
    else:
        optimizer = torch.optim.AdamW(head.parameters(), recipe.lr, weight_decay=recipe.weight_decay)
    steps = recipe.epochs * len(_parts(count, recipe.batch))
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    best, state, chosen = -1.0, head.state_dict(), 0
    for epoch in progress(range(1, recipe.epochs + 1), "training the head"):
        order, view = rng.permutation(count), rng.integers(0, len(views), count)
        head.train()
        for part in _parts(count, recipe.batch):
            x, y = _pick(views, order[part], view[part], device)
            loss = _LOSS[kind](head(x, y.shape[1:] if kind == "segment" else ()), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        counts = sum(_counts(kind, s, y).sum(0) for s, y in head_scores(head, valid, kind, recipe.batch, device))
        value = float(_values(kind, np.asarray(counts))[METRIC[kind]])
        if value > best:
            best, chosen, state = value, epoch, copy.deepcopy(head.state_dict())
        if recipe.patience and epoch - chosen >= recipe.patience:
            break
    head.load_state_dict(state)
    return head.eval(), chosen


def _parts(count: int, batch: int) -> list[slice]:
    """Batches; a single sample left over joins the one before, since batch normalisation needs two."""
    starts = list(range(0, count, batch))
    if len(starts) > 1 and count - starts[-1] == 1:
        starts.pop()
    return [slice(a, b) for a, b in zip(starts, [*starts[1:], count], strict=True)]


def _pick(views: Sequence[Labelled], numbers: NDArray, view: NDArray, device: torch.device) -> tuple[Tensor, Tensor]:
    """A batch, each sample from its own view."""
    groups = [(v, np.sort(numbers[view == v])) for v in np.unique(view)]
    x = np.concatenate([views[v][0][rows] for v, rows in groups])
    y = np.concatenate([views[v][1][rows] for v, rows in groups])
    return torch.from_numpy(x).to(device).float(), torch.from_numpy(y).to(device)


def head_scores(head: TokenHead, data: Labelled, kind: str, batch: int, device: torch.device
                ) -> Iterator[tuple[NDArray, NDArray]]:  # fmt: skip
    """Probabilities (B, K) or (B, K, H, W) with labels, batch by batch."""
    head.eval()
    for start in range(0, len(data[0]), batch):
        x, y = (part[start : start + batch] for part in data)
        with torch.inference_mode():
            scores = head(torch.from_numpy(np.array(x)).to(device).float(), y.shape[1:] if kind == "segment" else ())
            scores = scores.sigmoid() if kind == "multilabel" else scores.softmax(1)
        yield scores.cpu().numpy(), y


# --- scores and their intervals ---------------------------------------------------------------------------------


def _counts(kind: str, scores: NDArray, y: NDArray) -> NDArray[np.float64]:
    """(N, K, 3): a sample's true positives, false positives and false negatives of each class. Every score here is a
    function of their sums, which is what makes bootstrapping cheap."""
    n, classes = scores.shape[:2]
    y = np.asarray(y)
    if kind == "multilabel":
        said, true = scores >= 0.5, y > 0.5
        return np.stack([said & true, said & ~true, ~said & true], 2).astype(np.float64)
    said, true = scores.argmax(1).reshape(n, -1), y.reshape(n, -1).astype(np.int64)
    known = true >= 0
    sample = np.broadcast_to(np.arange(n)[:, None], true.shape)

    def count(labels: NDArray, where: NDArray) -> NDArray:
        return np.bincount((sample * classes + labels)[where], minlength=n * classes).reshape(n, classes)

    positive = count(true, known & (said == true))
    return np.stack([positive, count(said, known) - positive, count(true, known) - positive], 2).astype(np.float64)


def _values(kind: str, counts: NDArray) -> dict[str, NDArray]:
    """Scores of summed counts (..., K, 3). Classes that neither occur nor are predicted count in no mean."""
    tp, fp, fn = np.moveaxis(counts, -1, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        f1, iou = 2 * tp / (2 * tp + fp + fn), tp / (tp + fp + fn)
        total, correct = (tp + fn).sum(-1), tp.sum(-1)
        micro = 2 * correct / (2 * tp + fp + fn).sum(-1)
        share = correct / total

    def mean(values: NDArray) -> NDArray:
        there = np.isfinite(values)
        return np.where(there, values, 0).sum(-1) / np.maximum(there.sum(-1), 1)

    if kind == "multilabel":
        return {"micro F1": np.nan_to_num(micro), "macro F1": mean(f1)}
    if kind == "segment":
        return {"mIoU": mean(iou), "pixel accuracy": np.nan_to_num(share)}
    return {"accuracy": np.nan_to_num(share), "macro F1": mean(f1)}


def _metrics(kind: str, classes: int) -> tuple[dict[str, Any], Any]:
    """torchmetrics' scores by name, and the one a class: recall, F1 or IoU."""
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


def evaluate(kind: str, classes: int, batches: Iterable[tuple[NDArray, NDArray]], seed: int = 0,
             resamples: int = RESAMPLES) -> tuple[dict[str, tuple[float, float, float]], list[float]]:  # fmt: skip
    """Scores by name as (value, low, high), and one a class, of probabilities (B, K[, H, W]) with labels. The interval
    holds 95 % of `resamples` draws of the samples (images) with replacement."""
    named, each = _metrics(kind, classes)
    rows, kept = [], []
    for scores, y in batches:
        target = torch.from_numpy(np.asarray(y).astype(np.int64))
        said = torch.from_numpy(np.ascontiguousarray(scores, np.float32))
        if kind != "multilabel":
            # numpy and torch may break ties differently; half precision of torchmetrics' tables is not wanted either
            said = torch.from_numpy(scores.argmax(1))
        for metric in (*named.values(), each):
            metric.update(said, target)
        rows.append(_counts(kind, scores, y))
        if kind == "multilabel":
            kept.append((scores, np.asarray(y)))
    counts = np.concatenate(rows)
    rng = np.random.default_rng(seed)
    weights = rng.multinomial(len(counts), np.full(len(counts), 1 / len(counts)), resamples).astype(np.float64)
    drawn = _values(kind, (weights @ counts.reshape(len(counts), -1)).reshape(resamples, classes, 3))
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
    """Micro-averaged average precision of resamples, given by how often they draw each sample."""
    from sklearn.metrics import average_precision_score

    flat, times = (y > 0.5).ravel().astype(int), y.shape[1]
    return np.array([average_precision_score(flat, scores.ravel(), sample_weight=np.repeat(w, times))
                     for w in progress(weights, "intervals")])  # fmt: skip


# --- the probe --------------------------------------------------------------------------------------------------


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


def probe(task: Task, backbone: Backbone, seed: int = 0, *, recipe: Recipe = FAST, cache: Path | None = None,
          normalise: str = "task", device: torch.device | str = "cpu", batch: int = 32, workers: int = 0
          ) -> Result:  # fmt: skip
    """The test score of a linear head on frozen features. `batch` images at a time go through the backbone; `device` is
    where heads are trained by steps. Raises InputError, OfaError."""
    started, kind, classes = time.monotonic(), task.kind, len(task.classes)
    recipe, device = recipe.resolved(kind), torch.device(device)

    def split(name: str, flips: Flips = (False, False)) -> Labelled:
        return features(backbone, task, name, cache, normalise=normalise, flips=flips, batch=batch, workers=workers)

    train, valid, test = split("train"), split("valid"), split("test")
    chosen: dict[str, Any]
    if recipe.logistic(kind):
        model = fit_logistic(train, valid, seed, with_valid=recipe.with_valid)
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
        "task": task.name, "kind": kind, "sensor": task.sensor, "source_bands": list(task.source_bands),
        "bands": [sensors.get(task.sensor).band_names[band] for band in task.bands],
        "samples": {name: len(part[0]) for name, part in (("train", train), ("valid", valid), ("test", test))},
        "backbone": backbone.name, "fingerprint": backbone.fingerprint(task.sensor), "input_px": backbone.input_px,
        "normalise": normalise, "seed": seed, **chosen, "recipe": asdict(recipe),
        "scores": {name: list(score) for name, score in scored.items()}, "notes": list(task.notes),
        "seconds": time.monotonic() - started,
    }  # fmt: skip
    metric = METRIC[kind]
    return Result(metric, *scored[metric], dict(zip(task.classes, each, strict=True)), facts)


def mean_result(results: Sequence[Result]) -> Result:
    """The mean over seeds; its interval has the mean ends, and facts["std"] is the deviation between seeds."""
    values = [r.value for r in results]
    per_class = {name: float(np.mean([r.per_class[name] for r in results])) for name in results[0].per_class}
    names = results[0].facts["scores"]
    scores = {name: np.mean([r.facts["scores"][name] for r in results], 0).tolist() for name in names}
    std = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
    facts = results[0].facts | {"scores": scores, "std": std, "values": values,
                                "seeds": [r.facts["seed"] for r in results]}  # fmt: skip
    return Result(results[0].metric, float(np.mean(values)), float(np.mean([r.low for r in results])),
                  float(np.mean([r.high for r in results])), per_class, facts)  # fmt: skip


# --- the command ------------------------------------------------------------------------------------------------


def table(result: Result) -> str:
    """For people, in percent."""
    facts, seeds = result.facts, len(result.facts["seeds"])
    lines = [f"{facts['task']}: {facts['backbone']}, {facts['head']}, normalised by the {facts['normalise']}",
             f"{facts['sensor']}: {', '.join(facts['source_bands'])}; "
             + ", ".join(f"{count} {name}" for name, count in facts["samples"].items()), ""]  # fmt: skip
    width = max(map(len, [*result.per_class, *facts["scores"]])) + 2
    for name, (value, low, high) in facts["scores"].items():
        lines.append(f"{name:{width}}{100 * value:6.2f}   {100 * low:.2f} to {100 * high:.2f}")
    if seeds > 1:
        lines.append(f"{result.metric} over {seeds} seeds: deviation {100 * facts['std']:.2f}")
    each = {"accuracy": "recall", "micro F1": "F1", "mIoU": "IoU"}[result.metric]
    if facts.get("converged") is False:
        lines.append(f"the fit was stopped after {_MAX_ITERATIONS} iterations")
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
    images.add_argument("--held-out", help="file of digests of the test images, or 'eurosat': the list that the "
                        "starter's pretraining leaves out [a fifth of each class]")  # fmt: skip
    images.add_argument("--sensor", default="naip", choices=list(sensors.SENSORS))
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
    fitting.add_argument("--normalise", default="task", choices=("task", "checkpoint"),
                         help="pixels by the task's statistics or by the checkpoint's, which needs the sensor's "
                         "canonical unit [task]")  # fmt: skip
    fitting.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"))
    fitting.add_argument("--image-batch", type=int, default=32, help="images at a time through the backbone [32]")
    fitting.add_argument("--workers", type=int, default=0, help="processes that read images [0]")


def recipe_of(told: argparse.Namespace) -> Recipe:
    for name in ("batch", "image_batch", "seeds"):
        if getattr(told, name) < 1:
            raise InputError(f"expected --{name.replace('_', '-')} of at least 1, found {getattr(told, name)}")
    return Recipe(told.recipe, told.optimizer, told.lr, told.epochs, told.batch, told.weight_decay,
                  augment=told.augment, with_valid=told.with_valid)  # fmt: skip


def architecture_of(told: argparse.Namespace) -> Architecture:
    size = SIZES[told.model]
    return Architecture(told.width or size.width, told.depth or size.depth, told.heads or size.heads,
                        input_px=told.input_px or size.input_px)  # fmt: skip


def _task(told: argparse.Namespace, seed: int) -> Task:
    if told.task:
        from training.geobench_reader import open_task

        return open_task(told.root, told.task, told.partition)
    try:
        bands = [None if part == "-" else int(part) for part in told.bands.split(",")] if told.bands else None
    except ValueError:
        raise InputError(f"expected --bands as in 4,3,2,-, found {told.bands!r}") from None
    return folder_task(told.root, per_class_train=told.per_class_train, per_class_valid=told.per_class_valid, seed=seed,
                       held_out=_held_out(told.held_out), sensor=told.sensor, bands=bands)  # fmt: skip


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
        recipe, device = recipe_of(told), device_of(told.device)
        backbone = _backbone(told, device)
        results = [probe(_task(told, seed), backbone(seed), seed, recipe=recipe, cache=told.cache,
                         normalise=told.normalise, device=device, batch=told.image_batch, workers=told.workers)
                   for seed in range(told.seeds)]  # fmt: skip
    except OfaError as error:
        print(f"training.linear_probe: {error}", file=sys.stderr)
        return error.exit_code
    result = mean_result(results)
    print(json.dumps(asdict(result) | {"machine": machine(device.type)}) if told.json else table(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
