"""GEO-Bench (Lacoste et al. 2023) as tasks of linear probes, from its own files and without its package.

A task's folder holds one HDF5 file a sample, `task_specs.pkl`, `band_stats.json` and partitions. Band data are plain
HDF5; classes and labels are pickles, read by `safe_pickle`. Band names of two tasks are wrong in the data set; the
table below gives the true ones.
"""

import hashlib
import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from ofa_engine.core.errors import InputError
from ofa_engine.core.sensors import get_sensor
from training.probes.safe_pickle import Array, Scalar, read_pickle_file, read_pickle_text
from training.probes.task import Task, moments

# --- the twelve tasks ---------------------------------------------------------------------------------------------

_STORED = (
    "01 - Coastal aerosol",
    "02 - Blue",
    "03 - Green",
    "04 - Red",
    "05 - Vegetation Red Edge",
    "06 - Vegetation Red Edge",
    "07 - Vegetation Red Edge",
    "08 - NIR",
    "08A - Vegetation Red Edge",
    "09 - Water vapour",
    "10 - SWIR - Cirrus",
    "11 - SWIR",
    "12 - SWIR",
)


def _sentinel_2(true_order: str) -> dict[str, str]:
    """Embedder band -> stored name, for the bands that the thirteen stored names truly hold, in their order."""
    return dict(zip(true_order.split(), _STORED, strict=True))


_S2 = _sentinel_2("B1 B2 B3 B4 B5 B6 B7 B8 B8A B9 B10 B11 B12")
_RGB = {"R": "Red", "G": "Green", "B": "Blue"}
_WRONG_NAMES = "the data's band names are wrong from the ninth band on; bands are taken by their true order"


@dataclass(frozen=True)
class Source:
    """What a task's files hold: `names` is the stored name of each band of `sensor`'s embedder that there is."""

    kind: str
    classes: int
    sensor: str
    names: dict[str, str]
    note: str = ""
    folder: str = ""  # where it is not the paper's name

    @property
    def bands(self) -> tuple[int, ...]:
        """0-based embedder bands, rising."""
        return tuple(i for i, name in enumerate(get_sensor(self.sensor).band_names) if name in self.names)

    @property
    def source_bands(self) -> tuple[str, ...]:
        band_names = get_sensor(self.sensor).band_names
        return tuple(self.names[band_names[i]] for i in self.bands)


TASKS: dict[str, Source] = {  # in the order of the paper's tables 1 and 2
    "m-bigearthnet": Source("multilabel", 43, "sentinel-2", _S2),
    "m-forestnet": Source(
        "classify",
        12,
        "sentinel-2",
        {
            "B2": "02 - Blue",
            "B3": "03 - Green",
            "B4": "04 - Red",
            "B8": "05 - NIR",
            "B11": "06 - SWIR1",
            "B12": "07 - SWIR2",
        },
        "Landsat 8 bands stand in for their Sentinel-2 twins (3,2,1,-,-,-,4,5,6)",
    ),
    # True order of the exported bands: kiln-scaling, notebooks/get_images.ipynb; the last three are a colour picture
    "m-brick-kiln": Source(
        "classify",
        2,
        "sentinel-2",
        _sentinel_2("B1 B2 B3 B4 B5 B7 B8A B8 B11 B12 red green blue"),
        _WRONG_NAMES.replace("ninth", "sixth"),
    ),
    "m-pv4ger": Source("classify", 2, "naip", _RGB),
    "m-so2sat": Source("classify", 17, "sentinel-2", _S2),
    # True order: EuroSAT's own files have B8A last
    "m-eurosat": Source(
        "classify", 10, "sentinel-2", _sentinel_2("B1 B2 B3 B4 B5 B6 B7 B8 B9 B10 B11 B12 B8A"), _WRONG_NAMES
    ),
    "m-pv4ger-seg": Source("segment", 2, "naip", _RGB),
    "m-nz-cattle": Source("segment", 2, "naip", _RGB),
    "m-NeonTree": Source("segment", 2, "naip", _RGB),
    "m-cashew-plantation": Source("segment", 7, "sentinel-2", _S2, folder="m-cashew-plant"),
    "m-SA-crop-type": Source("segment", 10, "sentinel-2", _S2),
    "m-chesapeake-landcover": Source("segment", 7, "gaofen", {**_RGB, "NIR": "NearInfrared"}),
}
SPLITS = ("train", "valid", "test")
_KINDS = {
    "Classification": "classify",
    "MultiLabelClassification": "multilabel",
    "SegmentationClasses": "segment",
    "SemanticSegmentation": "segment",
}
_UNLABELLED = (-1, 255)  # of a raster of labels; the published tasks define none and count every class


