"""One large file over HTTP: resumed where an earlier attempt ended, checked before it gets its name.

On the way it lies beside its target: NAME.part, with a note of which file of the server it is (NAME.part.json).
"""

import contextlib
import json
import os
import re
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPResponse
from pathlib import Path

from ...core.callbacks import Callbacks
from ...core.errors import Cancelled
from ...core.files import sha256, write_text
from ...core.foundation_models import FoundationModel, part_of_download
from .connection import DownloadError, Interrupted, open_address
from .transfer import Transfer

_ENOUGH_BYTES = 2**20  # an attempt that brings so much was no failure
_RATE_S = 15.0  # the time left is judged by so many seconds


@dataclass(frozen=True)
class Patience:
    """How long to wait, and how often.

    Attributes:
        stall_s: without a byte for that long, the connection is given up and made anew.
        tries: attempts in a row that bring nothing worth speaking of.
        first_wait_s: before the second attempt; doubled for each further one.
    """

    stall_s: float = 30.0
    tries: int = 5
    first_wait_s: float = 1.0


PATIENCE = Patience()


def download(model: FoundationModel, target: Path, callbacks: Callbacks, patience: Patience = PATIENCE) -> None:
    """Downloads the file of a model, or the rest of it, and checks it.

    Args:
        model: what to download, and what is known of it.
        target: the file to write, in a folder that exists.
        callbacks: `progress` counts bytes.
        patience: with a slow or broken network.

    Raises:
        Cancelled: soon after a cancel; what has come stays for the next time.
        DownloadError: where it cannot be downloaded; what has come stays if the next time may bring the rest.
        OSError: where it cannot be written.
    """
    if not target.exists():
        _Download(model, target, callbacks, patience).run()
    _verify(model, target, callbacks)


def _verify(model: FoundationModel, path: Path, callbacks: Callbacks) -> None:
    """Deletes a file that is another one than the catalogue's. Raises DownloadError, Cancelled."""
    found = sha256(path, lambda: _poll(callbacks))
    if not found.startswith(model.sha256):
        path.unlink()
        raise DownloadError(
            f"expected a file whose SHA-256 begins with {model.sha256[:16]}, found {found[:16]} in what "
            f"{model.address} sent; it was deleted. Does a proxy change downloads? Else the file is another one by now"
        )


def _poll(callbacks: Callbacks) -> None:
    if callbacks.cancelled():
        raise Cancelled


