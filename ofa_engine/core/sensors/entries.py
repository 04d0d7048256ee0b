"""What the tables of sensors, products and units consist of. Standard library only.

Each class is an entry of the JSON files in this folder; a value that cannot be right raises ValueError.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

CONFIDENCES = ("ambiguous", "likely", "certain")  # ascending
FUNCTIONS = ("decibel of power", "decibel of amplitude")  # conversions of units that are not affine
SIGNS = ("last band is a mask", "greys in alpha", "negative values", "file name")  # that a raster is something else
COMPARISONS = ("<", "<=", ">", ">=")


def least_confident(one: str, other: str) -> str:
    return min(one, other, key=CONFIDENCES.index)


@dataclass(frozen=True)
class Unit:
    """A unit of pixel values. `value * scale + offset` is the quantity itself; with a function its result is scaled."""

    id: str
    title: str
    quantity: str  # reflectance or backscatter
    scale: float = 1.0
    offset: float = 0.0
    function: str = ""
    most: float = math.inf  # the highest value; higher ones are cut off
    note: str = ""

    def __post_init__(self) -> None:
        if self.function not in ("", *FUNCTIONS) or self.scale == 0:
            raise ValueError(f"the conversion of unit {self.id!r}")


@dataclass(frozen=True)
class ValueRule:
    """The unit is this one where the sampled values lie so; with "" as unit, such values show none and `why` asks.

    Limits, as in {">=": 900, "<=": 1600}, of the bands that are read: `low` and `high` of the lowest 1 % and highest
    98 % quantile, `dark` and `bright` of the lowest and highest median, `visible` of the highest 1 % quantile among
    visible bands.
    """

    unit: str = ""
    low: Mapping[str, float] = field(default_factory=dict)
    dark: Mapping[str, float] = field(default_factory=dict)
    visible: Mapping[str, float] = field(default_factory=dict)
    bright: Mapping[str, float] = field(default_factory=dict)
    high: Mapping[str, float] = field(default_factory=dict)
    types: tuple[str, ...] = ()  # only of data types that begin so: "float", "uint8"
    steps: float = 0.0  # only of whole multiples of this number, rounded
    named: str = ""  # only where this regular expression is found in the descriptions of all bands that are read
    least_px: int = 0  # only with so many sampled pixels: little can be concluded from what a small chip lacks
    then: str = "certain"  # the confidence it leaves at most
    why: str = "values {low:.3g} to {high:.3g}"

    def __post_init__(self) -> None:
        re.compile(self.named)
        if {*self.low, *self.dark, *self.visible, *self.bright, *self.high} - {*COMPARISONS}:
            raise ValueError(f"limits of {self.unit!r}")
        if self.then not in CONFIDENCES:
            raise ValueError(f"unit {self.unit!r}, then {self.then!r}")


@dataclass(frozen=True)
class UnitRules:
    """How a unit is recognised: by the first rule that fits the values; by data type where there are none."""

    data_types: Mapping[str, str]
    values: tuple[ValueRule, ...]
    otherwise: str  # what is said where none fits


@dataclass(frozen=True)
class Band:
    name: str
    wavelength_um: float | None = None  # centre; None for radar


@dataclass(frozen=True)
class Sensor:
    """One sensor: the bands of its embedder in their order, and what a raster of it looks like."""

    id: str
    title: str
    short: str  # in the list of what is expected
    bands: tuple[Band, ...]
    gsd_m: tuple[float, float]  # plausible range; outside of it a detection is at best "likely"
    unit: str  # the canonical one, in which statistics are measured
    units: tuple[str, ...]  # those a raster may come in
    mean: tuple[float, ...]  # per band, canonical unit
    std: tuple[float, ...]
    never: frozenset[int] = frozenset()  # 1-based bands that always count as missing
    tolerance_um: float = 0.0  # how far a band's wavelength may be from the embedder's
    bands_example: str = ""  # of --bands, in a hint
    values: str = ""  # the rules by which the unit of values is recognised; "": those of the unit's quantity
    usual_gsd_m: float = 0.0  # what is assumed of a raster without CRS; 0: the geometric mean of the plausible range
    note: str = ""

    def __post_init__(self) -> None:
        if not len(self.bands) == len(self.mean) == len(self.std) or min(self.std) <= 0:
            raise ValueError(f"statistics of {self.id}: a mean and a positive std for each of {len(self.bands)} bands")
        if self.unit not in self.units:
            raise ValueError(f"the units of {self.id}, which lack its canonical {self.unit!r}")
        object.__setattr__(self, "usual_gsd_m", self.usual_gsd_m or math.sqrt(self.gsd_m[0] * self.gsd_m[1]))

    @cached_property
    def band_names(self) -> tuple[str, ...]:
        return tuple(band.name for band in self.bands)

    @cached_property
    def usable_bands(self) -> tuple[int, ...]:
        """0-based bands, without those that always count as missing."""
        return tuple(i for i in range(len(self.bands)) if i + 1 not in self.never)


@dataclass(frozen=True)
class ProductBand:
    """A band as a product delivers it. It is read as the sensor's band `reads`; "" where the sensor has none."""

    name: str
    reads: str
    wavelength_um: float | None = None
    aliases: tuple[str, ...] = ()  # regular expressions of words in a description, in lower case
    color: str = ""  # GDAL's colour interpretation, for bands without a description


