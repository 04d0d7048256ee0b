"""What few users change: further outputs, the smallest area, the device."""

from qgis.core import QgsSettings
from qgis.gui import QgsCollapsibleGroupBox
from qgis.PyQt.QtWidgets import QComboBox, QDoubleSpinBox, QFormLayout

from ...i18n.texts import tr
from ...results import output_inputs as outputs
from ...results.output_inputs import OptionalOutput

_DEVICE = "ofanet/device"


class MoreBox(QgsCollapsibleGroupBox):
    def __init__(self):
        super().__init__(tr("More"))
        self.setSaveCollapsedState(False)
        self.setCollapsed(True)
        self.polygons = OptionalOutput(tr("Polygons"), outputs.POLYGONS, "ofanet/polygons")
        self.confidence = OptionalOutput(tr("Confidence"), outputs.RASTER, "ofanet/confidence")
        self.report = OptionalOutput(tr("Report of areas"), outputs.REPORT, "ofanet/report")
        self.min_area, self.device = _min_area_input(), _device_input()
        form = QFormLayout(self)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for output in (self.polygons, self.confidence, self.report):
            form.addRow(output.on, output.file)
        for title, widget in ((tr("Smallest area"), self.min_area), (tr("Compute on"), self.device)):
            widget.setAccessibleName(title)
            form.addRow(title, widget)
        self.device.activated.connect(self._remember_device)

    def _remember_device(self, *_):
        QgsSettings().setValue(_DEVICE, self.device.currentData())

    def allow_pixel_outputs(self, allowed: bool):
        """Of maps of pixels; tiles have none of these."""
        for widget in (self.polygons, self.confidence):
            widget.set_enabled(allowed)
        self.min_area.setEnabled(allowed)

    def parameters(self) -> dict:
        return {
            "DEVICE": self.device.currentData(),
            "OUTPUT_POLYGONS": self.polygons.definition(),
            "OUTPUT_CONFIDENCE": self.confidence.definition(),
            "OUTPUT_REPORT": self.report.path(),
            "MIN_AREA": self.min_area.value(),
        }

    def clear_files(self):
        for output in (self.polygons, self.confidence, self.report):
            output.file.setFilePath("")


def _min_area_input() -> QDoubleSpinBox:
    box = QDoubleSpinBox()
    box.setRange(0, 1e6)
    box.setDecimals(4)
    box.setSingleStep(0.01)
    box.setSuffix(tr(" ha"))
    box.setSpecialValueText(tr("no minimum"))
    box.setToolTip(tr("Smaller areas are merged into their neighbours"))
    return box


def _device_input() -> QComboBox:
    box = QComboBox()
    for title, device in (
        (tr("Fastest available"), "auto"),
        (tr("Processor (CPU)"), "cpu"),
        (tr("Graphics card (CUDA)"), "cuda"),
    ):
        box.addItem(title, device)
    box.setCurrentIndex(max(box.findData(QgsSettings().value(_DEVICE, "auto", str)), 0))
    return box
