"""Which layout a file of weights has, and its conversion."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from ...core.errors import InputError
from ..ofanet import OFANet
from . import dynamic
from .conversion import Conversion
from .plain_vit import convert_plain_vit, is_plain_vit, unwrapped
from .rename_map import NO_MAP, RenameMap
from .weight_files import read_weights


def convert(path: str | Path, names: RenameMap = NO_MAP) -> Conversion:
    """Recognises a file of public weights by its names and shapes, and converts it.

    Args:
        path: a PyTorch or safetensors file.
        names: the user's map for layouts that are not recognised.

    Returns:
        Backbone, embedders, what they read, and what was left.

    Raises:
        InputError: it cannot be read safely, or is no layout that is known.
    """
    tensors = unwrapped(names.renamed(read_weights(path)))
    if dynamic.is_dofa(tensors):
        return dynamic.convert_dofa(tensors, names)
    if dynamic.is_copernicus_fm(tensors):
        return dynamic.convert_copernicus_fm(tensors)
    if is_plain_vit(tensors):
        return convert_plain_vit(tensors, Path(path), names)
    raise InputError(
        f"expected weights of DOFA, Copernicus-FM or a plain Vision Transformer in {path}, found {_some(tensors)}: "
        "another model, or one whose names need a map"
    )


def build(found: Conversion) -> OFANet:
    """The model of a conversion, for inference; with its generator, where the conversion has one."""
    with torch.device("meta"):  # no random start for values that are all replaced
        model = OFANet(found.architecture, found.sensors.values())
    model.load_state_dict(found.tensors, assign=True)
    if found.generator:
        model.keep_generator(found.generator, found.generator_um)
    return model.eval().requires_grad_(False)


def _some(tensors: Mapping[str, Tensor]) -> str:
    names = list(tensors)
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
