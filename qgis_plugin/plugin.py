"""What the plugin adds to QGIS when it is loaded, and removes when it is unloaded."""

import sys

from qgis.core import Qgis, QgsApplication
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import QAction, QMenu

from .algorithms.provider import OfaNetProvider
from .engine.client import ENGINE
from .engine.modules import ICON, ROOT
from .i18n.texts import tr
from .menu import SetupMenu
from .models import user_models as models
from .results import post_processing
from .runs.run_messages import RunMessages
from .runs.run_queue import RunQueue
from .widgets import raster_facts_loader as facts_reader
from .widgets.reading import thumbnail

MENU = "OFA-Net"


class OfaNetPlugin:
    def __init__(self, iface):
        self.iface = iface  # None in qgis_process
        self.provider = None
        self.actions = []  # in the menu Raster > OFA-Net
        self.button = None  # in the toolbar: classifies, and has the actions in its own menu
        self.menu = None
        self.panels = {}  # by their names, each from its first use on
        self.queue = RunQueue()
        self.messages = None  # of runs
        self.setup_menu = None

    def initProcessing(self):
        models.announce()
        self.provider = OfaNetProvider()
        QgsApplication.processingRegistry().addProvider(self.provider)

    def initGui(self):
        self.initProcessing()
        self.messages = RunMessages(self.queue, self.iface.messageBar(), self.message)
        self.setup_menu = SetupMenu(self.iface, self.message, self._engine_changed, self.queue)
        tip = tr("Recognise the sensor of the active raster layer and classify it")
        classify = self._action("Classify", ICON, tr("Classify layer"), self.classify_layer, tip)
        tip = tr("Draw polygons, train a head on their classes, and map with it")
        title, icon = tr("Train from polygons"), _icon("train")
        training = self._action("TrainFromPolygons", icon, title, self.train_from_polygons, tip)
        tip = tr("Click a place and see how similar every other place is")
        title, icon = tr("Find similar places"), _icon("similar")
        similar = self._action("FindSimilarPlaces", icon, title, self.find_similar_places, tip)
        self.actions = [classify, training, similar, *self.setup_menu.actions]
        self.button = self._action("ClassifyLayer", ICON, classify.text(), self.classify_layer, classify.statusTip())
        self.menu = QMenu(self.iface.mainWindow())
        self.menu.addActions(self.actions)
        self.button.setMenu(self.menu)  # before it is in the toolbar, whose button then has an arrow next to the icon
        for action in (self.button, training, similar):
            self.iface.addToolBarIcon(action)
        for action in self.actions:
            self.iface.addPluginToRasterMenu(MENU, action)
        self.iface.addCustomActionForLayerType(classify, "", Qgis.LayerType.Raster, True)

    def _action(self, name: str, icon, text: str, slot, tip: str) -> QAction:
        action = QAction(QIcon(str(icon)), text, self.iface.mainWindow())
        action.setObjectName(f"ofanet{name}")
        action.setStatusTip(tip)
        action.triggered.connect(slot)
        return action

    def unload(self):
        if self.setup_menu is not None:
            self.setup_menu.close()
            self.messages.close()
            self.setup_menu = self.messages = None
        self.queue.close()
        for panel in self.panels.values():
            panel.close_down()
            panel.deleteLater()
        self.panels = {}
        ENGINE.stop()
        self.queue.wait(2.0)  # its thread may run an algorithm of the provider that goes away below
        self._take_actions_away()
        if self.provider is not None:
            QgsApplication.processingRegistry().removeProvider(self.provider)
            self.provider = None
        models.withdraw()
        post_processing.forget()
        facts_reader.forget()
        thumbnail.forget()
        _forget_packages()

    def _take_actions_away(self):
        if self.button is None:
            return
        self.iface.removeCustomActionForLayerType(self.actions[0])
        for action in self.actions:
            self.iface.removePluginRasterMenu(MENU, action)
        for action in (self.button, *self.actions):
            self.iface.removeToolBarIcon(action)
            action.deleteLater()
        self.menu.deleteLater()
        self.actions, self.button, self.menu = [], None, None

    def message(self, text: str, level=Qgis.MessageLevel.Info, seconds: int = 0):
        """One line in the message bar; the rest of a longer text is behind its "More" button."""
        line, _, rest = text.partition("\n")
        if rest:
            self.iface.messageBar().pushMessage("OFA-Net", line, text, level, seconds)
        else:
            self.iface.messageBar().pushMessage("OFA-Net", line, level, seconds)

    def classify_layer(self):
        from .panels.classify.panel import ClassifyPanel

        if self._show_panel("classify", ClassifyPanel):
            self.panels["classify"].draw_offer.wanted.connect(self.draw_polygons)
        self.panels["classify"].choose(self.iface.activeLayer())
        self.setup_menu.offer_set_up()

    def train_from_polygons(self):
        from .panels.training.panel import TrainingPanel

        self._show_panel("training", TrainingPanel)

    def draw_polygons(self, raster, classes: list):
        """Training polygons on that raster, for the classes of a head."""
        self.train_from_polygons()
        self.panels["training"].begin(raster, classes)

    def find_similar_places(self):
        from .panels.similarity.panel import SimilarityPanel

        self._show_panel("similarity", SimilarityPanel)

    def _show_panel(self, name: str, panel_class) -> bool:
        """Whether it was made only now."""
        is_new = name not in self.panels
        if is_new:
            others = list(self.panels.values())
            self.panels[name] = panel_class(self.iface, self.queue, self.message)
            self.iface.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self.panels[name])
            for other in others[:1]:  # side by side they were too low
                self.iface.mainWindow().tabifyDockWidget(other, self.panels[name])
        self.panels[name].show()
        self.panels[name].raise_()
        return is_new

    def _engine_changed(self):
        """The panels may be able to run now."""
        for panel in self.panels.values():
            panel.engine_changed()


def _icon(name: str):
    return ROOT / "resources" / "icons" / f"{name}.svg"


def _forget_packages():
    """QGIS forgets the plugin's modules itself, but not the packages they stand in: those would hand the old modules to
    a version that is installed next."""
    for name in [name for name in sys.modules if name.startswith(f"{__package__}.")]:
        if hasattr(sys.modules[name], "__path__"):
            del sys.modules[name]
