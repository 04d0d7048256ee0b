"""Model files: where they are searched for, and what their headers say. Standard library only, so that QGIS can list
heads without torch.

Checkpoints and heads are safetensors files (8 bytes of header length, a JSON header, raw tensors;
https://github.com/huggingface/safetensors#format) with a JSON header of their own under the metadata key "ofanet".
"""

import json
import os
import shutil
import struct
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from .errors import ModelFileError
from .files import replacing
from .messages import option
from .sensors import SENSORS, TABLE, Sensor, Table, defined_sensor, table_for, table_with

FORMAT_VERSION = 1
_HEADER_LIMIT_BYTES = 100_000_000  # the format's own limit
_CHUNK_BYTES = 4 * 2**20


def resources_dir() -> Path:
    """resources/ next to the package: in the repository, pip-installed, or in the plugin's zip."""
    return Path(__file__).resolve().parents[2] / "resources"


def models_dirs() -> list[Path]:
    """Folders searched for checkpoints and heads: the user's ($OFANET_MODELS), then those that come with the engine."""
    own = [Path(p) for p in os.environ.get("OFANET_MODELS", "").split(os.pathsep) if p]
    return [*own, resources_dir() / "models"]


def read_header(path: str | Path) -> dict:
    """The "ofanet" header of a checkpoint or head, without reading tensors. Raises ModelFileError for other files."""
    path = Path(path)
    try:
        with path.open("rb") as file:
            prefix = file.read(8)
            length = struct.unpack("<Q", prefix)[0] if len(prefix) == 8 else 0
            if not 2 <= length <= min(_HEADER_LIMIT_BYTES, path.stat().st_size):
                raise ValueError("not a safetensors file")
            metadata = json.loads(file.read(length)).get("__metadata__", {})
            header = json.loads(metadata["ofanet"])
    except OSError as error:
        raise ModelFileError(f"cannot read the model file {path}: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ModelFileError(
            f"expected an OFA-Net checkpoint or head (safetensors with an 'ofanet' header), found another file: {path}"
        ) from error
    if not isinstance(header, dict) or header.get("file") not in ("checkpoint", "head"):
        raise ModelFileError(f"expected an OFA-Net checkpoint or head, found an unknown header in {path}")
    if header.get("format") != FORMAT_VERSION:
        raise ModelFileError(
            f"expected format version {FORMAT_VERSION}, found {header.get('format')!r} in {path}: "
            "use the engine it was made with"
        )
    return header


def is_ours(path: str | Path) -> bool:
    """Whether a file is a checkpoint or head of OFA-Net, of whatever version; read it with `read_header`."""
    try:
        with Path(path).open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            return length <= _HEADER_LIMIT_BYTES and "ofanet" in json.loads(file.read(length))["__metadata__"]
    except (OSError, ValueError, KeyError, TypeError, struct.error, RecursionError):
        return False


def rewrite_header(path: str | Path, header: dict, target: str | Path) -> None:
    """Writes the model file to `target`, which may be the same, with another "ofanet" header; the tensors are copied
    byte for byte. Raises ModelFileError for a file that is no checkpoint or head, OSError."""
    read_header(path)
    target = Path(target)
    with replacing(target) as part, Path(path).open("rb") as source, part.open("wb") as out:
        (length,) = struct.unpack("<Q", source.read(8))
        whole = json.loads(source.read(length))
        whole["__metadata__"]["ofanet"] = json.dumps(header, ensure_ascii=False)
        text = json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 8)  # tensors begin at multiples of eight bytes
        out.write(struct.pack("<Q", len(text)) + text)
        shutil.copyfileobj(source, out, _CHUNK_BYTES)


@dataclass(frozen=True)
class ModelFile:
    """A checkpoint or head, with its header."""

    path: Path
    header: dict

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def included(self) -> bool:
        """Whether it comes with the engine, and is not the user's own."""
        return self.path.parent == resources_dir() / "models"

    @property
    def training(self) -> dict:
        """What it was trained on and how it scored; empty where the header does not say."""
        return self.header.get("training") or {}

    @property
    def gsd_m(self) -> tuple[float, float] | None:
        """Smallest and largest pixel size that a head is meant for, in metres; None for any."""
        low, high = self.header.get("gsd_m") or (0, 0)
        return (low, high) if low else None

    def gsd_factor(self, gsd_m: float | None) -> float:
        """By which factor a pixel size in metres lies outside the head's range; 1.0 inside it, and where it has none or
        the pixel size is not known."""
        if not gsd_m or not self.gsd_m:
            return 1.0
        low, high = self.gsd_m
        return max(low / gsd_m, gsd_m / high, 1.0)


