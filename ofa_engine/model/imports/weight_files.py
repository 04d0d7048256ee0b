"""Weight files of other projects: PyTorch's and safetensors, read without running anything that is in them.

PyTorch's are read with `weights_only`; the only class that they may name is argparse.Namespace (files of MAE and SatMAE
hold their command line).
"""

import argparse
import re
import warnings
import zipfile
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from ...core.errors import InputError

_WRAPPERS = ("model", "state_dict", "teacher")  # keys under which training scripts keep the weights


def read_weights(path: str | Path) -> dict[str, Tensor]:
    """Tensors by name, as the file has them.

    Raises:
        InputError: there is no such file, it is damaged, not safe to read, or not a dictionary of tensors.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"expected a file of weights, found no file {path}")
    loaded = _safetensors(path) if path.suffix == ".safetensors" else _pytorch(path)
    for key in _WRAPPERS:
        loaded = loaded.get(key, loaded) if isinstance(loaded, dict) else loaded
    if not isinstance(loaded, dict):
        raise InputError(f"expected a dictionary of tensors in {path}, found {type(loaded).__name__}")
    tensors = {str(name): value for name, value in loaded.items() if isinstance(value, Tensor)}
    if not tensors:
        raise InputError(f"expected a dictionary of tensors in {path}, found none in it")
    return tensors


def _safetensors(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise InputError(
            f"expected a file of weights, found a damaged one: download {path} again ({_line(error)})"
        ) from error


def _pytorch(path: Path) -> object:
    with path.open("rb") as file:
        begin = file.read(2)
    if not begin:
        raise InputError(f"expected a file of weights, found an empty one: download {path.name} again")
    if begin == b"PK" and not zipfile.is_zipfile(path):
        raise InputError(f"expected a file of weights, found one that is cut off: download {path.name} again")
    try:
        with warnings.catch_warnings(), torch.serialization.safe_globals([argparse.Namespace]):
            warnings.simplefilter("ignore")  # of torch, about unusual pickles
            return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever a damaged or hostile file provokes
        raise InputError(
            f"expected a file of weights, found one that is damaged or not safe to read: {path} ({_reason(error)})"
        ) from error


def _reason(error: Exception) -> str:
    """What torch found, without its advice to read the file unsafely."""
    named = re.search(r"GLOBAL (\S+)", str(error))
    if named:
        return f"it names {named[1]}, which is code, not weights"
    return _line(error) if "Weights only load failed" not in str(error) else "not a pickle of tensors"


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
