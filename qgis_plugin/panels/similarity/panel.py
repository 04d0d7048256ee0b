"""Find similar places: click a place, see how similar all others are, set the threshold with a slider."""

import functools
import shutil
import tempfile
from pathlib import Path

from qgis.core import QgsCoordinateTransform, QgsCsException, QgsProcessingUtils, QgsProject
from qgis.gui import QgsMapToolEmitPoint, QgsVertexMarker
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QColor
from qgis.PyQt.QtWidgets import QHBoxLayout, QLabel, QSlider, QVBoxLayout, QWidget

from ...engine.modules import errors
from ...engine.raster_facts import settings_of, source_path
from ...i18n.texts import tr
from ...results.live_map import canvas_extent
from ...runs.function_task import FunctionTask
from ...runs.panel_run import PanelRun
from ...runs.run_queue import RunQueue
from ...widgets.raster_input import RasterInput
from ...widgets.scroll_area import ScrollArea
from ..panel import Panel, engine_trouble, push_button, show_text, text_label
from ..run_row import RunRow
from .search import Features, search, small_tile_px
from .similarity_layer import SimilarityLayer
from .similarity_map import SimilarityMap

_FIRST_THRESHOLD = 50  # per cent


class SimilarityPanel(Panel):
    def __init__(self, iface, queue: RunQueue, show_message):
        super().__init__(iface, queue, show_message, tr("Find similar places"), "ofanetSimilarityPanel")
        self.folder = Path(tempfile.mkdtemp(prefix="ofanet-"))
        self.features: Features | None = None  # of the last search
        self.similarity = SimilarityLayer()
        self._found: SimilarityMap | None = None
        self._searches = 0
        self._build()
        self.tool = QgsMapToolEmitPoint(iface.mapCanvas())
        self.tool.setCursor(Qt.CursorShape.CrossCursor)
        self.tool.canvasClicked.connect(self._clicked)
        self.tool.activated.connect(lambda: self.pick.setChecked(True))
        self.tool.deactivated.connect(lambda: self.pick.setChecked(False))
        self._marker: QgsVertexMarker | None = None
        self.follow_active_layer()

    def _build(self):
        self.source = RasterInput(tr("small places"))
        self.pick = push_button(tr("Click a place on the map"), self._pick)
        self.pick.setCheckable(True)
        self.runs = RunRow(self._queue, self.show_status, self._show_message)
        self.threshold = QSlider(Qt.Orientation.Horizontal)
        self.threshold.setAccessibleName(tr("Lowest similarity that is shown"))
        self.threshold.setRange(0, 99)
        self.threshold.setValue(_FIRST_THRESHOLD)
        self.threshold.valueChanged.connect(self._show_threshold)
        self.share = text_label()  # of the area that is above the threshold
        content = QWidget()
        layout = QVBoxLayout(content)
        for widget in (self.source, self.pick, self.runs, self.hint, self.status):
            layout.addWidget(widget)
        row = QHBoxLayout()
        row.addWidget(QLabel(tr("Show from")))
        row.addWidget(self.threshold, 1)
        layout.addLayout(row)
        layout.addWidget(self.share)
        layout.addStretch(1)
        self.setWidget(ScrollArea(content))
        self.source.changed.connect(self.update_state)
        self.runs.changed.connect(self.update_state)

    # --- state --------------------------------------------------------------------------------------------------

    def follow(self, layer):
        if not self.runs.busy and layer is not None and not self.similarity.owns(layer):
            self.source.follow(layer)

    def update_state(self):
        trouble = engine_trouble() or self.source.trouble()
        self.pick.setEnabled(not trouble)
        self.threshold.setEnabled(self.similarity.layer() is not None)
        if not trouble and self._found is None and not self.runs.busy:
            trouble = tr("Press the button, then click a place: a tree, a roof, a kind of field")
        show_text(self.hint, trouble)

    def _pick(self):
        canvas = self._iface.mapCanvas()
        if self.pick.isChecked():
            canvas.setMapTool(self.tool)
        else:
            canvas.unsetMapTool(self.tool)

    # --- a click ------------------------------------------------------------------------------------------------

    def _clicked(self, point, _button=None):
        raster, canvas = self.source.layer(), self._iface.mapCanvas()
        if self.runs.busy or raster is None or self.source.trouble():
            return
        self._mark(point)
        canvas_crs = canvas.mapSettings().destinationCrs()
        try:
            place = QgsCoordinateTransform(canvas_crs, raster.crs(), QgsProject.instance()).transform(point)
            params = {**self.params(source_path(raster)), **settings_of(raster).options()}
        except (QgsCsException, errors.OfaError) as error:
            self.show_status(str(error))
            return
        if raster.extent().contains(place):
            self._search(raster, place, params, canvas_extent(canvas, raster))
        else:
            self.show_status(tr("Expected a place on the raster: click inside it"))

    def params(self, path: str) -> dict:
        """Of the engine's verb `embed`."""
        reading = self.source.reading_parameters()
        params = {name.lower(): value for name, value in reading.items() if value not in ("", "auto")}
        sensor = params.get("sensor") or self.source.detection.sensor
        return {"input": path, **params, "tile_px": self.source.tile.value() or small_tile_px(sensor)}

    def _search(self, raster, place, params: dict, extent):
        title, output = tr("Find similar places"), QgsProcessingUtils.generateTempFilename("similarity.tif")
        features = self._features_for(params, extent)

        def start_task():
            return FunctionTask(title, lambda task: search(task, features, params, place, output))

        finish = functools.partial(self._show_found, raster.id())
        run = PanelRun(title, start_task, finish, lambda found: [found.path], parent=self._iface.mainWindow())
        self.runs.start(run)
        run.ended.connect(lambda _: self._keep_features(features))

    def _features_for(self, params: dict, extent) -> Features:
        """Those of the last search where they serve, else new ones, not computed yet."""
        key = tuple(sorted((name, str(value)) for name, value in params.items()))
        if self.features is not None and self.features.serve(key, extent):
            return self.features
        self._searches += 1
        return Features(self.folder / f"features_{self._searches}.tif", key, extent)

    def _keep_features(self, features: Features):
        """For the next click, whatever became of this one."""
        if features.mean is not None and features is not self.features:
            if self.features is not None:
                self.features.path.unlink(missing_ok=True)
            self.features = features

    def _show_found(self, raster_id: str, found: SimilarityMap) -> str:
        raster, active = QgsProject.instance().mapLayer(raster_id), self._iface.activeLayer()
        if raster is None:  # removed meanwhile
            return ""
        replaced = self.similarity.owns(active)
        self._found = found
        self.similarity.replace(found.path, raster)
        if active is not None and not replaced:
            self._iface.setActiveLayer(active)
        self._show_threshold()
        return tr("Done. Click another place, or set the threshold with the slider")

    def _show_threshold(self, *_):
        threshold = self.threshold.value() / 100
        if self.similarity.layer() is not None and self._found is not None:
            self.similarity.style(threshold)
            text = tr("{threshold:.2f} and more: {share:.1%} of the area (1: the same, 0: a random place)")
            show_text(self.share, text.format(threshold=threshold, share=self._found.share_above(threshold)))

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
        self.runs.cancel_run()
        canvas = self._iface.mapCanvas()
        canvas.unsetMapTool(self.tool)
        if self._marker is not None:
            canvas.scene().removeItem(self._marker)
            self._marker = None
        super().close_down()
        shutil.rmtree(self.folder, ignore_errors=True)
