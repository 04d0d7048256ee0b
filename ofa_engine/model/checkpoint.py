"""Checkpoints and heads: models to safetensors files and back. A file can never run code.

Header (JSON under the metadata key "ofanet"): format, file ("checkpoint" or "head"), name, and
  checkpoint: architecture, sensors {id: definition of the sensor, and tile_px}, fingerprints {id: sha256}, training,
    of imported weights source {name, file, sha256, licence, licence_url, attribution, address, citation}, and where
    DOFA's generator is kept (tensors `generator.*`) generator {kind, wavelengths_um {id: of each usable band}}
  head: sensor, task, kind (of `mlp+pixels` with hidden, windows), classes [{value, name, color}], tile_px, unit, bands,
    backbone (fingerprint), training, and gsd_m [low, high], the pixel sizes it is meant for
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from ..core import catalog, files
from ..core.errors import InputError, ModelFileError, OutputError
from ..core.messages import command, option
from ..core.sensors import Sensor, SensorError, definition, order_in_file
from .dofa import generator_of
from .heads import KINDS, LinearHead
from .mae import MaskedAutoencoder
from .ofanet import Architecture, OFANet
from .pixel_head import PixelMLPHead

Head = LinearHead | PixelMLPHead
_UNUSED = ("decoders.",)  # tensors that a model for inference does not need


@dataclass(frozen=True)
class Checkpoint:
    """A model with its header."""

    model: OFANet
    header: dict

    def sensor(self, sensor_id: str) -> Sensor:
        """The definition of that sensor that the embedder is for. Raises SensorError naming those there are."""
        try:
            return self.model.sensors[sensor_id]
        except KeyError:
            known = ", ".join(self.model.sensors)
            raise SensorError(f"expected a sensor out of {known}, found {sensor_id!r}") from None

    def statistics(self, sensor_id: str) -> tuple[list[float], list[float]]:
        """(mean, std) of its training data per band, in the sensor's canonical unit."""
        sensor = self.sensor(sensor_id)
        return [*sensor.mean], [*sensor.std]

    def tile_px(self, sensor_id: str) -> int:
        return self.header["sensors"][sensor_id].get("tile_px") or self.model.arch.input_px


def save_checkpoint(
    path: str | Path,
    model: OFANet,
    name: str,
    training: dict,
    *,
    half: bool = False,
    statistics: dict[str, tuple[list[float], list[float]]] | None = None,
    tile_px: dict[str, int] | None = None,
    decoders: MaskedAutoencoder | None = None,
    source: Mapping[str, str] | None = None,
) -> None:
    """Writes a checkpoint, complete or not at all.

    Args:
        path: of the file to create or replace.
        model: backbone and embedders.
        name: stands in the header, and in the provenance of results.
        training: what it was trained on and how, for the header.
        half: store 16 bits per value.
        statistics: (mean, std) per band in the canonical unit, by sensor; the model's by default.
        tile_px: side, in the sensor's pixels, of the training samples, and so of a tile; input_px by default.
        decoders: written as well, to continue pretraining.
        source: where imported weights come from: {name, file, sha256, licence, licence_url, attribution, address,
            citation}.

    Raises:
        OutputError: where the file cannot be written.
    """
    described = {}
    for key, sensor in model.sensors.items():
        mean, std = (statistics or {}).get(key, (sensor.mean, sensor.std))
        described[key] = definition(replace(sensor, mean=tuple(mean), std=tuple(std)))
        described[key]["tile_px"] = (tile_px or {}).get(key, model.arch.input_px)
    header = {
        "format": catalog.FORMAT_VERSION,
        "file": "checkpoint",
        "name": name,
        "architecture": asdict(model.arch),
        "sensors": described,
        "fingerprints": model.fingerprints(),
        "training": training,
    }
    if source:
        header["source"] = dict(source)
    if model.generator is not None:
        header["generator"] = {"kind": "dofa", "wavelengths_um": model.generator_um}
    tensors = model.state_dict()
    if decoders is not None:
        header |= {"decoder": asdict(decoders.size), "mask_ratio": decoders.mask_ratio}
        tensors |= {f"decoders.{k}": v for k, v in decoders.decoders.state_dict().items()}
    _write(Path(path), tensors, header, half)


