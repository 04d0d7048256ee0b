"""Progress of a run with the time left: a bar on a terminal, elsewhere one line per minute, and TensorBoard's files."""

import math
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm

from training.console import LINE_SECONDS, duration
from training.pretraining.schedule import Step, TrainingSchedule


class TrainingMonitor:
    """Shows losses and throughput during a run, and keeps the totals for the report."""

    def __init__(self, folder: Path, schedule: TrainingSchedule, start: int):
        self.schedule, self.start = schedule, start
        self.done, self.seconds, self.data_wait, self.images_s = start, 0.0, 0.0, math.nan
        self._latest: dict[str, float] = {}
        # a run that continues from a checkpoint discards what was written of the steps after it
        self._writer = SummaryWriter(str(folder / "tensorboard"), purge_step=start or None)
        self._terminal = sys.stderr.isatty()
        self._bar = tqdm(
            total=schedule.steps, initial=start, unit="step", dynamic_ncols=True, disable=not self._terminal
        )
        self._last_line = -math.inf

    def add(self, rows: Sequence[tuple[Step, float, float]], lr: float, batch: int, elapsed_s: float) -> None:
        """Shows the steps since the last call.

        Args:
            rows: step, loss and seconds waited for its data.
            lr: learning rate of the last step.
            batch: samples per step, over all processes.
            elapsed_s: seconds since this process began to train.
        """
        if not rows:
            return
        seconds = max(elapsed_s - self.seconds, 1e-9)
        wait = sum(row[2] for row in rows)
        images_s = len(rows) * batch / seconds
        last = rows[-1][0].number
        for step, loss, _ in rows:
            self._writer.add_scalar(f"loss/{step.sensor}", loss, step.number)
            self._latest[step.sensor] = loss
        self._writer.add_scalar("lr", lr, last)
        self._writer.add_scalar("images_per_second", images_s, last)
        self._writer.add_scalar("data_wait_share", min(wait / seconds, 1.0), last)
        self._writer.flush()
        self.done, self.seconds, self.data_wait = last + 1, elapsed_s, self.data_wait + wait
        self.images_s = (self.done - self.start) * batch / max(elapsed_s, 1e-9)
        self._show(images_s, batch)

    def _show(self, images_s: float, batch: int) -> None:
        losses = " ".join(f"{key} {loss:.3f}" for key, loss in sorted(self._latest.items()))
        self._bar.set_postfix_str(f"{losses}, {images_s:.0f} images/s", refresh=False)
        self._bar.update(self.done - self._bar.n)
        due = time.monotonic() - self._last_line > LINE_SECONDS or self.done == self.schedule.steps
        if due and not self._terminal:
            self._last_line = time.monotonic()
            left = (self.schedule.steps - self.done) * batch / self.images_s
            print(
                f"step {self.done} of {self.schedule.steps}, {duration(left)} left, {images_s:.0f} images/s, "
                f"loss {losses}",
                file=sys.stderr,
                flush=True,
            )

    def facts(self, earlier_s: float) -> dict:
        """Totals for the report; `earlier_s` are the seconds of the processes before this one."""
        return {
            "seconds": earlier_s + self.seconds,
            "images_s": self.images_s,
            "wait_share": self.data_wait / max(self.seconds, 1e-9),
            "steps": self.done,
            "planned_steps": self.schedule.steps,
        }

    def close(self) -> None:
        self._bar.close()
        self._writer.close()
