"""What mapping a raster answers, as a record that the engine fills and QGIS reads. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class MappedClass:
    """A class and how much of it a map holds.

    Attributes:
        value: The number that stands for the class in the map, 0 to 254.
        name: What people call it.
        color: `#rrggbb`.
        pixels: Pixels of the class; None where tiles were classified, or nothing was counted.
        tiles: Tiles of the class; None where pixels were segmented, or nothing was counted.
        area_ha: Ellipsoidal area in hectares; None without a CRS, or where nothing was counted.
    """

    value: int
    name: str
    color: str
    pixels: int | None = None
    tiles: int | None = None
    area_ha: float | None = None

    @property
    def count(self) -> int | None:
        """Pixels or tiles, whichever were counted."""
        return self.pixels if self.tiles is None else self.tiles

    @property
    def may_occur(self) -> bool:
        """False where the map was counted and the class was not found."""
        return self.count != 0

    @classmethod
    def from_json(cls, entry: dict) -> MappedClass:
        """Reads a class of a map, of a batch's manifest, or of a head's header.

        Args:
            entry: `value`, `name`, `color`, and the counts that are known; other keys are ignored.
        """
        return cls(**{field.name: entry[field.name] for field in fields(cls) if field.name in entry})

    def to_json(self) -> dict:
        """`value`, `name`, `color`, `area_ha`, and the one of `pixels` and `tiles` that was counted."""
        entry: dict = {"value": self.value, "name": self.name, "color": self.color}
        if self.pixels is not None:
            entry["pixels"] = self.pixels
        entry["area_ha"] = self.area_ha
        if self.tiles is not None:
            entry["tiles"] = self.tiles
        return entry


@dataclass(frozen=True)
class MapResult:
    """What `segment` and `classify` answer.

    Attributes:
        input: The raster that was mapped.
        output: The map.
        sensor: The id of the sensor that the raster was read as.
        detection: How the sensor, band order and unit were found, as `detect --json` prints it.
        device: What computed it, such as `cpu`.
        tile_px: Source pixels along a tile.
        computing_s: Seconds from the first tile to the last.
        provenance: The tags that stand in the files too, by name.
        head: The file of the head.
        head_name: The name of the head.
        classes: All classes of the head, in its order.
        tiles: Tiles that were computed; masked and resumed ones are not counted.
        confidence: The raster of confidence, None where none was written.
        polygons: The dissolved polygons, None where none were written.
        report: The report of areas, None where none was written.
        gsd_m: Pixel size of the raster in metres; None without a place on the Earth.
    """

    input: str
    output: str
    sensor: str
    detection: dict
    device: str
    tile_px: int
    computing_s: float
    provenance: dict[str, str]
    head: str
    head_name: str
    classes: tuple[MappedClass, ...]
    tiles: int
    confidence: str | None = None
    polygons: str | None = None
    report: str | None = None
    gsd_m: float | None = None

    @property
    def unit(self) -> str:
        """What the classes are counted in: `tiles` or `pixels`."""
        return "tiles" if any(entry.tiles is not None for entry in self.classes) else "pixels"

    def shares(self) -> list[tuple[MappedClass, float]]:
        """The classes that occur with their shares of the map (0 to 1), the largest first: shares of the area where
        all areas are known, else of the pixels or tiles."""
        by_area = all(entry.area_ha is not None for entry in self.classes)
        sizes = [(entry.area_ha if by_area else entry.count) or 0 for entry in self.classes]
        total = sum(sizes) or 1.0
        occurring = [(entry, size / total) for entry, size in zip(self.classes, sizes, strict=True) if size]
        return sorted(occurring, key=lambda pair: -pair[1])

    @classmethod
    def from_json(cls, answer: dict) -> MapResult:
        """Reads what `to_json` made; keys that it does not know are ignored.

        Raises:
            TypeError: a key is missing.
        """
        known = {field.name: answer[field.name] for field in fields(cls) if field.name in answer}
        return cls(**known | {"classes": tuple(map(MappedClass.from_json, answer.get("classes") or ()))})

    def to_json(self) -> dict:
        """One JSON object. `confidence` and `polygons` are keys of pixel maps only, where they may be null."""
        answer = {field.name: getattr(self, field.name) for field in fields(self)[:10]}  # up to head_name
        if self.unit == "pixels":
            answer |= {"confidence": self.confidence, "polygons": self.polygons}
        classes = [entry.to_json() for entry in self.classes]
        return answer | {"report": self.report, "gsd_m": self.gsd_m, "classes": classes, "tiles": self.tiles}
