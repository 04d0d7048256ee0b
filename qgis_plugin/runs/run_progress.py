"""The progress bar of a run."""

from qgis.PyQt.QtWidgets import QProgressBar

from ..i18n.texts import tr
from .panel_run import PanelRun, RunState


class RunProgress(QProgressBar):
    def __init__(self, run: PanelRun | None = None):
        super().__init__()
        self.setAccessibleName(tr("Progress"))
        self.setTextVisible(False)
        self._run: PanelRun | None = None
        if run is not None:
            self.follow(run)

    def follow(self, run: PanelRun):
        """Shows how far that run is, from now on."""
        self._run = run
        run.progressed.connect(self._update)
        self._update()

    def _update(self, *_):
        """Empty while the run waits; without a figure it only moves: the engine may have to start."""
        moves = self._run.state is RunState.RUNNING and self._run.percent < 0
        self.setRange(0, 0 if moves else 100)
        if not moves:
            self.setValue(int(self._run.percent))
