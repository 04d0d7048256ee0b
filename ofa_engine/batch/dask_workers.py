"""Jobs on Dask: processes on this machine, or a cluster that the user runs. Knows nothing of scenes.

Dask's scheduler keeps the queue, starts a dead worker again and gives its job to another. Set here: one job at a time
in a process; threads shared out so that torch, BLAS and GDAL of several workers do not fight; one GPU a worker; on
this machine connections under a certificate of one run, so that no other user of it can send work; and how to stop.
"""

import atexit
import contextlib
import logging
import os
import queue
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from multiprocessing import resource_tracker
from typing import Any

from ..core.errors import Cancelled, InputError

Stopped = Callable[[], bool]
Tell = Callable[[float], None]  # how much of a job is done, 0 to 1
Function = Callable[[dict, Stopped, Tell], dict]  # to an outcome with "state"; importable by its name on the workers
ATTEMPTS = 2
_POLL_S = 0.2  # between two looks at whether to stop
_TELL_S = 1.0  # between two words on how far a job is
_GRACE_S = 1.2  # for running jobs to stop by themselves
_CONNECT_S = 10
_ONE_AT_A_TIME = threading.Lock()  # in a worker's process: a job's memory budget and threads are the process's


def dask() -> Any:
    """The package distributed. Raises InputError where it, or what its certificates need, is missing."""
    try:
        import cryptography  # noqa: F401
        import distributed
    except ImportError as error:
        raise InputError(f"expected Dask, found no {error.name}: pip install 'ofanet[batch]'") from error
    return distributed


@dataclass(frozen=True)
class Crew:
    """Workers to give jobs to; `local` where they are this process's own."""

    client: Any
    local: Any = None

    def workers(self) -> int:
        """How many there are now."""
        return len(self.client.nthreads())

    def run(
        self,
        function: Function,
        jobs: Mapping[str, dict],
        finished: Callable[[str, dict], None],
        cancelled: Stopped = lambda: False,
        warn: Callable[[str], None] = lambda text: None,
        running: Callable[[dict[str, float]], None] = lambda fractions: None,
    ) -> None:
        """Calls `finished(name, outcome)` as jobs end, in the calling thread. A job that fails is tried once more.

        `running` hears how far running jobs are. Outcomes have "state" (done or failed), "attempts", and "why" where
        failed. Raises Cancelled after Ctrl-C and
        where `cancelled()` is true; then running jobs have stopped, or on this machine are killed.
        """
        _Run(self, function, jobs, finished).loop(cancelled, warn, running)


