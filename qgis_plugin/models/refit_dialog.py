"""What land-cover heads for a checkpoint are to learn from, and how long that takes on this computer."""

from qgis.core import QgsProject, QgsRasterLayer
from qgis.gui import QgsFileWidget
from qgis.PyQt.QtCore import Qt, QTimer, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from ..engine.client import ENGINE, EngineCancelled, EngineError
from ..engine.modules import catalog, errors
from ..engine.raster_facts import source_path
from ..i18n.texts import duration, tr
from ..runs.function_task import FunctionTask
from ..runs.panel_run import PanelRun
from .model_files import ModelEntry
from .user_models import models_dir

_SETTLED_MS = 400  # after the last change, before the time is measured


class RefitDialog(QDialog):
    """Asks where labels come from; `wanted` has the options of the engine's verb `refit_heads`."""

    wanted = pyqtSignal(dict)

    def __init__(self, checkpoint: ModelEntry, parent=None):
        super().__init__(parent)
        self.setObjectName("ofanetRefit")
        self.setWindowTitle(tr("Land-cover heads for {name}").format(name=checkpoint.title))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(560, 460)
        self._checkpoint = checkpoint
        self._estimate: FunctionTask | None = None
        self._settled = QTimer(self)
        self._settled.setSingleShot(True)
        self._settled.setInterval(_SETTLED_MS)
        self._settled.timeout.connect(self._measure)
        self._build()
        self._changed()

    def _build(self):
        about = QLabel(
            tr(
                "A head belongs to its model, so {name} needs land-cover heads of its own. What are they to learn from?"
            ).format(name=self._checkpoint.title)
        )
        about.setWordWrap(True)
        self.status = QLabel()
        self.status.setWordWrap(True)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.fit = self.buttons.addButton(tr("&Fit"), QDialogButtonBox.ButtonRole.AcceptRole)
        layout = QVBoxLayout(self)
        layout.addWidget(about)
        for widget in (*self._labelled(), *self._without_labels(), self._own(), self.status, self.buttons):
            layout.addWidget(widget)
        (self.taught if self.layers.count() else self.labelled).setChecked(True)
        for choice in (self.labelled, self.public):
            choice.toggled.connect(self._changed)
        self.folder.fileChanged.connect(self._changed)
        self.layers.itemChanged.connect(self._changed)
        self.own.toggled.connect(self._changed)
        self.buttons.rejected.connect(self.reject)
        self.buttons.accepted.connect(self._accept)

    def _labelled(self) -> tuple[QWidget, ...]:
        self.labelled = QRadioButton(tr("Labelled images: a folder with images and labels"))
        self.folder = QgsFileWidget()
        self.folder.setStorageMode(QgsFileWidget.StorageMode.GetDirectory)
        self.folder.setDialogTitle(tr("Folder of labelled images"))
        self.folder.lineEdit().setAccessibleName(tr("Folder of labelled images"))
        self.public = QRadioButton(tr("Public images and labels, which are downloaded: Sentinel-2 and ESA WorldCover"))
        self.terms = QLabel(
            tr(
                "When you press Fit, some 150 windows are fetched from public servers; they stay in your folder of "
                "models. WorldCover is itself a map with errors. Where you publish results, name both sources: the "
                "cards do."
            )
        )
        self.terms.setWordWrap(True)
        return self.labelled, self.folder, self.public, self.terms

    def _without_labels(self) -> tuple[QWidget, ...]:
        self.taught = QRadioButton(tr("Raster layers of this project, without labels"))
        self.caution = QLabel(
            tr(
                "The heads that come with the plugin map these layers, and the new heads learn to repeat that, with "
                "its errors. It is a start where there are no labels; their score is an agreement, not an accuracy."
            )
        )
        self.caution.setWordWrap(True)
        self.layers = QListWidget()
        self.layers.setAccessibleName(tr("Raster layers"))
        for layer, path in _raster_files():
            item = QListWidgetItem(layer.name(), self.layers)
            item.setData(Qt.ItemDataRole.UserRole, path)
            item.setToolTip(path)
            item.setCheckState(Qt.CheckState.Checked)
        return self.taught, self.caution, self.layers

    def _own(self) -> QWidget:
        checkpoint = catalog.ModelFile(self._checkpoint.path, self._checkpoint.header)
        count = len(catalog.heads_to_fit_again(checkpoint))
        self.own = QCheckBox(tr("Also my own heads, from the labels that they remember ({count})").format(count=count))
        self.own.setEnabled(count > 0)
        return self.own

    # --- what is chosen -----------------------------------------------------------------------------------------

    def params(self) -> dict:
        """Of the engine's verb."""
        items = [self.layers.item(number) for number in range(self.layers.count())]
        checked = [i.data(Qt.ItemDataRole.UserRole) for i in items if i.checkState() == Qt.CheckState.Checked]
        chosen = self.folder.filePath().strip()
        named = [chosen] if chosen else []
        return {
            "checkpoint": str(self._checkpoint.path),
            "output": str(models_dir()),
            "from_": named if self.labelled.isChecked() else checked if self.taught.isChecked() else [],
            "public": self.public.isChecked(),
            "own": self.own.isChecked(),
        }

    def _changed(self, *_):
        self.folder.setEnabled(self.labelled.isChecked())
        self.layers.setEnabled(self.taught.isChecked())
        self.caution.setVisible(self.taught.isChecked())
        self.terms.setVisible(self.public.isChecked())
        self.fit.setEnabled(False)
        self.fit.setText(tr("&Fit"))
        self._forget_estimate()
        params = self.params()
        if params["from_"] or params["public"] or params["own"]:
            self.status.setText(tr("Measuring how long it takes..."))
            self._settled.start()
        else:
            self._settled.stop()
            self.status.setText(tr("Choose what they are to learn from"))

    # --- how long it takes --------------------------------------------------------------------------------------

    def _measure(self):
        models_dir().mkdir(parents=True, exist_ok=True)
        params = self.params() | {"estimate": True}
        title = tr("Measure how long heads take")
        self._estimate = FunctionTask(
            title, lambda task: ENGINE.run("refit_heads", params, cancelled=task.cancelled), self
        )
        self._estimate.ended.connect(self._measured)

    def _measured(self, answer: dict | None, error: Exception | None):
        self._estimate = None
        if answer is None:
            if not isinstance(error, EngineCancelled):
                self.status.setText(str(error) if isinstance(error, EngineError) else tr("Cancelled"))
            return
        time, heads = duration(answer["seconds_needed"]), answer["heads"]
        self.fit.setText(tr("&Fit, about {time}").format(time=time))
        self.fit.setEnabled(True)
        text = tr("{count} heads, in about {time} on this computer: {names}")
        if self.public.isChecked():
            text = tr("{count} heads, in about {time} on this computer, after the download: {names}")
        self.status.setText(text.format(count=len(heads), time=time, names="; ".join(heads)))

    def _forget_estimate(self):
        if self._estimate is not None:
            self._estimate.ended.disconnect(self._measured)
            self._estimate.setParent(None)  # it may still run when the window is gone
            self._estimate.cancel()
            self._estimate = None

    def _accept(self):
        self.wanted.emit(self.params())
        self.accept()

    def done(self, result):
        self._settled.stop()
        self._forget_estimate()
        super().done(result)


