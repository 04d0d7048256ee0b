"""The scenes that inputs name: files, folders, patterns, tables (CSV) and catalogs (GeoJSON, STAC) become one list.

A Sentinel-2 product as downloaded, a .SAFE folder or a .zip, is one scene, whatever rasters it contains.

A STAC item is a GeoJSON feature with assets (https://github.com/radiantearth/stac-spec, version 1.0).
"""

import csv
import glob
import hashlib
import json
import os
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlparse

from ..core.errors import InputError

RASTERS = (".tif", ".tiff", ".jp2", ".img", ".vrt", ".dat", ".bsq", ".bil", ".bip")  # looked for in folders
_TIMES = ("datetime", "start_datetime", "end_datetime")  # of a STAC item
_METADATA = ("MTD_MSIL2A.xml", "MTD_MSIL1C.xml")  # of a Sentinel-2 product
_PRODUCT = re.compile(r"S2._MSI(?:L2A|L1C)_.+", re.IGNORECASE)  # its name, whole or not
_NAME_LIMIT = 120  # characters of an id; a file system allows 255 bytes with our endings


@dataclass(frozen=True)
class Scene:
    """A raster to be classified. `input` is an absolute path or an address, `id` names the output, and `times` come
    from its STAC item, if it has one."""

    id: str
    input: str
    times: dict[str, str | None] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The input as results name it: without credentials."""
        return redacted(self.input)


@dataclass(frozen=True)
class _Entry:
    input: str
    id: str | None = None
    times: dict[str, str | None] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return redacted(self.input)


def find_scenes(inputs: Sequence[str], known: Mapping[str, str], skip: Path | None = None) -> list[Scene]:
    """Scenes in the order of `inputs`, each once, with ids that differ even if case is ignored.

    `known` maps keys of earlier runs to their ids, which are kept. Files below `skip`, the folder of results, are no
    inputs. Raises InputError where an input names nothing.
    """
    found: dict[str, _Entry] = {}
    for text in inputs:
        for entry in _expand(text, skip):
            found.setdefault(entry.input, entry)
    if not found:
        raise InputError("expected scenes, found none: name rasters, folders, a CSV, GeoJSON or STAC item collection")
    return _with_ids(found.values(), known)


def is_local(path: str) -> bool:
    """False for addresses and GDAL's virtual file systems."""
    return "://" not in path and not path.startswith("/vsi")


def redacted(path: str) -> str:
    """A path as it is; an address without user, password and query, which may hold credentials. A digest of the query
    distinguishes scenes that differ in it."""
    if is_local(path):
        return path
    plain, mark, query = path.partition("?")
    plain = re.sub(r"(?<=://)[^/@]*@", "", plain)
    return f"{plain}?{hashlib.sha256(query.encode()).hexdigest()[:8]}" if mark else plain


def redact_message(message: str) -> str:
    """A library's message without the users, passwords and queries of addresses."""
    return re.sub(r"://(?:[^/@\s'\"]*@)?([^\s?'\"]*)(?:\?[^\s'\"]*)?", r"://\1", message)


def _expand(text: str, skip: Path | None) -> Iterator[_Entry]:
    path = Path(text)
    if not is_local(text):
        yield _Entry(text)
    elif product_name(path):
        yield _Entry(_absolute(path))
    elif path.is_dir():
        yield from _folder_entries(path, skip)
    elif path.is_file() and path.suffix.lower() == ".csv":
        yield from _csv_entries(path)
    elif path.is_file() and path.suffix.lower() in (".geojson", ".json"):
        yield from _catalog_entries(path)
    elif path.is_file():
        yield _Entry(_absolute(text))
    elif glob.has_magic(text):
        matches = sorted(name for name in glob.glob(text, recursive=True) if _readable(Path(name), skip))
        if not matches:
            raise InputError(f"expected files that match {text}, found none")
        yield from (_Entry(_absolute(name)) for name in matches)
    else:
        raise InputError(f"expected a raster, folder, pattern, CSV, GeoJSON or STAC item collection, found no {text}")


def _absolute(path: str | Path) -> str:
    path = Path(path)
    named = path.parent if path.name in _METADATA else path  # a product's metadata file stands for its folder
    return os.path.abspath(named)  # links are kept: a folder of links is a common way to select scenes


def _readable(path: Path, skip: Path | None) -> bool:
    inside = skip is not None and Path(_absolute(path)).is_relative_to(_absolute(skip))
    return (path.is_file() or product_name(path) is not None) and not inside and not path.name.startswith(".")


def _folder_entries(folder: Path, skip: Path | None) -> Iterator[_Entry]:
    paths = [path for path in folder.rglob("*") if not path.name.startswith(".")]
    products = {path for path in paths if product_name(path)}
    rasters = {path for path in paths if path.suffix.lower() in RASTERS and products.isdisjoint(path.parents)}
    scenes = sorted(path for path in products | rasters if _readable(path, skip) and not _unpacked(path, products))
    if not scenes:
        raise InputError(
            f"expected rasters ({', '.join(RASTERS)}) or Sentinel-2 products in {folder}, the results' "
            "folder aside, found none"
        )
    yield from (_Entry(_absolute(path)) for path in scenes)


def _unpacked(path: Path, products: set[Path]) -> bool:
    """Whether it is an archive next to the folder that was unpacked from it."""
    stem = path.with_name(_product_stem(path.name))
    return path.suffix.lower() == ".zip" and not products.isdisjoint((stem, stem.with_name(f"{stem.name}.SAFE")))


