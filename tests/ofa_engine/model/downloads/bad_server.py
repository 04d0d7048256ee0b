"""A server of one file that does, answer by answer, what networks and servers do wrong."""

import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace


class BadServer:
    """Serves `content` with ranges. `mishaps` are what goes wrong with the next answers, in their order: functions of
    the handler that return true where they have answered already.

    Attributes:
        requests: path and headers of what was asked for so far.
    """

    def __init__(self, content: bytes):
        self.content, self.etag, self.modified = content, '"one"', ""
        self.ranges = True
        self.mishaps: list[Callable[[BaseHTTPRequestHandler], object]] = []
        self.requests: list[SimpleNamespace] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                outer.requests.append(SimpleNamespace(path=self.path, headers=dict(self.headers)))
                if not (outer.mishaps and outer.mishaps.pop(0)(self)):
                    outer.send(self)

            def log_message(self, *_):
                """Not into the tests' output."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # whoever asked has gone
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        self.root = f"http://127.0.0.1:{self._server.server_port}"

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def send(self, handler, most: int | None = None, extra: bytes = b"", announce: int | None = None):
        """The file or the range that is asked for; `most` bytes of it, `extra` after it."""
        total, start = len(self.content), 0
        asked = handler.headers.get("Range") if self.ranges else None
        if handler.headers.get("If-Range") not in (None, self.etag, self.modified):
            asked = None  # the file has changed
        if asked:
            start = int(asked.removeprefix("bytes=").rstrip("-"))
            handler.send_response(206)
            handler.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
        else:
            handler.send_response(200)
        body = self.content[start:][:most] + extra
        if extra:  # a server that announces nothing ends by closing
            handler.send_header("Connection", "close")
        else:
            handler.send_header("Content-Length", str(announce or total - start))
        if self.etag:
            handler.send_header("ETag", self.etag)
        if self.modified:
            handler.send_header("Last-Modified", self.modified)
        handler.end_headers()
        handler.wfile.write(body)
        handler.wfile.flush()
        handler.close_connection = most is not None or bool(extra)
        return True


# --- mishaps -----------------------------------------------------------------------------------------------------


def breaks_off(server: BadServer, after: int):
    """Closes the connection after so many bytes."""
    return lambda handler: server.send(handler, most=after)


def stalls(server: BadServer, after: int, seconds: float = 5.0):
    """Says nothing more after so many bytes."""

    def stall(handler):
        server.send(handler, most=after)
        time.sleep(seconds)
        return True

    return stall


def sends_more(server: BadServer, extra: bytes):
    """More than the file, without saying how much."""
    return lambda handler: server.send(handler, extra=extra)


def redirects(to: str, code: int = 302):
    def redirect(handler):
        handler.send_response(code)
        handler.send_header("Location", to)
        handler.send_header("Content-Length", "0")
        handler.end_headers()
        return True

    return redirect


def answers(code: int, body: bytes = b"no", **headers: str):
    def answer(handler):
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)
        return True

    return answer


def changes(server: BadServer, content: bytes, etag: str):
    """Serves another file from now on."""

    def change(handler):
        server.content, server.etag = content, etag
        return False

    return change
