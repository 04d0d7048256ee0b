"""The dialog with all checkpoints and heads: their model cards, and import, rename, remove for the user's own."""

import functools
from pathlib import Path

from qgis.PyQt.QtCore import Qt, QUrl
from qgis.PyQt.QtGui import QColor, QDesktopServices, QIcon
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QInputDialog,
    QLabel,
    QLineEdit,
    QMessageBox,
    QPushButton,
    QSplitter,
    QTextBrowser,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
)

from ..engine.client import EngineCancelled, EngineError
from ..engine.modules import ICON, errors
from ..i18n.texts import tr
from ..runs.function_task import FunctionTask
from ..runs.run_queue import RunQueue
from . import model_files
from .model_card import AMBER, KINDS, ON_AMBER, PLACES, TASKS, page, score, sensor_name
from .model_files import OWN, ModelEntry
from .refit_dialog import RefitDialog, refit_run
from .user_models import models_dir

_BAD = "#c8402f"
_SHORT = {"segment": tr("Head for pixels"), "classify": tr("Head for tiles")}
_NUMBERS = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class ModelManager(QDialog):
    def __init__(self, queue: RunQueue, parent=None):
        """`queue` takes the runs that fit heads."""
        super().__init__(parent)
        self._queue = queue
        self.refit_dialog = None
        self.setObjectName("ofanetModelManager")
        self.setWindowTitle(tr("Models and heads"))
        self.setWindowIcon(QIcon(str(ICON)))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(1160, 640)
        self._task = self.foundation_dialog = None
        self._build()
        self.refresh()

    # --- widgets ------------------------------------------------------------------------------------------------

    def _build(self):
        self.list = QTreeWidget()
        self.list.setAccessibleName(tr("Models and heads"))
        self.list.setHeaderLabels([tr("Name"), tr("Type"), tr("Sensor"), tr("Score")])
        self.list.setRootIsDecorated(True)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        header = self.list.header()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(True)
        self.list.currentItemChanged.connect(self._show)
        self.list.itemActivated.connect(lambda *_: self._rename())
        self.page = QTextBrowser()
        self.page.setOpenLinks(False)
        self.page.setAccessibleName(tr("Model card"))
        self.page.anchorClicked.connect(QDesktopServices.openUrl)
        split = QSplitter()
        split.addWidget(self.list)
        split.addWidget(self.page)
        split.setStretchFactor(0, 1)
        split.setStretchFactor(1, 1)
        split.setSizes([690, 470])

        self.get = self._button(tr("&Get a foundation model..."))
        self.get.setToolTip(tr("Backbones that others have pretrained; nothing is downloaded before you choose one"))
        self.get.clicked.connect(self.show_foundation_models)
        self.import_file, self.import_folder = self._button(tr("&Import...")), self._button(tr("Import &folder..."))
        self.rename, self.remove = self._button(tr("Re&name...")), self._button(tr("&Remove..."))
        self.refit = self._button(tr("Fit &land-cover heads for it..."))
        self.refit.setToolTip(tr("Heads belong to their model: these are for the chosen checkpoint"))
        self.refit.clicked.connect(self._refit)
        self.folder = self._button(tr("&Open folder"))
        self.cancel = self._button(tr("Cance&l"))
        self.cancel.setVisible(False)
        self.import_file.setToolTip(
            tr("Checkpoints and heads, and weights of others, such as DOFA, which become checkpoints")
        )
        self.folder.setToolTip(tr("Your own folder: {folder}").format(folder=models_dir()))
        self.import_file.clicked.connect(self._import_files)
        self.import_folder.clicked.connect(self._import_folder)
        self.rename.clicked.connect(self._rename)
        self.remove.clicked.connect(self._remove)
        self.folder.clicked.connect(self._open_folder)
        self.cancel.clicked.connect(self._cancel)
        row = QHBoxLayout()
        changes = (self.import_file, self.import_folder, self.rename, self.remove, self.refit, self.folder)
        for button in (self.get, *changes):
            row.addWidget(button)
        row.addStretch(1)
        row.addWidget(self.cancel)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        row.addWidget(buttons)

        self.status = QLabel()
        self.status.setWordWrap(True)
        self.status.setVisible(False)
        layout = QVBoxLayout(self)
        layout.addWidget(split, 1)
        layout.addWidget(self.status)
        layout.addLayout(row)

    def _button(self, text: str) -> QPushButton:
        button = QPushButton(text)
        button.setAutoDefault(False)
        return button

    # --- the list -----------------------------------------------------------------------------------------------

    def refresh(self, chosen: Path | None = None):
        """Reads the folders again; `chosen` is selected."""
        self.list.clear()
        found = sorted(model_files.entries(), key=lambda entry: entry.header.get("file") != "checkpoint")  # stable
        first = None
        for place in (OWN, *(place for place in PLACES if place != OWN)):
            mine = [entry for entry in found if entry.place == place]
            if not mine and place != OWN:
                continue
            group = QTreeWidgetItem([_capital(PLACES[place])])
            group.setFlags(Qt.ItemFlag.ItemIsEnabled)
            self.list.addTopLevelItem(group)
            group.setExpanded(True)
            group.setFirstColumnSpanned(True)
            if not mine:
                empty = QTreeWidgetItem([tr("none yet: train a head, or import one")])
                empty.setFlags(Qt.ItemFlag.NoItemFlags)
                group.addChild(empty)
                empty.setFirstColumnSpanned(True)
            for entry in mine:
                item = self._item(entry)
                group.addChild(item)
                if entry.path == chosen or first is None:
                    first = item
        self.list.setCurrentItem(first)
        self._show()

    def _item(self, entry: ModelEntry) -> QTreeWidgetItem:
        header = entry.header
        if entry.problem:
            item = QTreeWidgetItem([entry.title, tr("cannot be used")])
        elif header["file"] == "head":
            number, measured = score(entry)
            item = QTreeWidgetItem(
                [entry.title, _SHORT.get(header.get("task"), KINDS["head"]), header.get("sensor", ""), number]
            )
            item.setToolTip(1, TASKS.get(header.get("task"), ""))
            item.setToolTip(2, sensor_name(header.get("sensor", "")))
            item.setToolTip(3, measured)
            if (header.get("training") or {}).get("simulated"):
                item.setBackground(3, QColor(AMBER))
                item.setForeground(3, QColor(ON_AMBER))
        else:
            count = tr("{count} sensors").format(count=len(header.get("sensors") or {}))
            item = QTreeWidgetItem([entry.title, KINDS["checkpoint"], count, ""])
        item.setTextAlignment(3, _NUMBERS)
        item.setToolTip(0, str(entry.path))
        item.setData(0, Qt.ItemDataRole.UserRole, entry)
        return item

    def entry(self) -> ModelEntry | None:
        item = self.list.currentItem()
        return item.data(0, Qt.ItemDataRole.UserRole) if item is not None else None

    def _show(self, *_):
        entry, idle = self.entry(), self._task is None
        self.page.setHtml(page(entry) if entry else "")
        own = entry is not None and entry.place == OWN and idle
        self.rename.setEnabled(own and not entry.problem)
        self.remove.setEnabled(own)
        self.refit.setVisible(entry is not None and entry.header.get("file") == "checkpoint")
        for button in (self.import_file, self.import_folder):
            button.setEnabled(idle)
        self.cancel.setVisible(not idle)

    def _say(self, text: str, bad: bool = False):
        self.status.setText(text)
        self.status.setStyleSheet(f"color: {_BAD};" if bad else "")
        self.status.setVisible(bool(text))

    # --- get, import, rename, remove ---------------------------------------------------------------------------------

    def show_foundation_models(self):
        from .foundation_dialog import FoundationDialog

        if self.foundation_dialog is None:
            self.foundation_dialog = FoundationDialog(self)
            self.foundation_dialog.fetched.connect(self.refresh)
            self.foundation_dialog.finished.connect(self._forget_foundation_dialog)
        self.foundation_dialog.show()
        self.foundation_dialog.raise_()

    def _forget_foundation_dialog(self, *_):
        self.foundation_dialog = None

    def _import_files(self):
        paths, _ = QFileDialog.getOpenFileNames(
            self, tr("Import models"), "", tr("Models (*.safetensors *.pth *.pt *.bin *.ckpt);;All files (*)")
        )
        self.import_paths([Path(path) for path in paths])

    def _import_folder(self):
        folder = QFileDialog.getExistingDirectory(self, tr("Import all checkpoints and heads of a folder"))
        if folder:
            try:
                self.import_paths(model_files.models_in(Path(folder)))
            except errors.ModelFileError as error:
                self._say(str(error), bad=True)

    def import_paths(self, paths: list[Path]):
        """Copies in the background, and has weights of others made into checkpoints: they may have gigabytes."""
        if not paths or self._task is not None:
            return

        def work(task):
            imported, refused = [], []
            for path in paths:
                try:
                    imported.append(model_files.import_model(path, task.cancelled, task.log))
                except EngineCancelled:
                    raise
                except (errors.ModelFileError, EngineError, OSError) as error:
                    refused.append(str(error))
            return imported, refused

        self._task = FunctionTask(tr("Import models"), work)
        self._task.logged.connect(self._say)
        self._task.ended.connect(self._imported)
        self._say(tr("Importing..."))
        self._show()

    def _imported(self, answer, error):
        self._task = None
        imported, refused = answer or ([], [])
        self.refresh(imported[-1] if imported else None)
        if error is not None:
            text = tr("Cancelled") if isinstance(error, EngineCancelled) or answer is None else str(error)
            self._say(text, bad=True)
            return
        parts = [tr("Imported {names}.").format(names=", ".join(path.stem for path in imported))] if imported else []
        if refused:
            more = tr(" (and {count} more)").format(count=len(refused) - 1) if len(refused) > 1 else ""
            parts.append(tr("Refused: {why}{more}").format(why=refused[0], more=more))
        heads = [e for e in model_files.entries() if e.path in imported and e.header.get("file") == "head"]
        missing = [head.title for head in heads if model_files.backbone_of(head) is None]
        if missing:
            parts.append(
                tr("The checkpoint that {names} needs was not found: import it too.").format(names=", ".join(missing))
            )
        self._say(" ".join(parts), bad=bool(refused or missing))

    def _rename(self):
        entry = self.entry()
        if entry is None or not self.rename.isEnabled():
            return
        name, ok = QInputDialog.getText(self, tr("Rename"), tr("New name"), QLineEdit.EchoMode.Normal, entry.title)
        if ok:
            self._try(lambda: model_files.rename(entry.path, name), tr("Renamed to {name}.").format(name=name))

    def _remove(self):
        entry = self.entry()
        if entry is None or not self.remove.isEnabled():
            return
        question = tr("Delete {name}? The file {path} will be permanently deleted.").format(
            name=entry.title, path=entry.path
        )
        heads = [head.title for head in model_files.heads_on(entry)] if entry.header.get("fingerprints") else []
        if heads:
            question += " " + tr("Heads that need it: {names}.").format(names=", ".join(heads))
        buttons = QMessageBox.StandardButton
        answer = QMessageBox.question(self, tr("Remove"), question, buttons.Yes | buttons.Cancel, buttons.Cancel)
        if answer == buttons.Yes:
            self._try(lambda: model_files.remove(entry.path), tr("Removed {name}.").format(name=entry.title))

    def _try(self, change, done: str):
        try:
            path = change()
        except (errors.ModelFileError, OSError) as error:
            self.refresh()
            self._say(str(error), bad=True)
        else:
            self.refresh(path)
            self._say(done)

    # --- heads for a checkpoint -------------------------------------------------------------------------------------

    def _refit(self):
        entry = self.entry()
        if entry is None or self.refit_dialog is not None:
            return
        self.refit_dialog = RefitDialog(entry, self)
        self.refit_dialog.wanted.connect(functools.partial(self._start_refit, entry.title))
        self.refit_dialog.finished.connect(self._forget_refit_dialog)
        self.refit_dialog.show()

    def _forget_refit_dialog(self, *_):
        self.refit_dialog = None

    def _start_refit(self, name: str, params: dict):
        """It goes on when this window is closed."""
        run = refit_run(name, params, self.parent())
        run.ended.connect(self._refitted)
        self._queue.add(run)
        self._say(tr("The heads are being fitted; the message bar shows how far that is."))

    def _refitted(self, run):
        self.refresh(self.entry().path if self.entry() else None)
        self._say(run.message.partition("\n")[0], bad=not run.done)

    def _open_folder(self):
        models_dir().mkdir(parents=True, exist_ok=True)
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(models_dir())))

    def _cancel(self):
        if self._task is not None:
            self._task.cancel()

    def done(self, result):
        """Closing cancels an import; no partial file stays. A download is paused."""
        if self.foundation_dialog is not None:
            self.foundation_dialog.close()
        if self._task is not None:
            self._task.ended.disconnect(self._imported)
            self._task.cancel()
            self._task.wait(2.0)
            self._task = None
        if self.refit_dialog is not None:
            self.refit_dialog.close()
        super().done(result)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