def available(root: Path) -> list[str]:
    """Names of the tasks that have a folder with a partition under `root`, in the paper's order."""
    return [name for name in TASKS if any(f.glob("*_partition.json") for f in _folders(root, name))]


def open_task(root: Path, name: str, partition: str = "default") -> Task:
    """A task of GEO-Bench under `root`, which is $GEO_BENCH_DIR or a folder in it. Samples are read when asked for.

    `partition` is "default" or e.g. "0.01x_train". Samples that it names and that are not there are left out, and
    counted in the notes. Raises InputError where a file is missing, damaged, unsafe or not the task's.
    """
    if name not in TASKS:
        raise InputError(f"expected a task out of {', '.join(TASKS)}, found {name!r}")
    source = TASKS[name]
    folder = next(iter(_folders(root, name)), None)
    if folder is None:
        have = ", ".join(available(root)) or "none"
        raise InputError(f"expected the folder {source.folder or name} of GEO-Bench in {root}, found tasks: {have}")
    notes = [source.note] if source.note else []
    missing = [b for i, b in enumerate(get_sensor(source.sensor).band_names) if i not in source.bands]
    if missing:
        notes.append(f"bands missing in the data: {', '.join(missing)}")
    names, sizes = _sample_names(folder, partition, notes)
    first = next(folder / f"{n}.hdf5" for split in SPLITS for n in names[split])
    with _File(first) as file:
        unused = sorted(set(file.keys) - {*source.source_bands, "label"})
    if unused:
        notes.append(f"not used: {', '.join(unused)}")
    classes = _classes(folder, source, first, notes)
    splits = {split: HDF5Split(folder, names[split], source, len(classes)) for split in SPLITS}
    mean, std = _statistics(folder, source, splits["train"], notes)
    digest = hashlib.sha256(json.dumps([names, sizes, source.source_bands, mean, std]).encode()).hexdigest()
    return Task(
        name,
        source.kind,
        classes,
        source.sensor,
        source.bands,
        source.source_bands,
        mean,
        std,
        splits,
        f"{name}-{partition}-{digest[:16]}",
        tuple(notes),
    )


def _folders(root: Path, name: str) -> list[Path]:
    """Where the task's folder is: in `root`, or in classification_v1.0 and the like there."""
    places = [Path(root), *sorted(path for path in Path(root).glob("*_v*") if path.is_dir())]
    folders = [place / n for place in places for n in (TASKS[name].folder or name, name)]
    return [folder for folder in dict.fromkeys(folders) if folder.is_dir()]


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"expected a JSON file of GEO-Bench, found: {path} ({error})") from error


def _sample_names(folder: Path, partition: str, notes: list[str]) -> tuple[dict[str, list[str]], list[int]]:
    """Names of the samples that are there, a split, and their sizes in bytes."""
    known = sorted(path.name.removesuffix("_partition.json") for path in folder.glob("*_partition.json"))
    if partition not in known:
        raise InputError(f"expected a partition out of {', '.join(known) or 'none'} in {folder}, found {partition!r}")
    wanted = _json(folder / f"{partition}_partition.json")
    if not isinstance(wanted, dict) or not all(isinstance(wanted.get(split), list) for split in SPLITS):
        raise InputError(f"expected lists train, valid and test in {folder / partition}_partition.json")
    with os.scandir(folder) as entries:
        there = {entry.name[:-5]: entry.stat().st_size for entry in entries if entry.name.endswith(".hdf5")}
    names = {split: [n for n in wanted[split] if isinstance(n, str) and n in there] for split in SPLITS}
    for split in SPLITS:
        if gone := len(wanted[split]) - len(names[split]):
            notes.append(f"{gone} of {len(wanted[split])} {split} samples are not on disk and were left out")
    if not any(names.values()):
        raise InputError(f"expected samples of the partition {partition} in {folder}, found none of them")
    return names, [there[n] for split in SPLITS for n in names[split]]


