"""One raster's segmentation by several processes, on one machine or on many: each computes a partition, some of the
rows of tiles, and keeps it in a journal next to the output; one puts them together.

Rows above a partition that still add to its pixels are computed by both neighbours. The result is that of a single run,
to the last bit where devices and threads are the same.
"""

import heapq
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..core.errors import OfaError
from ..core.partial_names import part_of, partition_of
from ..pipeline.journal import Journal, JournalRecord, StoppedJournal, find_journals
from ..tiling.plan import TilePlan
from .resume import depends_on
from .runner import InferenceRun

_MACHINE = ("device", "number of threads", "memory", "batch")  # may differ between partitions


def begin_partition(run: InferenceRun, plan: TilePlan) -> TilePlan:
    """The plan of one partition. From now on the run has its journal, the existing one where there is one."""
    target, about = partition_of(Path(run.options.output), *plan.partition), depends_on(run, plan)
    kept = None
    for stopped in find_journals(target):
        if kept is None and stopped and stopped.about == about:
            kept = stopped
        elif stopped:
            stopped.remove()
    run.journal = Journal(part_of(target), about, kept, run.limits.journal)
    return plan


def join_partitions(run: InferenceRun, plan: TilePlan, of: int) -> TilePlan:
    """The plan of the whole raster. From now on the run's journal is that of all partitions, as if one run had done it.

    Raises:
        OfaError: where a partition is missing, or was of something else.
    """
    output = Path(run.options.output)
    stopped = [_youngest(partition_of(output, number, of)) for number in range(of)]
    partitions = [one for one in stopped if one]
    run.journal = _JoinedJournal(partitions, plan)
    about = _comparable(depends_on(run, plan))
    if any(_comparable(one.about) != about for one in partitions):
        raise OfaError("expected shares of the same work, found that input, model or options changed meanwhile")
    return plan


def _youngest(target: Path) -> StoppedJournal | None:
    """The youngest journal that no process holds."""
    return next((stopped for stopped in find_journals(target) if stopped), None)


def _comparable(about: dict) -> dict:
    return {key: value for key, value in about.items() if key not in _MACHINE}


class _JoinedJournal(Journal):
    """All partitions' records, in the order of a single run."""

    def __init__(self, partitions: Sequence[StoppedJournal], plan: TilePlan):
        super().__init__()
        self.partitions, self.plan = partitions, plan

    def records(self) -> Iterator[JournalRecord]:
        found = heapq.merge(*(one.records() for one in self.partitions), key=lambda record: (record.stripe, record.row))
        wanted = itertools.product(range(len(self.plan.stripes)), self.plan.own_rows)
        for place, record in itertools.zip_longest(wanted, found):
            if record is None or place != (record.stripe, record.row):
                raise OfaError(f"expected all shares next to the output, found none with row {place} of tiles")
            yield record

    def close(self, keep: bool = False) -> None:
        """The partitions' journals stay, since a worker may die before it has reported; the batch removes them."""
        super().close()
        for one in self.partitions:
            one.close()
