"""What all verbs share: a run from opening its inputs to putting its outputs in place."""

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from ..core.callbacks import Callbacks
from ..core.errors import Cancelled, OfaError
from ..core.messages import option
from ..core.options import MapOptions
from ..core.results import MapResult
from ..raster.gdal import library_errors
from ..raster.source import Source
from .runner import InferenceRun, RunLimits
from .session import Outputs, open_session


@contextlib.contextmanager
def opened_run(
    options: MapOptions,
    task: str | None,
    outputs: Outputs,
    callbacks: Callbacks,
    limits: RunLimits,
    *,
    check: Callable[[Source], None] = lambda source: None,
    keep_journal: bool = False,
) -> Iterator[InferenceRun]:
    """A run within a `with` block, whose outputs appear when the block ends.

    Nothing incomplete is left, whatever happens. Where something broke on the way, the journal of what was finished
    stays for --resume; with `keep_journal` it stays at the end, too.

    Args:
        options: of the verb.
        task: the head's; None where no head is used.
        outputs: paths that will be written, with the endings they may have.
        callbacks: progress, log, cancelling.
        limits: what the run keeps to.
        check: raises InputError where other options do not fit the raster.

    Raises:
        InputError: what the user can mend.
        OfaError: what broke on the way.
        Cancelled: where the user has cancelled.
    """
    started = time.monotonic()
    with library_errors():
        session = open_session(options, task, callbacks, outputs, check)
    paths = [Path(path) for path, _ in outputs if path]
    run, keep = InferenceRun(session, options, callbacks, paths, limits, session.budget_bytes, started), False
    try:
        with library_errors():
            yield run
            run.pending.commit()
        keep = keep_journal
    except Cancelled:
        raise
    except Exception as error:
        keep = True
        advise = run.journal.resumable and not keep_journal
        if isinstance(error, OfaError) and advise and option("resume") not in error.message.marked:
            hint = f"the same again with {option('resume')} goes on where it stopped"
            raise type(error)(f"{error.message.marked}; {hint}") from error
        raise
    finally:
        run.journal.close(keep)
        session.source.close()
        run.pending.discard()


def answer_of(run: InferenceRun, tags: dict[str, str], **more: object) -> dict:
    """A verb's answer: the keys that all verbs have, and `more`."""
    session, head = run.session, run.session.head_file
    answer = {
        "input": run.options.input,
        "output": run.options.output,
        "sensor": session.sensor.id,
        "detection": session.detection.to_json(),
        "gsd_m": session.gsd_m,
        "device": str(session.device),
        "tile_px": session.tile_px,
        "computing_s": round(run.computing_s, 3),
        "provenance": tags,
    }
    if head:
        answer |= {"head": str(head.path), "head_name": head.header["name"]}
    return answer | more


def map_answer(run: InferenceRun, tags: dict[str, str], classes: list[dict], tiles: int, **paths: str | None) -> dict:
    """The answer of `segment` and `classify`, as `core.results.MapResult` defines it; `paths` are further outputs."""
    return MapResult.from_json(answer_of(run, tags, classes=classes, tiles=tiles, **paths)).to_json()
