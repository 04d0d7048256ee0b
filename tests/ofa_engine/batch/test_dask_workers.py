import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

import ofa_engine
from ofa_engine.batch.dask_workers import local_pool
from ofa_engine.batch.distribute import visible_gpus
from ofa_engine.batch.run import batch
from ofa_engine.core.callbacks import Callbacks
from ofa_engine.core.errors import Cancelled
from ofa_engine.core.options import BatchOptions, SegmentOptions
from ofa_engine.inference.segment import segment

from ..small_scenes import leftovers, naip, read, states, wait_until

pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def pool():
    with local_pool(1, []) as pool:
        yield pool


def test_a_task_that_fails_is_tried_once_more(pool, tmp_path):
    def task(params, cancelled, report):  # inside, so that it travels by value
        from pathlib import Path

        mark = Path(params["mark"])
        mark.write_text(mark.read_text() + "x" if mark.exists() else "x")
        if params["always"] or mark.read_text() == "x":
            return {"state": "failed", "why": "not yet"}
        return {"state": "done"}

    tasks = {name: {"mark": str(tmp_path / name), "always": name == "never"} for name in ("second", "never")}
    found = {}
    pool.run(task, tasks, lambda name, outcome: found.update({name: outcome}))
    assert found["second"] == {"state": "done", "attempts": 2}
    assert found["never"] == {"state": "failed", "why": "not yet", "attempts": 2}
    assert (tmp_path / "never").read_text() == "xx"


def test_cancelling_stops_running_tasks_and_queued_ones_never_start(pool, tmp_path):
    def task(params, cancelled, report):
        import time
        from pathlib import Path

        part = Path(params["folder"]) / params["name"]
        part.touch()
        while not cancelled():
            time.sleep(0.05)
        part.unlink()
        (part.parent / f"stopped_{part.name}").touch()
        return {"state": "cancelled"}

    tasks = {name: {"folder": str(tmp_path), "name": name} for name in ("a", "b", "c")}
    since: list[float] = []

    def cancelled():
        if any(tmp_path.iterdir()) and not since:
            since.append(time.monotonic())
        return bool(since)

    with pytest.raises(Cancelled):
        pool.run(task, tasks, lambda *a: None, cancelled)
    assert time.monotonic() - since[0] < 2
    assert [p.name for p in tmp_path.iterdir()] == ["stopped_a"]


def test_running_tasks_report_progress(pool):
    def task(params, cancelled, report):
        import time

        for part in (0.25, 0.5):
            report(part)
            time.sleep(1.1)
        return {"state": "done"}

    reports: list[float] = []
    pool.run(task, {"a": {}}, lambda *a: None, running=lambda parts: reports.extend(parts.values()))
    assert set(reports) == {0.25, 0.5} and reports == sorted(reports)


def test_an_error_in_a_task_does_not_stop_the_others(pool):
    found = {}
    tasks = {"0": {"n": 0}, "1": {"n": 1}}
    pool.run(
        lambda params, cancelled, report: {"state": "done", "n": 1 / params["n"]},
        tasks,
        lambda n, o: found.update({n: o}),
    )
    assert found["0"]["state"] == "failed" and "ZeroDivisionError" in found["0"]["why"] and found["1"]["n"] == 1


def test_workers_share_cores_and_gpus(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1,3")
    monkeypatch.setattr("dask.system.CPU_COUNT", 16)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "GDAL_NUM_THREADS", "CUDA_VISIBLE_DEVICES")
    with local_pool(2, visible_gpus()) as pool:
        found = pool.client.run(lambda names: [__import__("os").environ.get(name) for name in names], names)
    assert sorted(found.values()) == [["2", "2", "1", "1"], ["2", "2", "1", "3"]]


@pytest.mark.slow
@pytest.mark.parametrize("until", ["batch.json", ".a0.*"])  # while workers start, and in the middle of a scene
def test_ctrl_c_ends_all_processes_and_leaves_no_partial_file(tmp_path, models, until):
    inputs, out = tmp_path / "in", tmp_path / "out"
    inputs.mkdir()
    for i in range(3):
        naip(inputs / f"a{i}.tif", i, size=(2000, 2000))
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "ofa_engine",
            "batch",
            str(inputs),
            "-o",
            str(out),
            "--tile-px",
            "16",
            "--device",
            "cpu",
        ],
        start_new_session=True,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"OFANET_MODELS": str(models)},
    )
    wait_until(lambda: process.poll() is not None or list(out.glob(until)))
    children = psutil.Process(process.pid).children(recursive=True)
    started = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: the workers hear it, too
    lines = process.communicate()[1].splitlines()
    assert time.monotonic() - started < 10  # 2 to 3 with a core to itself, most of it Python's own end with torch
    assert process.returncode == 130 and lines[-1].startswith("ofa: cancelled: 0 of 3") and len(lines) == 2, lines
    assert not leftovers(out) and set(states(out).values()) == {"skipped"} and not list(out.glob("*.tif"))
    assert not psutil.wait_procs(children, timeout=5)[1]


