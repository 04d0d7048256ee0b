"""The user's map for weights that are not recognised: names, and what the bands are.

    rename:                          # regular expression: replacement, one after the other, to timm's names:
      '^trunk\\.': ''                 # cls_token, pos_embed, patch_embed.proj.*, blocks.N.*, norm.*
    sensor: ssl4eo-s12/sentinel-2    # a sensor of the table or of a known family, or an entry of its own:
    # sensor: {id: kestrel, like: sentinel-2, bands: [{name: green, wavelength_um: 0.56}], mean: [0.1], std: [0.1]}
    heads: 6                         # of attention, where the width does not tell (64 channels each)
    generator_um:                    # other wavelengths for DOFA's generator than those of a sensor's bands, such as
      gaofen: [0.56, 0.665, 0.83, 0.49]  # the kernels that R, G, B, NIR probably met in pretraining

A file with none of these is a mapping of names alone.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from torch import Tensor

from ...core.errors import InputError, SensorError
from ...core.sensors import SENSORS
from .families import Reading, families, reading_of

_SECTIONS = ("rename", "sensor", "heads", "generator_um")


@dataclass(frozen=True)
class RenameMap:
    """Regular expressions with their replacements; where it says so, what the bands are, the attention heads, and
    wavelengths for a generator by the sensor's id."""

    renames: Mapping[str, str] = field(default_factory=dict)
    reading: Reading | None = None
    heads: int | None = None
    generator_um: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    def renamed(self, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The tensors under their new names; those that get none are left out."""
        found = {}
        for name, value in tensors.items():
            for pattern, replacement in self.renames.items():
                name = re.sub(pattern, replacement, name)
            if name:
                found[name] = value
        return found


NO_MAP = RenameMap()


def read_rename_map(path: str | Path | None) -> RenameMap:
    """Raises InputError where it cannot be read or says something that cannot be."""
    if not path:
        return NO_MAP
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
        if not isinstance(content, dict):
            raise ValueError("no mapping")
        if not set(content) & set(_SECTIONS):
            content = {"rename": content}
        if set(content) - set(_SECTIONS):
            raise ValueError(f"{(set(content) - set(_SECTIONS)).pop()!r} beside {', '.join(_SECTIONS)}")
        renames = {str(key): str(value or "") for key, value in (content.get("rename") or {}).items()}
        for pattern in renames:
            re.compile(pattern)
        heads = content.get("heads")
        um = {key: tuple(map(float, values)) for key, values in (content.get("generator_um") or {}).items()}
        return RenameMap(renames, _reading(content.get("sensor")), int(heads) if heads else None, um)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, re.error, yaml.YAMLError, SensorError) as error:
        line = " ".join(str(error).split())
        raise InputError(f"expected `pattern: replacement` lines in {path}, found: {line}") from error


def _reading(entry: object) -> Reading | None:
    if entry is None or isinstance(entry, dict):
        return reading_of(entry) if entry else None
    known = {
        f"{family.id}/{key}": reading for family in families().values() for key, reading in family.readings.items()
    }
    known |= {key: reading_of({"id": key, "like": key}) for key in SENSORS}
    if entry not in known:
        raise ValueError(f"the sensor {entry!r}, not one of {', '.join(known)}")
    return known[entry]
