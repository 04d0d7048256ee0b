"""GEO-Bench (Lacoste et al. 2023) as tasks of linear probes, from its own files and without its package.

A task's folder holds one HDF5 file per sample (see `geobench_samples`), `task_specs.pkl`, `band_stats.json` and
partitions. Band names of two tasks are wrong in the data set; the table below gives the true ones.
"""

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ofa_engine.core.errors import InputError
from ofa_engine.core.sensors import get_sensor
from training.probes.geobench_samples import HDF5Split, SampleFile
from training.probes.safe_pickle import read_pickle_file
from training.probes.task import ProbeTask, band_statistics

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
class TaskSpec:
    """What a task's files hold; `names` are the stored names by band of `sensor`'s embedder."""

    kind: str
    classes: int
    sensor: str
    names: dict[str, str]
    note: str = ""
    folder: str = ""  # if it is not the paper's name

    @property
    def bands(self) -> tuple[int, ...]:
        """0-based embedder bands, ascending."""
        return tuple(i for i, name in enumerate(get_sensor(self.sensor).band_names) if name in self.names)

    @property
    def source_bands(self) -> tuple[str, ...]:
        band_names = get_sensor(self.sensor).band_names
        return tuple(self.names[band_names[i]] for i in self.bands)


TASKS: dict[str, TaskSpec] = {  # in the order of the paper's tables 1 and 2
    "m-bigearthnet": TaskSpec("multilabel", 43, "sentinel-2", _S2),
    "m-forestnet": TaskSpec(
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
    "m-brick-kiln": TaskSpec(
        "classify",
        2,
        "sentinel-2",
        _sentinel_2("B1 B2 B3 B4 B5 B7 B8A B8 B11 B12 red green blue"),
        _WRONG_NAMES.replace("ninth", "sixth"),
    ),
    "m-pv4ger": TaskSpec("classify", 2, "naip", _RGB),
    "m-so2sat": TaskSpec("classify", 17, "sentinel-2", _S2),
    # True order: EuroSAT's own files have B8A last
    "m-eurosat": TaskSpec(
        "classify", 10, "sentinel-2", _sentinel_2("B1 B2 B3 B4 B5 B6 B7 B8 B9 B10 B11 B12 B8A"), _WRONG_NAMES
    ),
    "m-pv4ger-seg": TaskSpec("segment", 2, "naip", _RGB),
    "m-nz-cattle": TaskSpec("segment", 2, "naip", _RGB),
    "m-NeonTree": TaskSpec("segment", 2, "naip", _RGB),
    "m-cashew-plantation": TaskSpec("segment", 7, "sentinel-2", _S2, folder="m-cashew-plant"),
    "m-SA-crop-type": TaskSpec("segment", 10, "sentinel-2", _S2),
    "m-chesapeake-landcover": TaskSpec("segment", 7, "gaofen", {**_RGB, "NIR": "NearInfrared"}),
}
SPLITS = ("train", "valid", "test")
_KINDS = {
    "Classification": "classify",
    "MultiLabelClassification": "multilabel",
    "SegmentationClasses": "segment",
    "SemanticSegmentation": "segment",
}


def available(root: Path) -> list[str]:
    """Names of the tasks that have a folder with a partition under `root`, in the paper's order."""
    return [name for name in TASKS if any(f.glob("*_partition.json") for f in _folders(root, name))]


def open_task(root: Path, name: str, partition: str = "default") -> ProbeTask:
    """A task of GEO-Bench; its samples are read later, one at a time.

    Args:
        root: $GEO_BENCH_DIR or a folder in it.
        name: as in TASKS.
        partition: "default" or e.g. "0.01x_train". Samples that it names and that do not exist are left out, and
            counted in the notes.

    Raises:
        InputError: a file is missing, damaged, unsafe or not the task's.
    """
    if name not in TASKS:
        raise InputError(f"expected a task out of {', '.join(TASKS)}, found {name!r}")
    spec = TASKS[name]
    folder = next(iter(_folders(root, name)), None)
    if folder is None:
        have = ", ".join(available(root)) or "none"
        raise InputError(f"expected the folder {spec.folder or name} of GEO-Bench in {root}, found tasks: {have}")
    notes = [spec.note] if spec.note else []
    missing = [b for i, b in enumerate(get_sensor(spec.sensor).band_names) if i not in spec.bands]
    if missing:
        notes.append(f"bands missing in the data: {', '.join(missing)}")
    names, sizes = _sample_names(folder, partition, notes)
    first = next(folder / f"{n}.hdf5" for split in SPLITS for n in names[split])
    with SampleFile(first) as file:
        unused = sorted(set(file.keys) - {*spec.source_bands, "label"})
    if unused:
        notes.append(f"not used: {', '.join(unused)}")
    classes = _classes(folder, spec, first, notes)
    splits = {split: HDF5Split(folder, names[split], spec.source_bands, spec.kind, len(classes)) for split in SPLITS}
    mean, std = _statistics(folder, spec, splits["train"], notes)
    digest = hashlib.sha256(json.dumps([names, sizes, spec.source_bands, mean, std]).encode()).hexdigest()
    return ProbeTask(
        name,
        spec.kind,
        classes,
        spec.sensor,
        spec.bands,
        spec.source_bands,
        mean,
        std,
        splits,
        f"{name}-{partition}-{digest[:16]}",
        tuple(notes),
    )


def _folders(root: Path, name: str) -> list[Path]:
    """The task's folders: in `root`, or in its sub-folders such as classification_v1.0."""
    places = [Path(root), *sorted(path for path in Path(root).glob("*_v*") if path.is_dir())]
    folders = [place / n for place in places for n in (TASKS[name].folder or name, name)]
    return [folder for folder in dict.fromkeys(folders) if folder.is_dir()]


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"expected a JSON file of GEO-Bench, found: {path} ({error})") from error


