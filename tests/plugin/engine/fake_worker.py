"""Stands in for the engine's worker in tests of the process owner. params["head"] says how it behaves."""

import json
import os
import sys
import threading
import time
from pathlib import Path

cancelled: set[str] = set()
arrived: list[dict] = []
closed = threading.Event()


def say(**message):
    print(json.dumps(message), flush=True)


def listen():
    for line in sys.stdin:
        message = json.loads(line)
        if message["verb"] == "cancel":
            cancelled.add(message["id"])
        else:
            arrived.append(message)
    closed.set()


def part_of(params) -> Path:
    target = Path(params["output"])
    return target.with_name(f".{target.stem}.{os.getpid()}.part{target.suffix}")


def work(job: str, params: dict):
    kind = params.get("head")
    say(id=job, event="progress", fraction=0.5, done=1, total=2, seconds_left=3)
    if kind == "die":
        print("Traceback: it hurts here", file=sys.stderr, flush=True)
        part_of(params).write_text("half")
        os._exit(7)
    if kind == "die later":
        for ending in (".journal", ".stripe1"):
            part_of(params).with_suffix(f".tif{ending}").write_text("what is finished")
        part_of(params).write_text("half")
        os._exit(7)
    if kind == "fail":
        texts = {"message": "expected --bands with 9 entries", "marked": "expected ⟦bands⟧ with 9 entries"}
        return say(id=job, event="error", code=2, field="bands", **texts)
    if kind == "deaf":
        part_of(params).write_text("half")
        time.sleep(60)
    while kind == "slow" and not closed.is_set():
        if job in cancelled:
            return say(id=job, event="error", code=130, message="cancelled")
        time.sleep(0.01)
    print("a stray line that is not JSON", flush=True)
    say(id="0", event="result", result={"pid": "of another job"})
    say(id=job, event="log", level="warning", message="no CRS")
    return say(id=job, event="result", result={"pid": os.getpid(), "path": sys.path, "environ": dict(os.environ)})


threading.Thread(target=listen, daemon=True).start()
while not closed.is_set() or arrived:
    if arrived:
        message = arrived.pop(0)
        work(message["id"], message["params"])
    time.sleep(0.01)