@dataclass(frozen=True)
class BandRule:
    """A way to find the order of a raster's bands; see docs/sensors.md."""

    by: str  # names, wavelengths or order
    how: str  # in words, for the reason of a detection
    confidence: str = "likely"
    least: int = 0  # so many of the sensor's bands must be found; 0: all that the product has
    known: int = 0  # so many of the product's bands must be named, also those that the sensor lacks
    also: tuple[str, ...] = ()  # these must be found, too
    without: tuple[str, ...] = ()  # none of these may be found
    one_of: tuple[str, ...] = ()  # at least one of these must be found
    rest: str = ""  # where one band is left without a name, it is taken for this one
    bands: tuple[str, ...] = ()  # by order: names of the product's bands, "-" for one that is not used
    unless_named: bool = False  # by order: only where no band has a name
    types: tuple[str, ...] = ()  # by order: only of data types that begin so
    within_um: float = 0.0  # by wavelengths: how far a band's may be off; 0: as the sensor says
    named: str = ""  # by names: a regular expression that is found in the description of each band that is read
    file: str = ""  # only rasters in whose file name this regular expression is found
    note: str = ""

    def __post_init__(self) -> None:
        re.compile(self.named + self.file)
        if self.by not in ("names", "wavelengths", "order") or self.confidence not in CONFIDENCES:
            raise ValueError(f"a rule by {self.by!r} with confidence {self.confidence!r}")
        if (self.by == "order") != bool(self.bands):
            raise ValueError("a rule by order needs bands, and no other rule has them")


@dataclass(frozen=True)
class DoubtRule:
    """A sign that a raster is something else: `when` is one of SIGNS."""

    when: str
    then: str  # the confidence it leaves at most
    say: str
    candidates: tuple[str, ...] = ()
    also_with_sensor: bool = False  # also where the user has named the sensor
    file: str = ""  # a regular expression that is found in the file name

    def __post_init__(self) -> None:
        re.compile(self.file)
        if self.when not in SIGNS or self.then not in CONFIDENCES:
            raise ValueError(f"a doubt when {self.when!r}, then {self.then!r}")


@dataclass(frozen=True)
class Claim:
    """A raster with so many wavelengths in that range is of such a product, and of no other."""

    wavelengths: int
    range_um: tuple[float, float]


@dataclass(frozen=True)
class Product:
    """What a file is: its bands as delivered, how it is recognised, and the sensor whose embedder reads it."""

    id: str
    title: str
    sensor: str
    bands: tuple[ProductBand, ...]
    rules: tuple[BandRule, ...]
    doubts: tuple[DoubtRule, ...] = ()
    counts: tuple[int, ...] = ()  # recognised only among rasters of so many bands; empty: of any number
    claims: Claim | None = None
    mapped: bool = False  # its bands stand in for those of another sensor
    values: str = ""  # the rules by which its unit is recognised; "": the sensor's

    def __post_init__(self) -> None:
        known = {band.name for band in self.bands} | {"-"}
        used = {
            name for r in self.rules for name in (*r.also, *r.without, *r.one_of, *r.bands, *filter(None, [r.rest]))
        }
        if used - known:
            raise ValueError(f"the rules of {self.id}, which speak of {', '.join(sorted(used - known))}")
        self.words  # noqa: B018 - compiled at once, so that a wrong expression is found when it is read

    @property
    def orders(self) -> tuple[BandRule, ...]:
        """Those that are assumed from the number of bands alone."""
        return tuple(rule for rule in self.rules if rule.by == "order" and not rule.file)

    @cached_property
    def highest_number(self) -> int:
        """12 of B1..B12; 0 where bands have names that are no numbers."""
        numbers = [int(match[1]) for band in self.bands if (match := re.fullmatch(r"B(\d+)", band.name))]
        return max(numbers, default=0)

    @cached_property
    def words(self) -> re.Pattern[str] | None:
        """Group `b3` of a match is the fourth band's name; None where bands are not recognised by names."""
        if all(rule.by != "names" for rule in self.rules):
            return None
        groups = "|".join(f"(?P<b{i}>{'|'.join(band.aliases)})" for i, band in enumerate(self.bands))
        return re.compile(f"(?<![a-z0-9])(?:{groups})(?![a-z0-9])")

    def reads(self, sensor: Sensor) -> tuple[ProductBand | None, ...]:
        """Per band of the sensor the product's band that is read as it; None where there is none."""
        by_sensor_band = {band.reads: band for band in reversed(self.bands)}
        return tuple(by_sensor_band.get(name) for name in sensor.band_names)