def refit_run(name: str, params: dict, parent) -> PanelRun:
    """A run that fits heads for the checkpoint of that name."""
    title = tr("Fit land-cover heads for {name}").format(name=name)

    def work(task: FunctionTask) -> dict:
        def progress(message: dict):
            left = message.get("seconds_left")
            text = "" if left is None else tr("about {time} left").format(time=duration(left))
            task.progress(float(message.get("fraction") or 0.0), text)

        def log(level: str, text: str):
            task.progress(None, text)

        return ENGINE.run("refit_heads", params, progress, log, task.cancelled)

    return PanelRun(title, lambda: FunctionTask(title, work), _done, announced=True, parent=parent)


def _done(answer: dict) -> str:
    names = "; ".join(head["name"] for head in answer["heads"])
    text = tr("{count} heads for {name} are ready, in every list of heads: {names}")
    lines = [text.format(count=len(answer["heads"]), name=answer["checkpoint"], names=names)]
    return "\n".join([*lines, *answer["skipped"]])


def _raster_files() -> list[tuple[QgsRasterLayer, str]]:
    """The raster layers of the project that the engine can read, with their files."""
    found = []
    for layer in QgsProject.instance().mapLayers().values():
        try:
            found.append((layer, source_path(layer)))
        except errors.OfaError:
            continue
    return found
