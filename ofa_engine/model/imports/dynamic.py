"""Weights whose embedders are generated: DOFA v1 (the hub's file and torchgeo's) and Copernicus-FM.

Both have the same generator, with other encodings of wavelengths, and convolutions padded by one pixel. Copernicus-FM
adds encodings of place, area and date; without them its learned stand-ins are constants, added to the positions here.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from ...core.errors import InputError
from ...core.sensors import Sensor
from ..dofa import ENCODING, Embedding, Generator, generate, generator_of
from ..ofanet import Architecture
from .conversion import Conversion
from .families import Family, families
from .rename_map import NO_MAP, RenameMap
from .trunk import Trunk

_PATCH_PAD = 1
_HIDDEN = 2048  # of the generator's transformer
_OLD_DOFA = ("7cc0f413", "fbd47fa9")  # how the SHA-256 of torchgeo's first files begins, which stands in their names
_GENERATOR_NAMES = dict(
    (  # of a file to ours; as pairs, since scanners take a text under a key of "token" for a password
        ("weight_generator.weight_tokens", "weight_tokens"),
        ("weight_generator.bias_token", "bias_token"),
        ("weight_generator.transformer_encoder.layers.0.", "encoder."),
        ("weight_generator.fc_weight.", "to_kernel."),
        ("weight_generator.fc_bias.", "to_bias."),
        ("fclayer.w1.", "residual.0."),
        ("fclayer.w2.", "residual.1."),
    )
)
_CENTER_NM, _BANDWIDTH_NM = (100.0, 1e9), (1.0, 1e9)  # ranges of Copernicus-FM's encodings


def is_dofa(tensors: Mapping[str, Tensor]) -> bool:
    return any(name.startswith("patch_embed.weight_generator.") for name in tensors)


def is_copernicus_fm(tensors: Mapping[str, Tensor]) -> bool:
    return any(name.startswith("patch_embed_spectral.") for name in tensors)


def refuse_old_dofa(path: Path, sha256: str) -> None:
    """Raises InputError for the files of 2024 whose kernels are laid out otherwise, which no shape shows."""
    for begin in _OLD_DOFA:
        if sha256.startswith(begin) or begin in path.name:
            raise InputError(
                f"expected a current file of DOFA, found torchgeo's first one (-{begin}), whose layout was wrong: use "
                "DOFA_ViT_base_e100.pth or DOFA_ViT_large_e100.pth of earthflow/DOFA on the Hugging Face hub"
            )


def convert_dofa(tensors: Mapping[str, Tensor], names: RenameMap = NO_MAP) -> Conversion:
    """DOFA with embedders for its sensors. Raises InputError where a tensor is missing or has another shape, or the map
    has wavelengths for other sensors or bands."""
    trunk = Trunk(tensors, "DOFA v1")
    family = _with_wavelengths(families()["dofa"], names.generator_um)
    fields, backbone, notes = trunk.backbone()
    generator = _take_generator(trunk, "patch_embed", fields["width"])
    made = {key: generate(generator, reading.generator_um) for key, reading in family.readings.items()}
    origin = "the hub" if "norm.weight" in tensors else "torchgeo"
    notes += (
        "gaofen: each band has the kernel of its own wavelength; in pretraining near infrared probably met the kernel "
        "of blue, so try gaofen against naip on your scenes",
    )
    return _conversion(
        f"DOFA v1, as in {origin}'s file", family, tensors, trunk, fields, backbone, made, notes, generator
    )


def convert_copernicus_fm(tensors: Mapping[str, Tensor]) -> Conversion:
    """Copernicus-FM without metadata of place, area and date. Raises InputError as `convert_dofa` does."""
    trunk = Trunk(tensors, "Copernicus-FM")
    family = families()["copernicus-fm"]
    fields, backbone, notes = trunk.backbone()
    generator = _take_generator(trunk, "patch_embed_spectral", fields["width"])
    made = {}
    for key, reading in family.readings.items():
        nm = [1000 * um for um in reading.generator_um]
        encoded = _fourier(nm, *_CENTER_NM) + _fourier(reading.bandwidths_nm, *_BANDWIDTH_NM)
        with torch.no_grad():
            made[key] = generator(encoded)
    backbone["pos_embed"] = backbone["pos_embed"] + _constants(trunk, fields["width"])
    notes += ("place, area and date of a scene are not given to it: their learned stand-ins are part of the positions",)
    return _conversion("Copernicus-FM", family, tensors, trunk, fields, backbone, made, notes)


def _with_wavelengths(family: Family, generator_um: Mapping[str, tuple[float, ...]]) -> Family:
    readings = dict(family.readings)
    for key, um in generator_um.items():
        if key not in readings or len(um) != len(readings[key].generator_um):
            wanted = ", ".join(f"{key} ({len(one.generator_um)})" for key, one in readings.items())
            raise InputError(f"expected wavelengths for the bands of {wanted} in the map, found {len(um)} for {key}")
        readings[key] = replace(readings[key], generator_um=um)
    return replace(family, readings=readings)


def _conversion(
    layout: str,
    family: Family,
    tensors: Mapping[str, Tensor],
    trunk: Trunk,
    fields: dict,
    backbone: dict[str, Tensor],
    made: Mapping[str, Embedding],
    notes: tuple[str, ...],
    generator: Generator | None = None,
) -> Conversion:
    patch_px = next(iter(made.values())).weight.shape[-1]
    input_px = trunk.grid(backbone["pos_embed"]) * patch_px
    architecture = Architecture(
        **fields, patch_px=patch_px, input_px=input_px, patch_pad=_PATCH_PAD, positions="learned", final_norm=True
    )
    embedders = {
        key: one._replace(weight=_spread(one.weight, family.readings[key].sensor)) for key, one in made.items()
    }
    return Conversion(
        layout=layout,
        family=family,
        architecture=architecture,
        backbone=backbone,
        embedders=embedders,
        sensors={key: reading.sensor for key, reading in family.readings.items()},
        taken=tuple(trunk.taken),
        left=tuple(name for name in tensors if name not in trunk.taken),
        generator=generator,
        generator_um={key: reading.generator_um for key, reading in family.readings.items()} if generator else {},
        notes=notes,
    )


def _spread(kernel: Tensor, sensor: Sensor) -> Tensor:
    """(D, usable bands, p, p) to (D, C, p, p), with zeros for bands that are never used."""
    if kernel.shape[1] == len(sensor.bands):
        return kernel
    spread = kernel.new_zeros(kernel.shape[0], len(sensor.bands), *kernel.shape[2:])
    spread[:, sensor.usable_bands] = kernel
    return spread


def _take_generator(trunk: Trunk, prefix: str, width: int) -> Generator:
    tensors = {}
    for theirs, ours in _GENERATOR_NAMES.items():
        for part, shape in _generator_shapes(ours, width).items():
            tensors[ours + part] = trunk.take(f"{prefix}.{theirs}{part}", shape)
    patch_px = math.isqrt(tensors["to_kernel.weight"].shape[0] // width)
    if patch_px * patch_px * width != tensors["to_kernel.weight"].shape[0]:
        raise InputError(
            f"expected a generator of square kernels of {width} channels, found {tensors['to_kernel.weight'].shape[0]} "
            "values per band: another version, a damaged file, or names that need a map?"
        )
    return generator_of(tensors)


def _generator_shapes(ours: str, width: int) -> dict[str, tuple[int | None, ...]]:
    """Shapes by the rest of the name, for the part of the generator that begins with this name."""
    square, vector = (ENCODING, ENCODING), (ENCODING,)
    if ours == "weight_tokens":
        return {"": square}
    if ours == "bias_token":
        return {"": (1, ENCODING)}
    if ours == "to_kernel.":
        return {"weight": (None, ENCODING), "bias": (None,)}
    if ours == "to_bias.":
        return {"weight": (width, ENCODING), "bias": (width,)}
    if ours.startswith("residual."):
        return {"weight": square, "bias": vector}
    return {
        "self_attn.in_proj_weight": (3 * ENCODING, ENCODING),
        "self_attn.in_proj_bias": (3 * ENCODING,),
        "self_attn.out_proj.weight": square,
        "self_attn.out_proj.bias": vector,
        "linear1.weight": (_HIDDEN, ENCODING),
        "linear1.bias": (_HIDDEN,),
        "linear2.weight": (ENCODING, _HIDDEN),
        "linear2.bias": vector,
        "norm1.weight": vector,
        "norm1.bias": vector,
        "norm2.weight": vector,
        "norm2.bias": vector,
    }


def _constants(trunk: Trunk, width: int) -> Tensor:
    """(1, 1, D): what Copernicus-FM adds to each position where place, area and date are not known."""
    total = torch.zeros(1, 1, width)
    for what in ("coord", "scale", "time"):
        token = trunk.take(f"{what}_token", (1, 1, width))
        weight = trunk.take(f"{what}_fc.weight", (width, width))
        total = total + F.linear(token, weight, trunk.take(f"{what}_fc.bias", (width,)))
    return total


def _fourier(values: Sequence[float], shortest: float, longest: float) -> Tensor:
    """(C,) to (C, E): sines, then cosines of the value over 64 periods between these two, evenly spaced on a log scale.
    In double precision: the values span nine orders of magnitude."""
    periods = torch.logspace(math.log10(shortest), math.log10(longest), ENCODING // 2, dtype=torch.float64)
    angle = torch.outer(torch.tensor(values, dtype=torch.float32).double(), 2 * math.pi / periods)
    return torch.cat([angle.sin(), angle.cos()], 1).float()