class _Run:
    def __init__(self, crew: Crew, function: Function, jobs: Mapping[str, dict], finished: Callable[[str, dict], None]):
        self.crew, self.client, self.function, self.jobs, self.finished = crew, crew.client, function, jobs, finished
        self.name = f"ofa-{uuid.uuid4().hex[:12]}"
        self.stop_event = dask().Event(self.name, client=self.client)
        self.fractions: dict[str, float] = {}  # of running jobs; written by the client's own thread, too
        self.futures: dict[str, Any] = {}
        self.suspects: list[str] = []  # Dask blames each job that a dead worker held: alone it is seen which
        self.ended: queue.Queue[tuple[str, int, Any]] = queue.Queue()

    def loop(
        self, cancelled: Stopped, warn: Callable[[str], None], running: Callable[[dict[str, float]], None]
    ) -> None:
        patience = time.monotonic() + _CONNECT_S
        self.client.subscribe_topic(self.name, lambda event: self.fractions.update({event[1][0]: event[1][1]}))
        try:
            for name in self.jobs:
                self._submit(name, 1)
            while self.futures or self.suspects:
                if not self.futures:
                    self._submit(self.suspects.pop(0), ATTEMPTS)
                if cancelled():
                    raise Cancelled
                with contextlib.suppress(queue.Empty):
                    self._take(*self.ended.get(timeout=_POLL_S))
                running({name: part for name, part in list(self.fractions.items()) if name in self.futures})
                if time.monotonic() > patience:
                    patience = float("inf")
                    if self.client.status == "running" and not self.client.scheduler_info()["workers"]:
                        warn("the scheduler has no workers yet: waiting for them")
        except (KeyboardInterrupt, Cancelled):
            self._stop()
            raise Cancelled from None
        finally:
            with contextlib.suppress(Exception):  # where the scheduler is gone there is nothing left to end
                self.client.unsubscribe_topic(self.name)

    def _submit(self, name: str, attempt: int) -> None:
        future = self.client.submit(
            _in_worker, self.function, name, self.jobs[name], self.name, key=f"{self.name}-{attempt}-{name}", pure=False
        )
        self.futures[name] = future
        future.add_done_callback(lambda ended: self.ended.put((name, attempt, ended)))

    def _take(self, name: str, attempt: int, future: Any) -> None:
        outcome = _outcome(future)
        again = outcome["state"] == "failed" and attempt < ATTEMPTS and self.client.status == "running"
        if again and future.status != "error":
            self._submit(name, attempt + 1)
            return
        del self.futures[name]
        self.fractions.pop(name, None)
        if again:
            self.suspects.append(name)
        else:
            self.finished(name, outcome | {"attempts": attempt})

    def _stop(self) -> None:
        """Running jobs are told and waited for. What waits in the queue never starts."""
        asking = threading.Thread(target=self._ask_to_stop, daemon=True)  # a worker that hangs must not hold us up
        asking.start()
        asking.join(_GRACE_S)
        if asking.is_alive() and self.crew.local:
            for nanny in self.crew.local.workers.values():
                nanny.auto_restart = False
                with contextlib.suppress(ProcessLookupError, TypeError):
                    os.kill(nanny.pid, signal.SIGTERM if os.name == "nt" else signal.SIGKILL)

    def _ask_to_stop(self) -> None:
        with contextlib.suppress(Exception):  # of a cluster that goes down at this moment
            self.stop_event.set()
            self.client.cancel(list(self.futures.values()), force=True)
            while any(self.client.run(_busy, on_error="ignore").values()):
                time.sleep(_POLL_S / 4)


def _outcome(future: Any) -> dict:
    if future.status == "finished":
        try:
            return future.result(timeout=_CONNECT_S)
        except Exception as error:  # the result was lost with its worker
            return {"state": "failed", "why": _line(error)}
    if future.status == "error":
        raised = future.exception(timeout=_CONNECT_S)
        if type(raised).__name__ == "KilledWorker":
            return {"state": "failed", "why": "its worker died each time it was tried: was memory short?"}
        return {"state": "failed", "why": _line(raised)}
    return {"state": "failed", "why": "the scheduler let go of it: was it stopped?"}


