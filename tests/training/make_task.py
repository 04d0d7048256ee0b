"""Tasks in memory whose labels can be seen in the pixels, for tests of linear probes."""

import numpy as np

from ofa_engine.model.ofanet import Architecture
from training.probes.task import ProbeTask

ARCH = Architecture(24, 2, 2, input_px=32)


class Memory:
    """A split in memory that counts how often it is read."""

    def __init__(self, samples):
        self.samples, self.reads = samples, 0

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, number):
        self.reads += 1
        return self.samples[number]


def sample(kind, classes, rng, size_px):
    """Grey level (classes) or grey stripes (pixels) say the class, in noise."""
    noise = rng.normal(0, 4, (3, size_px, size_px)).astype(np.float32)
    if kind == "classify":
        label = int(rng.integers(classes))
        return 60 + 60 * label + noise, label
    if kind == "multilabel":
        label = rng.integers(0, 2, classes).astype(np.float32)
        return 100 + noise + 80 * np.resize(label, 3)[:, None, None].astype(np.float32), label
    label = np.repeat(rng.permutation(np.resize(np.arange(classes), size_px // 16)), 16)
    label = np.broadcast_to(label, (size_px, size_px)).astype(np.int64).copy()
    pixels = (60 + 60 * label + noise).astype(np.float32)
    label[:2] = -1
    return pixels, label


def make_task(kind="classify", classes=3, count=40, seed=0, size_px=32, **changes):
    rng = np.random.default_rng(seed)
    splits = {
        name: Memory([sample(kind, classes, rng, size_px) for _ in range(count)]) for name in ("train", "valid", "test")
    }
    values = dict(
        name="made",
        kind=kind,
        classes=tuple("abcdefgh"[:classes]),
        sensor="naip",
        bands=(0, 1, 2),
        source_bands=("R", "G", "B"),
        mean=(120.0,) * 3,
        std=(60.0,) * 3,
        splits=splits,
        key=f"{kind}{seed}",
    )
    return ProbeTask(**(values | changes))
