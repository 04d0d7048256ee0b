"""Pythons to create an environment with, and the GPU's driver."""

import os
import sys
from pathlib import Path

import pytest
from fake_environments import fake_python, never

from qgis_plugin.setup import python_finder

MINIMUM = (3, 10)


def test_pythons_are_found_and_say_what_they_are(qgis_app):
    found = python_finder.find_pythons(MINIMUM, never)
    assert any(python.version.startswith("3.") and not python.problem for python in found)
    assert len({python.path.resolve() for python in found}) == len(found)
    assert [bool(python.problem) for python in found] == sorted(bool(python.problem) for python in found)


def test_pythons_that_cannot_create_an_environment_say_why(qgis_app, tmp_path):
    old = fake_python(tmp_path / "python3", f"version 3.6.9\nfile {tmp_path / 'python3'}\nable")
    assert "older" in python_finder.inspect(old, MINIMUM, never).problem
    bare = fake_python(tmp_path / "python", f"version 3.12.1\nfile {tmp_path / 'python'}")
    assert "python3-venv" in python_finder.inspect(bare, MINIMUM, never).problem
    assert python_finder.inspect(fake_python(tmp_path / "python3.11", "hello"), MINIMUM, never) is None


@pytest.mark.parametrize(
    "path",
    [
        "C:/Program Files/QGIS 3.40/apps/Python312/python.exe",
        "C:/OSGeo4W/bin/python.exe",
        "/Applications/QGIS.app/Contents/MacOS/bin/python3",
    ],
)
def test_qgis_own_python_is_never_taken(monkeypatch, path):
    monkeypatch.setattr(sys, "platform", "win32")
    assert python_finder.is_qgis_own(Path(path))
    assert not python_finder.is_qgis_own(Path("C:/Users/me/AppData/Local/Programs/Python/Python312/python.exe"))


def test_the_driver_says_which_cuda_it_supports(qgis_app, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    fake_python(tmp_path / "nvidia-smi", "| NVIDIA-SMI 570.1   Driver Version: 570.1   CUDA Version: 12.8 |")
    assert python_finder.driver_cuda() == (12, 8)
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\necho failed\nexit 9\n")
    assert python_finder.driver_cuda() is None
