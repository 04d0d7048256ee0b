"""The catalogue of public foundation models that can be downloaded: resources/foundation_models.json, and a file of the
same layout that $OFANET_FOUNDATION_MODELS names, whose entries come first (mirrors, models of one's own institute).

Nothing here opens a connection; `model.downloads` does, when the user asks for a model. Standard library only.
"""

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .catalog import models_dirs, resources_dir
from .errors import InputError
from .model_cost import backbone_bytes, tile_gflop

FORMAT_VERSION = 1
VARIABLE = "OFANET_FOUNDATION_MODELS"
_ROUNDED = 0.01  # by how much a size that is published in three digits may be off
_USUAL_BANDS = 9  # of a tile whose cost is shown; a few more or less change it by a hundredth
# Of the engine's process, measured on two CPU cores with ViT-Ti (934 MB in all) and ViT-B (1379 MB): what it takes by
# itself, and per byte of weights, which are kept packed for the processor besides.
_ENGINE_MB, _PER_WEIGHT = 900, 1.4
_LOCAL_HOSTS = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True)
class Figures:
    """What others measured, for the user to choose by.

    Attributes:
        measure: what the numbers are: a benchmark and how it was run.
        values: data set -> result, as published.
        source: who published them.
        address: where.
    """

    measure: str
    values: dict[str, str]
    source: str
    address: str


@dataclass(frozen=True)
class FoundationModel:
    """An entry of the catalogue.

    Attributes:
        name: by which it is fetched, and the default name of its checkpoint.
        title, good_at, sensors: for the user.
        figures: published results.
        address: of the file.
        size_bytes: of the file.
        size_is_rounded: whether only three digits of it are known.
        sha256: of the file, in lower-case hexadecimal digits; at least the first eight.
        kind: the layout of the weights, for the import.
        architecture: of the backbone, as a checkpoint's header has it.
        licence, licence_url, attribution, citation: of the weights; they go into the checkpoint's header.
        page: the publisher's, about the file.
    """

    name: str
    title: str
    good_at: str
    sensors: tuple[str, ...]
    figures: Figures
    address: str
    size_bytes: int
    sha256: str
    kind: str
    architecture: Mapping[str, float]
    licence: str
    licence_url: str
    attribution: str
    citation: str
    page: str
    size_is_rounded: bool = False

    @property
    def file_name(self) -> str:
        return urlsplit(self.address).path.rpartition("/")[2]

    @property
    def most_bytes(self) -> int:
        """What the file may have at most."""
        return round(self.size_bytes * (1 + _ROUNDED)) if self.size_is_rounded else self.size_bytes

    def fits(self, size_bytes: int) -> bool:
        """Whether the file may have that size."""
        return abs(size_bytes - self.size_bytes) <= self.most_bytes - self.size_bytes

    @property
    def gflop(self) -> float:
        """Multiply-adds of a tile in 1e9."""
        return tile_gflop(self.architecture, _USUAL_BANDS)

    @property
    def memory_mb(self) -> int:
        """What the engine takes with it on a CPU, about."""
        return round(_ENGINE_MB + _PER_WEIGHT * backbone_bytes(self.architecture) / 1e6)

    def source(self) -> dict[str, str]:
        """What the header of the checkpoint says of its origin."""
        names = ("licence", "licence_url", "attribution", "citation", "address", "sha256")
        return {"name": self.title, "file": self.file_name} | {name: getattr(self, name) for name in names}


# --- where it is downloaded to -----------------------------------------------------------------------------------


def default_output(model: FoundationModel) -> Path:
    """The checkpoint that a fetched model becomes: in the user's folder of models, else in the current folder."""
    own = models_dirs()[:-1]
    return (own[0] if own else Path.cwd()) / f"{model.name}.safetensors"


def download_of(model: FoundationModel, output: Path) -> Path:
    """The downloaded file on its way to the checkpoint `output`: in a hidden folder beside it, which goes when the
    checkpoint is there."""
    return output.with_name(f".{output.stem}.download") / model.file_name


def part_of_download(download: Path) -> Path:
    """What has come of a file that is not complete yet. A later download continues it."""
    return download.with_name(download.name + ".part")


def downloaded_bytes(model: FoundationModel, output: Path) -> int:
    """How much of the file an earlier download has left beside `output`; 0 where there was none."""
    download = download_of(model, output)
    for path in (download, part_of_download(download)):
        try:
            return path.stat().st_size
        except OSError:
            continue
    return 0


# --- reading the catalogue ---------------------------------------------------------------------------------------


def foundation_models() -> list[FoundationModel]:
    """The catalogue, those of the user's file first. Raises InputError where a file cannot be read or an entry is
    wrong."""
    paths = [resources_dir() / "foundation_models.json"]
    if os.environ.get(VARIABLE):
        paths.insert(0, Path(os.environ[VARIABLE]))
    found: dict[str, FoundationModel] = {}
    for path in paths:
        for model in read_catalogue(path):
            found.setdefault(model.name, model)
    return list(found.values())


