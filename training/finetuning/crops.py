"""Batches of random crops with labels, drawn anew for each step from its number: a resumed run sees the same ones."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ofa_engine.core.sensors import get_sensor
from ofa_engine.model.ofanet import usable_bands
from ofa_engine.model.preprocess import normalise
from training.finetuning.dense_sets import GREY, UNLABELLED, DenseTask

_RAREST = 6.0  # largest weight of a class relative to the commonest one's
_DROP = 0.3  # share of batches without a task's optional bands
_SPARSE = 0.5  # with less of its pixels labelled, crops of a raster are laid around labelled ones


@dataclass(frozen=True)
class CropBatch:
    """Normalised pixels (B, C, S, S) of the embedder's bands `present`, and labels (B, S, S) int64."""

    pixels: Tensor
    labels: Tensor
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
    """

    def __init__(self, task: DenseTask, statistics: tuple[Sequence[float], Sequence[float]], batch: int, seed: int):
        self.task, self.statistics, self.batch, self.seed = task, statistics, batch, seed
        table = np.zeros(256)  # none for UNLABELLED
        table[: len(task.classes)] = class_weights(task)
        # rasters with much to learn from: large ones, and those with rare classes
        self.interest = np.array([table[labels].sum() ** 0.5 for labels in task.labels])
        self.sides = np.array([min(labels.shape) for labels in task.labels])
        self.targets = [_labelled_pixels(labels) for labels in task.labels]

    def draw(self, step: int) -> CropBatch:
        rng = np.random.default_rng([self.seed, step])
        side, factor = self.task.crops[rng.integers(len(self.task.crops))]
        interest = np.where(self.sides >= side * factor, self.interest, 0)
        chosen = rng.choice(len(interest), self.batch, p=interest / interest.sum())
        crops = [self._crop(rng, number, side, factor) for number in chosen]
        pixels = np.stack([image for image, _ in crops])
        labels = torch.from_numpy(np.stack([label for _, label in crops]).astype(np.int64))
        if self.task.as_picture:
            pixels = _as_picture(rng, pixels)
        pixels = _jitter(rng, pixels, self.task.sensor)
        present = usable_bands(self.task.sensor)
        if self.task.optional and rng.random() < _DROP:
            dropped = self.task.optional[rng.integers(len(self.task.optional))]
            present = tuple(band for band in present if band not in dropped)
        mean, std = ([values[i] for i in present] for values in self.statistics)
        values = torch.from_numpy(np.ascontiguousarray(pixels[:, list(present)], dtype=np.float32))
        return CropBatch(normalise(values, mean, std, in_place=True), labels, present)

    def _crop(self, rng: np.random.Generator, number: int, side: int, factor: int) -> tuple[NDArray, NDArray]:
        """One crop in one of its eight orientations: (image (C, side, side), labels (side, side))."""
        image, labels = self.task.images[number], self.task.labels[number]
        wide = side * factor
        y, x = (int(rng.integers(length - wide + 1)) for length in labels.shape)
        if self.targets[number]:
            pixels = self.targets[number][rng.integers(len(self.targets[number]))]  # of one class
            target = np.unravel_index(pixels[rng.integers(len(pixels))], labels.shape)
            inside = (int(at) - int(rng.integers(wide)) for at in target)
            y, x = (min(max(at, 0), length - wide) for at, length in zip(inside, labels.shape, strict=True))
        part = image[:, y : y + wide, x : x + wide].astype(np.float32)
        known = labels[y : y + wide, x : x + wide]
        if factor > 1:
            part = part.reshape(len(part), side, factor, side, factor).mean((2, 4))
            known = known[factor // 2 :: factor, factor // 2 :: factor]
        turns, mirrored = int(rng.integers(4)), rng.random() < 0.5
        part, known = np.rot90(part, turns, (1, 2)), np.rot90(known, turns)
        return (part[:, :, ::-1], known[:, ::-1]) if mirrored else (part, known)


def _labelled_pixels(labels: NDArray[np.uint8]) -> list[NDArray[np.int64]]:
    """Numbers of the labelled pixels by class, for a raster with few of them; for others nothing."""
    if (labels != UNLABELLED).mean() >= _SPARSE:
        return []
    return [np.flatnonzero(labels == value) for value in np.unique(labels[labels != UNLABELLED])]


def _as_picture(rng: np.random.Generator, reflectance: NDArray) -> NDArray:
    """Reflectance to grey values: half of the crops as the engine scales it, half stretched as pictures are."""
    count = len(reflectance)
    peak, gamma = rng.uniform(0.2, 0.5, (count, 1, 1, 1)), rng.uniform(1.0, 1.6, (count, 1, 1, 1))
    stretched = (255 * (reflectance / peak).clip(0, 1) ** (1 / gamma)).round()
    plain = rng.random((count, 1, 1, 1)) < 0.5
    return np.where(plain, reflectance * GREY, stretched)


def _jitter(rng: np.random.Generator, pixels: NDArray, sensor_id: str) -> NDArray:
    """Gain and offset per crop and per band, small: colour distinguishes classes. Decibel get offsets only."""
    shape = (len(pixels), pixels.shape[1], 1, 1)
    if get_sensor(sensor_id).unit == "db":
        speckle = rng.normal(0, 0.4, pixels.shape)
        return pixels + rng.normal(0, 0.8, (len(pixels), 1, 1, 1)) + rng.normal(0, 0.4, shape) + speckle
    gain = np.exp(rng.normal(0, 0.1, (len(pixels), 1, 1, 1)) + rng.normal(0, 0.04, shape))
    offset = rng.normal(0, 0.008, (len(pixels), 1, 1, 1)) + rng.normal(0, 0.004, shape)
    return pixels * gain + offset * (GREY if get_sensor(sensor_id).unit == "8-bit" else 1)
