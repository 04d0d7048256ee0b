"""The plugin's life in QGIS: what it adds to the window, and that all of it goes away again."""

from qgis.core import Qgis, QgsApplication
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import QAction

from . import models, styling
from .bridge import ICON, ROOT, errors
from .doors import Doors
from .engine import ENGINE
from .provider import OfaNetProvider
from .texts import tr

MENU = "OFA-Net"


class OfaNetPlugin:
    def __init__(self, iface):
        self.iface = iface  # None in qgis_process
        self.provider = None
        self.actions = []
        self.dialog = None
        self.panels = {}  # by their names, each from its first use on
        self._runs = []  # runs of the toolbar action that are under way
        self.doors = None  # to the set-up of the engine and to the models

    def initProcessing(self):
        models.announce()
        self.provider = OfaNetProvider()
        QgsApplication.processingRegistry().addProvider(self.provider)

    def initGui(self):
        self.initProcessing()
        window = self.iface.mainWindow()
        classify = QAction(QIcon(str(ICON)), tr("Classify layer"), window)
        classify.setObjectName("ofanetClassifyLayer")
        classify.setStatusTip(tr("Recognise the sensor of the active raster layer and classify it"))
        classify.triggered.connect(self.classify_layer)
        training = QAction(QIcon(str(ROOT / "resources" / "icons" / "train.svg")), tr("Train from polygons"), window)
        training.setObjectName("ofanetTrainFromPolygons")
        training.setStatusTip(tr("Draw polygons, teach the model their classes, and map with them"))
        training.triggered.connect(self.train_from_polygons)
        self.doors = Doors(self.iface, self.message, self._engine_changed)
        similar = QAction(QIcon(str(ROOT / "resources" / "icons" / "similar.svg")), tr("Find similar places"), window)
        similar.setObjectName("ofanetFindSimilarPlaces")
        similar.setStatusTip(tr("Click a place and see how alike every other place is"))
        similar.triggered.connect(self.find_similar_places)
        self.actions = [classify, training, similar, *self.doors.actions]
        for action in (classify, training, similar):
            self.iface.addToolBarIcon(action)
        for action in self.actions:
            self.iface.addPluginToRasterMenu(MENU, action)

    def unload(self):
        if self.dialog is not None:
            self.dialog.close()
        if self.doors is not None:
            self.doors.close()
            self.doors = None
        for run in self._runs:
            run.cancel()
        for panel in self.panels.values():
            panel.close_down()
        ENGINE.stop()
        for run in self._runs:  # its thread runs an algorithm of the provider that goes away below
            run.wait(2.0)
        for panel in self.panels.values():
            panel.wait(2.0)
            panel.deleteLater()
        self.panels = {}
        for action in self.actions:
            self.iface.removePluginRasterMenu(MENU, action)
            self.iface.removeToolBarIcon(action)
            action.deleteLater()
        self.actions = []
        if self.provider is not None:
            QgsApplication.processingRegistry().removeProvider(self.provider)
            self.provider = None
        models.withdraw()
        styling.forget()

    def message(self, text: str, level=Qgis.MessageLevel.Info, seconds: int = 0):
        """One line in the message bar; the rest of a longer text is behind its "More" button."""
        line, _, rest = text.partition("\n")
        if rest:
            self.iface.messageBar().pushMessage("OFA-Net", line, text, level, seconds)
        else:
            self.iface.messageBar().pushMessage("OFA-Net", line, level, seconds)

    def classify_layer(self):
        from .dialog import ClassifyDialog

        try:
            dialog = ClassifyDialog(self.iface.activeLayer(), self.iface.mainWindow())
        except errors.OfaError as error:
            self.message(str(error), Qgis.MessageLevel.Warning)
            return
        if self.dialog is not None:
            self.dialog.close()
        self.dialog = dialog
        dialog.run_requested.connect(self._run)
        dialog.finished.connect(self._forget_dialog)
        dialog.show()
        self.doors.offer_set_up()

    def _forget_dialog(self):
        self.dialog = None

    def _run(self, algorithm_id: str, parameters: dict, title: str):
        from .run import Run

        run = Run(self.iface, self.message, algorithm_id, parameters, title)
        run.ended.connect(self._ended)
        self._runs.append(run)
        run.start()

    def _ended(self, run):
        if run in self._runs:
            self._runs.remove(run)

    def train_from_polygons(self):
        from .training_panel import TrainingPanel

        self._show_panel("training", TrainingPanel)

    def find_similar_places(self):
        from .similarity import SimilarityPanel

        self._show_panel("similarity", SimilarityPanel)

    def _show_panel(self, name: str, kind):
        if name not in self.panels:
            self.panels[name] = kind(self.iface)
            self.iface.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self.panels[name])
        self.panels[name].show()
        self.panels[name].raise_()

    def _engine_changed(self):
        """The window of the active layer may be able to run now."""
        if self.dialog is not None:
            self.dialog.engine_changed()
