"""A folder of labelled rasters:

images/*.tif      rasters of one sensor, all with the same bands
labels/*.tif      class values on the same grids, by the same names
places.csv        columns file, place: rasters that share a place are never split between fitting and scoring [each
                  raster is a place]
classes.json      {"water": {"labels": [0], "heads": ["water"]}, ...}: which label values and which class names of
                  heads make up a class; other label values are unlabelled [a class per value 0 to 254, by its name]
reading.json      options of the command line for all rasters, such as {"sensor": "sentinel-1", "units": "db"}
                  [detected]
training/         images, labels and places.csv of further places, to fit on instead of the set's other places
"""

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..core.errors import InputError
from ..raster.class_names import read_class_names
from ..raster.source import Source

_READING = ("sensor", "bands", "units", "crs", "nodata")


@dataclass(frozen=True)
class Scene:
    """A labelled raster."""

    image: Path
    labels: Path
    place: str


@dataclass(frozen=True)
class SceneSet:
    """Labelled rasters with one list of K classes.

    Attributes:
        name: of the folder.
        classes: names.
        scenes: what is scored.
        training: what methods are fitted on; empty: the set's other places.
        label_values: class index by label value; other values are unlabelled.
        head_classes: class index by lower-case class name of a head.
        reading: options for all rasters.
    """

    name: str
    classes: tuple[str, ...]
    scenes: tuple[Scene, ...]
    training: tuple[Scene, ...]
    label_values: dict[int, int]
    head_classes: dict[str, int]
    reading: dict[str, Any]


def is_scene_set(folder: Path) -> bool:
    """Whether a folder has that layout."""
    return (folder / "images").is_dir()


def open_set(folder: Path) -> SceneSet:
    """Raises InputError where something is missing or does not fit."""
    scenes = _scenes(folder)
    classes = _read_json(folder / "classes.json") or _classes_of_labels(scenes)
    reading = _read_json(folder / "reading.json")
    if unknown := set(reading) - set(_READING):
        raise InputError(f"expected {', '.join(_READING)} in {folder}/reading.json, found {', '.join(sorted(unknown))}")
    try:
        values = {int(v): k for k, entry in enumerate(classes.values()) for v in entry["labels"]}
        heads = {n.lower(): k for k, entry in enumerate(classes.values()) for n in entry.get("heads", ())}
    except (AttributeError, KeyError, TypeError, ValueError):
        form = '{"CLASS": {"labels": [VALUES], "heads": [NAMES]}, ...}'
        raise InputError(f"expected {form} in {folder}/classes.json, found another form") from None
    heads |= {name.lower(): k for k, name in enumerate(classes)}
    training = _scenes(folder / "training") if (folder / "training").is_dir() else ()
    return SceneSet(folder.name, tuple(classes), scenes, training, values, heads, reading)


def _scenes(folder: Path) -> tuple[Scene, ...]:
    images = sorted((folder / "images").glob("*.tif"))
    if not images:
        raise InputError(f"expected rasters in {folder}/images, found none")
    places = _places(folder / "places.csv")
    scenes = [Scene(p, folder / "labels" / p.name, places.get(p.name, p.name)) for p in images]
    if bare := [scene.labels for scene in scenes if not scene.labels.exists()]:
        raise InputError(f"expected labels of the same name for every raster, found no {bare[0]}")
    return tuple(scenes)


def _places(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        if not {"file", "place"} <= set(rows.fieldnames or ()):
            raise InputError(f"expected columns file and place in {path}, found {', '.join(rows.fieldnames or ())}")
        return {row["file"]: row["place"] for row in rows}


def _read_json(path: Path) -> dict[str, Any]:
    """Empty where there is no such file."""
    if not path.exists():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"expected JSON in {path}, found: {error}") from error
    if not isinstance(found, dict):
        raise InputError(f"expected a JSON object in {path}, found {type(found).__name__}")
    return found


def _classes_of_labels(scenes: Sequence[Scene]) -> dict[str, Any]:
    """A class for each value from 0 to 254 that occurs, by the category name of the first label raster."""
    values: set[int] = set()
    for scene in scenes:
        with Source(scene.labels) as source:
            labels = source.dataset.read(1)
            values |= set(np.unique(labels[source.dataset.read_masks(1) > 0]).astype(int).tolist())
    names = read_class_names(scenes[0].labels)
    return {names.get(value, str(value)): {"labels": [value]} for value in sorted(values) if 0 <= value < 255}
