"""What the user names to learn from: folders of labelled rasters, and scenes for a teacher."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...core.catalog import ModelFile, ranked_heads
from ...core.errors import InputError
from ...core.messages import option
from ...raster.georeference import gsd_m
from ...raster.sentinel2_product import find_product
from ...raster.source import Source, detect_source
from ..labelled_scenes import is_scene_set, open_set
from .labelled_chips import LabelledChips
from .material import LabelSource
from .taught_scenes import ReadScene, TaughtScenes

_RASTERS = (".tif", ".tiff", ".vrt", ".jp2", ".img")


def label_sources(paths: Sequence[str], reading: dict[str, Any], folder: Path, skipped: list[str]) -> list[LabelSource]:
    """Sources of labels, those with real labels first.

    Args:
        paths: folders of labelled rasters, scenes, folders of scenes.
        reading: options for rasters whose folder does not say how they are read.
        folder: for temporary files.
        skipped: gets a line for each scene that cannot be used.

    Raises:
        InputError: where a folder is incomplete or there is nothing in it.
    """
    chips: list[LabelSource] = []
    scenes: list[str] = []
    for path in paths:
        sets = _sets(Path(path))
        for found in map(open_set, sets):
            chips.append(LabelledChips(replace(found, reading=reading | found.reading), folder))
        if not sets:
            scenes += _scenes(path)
    return [*chips, *_taught(scenes, reading, skipped)]


def _sets(path: Path) -> list[Path]:
    """The folders of labelled rasters in a path, or itself."""
    if is_scene_set(path):
        return [path]
    return sorted(found.parent for found in path.glob("*/images")) if path.is_dir() else []


def _scenes(path: str) -> list[str]:
    folder = Path(path)
    if not folder.is_dir() or find_product(path):
        return [path]
    found = sorted(file for file in folder.iterdir() if file.suffix.lower() in _RASTERS or find_product(str(file)))
    if not found:
        raise InputError(
            f"expected labelled rasters (NAME/images, NAME/labels) or scenes in {folder}, found none: name them with "
            f"{option('from_')}"
        )
    return [str(file) for file in found]


def _taught(paths: Sequence[str], reading: dict[str, Any], skipped: list[str]) -> Iterator[TaughtScenes]:
    """The scenes by the head that teaches on them."""
    by_teacher: dict[Path, tuple[ModelFile, list[ReadScene]]] = {}
    for path in paths:
        try:
            scene = _read(path, reading)
        except InputError as error:
            skipped.append(error.message.marked)
            continue
        teacher = _teacher(scene)
        if teacher is None:
            size = f" of {scene.gsd_m:.3g} m" if scene.gsd_m else ""
            skipped.append(
                f"{Path(path).name}: no head comes with the engine for {scene.found.sensor}{size}, so none can teach "
                "on it: give scenes of another pixel size or sensor, or labelled rasters"
            )
        else:
            by_teacher.setdefault(teacher.path, (teacher, []))[1].append(scene)
    for teacher, scenes in by_teacher.values():
        yield TaughtScenes(scenes, teacher, reading)


def _read(path: str, reading: dict[str, Any]) -> ReadScene:
    """Raises InputError where it is no raster, or its sensor is not known."""
    with Source(path) as source:
        found = detect_source(source, reading.get("sensor"), reading.get("bands"), reading.get("units"))
        if found.sensor is None or found.units is None or found.confidence == "ambiguous" and not reading:
            raise InputError(f"{source.name}: {found.marked_reason}")
        pixel_m = gsd_m(source.transform, source.crs, source.width, source.height)
        return ReadScene(path, found, pixel_m, source.height, source.width)


def _teacher(scene: ReadScene) -> ModelFile | None:
    """The best head for such a scene among those that come with the engine and are meant for its pixels."""
    ranked = ranked_heads(scene.found.sensor or "", "segment", scene.gsd_m, scene.found.band_names)
    return next((head for head in ranked if head.included and head.gsd_factor(scene.gsd_m) == 1), None)
