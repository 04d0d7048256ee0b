import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ofa_engine.core.option_schema import options_of
from ofa_engine.core.options import TYPES
from ofa_engine.interfaces import commands

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
        ([path], "segment"),
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


@pytest.mark.parametrize("verb", [*commands.NAMES, "detect"])
def test_what_is_no_option_of_the_verb_is_refused(client, verb):
    known = options_of(TYPES[verb])
    needed = {name: ["x"] if one.many else "x" for name, one in known.items() if one.required}
    others = {name: one for kind in TYPES.values() for name, one in options_of(kind).items() if name not in known}
    for name in ("nonsense", "flips" if "flips" in others else next(iter(others))):
        client.send(id="u", verb=verb, params=needed | {name: True})
        error = client.events("u")[-1]
        assert (error["code"], error["field"]) == (2, name), error
        assert error["message"].endswith(f"found --{name}") and error["marked"].endswith(f"found ⟦{name}⟧")
    for name, one in known.items():
        client.send(id="t", verb=verb, params=needed | {name: {"of": "no type"}})
        error = client.events("t")[-1]
        assert (error["code"], error["field"]) == (2, name) and one.flag in error["message"], error


def test_classify_does_neither_flips_nor_min_area(client, scene, tmp_path):
    for name, value in (("flips", True), ("min_area", 1.0)):
        params = {"input": str(scene("naip")), "output": str(tmp_path / "o.gpkg"), name: value}
        client.send(id="c", verb="classify", params=params)
        assert client.events("c")[-1]["field"] == name and not (tmp_path / "o.gpkg").exists()


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
    assert client.close() == 0  # it waits ten seconds; the job would take far longer
    assert not (tmp_path / "a.tif").exists() and not list(tmp_path.glob(".*"))


def test_the_speed_of_a_head_is_measured_without_a_raster(client, models):
    client.send(id="s", verb="speed", params={"head": str(models / "naip_segment.safetensors"), "device": "cpu"})
    answer = client.events("s")[-1]["result"]
    assert answer["tiles"] > 0 and answer["computing_s"] > 0 and answer["device"] == "cpu"
    for params, field in (({}, "head"), ({"head": "x.safetensors", "device": "tpu"}, "device")):
        client.send(id="s", verb="speed", params=params)
        error = client.events("s")[-1]
        assert (error["event"], error["code"], error["field"]) == ("error", 2, field)
