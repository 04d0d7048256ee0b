"""A tiny GEO-Bench with random but learnable content: all twelve tasks in the layout of the published files.

Bands, data types, dates, class counts and side files are the real ones; pictures are small and few. The pickles name
classes of modules that are made up for the moment of writing, as the published ones name classes of a package that
nobody has any more.
"""

import datetime
import json
import pickle
import struct
import sys
import types
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

S2 = (
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
NO_CIRRUS = S2[:10] + S2[11:]
S1 = (
    "01 - VH.Real",
    "02 - VH.Imaginary",
    "03 - VV.Real",
    "04 - VV.Imaginary",
    "05 - VH.LEE Filtered",
    "06 - VV.LEE Filtered",
    "07 - VH.LEE Filtered.Real",
    "08 - VV.LEE Filtered.Imaginary",
)
RGB = ("Red", "Green", "Blue")
CLOUD = "Cloud Probability"
PARTITIONS = ("0.01x", "0.02x", "0.05x", "0.10x", "0.20x", "0.50x", "1.00x")


@dataclass(frozen=True)
class Layout:
    kind: str
    classes: int
    bands: tuple[str, ...]
    dtype: str
    mean: float
    std: float
    package: str = "ccb.io"
    dated: bool = False
    names: bool = True  # of classes

    @property
    def folder(self) -> str:
        return "segmentation_v1.0" if self.kind == "segment" else "classification_v1.0"


LAYOUTS = {
    "m-bigearthnet": Layout("multilabel", 43, NO_CIRRUS, "float32", 1500, 600),
    "m-forestnet": Layout(
        "classify",
        12,
        ("04 - Red", "03 - Green", "02 - Blue", "05 - NIR", "06 - SWIR1", "07 - SWIR2"),
        "uint8",
        90,
        16,
        dated=True,
    ),
    "m-brick-kiln": Layout("classify", 2, S2, "float64", 1100, 350),
    "m-pv4ger": Layout("classify", 2, RGB, "uint8", 115, 40),
    "m-so2sat": Layout("classify", 17, S1 + S2[1:9] + S2[-2:], "float32", 0.15, 0.05, "geobench"),
    "m-eurosat": Layout("classify", 10, S2, "int16", 1600, 500),
    "m-pv4ger-seg": Layout("segment", 2, RGB, "uint8", 115, 40),
    "m-nz-cattle": Layout("segment", 2, RGB, "uint8", 110, 35, dated=True),
    "m-NeonTree": Layout("segment", 2, (*RGB, "Canopy Height Model", "Neon"), "uint8", 100, 40, "geobench"),
    "m-cashew-plant": Layout("segment", 7, (*NO_CIRRUS, CLOUD), "float32", 1500, 500, dated=True, names=False),
    "m-SA-crop-type": Layout("segment", 10, (*NO_CIRRUS, CLOUD), "int16", 1400, 450, names=False),
    "m-chesapeake-landcover": Layout("segment", 7, (*RGB, "NearInfrared"), "float32", 0.5, 0.15, names=False),
}


def make_geobench(
    root: Path, tasks: Sequence[str] = tuple(LAYOUTS), samples: Sequence[int] = (12, 6, 6), px: int = 32, seed: int = 0
) -> Path:
    """Writes `tasks` (names of folders) under `root`: `samples` of train, valid and test, `px` pixels wide."""
    for number, name in enumerate(LAYOUTS):
        if name in tasks:
            _task(Path(root), name, LAYOUTS[name], samples, px, np.random.default_rng([seed, number]))
    return Path(root)


def _task(root: Path, name: str, layout: Layout, samples: Sequence[int], px: int, rng: np.random.Generator) -> None:
    folder = root / layout.folder / name
    folder.mkdir(parents=True)
    looks = rng.normal(0, 1, (layout.classes, len(layout.bands)))  # a class's colour, in deviations
    splits = {"train": [], "valid": [], "test": []}
    values: dict[str, list[NDArray]] = {band: [] for band in (*layout.bands, "label")}
    label_map: dict[str, list[str]] = {}
    with package(layout.package) as types_:
        for number in range(sum(samples)):
            split = ("train", "valid", "test")[np.searchsorted(np.cumsum(samples), number, side="right")]
            sample = f"id_{number:04d}"
            splits[split].append(sample)
            label, areas = _label(layout, number, px, rng)
            planes = _planes(layout, areas, looks, rng)
            date = datetime.date(2019, 1 + number % 12, 5) if layout.dated else None
            _write(folder / f"{sample}.hdf5", layout, planes, label, date, types_)
            for band, plane in (planes | {"label": np.asarray(label)}).items():
                values[band].append(plane.ravel())
            label_map.setdefault(str(label) if layout.kind == "classify" else "any", []).append(sample)
        specs = _specs(name, layout, px, types_)
        (folder / "task_specs.pkl").write_bytes(pickle.dumps(specs, protocol=4))
    stats = {band: _stats(np.concatenate(parts)) for band, parts in values.items()}
    _save(folder / "band_stats.json", stats)
    _save(folder / "default_partition.json", splits)
    for part in PARTITIONS:
        count = max(1, round(float(part[:-1]) * samples[0]))
        _save(folder / f"{part}_train_partition.json", splits | {"train": splits["train"][:count]})
    if name != "m-cashew-plant":  # as published
        _save(folder / "label_map.json", label_map)
        _save(folder / "label_stats.json", {sample: [] for split in splits.values() for sample in split})


def _label(layout: Layout, number: int, px: int, rng: np.random.Generator) -> tuple[Any, NDArray]:
    """The label as it is stored, and the class of each pixel (H, W) that the picture is painted from."""
    if layout.kind == "classify":
        return number % layout.classes, np.full((px, px), number % layout.classes)
    kinds = rng.choice(layout.classes, min(3, layout.classes), replace=False)
    coarse = rng.choice(kinds, (4, 4))
    areas = coarse[np.arange(px)[:, None] * 4 // px, np.arange(px) * 4 // px]
    if layout.kind == "segment":
        return areas.astype(np.int64), areas
    return np.isin(np.arange(layout.classes), coarse).astype(np.int64), areas


def _planes(layout: Layout, areas: NDArray, looks: NDArray, rng: np.random.Generator) -> dict[str, NDArray]:
    """A plane a band, in the stored data type; each class has its colour and its stripes."""
    px = len(areas)
    stripes = np.sin((np.arange(px) + np.arange(px)[:, None]) * (0.3 + 0.15 * areas))
    planes = {}
    for number, band in enumerate(layout.bands):
        noise = rng.normal(0, 0.3, (px, px))
        plane = layout.mean + layout.std * (looks[areas, number] + 0.3 * stripes + noise)
        if np.dtype(layout.dtype).kind in "iu":
            plane = np.clip(np.round(plane), 0, np.iinfo(layout.dtype).max)
        planes[band] = plane.astype(layout.dtype)
    if "Neon" in planes:  # a tenth of the resolution, 3-D
        small = max(1, px // 10)
        planes["Neon"] = rng.integers(0, 5000, (small, small, 369)).astype(np.int16)
        planes["Canopy Height Model"] = rng.uniform(0, 20, (small, small, 1)).astype(np.float32)
    return planes


def _stats(values: NDArray) -> dict[str, float]:
    percentiles = {"0_1": 0.1, "1": 1, "5": 5, "95": 95, "99": 99, "99_9": 99.9}
    found = {"max": values.max(), "mean": values.mean(), "median": np.median(values), "min": values.min()}
    found |= {f"percentile_{name}": np.percentile(values, q) for name, q in percentiles.items()}
    return {name: float(value) for name, value in (found | {"std": values.std()}).items()}


def _save(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value), encoding="utf-8")


# --- pickles ------------------------------------------------------------------------------------------------------


@contextmanager
def package(name: str) -> Iterator[dict[str, type]]:
    """Classes of GEO-Bench's package by name, importable as `name`.{dataset,label,task} until the block ends."""
    homes = {
        "dataset": (
            "Sentinel1",
            "Sentinel2",
            "Landsat8",
            "SpectralBand",
            "ElevationBand",
            "HyperSpectralBands",
            "CloudProbability",
            "SegmentationClasses",
        ),
        "label": ("Classification", "MultiLabelClassification"),
        "task": ("TaskSpecifications", "Accuracy"),
    }
    parents = [name.rsplit(".", i)[0] for i in range(name.count(".") + 1)]
    made = {module: types.ModuleType(module) for module in (*parents, *(f"{name}.{home}" for home in homes))}
    classes = {}
    for home, names in homes.items():
        for one in names:
            classes[one] = type(one, (), {"__module__": f"{name}.{home}", "__qualname__": one})
            setattr(made[f"{name}.{home}"], one, classes[one])
    before = {module: sys.modules.get(module) for module in made}
    sys.modules.update(made)
    try:
        yield classes
    finally:
        for module, old in before.items():
            del sys.modules[module]
            if old is not None:
                sys.modules[module] = old


def instance(kind: type, **attributes: Any) -> Any:
    made = kind()
    made.__dict__.update(attributes)
    return made


def _band_info(band: str, types_: dict[str, type], layout: Layout) -> Any:
    common = {"name": band, "alt_names": (band.lower(),), "spatial_resolution": 10}
    if band == "label":
        return instance(types_["SegmentationClasses"], **common, n_classes=layout.classes, _class_names=_names(layout))
    if band == "Neon":
        return instance(types_["HyperSpectralBands"], **common, n_bands=369, wavelength_range=None)
    kinds = {"Canopy Height Model": "ElevationBand", CLOUD: "CloudProbability"}
    kinds |= dict.fromkeys(S2, "Sentinel2") | dict.fromkeys(S1, "Sentinel1") | dict.fromkeys(RGB, "SpectralBand")
    if "06 - SWIR1" in layout.bands:
        kinds = dict.fromkeys(layout.bands, "Landsat8")
    return instance(types_[kinds.get(band, "SpectralBand")], **common, wavelength=0.5)


def _names(layout: Layout) -> list[str] | None:
    return [f"class {number}" for number in range(layout.classes)] if layout.names else None


def _specs(name: str, layout: Layout, px: int, types_: dict[str, type]) -> Any:
    if layout.kind == "segment":
        label = _band_info("label", types_, layout)
    elif layout.kind == "classify":
        label = instance(types_["Classification"], n_classes=layout.classes, _class_names=_names(layout))
    else:
        label = instance(types_["MultiLabelClassification"], n_classes=layout.classes, class_name=_names(layout))
    return instance(
        types_["TaskSpecifications"],
        dataset_name=name,
        benchmark_name="converted",
        patch_size=(px, px),
        n_time_steps=1,
        bands_info=[_band_info(band, types_, layout) for band in layout.bands],
        bands_stats=None,
        label_type=label,
        eval_loss=types_["Accuracy"],
        eval_metrics=None,
        spatial_resolution=np.float64(10),
        label_map={"0": ["id_0000"]},
    )


def _write(
    path: Path,
    layout: Layout,
    planes: dict[str, NDArray],
    label: Any,
    date: datetime.date | None,
    types_: dict[str, type],
) -> None:
    facts: dict[str, Any] = {} if layout.kind == "segment" else {"label": label}
    order = []
    with h5py.File(path, "w") as file:
        for band, plane in (planes | ({"label": label} if layout.kind == "segment" else {})).items():
            key = f"{band}_{date:%Y-%m-%d}" if date else band
            file.create_dataset(key, data=plane)
            facts[key] = {
                "date": date,
                "date_id": date,
                "spatial_resolution": 10,
                "band_info": _band_info(band, types_, layout),
                "meta_info": None,
            }
            order.append(key)
        facts["bands_order"] = order
        file.attrs["pickle"] = str(numpy_1(pickle.dumps(facts, protocol=4)))


def numpy_1(data: bytes) -> bytes:
    """A pickle of one frame (up to 64 KB) with numpy's module under the name that it had when GEO-Bench was made."""
    length = len(data)
    data = data.replace(b"\x8c\x16numpy._core.multiarray", b"\x8c\x15numpy.core.multiarray")
    frame = struct.unpack("<Q", data[3:11])[0] - (length - len(data))
    return data[:3] + struct.pack("<Q", frame) + data[11:]