def _list(kind: str, first: Path | None = None) -> list[ModelFile]:
    found: dict[str, ModelFile] = {}
    for folder in [first, *models_dirs()] if first else models_dirs():
        for path in sorted(folder.glob("[!.]*.safetensors")):
            try:
                header = read_header(path)
            except ModelFileError:
                continue  # the user's folder may hold other files
            if header["file"] == kind:
                found.setdefault(path.stem, ModelFile(path, header))
    return list(found.values())


def list_heads(sensor: str | None = None, task: str | None = None) -> list[ModelFile]:
    """All heads, or those for a sensor and task; the user's own come first."""
    return [
        head
        for head in _list("head")
        if sensor in (None, head.header.get("sensor")) and task in (None, head.header.get("task"))
    ]


def ranked_heads(
    sensor: str,
    task: str | None = None,
    gsd_m: float | None = None,
    bands: Collection[str] | None = None,
    backbone: str | None = None,
) -> list[ModelFile]:
    """The heads for a raster, best first.

    The user's own heads come before those of the engine. Among those of one folder: heads for pixels, then for tiles;
    those whose GSD range holds the raster's pixel size, else by the factor that it lies outside; those fitted on bands
    that the raster all has; those fitted on real scenes; those whose bands are most like the raster's; by name.

    Args:
        sensor: id of the sensor that the raster is read as.
        task: "segment" or "classify"; None for both.
        gsd_m: pixel size of the raster in metres; None for the sensor's usual one.
        bands: names of the sensor's bands that the raster has; None for all.
        backbone: only heads fitted on the backbone of this fingerprint.
    """
    known = SENSORS.get(sensor)
    gsd_m = gsd_m or (known.usual_gsd_m if known else None)
    present = set(bands if bands is not None else known.band_names if known else ())
    folders = models_dirs()

    def rank(head: ModelFile) -> tuple:
        fitted = set(head.training.get("bands") or head.header.get("bands") or ())
        return (
            folders.index(head.path.parent),
            head.header.get("task") != "segment",
            head.gsd_factor(gsd_m),
            not fitted <= present,
            bool(head.training.get("simulated")),
            len(fitted ^ present),
            head.name,
        )

    heads = list_heads(sensor, task)
    return sorted((head for head in heads if backbone in (None, head.header.get("backbone"))), key=rank)


def heads_to_fit_again(checkpoint: ModelFile) -> list[ModelFile]:
    """The user's own heads for sensors of a checkpoint that were fitted for another one, and remember by which options
    of `fit`: under "fit_again" in what their headers say of their training."""
    prints = checkpoint.header.get("fingerprints", {})
    return [
        head
        for head in list_heads()
        if not head.included
        and isinstance(head.training.get("fit_again"), dict)
        and prints.get(head.header.get("sensor"), head.header.get("backbone")) != head.header.get("backbone")
    ]


def list_checkpoints() -> list[ModelFile]:
    """All checkpoints; the user's own come first."""
    return _list("checkpoint")


def find_head(
    name_or_path: str | None,
    sensor: str,
    task: str | None,
    gsd_m: float | None = None,
    bands: Collection[str] | None = None,
    checkpoint: ModelFile | None = None,
) -> ModelFile:
    """A head by path or name; without one the default for a raster, the first of `ranked_heads`.

    Args:
        name_or_path: of a head; empty or None for the default.
        sensor, task, gsd_m, bands: of the raster, as for `ranked_heads`.
        checkpoint: the one that the default is to be for; None for any.

    Raises:
        ModelFileError: where there is none.
    """
    if name_or_path:
        path = Path(name_or_path)
        if path.suffix == ".safetensors" or path.exists():
            header = read_header(path)
            if header["file"] != "head":
                raise ModelFileError(f"expected a head, found a {header['file']}: {path}")
            return ModelFile(path, header)
        for head in list_heads():
            if head.name == name_or_path:
                return head
        names = ", ".join(head.name for head in list_heads(sensor or None)) or "none"
        raise ModelFileError(f"expected a head file or one of {names}, found {name_or_path!r}")
    backbone = checkpoint.header["fingerprints"].get(sensor, "") if checkpoint else None
    for head in ranked_heads(sensor, task, gsd_m, bands, backbone):
        return head
    if checkpoint:
        raise ModelFileError(
            f"expected a head to {task} {sensor} with {checkpoint.name}, found none: name its file with "
            f"{option('head')}, or fit one, as with `ofa heads refit`"
        )
    raise ModelFileError(
        f"expected a head to {task} {sensor}, found none: give one with {option('head')}, or put one in $OFANET_MODELS"
    )


