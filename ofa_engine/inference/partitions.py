"""One raster's segmentation by several processes, on one machine or on many: each computes its share of the rows of
tiles and keeps it in a journal beside the output; one puts them together.

Rows above a share that still add to its pixels are computed by both neighbours. The result is that of a single run, to
the last bit where devices and threads are the same.
"""

import heapq
import itertools
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..core.errors import OfaError
from ..core.options import SegmentOptions
from ..pipeline.journal import Found, Journal, Record, find
from ..tiling.plan import Plan
from .resume import depends_on
from .session import Job

_MACHINE = ("device", "number of threads", "memory", "batch")  # may differ between those that share


def share(job: Job, options: SegmentOptions, plan: Plan) -> Plan:
    """The plan of one share; from now on the job has its journal, where there is one already that one."""
    target, about = _target(options, plan.part), depends_on(job, options, plan)
    kept = None
    for found in find(target):
        if kept is None and found and found.about == about:
            kept = found
        elif found:
            found.remove()
    part = target.with_name(f".{target.stem}.{os.getpid()}.part{target.suffix}")
    job.journal = Journal(part, about, kept)
    return plan


def join(job: Job, options: SegmentOptions, plan: Plan, of: int) -> Plan:
    """The plan of the whole; from now on the job's journal is that of all shares, as if one run had finished all.
    Raises OfaError where a share is missing, or was of something else."""
    found = [_found(_target(options, (number, of))) for number in range(of)]
    shares = [one for one in found if one]
    job.journal = _Joined(shares, plan)
    about = _alike(depends_on(job, options, plan))
    if any(_alike(one.about) != about for one in shares):
        raise OfaError("expected shares of the same work, found that input, model or options changed meanwhile")
    return plan


def _target(options: SegmentOptions, part: tuple[int, int]) -> Path:
    """What a share's journal lies beside; it is never written itself."""
    whole = Path(options.output)
    return whole.with_name(f"{whole.stem}.share{part[0] + 1}of{part[1]}{whole.suffix}")


def _found(target: Path) -> Found | None:
    """The youngest that no process holds."""
    return next((found for found in find(target) if found), None)


def _alike(about: dict) -> dict:
    return {key: value for key, value in about.items() if key not in _MACHINE}


class _Joined(Journal):
    """All shares' records, in the order of a single run."""

    def __init__(self, shares: Sequence[Found], plan: Plan):
        super().__init__()
        self.shares, self.plan = shares, plan

    def records(self) -> Iterator[Record]:
        there = heapq.merge(*(share.records() for share in self.shares), key=lambda record: (record.stripe, record.row))
        wanted = itertools.product(range(len(self.plan.stripes)), self.plan.share)
        for place, record in itertools.zip_longest(wanted, there):
            if record is None or place != (record.stripe, record.row):
                raise OfaError(f"expected all shares beside the output, found none with row {place} of tiles")
            yield record

    def close(self, keep: bool = False) -> None:
        """The shares stay, since a worker may die before it could tell that it is done: who gave them out sweeps."""
        super().close()
        for share in self.shares:
            share.close()
