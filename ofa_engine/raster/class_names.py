"""How a class raster explains itself: colour table, category names and raster attribute table."""

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path

NODATA = 255  # of class layers


def pam_path(path: Path) -> Path:
    """GDAL's side file of a raster (PAM: persistent auxiliary metadata)."""
    return path.with_name(path.name + ".aux.xml")


def class_colormap(classes: Sequence[dict]) -> dict[int, tuple[int, int, int, int]]:
    """GDAL colour table: the classes' colours; everything else, nodata too, is transparent."""
    table = {value: (0, 0, 0, 0) for value in range(256)}
    for entry in classes:
        color = entry["color"].lstrip("#")
        table[entry["value"]] = (*(int(color[i : i + 2], 16) for i in (0, 2, 4)), 255)  # type: ignore[assignment]
    return table


def write_class_names(path: Path, classes: Sequence[dict], counts: Sequence[int]) -> None:
    """Writes category names and a raster attribute table to GDAL's side file (.aux.xml, in the PAM format): a GeoTIFF
    cannot hold them, and rasterio cannot write them.

    Args:
        path: of the raster.
        classes: entries {value, name, color}; `area_ha` becomes a column where all of them have it.
        counts: pixels, or tiles, per class.
    """
    root = ET.Element("PAMDataset")
    band = ET.SubElement(root, "PAMRasterBand", band="1")
    names = {entry["value"]: entry["name"] for entry in classes}
    categories = ET.SubElement(band, "CategoryNames")
    for value in range(max(names) + 1):
        ET.SubElement(categories, "Category").text = names.get(value, "")
    table = ET.SubElement(band, "GDALRasterAttributeTable", tableType="thematic")
    # name, GDAL field type (0 integer, 1 real, 2 string), GDAL usage (5 value, 1 count, 2 name, 6-9 red, green, blue,
    # alpha, 0 any other)
    areas = all(entry.get("area_ha") is not None for entry in classes)
    columns = [
        ("Value", 0, 5),
        ("Count", 0, 1),
        ("Class", 2, 2),
        *([("Area_ha", 1, 0)] if areas else []),
        ("Red", 0, 6),
        ("Green", 0, 7),
        ("Blue", 0, 8),
        ("Alpha", 0, 9),
    ]
    for index, (name, kind, usage) in enumerate(columns):
        field = ET.SubElement(table, "FieldDefn", index=str(index))
        for tag, text in (("Name", name), ("Type", str(kind)), ("Usage", str(usage))):
            ET.SubElement(field, tag).text = text
    colors = class_colormap(classes)
    for index, (entry, count) in enumerate(sorted(zip(classes, counts, strict=True), key=lambda e: e[0]["value"])):
        row = ET.SubElement(table, "Row", index=str(index))
        area = [f"{entry['area_ha']:.4f}"] if areas else []
        for value in (entry["value"], count, entry["name"], *area, *colors[entry["value"]]):
            ET.SubElement(row, "F").text = str(value)
    ET.ElementTree(root).write(pam_path(path), encoding="unicode")


def read_class_names(path: str | Path) -> dict[int, str]:
    """Class values and their names from GDAL's side file, which rasterio cannot read; empty where there is none."""
    side = pam_path(Path(path))
    try:
        band = ET.parse(side).getroot().find("PAMRasterBand") if side.exists() else None
    except (ET.ParseError, OSError):
        return {}
    categories = band.find("CategoryNames") if band is not None else None
    texts = [(entry.text or "").strip() for entry in categories] if categories is not None else []
    return {value: text for value, text in enumerate(texts) if text}
