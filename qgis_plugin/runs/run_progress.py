"""The progress bar of a run."""

from qgis.PyQt.QtWidgets import QProgressBar

from ..i18n.texts import tr
from .run import Run, State


class RunProgress(QProgressBar):
    def __init__(self, run: Run | None = None):
        super().__init__()
        self.setAccessibleName(tr("Progress"))
        self.setTextVisible(False)
        self._run: Run | None = None
        if run is not None:
            self.follow(run)

    def follow(self, run: Run):
        """Shows how far that run is, from now on."""
        self._run = run
        run.progressed.connect(self._update)
        self._update()

    def _update(self, *_):
        """Empty while the run waits; without a figure it only moves: the engine may have to start."""
        moves = self._run.state is State.RUNNING and self._run.percent < 0
        self.setRange(0, 0 if moves else 100)
        if not moves:
            self.setValue(int(self._run.percent))
