"""Facts of rasters, read in a thread of its own: a large compressed raster takes longer than a window may stand still.

Not a task of QGIS: its pool may be full of long runs, and what a layer is should be shown at once.
"""

import os
import threading
import time
from collections.abc import Callable

from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal

from ..engine.modules import errors, sensors
from ..engine.raster_facts import LayerSettings, Stopped, facts_at, settings_of, source_path
from ..i18n.texts import tr

_POLL_MS = 20
_MOST_KEPT = 64
_readings: dict[tuple, "_Reading"] = {}  # by path, time and size of the file, and the settings


class _Reading:
    def __init__(self, path: str, settings: LayerSettings, read: Callable):
        self.done, self.stopped = threading.Event(), threading.Event()
        self.first: sensors.RasterFacts | None = None
        self.facts: sensors.RasterFacts | None = None
        self.error = ""
        threading.Thread(target=self._work, args=(path, settings, read), daemon=True).start()

    def _work(self, path: str, settings: LayerSettings, read: Callable):
        try:
            self.facts = read(path, settings, self.stopped.is_set, self._keep_first)
        except Stopped:
            pass
        except errors.OfaError as error:
            self.error = str(error)
        finally:
            self.error = self.error or ("" if self.facts else tr("{path} cannot be read").format(path=path))
            self.done.set()

    def _keep_first(self, first: sensors.RasterFacts):
        self.first = first


def _reading_of(path: str, settings: LayerSettings, read: Callable) -> _Reading:
    """One for all panels; a file that was changed is read anew, and so is anything that is not a local file."""
    try:
        stat = os.stat(path)
        key = (path, settings, stat.st_mtime_ns, stat.st_size)
    except (OSError, ValueError):
        key = (path, settings, time.monotonic_ns(), 0)
    found = _readings.get(key)
    if found is None or found.error:
        while len(_readings) >= _MOST_KEPT:
            _readings.pop(next(iter(_readings)))
        found = _readings[key] = _Reading(path, settings, read)
    return found


def forget(seconds: float = 2.0):
    """Stops all reading and waits for it to end, since the plugin's code is unloaded after this."""
    for reading in _readings.values():
        reading.stopped.set()
    for reading in _readings.values():
        reading.done.wait(seconds)
    _readings.clear()


class RasterFactsLoader(QObject):
    first_loaded = pyqtSignal()  # `first` is there now: facts without samples
    loaded = pyqtSignal()  # what took longer than `wait_s` is there now: `facts` or `error`

    wait_s = 0.04  # for which the GUI's thread waits: most rasters are read by then, and nothing flickers

    def __init__(self, parent=None, read: Callable = facts_at):
        """`read(path, settings, stopped, first)` is `raster_facts.facts_at`, or stands in for it."""
        super().__init__(parent)
        self.first: sensors.RasterFacts | None = None
        self.facts: sensors.RasterFacts | None = None
        self.error = ""
        self._read = read
        self._reading: _Reading | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(_POLL_MS)
        self._timer.timeout.connect(self._poll)

    @property
    def loading(self) -> bool:
        return self._timer.isActive()

    def load(self, layer):
        """Sets `facts` or `error` at once where it can, neither without a layer; else `loaded` follows."""
        self._timer.stop()
        self.first, self.facts, self.error = None, None, ""
        if layer is None:
            return
        try:
            self._reading = _reading_of(source_path(layer), settings_of(layer), self._read)
        except errors.OfaError as error:
            self.error = str(error)
            return
        self._reading.done.wait(self.wait_s)
        if not self._take():
            self.first = self._reading.first
            self._timer.start()

    def _take(self) -> bool:
        if not self._reading.done.is_set():
            return False
        self.facts, self.error = self._reading.facts, self._reading.error
        return True

    def _poll(self):
        if self._take():
            self._timer.stop()
            self.loaded.emit()
        elif self.first is None and self._reading.first is not None:
            self.first = self._reading.first
            self.first_loaded.emit()
