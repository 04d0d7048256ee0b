"""A folder of images by class, ROOT/CLASS/*.jpg|png|tif, as the task of a linear probe."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ofa_engine.core.errors import InputError
from ofa_engine.core.sensors import get_sensor
from training.console import progress
from training.data.readers.held_out_chips import chip_digest
from training.data.readers.pixels import read_image
from training.data.readers.reader import UnusableSample, folder_names
from training.probes.task import ProbeTask, band_statistics

_SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff")
_STATISTICS_IMAGES = 2000  # at most, for mean and std


@dataclass(frozen=True)
class ImageSplit:
    """A split of image files; `bands` are the 1-based bands of the files, in the order of the task's channels."""

    files: tuple[Path, ...]
    labels: tuple[int, ...]
    bands: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, number: int) -> tuple[NDArray[np.float32], int]:
        path = self.files[number]
        try:
            return self._read(path).astype(np.float32), self.labels[number]
        except (OSError, ValueError, SyntaxError, UnusableSample) as error:  # what libraries raise for damaged images
            line = " ".join(str(error).split())[:200]
            raise InputError(f"expected an image of {max(self.bands)} bands, found: {path} ({line})") from error

    def _read(self, path: Path) -> NDArray:
        if path.suffix.lower() in (".tif", ".tiff"):
            from training.data.readers.rasters import read_raster

            return read_raster(path, self.bands)
        pixels = read_image(path)
        if len(pixels) < max(self.bands):
            raise UnusableSample(f"{len(pixels)} bands")
        return pixels[[band - 1 for band in self.bands]]


def folder_task(
    root: Path,
    *,
    per_class_train: int | None = None,
    per_class_valid: int = 50,
    seed: int = 0,
    held_out: frozenset[str] = frozenset(),
    test_share: float = 0.2,
    sensor: str = "naip",
    bands: Sequence[int | None] | None = None,
) -> ProbeTask:
    """A task from a folder with one sub-folder per class. Pixels stay in the files' own unit.

    Args:
        root: the folder.
        per_class_train: images per class of the train split, drawn by `seed`; None: all that are left.
        per_class_valid: the same of the validation split.
        seed: of the draw.
        held_out: digests (`chip_digest`) of the images of the test split; empty: a share of each class, drawn by the
            digests and thus the same for every seed.
        test_share: that share.
        sensor: whose embedder reads the images.
        bands: for each of the embedder's bands the 1-based band of the files, None where it is missing; None: 1, 2, 3,
            ...

    Raises:
        InputError: there are too few images of a class, or the bands do not fit the sensor.
    """
    bands = _file_bands(sensor, bands)
    present = tuple(i for i, band in enumerate(bands) if band)
    file_bands = tuple(band for band in bands if band)
    digests = _digests_by_class(root)
    classes = tuple(digests)
    images: dict[str, list[tuple[Path, int]]] = {"train": [], "valid": [], "test": []}
    for label, name in enumerate(classes):
        rng = np.random.default_rng((seed, label))
        parts = _draw(digests[name], held_out, test_share, per_class_train, per_class_valid, rng, name)
        for split, files in parts.items():
            images[split] += [(path, label) for path in files]
    splits = {
        split: ImageSplit(tuple(path for path, _ in pairs), tuple(label for _, label in pairs), file_bands)
        for split, pairs in images.items()
    }
    mean, std = _train_statistics(splits["train"])
    digest_of = {path: digest for files in digests.values() for path, digest in files}
    listed = [[split, label, digest_of[path]] for split, pairs in images.items() for path, label in pairs]
    missing = len(held_out - set(digest_of.values()))
    return ProbeTask(
        name=root.resolve().name,
        kind="classify",
        classes=classes,
        sensor=sensor,
        bands=present,
        source_bands=tuple(f"band {b}" for b in file_bands),
        mean=mean,
        std=std,
        splits=splits,
        key=hashlib.sha256(json.dumps([listed, classes, sensor, present, file_bands]).encode()).hexdigest(),
        notes=(f"{missing} of {len(held_out)} held-out images are missing",) if missing else (),
    )


def _file_bands(sensor: str, bands: Sequence[int | None] | None) -> tuple[int | None, ...]:
    """Raises InputError where their number is not the sensor's."""
    count = len(get_sensor(sensor).bands)
    bands = tuple(range(1, count + 1)) if bands is None else tuple(bands)
    if len(bands) != count or not any(bands):
        raise InputError(f"expected {count} bands of {sensor}, '-' where missing, found {bands}")
    return bands


def _train_statistics(train: ImageSplit) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """(mean, std) per band, from some images at regular intervals if there are many."""
    count = min(len(train), _STATISTICS_IMAGES)
    numbers = np.unique(np.linspace(0, len(train) - 1, count).round().astype(int)).tolist()
    return band_statistics(train[number][0] for number in progress(numbers, "statistics"))


def _digests_by_class(root: Path) -> dict[str, list[tuple[Path, str]]]:
    """The files with their digests by class, both in order of their names. Raises InputError."""
    if not root.is_dir():
        raise InputError(f"expected a folder of images by class, found none at {root}")
    files = {
        name: sorted(p for p in (root / name).iterdir() if p.suffix.lower() in _SUFFIXES and p.is_file())
        for name in folder_names(root)
    }
    files = {name: paths for name, paths in files.items() if paths}
    if len(files) < 2:
        raise InputError(f"expected CLASS/*.jpg|png|tif of at least two classes in {root}, found {len(files)}")
    bar = progress(None, "digests of files", sum(map(len, files.values())))
    digests: dict[str, list[tuple[Path, str]]] = {}
    for name, paths in files.items():
        digests[name] = [(path, chip_digest(path)) for path in paths]
        bar.update(len(paths))
    bar.close()
    return digests


def _draw(
    files: list[tuple[Path, str]],
    held_out: frozenset[str],
    test_share: float,
    train: int | None,
    valid: int,
    rng: np.random.Generator,
    name: str,
) -> dict[str, list[Path]]:
    """One class's files by split."""
    if held_out:
        test = {digest for _, digest in files} & held_out
    else:  # digests serve as random numbers that depend neither on the seed nor on other files
        test = {digest for _, digest in files if int(digest, 16) < test_share * 16 ** len(digest)}
    rest = [path for path, digest in files if digest not in test]
    need = valid + (train or 1)
    if len(rest) < need or not test:
        raise InputError(
            f"expected a test image and {need} others of class {name}, found {len(files) - len(rest)} "
            f"and {len(rest)}: choose fewer per class"
        )
    order = [rest[i] for i in rng.permutation(len(rest))]
    parts = {"valid": order[:valid], "train": order[valid:][:train]}
    return {split: sorted(paths) for split, paths in parts.items()} | {"test": [p for p, d in files if d in test]}
