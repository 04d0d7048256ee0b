"""The import contracts of setup.cfg: kept by the code, and broken by an import that goes the wrong way."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PLANTED = {  # file -> an import that no contract allows, and the contract that must name it
    "ofa_engine/tiling/axis.py": ("from ..inference import session", "Engine"),
    "ofa_engine/core/errors.py": ("import numpy", "Core"),
    "ofa_engine/raster/masks.py": ("import training.data.shards", "The engine imports nothing of training"),
    "qgis_plugin/results/styling.py": ("from ..runs import run", "Plugin"),
    "qgis_plugin/engine/client.py": ("import torch", "QGIS's Python"),
    "training/simulate.py": ("from training import starter", "Training"),
}


def lint(folder: Path) -> subprocess.CompletedProcess:
    command = [Path(sys.executable).with_name("lint-imports"), "setup.cfg", "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


@pytest.fixture
def copy(tmp_path) -> Path:
    for name in ("ofa_engine", "qgis_plugin", "training"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "*.ts"))
    shutil.copy(ROOT / "setup.cfg", tmp_path)
    return tmp_path


def test_the_code_keeps_its_contracts():
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout


def test_an_import_the_wrong_way_is_found(copy):
    for name, (line, _) in PLANTED.items():
        path = copy / name
        path.write_text(f"{path.read_text(encoding='utf-8')}\n\ndef planted():\n    {line}\n", encoding="utf-8")
    done = lint(copy)
    assert done.returncode == 1
    for name, (_, contract) in PLANTED.items():
        broken = [row for row in done.stdout.splitlines() if row.startswith(contract) and "BROKEN" in row]
        assert broken, (name, done.stdout)
        assert name.removesuffix(".py").replace("/", ".") in done.stdout