def save_head(
    path: str | Path,
    head: Head,
    name: str,
    *,
    sensor: Sensor,
    classes: list[dict],
    tile_px: int,
    backbone: str,
    training: dict,
    gsd_m: tuple[float, float] | None = None,
    half: bool = False,
) -> None:
    """Writes a head, complete or not at all.

    Args:
        path: of the file to create or replace.
        head: of K classes.
        name: stands in the header, and in the provenance of results.
        sensor: whose bands it expects, as the checkpoint defines it.
        classes: K entries {value, name, color}, see `core.classes.class_table`.
        tile_px: side of a tile in the raster's pixels.
        backbone: fingerprint of backbone and embedder it was fitted on.
        training: what it was fitted on and how it scored, for the header.
        gsd_m: smallest and largest pixel size that it is meant for, in metres; None for any.
        half: store 16 bits per value.

    Raises:
        OutputError: where the file cannot be written.
        ValueError: where the number of classes is not the head's.
    """
    if len(classes) != len(head.bias):
        raise ValueError(f"expected {len(head.bias)} classes, found {len(classes)}")
    header = {
        "format": catalog.FORMAT_VERSION,
        "file": "head",
        "name": name,
        "sensor": sensor.id,
        "task": head.task,
        "kind": head.kind,
        **head.settings,
        "classes": classes,
        "tile_px": tile_px,
        "unit": sensor.unit,
        "bands": list(sensor.band_names),
        "backbone": backbone,
        "training": training,
    }
    if gsd_m is not None:
        header["gsd_m"] = list(gsd_m)
    _write(Path(path), head.state_dict(), header, half)


def _write(path: Path, tensors: dict[str, Tensor], header: dict, half: bool) -> None:
    kept = {k: v.detach().cpu().to(torch.float16 if half else torch.float32).contiguous() for k, v in tensors.items()}
    try:
        files.write_bytes(path, save(kept, {"ofanet": json.dumps(header, ensure_ascii=False)}))
    except (OSError, SafetensorError) as error:
        reason = getattr(error, "strerror", None) or error  # the whole text names the hidden file beside it
        raise OutputError(f"cannot write {path}: {reason}") from error


def _read(path: Path) -> dict[str, Tensor]:
    try:
        with safe_open(path, "pt") as file:
            return {key: file.get_tensor(key).float() for key in file.keys()}
    except (OSError, SafetensorError) as error:
        raise ModelFileError(f"cannot read the model file {path}: {error}") from error


def _load_into(module: torch.nn.Module, tensors: dict[str, Tensor], path: Path) -> None:
    wanted = {k: tuple(v.shape) for k, v in module.state_dict().items()}
    found = {k: tuple(v.shape) for k, v in tensors.items()}
    if wanted != found:
        odd = next(k for k in [*wanted, *found] if wanted.get(k) != found.get(k))
        raise ModelFileError(
            f"expected tensor {odd} of shape {wanted.get(odd)}, found {found.get(odd)} in {path}: the file is damaged"
        )
    if any(value.is_meta for value in module.state_dict().values()):
        module.to_empty(device="cpu")
    module.load_state_dict(tensors)


def load_checkpoint(path: str | Path, device: str | torch.device = "cpu") -> Checkpoint:
    """A checkpoint for inference, in float32, with the embedders of those of its sensors that are known.

    Raises ModelFileError where it is damaged or not one of ours.
    """
    path = Path(path)
    header = catalog.read_header(path)
    if header["file"] != "checkpoint":
        raise ModelFileError(f"expected a checkpoint, found a {header['file']}: {path}")
    tensors = _read(path)
    try:
        architecture = _architecture(header["architecture"])
        if architecture.depth > len(tensors):  # a header may claim what no memory holds
            raise ValueError(f"{architecture.depth} blocks, more than it has tensors,")
        with torch.device("meta"):
            model = OFANet(architecture, catalog.sensors_of(catalog.ModelFile(path, header)))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ModelFileError(f"expected a complete checkpoint header, found {error} in {path}") from error
    unused = _UNUSED + tuple(f"embedders.{key}." for key in header["sensors"] if key not in model.sensors)
    tensors = {k: v for k, v in tensors.items() if not k.startswith(unused)}
    _add_generator(model, header.get("generator"), tensors, path)
    _load_into(model, tensors, path)
    for key, found in model.fingerprints().items():
        if found != header["fingerprints"].get(key):
            raise ModelFileError(f"the weights of {path} do not match its fingerprint for {key}: the file is damaged")
    model.eval().requires_grad_(False)
    for key, sensor in model.sensors.items():
        order = order_in_file(header["sensors"][key]["bands"], sensor)
        if order:
            weight = model.embedders[key].get_parameter("weight")
            weight.data = weight.data[:, order]
    return Checkpoint(model.to(device), header)