def _sample_names(folder: Path, partition: str, notes: list[str]) -> tuple[dict[str, list[str]], list[int]]:
    """Names of the existing samples by split, and their sizes in bytes."""
    known = sorted(path.name.removesuffix("_partition.json") for path in folder.glob("*_partition.json"))
    if partition not in known:
        raise InputError(f"expected a partition out of {', '.join(known) or 'none'} in {folder}, found {partition!r}")
    wanted = _json(folder / f"{partition}_partition.json")
    if not isinstance(wanted, dict) or not all(isinstance(wanted.get(split), list) for split in SPLITS):
        raise InputError(f"expected lists train, valid and test in {folder / partition}_partition.json")
    with os.scandir(folder) as entries:
        size_of = {entry.name[:-5]: entry.stat().st_size for entry in entries if entry.name.endswith(".hdf5")}
    names = {split: [n for n in wanted[split] if isinstance(n, str) and n in size_of] for split in SPLITS}
    for split in SPLITS:
        if gone := len(wanted[split]) - len(names[split]):
            notes.append(f"{gone} of {len(wanted[split])} {split} samples are not on disk and were left out")
    if not any(names.values()):
        raise InputError(f"expected samples of the partition {partition} in {folder}, found none of them")
    return names, [size_of[n] for split in SPLITS for n in names[split]]


def _classes(folder: Path, spec: TaskSpec, first: Path, notes: list[str]) -> tuple[str, ...]:
    """Names of the classes, or their numbers, from the specifications or else from a sample; checks their kind."""
    path = folder / "task_specs.pkl"
    label = None
    if path.exists():
        specs = read_pickle_file(path)
        label = getattr(specs, "label_type", None)
        bands = getattr(specs, "bands_info", None)
        stored = _strings([getattr(band, "name", None) for band in bands] if isinstance(bands, list) else None)
        if stored and not set(spec.source_bands) <= set(stored):
            raise InputError(f"expected bands {', '.join(spec.source_bands)} in {path}, found {', '.join(stored)}")
    elif spec.kind == "segment":
        with SampleFile(first) as file:
            facts = file.facts().get(file.keys.get("label", ""))
            label = facts.get("band_info") if isinstance(facts, dict) else None
    if label is None:
        notes.append("the data do not name their classes; the published number of classes is used")
        return tuple(map(str, range(spec.classes)))
    kind, count = _KINDS.get(type(label).__name__), getattr(label, "n_classes", None)
    if kind != spec.kind or not isinstance(count, int) or count < 2:
        raise InputError(
            f"expected a {spec.kind} task of {spec.classes} classes in {folder}, found labels of type "
            f"{type(label).__name__}: is this another task or version?"
        )
    if count != spec.classes:
        notes.append(f"the data have {count} classes, the published task {spec.classes}")
    names = _strings(getattr(label, "_class_names", None) or getattr(label, "class_name", None))
    if names and len(names) != count:
        raise InputError(f"expected {count} class names in {folder}, found {len(names)}")
    return names or tuple(map(str, range(count)))


def _strings(values: Any) -> tuple[str, ...]:
    """The strings of a list from a pickle; empty if it is not a list of strings."""
    plain = isinstance(values, (list, tuple)) and all(isinstance(value, str) for value in values)
    return tuple(values) if plain else ()


def _statistics(
    folder: Path, spec: TaskSpec, train: "HDF5Split", notes: list[str]
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """(mean, std) per band in the data's own unit: from the task's file, or else from its training samples."""
    path = folder / "band_stats.json"
    known = _json(path) if path.exists() else {}
    try:
        mean, std = ([float(known[band][what]) for band in spec.source_bands] for what in ("mean", "std"))
        if not np.isfinite([mean, std]).all():
            raise ValueError
    except (KeyError, TypeError, ValueError):
        if not len(train):
            raise InputError(f"expected band_stats.json or training samples in {folder}, found neither") from None
        notes.append(f"mean and std were computed from {len(train)} training samples")
        return band_statistics(train.pixels(number) for number in range(len(train)))
    return tuple(mean), tuple(value if value > 0 else 1.0 for value in std)