def _line(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


class Progress:
    """How far all jobs are, in parts of `total`, each by its weight; one without a weight takes no time to speak of."""

    def __init__(self, weights: Mapping[str, float], total: int, tell: Callable[[int, int, float | None], None]):
        self.weights, self.total, self.tell = weights, total, tell
        self.done, self.told = 0.0, 0
        self.begun = (0.0, 0.0)  # when the first tiles were done, and how much that was

    def over(self, name: str) -> None:
        self.done += self.weights.get(name, 0)

    def running(self, fractions: dict[str, float]) -> None:
        whole = sum(self.weights.values())
        done = self.done + sum(self.weights.get(name, 0) * part for name, part in fractions.items())
        parts = round(self.total * done / whole, 6)
        if int(parts) == self.told:
            return
        now, (since, before) = time.monotonic(), self.begun
        if not before:  # workers take seconds to start, which tells nothing of those to come
            self.begun = (now, done)
        seconds = (now - since) * (whole - done) / (done - before) if before and done > before else None
        self.told = int(parts)
        self.tell(self.told, self.total, seconds)


# --- in a worker ---------------------------------------------------------------------------------------------------


def _in_worker(function: Function, name: str, job: dict, run: str) -> dict:
    """`run` names the event that stops it, and the topic that it tells of itself under."""
    stopped, tell = _AskScheduler(run), _TellClient(run, name)
    while not _ONE_AT_A_TIME.acquire(timeout=_POLL_S):
        if stopped():
            return {"state": "cancelled"}
    try:
        return function(job, stopped, tell)
    finally:
        _ONE_AT_A_TIME.release()


class _AskScheduler:
    """True once the run is to stop, its client is gone or its scheduler is. Asks at most every 0.2 s."""

    def __init__(self, stop_name: str):
        distributed = dask()
        self._event = distributed.Event(stop_name, client=distributed.get_client())
        worker = distributed.get_worker()
        self._tasks, self._key = worker.state.tasks, worker.get_current_task()
        self._next, self._told = 0.0, False

    def __call__(self) -> bool:
        if not self._told and time.monotonic() >= self._next:
            task = self._tasks.get(self._key)  # a client that is gone has cancelled it
            try:
                self._told = task is None or task.state == "cancelled" or self._event.is_set()
            except OSError:
                self._told = True
            self._next = time.monotonic() + _POLL_S
        return self._told


class _TellClient:
    """Passes on how far a job is, at most once a second."""

    def __init__(self, topic: str, name: str):
        self._worker, self._topic, self._name = dask().get_worker(), topic, name
        self._next = time.monotonic()

    def __call__(self, fraction: float) -> None:
        if time.monotonic() >= self._next:
            self._worker.log_event(self._topic, [self._name, fraction])
            self._next = time.monotonic() + _TELL_S


def _busy() -> bool:
    return _ONE_AT_A_TIME.locked()


def dask_setup(worker: object) -> None:
    """Dask calls this at the start of each worker on this machine, in its main thread."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all of a terminal's processes; the first one tells
    atexit.register(os._exit, 0)  # torch takes seconds to be taken down; a worker has nothing left to save


# --- workers -------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def connected(scheduler: str) -> Iterator[Crew]:
    """The user's own cluster. Raises InputError where there is none."""
    distributed = dask()
    try:
        client = distributed.Client(scheduler, timeout=_CONNECT_S, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"expected a Dask scheduler at {scheduler}, found none: {_line(error)}") from error
    try:
        yield Crew(client)
    finally:
        client.close()


@contextlib.contextmanager
def local(workers: int, gpus: list[str]) -> Iterator[Crew]:
    """So many processes on this machine, one job each; they take turns with the GPUs, where there are some."""
    distributed = dask()
    from dask import config
    from distributed.security import Security

    security = Security.temporary()
    quiet = logging.CRITICAL  # what goes wrong is told by the jobs' outcomes
    shared = {
        "host": "127.0.0.1",
        "protocol": "tls://",
        "security": security,
        "dashboard": False,
        "dashboard_address": "127.0.0.1:0",
    }  # its port of its own is often taken by another cluster
    threads = str(max(1, _cores() // workers))
    spec = {}
    for i in range(workers):
        env = {
            "OMP_NUM_THREADS": threads,
            "MKL_NUM_THREADS": threads,
            "OPENBLAS_NUM_THREADS": threads,
            "GDAL_NUM_THREADS": "1",
        }
        if gpus:
            env["CUDA_VISIBLE_DEVICES"] = gpus[i % len(gpus)]
        # no memory_limit: a job keeps to its own budget, and Dask would count GDAL's and torch's caches against it
        options = shared | {"nthreads": 1, "memory_limit": 0, "env": env, "preload": [__name__], "silence_logs": quiet}
        spec[i] = {"cls": distributed.Nanny, "options": options}
    # Dask would set its own numbers of threads in this very process
    with _deaf_to_ctrl_c(), config.set({"distributed.nanny.pre-spawn-environ": {}}):
        scheduler = {"cls": distributed.Scheduler, "options": shared | {"port": 0}}
        cluster = distributed.SpecCluster(spec, scheduler, security=security, silence_logs=quiet)
    with cluster, distributed.Client(cluster, security=security, set_as_default=False) as client:
        yield Crew(client, cluster)


@contextlib.contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """Threads started meanwhile, and processes that they start, take no SIGINT: a terminal sends it to all, and a
    worker would break off with a traceback. Here it counts at the end of the block. Windows has no such mask."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # multiprocessing's helper would lift the mask where it is started
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _cores() -> int:
    """Cores of this process's share of the machine, or fewer where the user says so."""
    from dask.system import CPU_COUNT

    told = os.environ.get("OMP_NUM_THREADS", "")
    return min(CPU_COUNT, int(told)) if told.isdigit() and int(told) else CPU_COUNT