def find_foundation_model(name: str) -> FoundationModel:
    """The entry of that name. Raises InputError naming those there are."""
    known = {model.name: model for model in foundation_models()}
    if name not in known:
        raise InputError(f"expected a foundation model out of {', '.join(known)}, found {name!r}")
    return known[name]


def read_catalogue(path: Path) -> list[FoundationModel]:
    """The entries of one file. Raises InputError naming the file, the entry and the field that is wrong."""
    try:
        whole = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(whole, dict) or whole.get("format") != FORMAT_VERSION:
            raise ValueError(f"another format than {FORMAT_VERSION}")
        entries = whole["models"]
        if not isinstance(entries, list):
            raise ValueError("models that are no list")
    except OSError as error:
        raise InputError(f"expected a catalogue of foundation models, cannot read {path}: {error.strerror}") from error
    except (ValueError, KeyError) as error:
        raise InputError(f"expected a catalogue of foundation models in {path}, found {error}") from error
    return [_model(entry, number, path) for number, entry in enumerate(entries, 1)]


def _model(entry: Any, number: int, path: Path) -> FoundationModel:
    name = entry.get("name") if isinstance(entry, dict) else None
    where = f"{path}, entry {number}" + (f" ({name})" if isinstance(name, str) else "")
    fields = _checked(entry, _MODEL, where)
    fields["sha256"] = fields.pop("checksum").partition(":")[2]
    fields["sensors"] = tuple(fields["sensors"])
    fields["figures"] = Figures(**_checked(fields["figures"], _FIGURES, f"{where}, figures"))
    fields["architecture"] = _checked(fields["architecture"], _ARCHITECTURE, f"{where}, architecture")
    return FoundationModel(**fields)


def _checked(entry: Any, schema: dict[str, tuple[str, Callable[[Any], object]]], where: str) -> dict[str, Any]:
    """The entry, with all fields of the schema and no others. Raises InputError."""
    if not isinstance(entry, dict):
        raise InputError(f"expected an object in {where}, found {entry!r}")
    for name, (expected, is_right) in schema.items():
        if name in entry and not is_right(entry[name]) or name not in entry and name not in _OPTIONAL:
            found = repr(entry[name]) if name in entry else "none"
            raise InputError(f"expected {expected} as {name} in {where}, found {found}")
    unknown = sorted(entry.keys() - schema.keys())
    if unknown:
        raise InputError(f"expected the fields {', '.join(schema)} in {where}, found {unknown[0]!r}")
    return dict(entry)


def is_secure(address: Any) -> bool:
    """Whether an address is https, or of this machine."""
    try:
        parts = urlsplit(address)
        return bool(parts.hostname) and (
            parts.scheme == "https" or parts.scheme == "http" and parts.hostname in _LOCAL_HOSTS
        )
    except (ValueError, TypeError, AttributeError):
        return False


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_count(value: Any) -> bool:
    return type(value) is int and value > 0


def _matches(pattern: str) -> Callable[[Any], object]:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value)


_TEXT, _COUNT = ("a text", _is_text), ("a positive whole number", _is_count)
_ADDRESS = ("an address with https://", is_secure)
_OPTIONAL = ("size_is_rounded",)
_MODEL: dict[str, tuple[str, Callable[[Any], object]]] = {
    "name": ("a name of letters, digits and _", _matches(r"[A-Za-z0-9_]+")),
    "title": _TEXT,
    "good_at": _TEXT,
    "sensors": ("a list of texts", lambda value: isinstance(value, list) and value and all(map(_is_text, value))),
    "figures": ("an object", lambda value: isinstance(value, dict)),
    "address": (
        "an address with https:// that ends in a file's name",
        lambda value: is_secure(value) and re.fullmatch(r"[\w.-]*\w", urlsplit(value).path.rpartition("/")[2]),
    ),
    "size_bytes": _COUNT,
    "size_is_rounded": ("true or false", lambda value: isinstance(value, bool)),
    "checksum": ("sha256: and 8 to 64 lower-case hexadecimal digits", _matches(r"sha256:[0-9a-f]{8,64}")),
    "kind": _TEXT,
    "architecture": ("an object", lambda value: isinstance(value, dict)),
    "licence": _TEXT,
    "licence_url": _ADDRESS,
    "attribution": _TEXT,
    "citation": _TEXT,
    "page": _ADDRESS,
}
_FIGURES: dict[str, tuple[str, Callable[[Any], object]]] = {
    "measure": _TEXT,
    "values": (
        "an object of texts",
        lambda value: isinstance(value, dict) and value and all(map(_is_text, value.values())),
    ),
    "source": _TEXT,
    "address": _ADDRESS,
}
_ARCHITECTURE: dict[str, tuple[str, Callable[[Any], object]]] = {
    "width": _COUNT,
    "depth": _COUNT,
    "heads": _COUNT,
    "mlp_ratio": ("a positive number", lambda value: type(value) in (int, float) and value > 0),
    "input_px": _COUNT,
    "patch_px": _COUNT,
}
