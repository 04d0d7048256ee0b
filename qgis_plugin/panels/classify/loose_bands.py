"""Where the chosen raster is one band of a scene whose other bands are files of their own: all as one layer."""

import os
from pathlib import Path

from qgis.core import QgsMultiBandColorRenderer, QgsProject, QgsRasterLayer
from qgis.PyQt import sip
from qgis.PyQt.QtWidgets import QFileDialog, QVBoxLayout, QWidget

from ...engine.client import ENGINE
from ...engine.modules import errors, sensors
from ...engine.raster_facts import source_path
from ...i18n.texts import tr
from ...runs.function_task import FunctionTask
from ...widgets.raster_input import RasterInput
from ..panel import push_button, show_text, text_label

_RGB_UM, _NEAR_UM = (0.66, 0.56, 0.49), 0.04  # red, green, blue
_MOST_BANDS = 2  # of a band file: the band, and maybe its mask
_MOST_FILES = 5000  # of a folder that is searched


class LooseBands(QWidget):
    """A line with a button, below the raster; it takes no room where there is nothing to offer."""

    def __init__(self, source: RasterInput, parent=None):
        super().__init__(parent)
        self._source, self._scene, self._task = source, None, None
        self.offer, self.status = text_label(), text_label()
        self.stack = push_button(tr("Use them together"), self._stack, tr("Makes a virtual raster: nothing is copied"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for widget in (self.offer, self.stack, self.status):
            layout.addWidget(widget)
        source.changed.connect(self._look)
        self._look()

    def _look(self):
        layer = self._source.layer()
        self._scene = scene_around(layer) if self._task is None else self._scene
        self.setVisible(self._scene is not None)
        self.stack.setEnabled(self._task is None)
        show_text(self.status, "")
        if self._scene is not None:
            text = tr("These {count} files of one band look like one scene of {product}: {bands}")
            bands = ", ".join(_short(name, self._scene.name) for name, _ in self._scene.files)
            text = text.format(count=len(self._scene.files), product=self._scene.product.title, bands=bands)
            show_text(self.offer, text)

    def _stack(self):
        files = [path for _, path in self._scene.files]
        target = self._target(Path(source_path(self._source.layer())).parent)
        if target is None:
            return
        params = {"inputs": files, "output": str(target)}
        chosen, scene = self._source.layer().id(), self._scene
        work = FunctionTask(tr("Stack band files"), lambda task: ENGINE.run("stack", params, cancelled=task.cancelled))
        work.ended.connect(
            lambda answer, error: None if sip.isdeleted(self) else self._ended(target, scene, chosen, error)
        )
        self._task = work
        self.stack.setEnabled(False)
        show_text(self.status, tr("Making the virtual raster..."))

    def _target(self, folder: Path) -> Path | None:
        """A new file in the folder of the bands, where that can be written to; else what the user chooses, or None."""
        names = [self._scene.name, *(f"{self._scene.name}_{number}" for number in range(2, 100))]
        if os.access(folder, os.W_OK) and folder.stat().st_mode & 0o222:  # as the engine judges
            return next((path for name in names if not (path := folder / f"{name}.vrt").exists()), None)
        proposed = str(Path.home() / f"{names[0]}.vrt")
        title, kinds = tr("Save the virtual raster to"), tr("Virtual rasters (*.vrt)")
        path, _ = QFileDialog.getSaveFileName(self, title, proposed, kinds)
        return Path(path).with_suffix(".vrt") if path else None

    def _ended(self, target: Path, scene: sensors.Scene, chosen: str, error: Exception | None):
        self._task = None
        self.stack.setEnabled(True)
        if error is not None:
            show_text(self.status, str(error))
        elif QgsProject.instance().mapLayer(chosen) is not None:  # else the project was closed meanwhile
            layer = QgsProject.instance().addMapLayer(QgsRasterLayer(str(target), scene.name), False)
            _show_true_color(layer, scene)
            QgsProject.instance().layerTreeRoot().insertLayer(0, layer)  # above its bands
            self._source.raster.setLayer(layer)


def _show_true_color(layer: QgsRasterLayer, scene: sensors.Scene):
    """Red, green and blue as they are, where the scene has them; else QGIS shows the first three bands as such."""
    lengths = {band.name: band.wavelength_um or 0.0 for band in sensors.get_sensor(scene.product.sensor).bands}
    found = [lengths.get(name, 0.0) for name in scene.reads]
    nearest = [min(found, key=lambda um: abs(um - wanted)) for wanted in _RGB_UM]
    renderer = layer.renderer()
    if isinstance(renderer, QgsMultiBandColorRenderer) and all(
        abs(a - b) < _NEAR_UM for a, b in zip(nearest, _RGB_UM, strict=True)
    ):
        for choose, um in zip((renderer.setRedBand, renderer.setGreenBand, renderer.setBlueBand), nearest, strict=True):
            choose(found.index(um) + 1)
        layer.setDefaultContrastEnhancement()


def scene_around(layer) -> sensors.Scene | None:
    """The scene that a layer of one band makes up with other layers of the project and files of its folder."""
    path = _band_file(layer)
    if path is None:
        return None
    layers = QgsProject.instance().mapLayers().values()
    others = {other for other in map(_band_file, layers) if other}
    return sensors.scene_with(path, others | _beside(Path(path)))


def _band_file(layer) -> str | None:
    """The file of a layer of one band, with a mask or without; None of any other layer."""
    try:
        path = source_path(layer)
    except errors.OfaError:
        return None
    return path if layer.bandCount() <= _MOST_BANDS else None


def _beside(path: Path) -> set[str]:
    """The files of the same kind in a file's folder."""
    found: set[str] = set()
    try:
        with os.scandir(path.parent) as entries:
            for entry, _ in zip(entries, range(_MOST_FILES), strict=False):
                if Path(entry.name).suffix.lower() == path.suffix.lower():
                    found.add(str(path.parent / entry.name))
    except OSError:  # an address, an archive, a folder that is gone
        pass
    return found


def _short(name: str, scene: str) -> str:
    """A band's name without the scene's, where it has that, too."""
    return name.removeprefix(scene).lstrip(" _-.") or name
