"""Threads that wait for servers, so that the thread that started them hears of a cancel at once."""

import queue
import threading
from collections.abc import Callable, Iterator
from typing import Any

from ...core.errors import Cancelled

_POLL_S = 0.1
_FAREWELL_S = 0.8  # for all threads together, at the end


class Crew:
    """Within a `with` block; at its end `stopped` is set, and threads that still wait for a server are left behind.

    Args:
        count: of threads.
        cancelled: whether the user has cancelled.
    """

    def __init__(self, count: int, cancelled: Callable[[], bool]):
        self.stopped = threading.Event()
        self._cancelled = cancelled
        self._jobs: queue.SimpleQueue = queue.SimpleQueue()
        self._outcomes: queue.SimpleQueue = queue.SimpleQueue()
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(count)]

    def __enter__(self) -> "Crew":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        for thread in self._threads:
            thread.join(_FAREWELL_S / len(self._threads))

    def submit(self, key: Any, job: Callable[[], Any]) -> None:
        self._jobs.put((key, job))

    def take(self) -> tuple[Any, BaseException | None]:
        """The key of a job that has ended, and its error. Raises Cancelled."""
        key, _, error = self._outcome()
        return key, error

    def in_order(self, jobs: Iterator[Callable[[], Any]]) -> Iterator[tuple[Any, BaseException | None]]:
        """What jobs return, or their errors, in their order; nothing else must be under way. Raises Cancelled."""
        numbered, ended, next_one = enumerate(jobs), dict[int, tuple[Any, BaseException | None]](), 0
        under_way = sum(self._started(numbered) for _ in self._threads)
        while ended or under_way:
            while next_one not in ended:
                number, answer, error = self._outcome()
                ended[number] = answer, error
                under_way += self._started(numbered) - 1
            yield ended.pop(next_one)
            next_one += 1

    def _started(self, jobs: Iterator[tuple[int, Callable[[], Any]]]) -> bool:
        """Whether there was another job to start."""
        for job in jobs:
            self.submit(*job)
            return True
        return False

    def _outcome(self) -> tuple[Any, Any, BaseException | None]:
        while True:
            if self._cancelled():
                self.stopped.set()
                raise Cancelled
            try:
                return self._outcomes.get(timeout=_POLL_S)
            except queue.Empty:
                continue

    def _work(self) -> None:
        while not self.stopped.is_set():
            try:
                key, job = self._jobs.get(timeout=_POLL_S)
            except queue.Empty:
                continue
            try:
                self._outcomes.put((key, job(), None))
            except BaseException as error:  # raised by whoever takes it
                self._outcomes.put((key, None, error))
