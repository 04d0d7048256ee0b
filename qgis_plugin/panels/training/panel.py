"""Train from polygons: draw, train, look at the map, go where the head is unsure, draw there, train again."""

import shutil
import tempfile
from pathlib import Path

from qgis.core import (
    Qgis,
    QgsProcessing,
    QgsReferencedRectangle,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import Qt, QTimer
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QDockWidget,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMessageBox,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ...engine.client import EngineMissing, engine_python
from ...engine.modules import catalog, errors
from ...i18n.texts import tr
from ...models import user_models as models
from ...results.live_map import AppliedMap, canvas_extent
from ...runs.algorithm_task import Job
from ...widgets.confusion_matrix import ConfusionMatrix
from ...widgets.raster_input import RasterInput
from ...widgets.scroll_area import ScrollArea
from . import training_layer
from .class_asker import ClassAsker
from .class_table import ClassTable
from .save_head import path_for, save_head
from .training_counts import MOST_POLYGONS, Counted, count
from .training_inputs import TrainingInputs
from .uncertain import UncertainPlaces

_SETTLE_MS = 250  # after the last change of a polygon, before they are counted


def _show(label: QLabel, text: str):
    label.setText(text)
    label.setVisible(bool(text))


class TrainingPanel(QDockWidget):
    def __init__(self, iface):
        super().__init__(tr("Train from polygons"), iface.mainWindow())
        self.setObjectName("ofanetTrainingPanel")
        self._iface = iface
        self._layer: QgsVectorLayer | None = None  # the polygons that are watched
        self._counted = Counted([], True)
        self._job: Job | None = None
        self._head: Path | None = None
        self._score: float | None = None
        self._map = AppliedMap()
        self._extent: QgsReferencedRectangle | None = None  # of the last map
        self._mapped = ""  # the raster of the last map, by its id
        self._uncertain = UncertainPlaces(iface.mapCanvas())
        self.asker = ClassAsker(self)
        self._folder = Path(tempfile.mkdtemp(prefix="ofanet-"))
        self._trained = 0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_SETTLE_MS)
        self._timer.timeout.connect(self._count)
        self._build()
        iface.currentLayerChanged.connect(self.follow)
        self.visibilityChanged.connect(lambda visible: visible and self._timer.start())
        self.follow(iface.activeLayer())
        self._inputs_changed()

    # --- widgets ------------------------------------------------------------------------------------------------

    def _build(self):
        self.source, self.classes, self.matrix = RasterInput(tr("the model's own")), ClassTable(), ConfusionMatrix()
        self.inputs = TrainingInputs(self.source.layer)
        self.train = self._button(tr("Train"), self._train, tr("Learn the classes from the polygons"))
        self.apply = self._button(tr("Apply to canvas"), self._apply_canvas, tr("Map what the canvas shows"))
        self.uncertain = self._button(
            tr("Next uncertain place"),
            self._next_place,
            tr("Go to the place of the map of which the head is least sure"),
        )
        self.save = self._button(
            tr("Save head"), self._save, tr("Keep the head: Classify layer and the toolbox offer it from then on")
        )
        self.cancel = self._button(tr("Cancel"), self._cancel)
        self.again = QCheckBox(tr("Update the map after each training"))
        self.again.setChecked(True)
        self.progress = QProgressBar()
        self.hint, self.status, self.score = QLabel(), QLabel(), QLabel()  # what is missing, what was done, how good
        self.progress.setAccessibleName(tr("Progress"))
        self.name = QLineEdit(models.new_head().stem)
        self.name.setAccessibleName(tr("Name of the head"))
        for label in (self.hint, self.status, self.score):
            label.setWordWrap(True)
            label.hide()
            label.setTextFormat(Qt.TextFormat.PlainText)
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.addWidget(self.source)
        layout.addWidget(self.inputs)
        layout.addWidget(self.hint)
        layout.addWidget(self.classes, 1)
        layout.addLayout(self._row(self.train, self.progress, self.cancel))
        for widget in (self.status, self.score, self.matrix):
            layout.addWidget(widget)
        layout.addLayout(self._row(self.apply, self.uncertain))
        layout.addWidget(self.again)
        layout.addLayout(self._row(self.name, self.save))
        self.setWidget(ScrollArea(content))
        self.source.changed.connect(self._inputs_changed)
        self.inputs.changed.connect(self._inputs_changed)
        self.inputs.created.connect(self._start_drawing)
        self.inputs.problem.connect(self._tell)
        self.classes.let_add(False)
        self.classes.added.connect(self._add_class)
        self.classes.unlabelled_clicked.connect(self.asker.ask_all)
        self._show_running(False)

    def _button(self, text: str, slot, tip: str = "") -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(tip)
        button.setAutoDefault(False)
        button.clicked.connect(lambda: slot())
        return button

    def _row(self, *widgets) -> QHBoxLayout:
        row = QHBoxLayout()
        for widget in widgets:
            row.addWidget(widget)
        return row

    # --- layers -------------------------------------------------------------------------------------------------

    def follow(self, layer):
        """The panel works on the layer that is chosen in the layer panel, where it is one for it."""
        if self._job is None and layer is not None and not self._map.owns(layer):
            self.source.follow(layer)
            self.inputs.follow(layer)

    def _inputs_changed(self):
        layer = self.inputs.labels.currentLayer()
        if layer is not self._layer:
            self._watch(layer)
        self._count()

    def _watch(self, layer):
        if self._layer is not None:
            for signal in self._signals(self._layer):
                signal.disconnect(self._timer.start)
            self._layer.willBeDeleted.disconnect(self._forget_layer)
        self._layer, self._score = layer, None  # scores on other polygons do not compare
        if layer is not None:
            for signal in self._signals(layer):
                signal.connect(self._timer.start)
            layer.willBeDeleted.connect(self._forget_layer)
        self.asker.watch(layer if training_layer.is_ours(layer) else None)
        self.classes.let_add(layer is not None and training_layer.is_ours(layer))

    def _signals(self, layer):
        return (
            layer.layerModified,
            layer.afterCommitChanges,
            layer.afterRollBack,
            layer.dataChanged,
            layer.rendererChanged,
            layer.subsetStringChanged,
        )

    def _forget_layer(self):
        self._layer = None
        self.asker.watch(None)

    def _start_drawing(self, layer):
        layer.startEditing()
        self._iface.setActiveLayer(layer)
        self._iface.actionAddFeature().trigger()
        self.classes.name.setFocus()
        self._tell("")

    def _count(self):
        raster, layer = self.source.layer(), self.inputs.labels.currentLayer()
        field = self.inputs.field.currentField()
        self._counted = (
            count(layer, field, raster) if layer is not None and raster is not None and field else Counted([], True)
        )
        self.classes.show_rows(self._counted.rows)
        self._enable()

    # --- classes ------------------------------------------------------------------------------------------------

    def _add_class(self, name: str):
        self.asker.add_class(name)
        self._count()

    # --- what can be done now -----------------------------------------------------------------------------------

    def _trouble(self) -> str:
        try:
            engine_python()
        except EngineMissing as error:
            return str(error)
        if self.source.trouble():
            return self.source.trouble()
        if self.inputs.labels.currentLayer() is None:
            return tr("Choose a layer of polygons, or make one with New")
        if len(self._counted.usable()) < 2:
            return tr("Next: polygons of two classes or more; best two of each, in different places")
        return ""

    def _enable(self):
        running, trouble = self._job is not None, self._trouble()
        self.train.setEnabled(not running and not trouble)
        self.inputs.new.setEnabled(self.source.layer() is not None)
        for widget in (self.apply, self.save, self.name):
            widget.setEnabled(not running and self._head is not None)
        self.uncertain.setEnabled(not running and self._map.confidence() is not None)
        if not trouble and not self._counted.whole:
            trouble = tr("Only the first {count:,} polygons are counted here; training takes all")
            trouble = trouble.format(count=MOST_POLYGONS)
        _show(self.hint, "" if running else trouble)

    def _tell(self, text: str):
        _show(self.status, text)

    def _show_running(self, running: bool):
        self.train.setVisible(not running)
        self.progress.setVisible(running)
        self.cancel.setVisible(running)
        self.progress.setRange(0, 0)  # until the first figure comes: the engine may have to start

    # --- jobs ---------------------------------------------------------------------------------------------------

    def _start(self, algorithm: str, parameters: dict, title: str, done):
        job = self._job = Job(algorithm, parameters, title, self)
        self._show_running(True)
        self._enable()
        self._tell(title)
        job.progressed.connect(self._progressed)
        job.said.connect(lambda text: self._job is job and self._tell(f"{title}: {text}"))
        job.done.connect(lambda results: self._ended(lambda: done(results)))
        job.failed.connect(lambda why: self._ended(lambda: self._failed(why)))
        job.cancelled.connect(lambda: self._ended(lambda: self._tell(tr("Cancelled"))))
        job.start()

    def _progressed(self, percent: float):
        self.progress.setRange(0, 100)
        self.progress.setValue(int(percent))

    def _ended(self, then):
        self._job = None
        self._show_running(False)
        then()
        self._enable()

    def _failed(self, why: str):
        self._tell(why)
        self._iface.messageBar().pushMessage("OFA-Net", why, Qgis.MessageLevel.Critical)

    def _cancel(self):
        if self._job is not None:
            self._tell(tr("Cancelling..."))
            self._job.cancel()

    def _reading(self) -> dict:
        return {**self.source.reading_parameters(), "TILE_SIZE": self.source.tile.value()}

    # --- train --------------------------------------------------------------------------------------------------

    def _train(self):
        self._count()
        if not self.train.isEnabled():
            return
        self._trained += 1
        raster, layer = self.source.layer(), self.inputs.labels.currentLayer()
        output = self._folder / f"head_{self._trained}.safetensors"
        parameters = {
            "INPUT": [raster.id()],
            "LABELS": layer.id(),
            "FIELD": self.inputs.field.currentField(),
            "OUTPUT_HEAD": str(output),
            **self._reading(),
        }
        self._start("ofanet:trainhead", parameters, tr("Training"), lambda results: self._show_head(output))

    def _show_head(self, path: Path):
        if self._head is not None:
            self._head.unlink(missing_ok=True)
        self._head = path
        header = catalog.read_header(path)
        validation, classes = header["training"]["validation"], self._own_colors(header["classes"])
        scored = {entry["name"] for entry in classes} - set(validation["not_scored"])
        before, self._score = self._score, None
        if "confusion" not in validation or not scored:
            self.matrix.clear()
            _show(self.score, tr("Not scored: for that each class needs polygons in two places"))
        else:
            names = [entry["name"] for entry in classes]
            iou = [value if name in scored else None for name, value in zip(names, validation["iou"], strict=True)]
            known = [value for value in iou if value is not None]
            self._score = sum(known) / len(known)
            self.matrix.show_matrix(
                names,
                [entry["color"] for entry in classes],
                validation["confusion"],
                iou,
                [row.name for row in self._counted.rows],
            )
            text = tr("Mean IoU {miou:.2f}{before}, accuracy {accuracy:.0%}, in polygons that were kept from learning")
            was = "" if before is None else tr(" (before: {miou:.2f})").format(miou=before)
            _show(self.score, text.format(miou=self._score, accuracy=validation["accuracy"], before=was))
        self._tell(tr("Trained on {count} classes").format(count=len(classes)))
        raster = self.source.layer()
        mapped = raster is not None and raster.id() == self._mapped and self._map.confidence() is not None
        if self.again.isChecked() and mapped:
            self._apply(self._extent)

    def _own_colors(self, classes: list[dict]) -> list[dict]:
        """The head's classes in the colours of the polygons."""
        colors = {row.name: row.color for row in self._counted.rows}
        return [{**entry, "color": colors.get(entry["name"], entry["color"])} for entry in classes]

    # --- map ----------------------------------------------------------------------------------------------------

    def _apply_canvas(self):
        raster = self.source.layer()
        extent = canvas_extent(self._iface.mapCanvas(), raster)
        if extent.isEmpty():
            self._tell(tr("The canvas does not show the raster: zoom to it first"))
            return
        self._apply(QgsReferencedRectangle(extent, raster.crs()))

    def _apply(self, extent: QgsReferencedRectangle):
        raster, head = self.source.layer(), self._head
        parameters = {
            "INPUT": raster.id(),
            "HEAD": str(head),
            "EXTENT": extent,
            **self._reading(),
            "TILE_SIZE": 0,
            "OUTPUT": QgsProcessing.TEMPORARY_OUTPUT,
            "OUTPUT_CONFIDENCE": QgsProcessing.TEMPORARY_OUTPUT,
        }
        self._start("ofanet:segment", parameters, tr("Mapping"), lambda results: self._show_map(results, extent))

    def _show_map(self, results: dict, extent: QgsReferencedRectangle):
        raster, active = self.source.layer(), self._iface.activeLayer()
        if raster is None:  # removed meanwhile
            return
        classes = self._own_colors(catalog.read_header(self._head)["classes"])
        self._map.replace(raster, results["OUTPUT"], results["OUTPUT_CONFIDENCE"], classes)
        self._extent, self._mapped = extent, raster.id()
        if active is not None:
            self._iface.setActiveLayer(active)  # one goes on drawing
        self._tell(tr("The map is up to date"))

    def _next_place(self):
        layer = self._map.confidence()
        place = self._uncertain.show_next(layer) if layer is not None else None
        if place is None:
            self._tell(tr("The map has no place to show"))
            self._enable()
            return
        text = tr("Place {number}: mean confidence {confidence:.0%}. Draw a polygon of what is right here, then train")
        self._tell(text.format(number=self._uncertain.number, confidence=place.confidence))

    # --- keep ---------------------------------------------------------------------------------------------------

    def _save(self):
        try:
            path = path_for(self.name.text())
            if path.exists() and not self._replace(path.stem):
                return
            colors = {row.name: row.color for row in self._counted.rows if row.name}
            save_head(self._head, self.name.text(), colors)
        except errors.OfaError as error:
            self._tell(str(error))
            return
        self._tell(tr('Saved: "{name}" can now be chosen under Classify layer').format(name=path.stem))

    def _replace(self, name: str) -> bool:
        text = tr('A head "{name}" is there already. Replace it?').format(name=name)
        return QMessageBox.question(self, tr("Save head"), text) == QMessageBox.StandardButton.Yes

    def close_down(self):
        """Ends what runs and takes everything of the panel off the window; layers stay, they are the user's."""
        self._iface.currentLayerChanged.disconnect(self.follow)
        self._timer.stop()
        if self._job is not None:
            self._job.cancel()
        self._watch(None)
        self._uncertain.close()
        self._iface.removeDockWidget(self)
        shutil.rmtree(self._folder, ignore_errors=True)

    def wait(self, seconds: float):
        """For the thread of a job that was cancelled; asleep meanwhile."""
        if self._job is not None:
            self._job.wait(seconds)
