"""Classify layer: what the layer was recognised as and why, the head, the area, the detail; Preview and Run."""

from qgis.core import QgsProcessing, QgsProject, QgsRasterLayer, QgsReferencedRectangle, QgsSettings
from qgis.gui import QgsCollapsibleGroupBox
from qgis.PyQt import sip
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QDockWidget,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ...engine.client import EngineMissing, engine_python
from ...engine.modules import catalog
from ...i18n.texts import tr
from ...results import output_inputs as outputs
from ...results.live_map import canvas_extent
from ...results.output_inputs import OptionalOutput, OutputFile
from ...runs.algorithm_dialog import algorithm_window, known_parameters
from ...runs.run import Run
from ...runs.run_list import RunList
from ...runs.run_queue import RunQueue
from ...widgets.extent_input import ExtentInput
from ...widgets.head_choice import HeadChoice
from ...widgets.raster_input import RasterInput
from ...widgets.scroll_area import ScrollArea
from ...widgets.theme import state_color
from ...widgets.tile_size_input import TileSizeInput
from .preview import OVERLAP, Preview, cropped, most_tiles

_DEVICE, _DETAIL = "ofanet/device", "ofanet/detail"
_ENDINGS = {"segment": outputs.RASTER, "classify": outputs.POLYGONS}