def product_name(path: Path) -> str | None:
    """The name of a Sentinel-2 product, given its folder or .zip, without .SAFE; None for anything else. An incomplete
    product is recognised by its name."""
    named = _product_stem(path.name)
    if path.suffix.lower() == ".zip" and path.is_file():
        try:
            with zipfile.ZipFile(path) as archive:
                files = [PurePosixPath(name) for name in archive.namelist()]
        except (OSError, ValueError, RuntimeError, zipfile.BadZipFile):  # the middle two: damaged, or too new
            return named if _PRODUCT.fullmatch(named) else None
        inside = min((f for f in files if f.name in _METADATA), key=lambda f: len(f.parts), default=None)
        return None if inside is None else _product_stem(inside.parent.name) or named
    if path.is_dir():
        there = any((path / name).is_file() for name in _METADATA)
        return named if there or path.suffix.upper() == ".SAFE" and _PRODUCT.fullmatch(named) else None
    return None


def _product_stem(name: str) -> str:
    return re.sub(r"(\.SAFE)?(\.zip)?$", "", name, flags=re.IGNORECASE)


def _resolve_href(file: Path, href: str) -> str:
    """An href in a table or catalog; relative ones are relative to that file."""
    href = href.strip()
    if href.startswith("file://"):
        href = unquote(urlparse(href).path)
    return href if not is_local(href) else _absolute(file.parent / href)


def _csv_entries(path: Path) -> Iterator[_Entry]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:  # spreadsheets write a byte order mark
            rows = csv.DictReader(file)
            columns = {(name or "").strip().lower(): name for name in rows.fieldnames or []}
            column = columns.get("path") or columns.get("href")
            if column is None:
                raise InputError(f"expected a column path or href in {path.name}, found {', '.join(columns) or 'none'}")
            for row in rows:
                if (row[column] or "").strip():
                    given_id = (row.get(columns.get("id", "")) or "").strip()
                    yield _Entry(_resolve_href(path, row[column]), given_id or None)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"expected a CSV in UTF-8, found {path.name}: {error}") from error


def _catalog_entries(path: Path) -> Iterator[_Entry]:
    try:
        data = json.loads(path.read_text(encoding="utf-8-sig"))
        features = data["features"] if data["type"] == "FeatureCollection" else [data]
        if not all(feature["type"] == "Feature" for feature in features):
            raise TypeError
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"expected GeoJSON features or STAC items, found another file: {path.name}") from error
    for number, feature in enumerate(features, 1):
        properties = feature.get("properties") or {}
        times = {key: properties[key] for key in _TIMES if key in properties}
        given_id = str(feature["id"]) if feature.get("id") is not None else None
        hrefs = _hrefs(feature, properties)
        if not hrefs:
            raise InputError(
                f"expected an asset that is a raster, or a property path, href or location (as gdaltindex "
                f"writes it), found none in feature {given_id or number} of {path.name}"
            )
        for key, href in hrefs.items():
            name = given_id if len(hrefs) == 1 or given_id is None else f"{given_id}_{key}"
            yield _Entry(_resolve_href(path, href), name, times)


def _hrefs(feature: dict, properties: dict) -> dict[str, str]:
    """Asset key to href: assets with the role data where there are any, else those that look like rasters."""
    assets = {k: a for k, a in (feature.get("assets") or {}).items() if isinstance(a, dict) and a.get("href")}
    rasters = {k: a for k, a in assets.items() if _looks_raster(a)}
    data = {k: a for k, a in rasters.items() if "data" in (a.get("roles") or [])}
    if rasters:
        return {k: str(a["href"]) for k, a in (data or rasters).items()}
    plain = next((properties[name] for name in ("path", "href", "location") if properties.get(name)), None)
    return {"": str(plain)} if plain and not assets else {}


def _looks_raster(asset: dict) -> bool:
    roles, kind = set(asset.get("roles") or []), str(asset.get("type", ""))
    if roles & {"thumbnail", "overview", "metadata"}:
        return False
    return kind.startswith(("image/tiff", "image/jp2")) or Path(urlparse(asset["href"]).path).suffix.lower() in RASTERS


# --- names -------------------------------------------------------------------------------------------------------


def _with_ids(found: Iterable[_Entry], known: Mapping[str, str]) -> list[Scene]:
    """Gives each an id: the user's, that of an earlier run, or the file's name, with part of the path's digest where
    two share it."""
    entries = list(found)
    explicit: dict[str, str] = {}
    for entry in entries:
        if entry.id is not None and explicit.setdefault(_clean(entry.id).lower(), entry.key) != entry.key:
            raise InputError(f"expected distinct ids, found {entry.id} for two scenes")
    taken = {name.lower(): path for path, name in known.items()} | explicit
    scenes = []
    for entry in entries:
        name = _clean(entry.id) if entry.id is not None else known.get(entry.key) or _clean(_stem(entry.input))
        if taken.setdefault(name.lower(), entry.key) != entry.key:
            name = f"{name}-{hashlib.sha256(entry.input.encode()).hexdigest()[:8]}"
            taken[name.lower()] = entry.key
        scenes.append(Scene(name, entry.input, entry.times))
    assert len({scene.id.lower() for scene in scenes}) == len({entry.input for entry in entries})
    return scenes


def _stem(path: str) -> str:
    if not is_local(path):
        return Path(unquote(urlparse(path).path)).stem
    return product_name(Path(path)) or Path(path).stem


def _clean(name: str) -> str:
    """A name that is valid on every file system, and not hidden."""
    return re.sub(r"[^\w.+-]+", "_", name).strip("._")[:_NAME_LIMIT] or "scene"
