"""Weights to start from: timm's, MAE's and DOFA's files, our own checkpoints, others through a rename map.

What was copied and what was not is logged.
"""

import re
from collections.abc import Callable
from pathlib import Path

import yaml
from safetensors.torch import load_file
from torch import Tensor, nn

from ofa_engine.core.errors import InputError
from ofa_engine.model.checkpoint import load_checkpoint
from ofa_engine.model.imports import read_weights

# from a plain ViT's names (MAE, timm, DOFA, torchgeo) to ours
_VIT_RENAMES = {
    r"^(module|encoder|backbone)\.": "",
    r"^(cls_token|pos_embed|blocks\.|norm\.)": r"model.backbone.\1",
    r"^fc_norm\.": "model.backbone.norm.",
    r"^patch_embed\.proj\.": "model.embedders.naip.",  # three bands
}
_OWN_RENAMES = {r"^(backbone|embedders)\.": r"model.\1."}


def load_initial(
    module: nn.Module, name: str, rename_map: str = "", download: bool = False, log: Callable[[str], None] = print
) -> list[str]:
    """Copies the tensors that fit into an objective's module, and logs those that do not.

    Args:
        module: gets the weights; the OFA-Net is its `model`.
        name: a file, or the name of a timm model.
        rename_map: YAML file of `regular expression: replacement`, instead of the map that suits the kind of file.
        download: let timm download weights.
        log: gets one line at a time.

    Returns:
        Names of the tensors copied.

    Raises:
        InputError: no tensor fits, or the file cannot be read safely.
    """
    tensors, renames = _read(name, download)
    if rename_map:
        try:
            renames = yaml.safe_load(Path(rename_map).read_text(encoding="utf-8"))
            if not isinstance(renames, dict):
                raise ValueError("not a mapping")
        except (OSError, ValueError, yaml.YAMLError) as error:
            raise InputError(f"expected `pattern: replacement` lines in {rename_map}, found: {error}") from error
    own = module.state_dict()
    copied, skipped = [], []
    for key, value in tensors.items():
        renamed = key
        for pattern, replacement in renames.items():
            renamed = re.sub(pattern, replacement, renamed)
        if renamed in own and own[renamed].shape == value.shape:
            own[renamed].copy_(value)
            copied.append(renamed)
        else:
            why = f"expected shape {tuple(own[renamed].shape)}" if renamed in own else "no such name here"
            skipped.append(f"{key} {tuple(value.shape)}: {why}")
    if not copied:
        raise InputError(f"expected weights of a ViT in {name}, found none that fit: {'; '.join(skipped[:3])}")
    log(
        f"initial weights from {name}: {len(copied)} tensors copied, {len(skipped)} skipped, "
        f"{len(own) - len(copied)} of the model keep their random start"
    )
    for entry in skipped:
        log(f"  skipped: {entry}")
    return copied


def _read(name: str, download: bool) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors by name, and the rename map that suits the kind of file."""
    path = Path(name)
    if path.suffix == ".safetensors":
        if not path.exists():
            raise InputError(f"expected initial weights, found no file {path}")
        tensors = load_file(path)
        if not any(key.startswith("backbone.") for key in tensors):
            return tensors, _VIT_RENAMES
        return tensors | load_checkpoint(path).model.state_dict(), _OWN_RENAMES  # with bands in the tables' order
    if path.exists():
        return read_weights(path), _VIT_RENAMES
    import timm

    if not timm.is_model(name.split(".")[0]):
        raise InputError(f"expected initial weights, found no file {name} and no timm model of that name")
    if not download:
        raise InputError(f"{name} would have to be downloaded: allow it with --download")
    try:
        return timm.create_model(name, pretrained=True).state_dict(), _VIT_RENAMES
    except Exception as error:
        raise InputError(f"expected a model that timm can download, found {name}: {error}") from error
