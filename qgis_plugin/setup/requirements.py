"""What the engine needs of a Python, read from the one place that says it: setup.cfg, which is in the zip too."""

import configparser
import re

from ..engine.modules import ROOT


def _setup() -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    with (ROOT / "setup.cfg").open(encoding="utf-8") as file:
        parser.read_file(file)
    return parser


def packages() -> list[str]:
    """What the engine cannot do without, as pip wants it, such as "torch>=2.11"."""
    return _lines("options", "install_requires")


def installed() -> list[str]:
    """What is put into an environment that the plugin makes: also what many scenes at once need."""
    return [*packages(), *_lines("options.extras_require", "batch")]


def _lines(section: str, option: str) -> list[str]:
    return [line.strip() for line in _setup()[section][option].splitlines() if line.strip()]


def least_python() -> tuple[int, int]:
    major, minor = _setup()["options"]["python_requires"].removeprefix(">=").split(".")[:2]
    return int(major), int(minor)


def names() -> list[tuple[str, str]]:
    """Each package's name and least version, "" where any will do."""
    found = [re.fullmatch(r"([A-Za-z0-9_.-]+?)(?:>=([0-9.]+))?", package.replace(" ", "")) for package in packages()]
    return [(match[1], match[2] or "") for match in found if match]
