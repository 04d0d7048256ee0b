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
from training.data.readers.readers import Unusable, folder_names, read_image
from training.data.readers.readers_starter import chip_digest
from training.pretraining.report import progress
from training.probes.task import Task, moments

_ENDINGS = (".jpg", ".jpeg", ".png", ".tif", ".tiff")
_MOST_MEASURED = 2000  # images that mean and deviation are taken from


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
            from training.data.readers.readers_raster import read_raster

            return read_raster(path, self.bands)
        pixels = read_image(path)
        if len(pixels) < max(self.bands):
            raise Unusable(f"{len(pixels)} bands")
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
) -> Task:
    """Sub-folders of `root` as classes. The test split is the files whose `chip_digest` is in `held_out`; without that
    list a share of each class by their digests, the same for every `seed`. Train (None: all that are left) and
    validation are drawn by `seed` from the others. `bands`: the files' 1-based band of each embedder band, None where
    it is missing. Pixels stay in the files' own unit; mean and deviation are those of the train split.

    Raises InputError where a class has too few images.
    """
    table = get_sensor(sensor)
    bands = tuple(range(1, len(table.bands) + 1)) if bands is None else tuple(bands)
    if len(bands) != len(table.bands) or not any(bands):
        raise InputError(f"expected {len(table.bands)} bands of {sensor}, '-' where missing, found {bands}")
    there = tuple(i for i, band in enumerate(bands) if band)
    source = tuple(band for band in bands if band)
    classes, digests = _listed(root)
    chosen: dict[str, list[tuple[Path, int]]] = {"train": [], "valid": [], "test": []}
    for label, name in enumerate(classes):
        for split, files in _draw(
            digests[name],
            held_out,
            test_share,
            per_class_train,
            per_class_valid,
            np.random.default_rng((seed, label)),
            name,
        ).items():
            chosen[split] += [(path, label) for path in files]
    splits = {
        split: Images(tuple(path for path, _ in pairs), tuple(label for _, label in pairs), source)
        for split, pairs in chosen.items()
    }
    train = splits["train"]
    some = np.unique(np.linspace(0, len(train) - 1, min(len(train), _MOST_MEASURED)).round().astype(int)).tolist()
    mean, std = moments(train[number][0] for number in progress(some, "statistics"))
    digest_of = {path: digest for files in digests.values() for path, digest in files}
    listed = [[split, label, digest_of[path]] for split, pairs in chosen.items() for path, label in pairs]
    key = hashlib.sha256(json.dumps([listed, classes, sensor, there, source]).encode()).hexdigest()
    found = held_out & set(digest_of.values())
    missing = len(held_out) - len(found)
    notes = [f"{missing} of {len(held_out)} held-out images are not there"] if missing else []
    return Task(
        root.resolve().name,
        "classify",
        classes,
        sensor,
        there,
        tuple(f"band {b}" for b in source),
        mean,
        std,
        splits,
        key,
        tuple(notes),
    )


def _listed(root: Path) -> tuple[tuple[str, ...], dict[str, list[tuple[Path, str]]]]:
    """Classes and, of each, the files with their digests, by name. Raises InputError."""
    if not root.is_dir():
        raise InputError(f"expected a folder of images by class, found none at {root}")
    files = {
        name: sorted(p for p in (root / name).iterdir() if p.suffix.lower() in _ENDINGS and p.is_file())
        for name in folder_names(root)
    }
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
    else:  # digests are as good as random numbers, and do not change with the seed or with files added
        test = {digest for _, digest in files if int(digest, 16) < test_share * 16 ** len(digest)}
    rest = [path for path, digest in files if digest not in test]
    need = valid + (train or 1)
    if len(rest) < need or not test:
        raise InputError(
            f"expected a test image and {need} others of class {name}, found {len(files) - len(rest)} "
            f"and {len(rest)}: ask for fewer a class"
        )
    order = [rest[i] for i in rng.permutation(len(rest))]
    parts = {"valid": order[:valid], "train": order[valid:][:train]}
    return {split: sorted(paths) for split, paths in parts.items()} | {"test": [p for p, d in files if d in test]}