def _classes(folder: Path, source: Source, first: Path, notes: list[str]) -> tuple[str, ...]:
    """Names of the classes, or their numbers, from the specifications or else from a sample; their kind is checked."""
    path = folder / "task_specs.pkl"
    label = None
    if path.exists():
        specs = read_pickle_file(path)
        label = getattr(specs, "label_type", None)
        bands = getattr(specs, "bands_info", None)
        stored = _texts([getattr(band, "name", None) for band in bands] if isinstance(bands, list) else None)
        if stored and not set(source.source_bands) <= set(stored):
            raise InputError(f"expected bands {', '.join(source.source_bands)} in {path}, found {', '.join(stored)}")
    elif source.kind == "segment":
        with _File(first) as file:
            facts = file.facts().get(file.keys.get("label", ""))
            label = facts.get("band_info") if isinstance(facts, dict) else None
    if label is None:
        notes.append("the data do not say their classes; their published number is taken")
        return tuple(map(str, range(source.classes)))
    kind, count = _KINDS.get(type(label).__name__), getattr(label, "n_classes", None)
    if kind != source.kind or not isinstance(count, int) or count < 2:
        raise InputError(
            f"expected a {source.kind} task of {source.classes} classes in {folder}, found labels of type "
            f"{type(label).__name__}: is this another task or version?"
        )
    if count != source.classes:
        notes.append(f"the data have {count} classes, the published task {source.classes}")
    names = _texts(getattr(label, "_class_names", None) or getattr(label, "class_name", None))
    if names and len(names) != count:
        raise InputError(f"expected {count} class names in {folder}, found {len(names)}")
    return names or tuple(map(str, range(count)))


def _texts(values: Any) -> tuple[str, ...]:
    """The texts in a list that a pickle held; none where it is not a list of texts."""
    plain = isinstance(values, (list, tuple)) and all(isinstance(value, str) for value in values)
    return tuple(values) if plain else ()


