"""The layer of training polygons: chosen, or made with one click."""

from qgis.core import QgsMapLayerProxyModel, QgsProject
from qgis.gui import QgsFieldComboBox, QgsMapLayerComboBox
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QFileDialog, QFormLayout, QHBoxLayout, QLabel, QMenu, QToolButton, QWidget

from ...engine.modules import errors
from ...i18n.texts import tr
from . import training_layer


class TrainingInputs(QWidget):
    changed = pyqtSignal()  # another layer or field
    created = pyqtSignal(object)  # a new layer of training polygons, already in the project
    problem = pyqtSignal(str)

    def __init__(self, raster, parent=None):
        """`raster()` is the layer that new polygons are drawn on, or None."""
        super().__init__(parent)
        self._raster = raster
        self.labels = QgsMapLayerComboBox()
        self.labels.setObjectName("ofanetTrainingLabels")
        self.labels.setAccessibleName(tr("Layer of training polygons"))
        self.labels.setFilters(QgsMapLayerProxyModel.Filter.PolygonLayer)
        self.labels.setAllowEmptyLayer(True, tr("choose, or make one with New"))
        self.field = QgsFieldComboBox()
        self.field.setAccessibleName(tr("Class field"))
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(tr("Polygons"), self._labels_row())
        self._field_title = QLabel(tr("Class field"))
        form.addRow(self._field_title, self.field)
        self.labels.layerChanged.connect(self._labels_changed)
        self.field.fieldChanged.connect(lambda _: self.changed.emit())
        self.labels.setLayer(None)
        self._labels_changed(None)

    def follow(self, layer):
        if training_layer.is_ours(layer):
            self.labels.setLayer(layer)

    def _labels_row(self) -> QWidget:
        self.new = QToolButton()
        self.new.setText(tr("New"))
        self.new.setObjectName("ofanetNewTrainingLayer")
        self.new.setToolTip(tr("A new layer of training polygons in the raster's CRS, ready to draw in"))
        menu = QMenu(self.new)
        self.new_temporary = menu.addAction(tr("Temporary layer"))
        self.new_temporary.triggered.connect(lambda: self.create())
        self.new_file = menu.addAction(tr("In a GeoPackage..."))
        self.new_file.triggered.connect(self._create_file)
        self.new.setMenu(menu)
        self.new.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        self.new.clicked.connect(lambda: self.create())
        row = QWidget()
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.labels, 1)
        layout.addWidget(self.new)
        return row

    def _labels_changed(self, layer):
        self.field.setLayer(layer)
        if layer is not None:
            self.field.setField(training_layer.guess_field(layer))
        foreign = layer is not None and not training_layer.is_ours(layer)
        self._field_title.setVisible(foreign)
        self.field.setVisible(foreign)
        self.changed.emit()

    def create(self, path: str | None = None, classes: dict[str, str] | None = None):
        """A new layer of polygons; `classes` are the names and colours that it starts with."""
        raster = self._raster()
        if raster is None:
            return
        try:
            layer = training_layer.create(raster, path, classes)
        except errors.OfaError as error:
            self.problem.emit(str(error))
            return
        QgsProject.instance().addMapLayer(layer, False)
        QgsProject.instance().layerTreeRoot().insertLayer(0, layer)  # above maps, which would hide what is drawn
        self.labels.setLayer(layer)
        self.created.emit(layer)

    def _create_file(self):
        title, kinds = tr("Training polygons"), tr("GeoPackage (*.gpkg)")
        more = QFileDialog.Option.DontConfirmOverwrite  # other layers in the file stay
        path, _ = QFileDialog.getSaveFileName(self, title, "", kinds, options=more)
        if path:
            self.create(path if path.lower().endswith(".gpkg") else f"{path}.gpkg")