def sensors_of(checkpoint: ModelFile) -> list[Sensor]:
    """The sensors of a checkpoint as its header defines them; without those that nothing is known of. Raises
    ModelFileError where the header is not complete."""
    try:
        defined = (defined_sensor(key, entry) for key, entry in checkpoint.header["sensors"].items())
        return [sensor for sensor in defined if sensor]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ModelFileError(f"expected a complete checkpoint header, found {error} in {checkpoint.path}") from error


def table_of(checkpoint: ModelFile, sensor: str | None = None) -> Table:
    """The table of sensors and products for a checkpoint, or for one of its sensors. Raises ModelFileError."""
    return table_for(found for found in sensors_of(checkpoint) if sensor in (None, found.id))


def installed_table(table: Table = TABLE) -> Table:
    """A table of sensors and products with those sensors added that only installed checkpoints have."""
    added: dict[str, Sensor] = {}
    for checkpoint in list_checkpoints():
        if checkpoint.header.get("sensors", {}).keys() <= SENSORS.keys():
            continue
        try:
            added = {sensor.id: sensor for sensor in sensors_of(checkpoint)} | added
        except ModelFileError:
            continue  # said where it is used
    return table_with(added.values(), table)


def table_of_head(head: ModelFile) -> Table:
    """The installed table with the head's sensor as the checkpoint defines it that the head was fitted on."""
    return _with_definition(head.header.get("sensor", ""), head.header.get("backbone"), head.path.parent)


def table_by_default(sensor: str | None) -> Table:
    """The installed table with a sensor as the checkpoint defines it that is taken where neither this nor a head is
    chosen."""
    return _with_definition(sensor or "", None, None)


def _with_definition(sensor: str, fingerprint: str | None, folder: Path | None) -> Table:
    try:
        return installed_table(table_of(find_checkpoint(fingerprint, sensor, folder), sensor))
    except ModelFileError:
        return installed_table()  # what is wrong is said where it is used


def checkpoint_named(name_or_path: str) -> ModelFile:
    """A checkpoint by path or name. Raises ModelFileError."""
    path = Path(name_or_path)
    if path.suffix == ".safetensors" or path.exists():
        found: ModelFile | None = ModelFile(path, read_header(path))
    else:
        found = next((c for c in list_checkpoints() if c.name == name_or_path), None)
    if found is None or found.header["file"] != "checkpoint":
        names = ", ".join(c.name for c in list_checkpoints()) or "none"
        raise ModelFileError(f"expected a checkpoint file or one of {names}, found {name_or_path!r}")
    return found


def named_checkpoint(name_or_path: str, sensor: str) -> ModelFile:
    """The same, with an embedder for the sensor. Raises ModelFileError."""
    found = checkpoint_named(name_or_path)
    if sensor not in found.header.get("sensors", {}):
        there = ", ".join(found.header.get("sensors", {}))
        raise ModelFileError(f"expected a checkpoint with {sensor}, found one with {there}: {found.path.name}")
    return found


def find_checkpoint(fingerprint: str | None, sensor: str, folder: Path | None = None) -> ModelFile:
    """The checkpoint that a head was fitted on, by the fingerprint of its backbone with that sensor's embedder.
    `folder` (the head's own) is searched first. With None the first one for that sensor. Raises ModelFileError."""
    for checkpoint in _list("checkpoint", folder):
        prints = checkpoint.header.get("fingerprints", {})
        if fingerprint is None and sensor in prints or fingerprint is not None and prints.get(sensor) == fingerprint:
            return checkpoint
    wanted = f"with backbone fingerprint {fingerprint[:12]}..." if fingerprint else f"for {sensor}"
    raise ModelFileError(
        f"expected a checkpoint {wanted}, found none: put the one that the head was fitted on "
        "into the head's folder or into $OFANET_MODELS"
    )
