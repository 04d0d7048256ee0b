"""How a verb reports to its caller while it runs. Standard library only."""

from collections.abc import Callable
from dataclasses import dataclass

Progress = Callable[[int, int, float | None], None]  # tiles done, tiles in all, seconds left (None: not known yet)


@dataclass(frozen=True)
class Callbacks:
    """All three may be called from any thread; by default they do nothing."""

    progress: Progress = lambda done, total, seconds_left: None
    log: Callable[[str, str], None] = lambda level, message: None  # level: info or warning
    cancelled: Callable[[], bool] = lambda: False


QUIET = Callbacks()
