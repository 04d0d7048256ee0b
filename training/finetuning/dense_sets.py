"""The labelled rasters of the supervised second stage, one task per sensor and legend.

Layout below the data folder: docs/finetuning.md; what is not there is left out. Chips of held-out places
(`training.data.places`) never enter, neither as Sentinel-2 chips nor as the Sentinel-1 chips or pictures made of them.
Of the labelled aerial patches (FLAIR, Chesapeake) there are too few to hold places out.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ofa_engine.core.classes import HIGH_RESOLUTION, MEDIUM_RESOLUTION
from ofa_engine.core.errors import InputError
from ofa_engine.core.sensors import affine_to_canonical, get_sensor
from ofa_engine.raster.source import Source
from training.data.drawn_labels import DrawnImage, drawn_images
from training.data.places import LABELLED, held_out_files, is_held_out, labelled_chips, place_of
from training.data.readers.held_out_chips import chip_digest, held_out_chips
from training.data.readers.pixels import read_image
from training.data.readers.rasters import read_raster
from training.data.readers.real_sets import read_sentinel1, read_sentinel2

UNLABELLED = 255
# FLAIR's value: ours. Pervious surfaces (gravel, ballast) count as bare soil, brushwood as low vegetation.
_FLAIR = {1: 0, 2: 2, 3: 1, 4: 2, 5: 3, 6: 4, 7: 4, 8: 5, 9: 6, 10: 5, 11: 6, 12: 6}
# Chesapeake's value: ours. Impervious is building where the layer of buildings says so, else other sealed.
_CHESAPEAKE = {1: 3, 2: 4, 3: 5, 4: 2, 5: 1, 6: 1}


@dataclass
class DenseTask:
    """Labelled rasters of one sensor and legend, in memory.

    Attributes:
        name: of the task, as it stands in the checkpoint's header.
        sensor: id of the sensor.
        classes: names, by label value.
        crops: (side of a crop in px, pixels averaged into one) that batches are cut with.
        images: (C, H, W) float16 each, in the canonical unit; NaN where missing.
        labels: (H, W) uint8 each, UNLABELLED where there is no label.
        places: of each raster.
        as_picture: reflectance of the images is turned into 8-bit grey values, drawn anew for each crop.
        optional: 0-based bands that some batches leave out.
        scenes: each raster as a whole has one class, which all of its pixels carry.
    """

    name: str
    sensor: str
    classes: tuple[str, ...]
    crops: tuple[tuple[int, int], ...]
    images: list[NDArray[np.float16]] = field(default_factory=list)
    labels: list[NDArray[np.uint8]] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    as_picture: bool = False
    optional: tuple[tuple[int, ...], ...] = ()
    scenes: bool = False

    def add(self, image: NDArray, labels: NDArray, place: str) -> None:
        self.images.append(image.astype(np.float16))
        self.labels.append(labels.astype(np.uint8))
        self.places.append(place)

    @property
    def bands(self) -> int:
        return len(get_sensor(self.sensor).bands)

    def class_pixels(self) -> NDArray[np.int64]:
        """(K,) labelled pixels per class."""
        counts = np.zeros(256, np.int64)
        for labels in self.labels:
            counts += np.bincount(labels.ravel(), minlength=256)
        return counts[: len(self.classes)]


# side of a crop, pixels averaged: Sentinel-2 chips of 64 px hold one crop at 10 m, or smaller ones at 20 and 30 m
_CHIP_CROPS = ((64, 1), (64, 1), (48, 1), (32, 1), (32, 1), (32, 2), (20, 3))
_AERIAL_CROPS = ((64, 1), (48, 1), (64, 2), (32, 2), (64, 4), (48, 4), (32, 5))
_CHESAPEAKE_CROPS = ((64, 1), (48, 1), (32, 1), (48, 2), (32, 3))
_SCENE_CROPS = ((64, 1), (64, 1), (56, 1), (48, 1))
_RED_EDGE = (3, 4, 5)
_AERIAL_GSD_M = 0.55  # finer images join the aerial tasks
GREY = (affine_to_canonical(get_sensor("naip"), "reflectance") or (1.0, 0.0))[0]  # 8-bit grey value of reflectance 1
FLOODS = ("land", "water")


def dense_tasks(root: Path, held_out: bool = False) -> list[DenseTask]:
    """All tasks with rasters below `root`.

    Args:
        root: the data folder.
        held_out: the held-out places instead of the others.

    Raises:
        InputError: where there are no rasters to learn from.
    """
    chips = list(_chips(root, held_out))
    tasks = [_sentinel2(chips), _picture(chips, "naip", 3), _picture(chips, "gaofen", 4), _sentinel1(root, held_out)]
    if not held_out:
        tasks += [
            _floods(root),
            _eurosat(root),
            _aerial(root, "naip"),
            _aerial(root, "gaofen"),
            _chesapeake(root, "naip"),
            _chesapeake(root, "gaofen"),
        ]
        _add_drawn(root, {task.name: task for task in tasks})
    found = [task for task in tasks if task.images]
    if not found and not held_out:
        raise InputError(f"expected labelled rasters below {root} (docs/finetuning.md), found none")
    return found


def read_labels(path: Path) -> NDArray[np.uint8]:
    with Source(path) as source:
        values: NDArray[np.uint8] = source.dataset.read(1)
    return values


Chip = tuple[NDArray, NDArray, str]  # reflectance (9, H, W), labels (H, W), place


def _chips(root: Path, held_out: bool) -> Iterator[Chip]:
    for chip in labelled_chips(root):
        if chip.held_out == held_out:
            labels = read_labels(root / chip.labels)
            labels[labels >= len(MEDIUM_RESOLUTION)] = UNLABELLED
            yield read_sentinel2(root / chip.image), labels, chip.place


def _sentinel2(chips: list[Chip]) -> DenseTask:
    task = DenseTask("sentinel-2 land cover", "sentinel-2", MEDIUM_RESOLUTION, _CHIP_CROPS, optional=(_RED_EDGE,))
    for image, labels, place in chips:
        task.add(image, labels, place)
    return task


def _picture(chips: list[Chip], sensor: str, bands: int) -> DenseTask:
    """Red, green, blue (and near infrared) of the Sentinel-2 chips."""
    chosen = [0, 1, 2, 6][:bands]
    task = DenseTask(f"{sensor} land cover at 10 m", sensor, MEDIUM_RESOLUTION, _CHIP_CROPS, as_picture=True)
    for image, labels, place in chips:
        task.add(image[chosen], labels, place)
    return task


def _sentinel1(root: Path, held_out: bool) -> DenseTask:
    """Chips that share name and grid with a labelled Sentinel-2 chip."""
    task = DenseTask("sentinel-1 land cover", "sentinel-1", MEDIUM_RESOLUTION, _CHIP_CROPS)
    for folder, twin in (("real/s1_ben", "real/s2_ben"), ("real/s1_worldcereal", "real/s2_worldcereal")):
        for path in sorted((root / folder).glob("*.tif")):
            name = path.name.partition("_S1")[0].removesuffix(".tif") + ".tif"
            labels = root / LABELLED[twin] / name
            if labels.exists():
                place = place_of(root / twin / name)
                if is_held_out(place) == held_out:
                    values = read_labels(labels)
                    values[values >= len(MEDIUM_RESOLUTION)] = UNLABELLED
                    task.add(read_sentinel1(path), values, place)
    return task


def _floods(root: Path) -> DenseTask:
    """Sen1Floods11's hand-labelled scenes; they have -1 where there is no label."""
    task = DenseTask("sentinel-1 water", "sentinel-1", FLOODS, _CHIP_CROPS)
    for path in sorted((root / "s1_floods/images").glob("*.tif")):
        labelled = path.parents[1] / "labels" / path.name.replace("S1Hand", "LabelHand")
        task.add(read_sentinel1(path), _lookup(read_labels(labelled), {0: 0, 1: 1}), path.stem.split("_")[0])
    for path in sorted((root / "real/s1_floods_more/images").glob("*.tif")):
        labels = _lookup(read_labels(path.parents[1] / "labels" / path.name), {0: 0, 1: 1})
        if (labels != UNLABELLED).any():
            task.add(read_sentinel1(path), labels, path.stem.split("_")[0])
    return task


