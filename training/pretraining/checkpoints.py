"""Checkpoints of a run: the model in the engine's own format and the training state in a second file, each written
whole or not at all."""

import json
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from ofa_engine.core.errors import InputError, ModelFileError
from ofa_engine.core.files import replacing, write_text
from ofa_engine.model.checkpoint import load_checkpoint, save_checkpoint
from ofa_engine.model.mae import MaskedAutoencoder
from ofa_engine.model.ofanet import OFANet

_NAME = "step-{:08d}"


def save(
    folder: Path,
    step: int,
    model: OFANet,
    state: dict[str, Any],
    facts: dict,
    statistics: dict,
    tile_px: dict[str, int],
    keep: int,
    decoders: MaskedAutoencoder | None = None,
) -> Path:
    """Writes step-N.safetensors and step-N.state, then deletes all but the newest `keep` checkpoints.

    The model is written last: where its file exists, the checkpoint is complete.

    Args:
        folder: of the run; its name becomes the model's.
        step: steps done so far.
        model: for the engine.
        state: all that training continues from, as `Trainer.state_dict` gives it.
        facts: of the run, kept in both files.
        statistics: (mean, std) per band of each sensor, in its canonical unit.
        tile_px: side of a tile of each sensor.
        keep: how many checkpoints stay.
        decoders: written with the model.

    Returns:
        The path of the model's file.
    """
    target = folder / (_NAME.format(step) + ".safetensors")
    with replacing(target.with_suffix(".state")) as part:
        torch.save({"step": step, "training": state, "rng": torch.get_rng_state(), "facts": facts}, part)
    save_checkpoint(target, model, folder.name, facts, statistics=statistics, tile_px=tile_px, decoders=decoders)
    for old in found(folder)[:-keep]:
        old.unlink(missing_ok=True)
        old.with_suffix(".state").unlink(missing_ok=True)
    return target


def found(folder: Path) -> list[Path]:
    """Checkpoints of a run, oldest first."""
    return sorted(p for p in folder.glob("step-*.safetensors") if re.fullmatch(r"step-\d{8}", p.stem))


def load_newest(
    folder: Path, load_state: Callable[[dict[str, Any]], None], log: Callable[[str], None]
) -> tuple[int, dict]:
    """Loads the newest undamaged checkpoint; damaged ones are skipped with a warning.

    Args:
        folder: of the run.
        load_state: gets the state that was saved, as `Trainer.load_state_dict` does.
        log: gets one line.

    Returns:
        (next step, facts of the run so far); (0, {}) if there is no checkpoint.

    Raises:
        InputError: the run is of an older version.
    """
    for path in reversed(found(folder)):
        try:
            load_checkpoint(path)  # checks shapes and fingerprints
            state: dict[str, Any] = torch.load(path.with_suffix(".state"), map_location="cpu", weights_only=True)
            if "training" not in state:
                raise InputError(
                    f"expected a run of this version, found an older one: use --init {path} and a new folder"
                )
            load_state(state["training"])
            torch.set_rng_state(state["rng"])
        except (ModelFileError, OSError, RuntimeError, KeyError, ValueError, EOFError) as error:
            warnings.warn(f"{path.name} is damaged and skipped: {' '.join(str(error).split())[:200]}", stacklevel=2)
            continue
        log(f"continuing from {path.name}")
        return state["step"], state["facts"]
    return 0, {}


def write_json(path: Path, value: object) -> None:
    write_text(path, json.dumps(value, indent=1))
