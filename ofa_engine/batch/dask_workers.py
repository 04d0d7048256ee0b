"""Tasks on Dask: on processes of this machine, or on a cluster that the user runs. Knows nothing about scenes.

Dask's scheduler keeps the queue, restarts dead workers and gives their tasks to others. Added here: one task at a time
per process; threads divided so that torch, BLAS and GDAL of several workers do not compete; one GPU per worker; on this
machine connections under a certificate for one run, so that no other user can send work; and cancelling.
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

IsCancelled = Callable[[], bool]
ReportFraction = Callable[[float], None]  # how much of a task is done, 0 to 1
Function = Callable[[dict, IsCancelled, ReportFraction], dict]  # returns an outcome; importable by name on the workers
Fractions = Callable[[dict[str, float]], None]  # how much of each running task is done
ATTEMPTS = 2
_POLL_S = 0.2  # between two checks whether to stop
_REPORT_S = 1.0  # between two reports of a task's progress
_GRACE_S = 1.2  # for running tasks to stop by themselves
_WAIT_S = 10.0  # for an answer of the scheduler, and before a warning that it has no workers
_ONE_AT_A_TIME = threading.Lock()  # in a worker's process: memory budget and threads are those of the process


def import_distributed() -> Any:
    """The package distributed. Raises InputError where it, or what its certificates need, is not installed."""
    try:
        import cryptography  # noqa: F401
        import distributed
    except ImportError as error:
        raise InputError(f"expected Dask, found no {error.name}: pip install 'ofanet[batch]'") from error
    return distributed


@dataclass(frozen=True)
class WorkerPool:
    """Workers to give tasks to; `local` is Dask's cluster object where they are processes of this machine."""

    client: Any
    local: Any = None

    def count(self) -> int:
        """How many workers there are now."""
        return len(self.client.nthreads())

    def run(
        self,
        function: Function,
        tasks: Mapping[str, dict],
        finished: Callable[[str, dict], None],
        cancelled: IsCancelled = lambda: False,
        warn: Callable[[str], None] = lambda text: None,
        running: Fractions = lambda fractions: None,
    ) -> None:
        """Runs tasks until all have ended. One that fails is tried once more.

        Args:
            function: called on a worker with a task, and with functions that ask whether to stop and report progress.
            tasks: what `function` gets, by name.
            finished: receives a task's name and outcome, in the calling thread, as it ends. An outcome has "state"
                (done or failed), "attempts" and, where it failed, "why".
            cancelled: asked several times a second.
            warn: receives messages for the user.
            running: receives the fractions of running tasks.

        Raises:
            Cancelled: after Ctrl-C, or once `cancelled()` is true. Running tasks have then stopped, or on this machine
                were killed.
        """
        _PoolRun(self, function, tasks, finished).loop(cancelled, warn, running)