def _eurosat(root: Path) -> DenseTask:
    """EuroSAT's chips in true colour, without those that are held out."""
    folder, held_out = root / "eurosat_rgb", held_out_chips()
    names = sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    task = DenseTask("naip scenes at 10 m", "naip", tuple(names), _SCENE_CROPS, scenes=True)
    for value, name in enumerate(names):
        for path in sorted((folder / name).glob("*.jpg")):
            if chip_digest(path) not in held_out:
                image = read_image(path)
                task.add(image, np.full(image.shape[1:], value), "Europe")
    return task


def _aerial(root: Path, sensor: str) -> DenseTask:
    """FLAIR's patches of 0.2 m, with classes merged to seven."""
    task = DenseTask(f"{sensor} land cover at 0.2 m", sensor, HIGH_RESOLUTION, _AERIAL_CROPS)
    for path in sorted((root / "real/rgbn_flair/images").glob("*.tif")):
        image = read_raster(path, tuple(range(1, task.bands + 1)))
        task.add(image, _lookup(read_labels(path.parents[1] / "labels" / path.name), _FLAIR), path.stem)
    return task


def _chesapeake(root: Path, sensor: str) -> DenseTask:
    task = DenseTask(f"{sensor} land cover at 1 m", sensor, HIGH_RESOLUTION, _CHESAPEAKE_CROPS)
    for path in sorted((root / "chesapeake").glob("*.npz")):
        stack = np.load(path)["arr_0"][0]
        labels = _lookup(stack[8].astype(np.uint8), _CHESAPEAKE)
        labels[(stack[28] == 1) & (stack[8] == 5)] = HIGH_RESOLUTION.index("building")
        for first in (0, 4):  # two dates
            task.add(stack[first : first + task.bands], labels, path.stem)
    for path in sorted((root / "real/rgbn_chesapeake/images").glob("*.tif")):
        image = read_raster(path, tuple(range(1, task.bands + 1)))
        task.add(image, _lookup(read_labels(path.parents[1] / "labels" / path.name), _CHESAPEAKE), path.stem)
    return task


