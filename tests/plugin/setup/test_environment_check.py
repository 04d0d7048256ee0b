"""The check of a Python runs it, and says in one line what is wrong and what to do."""

import json
import threading
from pathlib import Path

import pytest
from fake_environments import PYTHON, TINY, fake_child, fake_python, never

from qgis_plugin.engine.client import EngineCancelled, engine_python
from qgis_plugin.engine.modules import VERSION
from qgis_plugin.setup.environment_check import EnvironmentReport, check_environment, diagnosis
from qgis_plugin.setup.requirements import Requirements, engine_requirements

pytestmark = pytest.mark.usefixtures("qgis_app")


def test_an_environment_that_works():
    report = check_environment(engine_python(), engine_requirements(), never)
    assert report.ok, report.problem
    assert "torch" in report.line() and report.facts["engine"] == VERSION
    assert {package["name"] for package in report.facts["packages"]} >= {"torch", "timm", "rasterio", "scikit-learn"}
    assert not any("problem" in package for package in report.facts["packages"])


def test_an_environment_may_be_named_by_its_folder(fake_check):
    report = fake_check(engine_python().parent.parent, TINY, never)
    assert report.ok and Path(report.python) == engine_python()


def test_a_python_without_torch_says_what_is_missing_and_how_to_install_it():
    report = check_environment(PYTHON, engine_requirements(), never)
    assert "torch is missing" in report.problem and "\n" not in report.problem
    assert "create an environment" in report.problem
    assert f'"{PYTHON}" -m pip install' in diagnosis(report) and '"torch>=' in diagnosis(report)


def test_packages_that_are_too_old_are_named():
    report = check_environment(engine_python(), Requirements((3, 10), ("numpy>=99.1",)), never)
    assert "numpy is" in report.problem and "expected 99.1 or newer" in report.problem


@pytest.mark.parametrize("kind", ["missing", "text", "program", "other name"])
def test_a_path_that_is_no_python(tmp_path, kind):
    path = tmp_path / "python"
    if kind == "text":
        path.write_text("hello")
    elif kind == "program":
        path = fake_python(path, "I am something else")
    elif kind == "other name":  # it is never run: QGIS itself would open a window
        path = fake_python(tmp_path / "qgis", "ran")
    report = check_environment(path, TINY, never)
    expected = {
        "missing": "found no file",
        "text": "could not be started",
        "program": "I am something else",
        "other name": "called python",
    }
    assert expected[kind] in report.problem and "create an environment" in report.problem
    assert "ran" not in report.output


def test_an_old_python(tmp_path):
    path = fake_python(tmp_path / "python", json.dumps({"ofanet": {"python": "3.8.1"}}))
    assert "Expected Python 3.10 or newer, found 3.8.1" in check_environment(path, TINY, never).problem


def test_an_engine_of_another_version_says_what_to_do(tmp_path):
    report = check_environment(PYTHON, TINY, never, fake_child(tmp_path / "child.py", version="0.0.1"))
    assert "version 0.0.1" in report.problem and VERSION in report.problem
    assert "pip uninstall ofanet" in report.problem


def test_a_model_that_cannot_be_computed_is_reported(tmp_path):
    code = 'print(\'{"ofanet": {"python": "3.11.2", "packages": [], "failed": "CUDA is too old"}}\')'
    report = check_environment(PYTHON, TINY, never, fake_child(tmp_path / "child.py", code=code))
    assert "CUDA is too old" in report.problem


def test_the_check_can_be_cancelled(tmp_path):
    mark = tmp_path / "started"
    child = fake_child(tmp_path / "child.py", code=f"import time; open({str(mark)!r}, 'w'); time.sleep(60)")
    cancelled = threading.Event()
    with pytest.raises(EngineCancelled):
        check_environment(PYTHON, TINY, lambda: cancelled.is_set() or (mark.exists() and cancelled.set()), child)


def test_diagnosis_without_a_check_and_with_a_log():
    assert "no engine was checked yet" in diagnosis(None)
    report = EnvironmentReport("/p/python", "it is broken", output=("last line",))
    text = diagnosis(report, "line 1\nline 2")
    for expected in ("/p/python", "it is broken", "last line", "line 2", VERSION, "QGIS"):
        assert expected in text
