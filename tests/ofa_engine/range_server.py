"""A folder over HTTP with ranges, in a process of its own (GDAL holds Python's lock while it waits for an answer).

Run with the folder and what goes wrong: "nothing"; "never" answers; for the last tenth of files over 100 kB "hang"s or
"cut"s its answer in the middle. Writes its port to stdout.
"""

import sys
import time
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Files(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, folder: Path, wrong: str, *args):
        self.folder, self.wrong = folder, wrong
        super().__init__(*args)

    def do_HEAD(self):
        self._answer(body=False)

    def do_GET(self):
        self._answer(body=True)

    def _answer(self, body: bool) -> None:
        file = self.folder / self.path.split("?")[0].lstrip("/")
        if self.wrong == "never":
            time.sleep(60)
        if not file.is_file():
            self.send_error(404)
            return
        data = file.read_bytes()
        first, last, asked = 0, len(data) - 1, self.headers.get("Range")
        if asked:
            start, _, end = asked.removeprefix("bytes=").partition("-")
            first, last = int(start), min(int(end or last), last)
        spoiled = self.wrong in ("hang", "cut") and len(data) > 100_000 and last > 0.9 * len(data) and asked
        if spoiled and self.wrong == "hang":
            time.sleep(60)
        self.send_response(206 if asked else 200)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(last - first + 1))
        if asked:
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(data)}")
        self.end_headers()
        if body:
            part = data[first : last + 1]
            self.wfile.write(part[: len(part) // 2] if spoiled else part)
        self.close_connection = bool(spoiled)

    def log_message(self, *_):
        """Not into the tests' output."""


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Files, Path(sys.argv[1]), sys.argv[2]))
    print(server.server_port, flush=True)
    server.serve_forever()