class _Download:
    """The attempts at one file."""

    def __init__(self, model: FoundationModel, target: Path, callbacks: Callbacks, patience: Patience):
        self._model, self._target, self._callbacks, self._patience = model, target, callbacks, patience
        self._part = part_of_download(target)
        self._note = self._part.with_name(self._part.name + ".json")
        self._rate = _Rate(callbacks, model.size_bytes)

    def run(self) -> None:
        failures = 0
        while True:
            before = self._have()
            try:
                self._attempt()
                break
            except Interrupted as error:
                failures = 1 if self._have() - before >= _ENOUGH_BYTES else failures + 1
                self._wait(error, failures)
        os.replace(self._part, self._target)
        self._note.unlink(missing_ok=True)

    def _have(self) -> int:
        with contextlib.suppress(OSError):
            return self._part.stat().st_size
        return 0

    def _wait(self, error: Interrupted, failures: int) -> None:
        """Before the next attempt. Raises DownloadError where there have been enough."""
        kept = f"{_mb(self._have())} of {_mb(self._model.size_bytes)} MB are kept for the next time"
        if failures >= self._patience.tries:
            raise DownloadError(f"the download of {self._model.name} was interrupted: {error}; {kept}") from error
        wait_s = max(self._patience.first_wait_s * 2 ** (failures - 1), min(error.wait_s, 120.0))
        self._callbacks.log("warning", f"{error}; trying again in {wait_s:.0f} s")
        end = time.monotonic() + wait_s
        while time.monotonic() < end:
            _poll(self._callbacks)
            time.sleep(min(0.1, wait_s))

    # --- one attempt --------------------------------------------------------------------------------------------

    def _attempt(self) -> None:
        """Asks for what is missing and writes it. Raises Interrupted where something is missing still."""
        validator = self._validator()
        start = self._have() if validator is not None else 0
        headers = {}
        if start:
            headers["Range"] = f"bytes={start}-"
            if validator:
                headers["If-Range"] = validator
        stall_s, address = self._patience.stall_s, self._model.address

        def ask() -> HTTPResponse:
            try:
                return open_address(address, headers, stall_s)
            except DownloadError:
                if start:  # the server may have another file by now, so that the range is none
                    self._forget()
                raise

        with Transfer(ask, stall_s, self._waiting) as transfer:
            answer = transfer.answer()
            start, total = self._judge(answer, start, validator)
            self._remember(answer)
            self._write(transfer, start, total)

    def _waiting(self) -> None:
        """Called while nothing comes, too: so the time left does not stand still."""
        _poll(self._callbacks)
        self._rate.tell()

    def _judge(self, answer: HTTPResponse, start: int, validator: str | None) -> tuple[int, int | None]:
        """Where the answer's bytes belong, and how many the whole file has (None: the server does not say).

        Raises DownloadError for a file of the wrong size, Interrupted where the server's file has changed.
        """
        total = _length(answer)
        if answer.status == 206:
            found = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", answer.headers.get("Content-Range", ""))
            if not start or not found or int(found[1]) != start or validator and _validator_of(answer) != validator:
                self._forget()
                raise Interrupted("the server's file has changed, or it sends another part than asked for")
            total = int(found[2]) if found[2] != "*" else None
        else:
            start = 0  # the whole file: another one by now, or a server without ranges
        if total is not None and not self._model.fits(total):
            self._forget()
            raise self._wrong_size(total)
        return start, total

    def _write(self, transfer: Transfer, start: int, total: int | None) -> None:
        have, most = start, self._model.most_bytes if total is None else total
        with self._part.open("r+b" if start else "wb", buffering=0) as file:  # what has come is there after a kill, too
            file.seek(start)
            file.truncate()
            self._rate.begin(start)
            for chunk in transfer.chunks():
                have += len(chunk)
                if have > most:
                    self._forget(file.close)
                    raise self._wrong_size(have)
                file.write(chunk)
                self._rate.add(have)
        if total is not None and have < total:
            raise Interrupted(f"the connection broke off after {_mb(have)} of {_mb(total)} MB")
        if not self._model.fits(have):
            raise Interrupted(f"the server ended after {_mb(have)} MB")

    def _wrong_size(self, found: int) -> DownloadError:
        about = "about " if self._model.size_is_rounded else ""
        return DownloadError(
            f"expected a file of {about}{self._model.size_bytes} bytes, found one of {found} at {self._model.address}: "
            "it is another file by now, or a proxy answers in its place"
        )

    # --- what the partial file is of ----------------------------------------------------------------------------

    def _remember(self, answer: HTTPResponse) -> None:
        write_text(self._note, json.dumps({"address": self._model.address, "validator": _validator_of(answer)}))

    def _validator(self) -> str | None:
        """What tells whether the server's file is still the same; "" where the server has nothing, None where it is not
        known what the partial file is of."""
        try:
            note = json.loads(self._note.read_text(encoding="utf-8"))
            return str(note["validator"]) if note["address"] == self._model.address else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _forget(self, first: Callable[[], object] = lambda: None) -> None:
        first()
        for path in (self._part, self._note):
            path.unlink(missing_ok=True)


def _length(answer: HTTPResponse) -> int | None:
    text = answer.headers.get("Content-Length", "")
    return int(text) if text.isdigit() else None


def _validator_of(answer: HTTPResponse) -> str:
    """For If-Range, which takes no weak ETag."""
    tag = answer.headers.get("ETag", "")
    return answer.headers.get("Last-Modified", "") if not tag or tag.startswith("W/") else tag


def _mb(count: int) -> str:
    return f"{count / 1e6:.1f}" if count < 1e8 else f"{count / 1e6:.0f}"


class _Rate:
    """Reports progress with the time left, by the rate of the last seconds."""

    def __init__(self, callbacks: Callbacks, total: int):
        self._callbacks, self._total, self._have = callbacks, total, 0
        self._times: deque[tuple[float, int]] = deque()

    def begin(self, have: int) -> None:
        self._times.clear()
        self.add(have)

    def add(self, have: int) -> None:
        self._have = have
        self._times.append((time.monotonic(), have))
        self.tell()

    def tell(self) -> None:
        if not self._times:
            return
        now, total = time.monotonic(), max(self._total, self._have)
        while len(self._times) > 1 and now - self._times[0][0] > _RATE_S:
            self._times.popleft()
        seconds, count = now - self._times[0][0], self._have - self._times[0][1]
        left = (total - self._have) * seconds / count if seconds > 1 and count else None
        self._callbacks.progress(self._have, total, left)
