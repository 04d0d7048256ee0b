"""Find similar places: click a place, see how alike all others are, draw the line with a slider."""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from qgis.core import (
    Qgis,
    QgsCoordinateTransform,
    QgsCsException,
    QgsProcessingUtils,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
)
from qgis.gui import QgsMapToolEmitPoint, QgsVertexMarker
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QColor
from qgis.PyQt.QtWidgets import (
    QDockWidget,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from ...engine.client import ENGINE, EngineCancelled, EngineError, EngineMissing, engine_python
from ...engine.modules import catalog, errors
from ...engine.raster_facts import source_path
from ...i18n.texts import in_window_words, tr
from ...results.live_map import canvas_extent
from ...results.styling import style_likeness
from ...runs.function_task import Task
from ...widgets.raster_input import RasterInput
from ...widgets.scroll_area import ScrollArea
from .likeness import Likeness, features_mean, likeness

_FIRST_THRESHOLD = 50  # per cent
_TOKEN_PX = 7  # how small a place is, unless the user says otherwise: much smaller than the models' own tokens
_FEATURES_SHARE = 0.9  # of the work, as the progress bar tells it


@dataclass
class Features:
    """An embedded part of a raster, kept for the next click."""

    path: Path
    key: tuple  # of what it was made
    extent: QgsRectangle
    mean: np.ndarray | None = None


def _show(label: QLabel, text: str):
    label.setText(text)
    label.setVisible(bool(text))


class SimilarityPanel(QDockWidget):
    def __init__(self, iface):
        super().__init__(tr("Find similar places"), iface.mainWindow())
        self.setObjectName("ofanetSimilarityPanel")
        self._iface = iface
        self._folder = Path(tempfile.mkdtemp(prefix="ofanet-"))
        self._features: Features | None = None
        self._pending: Features | None = None  # of the click that is under way
        self._found: Likeness | None = None
        self._layer_id, self._number = "", 0
        self._task: Task | None = None
        self._build()
        canvas = iface.mapCanvas()
        self._tool = QgsMapToolEmitPoint(canvas)
        self._tool.setCursor(Qt.CursorShape.CrossCursor)
        self._tool.canvasClicked.connect(self._clicked)
        self._tool.activated.connect(lambda: self.pick.setChecked(True))
        self._tool.deactivated.connect(lambda: self.pick.setChecked(False))
        self._marker: QgsVertexMarker | None = None
        iface.currentLayerChanged.connect(self.follow)
        self.follow(iface.activeLayer())
        self._enable()

    def _build(self):
        self.source = RasterInput(tr("small places"))
        self.pick = QPushButton(tr("Click a place on the map"))
        self.pick.setCheckable(True)
        self.pick.setAutoDefault(False)
        self.pick.clicked.connect(self._pick)
        self.progress, self.cancel = QProgressBar(), QPushButton(tr("Cancel"))
        self.progress.setAccessibleName(tr("Progress"))
        self.cancel.clicked.connect(lambda: self._task is not None and self._task.cancel())
        self.threshold = QSlider(Qt.Orientation.Horizontal)
        self.threshold.setAccessibleName(tr("Least likeness that is shown"))
        self.threshold.setRange(0, 99)
        self.threshold.setValue(_FIRST_THRESHOLD)
        self.threshold.valueChanged.connect(self._style)
        self.hint, self.told, self.status = QLabel(), QLabel(), QLabel()
        for label in (self.hint, self.told, self.status):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.addWidget(self.source)
        layout.addWidget(self.pick)
        row = QHBoxLayout()
        row.addWidget(self.progress)
        row.addWidget(self.cancel)
        layout.addLayout(row)
        layout.addWidget(self.hint)
        layout.addWidget(self.status)
        row = QHBoxLayout()
        row.addWidget(QLabel(tr("Show from")))
        row.addWidget(self.threshold, 1)
        layout.addLayout(row)
        layout.addWidget(self.told)
        layout.addStretch(1)
        self.setWidget(ScrollArea(content))
        self.source.changed.connect(self._enable)

    # --- state --------------------------------------------------------------------------------------------------

    def follow(self, layer):
        if self._task is None and layer is not None and layer.id() != self._layer_id:
            self.source.follow(layer)

    def _enable(self):
        running = self._task is not None
        trouble = self.source.trouble()
        try:
            engine_python()
        except EngineMissing as error:
            trouble = str(error)
        self.pick.setEnabled(not trouble)
        self.progress.setVisible(running)
        self.cancel.setVisible(running)
        self.threshold.setEnabled(self._layer() is not None)
        if not trouble and self._found is None and not running:
            trouble = tr("Press the button, then click a place: a tree, a roof, a kind of field")
        _show(self.hint, trouble)

    def _tell(self, text: str):
        _show(self.status, text)

    def _layer(self) -> QgsRasterLayer | None:
        return QgsProject.instance().mapLayer(self._layer_id)

    def _pick(self, checked: bool):
        canvas = self._iface.mapCanvas()
        if checked:
            canvas.setMapTool(self._tool)
        else:
            canvas.unsetMapTool(self._tool)

    # --- a click ------------------------------------------------------------------------------------------------

    def _clicked(self, point, _button=None):
        raster, canvas = self.source.layer(), self._iface.mapCanvas()
        if self._task is not None or raster is None or self.source.trouble():
            return
        self._mark(point)
        try:
            to_raster = QgsCoordinateTransform(
                canvas.mapSettings().destinationCrs(), raster.crs(), QgsProject.instance()
            )
            place, seen = to_raster.transform(point), canvas_extent(canvas, raster)
            path = source_path(raster)
        except (QgsCsException, errors.OfaError) as error:
            self._tell(str(error))
            return
        if not raster.extent().contains(place):
            self._tell(tr("Expected a place on the raster: click inside it"))
            return
        params = self._params(path)
        key = tuple(sorted((name, str(value)) for name, value in params.items()))
        kept = self._features
        if kept is None or kept.key != key or not kept.extent.contains(seen):
            self._number += 1
            kept = Features(self._folder / f"features_{self._number}.tif", key, seen)
        self._pending = kept
        output = QgsProcessingUtils.generateTempFilename("likeness.tif")
        self._task = Task(tr("Find similar places"), lambda task: _work(task, kept, params, place, output), self)
        self._task.progressed.connect(self._progressed)
        self._task.ended.connect(self._ended)
        self.progress.setRange(0, 0)
        self._tell(tr("Looking for similar places"))
        self._enable()

    def _params(self, path: str) -> dict:
        reading = self.source.reading_parameters()
        params = {name.lower(): value for name, value in reading.items() if value not in ("", "auto")}
        sensor = params.get("sensor") or self.source.detection.sensor
        return {"input": path, **params, "tile_px": self.source.tile.value() or _small_tile_px(sensor)}

    def _progressed(self, share: float, _text: str):
        self.progress.setRange(0, 100)
        self.progress.setValue(int(100 * share))

    def _ended(self, found, error):
        self._task, made = None, self._pending
        if made.mean is not None and made is not self._features:  # good for the next click, whatever became of this one
            if self._features is not None:
                self._features.path.unlink(missing_ok=True)
            self._features = made
        if found is not None:
            self._found = found
            self._show_layer()
            self._tell(tr("Done. Click another place, or draw the line with the slider"))
        elif error is None or isinstance(error, EngineCancelled):
            self._tell(tr("Cancelled"))
        else:
            self._tell(in_window_words(str(error)))
            if isinstance(error, EngineError):
                self._iface.messageBar().pushMessage("OFA-Net", self.status.text(), Qgis.MessageLevel.Critical)
        self._enable()

    # --- the layer ----------------------------------------------------------------------------------------------

    def _show_layer(self):
        raster, project = self.source.layer(), QgsProject.instance()
        name = raster.name() if raster is not None else ""
        layer = QgsRasterLayer(self._found.path, tr("{raster}: likeness").format(raster=name))
        root, old = project.layerTreeRoot(), self._layer()
        node = root.findLayer(old) if old is not None else root.findLayer(raster) if raster is not None else None
        parent = node.parent() if node is not None else root
        active = self._iface.activeLayer()
        project.addMapLayer(layer, False)
        parent.insertLayer(parent.children().index(node) if node is not None else 0, layer)
        if old is not None:
            layer.setOpacity(old.opacity())
            path = old.source()
            project.removeMapLayer(old.id())
            for file in (path, f"{path}.aux.xml"):
                try:
                    Path(file).unlink(missing_ok=True)
                except OSError:
                    pass  # in use elsewhere; it lies in QGIS's folder of temporary files
        self._layer_id = layer.id()
        if active is not None and active is not old:
            self._iface.setActiveLayer(active)
        self._style()

    def _style(self, *_):
        layer, threshold = self._layer(), self.threshold.value() / 100
        if layer is None or self._found is None:
            return
        style_likeness(layer, threshold)
        text = tr("{threshold:.2f} and more: {share:.1%} of the area (1 is the same, 0 any place)")
        self.told.setText(text.format(threshold=threshold, share=self._found.share_above(threshold)))

    def _mark(self, point):
        if self._marker is None:
            self._marker = QgsVertexMarker(self._iface.mapCanvas())
            self._marker.setColor(QColor("#e6007e"))
            self._marker.setIconType(QgsVertexMarker.IconType.ICON_CROSS)
            self._marker.setIconSize(14)
            self._marker.setPenWidth(3)
        self._marker.setCenter(point)

    # --- end ----------------------------------------------------------------------------------------------------

    def close_down(self):
        """Takes everything of the panel off the window; the layer stays, it is the user's."""
        self._iface.currentLayerChanged.disconnect(self.follow)
        if self._task is not None:
            self._task.cancel()
        canvas = self._iface.mapCanvas()
        canvas.unsetMapTool(self._tool)
        if self._marker is not None:
            canvas.scene().removeItem(self._marker)
            self._marker = None
        self._iface.removeDockWidget(self)
        shutil.rmtree(self._folder, ignore_errors=True)

    def wait(self, seconds: float):
        if self._task is not None:
            self._task.wait(seconds)


def _small_tile_px(sensor: str) -> int | None:
    """The tile whose tokens are _TOKEN_PX wide in the model that the engine will take; None leaves it to the engine."""
    try:
        model = catalog.find_checkpoint(None, sensor).header["architecture"]
        return _TOKEN_PX * (model["input_px"] // model["patch_px"])
    except (errors.ModelFileError, KeyError):
        return None


def _work(task: Task, features: Features, params: dict, place, output: str):
    """In a thread: embeds what the canvas shows, unless that is kept from the last click, then compares.

    Returns the likeness, None where it was cancelled. Raises EngineError, OfaError.
    """
    share = 0.0
    if features.mean is None:
        share, seen = _FEATURES_SHARE, features.extent
        bounds = [seen.xMinimum(), seen.yMinimum(), seen.xMaximum(), seen.yMaximum()]

        def progress(message):
            task.progress(share * float(message.get("fraction") or 0.0), "")

        job = {**params, "bounds": bounds, "output": str(features.path)}
        ENGINE.run("embed", job, progress, None, task.cancelled)
        features.mean = features_mean(str(features.path), task.cancelled)
        if features.mean is None:
            return None
    return likeness(
        str(features.path),
        place.x(),
        place.y(),
        features.mean,
        output,
        lambda done: task.progress(share + (1 - share) * done, ""),
        task.cancelled,
    )