def _statistics(
    folder: Path, source: Source, train: "HDF5Split", notes: list[str]
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation a band, in the data's own unit: the task's file, or else its training samples."""
    path = folder / "band_stats.json"
    known = _json(path) if path.exists() else {}
    try:
        mean, std = ([float(known[band][what]) for band in source.source_bands] for what in ("mean", "std"))
        if not np.isfinite([mean, std]).all():
            raise ValueError
    except (KeyError, TypeError, ValueError):
        if not len(train):
            raise InputError(f"expected band_stats.json or training samples in {folder}, found neither") from None
        notes.append(f"means and deviations were computed from {len(train)} training samples")
        return moments(train.pixels(number) for number in range(len(train)))
    return tuple(mean), tuple(value if value > 0 else 1.0 for value in std)


# --- samples ------------------------------------------------------------------------------------------------------


class HDF5Split:
    """The samples of one split, by number, as `task.Split` says; each is opened when it is asked for."""

    def __init__(self, folder: Path, names: Sequence[str], source: Source, classes: int):
        self.folder, self.names, self.source, self.classes = folder, list(names), source, classes

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, number: int) -> tuple[NDArray[np.float32], Any]:
        """Pixels (C, H, W) in the data's unit and the label. Raises IndexError, InputError."""
        with _File(self._path(number)) as file:
            pixels = file.pixels(self.source.source_bands)
            if self.source.kind == "segment":
                return pixels, file.label_raster(self.classes, pixels.shape[1:])
            return pixels, file.label(self.classes, self.source.kind == "multilabel")

    def pixels(self, number: int) -> NDArray[np.float32]:
        """The pixels alone."""
        with _File(self._path(number)) as file:
            return file.pixels(self.source.source_bands)

    def _path(self, number: int) -> Path:
        if not 0 <= number < len(self.names):
            raise IndexError(f"expected a sample number below {len(self.names)}, found {number}")
        return self.folder / f"{self.names[number]}.hdf5"


class _File:
    """One sample's file. `keys` maps band names, without the date that some carry, to names of datasets."""

    def __init__(self, path: Path):
        self.path = path

    def __enter__(self) -> "_File":
        try:
            self.file = h5py.File(self.path, "r")
        except OSError as error:
            raise InputError(f"expected a GEO-Bench sample in HDF5, found: {self.path} ({error})") from error
        self.keys: dict[str, str] = {}
        for key in self.file:
            self.keys[re.sub(r"_\d{4}-\d\d-\d\d$", "", str(key))] = str(key)
        if len(self.keys) < len(self.file):
            self.file.close()
            raise InputError(f"expected each band once, found several dates of one band in {self.path}")
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def _plane(self, name: str) -> NDArray:
        """(H, W) in the stored data type."""
        if name not in self.keys:
            raise InputError(f"expected {name!r} in {self.path}, found {', '.join(self.keys)}")
        try:
            values = self.file[self.keys[name]][()]
        except (OSError, KeyError, TypeError) as error:
            raise InputError(f"expected {name!r} to be readable in {self.path}, found: {error}") from error
        values = values[..., 0] if np.ndim(values) == 3 and values.shape[2] == 1 else values
        if np.ndim(values) != 2 or not values.size or values.dtype.kind not in "biuf":
            raise InputError(f"expected {name!r} as a plane of numbers in {self.path}, found {np.shape(values)}")
        return values

    def pixels(self, names: Sequence[str]) -> NDArray[np.float32]:
        planes = [self._plane(name) for name in names]
        if len({plane.shape for plane in planes}) > 1:
            raise InputError(f"expected bands of one size in {self.path}, found {[p.shape for p in planes]}")
        return np.stack(planes).astype(np.float32)

    def label_raster(self, classes: int, shape: tuple[int, ...]) -> NDArray[np.int64]:
        """(H, W) int64, -1 where unlabelled."""
        labels = self._plane("label")
        if labels.shape != shape:
            raise InputError(f"expected labels of {shape} pixels in {self.path}, found {labels.shape}")
        labels = np.where(np.isin(labels, _UNLABELLED) | ~np.isfinite(labels), -1, labels).astype(np.int64)
        if labels.min() < -1 or labels.max() >= classes:
            raise InputError(f"expected labels below {classes} in {self.path}, found {np.unique(labels).tolist()}")
        return labels

    def label(self, classes: int, multi: bool) -> Any:
        """An int, or (K,) float32 of 0 and 1."""
        found = self.facts().get("label")
        if isinstance(found, (Array, Scalar)):
            found = found.value
        elif isinstance(found, (list, tuple)) and not all(isinstance(value, int) for value in found):
            found = None
        value = np.asarray(found)
        if multi and value.shape == (classes,) and value.dtype.kind in "biuf" and np.isin(value, (0, 1)).all():
            return value.astype(np.float32)
        if not multi and value.shape == () and value.dtype.kind in "iu" and 0 <= value < classes:
            return int(value)
        wanted = f"{classes} labels of 0 and 1" if multi else f"a label below {classes}"
        raise InputError(f"expected {wanted} in {self.path}, found {np.array2string(value, threshold=5)}")

    def facts(self) -> dict[str, Any]:
        """What the file's pickle holds: facts a dataset, "bands_order" and, for classification, "label"."""
        text = self.file.attrs.get("pickle", "")
        facts = read_pickle_text(text if isinstance(text, str) else "", str(self.path))
        if not isinstance(facts, dict):
            raise InputError(f"expected a dictionary in the pickle of {self.path}, found {type(facts).__name__}")
        return facts
