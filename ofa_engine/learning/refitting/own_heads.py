"""The user's own heads, fitted anew for another checkpoint from the rasters and labels that they remember."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...core.callbacks import Callbacks
from ...core.catalog import ModelFile, heads_to_fit_again
from ...core.option_schema import options_of
from ...core.options import FitOptions
from ...raster.vectors import file_of
from ..fit import fit
from ..fitted_head import REMEMBERED
from .fit_anew import Target
from .material import MOST_TILES


@dataclass(frozen=True)
class OwnHead:
    """A head of the user's own, with the options of `fit` that made it."""

    head: ModelFile
    options: dict[str, Any]

    @property
    def title(self) -> str:
        return str(self.head.header["name"])

    @property
    def sensor(self) -> str:
        return str(self.head.header["sensor"])

    @property
    def tiles(self) -> int:
        """About as many as `fit` reads: not known before."""
        return MOST_TILES


def own_heads(checkpoint: ModelFile, skipped: list[str]) -> list[OwnHead]:
    """Those that can be fitted for a checkpoint; `skipped` gets a line for each whose files are gone."""
    found = []
    for head in heads_to_fit_again(checkpoint):
        remembered = head.training["fit_again"]
        options = {name: value for name, value in remembered.items() if name in REMEMBERED}
        files = [*options.get("inputs", ()), *options.get("labels", ())]
        gone = next((path for path in files if _is_gone(path)), None)
        if gone or not files:
            skipped.append(f"{head.header['name']}: what it was fitted to is gone: {gone or 'its file names none'}")
        else:
            found.append(OwnHead(head, options))
    return found


def _is_gone(path: str) -> bool:
    """Whether a local file is not there any more."""
    path = file_of(path)
    return os.path.isabs(path) and not path.startswith("/vsi") and not os.path.exists(path)


def refit_own_head(target: Target, own: OwnHead, output: Path, callbacks: Callbacks) -> dict[str, Any]:
    """Fits it as it was fitted, on the target's backbone. Returns and raises as `fit` does."""
    name = f"{own.title} ({target.name})"
    checked = {key: options_of(FitOptions)[key].checked(value) for key, value in own.options.items()}
    options = FitOptions(
        **checked,
        output=str(output),
        name=name,
        checkpoint=str(target.file.path),
        device=target.device,
        memory_mb=target.memory_mb,
    )
    return fit(options, callbacks) | {"name": name}