class ClassifyPanel(QDockWidget):
    def __init__(self, iface, queue: RunQueue, say):
        """`queue` is where runs wait for each other, `say(text, level, seconds)` shows a message."""
        super().__init__(tr("Classify layer"), iface.mainWindow())
        self.setObjectName("ofanetClassifyPanel")
        self._iface, self._queue, self._say = iface, queue, say
        self.shown = Preview()  # the last one
        self._preview_run: Run | None = None
        self._window = None  # of the algorithm
        self._build()
        self._connect()
        self.follow(iface.activeLayer())
        self._source_changed()

    # --- widgets ------------------------------------------------------------------------------------------------

    def _build(self):
        self.source, self.head, self.area, self.detail = (
            RasterInput(None),
            HeadChoice(),
            ExtentInput(self._iface),
            (TileSizeInput()),
        )
        self.output = OutputFile(tr("Save classes to"), outputs.RASTER)
        content = QWidget()
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.setVerticalSpacing(10)
        rows = (
            (tr("&Head"), self.head, self.head.head),
            (tr("&Area"), self.area, self.area.mode),
            (tr("&Detail"), self.detail, self.detail.choice),
            (tr("&Save to"), self.output, self.output.lineEdit()),
        )
        for title, widget, buddy in rows:
            label = QLabel(title)
            label.setBuddy(buddy)
            label.setAlignment(Qt.AlignmentFlag.AlignTop)
            label.setContentsMargins(0, 4, 0, 0)
            form.addRow(label, widget)
        layout = QVBoxLayout(content)
        layout.addWidget(self.source)
        layout.addLayout(form)
        layout.addWidget(self._more_box())
        layout.addStretch(1)
        whole = QWidget()
        layout = QVBoxLayout(whole)
        layout.setContentsMargins(0, 0, 0, 6)
        layout.addWidget(ScrollArea(content), 1)
        layout.addWidget(self._foot())
        self.setWidget(whole)

    def _more_box(self) -> QWidget:
        self.more = QgsCollapsibleGroupBox(tr("More"))
        self.more.setSaveCollapsedState(False)
        self.more.setCollapsed(True)
        self.polygons = OptionalOutput(tr("Polygons"), outputs.POLYGONS, "ofanet/polygons")
        self.confidence = OptionalOutput(tr("Confidence"), outputs.RASTER, "ofanet/confidence")
        self.report = OptionalOutput(tr("Report of areas"), outputs.REPORT, "ofanet/report")
        self.min_area = QDoubleSpinBox()
        self.min_area.setRange(0, 1e6)
        self.min_area.setDecimals(4)
        self.min_area.setSingleStep(0.01)
        self.min_area.setSuffix(tr(" ha"))
        self.min_area.setSpecialValueText(tr("none is too small"))
        self.min_area.setToolTip(tr("Smaller areas are given to their neighbours"))
        self.device = QComboBox()
        for key, title in (
            ("auto", tr("The fastest there is")),
            ("cpu", tr("Processor (CPU)")),
            ("cuda", tr("Graphics card (CUDA)")),
        ):
            self.device.addItem(title, key)
        self.device.setCurrentIndex(max(self.device.findData(QgsSettings().value(_DEVICE, "auto", str)), 0))
        choice = self.detail.choice
        choice.setCurrentIndex(max(choice.findData(QgsSettings().value(_DETAIL, choice.currentData(), str)), 0))
        form = QFormLayout(self.more)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for output in (self.polygons, self.confidence, self.report):
            form.addRow(output.on, output.file)
        for title, widget in ((tr("Smallest area"), self.min_area), (tr("Compute on"), self.device)):
            widget.setAccessibleName(title)
            form.addRow(title, widget)
        return self.more

    def _foot(self) -> QWidget:
        """What is always to be seen: what is in the way, the buttons, the runs."""
        self.hint, self.status = QLabel(), QLabel()
        for label in (self.hint, self.status):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.hide()
        self.run = self._button(tr("&Run"), self._run, tr("Classify the area, and add the result to the map"))
        self.preview = self._button(tr("&Preview"), self._preview, tr("Preview what the canvas shows"))
        self.algorithm = self._button(
            tr("Open as al&gorithm..."),
            self._open_algorithm,
            tr("Open the same in Processing: for batches, models, commands"),
        )
        buttons = QHBoxLayout()
        buttons.addWidget(self.algorithm)
        buttons.addStretch(1)
        buttons.addWidget(self.preview)
        buttons.addWidget(self.run)
        foot = QWidget()
        layout = QVBoxLayout(foot)
        layout.setContentsMargins(9, 0, 9, 0)
        layout.addWidget(self.hint)
        layout.addWidget(self.status)
        layout.addLayout(buttons)
        layout.addWidget(RunList(self._queue))
        return foot

    def _button(self, text: str, slot, tip: str) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(tip)
        button.setAutoDefault(False)
        button.clicked.connect(lambda: slot())
        return button

    def _connect(self):
        self._iface.currentLayerChanged.connect(self.follow)
        self.source.changed.connect(self._source_changed)
        self.head.changed.connect(self._head_changed)
        self.head.sensor_wanted.connect(self.source.choose_sensor)
        self.area.changed.connect(self._work_changed)
        self.detail.changed.connect(self._detail_changed)
        self.device.activated.connect(self._device_chosen)
        self.visibilityChanged.connect(lambda visible: visible and self.head.refresh())

    # --- state --------------------------------------------------------------------------------------------------

    def follow(self, layer):
        """The layer that was chosen in the layer panel, where it is an image and none of ours."""
        if layer is not None and not self.shown.owns(layer):
            self.source.follow(layer)

    def choose(self, layer):
        """The user's word: that raster, whatever it is."""
        if isinstance(layer, QgsRasterLayer):
            self.source.raster.setLayer(layer)

    def _source_changed(self):
        found, facts = self.source.detection, self.source.facts
        self.area.set_layer(self.source.layer())
        self.head.set_sensor(found.sensor if found else None, facts.gsd_m if facts else None)
        _show(self.status, "")
        self._work_changed()

    def _head_changed(self):
        self.output.set_ending(_ENDINGS.get(self.head.task(), outputs.RASTER))
        pixels = self.head.task() != "classify"
        self.polygons.set_enabled(pixels)
        self.confidence.set_enabled(pixels)
        self.min_area.setEnabled(pixels)
        self._work_changed()

    def _detail_changed(self):
        QgsSettings().setValue(_DETAIL, self.detail.choice.currentData())
        self._enable()

    def _device_chosen(self, *_):
        QgsSettings().setValue(_DEVICE, self.device.currentData())
        self._work_changed()

    def _work_changed(self):
        self.detail.update_for(self.source.layer(), self.head.current(), self.area.extent(), self.device.currentData())
        self._enable()

    def engine_changed(self):
        """An engine was set up, or heads came: there may be nothing in the way any more."""
        self.head.refresh()
        self._enable()

    def _trouble(self) -> str:
        if self.source.trouble():
            return self.source.trouble()
        if self.head.current() is None:
            return tr("No head was found for this sensor: choose a head file")
        try:
            engine_python()
        except EngineMissing as error:
            return str(error)
        return ""

    def _enable(self):
        trouble = self._trouble()
        self.preview.setEnabled(not trouble)
        self.algorithm.setEnabled(self.source.layer() is not None and self.head.current() is not None)
        trouble = trouble or self.area.trouble()
        self.run.setEnabled(not trouble)
        looking = self.source.looking or self.source.layer() is None  # nothing is wrong then
        self.hint.setStyleSheet("" if looking else f"color: {state_color(self, 'bad')};")
        _show(self.hint, trouble)

    # --- what is to be done -------------------------------------------------------------------------------------

    def parameters(self) -> dict:
        """Of ofanet:segment or ofanet:classify, as the head's task is."""
        told = {"INPUT": self.source.layer().id(), "HEAD": str(self.head.current().path)}
        if not self.source.trouble():
            told |= self.source.reading_parameters()
        told |= {
            **self.area.parameters(),
            "TILE_SIZE": self.detail.tile_px(),
            "DEVICE": self.device.currentData(),
            "OUTPUT": self.output.definition(),
            "OUTPUT_POLYGONS": self.polygons.definition(),
            "OUTPUT_CONFIDENCE": self.confidence.definition(),
            "OUTPUT_REPORT": self.report.path(),
            "MIN_AREA": self.min_area.value(),
        }
        return known_parameters(self._algorithm_id(), told)

    def _algorithm_id(self) -> str:
        return f"ofanet:{self.head.task()}"

    def _run(self):
        head, device = self.head.current(), self.device.currentData()
        title = tr("Classify {layer}").format(layer=self.source.layer().name())
        run = Run(self._iface, self._say, self._algorithm_id(), self.parameters(), title)
        raster_id = self.source.layer().id()
        run.ended.connect(lambda run: self._ended(run, raster_id, head, device))
        self._queue.add(run)
        for file in (self.output, self.polygons.file, self.confidence.file, self.report.file):
            file.setFilePath("")  # the next run is not to write over this one's

    def _ended(self, run: Run, raster_id: str, head, device: str):
        self._learn(run, head, device)
        if run.done and self.shown.is_of(raster_id):  # a preview would hide the map
            self.shown.remove()
            _show(self.status, "")

    def _learn(self, run: Run, head, device: str):
        if run.done and not sip.isdeleted(self):
            tiles, seconds = run.result.get("tiles") or 0, run.result.get("computing_s") or 0
            self.detail.learn(tiles, seconds, str(run.result.get("device")), head, device)

    def _open_algorithm(self):
        self._window = algorithm_window(self._algorithm_id(), self.parameters())
        if self._window is not None:
            self._window.destroyed.connect(self._forget_window)
            self._window.show()

    def _forget_window(self, *_):
        self._window = None

    # --- preview ------------------------------------------------------------------------------------------------

    def _preview(self):
        raster, head, device = self.source.layer(), self.head.current(), self.device.currentData()
        seen = canvas_extent(self._iface.mapCanvas(), raster)
        if seen.isEmpty():
            _show(self.status, tr("The canvas does not show the raster: zoom to it first"))
            return
        pixel = raster.rasterUnitsPerPixelX(), raster.rasterUnitsPerPixelY()
        tile_px = self.detail.tile_px() or int(head.header.get("tile_px") or 64)
        most = most_tiles(self.detail.tiles_a_second())
        part = cropped(seen, pixel, tile_px, OVERLAP.get(self.head.task(), 0.0), most)
        parameters = {"EXTENT": QgsReferencedRectangle(part, raster.crs()), "OUTPUT": QgsProcessing.TEMPORARY_OUTPUT}
        parameters = {**self.parameters(), **parameters}
        for name in ("MASK", "OUTPUT_POLYGONS", "OUTPUT_CONFIDENCE", "OUTPUT_REPORT"):
            parameters.pop(name, None)
        cut = tr("Preview of the middle of what the canvas shows, so that it takes seconds") if part != seen else ""
        if self._preview_run is not None:
            self._preview_run.cancel()
        title = tr("Preview of {layer}").format(layer=raster.name())
        run = Run(
            self._iface,
            self._say,
            self._algorithm_id(),
            parameters,
            title,
            lambda results: self._show_preview(results, raster.id(), head, cut),
        )
        run.ended.connect(lambda run: self._preview_ended(run, head, device))
        self._preview_run = run
        _show(self.status, "")
        self._queue.add(run, soon=True)

    def _show_preview(self, results: dict, raster_id: str, head, cut: str) -> str:
        raster, active = QgsProject.instance().mapLayer(raster_id), self._iface.activeLayer()
        if raster is not None:  # else it was removed meanwhile
            self.shown.replace(raster, results["OUTPUT"], None, catalog.read_header(head.path)["classes"])
            if active is not None and not sip.isdeleted(active):
                self._iface.setActiveLayer(active)
        _show(self.status, cut)
        return ""  # the panel has said it

    def _preview_ended(self, run: Run, head, device: str):
        if run is self._preview_run:
            self._preview_run = None
        self._learn(run, head, device)

    # --- end ----------------------------------------------------------------------------------------------------

    def close_down(self):
        """Takes everything of the panel off the window; layers stay, they are the user's."""
        self._iface.currentLayerChanged.disconnect(self.follow)
        self.area.close_down()
        if self._window is not None:
            self._window.close()
        self._iface.removeDockWidget(self)

    def wait(self, seconds: float):
        """Its runs are the queue's."""


def _show(label: QLabel, text: str):
    label.setText(text)
    label.setVisible(bool(text))