class _PoolRun:
    def __init__(
        self,
        pool: WorkerPool,
        function: Function,
        tasks: Mapping[str, dict],
        finished: Callable[[str, dict], None],
    ):
        self.pool, self.client, self.function, self.tasks, self.finished = pool, pool.client, function, tasks, finished
        self.name = f"ofa-{uuid.uuid4().hex[:12]}"
        self.stop_event = import_distributed().Event(self.name, client=self.client)
        self.fractions: dict[str, float] = {}  # of running tasks; also written by the client's own thread
        self.futures: dict[str, Any] = {}
        self.suspects: list[str] = []  # Dask blames every task that a dead worker held: run one by one, it shows which
        self.ended: queue.Queue[tuple[str, int, Any]] = queue.Queue()

    def loop(self, cancelled: IsCancelled, warn: Callable[[str], None], running: Fractions) -> None:
        warn_at = time.monotonic() + _WAIT_S
        self.client.subscribe_topic(self.name, lambda event: self.fractions.update({event[1][0]: event[1][1]}))
        try:
            for name in self.tasks:
                self._submit(name, 1)
            while self.futures or self.suspects:
                if not self.futures:
                    self._submit(self.suspects.pop(0), ATTEMPTS)
                if cancelled():
                    raise Cancelled
                with contextlib.suppress(queue.Empty):
                    self._take(*self.ended.get(timeout=_POLL_S))
                running({name: fraction for name, fraction in list(self.fractions.items()) if name in self.futures})
                if time.monotonic() > warn_at:
                    warn_at = float("inf")
                    if self.client.status == "running" and not self.client.scheduler_info()["workers"]:
                        warn("the scheduler has no workers yet: waiting for them")
        except (KeyboardInterrupt, Cancelled):
            self._stop()
            raise Cancelled from None
        finally:
            with contextlib.suppress(Exception):  # without a scheduler there is no subscription left
                self.client.unsubscribe_topic(self.name)

    def _submit(self, name: str, attempt: int) -> None:
        future = self.client.submit(
            _in_worker,
            self.function,
            name,
            self.tasks[name],
            self.name,
            key=f"{self.name}-{attempt}-{name}",
            pure=False,
        )
        self.futures[name] = future
        future.add_done_callback(lambda ended: self.ended.put((name, attempt, ended)))

    def _take(self, name: str, attempt: int, future: Any) -> None:
        outcome = _outcome(future)
        retry = outcome["state"] == "failed" and attempt < ATTEMPTS and self.client.status == "running"
        if retry and future.status != "error":
            self._submit(name, attempt + 1)
            return
        del self.futures[name]
        self.fractions.pop(name, None)
        if retry:
            self.suspects.append(name)
        else:
            self.finished(name, outcome | {"attempts": attempt})

    def _stop(self) -> None:
        """Asks running tasks to stop and waits for them, for a moment; queued tasks never start."""
        asking = threading.Thread(target=self._ask_to_stop, daemon=True)  # a worker that hangs must not block
        asking.start()
        asking.join(_GRACE_S)
        if asking.is_alive() and self.pool.local:
            for nanny in self.pool.local.workers.values():
                nanny.auto_restart = False
                with contextlib.suppress(ProcessLookupError, TypeError):
                    os.kill(nanny.pid, signal.SIGTERM if os.name == "nt" else signal.SIGKILL)

    def _ask_to_stop(self) -> None:
        with contextlib.suppress(Exception):  # the cluster may be shutting down
            self.stop_event.set()
            self.client.cancel(list(self.futures.values()), force=True)
            while any(self.client.run(_busy, on_error="ignore").values()):
                time.sleep(_POLL_S / 4)


def _outcome(future: Any) -> dict:
    if future.status == "finished":
        try:
            return future.result(timeout=_WAIT_S)
        except Exception as error:  # the result was lost with its worker
            return {"state": "failed", "why": _one_line(error)}
    if future.status == "error":
        raised = future.exception(timeout=_WAIT_S)
        if type(raised).__name__ == "KilledWorker":
            return {"state": "failed", "why": "its worker died each time it was tried: was memory short?"}
        return {"state": "failed", "why": _one_line(raised)}
    return {"state": "failed", "why": "the scheduler dropped it: was it stopped?"}


def _one_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


class WeightedProgress:
    """Progress over all tasks in `total` steps, with the time left. A task counts with its weight; one without a weight
    is taken to need no time."""

    def __init__(self, weights: Mapping[str, float], total: int, report: Callable[[int, int, float | None], None]):
        self.weights, self.total, self.report = weights, total, report
        self.done, self.reported = 0.0, 0
        self.first = (0.0, 0.0)  # when the first work was seen to be done, and how much that was

    def finished(self, name: str) -> None:
        self.done += self.weights.get(name, 0)

    def running(self, fractions: dict[str, float]) -> None:
        whole = sum(self.weights.values())
        done = self.done + sum(self.weights.get(name, 0) * fraction for name, fraction in fractions.items())
        steps = int(round(self.total * done / whole, 6))
        if steps == self.reported:
            return
        now, (since, before) = time.monotonic(), self.first
        if not before:  # the seconds that workers take to start say nothing about the rate
            self.first = (now, done)
        seconds_left = (now - since) * (whole - done) / (done - before) if before and done > before else None
        self.reported = steps
        self.report(steps, self.total, seconds_left)


# --- in a worker ---------------------------------------------------------------------------------------------------


def _in_worker(function: Function, name: str, task: dict, run: str) -> dict:
    """`run` names the event that stops the run, and the topic under which progress is reported."""
    cancelled, report = _CancelledByScheduler(run), _ReportToClient(run, name)
    while not _ONE_AT_A_TIME.acquire(timeout=_POLL_S):
        if cancelled():
            return {"state": "cancelled"}
    try:
        return function(task, cancelled, report)
    finally:
        _ONE_AT_A_TIME.release()


