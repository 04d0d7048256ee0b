"""The process that the plugin talks to: one JSON object per line on stdin and stdout. It stays warm between requests.

In: {"id", "verb", "params"}; {"id", "verb": "cancel"} ends the run of that id; a closed stdin ends all.
Out: {"id", "event": "progress|log|result|error", ...}; nothing else goes to stdout.

The "message" of a log or error names options as the command line does; "marked" is the same line with its options
marked (see core/messages), and an error's "field" is the option that it speaks of, or null.
"""

import json
import os
import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import IO

from ..core.errors import Cancelled, InputError, OfaError
from ..core.messages import Message
from ..core.version import __version__


class Worker:
    """Reads requests in a thread of its own, runs them one after the other, answers on `out`."""

    def __init__(self, lines: IO[str], out: IO[str]):
        self._lines, self._out = lines, out
        self._lock = threading.Lock()
        self._requests: queue.Queue[dict | None] = queue.Queue()
        self._cancelled: set[str] = set()
        self._closed = threading.Event()

    def serve(self) -> int:
        """Until stdin is closed. Returns the exit code."""
        threading.Thread(target=self._listen, daemon=True).start()
        while (request := self._requests.get()) is not None:
            self._answer(request)
        return 0

    def _listen(self) -> None:
        for line in self._lines:
            try:
                request = json.loads(line)
                request_id, verb = str(request["id"]), request["verb"]
            except (ValueError, KeyError, TypeError):
                self._send("", "error", code=2, message="expected a JSON object with id, verb and params in one line")
                continue
            if verb == "cancel":
                self._cancelled.add(request_id)
            else:
                self._requests.put(request)
        self._closed.set()
        self._requests.put(None)

    def _send(self, request_id: str, event: str, **rest: object) -> None:
        with self._lock:
            self._out.write(json.dumps({"id": request_id, "event": event, **rest}) + "\n")
            self._out.flush()

    def _answer(self, request: dict) -> None:
        request_id = str(request["id"])
        if self._closed.is_set():
            return
        try:
            started = time.monotonic()
            params = request.get("params") or {}
            if not isinstance(params, dict):
                raise InputError(f"expected params as a JSON object, found {params!r}")
            result = self._verb(request["verb"])(request_id, params)
            self._send(request_id, "result", result=result | {"seconds": round(time.monotonic() - started, 3)})
        except OfaError as error:
            message = error.message
            self._send(
                request_id, "error", code=error.exit_code, message=message, marked=message.marked, field=message.field
            )
        except Exception as error:  # one run may fail; the worker goes on
            traceback.print_exc()
            self._send(request_id, "error", code=3, message=f"unexpected: {type(error).__name__}: {error}")
        finally:
            self._cancelled.discard(request_id)

    def _verb(self, name: str) -> Callable[[str, dict], dict]:
        own = {"hello": self._hello, "detect": self._detect, "speed": self._speed}
        if name in own:
            return lambda request_id, params: own[name](request_id, name, params)
        from . import commands

        if name not in commands.NAMES:
            raise InputError(f"expected a verb out of {', '.join([*own, *commands.NAMES])}, found {name!r}")
        return lambda request_id, params: self._run(request_id, name, params)

    def _hello(self, request_id: str, verb: str, params: dict) -> dict:
        import torch

        device = torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
        return {"version": __version__, "torch": torch.__version__, "device": device, "python": sys.version.split()[0]}

    def _detect(self, request_id: str, verb: str, params: dict) -> dict:
        from . import commands

        found = commands.detect(params)
        if found.sensor is None:
            raise InputError(found.reason)
        return found.to_json() | {"marked_reason": found.marked_reason}

    def _speed(self, request_id: str, verb: str, params: dict) -> dict:
        """Of a head with its backbone on this machine; `params` are the options `head` and `device`."""
        from . import commands

        return commands.measure_speed(params)

    def _run(self, request_id: str, verb: str, params: dict) -> dict:
        from . import commands

        last = 0.0

        def progress(done: int, total: int, seconds_left: float | None) -> None:
            nonlocal last
            now = time.monotonic()
            if done == total or now - last > 0.2:
                last = now
                self._send(
                    request_id,
                    "progress",
                    fraction=done / max(total, 1),
                    done=done,
                    total=total,
                    seconds_left=seconds_left,
                )

        def log(level: str, message: str) -> None:
            self._send(request_id, "log", level=level, message=message, marked=Message(message).marked)

        callbacks = commands.Callbacks(
            progress,
            log,
            lambda: request_id in self._cancelled or self._closed.is_set(),
        )
        if callbacks.cancelled():
            raise Cancelled
        return commands.run(verb, params, callbacks)


def serve() -> int:
    """Serves stdin and stdout; whatever else writes to stdout (a library's print) goes to stderr."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return Worker(sys.stdin, out).serve()
