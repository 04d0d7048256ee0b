"""Where public images and labels come from: a data file with public defaults (resources/public_chips.json).

    images    the STAC API's item search, the collection, the period, and which asset holds which band
    labels    the address of the tiles of a land-cover map of 3 x 3 degrees each, and what its values are called here;
              other values have no counterpart and stay unlabelled
    servers   the only ones that are asked, whatever a catalogue says or a server redirects to
    patience  how long a server may take, and how often it is asked

Both parts hold title, attribution, licence and licence_url, which are written beside the chips.
"""

import ipaddress
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ...core.catalog import resources_dir
from ...core.classes import MEDIUM_RESOLUTION
from ...core.errors import InputError


@dataclass(frozen=True)
class Terms:
    """Who is to be named for the data, and under which licence they are used."""

    title: str
    attribution: str
    licence: str
    licence_url: str


@dataclass(frozen=True)
class Catalogue:
    """Attributes:
    search: address of the item search of a STAC API.
    collection: of Sentinel-2 level-2A scenes.
    period: RFC 3339 interval that scenes are from.
    max_cloud_percent: scenes with more cloud are not asked for.
    bands: asset by band name, in the order of the chips' bands.
    scene_classes: asset with Sen2Cor's scene classification (SCL).
    image_terms: of the scenes.
    label_tiles: address of a label tile, with {tile} for its south-west corner, such as N48E009.
    label_classes: class name, out of `MEDIUM_RESOLUTION`, by value of the label map.
    label_terms: of the label map.
    servers: origins (scheme, host and port) that may be asked.
    timeout_s: how long a server may say nothing.
    attempts: how often a server is asked before an address counts as failed.
    first_wait_s: between the first two attempts; it doubles with each.
    """

    search: str
    collection: str
    period: str
    max_cloud_percent: float
    bands: dict[str, str]
    scene_classes: str
    image_terms: Terms
    label_tiles: str
    label_classes: dict[int, str]
    label_terms: Terms
    servers: tuple[str, ...]
    timeout_s: float
    attempts: int
    first_wait_s: float


def read_catalogue(path: Path | None = None) -> Catalogue:
    """The catalogue of a file, or the public one. Raises InputError where the file cannot be used."""
    path = path or resources_dir() / "public_chips.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        catalogue = _parsed(found)
    except (OSError, ValueError) as error:
        raise InputError(f"expected a catalogue of public images in JSON, found {path}: {error}") from error
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"expected a catalogue with the keys of resources/public_chips.json, found another form in {path}: {error}"
        ) from error
    for address in (catalogue.search, catalogue.label_tiles):
        if origin_of(address) not in catalogue.servers:
            raise InputError(f"expected the server of {address} among the servers of {path}, found it missing there")
    return catalogue


def _parsed(found: dict[str, Any]) -> Catalogue:
    images, labels, patience = found["images"], found["labels"], found["patience"]
    classes = {int(value): str(name) for value, name in labels["classes"].items()}
    if unknown := set(classes.values()) - set(MEDIUM_RESOLUTION):
        raise ValueError(f"classes {', '.join(sorted(unknown))}, but only {', '.join(MEDIUM_RESOLUTION)} are known")
    return Catalogue(
        search=str(images["search"]),
        collection=str(images["collection"]),
        period=str(images["period"]),
        max_cloud_percent=float(images["max_cloud_percent"]),
        bands={str(band): str(asset) for band, asset in images["bands"].items()},
        scene_classes=str(images["scene_classes"]),
        image_terms=_terms(images),
        label_tiles=str(labels["tiles"]),
        label_classes=classes,
        label_terms=_terms(labels),
        servers=tuple(_server(str(address)) for address in found["servers"]),
        timeout_s=float(patience["timeout_s"]),
        attempts=int(patience["attempts"]),
        first_wait_s=float(patience["first_wait_s"]),
    )


def _terms(part: dict[str, Any]) -> Terms:
    return Terms(*(str(part[key]) for key in ("title", "attribution", "licence", "licence_url")))


def _server(address: str) -> str:
    """Its origin. Raises ValueError for anything but https, or http on this machine."""
    origin = origin_of(address)
    if origin != address or not (address.startswith("https://") or _is_this_machine(address)):
        raise ValueError(f"the server {address}, but only https://HOST, or http://127.0.0.1:PORT, can be one")
    return origin


def _is_this_machine(address: str) -> bool:
    parts = urlsplit(address)
    try:
        return parts.scheme == "http" and ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False


def origin_of(address: str) -> str:
    """Scheme, host and port, as `servers` lists them; "" where an address has no host."""
    try:
        parts = urlsplit(address)
        port = f":{parts.port}" if parts.port else ""
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        return f"{parts.scheme}://{host}{port}" if host else ""
    except ValueError:
        return ""
