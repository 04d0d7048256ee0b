"""Public labelled samples to compare methods on: EnMAP Potsdam, Sentinel-1 floods, Chesapeake, a Sentinel-2 scene.

Training and test data never share a place: whole scenes, tiles or polygons are left out.
"""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import rasterio.features
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from ofa_engine.raster.source import Source


@dataclass(frozen=True)
class Fold:
    """Rasters with label rasters (0 or `ignore` is unlabelled) to learn from and to test on. `block_px` cuts the test
    rasters into blocks for the bootstrap; 0: each region of one label is a block."""

    train: list[tuple[str, str]]
    test: list[tuple[str, str]]


@dataclass(frozen=True)
class LabelledSet:
    """A labelled data set; `names` are the classes by value, `ignore` the values of unlabelled pixels."""

    name: str
    sensor: str
    units: str
    bands: str
    folds: list[Fold]
    ignore: list[str]
    names: dict[int, str]
    block_px: int


def labelled_sets(root: Path, folder: Path) -> Iterator[LabelledSet]:
    """Those of the four data sets that exist. Files that must be made from others go into `folder`."""
    for make in (_enmap, _floods, _chesapeake, _s2_scene):
        found = make(root, folder)
        if found:
            yield found


def _enmap(root: Path, folder: Path) -> LabelledSet | None:
    images = sorted((root / "enmap_potsdam" / "images").glob("*.tif"))
    pairs = [(str(p), str(p.parent.parent / "labels" / p.name)) for p in images]
    column = [p.stem.split("_")[-2] for p in images]
    fold = Fold(
        [p for p, c in zip(pairs, column, strict=True) if c in ("64", "96")],
        [p for p, c in zip(pairs, column, strict=True) if c == "128"],
    )
    names = {1: "roof", 2: "pavement", 3: "low vegetation", 4: "tree", 5: "soil", 6: "water"}
    return LabelledSet("EnMAP Potsdam", "enmap", "dn", "", [fold], ["0"], names, 16) if images else None


def _floods(root: Path, folder: Path) -> LabelledSet | None:
    images = sorted((root / "s1_floods" / "images").glob("*.tif"))
    pairs = [(str(p), str(p.parent.parent / "labels" / p.name.replace("S1Hand", "LabelHand"))) for p in images]
    folds = [Fold([p for p in pairs if p is not one], [one]) for one in pairs]
    return LabelledSet("Sentinel-1 floods", "sentinel-1", "db", "", folds, ["-1"], {0: "land", 1: "water"}, 128)


def _chesapeake(root: Path, folder: Path) -> LabelledSet | None:
    pairs = []
    for path in sorted((root / "chesapeake").glob("*.npz")):
        stack = np.load(path)["arr_0"][0]
        image, labels = folder / f"{path.stem}.tif", folder / f"{path.stem}_labels.tif"
        _write(image, stack[:4].round().clip(0, 255).astype(np.uint8))
        _write(labels, stack[8:9].astype(np.uint8))
        pairs.append((str(image), str(labels)))
    folds = [Fold([p for j, p in enumerate(pairs) if j % 4 != i], pairs[i::4]) for i in range(4)]
    names = {1: "water", 2: "tree", 3: "low vegetation", 4: "barren", 5: "impervious", 6: "road"}
    return LabelledSet("Chesapeake", "gaofen", "8-bit", "1,2,3,4", folds, ["0"], names, 64) if pairs else None


def _s2_scene(root: Path, folder: Path) -> LabelledSet | None:
    image, labels = root / "s2_scene" / "sen2_12band.tif", root / "s2_scene" / "sen2_labels.tif"
    if not image.exists():
        return None
    with Source(labels) as s:
        burnt, crs, transform = s.dataset.read(1), s.crs, s.transform
        burnt[s.dataset.read_masks(1) == 0] = 0
    regions = label_regions(burnt)
    value = np.array([burnt[regions == r][0] for r in range(1, regions.max() + 1)])
    parts = StratifiedGroupKFold(5, shuffle=True, random_state=0).split(value, value, np.arange(len(value)))
    folds = []
    for number, (train, test) in enumerate(parts):
        paths = []
        for part, chosen in (("train", train), ("test", test)):
            path = folder / f"s2_{part}_{number}.tif"
            _write(
                path,
                np.where(np.isin(regions, chosen + 1), burnt, 0)[None].astype(np.uint8),
                crs=crs,
                transform=transform,
            )
            paths.append((str(image), str(path)))
        folds.append(Fold(paths[:1], paths[1:]))
    names = {1: "dryout", 2: "forest", 3: "village", 4: "water"}
    return LabelledSet(
        "Sentinel-2 scene", "sentinel-2", "reflectance+0.1", "4,3,2,5,6,7,8,11,12", folds, ["0"], names, 0
    )


def _write(path: Path, pixels: NDArray, **more: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        with rasterio.open(
            path,
            "w",
            driver="GTiff",
            count=len(pixels),
            height=pixels.shape[1],
            width=pixels.shape[2],
            dtype=pixels.dtype,
            photometric="minisblack",
            **more,
        ) as target:
            target.write(pixels)


def label_regions(labels: NDArray) -> NDArray[np.int64]:
    """Connected areas of one label, numbered from 1; 0 is unlabelled."""
    numbered = np.zeros(labels.shape, np.int64)
    shapes = rasterio.features.shapes(labels.astype(np.uint8), mask=labels > 0, connectivity=8)
    for number, (shape, _) in enumerate(shapes, 1):
        numbered[rasterio.features.rasterize([(shape, 1)], labels.shape, dtype="uint8") > 0] = number
    return numbered
