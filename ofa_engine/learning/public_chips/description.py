"""What stands beside the chips: places, classes, how they are to be read, and who is to be named."""

import csv
import io
import json
from pathlib import Path

from ...core.classes import MEDIUM_RESOLUTION
from ...core.errors import OutputError
from ...core.files import write_text
from ...raster.gdal import RASTER_ERRORS, one_line
from .catalogue import Catalogue, Terms
from .chip import CHIP_PX, scenes_of
from .places import Place


def write_description(folder: Path, places: list[Place], catalogue: Catalogue) -> None:
    """Writes places.csv, classes.json, reading.json and README.md. Raises OutputError."""
    classes = {name: {"labels": [MEDIUM_RESOLUTION.index(name)]} for name in _mapped(catalogue)}
    try:
        write_text(folder / "places.csv", _places_table(places))
        write_text(folder / "classes.json", json.dumps(classes, indent=1) + "\n")
        write_text(folder / "reading.json", json.dumps({"sensor": "sentinel-2", "units": "reflectance"}) + "\n")
        write_text(folder / "README.md", _readme(folder, places, catalogue))
    except (*RASTER_ERRORS, OSError) as error:
        raise OutputError(f"cannot describe the chips in {folder}: {one_line(error)}") from error


def _mapped(catalogue: Catalogue) -> list[str]:
    """The classes that occur in labels, in the order of `MEDIUM_RESOLUTION`."""
    return [name for name in MEDIUM_RESOLUTION if name in catalogue.label_classes.values()]


def _places_table(places: list[Place]) -> str:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["file", "place", "longitude", "latitude", "drawn_for"])
    table.writerows([f"{p.name}.tif", p.tile, p.longitude, p.latitude, p.target] for p in places)
    return text.getvalue()


def _readme(folder: Path, places: list[Place], catalogue: Catalogue) -> str:
    without = [name for name in MEDIUM_RESOLUTION if name not in catalogue.label_classes.values()]
    values = [f"| {v} | {MEDIUM_RESOLUTION.index(n)} | {n} |" for v, n in sorted(catalogue.label_classes.items())]
    scenes = [(p, scene) for p in places for scene in scenes_of(folder, p.name)]
    lines = [
        "# Labelled chips of public imagery",
        "",
        f"{len(places)} chips of {CHIP_PX} x {CHIP_PX} pixels of 10 m, in the layout that `training.quality` reads. "
        f"Images: bands {', '.join(catalogue.bands)} as reflectance x 10000 (the files say so), bands of 20 m repeated "
        "onto 10 m, from the least cloudy scenes of the period. Pixels of cloud, shadow or thin cirrus, by the scene "
        "classification, and of snow that the map does not have, come from the next scene; what no scene shows clearly "
        "is no data, without label. Labels: the nearest pixel of the map.",
        "",
        "The labels are a map that was computed from images of a year, not ground truth.",
        "",
        *_terms("Images", catalogue.image_terms),
        *_terms("Labels", catalogue.label_terms),
        "## Classes",
        "",
        f"Other values of the map are unlabelled (255). Without counterpart in the map: {', '.join(without)}.",
        "",
        "| value in the map | label | class |",
        "| --- | --- | --- |",
        *values,
        "",
        "## Scenes",
        "",
        "| chip | longitude, latitude | date | scene |",
        "| --- | --- | --- | --- |",
        *(f"| {p.name} | {p.longitude}, {p.latitude} | {scene['date']} | {scene['id']} |" for p, scene in scenes),
    ]
    return "\n".join(lines) + "\n"


def _terms(heading: str, terms: Terms) -> list[str]:
    return [
        f"## {heading}: {terms.title}",
        "",
        f"- Attribution: {terms.attribution}",
        f"- Licence: {terms.licence}, <{terms.licence_url}>",
        "",
    ]