@pytest.mark.slow
def test_killed_workers_lose_nothing(tmp_path):
    inputs, out = tmp_path / "in", tmp_path / "out"
    inputs.mkdir()
    for i in range(4):
        naip(inputs / f"a{i}.tif", i, i, size=(400, 400))
    killed: list[int] = []

    def progress(done, total, left):
        if done >= 1000 and not killed:
            wait_until(lambda: list(out.glob(".a*")))  # in the middle of a scene
            for child in psutil.Process().children(recursive=True):
                if "spawn_main" in " ".join(child.cmdline()):
                    killed.append(child.pid)
                    child.kill()

    answer = batch(BatchOptions([str(inputs)], str(out), device="cpu", tile_px=16, workers=2), Callbacks(progress))
    assert len(killed) >= 2 and answer["done"] == 4 and not answer["failed"] and not leftovers(out)
    for i in range(4):
        segment(SegmentOptions(str(inputs / f"a{i}.tif"), str(tmp_path / "alone.tif"), device="cpu", tile_px=16))
        assert np.array_equal(read(out / f"a{i}.tif")[0], read(tmp_path / "alone.tif")[0])


@pytest.mark.slow
def test_a_task_that_kills_its_workers_is_given_up(pool):
    def task(params, cancelled, report):
        import os

        if params["deadly"]:
            os._exit(1)
        return {"state": "done"}

    found = {}
    tasks = {
        "bad": {"deadly": True},
        "good": {"deadly": False},
    }  # good was queued at the same worker, and is blamed, too
    pool.run(task, tasks, lambda name, outcome: found.update({name: outcome}))
    assert found["good"]["state"] == "done" and "worker died" in found["bad"]["why"]


@pytest.fixture
def scheduler(tmp_path, models):
    """The address of a scheduler with one worker, each a process of its own, as users start them."""
    file = tmp_path / "scheduler.json"
    module = [sys.executable, "-m"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    package = str(Path(ofa_engine.__file__).parents[1])
    env = os.environ | {"OFANET_MODELS": str(models), "PYTHONPATH": package}
    processes = [
        subprocess.Popen(
            [
                *module,
                "distributed.cli.dask_scheduler",
                "--host",
                "127.0.0.1",
                "--port",
                "0",
                "--no-dashboard",
                "--scheduler-file",
                str(file),
            ],
            **quiet,
        ),
        subprocess.Popen(
            [
                *module,
                "distributed.cli.dask_worker",
                "--nthreads",
                "1",
                "--no-dashboard",
                "--host",
                "127.0.0.1",
                "--scheduler-file",
                str(file),
            ],
            cwd=tmp_path,
            env=env,
            **quiet,
        ),
    ]
    try:
        yield _address(file)
    finally:
        for process in reversed(processes):
            process.terminate()
            process.wait(20)


def _address(file):
    """The address in a scheduler's file, which is empty at first."""
    found: list[str] = []

    def is_written() -> bool:
        with contextlib.suppress(FileNotFoundError, json.JSONDecodeError):
            found.append(json.loads(file.read_text())["address"])
        return bool(found)

    wait_until(is_written)
    return found[0]


@pytest.mark.slow
def test_the_users_own_cluster(tmp_path, scheduler):
    inputs, out = tmp_path / "in", tmp_path / "out"
    inputs.mkdir()
    for i in range(3):
        naip(inputs / f"a{i}.tif", i, i)
    big = naip(tmp_path / "big.tif", 0, size=(2000, 2000))
    options = {"output": str(out), "device": "cpu", "scheduler": scheduler, "tile_px": 16}
    since: list[float] = []

    def cancelled():
        if list(out.glob(".big*")) and not since:
            since.append(time.monotonic())
        return bool(since)

    with pytest.raises(Cancelled):
        batch(BatchOptions([str(big)], **options), Callbacks(cancelled=cancelled))
    assert time.monotonic() - since[0] < 4 and not leftovers(out)
    assert batch(BatchOptions([str(inputs)], **options), Callbacks())["done"] == 3  # the worker is there and free
    segment(SegmentOptions(str(inputs / "a0.tif"), str(tmp_path / "alone.tif"), device="cpu", tile_px=16))
    assert np.array_equal(read(out / "a0.tif")[0], read(tmp_path / "alone.tif")[0])
