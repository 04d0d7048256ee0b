"""Train from polygons: draw, train, look at the map, go where the head is unsure, draw there, train again."""

import functools
import shutil
import tempfile
from pathlib import Path

from qgis.core import QgsProcessing, QgsProject, QgsReferencedRectangle
from qgis.PyQt.QtWidgets import QCheckBox, QLineEdit, QMessageBox, QVBoxLayout, QWidget

from ...engine.modules import MappedClass, catalog, errors
from ...i18n.texts import tr
from ...models import user_models as models
from ...results.live_map import LiveMap, canvas_extent
from ...runs.algorithm_task import AlgorithmResult, AlgorithmTask
from ...runs.panel_run import PanelRun
from ...runs.run_queue import RunQueue
from ...widgets.raster_input import RasterInput
from ...widgets.scroll_area import ScrollArea
from ..panel import Panel, engine_trouble, push_button, row_of, show_text
from ..run_row import RunRow
from . import training_layer
from .class_asker import ClassAsker
from .class_table import ClassTable
from .head_score import HeadScore
from .layer_watcher import LayerWatcher
from .save_head import path_for, save_head
from .training_counts import MOST_POLYGONS, PolygonCounts, count
from .training_inputs import TrainingInputs
from .uncertain import UncertainPlaces


class TrainingPanel(Panel):
    def __init__(self, iface, queue: RunQueue, show_message):
        super().__init__(iface, queue, show_message, tr("Train from polygons"), "ofanetTrainingPanel")
        self.most_polygons = MOST_POLYGONS  # that are counted
        self.counts = PolygonCounts([], True)
        self.head: Path | None = None  # the last one that was trained
        self.map = LiveMap()
        self._mapped: QgsReferencedRectangle | None = None  # what the last map shows
        self._uncertain = UncertainPlaces(iface.mapCanvas())
        self.asker, self._watcher = ClassAsker(self), LayerWatcher(self)
        self.folder = Path(tempfile.mkdtemp(prefix="ofanet-"))
        self.trainings = 0  # that were started
        self._build()
        self._connect()
        self.follow_active_layer()
        self._inputs_changed()

    # --- widgets ------------------------------------------------------------------------------------------------

    def _build(self):
        self.source, self.classes, self.score = RasterInput(tr("the model's own")), ClassTable(), HeadScore()
        self.inputs = TrainingInputs(self.source.layer)
        self.runs = RunRow(self._queue, self.show_status, self._show_message)
        self.train = push_button(tr("Train"), self._train, tr("Train a head on the polygons"))
        self.apply = push_button(tr("Apply to canvas"), self._apply_canvas, tr("Map what the canvas shows"))
        tip = tr("Go to the place in the map where the head is least certain")
        self.uncertain = push_button(tr("Next uncertain place"), self._next_place, tip)
        tip = tr("Keep the head: Classify layer and the toolbox offer it from then on")
        self.save = push_button(tr("Save head"), self._save, tip)
        self.remap = QCheckBox(tr("Update the map after each training"))
        self.remap.setChecked(True)
        self.name = QLineEdit(models.new_head().stem)
        self.name.setAccessibleName(tr("Name of the head"))
        self.classes.let_add(False)
        content = QWidget()
        layout = QVBoxLayout(content)
        for widget in (self.source, self.inputs, self.hint):
            layout.addWidget(widget)
        layout.addWidget(self.classes, 1)
        for widget in (self.train, self.runs, self.status, self.score):
            layout.addWidget(widget)
        layout.addLayout(row_of(self.apply, self.uncertain))
        layout.addWidget(self.remap)
        layout.addLayout(row_of(self.name, self.save))
        self.setWidget(ScrollArea(content))

    def _connect(self):
        self.source.changed.connect(self._inputs_changed)
        self.inputs.changed.connect(self._inputs_changed)
        self.inputs.created.connect(self._start_drawing)
        self.inputs.problem.connect(self.show_status)
        self.classes.added.connect(self._add_class)
        self.classes.unlabelled_clicked.connect(self.asker.ask_all)
        self.runs.changed.connect(self.update_state)
        self._watcher.changed.connect(self.count_polygons)
        self._watcher.deleted.connect(lambda: self.asker.watch(None))
        self.visibilityChanged.connect(lambda visible: visible and self._watcher.touch())

    # --- layers -------------------------------------------------------------------------------------------------

    def follow(self, layer):
        """The panel works on the layer that is chosen in the layer panel, where it is one for it."""
        if not self.runs.busy and layer is not None and not self.map.owns(layer):
            self.source.follow(layer)
            self.inputs.follow(layer)

    def begin(self, raster, classes: list[dict]):
        """Starts drawing on that raster, in a layer of polygons with the classes of a head: a new one, or the current
        one if it has these classes."""
        if self.runs.busy:
            return
        self.source.raster.setLayer(raster)
        colors = {str(entry["name"]): str(entry["color"]) for entry in classes}
        layer = self.inputs.labels.currentLayer()
        if training_layer.is_ours(layer) and training_layer.listed_classes(layer, training_layer.FIELD) == colors:
            self._start_drawing(layer)
        else:
            self.inputs.create(classes=colors)

    def _inputs_changed(self):
        layer = self.inputs.labels.currentLayer()
        if layer is not self._watcher.layer:
            self._watcher.watch(layer)
            self.score.forget_last()
            self.asker.watch(layer if training_layer.is_ours(layer) else None)
            self.classes.let_add(layer is not None and training_layer.is_ours(layer))
        self.count_polygons()

    def _start_drawing(self, layer):
        layer.startEditing()
        self._iface.setActiveLayer(layer)
        self._iface.actionAddFeature().trigger()
        self.classes.name.setFocus()
        self.show_status("")

    def count_polygons(self):
        raster, layer = self.source.layer(), self.inputs.labels.currentLayer()
        field = self.inputs.field.currentField()
        ready = layer is not None and raster is not None and field
        self.counts = count(layer, field, raster, self.most_polygons) if ready else PolygonCounts([], True)
        self.classes.show_rows(self.counts.rows)
        self.update_state()

    def _add_class(self, name: str):
        self.asker.add_class(name)
        self.count_polygons()

    # --- what can be done now -----------------------------------------------------------------------------------

    def _trouble(self) -> str:
        trouble = engine_trouble() or self.source.trouble()
        if trouble:
            return trouble
        if self.inputs.labels.currentLayer() is None:
            return tr("Choose a layer of polygons, or make one with New")
        if len(self.counts.usable()) < 2:
            return tr("Next: polygons of two classes or more; best two of each, in different places")
        return ""

    def update_state(self):
        busy, trouble = self.runs.busy, self._trouble()
        self.train.setVisible(not busy)
        self.train.setEnabled(not busy and not trouble)
        self.inputs.new.setEnabled(self.source.layer() is not None)
        for widget in (self.apply, self.save, self.name):
            widget.setEnabled(not busy and self.head is not None)
        self.uncertain.setEnabled(not busy and self.map.confidence() is not None)
        if not trouble and not self.counts.complete:
            trouble = tr("Only the first {count:,} polygons are counted here; training takes all")
            trouble = trouble.format(count=self.most_polygons)
        show_text(self.hint, "" if busy else trouble)

    # --- train --------------------------------------------------------------------------------------------------

    def _start(self, title: str, algorithm: str, parameters: dict, finish, keep_files=None) -> PanelRun:
        def start_task():
            return AlgorithmTask(algorithm, parameters, title)

        run = PanelRun(title, start_task, finish, keep_files, parent=self._iface.mainWindow())
        self.runs.start(run)
        return run

    def _reading(self) -> dict:
        """How the raster is read."""
        return {**self.source.reading_parameters(), "TILE_SIZE": self.source.tile.value()}

    def _train(self):
        self.count_polygons()
        if not self.train.isEnabled():
            return
        self.trainings += 1
        output = self.folder / f"head_{self.trainings}.safetensors"
        parameters = {
            "INPUT": [self.source.layer().id()],
            "LABELS": self.inputs.labels.currentLayer().id(),
            "FIELD": self.inputs.field.currentField(),
            "OUTPUT_HEAD": str(output),
            **self._reading(),
        }
        show_head = functools.partial(self._show_head, output)
        run = self._start(tr("Training"), "ofanet:trainhead", parameters, show_head)
        run.ended.connect(self._map_again)

    def _show_head(self, path: Path, _result: AlgorithmResult) -> str:
        if self.head is not None:
            self.head.unlink(missing_ok=True)
        self.head = path
        header = catalog.read_header(path)
        classes = self._in_own_colors(header["classes"])
        self.score.show_head(classes, header["training"]["validation"], [row.name for row in self.counts.rows])
        return tr("Trained on {count} classes").format(count=len(classes))

    def _map_again(self, run: PanelRun):
        """The new head shows what the last map showed."""
        raster = self.source.layer()
        mapped = raster is not None and self.map.is_of(raster.id()) and self.map.confidence() is not None
        if run.done and self.remap.isChecked() and mapped:
            self._apply(self._mapped)

    def _in_own_colors(self, classes: list[dict]) -> list[dict]:
        """The head's classes in the colours of the polygons."""
        colors = {row.name: row.color for row in self.counts.rows}
        return [{**entry, "color": colors.get(entry["name"], entry["color"])} for entry in classes]

    # --- map ----------------------------------------------------------------------------------------------------

    def _apply_canvas(self):
        raster = self.source.layer()
        extent = canvas_extent(self._iface.mapCanvas(), raster)
        if extent.isEmpty():
            self.show_status(tr("The canvas does not show the raster: zoom to it first"))
            return
        self._apply(QgsReferencedRectangle(extent, raster.crs()))

    def _apply(self, extent: QgsReferencedRectangle):
        raster_id = self.source.layer().id()
        parameters = {
            "INPUT": raster_id,
            "HEAD": str(self.head),
            "EXTENT": extent,
            **self._reading(),
            "TILE_SIZE": 0,
            "OUTPUT": QgsProcessing.TEMPORARY_OUTPUT,
            "OUTPUT_CONFIDENCE": QgsProcessing.TEMPORARY_OUTPUT,
        }
        finish = functools.partial(self._show_map, raster_id, extent)
        self._start(tr("Mapping"), "ofanet:segment", parameters, finish, AlgorithmResult.files)

    def _show_map(self, raster_id: str, extent: QgsReferencedRectangle, result: AlgorithmResult) -> str:
        raster, active = QgsProject.instance().mapLayer(raster_id), self._iface.activeLayer()
        if raster is None:  # removed meanwhile
            return ""
        classes = self._in_own_colors(catalog.read_header(self.head)["classes"])
        paths = result.outputs["OUTPUT"], result.outputs["OUTPUT_CONFIDENCE"]
        self.map.replace(raster, *paths, [MappedClass.from_json(entry) for entry in classes])
        self._mapped = extent
        if active is not None:
            self._iface.setActiveLayer(active)  # one goes on drawing
        return tr("The map is up to date")

    def _next_place(self):
        layer = self.map.confidence()
        place = self._uncertain.show_next(layer) if layer is not None else None
        if place is None:
            self.show_status(tr("The map has no place to show"))
            self.update_state()
            return
        text = tr("Place {number}: mean confidence {confidence:.0%}. Draw a polygon of what is right here, then train")
        self.show_status(text.format(number=self._uncertain.number, confidence=place.confidence))

    # --- save ---------------------------------------------------------------------------------------------------

    def _save(self):
        try:
            path = path_for(self.name.text(), models.models_dir())
            if path.exists() and not self._may_replace(path.stem):
                return
            colors = {row.name: row.color for row in self.counts.rows if row.name}
            save_head(self.head, self.name.text(), models.models_dir(), colors)
        except errors.OfaError as error:
            self.show_status(str(error))
            return
        self.show_status(tr('Saved: "{name}" can now be chosen under Classify layer').format(name=path.stem))

    def _may_replace(self, name: str) -> bool:
        text = tr('A head "{name}" is there already. Replace it?').format(name=name)
        return QMessageBox.question(self, tr("Save head"), text) == QMessageBox.StandardButton.Yes

    # --- end ----------------------------------------------------------------------------------------------------

    def close_down(self):
        self.runs.cancel_run()
        self._watcher.stop()
        self.asker.watch(None)
        self._uncertain.close()
        super().close_down()
        shutil.rmtree(self.folder, ignore_errors=True)
