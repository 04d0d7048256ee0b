"""Batches of random crops with labels, drawn anew for each step from its number: a resumed run sees the same ones.

Random numbers are drawn on the CPU; the crops are cut there, or on a GPU where the rasters lie there, with the same
numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ofa_engine.core.sensors import get_sensor
from ofa_engine.model.preprocess import normalise
from training.finetuning.dense_sets import GREY, UNLABELLED, DenseTask

_RAREST = 6.0  # largest weight of a class relative to the commonest one's
_DROP = 0.3  # share of batches without a task's optional bands
CPU = torch.device("cpu")
_SPARSE = 0.5  # with less of its pixels labelled, crops of a raster are laid around labelled ones


@dataclass(frozen=True)
class CropBatch:
    """Normalised pixels (B, C, S, S) of the embedder's bands `present`, and labels (B, S, S) int64."""

    pixels: Tensor
    labels: Tensor
    present: tuple[int, ...]


@dataclass(frozen=True)
class CropDraws:
    """All that is random about a batch.

    Attributes:
        side, factor: of the crops in px, and how many pixels along a side are averaged into one.
        crops: of each the raster, its corner's y and x, quarter turns, and whether it is mirrored.
        picture: white point, gamma and whether it is left plain, (B, 1, 1, 1) each; None for what is no picture.
        gain: factors of the values, (B, C, 1, 1); None for decibel.
        offsets: added to the values, broadcast to (B, C, S, S), one after the other.
        present: 0-based embedder bands of the batch.
    """

    side: int
    factor: int
    crops: list[tuple[int, int, int, int, bool]]
    picture: tuple[NDArray, NDArray, NDArray] | None
    gain: NDArray | None
    offsets: tuple[NDArray, ...]
    present: tuple[int, ...]


def class_weights(task: DenseTask) -> NDArray[np.float64]:
    """(K,) weights in the loss: one over the root of a class's share, limited; 0 for a class without pixels."""
    counts = task.class_pixels().astype(float)
    weights = np.sqrt(counts.max() / np.maximum(counts, 1)).clip(max=_RAREST)
    return np.where(counts > 0, weights, 0.0)


