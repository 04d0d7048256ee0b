"""Scenes whose bands are files of their own, as Landsat, Sentinel-2 and most exports come: which band each file is by
its name, and which files belong together.

A name tells its band by the last words in it that a product has for a band: LC08_..._SR_B4.TIF, T32UQD_..._B04_10m.jp2,
..._B02_(Raw).tiff, Sigma0_VV_db.img, scene_red_edge.tif. Standard library only.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from ..errors import InputError
from .band_order import all_named
from .detection import detect
from .entries import Product
from .facts import RasterFacts
from .table import TABLE, Table

_WORD = re.compile(r"[^\W_]+")
_MOST_WORDS = 3  # of a band's name: red edge 1
_NO_BAND = "no measurement of a band"
_RESOLUTION = re.compile(r"(\d+)m", re.IGNORECASE)


@dataclass(frozen=True)
class BandFile:
    """What a file's name says: `band` as it stands there, "" for quality flags, heights and the like; `scene` the part
    that comes before, and `key` all other words, which files of one scene share; `resolution_m` is 0 where the name has
    none."""

    path: str
    stem: str
    band: str
    scene: str
    key: tuple[str, ...]
    resolution_m: int


@dataclass(frozen=True)
class Scene:
    """`files` holds per band, in the product's order, (its description, its file); `left_out` (file, why); `product` is
    what the files were recognised as by their names, None where they are of nothing known; `reads` names for each file
    the band of the product's sensor that it is read as, "" where there is none."""

    name: str
    product: Product | None
    files: tuple[tuple[str, str], ...]
    reads: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]
    keys: tuple[tuple[str, ...], ...]  # several where the names differ in more than the band


def read_name(path: str, table: Table = TABLE) -> BandFile | None:
    """What a file's name says of its band; None where it says nothing."""
    name = PurePosixPath(path.split("?")[0].replace("\\", "/"))
    words = list(_WORD.finditer(name.stem))
    for last in range(len(words) - 1, -1, -1):
        for first in range(max(0, last - _MOST_WORDS + 1), last + 1):
            start, end = words[first].start(), words[last].end()
            text = name.stem[start:end]
            if len(text) == 1 and last < len(words) - 1:
                continue  # R, G, B: only at the end
            other = table.words.is_other(text)
            if other or _is_band(text, table):
                rest = [word[0].lower() for word in (*words[:first], *words[last + 1 :])]
                resolutions = [int(match[1]) for word in rest if (match := _RESOLUTION.fullmatch(word))]
                key = tuple(word for word in rest if not _RESOLUTION.fullmatch(word))
                scene = name.stem[:start].rstrip(" _-.(") or name.stem[end:].strip(" _-.()") or name.parent.name
                return BandFile(path, name.stem, "" if other else text, scene, key, (resolutions or [0])[0])
    return None


def _is_band(text: str, table: Table) -> bool:
    plain = table.words.plain(text)
    return bool(plain) and any(p.words is not None and p.words.fullmatch(plain) for p in table.products.values())


def read_scene(paths: Sequence[str], table: Table = TABLE) -> Scene:
    """The scene that band files make up.

    Args:
        paths: of all its files; those that are no bands are left out.
        table: the products there are.

    Raises:
        InputError: a name tells no band, several files are the same band, or fewer than two bands are left.
    """
    files, others = _read_names(paths, table)
    descriptions, found = _understood(files, table)
    if _numbered(descriptions):
        return _scene_of_numbers(files, others)
    facts = _facts(descriptions)
    product, named = _named_by(found, facts, table)
    for numbers in named.values():
        if len(numbers) > 1:
            twice = [files[number - 1] for number in numbers]
            names = " and ".join(_name(file.path) for file in twice)
            raise InputError(f"expected one file per band, found {len(twice)} of {twice[0].band}: {names}")
    bands = _in_order(product, named) if product else []
    order = [named[name][0] - 1 for name in bands]
    if product is None or len(order) < 2:
        alone = ", ".join(_name(file.path) for file in files) or "none"
        raise InputError(f"expected the files of two bands or more of one scene, found {alone}")
    read = {band.name: band.reads for band in product.bands}
    unread = [file.path for i, file in enumerate(files) if i not in order]
    return Scene(
        files[order[0]].scene or "scene",
        product if product is found else None,
        tuple((descriptions[i], files[i].path) for i in order),
        tuple(read[name] for name in bands),
        (
            *((path, _NO_BAND) for path in others),
            *((p, f"no band of {product.title}") for p in unread),
        ),
        tuple(dict.fromkeys(files[i].key for i in order)),
    )


