"""One answer of a server, read in a thread of its own: whoever waits for it can stop waiting at any moment, whatever a
network does (a name that is not resolved, a server that says nothing)."""

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Iterator
from http.client import HTTPException, HTTPResponse
from types import TracebackType
from typing import cast

from ...core.errors import OfaError
from .connection import Interrupted

_CHUNK_BYTES = 2**18
_AHEAD = 8  # chunks
_POLL_S = 0.1


class Transfer:
    """An answer and its bytes, as a context: leaving it closes the connection and waits for nothing."""

    def __init__(self, ask: Callable[[], HTTPResponse], stall_s: float, poll: Callable[[], None]):
        """
        Args:
            ask: sends the request; called in the thread. Raises Interrupted, OfaError.
            stall_s: without a byte for that long, the transfer counts as interrupted.
            poll: called ten times a second; what it raises ends the waiting.
        """
        self._ask, self._stall_s, self._poll = ask, stall_s, poll
        self._items: queue.Queue[HTTPResponse | bytes | BaseException | None] = queue.Queue(_AHEAD)
        self._stopped = threading.Event()
        threading.Thread(target=self._work, daemon=True).start()

    def __enter__(self) -> "Transfer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()

    def answer(self) -> HTTPResponse:
        """Status and headers. Raises Interrupted, OfaError, and what `poll` raises."""
        return cast(HTTPResponse, self._next())

    def chunks(self) -> Iterator[bytes]:
        """The bytes, once `answer` was called. Raises as it does."""
        while (chunk := self._next()) is not None:
            yield cast(bytes, chunk)

    def _next(self) -> HTTPResponse | bytes | None:
        end = time.monotonic() + self._stall_s
        while True:
            self._poll()
            try:
                item = self._items.get(timeout=_POLL_S)
            except queue.Empty:
                if time.monotonic() > end:
                    raise Interrupted(f"nothing came for {self._stall_s:.0f} s") from None
                continue
            if isinstance(item, BaseException):
                raise item
            return item

    # --- in the thread ------------------------------------------------------------------------------------------

    def _work(self) -> None:
        try:
            with contextlib.closing(self._ask()) as response:
                self._put(response)
                while not self._stopped.is_set() and (chunk := response.read1(_CHUNK_BYTES)):
                    self._put(chunk)
            self._put(None)
        except (Interrupted, OfaError) as error:
            self._put(error)
        except (OSError, HTTPException) as error:
            self._put(Interrupted(f"the connection broke off: {getattr(error, 'strerror', None) or error}"))
        except BaseException as error:  # raised again where somebody waits
            self._put(error)

    def _put(self, item: HTTPResponse | bytes | BaseException | None) -> None:
        while not self._stopped.is_set():
            with contextlib.suppress(queue.Full):
                return self._items.put(item, timeout=_POLL_S)