class CropSampler:
    """Draws crops of one task.

    Args:
        task: the labelled rasters.
        statistics: (mean, std) per band in the canonical unit.
        batch: crops per batch.
        seed: of all draws.
        device: where crops are cut; the rasters are copied there once.
    """

    def __init__(
        self,
        task: DenseTask,
        statistics: tuple[Sequence[float], Sequence[float]],
        batch: int,
        seed: int,
        device: torch.device = CPU,
    ):
        self.task, self.statistics, self.batch, self.seed = task, statistics, batch, seed
        self._rasters = None if device.type == "cpu" else DeviceRasters(task, device)
        table = np.zeros(256)  # none for UNLABELLED
        table[: len(task.classes)] = class_weights(task)
        # rasters with much to learn from: large ones, and those with rare classes
        self.interest = np.array([table[labels].sum() ** 0.5 for labels in task.labels])
        self.sides = np.array([min(labels.shape) for labels in task.labels])
        self.targets = [_labelled_pixels(labels) for labels in task.labels]

    def draw(self, step: int) -> CropBatch:
        """The batch of a step, on the sampler's device."""
        draws = self.random_draws(step)
        pixels, labels = self._rasters.cut(draws) if self._rasters else self._cut(draws)
        mean, std = ([values[i] for i in draws.present] for values in self.statistics)
        return CropBatch(normalise(pixels, mean, std, in_place=True), labels, draws.present)

    def random_draws(self, step: int) -> CropDraws:
        rng = np.random.default_rng([self.seed, step])
        side, factor = self.task.crops[rng.integers(len(self.task.crops))]
        interest = np.where(self.sides >= side * factor, self.interest, 0)
        chosen = rng.choice(len(interest), self.batch, p=interest / interest.sum())
        crops = [self._place(rng, int(number), side * factor) for number in chosen]
        picture = _picture_draws(rng, self.batch) if self.task.as_picture else None
        gain, offsets = _jitter_draws(rng, (self.batch, self.task.bands, side, side), self.task.sensor)
        present = get_sensor(self.task.sensor).usable_bands
        if self.task.optional and rng.random() < _DROP:
            dropped = self.task.optional[rng.integers(len(self.task.optional))]
            present = tuple(band for band in present if band not in dropped)
        return CropDraws(side, factor, crops, picture, gain, offsets, present)

    def _place(self, rng: np.random.Generator, number: int, wide: int) -> tuple[int, int, int, int, bool]:
        shape = self.task.labels[number].shape
        y, x = (int(rng.integers(length - wide + 1)) for length in shape)
        if self.targets[number]:
            pixels = self.targets[number][rng.integers(len(self.targets[number]))]  # of one class
            target = np.unravel_index(pixels[rng.integers(len(pixels))], shape)
            inside = (int(at) - int(rng.integers(wide)) for at in target)
            y, x = (min(max(at, 0), length - wide) for at, length in zip(inside, shape, strict=True))
        return number, y, x, int(rng.integers(4)), bool(rng.random() < 0.5)

    def _cut(self, draws: CropDraws) -> tuple[Tensor, Tensor]:
        """Values (B, C, side, side) float32 and labels (B, side, side) int64."""
        crops = [self._crop(draws, *place) for place in draws.crops]
        pixels = np.stack([image for image, _ in crops])
        labels = torch.from_numpy(np.stack([label for _, label in crops]).astype(np.int64))
        if draws.picture:
            pixels = _as_picture(pixels, *draws.picture)
        if draws.gain is not None:
            pixels = pixels * draws.gain
        for offset in draws.offsets:
            pixels = pixels + offset
        values = np.ascontiguousarray(pixels[:, list(draws.present)], dtype=np.float32)
        return torch.from_numpy(values), labels

    def _crop(
        self, draws: CropDraws, number: int, y: int, x: int, turns: int, mirrored: bool
    ) -> tuple[NDArray, NDArray]:
        """One crop in one of its eight orientations: (image (C, side, side), labels (side, side))."""
        image, labels, side, factor = self.task.images[number], self.task.labels[number], draws.side, draws.factor
        wide = side * factor
        part = image[:, y : y + wide, x : x + wide].astype(np.float32)
        known = labels[y : y + wide, x : x + wide]
        if factor > 1:
            part = part.reshape(len(part), side, factor, side, factor).mean((2, 4))
            known = known[factor // 2 :: factor, factor // 2 :: factor]
        part, known = np.rot90(part, turns, (1, 2)), np.rot90(known, turns)
        return (part[:, :, ::-1], known[:, ::-1]) if mirrored else (part, known)


class DeviceRasters:
    """A task's rasters in the memory of a GPU, where crops are cut as on the CPU: the same up to rounding."""

    def __init__(self, task: DenseTask, device: torch.device):
        self.device = device
        self.images = [torch.from_numpy(image).to(device) for image in task.images]
        self.labels = [torch.from_numpy(labels).to(device) for labels in task.labels]

    def cut(self, draws: CropDraws) -> tuple[Tensor, Tensor]:
        """Values (B, C, side, side) float32 and labels (B, side, side) int64."""
        crops = [self._crop(draws, *place) for place in draws.crops]
        pixels, labels = (torch.stack(parts) for parts in zip(*crops, strict=True))
        if draws.picture:
            peak, gamma, plain = (self._there(values) for values in draws.picture)
            stretched = (255 * (pixels / peak).clamp(0, 1) ** (1 / gamma)).round()
            pixels = torch.where(plain.bool(), pixels * GREY, stretched)
        if draws.gain is not None:
            pixels = pixels * self._there(draws.gain)
        for offset in draws.offsets:
            pixels = pixels + self._there(offset)
        return pixels[:, list(draws.present)].contiguous(), labels.long()

    def _there(self, values: NDArray) -> Tensor:
        return torch.from_numpy(values.astype(np.float32)).to(self.device, non_blocking=True)

    def _crop(self, draws: CropDraws, number: int, y: int, x: int, turns: int, mirrored: bool) -> tuple[Tensor, Tensor]:
        side, factor = draws.side, draws.factor
        wide = side * factor
        part = self.images[number][:, y : y + wide, x : x + wide].float()
        known = self.labels[number][y : y + wide, x : x + wide]
        if factor > 1:
            part = part.reshape(len(part), side, factor, side, factor).mean((2, 4))
            known = known[factor // 2 :: factor, factor // 2 :: factor]
        part, known = part.rot90(turns, (1, 2)), known.rot90(turns, (0, 1))
        return (part.flip(2), known.flip(1)) if mirrored else (part, known)


def _labelled_pixels(labels: NDArray[np.uint8]) -> list[NDArray[np.int64]]:
    """Numbers of the labelled pixels by class, for a raster with few of them; for others nothing."""
    if (labels != UNLABELLED).mean() >= _SPARSE:
        return []
    return [np.flatnonzero(labels == value) for value in np.unique(labels[labels != UNLABELLED])]


def _picture_draws(rng: np.random.Generator, count: int) -> tuple[NDArray, NDArray, NDArray]:
    peak, gamma = rng.uniform(0.2, 0.5, (count, 1, 1, 1)), rng.uniform(1.0, 1.6, (count, 1, 1, 1))
    return peak, gamma, rng.random((count, 1, 1, 1)) < 0.5


def _as_picture(reflectance: NDArray, peak: NDArray, gamma: NDArray, plain: NDArray) -> NDArray:
    """Reflectance to grey values: half of the crops as the engine scales it, half stretched as pictures are."""
    stretched = (255 * (reflectance / peak).clip(0, 1) ** (1 / gamma)).round()
    return np.where(plain, reflectance * GREY, stretched)


def _jitter_draws(
    rng: np.random.Generator, size: tuple[int, int, int, int], sensor_id: str
) -> tuple[NDArray | None, tuple[NDArray, ...]]:
    """Gain and offset per crop and per band, small: colour distinguishes classes. Decibel get offsets only."""
    crop, band = (size[0], 1, 1, 1), (*size[:2], 1, 1)
    if get_sensor(sensor_id).unit == "db":
        speckle = rng.normal(0, 0.4, size)
        return None, (rng.normal(0, 0.8, crop), rng.normal(0, 0.4, band), speckle)
    gain = np.exp(rng.normal(0, 0.1, crop) + rng.normal(0, 0.04, band))
    offset = rng.normal(0, 0.008, crop) + rng.normal(0, 0.004, band)
    return gain, (offset * (GREY if get_sensor(sensor_id).unit == "8-bit" else 1),)
