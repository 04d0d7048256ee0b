"""The example of docs/python.md runs as it stands, and pages name only files that are there."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_the_python_example_runs(tmp_path):
    code = re.search(r"```python\n(.*?)```", (ROOT / "docs" / "python.md").read_text(encoding="utf-8"), re.DOTALL)[1]
    (tmp_path / "resources").symlink_to(ROOT / "resources")
    (tmp_path / "example.py").write_text(code, encoding="utf-8")
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "example.py"], cwd=tmp_path, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("sentinel-2 certain"), done.stdout
    assert {path.name for path in (tmp_path / "results").iterdir()} >= {"classes.tif", "mine.safetensors", "mine.tif"}
    assert len([line for line in code.splitlines() if line.strip()]) <= 25


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_module_paths_exist(page):
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:]+?)(?:#[^)]*)?\)", text):
        assert (page.parent / target).exists(), target
    for path in re.findall(r"`((?:ofa_engine|qgis_plugin|training|resources)/[\w./-]+\.\w+)", text):
        assert (ROOT / path).exists(), path
