"""Weight files of other projects, as PyTorch saves them. They are read with `weights_only`; the only class that they
may name is argparse.Namespace (MAE's and SatMAE's files hold their command line)."""

import argparse
from pathlib import Path

import torch
from torch import Tensor

from ofa_engine.core.errors import InputError

_WRAPPERS = ("model", "state_dict", "teacher")  # keys under which training scripts keep the weights


def read_weights(path: Path) -> dict[str, Tensor]:
    """Tensors by name. Raises InputError for a file that is not a dictionary of them, or not safe to read."""
    try:
        with torch.serialization.safe_globals([argparse.Namespace]):
            loaded = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        line = " ".join(str(error).split())[:200]
        raise InputError(f"expected a file of weights, found one not safe to read: {path} ({line})") from error
    for key in _WRAPPERS:
        loaded = loaded.get(key, loaded) if isinstance(loaded, dict) else loaded
    if not isinstance(loaded, dict):
        raise InputError(f"expected a dictionary of tensors in {path}, found {type(loaded).__name__}")
    return {str(name): value for name, value in loaded.items() if isinstance(value, Tensor)}
