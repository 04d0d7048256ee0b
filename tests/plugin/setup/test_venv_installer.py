"""Environments are created from a folder of wheels (no network), continued, and removed."""

import sys
from dataclasses import replace

import pytest
from fake_environments import PYTHON, TINY, fake_python, never

from qgis_plugin.engine.client import EngineError
from qgis_plugin.setup.venv_installer import (
    CPU,
    CUDA,
    OUTDATED,
    PARTIAL,
    READY,
    EngineEnvironment,
    InstallPlan,
    torch_index,
)


def create(environment, plan, say=lambda line: None, extra=None):
    return environment.create(plan, say, lambda *_: None, never, extra)


@pytest.mark.parametrize(
    ("system", "build", "cuda", "index"),
    [
        ("linux", "cpu", None, "cpu"),
        ("linux", "cuda", (13, 0), None),
        ("linux", "cuda", (12, 4), "cu126"),
        ("win32", "cpu", None, None),
        ("win32", "cuda", (13, 1), "cu130"),
        ("darwin", "cpu", None, None),
    ],
)
def test_torch_comes_in_the_build_for_the_machine(monkeypatch, system, build, cuda, index):
    monkeypatch.setattr(sys, "platform", system)
    found = torch_index(build, cuda)
    assert found is None if index is None else found.endswith(f"/{index}")


def test_a_wheel_that_is_missing_is_named_and_the_log_is_kept(engine_environment, wheels):
    newer = EngineEnvironment(engine_environment.folder, replace(TINY, engine=("ofanet-tiny>=2.0",)))
    with pytest.raises(EngineError, match="has no wheel of ofanet-tiny>=2.0") as caught:
        create(newer, InstallPlan(PYTHON, CPU, wheels))
    assert "\n" not in str(caught.value) and str(wheels) in str(caught.value)
    assert newer.state() == PARTIAL and "No matching distribution" in newer.log_text()


def test_created_for_other_packages_it_asks_for_an_update(engine_environment, wheels):
    create(engine_environment, InstallPlan(PYTHON, CPU, wheels))
    assert engine_environment.state() == READY
    other = EngineEnvironment(engine_environment.folder, replace(TINY, batch=("other",)))
    assert other.state() == OUTDATED
    other.remove()
    assert not other.folder.exists()


def test_a_folder_that_is_not_the_plugins_is_left_alone(engine_environment, wheels):
    folder = engine_environment.folder
    folder.mkdir(parents=True)
    (folder / "thesis.docx").write_text("mine")
    with pytest.raises(EngineError, match="other files"):
        create(engine_environment, InstallPlan(PYTHON, CPU, wheels))
    with pytest.raises(EngineError, match="not made by this plugin"):
        engine_environment.remove()
    assert [path.name for path in folder.iterdir()] == ["thesis.docx"]


def test_another_build_starts_over(engine_environment):
    engine_environment.folder.mkdir(parents=True)
    engine_environment.mark(InstallPlan(PYTHON, CUDA), complete=False)
    assert "--clear" in engine_environment.steps(InstallPlan(PYTHON, CPU))[0][1]
    assert "--clear" not in engine_environment.steps(InstallPlan(PYTHON, CUDA))[0][1]


def test_a_password_of_the_proxy_is_kept_out_of_the_log(engine_environment, wheels, tmp_path):
    loud = fake_python(tmp_path / "python", "trying http://me:secret@proxy:1")
    lines = []
    with pytest.raises((EngineError, OSError)):
        create(
            engine_environment,
            InstallPlan(loud, CPU, wheels),
            lines.append,
            {"HTTPS_PROXY": "http://me:secret@proxy:1"},
        )
    assert "trying" in engine_environment.log_text()
    assert "secret" not in engine_environment.log_text() + "".join(lines)
