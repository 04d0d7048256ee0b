"""Checkpoints of a run: the model in the engine's own format, the training state beside it; whole or not at all."""

import json
import os
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ofa_engine.core.errors import ModelFileError
from ofa_engine.model.checkpoint import load_checkpoint, save_checkpoint
from ofa_engine.model.mae import MaskedAutoencoder

_NAME = "step-{:08d}"


def save(
    folder: Path,
    step: int,
    mae: MaskedAutoencoder,
    optimizer: torch.optim.Optimizer,
    facts: dict,
    statistics: dict,
    tile_px: dict[str, int],
    keep: int,
) -> Path:
    """Writes step-N.safetensors and step-N.state, then drops all but the newest `keep`. The model comes last: where it
    is, the checkpoint is complete."""
    target = folder / (_NAME.format(step) + ".safetensors")
    state = target.with_suffix(".state")
    part = state.with_name(f".{state.name}.part")
    torch.save({"step": step, "optimizer": optimizer.state_dict(), "rng": torch.get_rng_state(), "facts": facts}, part)
    os.replace(part, state)
    save_checkpoint(target, mae.model, folder.name, facts, statistics=statistics, tile_px=tile_px, decoders=mae)
    for old in found(folder)[:-keep]:
        old.unlink(missing_ok=True)
        old.with_suffix(".state").unlink(missing_ok=True)
    return target


def found(folder: Path) -> list[Path]:
    """Checkpoints of a run, oldest first."""
    return sorted(p for p in folder.glob("step-*.safetensors") if re.fullmatch(r"step-\d{8}", p.stem))


def load_newest(
    folder: Path, mae: MaskedAutoencoder, optimizer: torch.optim.Optimizer, say: Callable[[str], None]
) -> tuple[int, dict]:
    """(next step, facts) from the newest checkpoint that is whole; (0, {}) where there is none. Damaged ones are passed
    over with a warning."""
    for path in reversed(found(folder)):
        try:
            state: dict[str, Any] = torch.load(path.with_suffix(".state"), map_location="cpu", weights_only=True)
            load_checkpoint(path)  # checks shapes and fingerprints
            _load_model(path, mae)
            optimizer.load_state_dict(state["optimizer"])
            torch.set_rng_state(state["rng"])
        except (ModelFileError, OSError, RuntimeError, KeyError, ValueError, EOFError) as error:
            warnings.warn(f"{path.name} is damaged and passed over: {' '.join(str(error).split())[:200]}", stacklevel=2)
            continue
        say(f"going on from {path.name}")
        return state["step"], state["facts"]
    return 0, {}


def _load_model(path: Path, mae: MaskedAutoencoder) -> None:
    from safetensors.torch import load_file

    tensors = load_file(path)
    own = mae.state_dict()
    renamed = {(k if k.startswith("decoders.") else f"model.{k}"): v for k, v in tensors.items()}
    if set(renamed) != set(own):
        raise ModelFileError(f"expected the same model as configured, found other tensors in {path.name}")
    mae.load_state_dict(renamed)


def parameter_groups(model: nn.Module, weight_decay: float) -> list[dict]:
    """Weight decay on matrices alone: none on biases, norms and tokens."""
    decayed: list[nn.Parameter] = []
    rest: list[nn.Parameter] = []
    for name, p in model.named_parameters():
        (rest if p.ndim <= 1 or name.endswith("token") else decayed).append(p)
    return [{"params": decayed, "weight_decay": weight_decay}, {"params": rest, "weight_decay": 0.0}]


class LossLog:
    """losses.csv: step, epoch, sensor, loss, rate; the loss as Python writes a float, exactly."""

    def __init__(self, folder: Path, first_step: int):
        self.path = folder / "losses.csv"
        kept = ["step,epoch,sensor,loss,lr\n"]
        if first_step and self.path.exists():
            lines = self.path.read_text(encoding="utf-8").splitlines(keepends=True)[1:]
            kept += [line for line in lines if line.endswith("\n") and int(line.split(",")[0]) < first_step]
        self.path.write_text("".join(kept), encoding="utf-8")

    def add(self, rows: list[tuple[int, int, str, float, float]]) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.writelines(f"{s},{e},{sensor},{loss!r},{lr!r}\n" for s, e, sensor, loss, lr in rows)


def write_json(path: Path, value: object) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_text(json.dumps(value, indent=1), encoding="utf-8")
    os.replace(part, path)
