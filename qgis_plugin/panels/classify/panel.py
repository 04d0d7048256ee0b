"""Classify layer: what the layer was recognised as and why, the head, the area, the detail; Preview and Run."""

import functools

from qgis.core import QgsProcessing, QgsProject, QgsRasterLayer, QgsReferencedRectangle, QgsSettings
from qgis.PyQt import sip
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QFormLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from ...engine.modules import MappedClass, MapResult, catalog
from ...i18n.texts import tr
from ...results import output_inputs as outputs
from ...results.layer_group import add_results, names, style_files
from ...results.live_map import LiveMap, canvas_extent
from ...results.output_inputs import OutputFile
from ...runs.algorithm_dialog import algorithm_window, known_parameters
from ...runs.algorithm_task import AlgorithmResult, AlgorithmTask
from ...runs.panel_run import PanelRun
from ...runs.run_list import RunList
from ...runs.run_queue import RunQueue
from ...widgets.extent_input import ExtentInput
from ...widgets.head_choice import HeadChoice
from ...widgets.raster_input import RasterInput
from ...widgets.scroll_area import ScrollArea
from ...widgets.theme import state_color
from ...widgets.tile_size_input import TileSizeInput
from ..panel import Panel, engine_trouble, push_button, show_text
from .draw_offer import DrawOffer
from .loose_bands import LooseBands
from .more_box import MoreBox
from .preview import OVERLAP, cropped, most_tiles

_DETAIL = "ofanet/detail"
_ENDINGS = {"segment": outputs.RASTER, "classify": outputs.POLYGONS}
_NO_PREVIEW = ("MASK", "OUTPUT_POLYGONS", "OUTPUT_CONFIDENCE", "OUTPUT_REPORT")