class _CancelledByScheduler:
    """True once the run is to stop, or its client or scheduler is gone. Checks at most every 0.2 s."""

    def __init__(self, event_name: str):
        distributed = import_distributed()
        self._event = distributed.Event(event_name, client=distributed.get_client())
        worker = distributed.get_worker()
        self._tasks, self._key = worker.state.tasks, worker.get_current_task()
        self._next, self._cancelled = 0.0, False

    def __call__(self) -> bool:
        if not self._cancelled and time.monotonic() >= self._next:
            task = self._tasks.get(self._key)  # cancelled by the scheduler when the client is gone
            try:
                self._cancelled = task is None or task.state == "cancelled" or self._event.is_set()
            except OSError:
                self._cancelled = True
            self._next = time.monotonic() + _POLL_S
        return self._cancelled


class _ReportToClient:
    """Passes on the fraction of a task that is done, at most once a second."""

    def __init__(self, topic: str, name: str):
        self._worker, self._topic, self._name = import_distributed().get_worker(), topic, name
        self._next = time.monotonic()

    def __call__(self, fraction: float) -> None:
        if time.monotonic() >= self._next:
            self._worker.log_event(self._topic, [self._name, fraction])
            self._next = time.monotonic() + _REPORT_S


def _busy() -> bool:
    return _ONE_AT_A_TIME.locked()


def dask_setup(worker: object) -> None:
    """Dask calls this at the start of each worker on this machine, in its main thread."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes of a terminal; the parent handles it
    atexit.register(os._exit, 0)  # torch takes seconds to shut down, and a worker has nothing left to save


# --- workers -------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def cluster_pool(scheduler: str, timeout_s: float) -> Iterator[WorkerPool]:
    """The workers of the user's own cluster. Raises InputError where no scheduler answers within `timeout_s`."""
    distributed = import_distributed()
    try:
        client = distributed.Client(scheduler, timeout=timeout_s, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"expected a Dask scheduler at {scheduler}, found none: {_one_line(error)}") from error
    try:
        yield WorkerPool(client)
    finally:
        client.close()


@contextlib.contextmanager
def local_pool(workers: int, gpus: list[str]) -> Iterator[WorkerPool]:
    """`workers` processes on this machine, one task each, that take turns with the GPUs where there are any."""
    distributed = import_distributed()
    from dask import config
    from distributed.security import Security

    security = Security.temporary()
    quiet = logging.CRITICAL  # errors are reported in the outcomes of tasks
    shared = {
        "host": "127.0.0.1",
        "protocol": "tls://",
        "security": security,
        "dashboard": False,
        "dashboard_address": "127.0.0.1:0",  # the default port is often taken by another cluster
    }
    # no memory_limit: a task keeps to its own budget, and Dask would count the caches of GDAL and torch against it
    nanny = shared | {"nthreads": 1, "memory_limit": 0, "preload": [__name__], "silence_logs": quiet}
    environments = _worker_environments(workers, gpus)
    spec = {i: {"cls": distributed.Nanny, "options": nanny | {"env": env}} for i, env in enumerate(environments)}
    # Dask would set its own numbers of threads in this very process
    with _sigint_blocked(), config.set({"distributed.nanny.pre-spawn-environ": {}}):
        scheduler = {"cls": distributed.Scheduler, "options": shared | {"port": 0}}
        cluster = distributed.SpecCluster(spec, scheduler, security=security, silence_logs=quiet)
    with cluster, distributed.Client(cluster, security=security, set_as_default=False) as client:
        yield WorkerPool(client, cluster)


def _worker_environments(workers: int, gpus: list[str]) -> list[dict[str, str]]:
    """Environment variables of each worker: its threads, and its GPU."""
    threads = str(max(1, _cores() // workers))
    shared = {
        "OMP_NUM_THREADS": threads,
        "MKL_NUM_THREADS": threads,
        "OPENBLAS_NUM_THREADS": threads,
        "GDAL_NUM_THREADS": "1",
    }
    return [shared | ({"CUDA_VISIBLE_DEVICES": gpus[i % len(gpus)]} if gpus else {}) for i in range(workers)]


@contextlib.contextmanager
def _sigint_blocked() -> Iterator[None]:
    """Threads started within, and the processes that they start, ignore SIGINT: a terminal sends it to all processes,
    and workers would end with a traceback. In this thread it is delivered after the block. Windows has no such mask."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # multiprocessing's helper resets the mask when it is started
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _cores() -> int:
    """Cores that this process may use, or fewer where OMP_NUM_THREADS says so."""
    from dask.system import CPU_COUNT

    limit = os.environ.get("OMP_NUM_THREADS", "")
    return min(CPU_COUNT, int(limit)) if limit.isdigit() and int(limit) else CPU_COUNT