def _add_drawn(root: Path, tasks: dict[str, DenseTask]) -> None:
    """Labels drawn by hand join the tasks of their sensor and pixel size."""
    held_out = held_out_files()
    for drawn in drawn_images():
        if held_out.intersection(drawn.files) or not all((root / file).exists() for file in drawn.files):
            continue
        pixels, place = drawn.read(root), drawn.files[0]
        labels = drawn.labels((pixels.shape[1], pixels.shape[2]), UNLABELLED)
        if drawn.sensor == "sentinel-2":
            tasks["sentinel-2 land cover"].add(pixels, labels, place)
            rgbn = pixels[[0, 1, 2, 6]]
        else:
            rgbn = pixels / GREY if drawn.legend == "medium" else pixels
        tasks[f"naip land cover at {_resolution(drawn)}"].add(rgbn[:3], labels, place)
        tasks[f"gaofen land cover at {_resolution(drawn)}"].add(_with_infrared(rgbn), labels, place)


def _with_infrared(pixels: NDArray) -> NDArray:
    """Four bands; of a true-colour picture the last one is missing. So that buildings and roads, which hardly occur in
    the labelled pictures with near infrared, are known by their shapes at least."""
    return pixels if len(pixels) == 4 else np.concatenate([pixels, np.full_like(pixels[:1], np.nan)])


def _resolution(drawn: DrawnImage) -> str:
    if drawn.legend == "medium":
        return "10 m"
    return "0.2 m" if drawn.gsd_m < _AERIAL_GSD_M else "1 m"


def _lookup(values: NDArray[np.uint8], table: dict[int, int]) -> NDArray[np.uint8]:
    lookup = np.full(256, UNLABELLED, np.uint8)
    for value, ours in table.items():
        lookup[value] = ours
    return lookup[values]