def _understood(files: Sequence[BandFile], table: Table) -> tuple[list[str], Product | None]:
    """(descriptions, the product that detection sees in them): the bands' own names, or all of the files' where these
    make it another product, as B5 of HLS L30 and of Landsat is not Sentinel-2's."""
    bands, stems = [file.band for file in files], [file.stem for file in files]
    by_bands, by_stems = (_detected(texts, table) for texts in (bands, stems))
    if by_stems and by_stems is not by_bands:
        named = all_named(by_stems, _facts(stems), table)
        if len(named) > 1 and all(len(numbers) == 1 for numbers in named.values()):
            return stems, by_stems
    return bands, by_bands


def _detected(descriptions: Sequence[str], table: Table) -> Product | None:
    return table.products.get(detect(_facts(descriptions), table=table).product or "") if descriptions else None


def _numbered(descriptions: Sequence[str]) -> bool:
    """Whether these are the numbers of a file's bands, b1 to b4, and not Sentinel-2's or Landsat's first ones: nobody
    has these alone."""
    numbers = sorted(text.lower() for text in descriptions)
    return 2 <= len(numbers) <= 4 and numbers == [f"b{i + 1}" for i in range(len(numbers))]


def _scene_of_numbers(files: Sequence[BandFile], others: Sequence[str]) -> Scene:
    """In that order, and with descriptions that are no names: what the bands are is detection's question."""
    files = sorted(files, key=lambda file: file.band.lower())
    return Scene(
        files[0].scene or "scene",
        None,
        tuple((f"Band {number}", file.path) for number, file in enumerate(files, 1)),
        ("",) * len(files),
        tuple((path, _NO_BAND) for path in others),
        tuple(dict.fromkeys(file.key for file in files)),
    )


def _in_order(product: Product, named: Collection[str]) -> list[str]:
    """These names of the product's bands in the order that is assumed where there are no names, else as listed."""
    assumed = (list(rule.bands) for rule in product.orders if {*rule.bands} == {*named})
    return next(assumed, [band.name for band in product.bands if band.name in named])


def _read_names(paths: Sequence[str], table: Table) -> tuple[list[BandFile], list[str]]:
    """(files of bands, others). Raises InputError where a name tells nothing."""
    files, others = [], []
    for path in dict.fromkeys(paths):
        file = read_name(path, table)
        if file is None:
            raise InputError(
                f"expected a name that tells the band, as in scene_B04.tif, found {_name(path)}: rename it, or leave "
                "it out"
            )
        if file.band:
            files.append(file)
        else:
            others.append(path)
    return files, others


def scene_with(path: str, others: Iterable[str], table: Table = TABLE) -> Scene | None:
    """The scene of a known product that a file makes up with some of the others, by their names; None where there is
    none. Of files of the same band the finest is taken.

    Args:
        path: of a file of one band.
        others: of all that may belong to it.
        table: the products there are.
    """
    chosen = read_name(path, table)
    if chosen is None or not chosen.band:
        return None
    named = (read_name(other, table) for other in {path, *others} if _may_share(other, chosen.key))
    alike = [file for file in named if file and file.band and file.key == chosen.key]
    bands: dict[str, str] = {}
    for file in sorted(alike, key=lambda file: (file.resolution_m, file.path)):
        bands.setdefault(table.words.plain(file.band), file.path)
    try:
        scene = read_scene(list(bands.values()), table)
    except InputError:
        return None
    return scene if scene.product else None


def _may_share(path: str, key: Sequence[str]) -> bool:
    """Whether a file's name can have these other words; quick, for folders of thousands of files."""
    words = [word.lower() for word in _WORD.findall(_name(path))]
    return len(words) <= len(key) + _MOST_WORDS + 2 and {*key} <= {*words}  # and a resolution, an ending


def _facts(descriptions: Sequence[str]) -> RasterFacts:
    """What detection would know of the files' names as one raster."""
    colors = ("gray", *("undefined" for _ in descriptions[1:]))
    return RasterFacts("uint16", colors, tuple(descriptions))


def _named_by(found: Product | None, facts: RasterFacts, table: Table) -> tuple[Product | None, dict[str, list[int]]]:
    """(the product that was found, unless only by the number of bands; else the one that names the most files, of
    several such the one with the fewest bands; its bands' names -> 1-based files)."""
    if found and (names := all_named(found, facts, table)):
        return found, names
    named = [(product, all_named(product, facts, table)) for product in table.products.values()]
    return max(
        ((product, names) for product, names in named if names and facts.descriptions),
        key=lambda one: (sum(map(len, one[1].values())), -len(one[0].bands)),
        default=(None, {}),
    )


def _name(path: str) -> str:
    return PurePosixPath(path.replace("\\", "/")).name
