"""What the engine requires of a Python, read from the one place that defines it: setup.cfg, which is in the zip too."""

import configparser
import re
from dataclasses import dataclass
from pathlib import Path

from ..engine.modules import ROOT


@dataclass(frozen=True)
class Requirements:
    minimum_python: tuple[int, int]
    engine: tuple[str, ...]  # what the engine cannot do without, as pip's requirements, such as "torch>=2.11"
    batch: tuple[str, ...] = ()  # what batches of scenes need as well

    @property
    def environment(self) -> list[str]:
        """What is installed into an environment that the plugin creates."""
        return [*self.engine, *self.batch]

    def minimum_versions(self) -> dict[str, str]:
        """The engine's packages, each with its lowest version, "" where any will do."""
        matches = [re.fullmatch(r"([A-Za-z0-9_.-]+?)(?:>=([0-9.]+))?", line.replace(" ", "")) for line in self.engine]
        return {match[1]: match[2] or "" for match in matches if match}


def engine_requirements(path: Path = ROOT / "setup.cfg") -> Requirements:
    parser = configparser.ConfigParser(interpolation=None)
    with path.open(encoding="utf-8") as file:
        parser.read_file(file)
    major, minor = parser["options"]["python_requires"].removeprefix(">=").split(".")[:2]
    engine, batch = (
        tuple(line.strip() for line in text.splitlines() if line.strip())
        for text in (parser["options"]["install_requires"], parser["options.extras_require"]["batch"])
    )
    return Requirements((int(major), int(minor)), engine, batch)
