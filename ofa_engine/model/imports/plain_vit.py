"""Plain Vision Transformers with fixed bands: timm's, MAE's, SSL4EO-S12's and SSL4EO-L's, and others by a rename map.

What the bands are stands in no file: it follows from their number, and from the file's name where that leaves a choice.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from ...core.errors import InputError
from ..dofa import Embedding
from ..ofanet import Architecture
from .conversion import Conversion
from .families import Family, Reading, families
from .rename_map import RenameMap
from .trunk import Trunk

_KERNEL = "patch_embed.proj.weight"
# (bands, part of the file's name, family, sensor): the first that fits; "" fits any name
_KNOWN = (
    (2, "", "ssl4eo-s12", "sentinel-1"),
    (13, "", "ssl4eo-s12", "sentinel-2"),
    (7, "tm_toa", "ssl4eo-l", "landsat-tm-toa"),
    (7, "", "ssl4eo-l", "landsat-oli-sr"),
    (6, "", "ssl4eo-l", "landsat-etm-sr"),
    (9, "", "ssl4eo-l", "landsat-etm-toa"),
    (11, "", "ssl4eo-l", "landsat-oli-toa"),
    (3, "mae_pretrain|mae_finetuned", "mae", "naip"),
    (3, "augreg", "vit-augreg", "naip"),
    (3, "", "vit", "naip"),
)


def unwrapped(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Without the prefix of the module that holds the ViT: `module.`, `backbone.`, `module.base_encoder.`, ... Of a
    student and a slowly updated copy (MoCo's `momentum_encoder`) the student."""
    places = [name.removesuffix("cls_token") for name in tensors if re.search(r"(^|\.)cls_token$", name)]
    places = [place for place in places if "momentum" not in place] or [""]
    prefix = min(places, key=len)
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def is_plain_vit(tensors: Mapping[str, Tensor]) -> bool:
    return _KERNEL in tensors and "cls_token" in tensors


def convert_plain_vit(tensors: Mapping[str, Tensor], path: Path, names: RenameMap) -> Conversion:
    """A ViT with one embedder. `tensors` have timm's names; `path` gives a hint at what the bands are.

    Raises:
        InputError: for another kind of transformer, or bands that are not known.
    """
    trunk = Trunk(tensors, "a plain ViT")
    fields, backbone, notes = trunk.backbone(names.heads)
    kernel = trunk.take(_KERNEL, (fields["width"], None, None, None))
    bias = trunk.take("patch_embed.proj.bias", (fields["width"],))
    bands, patch_px = kernel.shape[1], kernel.shape[2]
    if kernel.shape[3] != patch_px:
        raise InputError(f"expected square patches, found {patch_px} x {kernel.shape[3]} px in {path}")
    family, reading, note = _reading(bands, path, names)
    sensor = reading.sensor
    if len(sensor.bands) != bands:
        raise InputError(f"expected {len(sensor.bands)} bands of {sensor.id}, found {bands} in {path}")
    return Conversion(
        layout=f"plain ViT of {bands} bands",
        family=family,
        architecture=Architecture(
            **fields,
            patch_px=patch_px,
            input_px=trunk.grid(backbone["pos_embed"]) * patch_px,
            positions="learned",
            final_norm=True,
        ),
        backbone=backbone,
        embedders={sensor.id: Embedding(kernel, bias)},
        sensors={sensor.id: sensor},
        taken=tuple(trunk.taken),
        left=tuple(name for name in tensors if name not in trunk.taken),
        notes=notes + note,
    )


def _reading(bands: int, path: Path, names: RenameMap) -> tuple[Family, Reading, tuple[str, ...]]:
    """What the embedder reads, and a note where it is assumed. Raises InputError where it is not known."""
    if names.reading:
        return families()["vit"], names.reading, ()
    for count, part, family_id, sensor_id in _KNOWN:
        if count == bands and re.search(part, path.name.lower()):
            family = families()[family_id]
            reading = family.readings[sensor_id]
            listed = ", ".join(reading.sensor.band_names)
            note = f"from {bands} bands it is taken as {family.title} of {reading.sensor.title}, bands {listed}"
            return family, reading, (note,)
    known = ", ".join(map(str, sorted({count for count, *_ in _KNOWN})))
    raise InputError(
        f"expected a ViT of {known} bands, or a map that says what its bands are, found {bands} bands in {path}"
    )
