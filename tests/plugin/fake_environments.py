"""Stand-ins for what the set-up of the engine runs and installs; fixtures that conftest makes known to all tests."""

import zipfile
from functools import partial
from pathlib import Path

import pytest

from qgis_plugin.engine.modules import VERSION
from qgis_plugin.setup.environment_check import check_environment
from qgis_plugin.setup.requirements import Requirements
from qgis_plugin.setup.venv_installer import EngineEnvironment

PYTHON = Path("/usr/bin/python3")
TINY = Requirements(minimum_python=(3, 10), engine=("ofanet-tiny>=1.0",))
# what the check's child prints where all is well, so that a tiny environment can pass for an engine
_CHILD = """import json, sys
print(json.dumps({"ofanet": {"python": "3.11.2", "packages": [{"name": "ofanet-tiny", "version": "9"}],
                             "engine": "%s", "device": "cpu", "finite": True}}))"""


def never() -> bool:
    return False


def fake_child(path: Path, version: str = VERSION, code: str = "") -> Path:
    """A script for check_environment to run, in which every environment works; or any other `code`."""
    path.write_text(code or _CHILD % version)
    return path


def fake_python(path: Path, output: str) -> Path:
    """A program that prints this, whatever its arguments are."""
    path.write_text(f"#!/bin/sh\ncat <<'END'\n{output}\nEND\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def engine_environment(qgis_app, tmp_path) -> EngineEnvironment:
    """Nothing installed yet, one tiny package required; in a folder with a space, as users have."""
    return EngineEnvironment(tmp_path / "my profile" / "engine", TINY)


@pytest.fixture
def fake_check(tmp_path):
    """check_environment with a child for which every environment works."""
    return partial(check_environment, child=fake_child(tmp_path / "child.py"))


@pytest.fixture
def wheels(tmp_path) -> Path:
    """A folder with the tiny package as a wheel: an index that needs no network."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    info = "ofanet_tiny-1.0.dist-info"
    with zipfile.ZipFile(folder / "ofanet_tiny-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("ofanet_tiny.py", "x = 1\n")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: ofanet-tiny\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", f"ofanet_tiny.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
    return folder