def _add_generator(model: OFANet, entry: dict | None, tensors: dict[str, Tensor], path: Path) -> None:
    """The generator of embedders that the header describes, if any. Raises ModelFileError."""
    if entry is None:
        return
    prefix = "generator."
    own = {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
    try:
        if entry["kind"] != "dofa":
            raise ValueError(f"a generator of kind {entry['kind']!r}")
        wavelengths_um = {key: um for key, um in entry["wavelengths_um"].items() if key in model.sensors}
        model.keep_generator(generator_of(own), wavelengths_um)
    except (AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError) as error:
        line = " ".join(str(error).split())
        raise ModelFileError(f"expected a complete generator of embedders, found {line} in {path}") from error


def _architecture(entry: dict) -> Architecture:
    """Raises ValueError for a field that is not known, TypeError."""
    if unknown := entry.keys() - {field.name for field in fields(Architecture)}:
        raise ValueError(f"the unknown field {min(unknown)!r} of the architecture (use the engine it was made with)")
    return Architecture(**entry)


def load_head(
    path: str | Path,
    checkpoint: Checkpoint,
    sensor_id: str,
    task: str | None = None,
    device: str | torch.device = "cpu",
) -> tuple[Head, dict]:
    """(head, header). Raises ModelFileError where it is for another sensor, task or backbone."""
    path = Path(path)
    header = catalog.read_header(path)
    try:
        check_head(header, path, sensor_id, task)
        if header["backbone"] != checkpoint.header["fingerprints"].get(sensor_id):
            raise ModelFileError(
                f"the head {path.name} was fitted on another backbone than {checkpoint.header['name']}: "
                f"use the checkpoint it was fitted on, or fit it anew with {command('fit')}"
            )
        sensor = checkpoint.sensor(sensor_id)
        bands = len(sensor.bands)
        if len(header["bands"]) != bands:
            raise ModelFileError(f"expected {bands} bands of {sensor_id}, found {len(header['bands'])} in {path}")
        head = _described_head(header, checkpoint.model.arch.width, bands, path)
    except (KeyError, TypeError, ValueError) as error:
        raise ModelFileError(f"expected a complete head header, found {error} in {path}") from error
    tensors = _read(path)
    order = order_in_file(header["bands"], sensor)
    if order and "pixel_weight" in tensors:
        weight = tensors["pixel_weight"]  # blocks of one column per band
        tensors["pixel_weight"] = weight.unflatten(1, (-1, bands))[:, :, order].flatten(1)
    _load_into(head, tensors, path)
    return head.eval().requires_grad_(False).to(device), header


def _described_head(header: dict, width: int, bands: int, path: Path) -> Head:
    """A head as the header describes it, its weights not loaded yet. Raises ModelFileError for an unknown kind, and
    KeyError, TypeError or ValueError where the header is incomplete."""
    kind, task, classes = header["kind"], header["task"], len(header["classes"])
    if kind not in KINDS[task]:
        raise ModelFileError(f"expected a head of kind {' or '.join(KINDS[task])}, found {kind!r} in {path}")
    if kind == "mlp+pixels":
        return PixelMLPHead(width, classes, bands, header["hidden"], header["windows"])
    return LinearHead(width, classes, task, bands if kind == "linear+pixels" else 0)


def check_head(header: dict, path: Path, sensor_id: str, task: str | None) -> None:
    """Raises ModelFileError where a head is not for that sensor or task."""
    if header["file"] != "head":
        raise ModelFileError(f"expected a head, found a {header['file']}: {path}")
    if header["sensor"] != sensor_id:
        raise ModelFileError(
            f"expected a head for {sensor_id}, found one for {header['sensor']} ({path.name}): "
            "choose another head or sensor"
        )
    if task and header["task"] != task:
        found = header["task"]
        raise ModelFileError(f"expected a head to {task}, found one to {found} ({path.name}): use `ofa {found}`")


def choose_device(name: str) -> torch.device:
    """auto takes CUDA where there is one. Raises InputError."""
    if name not in ("auto", "cpu", "cuda"):
        raise InputError(f"expected device auto, cpu or cuda, found {name!r}")
    if name == "cuda" and not torch.cuda.is_available():
        raise InputError(f"expected a CUDA device, found none: use {option('device', 'cpu')} or auto")
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")
