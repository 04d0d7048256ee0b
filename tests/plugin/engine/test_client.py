"""The client of the engine's process, against a worker that misbehaves on demand."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest
from conftest import wait_for

from qgis_plugin.engine.client import SETTING, Engine, EngineCancelled, EngineError, EngineMissing, engine_python

PYTHON = "/usr/bin/python3"


@pytest.fixture
def engine(qgis_app, settings, monkeypatch):
    monkeypatch.setenv("OFANET_PYTHON", PYTHON)
    engine = Engine(Path(__file__).with_name("fake_worker.py"))
    yield engine
    engine.stop()


def in_background(run):
    """Calls `run` in a thread; the list holds its result or its exception once `join` has returned."""
    outcome = []

    def work():
        try:
            outcome.append(run())
        except Exception as error:  # the test looks at it
            outcome.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    return thread, outcome


def test_progress_log_and_result_arrive(engine):
    progress, log = [], []
    result = engine.run("segment", {}, progress.append, lambda *words: log.append(words))
    assert result["pid"] == engine.pid
    assert [message["fraction"] for message in progress] == [0.5]
    assert log[-1] == ("warning", "no CRS")


def test_child_stays_warm_between_runs(engine):
    assert engine.run("segment", {})["pid"] == engine.run("segment", {})["pid"]


def test_error_carries_text_and_code(engine):
    with pytest.raises(EngineError, match='expected "Band order" with 9') as caught:
        engine.run("segment", {"head": "fail"})
    assert caught.value.code == 2


def test_answered_cancel_keeps_the_child(engine):
    pid = engine.run("segment", {})["pid"]
    begun = threading.Event()
    with pytest.raises(EngineCancelled):
        engine.run("segment", {"head": "slow"}, progress=lambda message: begun.set(), cancelled=begun.is_set)
    assert engine.run("segment", {})["pid"] == pid


def test_unanswered_cancel_kills_and_tidies_up(engine, tmp_path):
    params = {"head": "deaf", "output": str(tmp_path / "out.tif")}
    start = time.monotonic()
    with pytest.raises(EngineCancelled):
        engine.run("segment", params, cancelled=lambda: bool(list(tmp_path.iterdir())))
    assert time.monotonic() - start < 3
    assert not list(tmp_path.iterdir())
    assert engine.run("segment", {})["pid"] == engine.pid


def test_crash_is_reported_with_its_last_lines_and_the_next_run_works(engine, tmp_path):
    with pytest.raises(EngineError, match="it hurts here") as caught:
        engine.run("segment", {"head": "die", "output": str(tmp_path / "out.tif")})
    assert "exit code 7" in str(caught.value)
    assert not list(tmp_path.iterdir())
    assert engine.run("segment", {})


def test_what_an_engine_has_finished_outlives_it(engine, tmp_path):
    with pytest.raises(EngineError, match="Continue a run that was stopped"):
        engine.run("segment", {"head": "die later", "output": str(tmp_path / "out.tif")})
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".journal", ".stripe1"]


def test_killed_in_a_run_is_reported_and_the_next_run_works(engine):
    begun = threading.Event()
    thread, outcome = in_background(lambda: engine.run("segment", {"head": "slow"}, progress=lambda m: begun.set()))
    assert begun.wait(5)
    os.kill(engine.pid, signal.SIGKILL)
    thread.join(5)
    assert isinstance(outcome[0], EngineError) and "next run" in str(outcome[0])
    assert engine.run("segment", {})


def test_killed_between_runs_the_next_run_works(engine):
    pid = engine.run("segment", {})["pid"]
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: engine.pid is None)
    assert engine.run("segment", {})["pid"] != pid


def test_runs_wait_for_each_other_and_a_waiting_one_can_be_cancelled(engine):
    stop, log = threading.Event(), []
    first, outcome = in_background(lambda: engine.run("segment", {"head": "slow"}, cancelled=stop.is_set))
    wait_for(lambda: engine.pid)
    with pytest.raises(EngineCancelled):
        engine.run("segment", {}, log=lambda *words: log.append(words), cancelled=lambda: bool(log))
    assert "Waiting" in log[0][1]
    stop.set()
    first.join(5)
    assert isinstance(outcome[0], EngineCancelled)


def test_stop_ends_the_child_even_in_a_run(engine):
    thread, outcome = in_background(lambda: engine.run("segment", {"head": "slow"}))
    wait_for(lambda: engine.pid)
    pid = engine.pid
    engine.stop()
    thread.join(5)
    assert isinstance(outcome[0], EngineError)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_wrong_setting_is_named_with_what_to_do(engine, settings):
    settings.setValue(SETTING, "/nowhere/python")
    with pytest.raises(EngineMissing, match="/nowhere/python.*Set up engine"):
        engine.run("hello", {})


def test_python_without_the_engine_is_explained(engine, settings, tmp_path):
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho 'No module named torch' >&2\nexit 1\n")
    broken.chmod(0o755)
    settings.setValue(SETTING, str(broken))
    with pytest.raises(EngineMissing, match="Set up engine(.|\n)*No module named torch"):
        engine.run("hello", {})
    broken.chmod(0o644)
    with pytest.raises(EngineMissing, match="could not be started"):
        engine.run("hello", {})


def test_setting_comes_before_the_environment(engine, settings, tmp_path):
    own = tmp_path / "python3"
    own.symlink_to(PYTHON)
    settings.setValue(SETTING, str(own))
    assert engine_python() == own


def test_environment_of_the_child_holds_nothing_of_qgis(engine, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    monkeypatch.setenv("PROJ_LIB", "/somewhere")
    result = engine.run("segment", {})
    assert not {"PYTHONPATH", "PROJ_LIB"} & set(result["environ"])
    assert "/somewhere" not in result["path"]
