import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

ENTRY = Path(__file__).parents[3] / "ofa_engine" / "__main__.py"


class Client:
    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, "-I", str(ENTRY), "worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def send(self, **message):
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()

    def events(self, job):
        """All events up to the job's result or error; every line must be JSON of the protocol."""
        found = []
        while not found or found[-1]["event"] not in ("result", "error"):
            message = json.loads(self.process.stdout.readline())
            assert message["event"] in ("progress", "log", "result", "error")
            if message["id"] == job:
                found.append(message)
        return found

    def close(self):
        self.process.stdin.close()
        code = self.process.wait(timeout=10)
        self.process.stdout.close()
        return code


@pytest.fixture(scope="module")
def client():
    client = Client()
    yield client
    assert client.close() == 0


def test_jobs_one_after_the_other(client, scene, tmp_path, models):
    path = str(scene("naip", 200, 200))
    head = str(models / "naip_segment.safetensors")
    client.send(id="0", verb="hello", params={})
    assert set(client.events("0")[-1]["result"]) >= {"version", "torch", "device", "python"}
    client.send(id="1", verb="detect", params={"input": path})
    assert client.events("1")[-1]["result"]["sensor"] == "naip"
    client.send(id="2", verb="segment", params={"input": path, "output": str(tmp_path / "a.tif"), "head": head})
    events = client.events("2")
    kinds = [e["event"] for e in events]
    assert "log" in kinds and kinds[-1] == "result", events[-1]
    progress = [e["fraction"] for e in events if e["event"] == "progress"]
    assert progress == sorted(progress) and progress[-1] == 1
    assert (tmp_path / "a.tif").exists() and events[-1]["result"]["classes"]
    started = time.monotonic()
    client.send(id="3", verb="segment", params={"input": path, "output": str(tmp_path / "b.tif"), "head": head})
    assert client.events("3")[-1]["event"] == "result"
    assert time.monotonic() - started < 3  # warm: nothing is imported or loaded again


def test_errors_are_told_and_the_worker_goes_on(client, scene, tmp_path):
    path = str(scene("naip"))
    for params, verb in [
        ({"input": str(tmp_path / "none.tif")}, "detect"),
        ({}, "segment"),
        ({"input": path}, "fly"),
        ({"input": path, "output": "x.tif", "nonsense": 1}, "segment"),
    ]:
        client.send(id="e", verb=verb, params=params)
        error = client.events("e")[-1]
        assert error["event"] == "error" and error["code"] == 2 and error["message"]
    client.process.stdin.write("this is not JSON\n")
    client.process.stdin.flush()
    assert client.events("")[-1]["code"] == 2
    client.send(id="f", verb="detect", params={"input": path})
    assert client.events("f")[-1]["event"] == "result"


def test_cancel_within_a_second(client, scene, tmp_path, models):
    path, out = str(scene("naip", 1500, 1500)), tmp_path / "a.tif"
    head = str(models / "naip_segment.safetensors")
    client.send(id="c", verb="segment", params={"input": path, "output": str(out), "tile_px": 16, "head": head})
    while json.loads(client.process.stdout.readline())["event"] != "progress":
        pass
    started = time.monotonic()
    client.send(id="c", verb="cancel")
    assert client.events("c")[-1]["code"] == 130
    assert time.monotonic() - started < 1
    assert not out.exists() and not list(tmp_path.glob(".*"))


def test_closed_stdin_ends_a_running_job(scene, tmp_path, models):
    client = Client()
    path, head = str(scene("naip", 1500, 1500)), str(models / "naip_segment.safetensors")
    client.send(
        id="1", verb="segment", params={"input": path, "output": str(tmp_path / "a.tif"), "tile_px": 16, "head": head}
    )
    while json.loads(client.process.stdout.readline())["event"] != "progress":
        pass
    started = time.monotonic()
    assert client.close() == 0
    assert time.monotonic() - started < 2
    assert not (tmp_path / "a.tif").exists() and not list(tmp_path.glob(".*"))