class ClassifyPanel(Panel):
    def __init__(self, iface, queue: RunQueue, show_message):
        super().__init__(iface, queue, show_message, tr("Classify layer"), "ofanetClassifyPanel")
        self.preview_map = LiveMap(tr("Preview on {raster}"))
        self._preview_run: PanelRun | None = None  # the last one
        self._window = None  # of the algorithm
        self._build()
        self._connect()
        self.follow_active_layer()
        self._source_changed()

    # --- widgets ------------------------------------------------------------------------------------------------

    def _build(self):
        self.source, self.head = RasterInput(None), HeadChoice()
        self.area, self.detail = ExtentInput(self._iface), TileSizeInput()
        choice = self.detail.choice
        choice.setCurrentIndex(max(choice.findData(QgsSettings().value(_DETAIL, choice.currentData(), str)), 0))
        self.output, self.more = OutputFile(tr("Save classes to"), outputs.RASTER), MoreBox()
        content, whole = QWidget(), QWidget()
        layout = QVBoxLayout(content)
        layout.addWidget(self.source)
        layout.addWidget(LooseBands(self.source))
        layout.addLayout(self._form())
        layout.addWidget(self.more)
        layout.addStretch(1)
        layout = QVBoxLayout(whole)
        layout.setContentsMargins(0, 0, 0, 6)
        layout.addWidget(ScrollArea(content), 1)
        layout.addWidget(self._foot())
        self.setWidget(whole)

    def _form(self) -> QFormLayout:
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
        return form

    def _foot(self) -> QWidget:
        """What is always visible: what is in the way, the buttons, the runs."""
        self.draw_offer = DrawOffer()
        self.run = push_button(tr("&Run"), self._run, tr("Classify the area, and add the result to the map"))
        self.preview = push_button(tr("&Preview"), self._preview, tr("Preview what the canvas shows"))
        tip = tr("Open the same in Processing: for batches, models, commands")
        self.algorithm = push_button(tr("Open as al&gorithm..."), self._open_algorithm, tip)
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
        layout.addWidget(self.draw_offer)
        layout.addLayout(buttons)
        layout.addWidget(RunList(self._queue))
        return foot

    def _connect(self):
        self.source.changed.connect(self._source_changed)
        self.head.changed.connect(self._head_changed)
        self.head.sensor_wanted.connect(self.source.choose_sensor)
        self.area.changed.connect(self._update_detail)
        self.detail.changed.connect(self._detail_changed)
        self.more.device.activated.connect(self._update_detail)
        self.visibilityChanged.connect(lambda visible: visible and self.head.refresh())

    # --- state --------------------------------------------------------------------------------------------------

    def follow(self, layer):
        """The layer that was chosen in the layer panel, where it is an image and no preview."""
        if layer is not None and not self.preview_map.owns(layer):
            self.source.follow(layer)

    def choose(self, layer):
        """The user wants that raster, whatever it is."""
        if isinstance(layer, QgsRasterLayer):
            self.source.raster.setLayer(layer)

    def engine_changed(self):
        self.head.refresh()  # heads may have come with it
        self.update_state()

    def _source_changed(self):
        found, facts = self.source.detection, self.source.facts
        self.area.set_layer(self.source.layer())
        sensor, bands = (found.sensor, found.band_names) if found else (None, None)
        self.head.set_sensor(sensor, facts.gsd_m if facts else None, bands)
        self.source.read_for(self.head.current())
        self.show_status("")
        self.draw_offer.hide()
        self._update_detail()

    def _head_changed(self):
        self.source.read_for(self.head.current())
        self.output.set_ending(_ENDINGS.get(self.head.task(), outputs.RASTER))
        self.more.allow_pixel_outputs(self.head.task() != "classify")
        self._update_detail()

    def _detail_changed(self):
        QgsSettings().setValue(_DETAIL, self.detail.choice.currentData())
        self.update_state()

    def _update_detail(self, *_):
        """What is to be computed, by which head and where, decides how long each detail takes."""
        layer, device = self.source.layer(), self.more.device.currentData()
        self.detail.update_for(layer, self.head.current(), self.area.extent(), device)
        self.update_state()

    def _trouble(self) -> str:
        if self.source.trouble():
            return self.source.trouble()
        if self.head.current() is None:
            return tr("No head was found for this sensor: choose a head file")
        return engine_trouble()

    def update_state(self):
        trouble = self._trouble()
        self.preview.setEnabled(not trouble)
        self.algorithm.setEnabled(self.source.layer() is not None and self.head.current() is not None)
        trouble = trouble or self.area.trouble()
        self.run.setEnabled(not trouble)
        looking = self.source.looking or self.source.layer() is None  # nothing is wrong then
        self.hint.setStyleSheet("" if looking else f"color: {state_color(self, 'bad')};")
        show_text(self.hint, trouble)

    # --- run ----------------------------------------------------------------------------------------------------

    def parameters(self) -> dict:
        """Of ofanet:segment or ofanet:classify, as the head's task is."""
        reading = {} if self.source.trouble() else self.source.reading_parameters()
        parameters = {
            "INPUT": self.source.layer().id(),
            "HEAD": str(self.head.current().path),
            **reading,
            **self.area.parameters(),
            "TILE_SIZE": self.detail.tile_px(),
            "OUTPUT": self.output.definition(),
            **self.more.parameters(),
        }
        return known_parameters(self._algorithm_id(), parameters)

    def _algorithm_id(self) -> str:
        return f"ofanet:{self.head.task()}"

    def _run(self):
        title = tr("Classify {layer}").format(layer=self.source.layer().name())
        add = functools.partial(_add_layers, title)
        run = self._make_run(title, self.parameters(), add, _style_files, in_history=True)
        run.ended.connect(functools.partial(self._remove_preview, self.source.layer().id()))
        self._queue.add(run)
        self.output.setFilePath("")  # the next run is not to overwrite this one's files
        self.more.clear_files()

    def _make_run(self, title: str, parameters: dict, finish, keep_files, in_history: bool) -> PanelRun:
        algorithm_id, head, device = self._algorithm_id(), self.head.current(), self.more.device.currentData()
        raster_id = self.source.layer().id()
        run = PanelRun(
            title,
            lambda: AlgorithmTask(algorithm_id, parameters, title, in_history),
            finish,
            keep_files,
            announced=True,
            parent=self._iface.mainWindow(),
        )
        run.ended.connect(lambda run: self._learn_speed(run, head, device))
        run.ended.connect(lambda run: self._offer_to_draw(run, head, raster_id))
        self.draw_offer.hide()
        return run

    def _offer_to_draw(self, run: PanelRun, head, raster_id: str):
        """Where the panel still shows the raster that was mapped."""
        if run.done and not sip.isdeleted(self) and self.source.layer() is not None:
            if self.source.layer().id() == raster_id:
                self.draw_offer.make(raster_id, head)

    def _learn_speed(self, run: PanelRun, head, device: str):
        if run.done and not sip.isdeleted(self):
            result = MapResult.from_json(run.result.feedback.answer)
            self.detail.learn(result.tiles, result.computing_s, result.device, head, device)

    def _remove_preview(self, raster_id: str, run: PanelRun):
        """It would hide the map."""
        if run.done and not sip.isdeleted(self) and self.preview_map.is_of(raster_id):
            self.preview_map.remove()
            self.show_status("")

    def _open_algorithm(self):
        self._window = algorithm_window(self._algorithm_id(), self.parameters())
        if self._window is not None:
            self._window.destroyed.connect(self._forget_window)
            self._window.show()

    def _forget_window(self, *_):
        self._window = None

    # --- preview ------------------------------------------------------------------------------------------------

    def _preview(self):
        raster, head = self.source.layer(), self.head.current()
        visible = canvas_extent(self._iface.mapCanvas(), raster)
        if visible.isEmpty():
            self.show_status(tr("The canvas does not show the raster: zoom to it first"))
            return
        part = self._cropped(raster, head, visible)
        extent = QgsReferencedRectangle(part, raster.crs())
        parameters = self.parameters() | {"EXTENT": extent, "OUTPUT": QgsProcessing.TEMPORARY_OUTPUT}
        parameters = {name: value for name, value in parameters.items() if name not in _NO_PREVIEW}
        cut = tr("Preview of the middle of what the canvas shows, so that it takes seconds") if part != visible else ""
        if self._preview_run is not None:
            self._preview_run.cancel()
        title = tr("Preview of {layer}").format(layer=raster.name())
        finish = functools.partial(self._show_preview, raster.id(), head, cut)
        run = self._make_run(title, parameters, finish, AlgorithmResult.files, in_history=False)
        self._preview_run = run
        run.ended.connect(self._preview_ended)
        self.show_status("")
        self._queue.add(run, soon=True)

    def _cropped(self, raster, head, visible):
        """The part of the raster that a preview computes."""
        pixel = raster.rasterUnitsPerPixelX(), raster.rasterUnitsPerPixelY()
        tile_px = self.detail.tile_px() or int(head.header.get("tile_px") or 64)
        overlap = OVERLAP.get(self.head.task(), 0.0)
        return cropped(visible, pixel, tile_px, overlap, most_tiles(self.detail.tiles_a_second()))

    def _show_preview(self, raster_id: str, head, cut: str, result: AlgorithmResult) -> str:
        raster, active = QgsProject.instance().mapLayer(raster_id), self._iface.activeLayer()
        if raster is not None:  # else it was removed meanwhile
            classes = [MappedClass.from_json(entry) for entry in catalog.read_header(head.path)["classes"]]
            self.preview_map.replace(raster, result.outputs["OUTPUT"], None, classes)
            if active is not None and not sip.isdeleted(active):
                self._iface.setActiveLayer(active)
        self.show_status(cut)
        return ""  # the panel shows it

    def _preview_ended(self, run: PanelRun):
        if run is self._preview_run:
            self._preview_run = None

    # --- end ----------------------------------------------------------------------------------------------------

    def close_down(self):
        """Its runs go on: they are the queue's."""
        self.area.close_down()
        self.detail.close_down()
        if self._window is not None:
            self._window.close()
        super().close_down()


def _add_layers(title: str, result: AlgorithmResult) -> str:
    added = add_results(result.context, result.feedback)
    return tr("{title}: done, added {names}").format(title=title, names=", ".join(names(added)))


def _style_files(result: AlgorithmResult) -> list[str]:
    style_files(result.context, result.feedback)
    return result.files()
