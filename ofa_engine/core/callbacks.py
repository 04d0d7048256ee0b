"""How a verb reports to its caller while it runs. Standard library only."""

from collections.abc import Callable
from dataclasses import dataclass

from .messages import Message

Progress = Callable[[int, int, float | None], None]  # tiles done, tiles in all, seconds left (None: not known yet)


@dataclass(frozen=True)
class Callbacks:
    """All three may be called from any thread; by default they do nothing.

    Attributes:
        progress: called with tiles done, tiles in all and the seconds left, None while these are not known.
        log: called with "info" or "warning" and a line for the user, as a `Message`.
        cancelled: returns true once the run is to end; called several times per second.
    """

    progress: Progress = lambda done, total, seconds_left: None
    log: Callable[[str, str], None] = lambda level, message: None
    cancelled: Callable[[], bool] = lambda: False

    def __post_init__(self) -> None:
        log = self.log  # verbs mark the options they name; whoever listens reads them in the command line's words
        object.__setattr__(self, "log", lambda level, message: log(level, Message(message)))


QUIET = Callbacks()
